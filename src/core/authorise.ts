import type { Standing } from './approval/standing.ts';
import {
  candidates,
  earliestQuorum,
  standings,
  voicesAt,
  voicesIfSeen,
} from './approval/standing.ts';
import { assert } from './base/assert.ts';
import type { RefusalCode } from './base/codes.ts';
import { ISSUED_AHEAD_SECONDS } from './base/limits.ts';
import type { Facts, Refusal } from './base/result.ts';
import type { Seconds } from './base/time.ts';
import { formatTime, parseTime } from './base/time.ts';
import { holdersConfirmed } from './log/admit-statement.ts';
import type { Ledger } from './log/ledger.ts';
import type { ProposalRecord, State, WalletRecord } from './log/state.ts';
import type { PolicyBody } from './policy/body.ts';
import type { Evaluation, LimitState, Matched, RuleTrace } from './policy/evaluate.ts';
import { evaluate } from './policy/evaluate.ts';
import { spendConflict, spendFacts, usageOf } from './policy/facts.ts';
import type { LeafFilled, LeafMissing, Voice } from './policy/quorum.ts';
import { solveClause } from './policy/quorum.ts';

/** May this PSBT be signed? One pure function over the state, run by signer, server and auditor. Nothing else decides. */

export interface ClauseTrace {
  readonly rule: string;
  readonly met: boolean;
  readonly filled: readonly LeafFilled[];
  readonly missing: readonly LeafMissing[];
}

export interface ApprovalTrace {
  readonly member: string;
  readonly device: string;
  /** The signer's first sight. */
  readonly seen: string | null;
  /** A quorum must be first seen before. */
  readonly until: string;
}

/** Why, as data: console and CLI render it. */
export interface Trace {
  readonly limits: readonly LimitState[];
  readonly rules: readonly RuleTrace[];
  readonly clauses: readonly ClauseTrace[];
  readonly approvals: readonly ApprovalTrace[];
  readonly delaySeconds: number;
  /** When the quorum was first full. */
  readonly quorumAt: string | null;
  /** After this the approvals are used up. */
  readonly signBy: string | null;
}

export interface Verdict {
  /**
   * `refused`: no further approval changes it. `pending`: something is missing, the code says what.
   * `waiting`: the delay runs. `authorised`: the signer signs. `signed`: a receipt says it did.
   */
  readonly outcome: 'refused' | 'pending' | 'waiting' | 'authorised' | 'signed';
  /** Null when authorised or signed. */
  readonly refusal: Refusal | null;
  /** The quorum is full, every limit holds and the coins are free: the signer takes the budget. */
  readonly reserve: boolean;
  /** The earliest time of signing, once the quorum is full. */
  readonly notBefore: Seconds | null;
  readonly trace: Trace;
}

const emptyTrace: Trace = {
  limits: [],
  rules: [],
  clauses: [],
  approvals: [],
  delaySeconds: 0,
  quorumAt: null,
  signBy: null,
};

function verdict(
  outcome: Verdict['outcome'],
  code: RefusalCode | null,
  facts: Facts = {},
  rest: Partial<Verdict> = {},
): Verdict {
  const refusal = code === null ? null : { code, facts };
  return { outcome, refusal, reserve: false, notBefore: null, trace: emptyTrace, ...rest };
}

/** What one judgement gathers before it decides. */
interface Case {
  readonly state: State;
  readonly ledger: Ledger;
  readonly proposal: ProposalRecord;
  readonly wallet: WalletRecord;
  readonly now: Seconds;
  readonly evaluations: readonly Evaluation[];
  readonly matched: readonly Matched[];
  readonly delaySeconds: number;
  readonly signSeconds: number;
  readonly standing: readonly Standing[];
}

/**
 * Judges a proposal in a state, with a signer's receipts, at signer time `now` (design 3, steps 4 to 10).
 * Requires `ledger` of the signer of the proposal's wallet and `now` not before its last receipt.
 * Not checked here: the bytes of the spend, signatures and identities (the fold did), and that the state is the
 * whole log (whoever followed it).
 */
export function authorise(state: State, ledger: Ledger, digest: string, now: Seconds): Verdict {
  const proposal = state.proposals.get(digest);
  if (proposal === undefined) return verdict('refused', 'proposal.unknown', { proposal: digest });
  if (ledger.signed.has(digest)) return verdict('signed', null);
  if (proposal.ended !== null)
    return verdict('refused', proposal.ended.code, { by: proposal.ended.by });
  const wallet = state.wallets.get(proposal.statement.wallet.id);
  assert(wallet !== undefined, 'a proposal names a wallet in force');
  const blocked = blockedWallet(state, ledger, wallet);
  if (blocked !== null) return verdict('pending', blocked.code, blocked.facts);
  const policies = policiesOf(state, proposal);
  if (policies === null) return verdict('refused', 'policy.unknown', { wallet: wallet.id });
  const made = gather(state, ledger, proposal, { wallet, policies, now });
  return decide(made);
}

/** Frozen, or not yet confirmed by every key holder and by the signer itself. */
function blockedWallet(state: State, ledger: Ledger, wallet: WalletRecord): Refusal | null {
  const freeze = state.freezes.find(({ statement }) => ['*', wallet.id].includes(statement.wallet));
  if (freeze !== undefined)
    return {
      code: 'wallet.frozen',
      facts: { wallet: wallet.id, by: freeze.statement.member, freeze: freeze.digest },
    };
  if (!walletOpen(state, ledger, wallet))
    return { code: 'wallet.unconfirmed', facts: { wallet: wallet.id } };
  return null;
}

/** Whether every key holder confirmed the wallet, the hot key by the signer's start. */
export function walletOpen(state: State, ledger: Ledger, wallet: WalletRecord): boolean {
  return ledger.proof?.walletDigest === wallet.record.digest && holdersConfirmed(state, wallet.id);
}

/** The policy that the proposal named and the one in force: each must authorise (design 4, point 14). */
function policiesOf(state: State, proposal: ProposalRecord): readonly PolicyBody[] | null {
  const named = state.documents.get(proposal.statement.policy)?.document;
  const inForce = state.policies.get(proposal.statement.wallet.id)?.document;
  if (named?.kind !== 'policy' || inForce === undefined) return null;
  return named === inForce ? [named.body] : [named.body, inForce.body];
}

function gather(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  given: { wallet: WalletRecord; policies: readonly PolicyBody[]; now: Seconds },
): Case {
  const { policies, now } = given;
  const facts = spendFacts(state, ledger, proposal, now);
  const usage = usageOf(state, ledger, proposal, now);
  const evaluations = policies.map((policy) => evaluate(policy, facts, usage, now));
  const approveSeconds = Math.min(...policies.map((policy) => policy.expires.approveSeconds));
  return {
    state,
    ledger,
    proposal,
    wallet: given.wallet,
    now,
    evaluations,
    matched: evaluations.flatMap((one) => one.matched),
    delaySeconds: Math.max(...evaluations.map((one) => one.delaySeconds)),
    signSeconds: Math.min(...policies.map((policy) => policy.expires.signSeconds)),
    standing: standings(state, ledger, proposal, approveSeconds),
  };
}

function decide(made: Case): Verdict {
  const { state, ledger, proposal, now } = made;
  const denied = made.evaluations.flatMap((one) => one.refusals)[0];
  if (denied !== undefined)
    return verdict('refused', denied.code, denied.facts, { trace: traceOf(made, null) });
  const conflict = spendConflict(state, ledger, proposal, now);
  if (conflict !== null && conflict.code !== 'coin.reserved')
    return verdict('refused', conflict.code, conflict.facts, { trace: traceOf(made, null) });
  const expires = parseTime(proposal.statement.expiresAt);
  assert(expires !== undefined, 'times are checked in the fold');
  const quorumAt = earliestQuorum(
    made.standing,
    (at) => at <= now && at < expires && isMet(made, voicesAt(state, proposal, made.standing, at)),
  );
  const trace = traceOf(made, quorumAt);
  if (quorumAt === null) return withoutQuorum(made, expires, trace);
  const issued = parseTime(proposal.statement.issuedAt);
  if (issued === undefined || issued > now + ISSUED_AHEAD_SECONDS)
    return verdict('pending', 'statement.early', { at: proposal.statement.issuedAt }, { trace });
  if (conflict !== null) return verdict('pending', conflict.code, conflict.facts, { trace });
  const full = made.evaluations.flatMap((one) => one.waiting)[0];
  if (full !== undefined) return verdict('pending', full.code, full.facts, { trace });
  return withQuorum(made, quorumAt, trace);
}

function withoutQuorum(made: Case, expires: Seconds, trace: Trace): Verdict {
  const { state, proposal, now } = made;
  if (now >= expires)
    return verdict('refused', 'proposal.expired', { expiresAt: formatTime(expires) }, { trace });
  if (isMet(made, voicesIfSeen(state, proposal, made.standing, now)))
    return verdict('pending', 'signer.pending', { wallet: made.wallet.id }, { trace });
  const missing = trace.clauses.flatMap((clause) => clause.missing);
  const facts = {
    missing: missing.map(({ from, count }) => `${String(count)} of ${from}`),
    may: [...new Set(missing.flatMap(({ may }) => may))],
  };
  return verdict('pending', 'policy.quorum.missing', facts, { trace });
}

/**
 * The quorum is full since `quorumAt`. A delay counts from then, or from the signer's last start when that is
 * later; what the approvals are good for counts from the quorum alone, so that no restart revives them.
 */
function withQuorum(made: Case, quorumAt: Seconds, trace: Trace): Verdict {
  const { ledger, proposal, now, delaySeconds } = made;
  const notBefore = Math.max(quorumAt, ledger.startedAt ?? now) + delaySeconds;
  const signBy = quorumAt + delaySeconds + made.signSeconds;
  if (now > signBy)
    return verdict('refused', 'policy.sign.expired', { signBy: formatTime(signBy) }, { trace });
  const rest = { reserve: true, notBefore, trace };
  if (!ledger.reservations.has(proposal.digest))
    return verdict('pending', 'signer.pending', { wallet: made.wallet.id }, rest);
  if (now < notBefore)
    return verdict('waiting', 'policy.delay.waiting', { notBefore: formatTime(notBefore) }, rest);
  const lacking = lackingCosigners(made);
  if (lacking > 0) return verdict('pending', 'psbt.signatures.missing', { lacking }, rest);
  return verdict('authorised', null, {}, rest);
}

/** How many partial signatures of other key holders are still missing, from approvals that stand. */
function lackingCosigners(made: Case): number {
  const { wallet, proposal } = made;
  const keys = new Set(proposal.approvals.map(({ cosignerIndex }) => cosignerIndex));
  keys.delete(null);
  keys.delete(wallet.hotKeyIndex);
  return Math.max(0, wallet.wallet.threshold - 1 - keys.size);
}

function isMet(made: Case, voices: readonly Voice[]): boolean {
  return (
    made.matched.length > 0 && made.matched.every(({ clause }) => solveClause(clause, voices).met)
  );
}

function traceOf(made: Case, quorumAt: Seconds | null): Trace {
  const { state, proposal, now, standing } = made;
  const voices =
    quorumAt === null
      ? voicesIfSeen(state, proposal, standing, now)
      : voicesAt(state, proposal, standing, quorumAt);
  const may = candidates(state, proposal);
  return {
    limits: made.evaluations.flatMap((one) => one.limits),
    rules: made.evaluations.flatMap((one) => one.rules),
    clauses: made.matched.map(({ name, clause }) => ({
      rule: name,
      ...solveClause(clause, voices, may),
    })),
    approvals: standing.map(({ approval, seen, until }) => ({
      member: approval.member,
      device: approval.device,
      seen: seen === null ? null : formatTime(seen),
      until: formatTime(until),
    })),
    delaySeconds: made.delaySeconds,
    quorumAt: quorumAt === null ? null : formatTime(quorumAt),
    signBy: quorumAt === null ? null : formatTime(quorumAt + made.delaySeconds + made.signSeconds),
  };
}

/**
 * The code by which a reservation ends under a verdict, or null while it stands (design 3, step 8: rejection, expiry,
 * invalidation, lost quorum). Nothing else that is missing ends it: a freeze may be lifted; and a spend that no
 * longer fits, its own reservation left out, after a limit was tightened is not signed and only keeps others waiting.
 * Not checked here: that there is a reservation and no intent, after which it never ends.
 */
export function reservationEnd({ outcome, refusal }: Verdict): RefusalCode | null {
  const ends = outcome === 'refused' || refusal?.code === 'policy.quorum.missing';
  return ends ? (refusal?.code ?? null) : null;
}

export interface Unsighted {
  readonly kind: 'approval' | 'document';
  readonly object: string;
}

/** What the signer of a wallet should journal as first sights: documents in force, approvals of open proposals. */
export function unsighted(state: State, ledger: Ledger, wallet: string): readonly Unsighted[] {
  const found: Unsighted[] = [];
  const inForce = [
    state.charter,
    state.wallets.get(wallet)?.record,
    state.policies.get(wallet),
    state.destinations,
  ];
  for (const record of inForce)
    if (record && !ledger.sights.has(record.digest))
      found.push({ kind: 'document', object: record.digest });
  for (const proposal of state.proposals.values()) {
    if (proposal.statement.wallet.id !== wallet) continue;
    if (proposal.ended !== null || ledger.signed.has(proposal.digest)) continue;
    for (const { digest } of proposal.approvals)
      if (!ledger.sights.has(digest)) found.push({ kind: 'approval', object: digest });
  }
  return found;
}
