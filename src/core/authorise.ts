import type { Bench, Standing } from './approval/standing.ts';
import {
  candidates,
  earliestQuorum,
  initiatorStands,
  isLessened,
  standings,
  voicesAt,
  voicesIfSeen,
  voicesThen,
} from './approval/standing.ts';
import { assert } from './base/assert.ts';
import type { RefusalCode } from './base/codes.ts';
import { ISSUED_AHEAD_SECONDS } from './base/limits.ts';
import type { Facts, Refusal } from './base/result.ts';
import type { Seconds } from './base/time.ts';
import { formatTime, parseTime } from './base/time.ts';
import type { DocumentKind } from './governance/document.ts';
import { documentKinds } from './governance/document.ts';
import { delaysSince, inForce, isHeard, recordOf, standingOfNamed } from './governance/in-force.ts';
import { holdersConfirmed } from './log/admit-statement.ts';
import { endOf, heardFreezes } from './log/heard.ts';
import type { Ledger } from './log/ledger.ts';
import type { FreezeRecord, State, WalletRecord } from './log/state.ts';
import type { PolicyBody } from './policy/body.ts';
import type { Evaluation, Matched } from './policy/evaluate.ts';
import { evaluate } from './policy/evaluate.ts';
import { spendConflict, spendFacts, usageOf } from './policy/facts.ts';
import type { Look } from './policy/look.ts';
import { lookAsProposed, lookAt } from './policy/look.ts';
import type { Voice } from './policy/quorum.ts';
import { solveClause } from './policy/quorum.ts';
import { listedLookAlike } from './proposal/known-addresses.ts';
import type { ScreeningTrace } from './screening.ts';
import { screeningOf, screeningRefusal } from './screening.ts';
import type { Trace, Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

/** May this PSBT be signed? One pure function over the state, run by signer, server and auditor. Nothing else decides. */

export type { ApprovalTrace, ClauseTrace, Trace, Verdict } from './verdict.ts';

/** What one judgement gathers before it decides. */
interface Case extends Bench {
  readonly wallet: WalletRecord;
  readonly now: Seconds;
  readonly policies: readonly PolicyBody[];
  /** By the policy that the proposal names; then, where it is another, by the one in force. */
  readonly evaluations: readonly Evaluation[];
  readonly matched: readonly Matched[];
  readonly delaySeconds: number;
  readonly signSeconds: number;
  readonly standing: readonly Standing[];
  /** Null where nobody is paid. */
  readonly screening: ScreeningTrace | null;
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
  return ledger.signed.has(digest)
    ? verdict('signed', null)
    : judgeBy({ state, ledger, proposal, now }, null);
}

/** A proposal before its signer at a time. */
export interface Moment extends Omit<Bench, 'force'> {
  readonly now: Seconds;
}

/**
 * What {@link authorise} would say had `policy` been the wallet's in every version since the beginning, while all else,
 * and what was spent, is as it was; of a signed proposal: were it about to be signed. It decides nothing: it is for
 * looking back (policy/replay-policy.ts) and aside (shadow mode).
 */
export function authoriseAsIf(moment: Moment, policy: PolicyBody): Verdict {
  return judgeBy(moment, policy);
}

function judgeBy({ state, ledger, proposal, now }: Moment, assumed: PolicyBody | null): Verdict {
  const ended = endOf(proposal, ledger);
  if (ended !== null) return verdict('refused', ended.code, { by: ended.by });
  const wallet = state.wallets.get(proposal.statement.wallet.id);
  assert(wallet !== undefined, 'a proposal names a wallet of the log');
  const force = inForce(state, ledger);
  if (force === null) return verdict('pending', 'signer.pending', { wallet: wallet.id });
  const bench = { state, ledger, force, proposal };
  const blocked = blockedWallet(bench, wallet);
  if (blocked !== null) return verdict('pending', blocked.code, blocked.facts);
  const policies = assumed === null ? policiesOf(bench) : [assumed];
  if (policies === null) return waitsFor('policy', proposal.statement.policy);
  // What is assumed was never another version.
  const kinds = documentKinds.filter((kind) => kind !== 'policy' || assumed === null);
  const named = standingOfDocuments(bench, { kinds, policies, now });
  if (named !== null) return named;
  if (!initiatorStands(bench))
    return verdict('invalidated', 'proposal.initiator.gone', {
      initiator: proposal.statement.initiator,
    });
  return decide(gather(bench, { wallet, policies, now }));
}

/** Frozen, or not yet confirmed by every key holder and by the signer itself. */
export function blockedWallet({ state, ledger }: Bench, wallet: WalletRecord): Refusal | null {
  const freeze = openFreezes(state, ledger, wallet.id)[0];
  if (freeze !== undefined)
    return {
      code: 'wallet.frozen',
      facts: { wallet: wallet.id, by: freeze.statement.member, freeze: freeze.digest },
    };
  if (!walletOpen(state, ledger, wallet))
    return { code: 'wallet.unconfirmed', facts: { wallet: wallet.id } };
  return null;
}

/** The freezes of a wallet that its signer has not lifted, in the order of the log, and those that it heard outside it. */
export function openFreezes(
  state: State,
  ledger: Ledger,
  wallet: string,
): readonly Pick<FreezeRecord, 'digest' | 'statement'>[] {
  const inLog = state.freezes.filter(
    ({ digest, statement, heard }) =>
      ['*', wallet].includes(statement.wallet) &&
      isHeard(heard, wallet) &&
      !ledger.lifted.has(digest),
  );
  return ledger.heard.size === 0 ? inLog : [...inLog, ...heardFreezes(state, ledger)];
}

/** Whether every key holder confirmed the wallet, the hot key by the signer's start. */
export function walletOpen(state: State, ledger: Ledger, wallet: WalletRecord): boolean {
  const body = inForce(state, ledger)?.wallet.document.body ?? wallet.body;
  return ledger.proof?.walletDigest === wallet.root.digest && holdersConfirmed(wallet, body);
}

/** The policy that the proposal named and the one in force: each must authorise (design 4, point 14). */
function policiesOf({ state, force, proposal }: Bench): readonly PolicyBody[] | null {
  const named = recordOf(state, 'policy', proposal.statement.policy)?.document;
  const current = force.policy?.document;
  if (named === undefined || current === undefined) return null;
  return named === current ? [named.body] : [named.body, current.body];
}

/**
 * Every document that the proposal names was in force for this signer, and none was replaced longer ago than an
 * approval holds; null when so.
 */
function standingOfDocuments(
  { ledger, proposal }: Bench,
  given: {
    readonly kinds: readonly DocumentKind[];
    readonly policies: readonly PolicyBody[];
    readonly now: Seconds;
  },
): Verdict | null {
  const { kinds, policies, now } = given;
  const graceSeconds = approveSecondsOf(policies);
  const { charter, wallet, policy, destinations } = proposal.statement;
  const named = { charter, wallet: wallet.digest, policy, destinations };
  for (const kind of kinds) {
    const found = standingOfNamed(ledger, kind, named[kind], { now, graceSeconds });
    if (found === 'waiting') return waitsFor(kind, named[kind]);
    if (found === 'stale')
      return verdict('invalidated', 'document.stale', { kind, named: named[kind] });
  }
  return null;
}

function waitsFor(kind: DocumentKind, named: string): Verdict {
  return verdict('pending', 'document.waiting', { kind, named });
}

function approveSecondsOf(policies: readonly PolicyBody[]): number {
  return Math.min(...policies.map((policy) => policy.expires.approveSeconds));
}

function gather(
  bench: Bench,
  given: { wallet: WalletRecord; policies: readonly PolicyBody[]; now: Seconds },
): Case {
  const { policies, now } = given;
  const look = lookAt(bench.state, bench.ledger, bench.proposal, now);
  const evaluations = policies.map((policy) => judge(bench, policy, look, now));
  return {
    ...bench,
    wallet: given.wallet,
    now,
    policies,
    evaluations,
    matched: evaluations.flatMap((one) => one.matched),
    delaySeconds: Math.max(...evaluations.map((one) => one.delaySeconds)),
    signSeconds: Math.min(...policies.map((policy) => policy.expires.signSeconds)),
    standing: standings(bench, approveSecondsOf(policies)),
    screening: screeningOf(bench.state, bench.proposal, policies),
  };
}

/** What one policy says of a proposal as the books in force make it look. */
export function judge(bench: Bench, policy: PolicyBody, look: Look, now: Seconds): Evaluation {
  const { state, ledger, proposal } = bench;
  return evaluate(
    policy,
    spendFacts(proposal, look, bench.force.charter.document.body),
    usageOf(state, ledger, proposal, look),
    now,
  );
}

/** Whether the documents that the proposal names, had they not been replaced, would not deny it. */
function wasAllowed(made: Case): boolean {
  const { state, ledger, proposal, now } = made;
  const [named] = made.policies;
  if (named === undefined) return false;
  return (
    judge(made, named, lookAsProposed(state, ledger, proposal, now), now).refusals.length === 0
  );
}

function decide(made: Case): Verdict {
  const { state, ledger, proposal, now } = made;
  const denied = made.evaluations.flatMap((one) => one.refusals)[0];
  if (denied !== undefined) {
    const outcome = wasAllowed(made) ? 'invalidated' : 'refused';
    return verdict(outcome, denied.code, denied.facts, { trace: traceOf(made, null) });
  }
  const screened = screeningRefusal(made.screening);
  if (screened?.code === 'screening.denied')
    return verdict('refused', screened.code, screened.facts, { trace: traceOf(made, null) });
  const conflict =
    listedLookAlike(state, ledger, proposal) ?? spendConflict(state, ledger, proposal, now);
  if (conflict !== null && conflict.code !== 'coin.reserved')
    return verdict('refused', conflict.code, conflict.facts, { trace: traceOf(made, null) });
  const expires = parseTime(proposal.statement.expiresAt);
  assert(expires !== undefined, 'times are checked in the fold');
  const quorumAt = earliestQuorum(
    made,
    made.standing,
    (at) => at <= now && at < expires && isMet(made, voicesAt(made, made.standing, at)),
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
  const { now } = made;
  if (now >= expires)
    return verdict('refused', 'proposal.expired', { expiresAt: formatTime(expires) }, { trace });
  const lost = lostQuorum(made, expires);
  if (lost !== null) return verdict('invalidated', 'approval.lost', lost, { trace });
  if (isMet(made, voicesIfSeen(made, made.standing, now)))
    return verdict('pending', 'signer.pending', { wallet: made.wallet.id }, { trace });
  const missing = trace.clauses.flatMap((clause) => clause.missing);
  const facts = {
    missing: missing.map(({ from, count }) => `${String(count)} of ${from}`),
    may: [...new Set(missing.flatMap(({ may }) => may))],
  };
  return verdict('pending', 'policy.quorum.missing', facts, { trace });
}

/**
 * Whose approvals a quorum rested on that a change of the charter has taken away, or null: there was a quorum once, by
 * the charters of that time. What expired or was withdrawn is no such loss.
 */
function lostQuorum(made: Case, expires: Seconds): Facts | null {
  const { now, standing } = made;
  const gone = standing.filter((one) => isLessened(one, now));
  if (gone.length === 0) return null;
  const times = new Set(
    standing.flatMap(({ seen, from }) => [seen, from].filter((at) => at !== null)),
  );
  const had = [...times].some(
    (at) => at <= now && at < expires && isMet(made, voicesThen(made, standing, at)),
  );
  if (!had) return null;
  return {
    members: [...new Set(gone.map(({ approval }) => approval.member))],
    causes: [...new Set(gone.map(({ lost }) => lost ?? 'group'))],
  };
}

/**
 * The quorum is full since `quorumAt`. A delay counts from then, or from the signer's last start (delaysSince) or the last lift
 * of a freeze when that is later; what the approvals are good for counts from the quorum alone, so that nothing revives
 * them.
 */
function withQuorum(made: Case, quorumAt: Seconds, trace: Trace): Verdict {
  const { state, ledger, proposal, now, delaySeconds } = made;
  const begun = Math.max(quorumAt, delaysSince(state, ledger) ?? now, ledger.liftedAt ?? 0);
  const notBefore = begun + delaySeconds;
  const signBy = quorumAt + delaySeconds + made.signSeconds;
  if (now > signBy)
    return verdict('refused', 'policy.sign.expired', { signBy: formatTime(signBy) }, { trace });
  const rest = { reserve: true, notBefore, trace };
  if (!holdsBudget(ledger, proposal.digest))
    return verdict('pending', 'signer.pending', { wallet: made.wallet.id }, rest);
  const screened = screeningRefusal(made.screening);
  if (screened !== null) return verdict('pending', screened.code, screened.facts, rest);
  if (now < notBefore)
    return verdict('waiting', 'policy.delay.waiting', { notBefore: formatTime(notBefore) }, rest);
  const lacking = lackingCosigners(made);
  if (lacking > 0) return verdict('pending', 'psbt.signatures.missing', { lacking }, rest);
  return verdict('authorised', null, {}, rest);
}

/** A signature holds it for ever: seen as about to be signed, it is as reserved. */
function holdsBudget({ reservations, signed }: Ledger, proposal: string): boolean {
  return reservations.has(proposal) || signed.has(proposal);
}

/** How many partial signatures of other key holders are still missing, from approvals that stand. */
function lackingCosigners({ wallet, standing }: Case): number {
  const keys = standing.flatMap(({ approval, device, lost }) => {
    const stands = lost === null && device === approval.device;
    return stands && approval.cosignerIndex !== null ? [approval.cosignerIndex] : [];
  });
  return wallet.wallet.missing(new Set([...keys, wallet.hotKeyIndex]));
}

function isMet(made: Case, voices: readonly Voice[]): boolean {
  return (
    made.matched.length > 0 && made.matched.every(({ clause }) => solveClause(clause, voices).met)
  );
}

function traceOf(made: Case, quorumAt: Seconds | null): Trace {
  const { now, standing } = made;
  const voices =
    quorumAt === null ? voicesIfSeen(made, standing, now) : voicesAt(made, standing, quorumAt);
  const may = candidates(made, now);
  return {
    limits: made.evaluations.flatMap((one) => one.limits),
    rules: made.evaluations.flatMap((one) => one.rules),
    clauses: made.matched.map(({ name, clause }) => ({
      rule: name,
      ...solveClause(clause, voices, may),
    })),
    approvals: standing.map(({ approval, device, kind, seen, until, lost }) => ({
      member: approval.member,
      device,
      kind,
      seen: seen === null ? null : formatTime(seen),
      until: formatTime(until),
      lost,
    })),
    screening: made.screening,
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
  const ends =
    outcome === 'refused' || outcome === 'invalidated' || refusal?.code === 'policy.quorum.missing';
  return ends ? (refusal?.code ?? null) : null;
}

/** The approvals of open proposals of a wallet that its signer should journal as first sights. */
export function unsighted(state: State, ledger: Ledger, wallet: string): readonly string[] {
  const found: string[] = [];
  for (const proposal of state.proposals.values()) {
    if (proposal.statement.wallet.id !== wallet) continue;
    if (proposal.ended !== null || ledger.signed.has(proposal.digest)) continue;
    for (const { digest } of proposal.approvals) if (!ledger.sights.has(digest)) found.push(digest);
  }
  return found;
}
