import type { Judged, Witness } from '../log/replay.ts';
import type { Moment, Verdict } from '../authorise.ts';
import { authorise, authoriseAsIf } from '../authorise.ts';
import type { RefusalCode } from '../base/codes.ts';
import type { Facts } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import { createLedger } from '../log/ledger.ts';
import type { State } from '../log/state.ts';
import { screeningRefusal } from '../screening.ts';
import type { PolicyBody } from './body.ts';

/**
 * Which proposals would have fared otherwise under another policy: each is judged by it at the very moment, and with the
 * very receipts, that decided it. What was spent and approved stays what really was: a spend that the other policy would
 * have stopped still counts in the windows of those after it, and nobody is imagined to approve who did not, nor the
 * screening service to have answered what it was not asked or had not answered then.
 */

/** What a verdict comes to. */
export interface Outcome {
  readonly outcome: Verdict['outcome'];
  readonly code: RefusalCode | null;
  /** The rule or limit by which, where one can be named. */
  readonly rule: string | null;
  readonly facts: Facts;
  /** The earliest time of signing, once the quorum is full. */
  readonly notBefore: Seconds | null;
}

/**
 * `stopped`: it was signed, and would have been refused. `held`: it was signed, and would have lacked approvals or had to
 * wait. `passes`: it was not, and would have been signed as it stood, at the latest after the delay. `open`: it was
 * refused, and would have waited for approvals. `otherwise`: not signed either way, for another reason.
 */
export const changes = ['stopped', 'held', 'passes', 'open', 'otherwise'] as const;
export type Change = (typeof changes)[number];

/** How one proposal fared, and how it would have. */
export interface Fared {
  readonly proposal: string;
  readonly name: string;
  readonly initiator: string;
  readonly amountSats: bigint;
  /** When its signer last judged it; when signed, of the signature. */
  readonly at: Seconds;
  readonly happened: Outcome;
  readonly instead: Outcome;
  /** Null: the same. */
  readonly change: Change | null;
}

/** Whom a verdict names: the rule that denies, the limit, the rules whose quorum or delay is not met. */
function culprit({ refusal, trace }: Verdict): string | null {
  const named = refusal?.facts['rule'] ?? refusal?.facts['limit'];
  if (typeof named === 'string') return named;
  if (refusal?.code !== 'policy.quorum.missing') return null;
  const unmet = trace.clauses.filter(({ met }) => !met).map(({ rule }) => rule);
  return unmet.length === 0 ? null : [...new Set(unmet)].join(', ');
}

/** What a verdict comes to, without its trace. */
export function outcomeOf(verdict: Verdict): Outcome {
  const { outcome, refusal, notBefore } = verdict;
  const { code = null, facts = {} } = refusal ?? {};
  return { outcome, code, rule: culprit(verdict), facts, notBefore };
}

/** Nothing but the signer's own work and time is missing. What is reserved may wait for the screening service still. */
function isPassing({ outcome, reserve, trace }: Verdict): boolean {
  if (outcome === 'signed' || outcome === 'authorised') return true;
  return reserve && screeningRefusal(trace.screening) === null;
}

function isRefused({ outcome }: Verdict): boolean {
  return outcome === 'refused' || outcome === 'invalidated';
}

/** How another verdict on the same moment differs; null when it does not. A signature is what is authorised. */
export function changeOf(happened: Verdict, instead: Verdict): Change | null {
  if (happened.outcome === 'signed') {
    if (instead.outcome === 'authorised') return null;
    return isRefused(instead) ? 'stopped' : 'held';
  }
  const same =
    happened.outcome === instead.outcome && happened.refusal?.code === instead.refusal?.code;
  if (same) return null;
  if (isPassing(instead)) return isPassing(happened) ? 'otherwise' : 'passes';
  return isRefused(happened) && !isRefused(instead) ? 'open' : 'otherwise';
}

/** How a proposal fares at a moment by what is in force, given, and by another policy. */
export function fare(moment: Moment, happened: Verdict, policy: PolicyBody): Fared {
  const { proposal, now } = moment;
  const instead = authoriseAsIf(moment, policy);
  return {
    proposal: proposal.digest,
    name: proposal.name,
    initiator: proposal.statement.initiator,
    amountSats: proposal.view.amountSats,
    at: now,
    happened: outcomeOf(happened),
    instead: outcomeOf(instead),
    change: changeOf(happened, instead),
  };
}

export interface PolicyReplay {
  readonly wallet: string;
  /** In the order of the log. */
  readonly proposals: readonly Fared[];
}

/**
 * Looks on while a log is replayed (log/replay.ts) and judges each proposal of the policy's wallet once more: when its
 * signer last wrote of it, which of a signed one is the signature; where he never did, at his last word in the log.
 */
export class PolicyWitness implements Witness {
  readonly #policy: PolicyBody;
  readonly #fared = new Map<string, Fared>();

  constructor(policy: PolicyBody) {
    this.#policy = policy;
  }

  begin(): void {
    this.#fared.clear();
  }

  /** Requires the judgements of one log in the order of each signer's receipts. */
  see({ receipt, verdict, isLast, ...moment }: Judged): void {
    if (receipt.wallet !== this.#policy.wallet || !isLast) return;
    const happened: Verdict =
      receipt.record === 'signed' ? { ...verdict, outcome: 'signed', refusal: null } : verdict;
    this.#fared.set(receipt.proposal, fare(moment, happened, this.#policy));
  }

  /** How all fared, with the state after the last leaf. */
  finish(state: State): PolicyReplay {
    const { wallet } = this.#policy;
    const ledger = state.ledgers.get(wallet) ?? createLedger();
    const proposals = [...state.proposals.values()]
      .filter(({ statement }) => statement.wallet.id === wallet)
      .map((proposal) => {
        const seen = this.#fared.get(proposal.digest);
        if (seen !== undefined) return seen;
        const moment = { state, ledger, proposal, now: ledger.at };
        const happened = authorise(state, ledger, proposal.digest, ledger.at);
        return fare(moment, happened, this.#policy);
      });
    return { wallet, proposals };
  }
}
