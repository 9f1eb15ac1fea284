import type { Seconds } from '../../base/time.ts';
import type { Limit, PolicyBody } from '../body.ts';
import { Budget } from '../budget.ts';
import { evaluate } from '../evaluate.ts';
import type { SpendFacts } from '../inquiry.ts';
import type { Voice } from '../quorum.ts';
import { solveClause } from '../quorum.ts';
import type { Destination, ScopeKey, Usage } from '../usage.ts';
import type { Cap } from './covering.ts';
import { least } from './covering.ts';
import { feeMost, limitCaps } from './most-moved.ts';
import type { Payee, PayeeKind } from './payee-kinds.ts';
import { freshOwner, freshPayee } from './payee-kinds.ts';
import type { Mode } from './reach.ts';

/** A spend that passes, and whose approvals fill every rule that matches. */
export interface Passed {
  readonly facts: SpendFacts;
  readonly approvals: readonly string[];
}

type CapScope = 'wallet' | 'initiator' | 'destination';

/** Payees made up at a time: whoever is listed anew, all sums of destinations are made anew. */
const FRESH_BLOCK = 256;

type CapsByScope = Readonly<Record<CapScope, readonly Cap[]>>;

/** Spends made one after the other, each judged by the policy itself with those before it in the windows. */
export class Rehearsal {
  readonly policy: PolicyBody;
  readonly #counts: CapsByScope;
  readonly #fees: CapsByScope;
  readonly #budget = new Budget();
  /** Everybody who can be paid, each under the one script that stands for all he has. */
  #listed: ReadonlyMap<string, Destination>;
  #spends = 0;
  #fresh = 0;
  #usage: Usage;

  /** Requires every payee whom a spend will name, but for strangers and those of {@link freshPayee}. */
  constructor(policy: PolicyBody, kinds: readonly PayeeKind[]) {
    this.policy = policy;
    this.#counts = capsOf(policy, 'count');
    this.#fees = capsOf(policy, 'fee');
    const owners = kinds.flatMap(({ payees }) => payees.flatMap(({ owner }) => owner ?? []));
    this.#listed = new Map(owners.map(listing));
    this.#usage = this.#budget.seen(this.#listed, null);
  }

  /** Whether a spend passes at a time when these approve; null when not. */
  judge(facts: SpendFacts, voices: readonly Voice[], at: Seconds): Passed | null {
    const { refusals, waiting, matched } = evaluate(this.policy, facts, this.#usage, at);
    if (refusals.length > 0 || waiting.length > 0 || matched.length === 0) return null;
    const approvals = new Set<string>();
    for (const { clause } of matched) {
      const { met, filled } = solveClause(clause, voices);
      if (!met) return null;
      for (const { members } of filled) for (const member of members) approvals.add(member);
    }
    return { facts, approvals: [...approvals].sort() };
  }

  /** A payee after a pattern whom nobody has paid yet. */
  freshPayee(pattern: Payee): Payee {
    const n = this.#fresh++;
    if (n % FRESH_BLOCK === 0) {
      const names = Array.from({ length: FRESH_BLOCK }, (_, i) => freshOwner(pattern, n + i));
      // A new map: who keeps sums by it sees that it says something else.
      this.#listed = new Map([...this.#listed, ...names.map(listing)]);
      this.#usage = this.#budget.seen(this.#listed, null);
    }
    return freshPayee(pattern, n);
  }

  /** The spend is signed: it counts from now on. */
  take(facts: SpendFacts, at: Seconds): void {
    const { initiator, amountSats, feeSats } = facts;
    const payments = facts.payments.map(({ sats, destination }) => ({
      script: destination === null ? '' : scriptFor(destination.owner),
      sats,
    }));
    const proposal = String(this.#spends++);
    const record = { proposal, state: 'committed', at, initiator, amountSats, feeSats } as const;
    this.#budget.add({ ...record, payments });
    this.#usage = this.#budget.seen(this.#listed, null);
  }

  /** What one more spend of a mode may pay in all before a window of the wallet or the initiator is full; below 0: none. */
  room({ wallet, initiator: own, spendMost }: Mode, initiator: string, at: Seconds): bigint {
    const left = [
      ...wallet.map((cap) => this.#left('amount', { of: 'wallet', key: null }, cap, at)),
      ...own.map((cap) => this.#left('amount', { of: 'initiator', key: initiator }, cap, at)),
    ];
    return least(spendMost, ...left);
  }

  /** Whether what a payee may be paid is limited by himself. */
  limitsPayees({ payee, payeeMost, spendMost }: Mode): boolean {
    return payee.length > 0 || payeeMost < spendMost || this.#counts.destination.length > 0;
  }

  /** What it may pay to one payee. */
  payeeRoom({ payee, payeeMost }: Mode, owner: ScopeKey, at: Seconds): bigint {
    if (this.#isCountFull('destination', owner, at)) return 0n;
    const scope = { of: 'destination', key: owner } as const;
    return least(payeeMost, ...payee.map((cap) => this.#left('amount', scope, cap, at)));
  }

  /** Whether one more spend can be counted. */
  hasCount(initiator: string, at: Seconds): boolean {
    return !this.#isCountFull('wallet', null, at) && !this.#isCountFull('initiator', initiator, at);
  }

  /** The highest fee of one more spend of so much; below 0: none. */
  feeRoom(mode: Mode, amount: bigint, initiator: string, at: Seconds): bigint {
    const left = (of: CapScope, key: ScopeKey): readonly bigint[] =>
      this.#fees[of].map((cap) => this.#left('fee', { of, key }, cap, at));
    return least(
      feeMost(this.policy, mode, amount),
      ...left('wallet', null),
      ...left('initiator', initiator),
    );
  }

  /** What a window holds. */
  held(
    measure: Limit['measure'],
    { of, key }: { readonly of: CapScope; readonly key: ScopeKey },
    windowSeconds: number | null,
    at: Seconds,
  ): bigint {
    const { spent, reserved } = this.#usage.windowState({ measure, of, windowSeconds }, key, at);
    return BigInt(spent) + BigInt(reserved);
  }

  #left(
    measure: Limit['measure'],
    scope: { readonly of: CapScope; readonly key: ScopeKey },
    { windowSeconds, most }: Cap,
    at: Seconds,
  ): bigint {
    return most - this.held(measure, scope, windowSeconds, at);
  }

  #isCountFull(of: CapScope, key: ScopeKey, at: Seconds): boolean {
    return this.#counts[of].some((cap) => this.#left('count', { of, key }, cap, at) < 1n);
  }
}

function capsOf(policy: PolicyBody, measure: Limit['measure']): CapsByScope {
  return {
    wallet: limitCaps(policy, measure, 'wallet'),
    initiator: limitCaps(policy, measure, 'initiator'),
    destination: limitCaps(policy, measure, 'destination'),
  };
}

function listing(owner: string): readonly [string, Destination] {
  return [scriptFor(owner), { owner, tags: [] }];
}

function scriptFor(owner: string): string {
  return `owner:${owner}`;
}
