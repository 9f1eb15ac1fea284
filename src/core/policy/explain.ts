import type { Trace, Verdict } from '../authorise.ts';
import type { DeviceKind } from '../approval/device-kind.ts';
import type { Lost } from '../approval/standing.ts';
import type { RefusalCode } from '../base/codes.ts';
import type { Facts, Refusal } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import { formatTime, parseTime } from '../base/time.ts';
import type { AnalysedMember } from './analyse/setting.ts';
import type { PolicyBody, Scope } from './body.ts';
import { usageOfRecords } from './budget.ts';
import type { Evaluation, LimitState, RuleTrace } from './evaluate.ts';
import { evaluate } from './evaluate.ts';
import type { LeafFilled, LeafMissing, Voice } from './quorum.ts';
import { eligibleVoices, solveClause } from './quorum.ts';
import type { ScreeningTrace } from '../screening.ts';
import { screeningRefusal } from '../screening.ts';
import type { SpendCase } from './spend-file.ts';
import type { ScopeKey } from './usage.ts';

/**
 * Why a spend may or may not be signed, as data (design 4, point 19): what the CLI prints as JSON, and what
 * explain-text.ts puts into sentences. One shape for a spend that is only thought of and for a proposal in the log.
 */
export interface Explanation {
  /**
   * `denied`: no approval changes it. `pending`: something is missing, mostly approvals. `waiting`: the approvals
   * suffice, and a delay, an hour or a limit is waited for. `authorised`: the signer signs. `signed`: it did.
   */
  readonly outcome: 'denied' | 'pending' | 'waiting' | 'authorised' | 'signed';
  /** Why not, or not yet; none when authorised or signed. */
  readonly refusals: readonly Refusal[];
  readonly rules: readonly RuleTrace[];
  readonly limits: readonly LimitExplanation[];
  readonly clauses: readonly ClauseExplanation[];
  readonly approvals: readonly ApprovalExplanation[];
  /** How it stands with the screening service; null where nobody is paid. */
  readonly screening: ScreeningTrace | null;
  /** The longest delay of the rules that match. */
  readonly delaySeconds: number;
  /** Since when the approvals suffice. */
  readonly quorumAt: string | null;
  /** The earliest time of signing, as far as it is known; null while something is missing that time alone does not bring. */
  readonly notBefore: string | null;
  /** After this the approvals are used up. */
  readonly signBy: string | null;
}

interface LimitFrame {
  readonly name: string;
  readonly of: Scope;
  /** The owner (null: all unlisted scripts) or the initiator; null for wallet and organisation. */
  readonly key: ScopeKey;
  readonly windowSeconds: number | null;
  /** Whether the limit holds this spend. */
  readonly fits: boolean;
  /** When more frees up by age; null when nothing will. */
  readonly freesAt: string | null;
}
/** A limit as the spend finds it: in satoshi, or in spends where it counts them. */
export type LimitExplanation = LimitInSats | LimitInSpends;
export interface LimitInSats extends LimitFrame {
  readonly measure: 'amount' | 'fee';
  readonly mostSats: number;
  readonly spentSats: number;
  readonly reservedSats: number;
  /** What is left without this spend. */
  readonly freeSats: number;
  /** What this spend takes. */
  readonly askedSats: number;
}
export interface LimitInSpends extends LimitFrame {
  readonly measure: 'count';
  readonly mostCount: number;
  readonly spentCount: number;
  readonly reservedCount: number;
  readonly freeCount: number;
  readonly askedCount: number;
}

/** What a rule that matches asks for. */
export interface ClauseExplanation {
  readonly rule: string;
  readonly met: boolean;
  readonly filled: readonly {
    readonly from: string;
    readonly atLeast: number;
    /** null: a device of any kind. */
    readonly kinds: readonly DeviceKind[] | null;
    readonly who: readonly string[];
  }[];
  readonly missing: readonly {
    readonly from: string;
    readonly count: number;
    readonly kinds: readonly DeviceKind[] | null;
    readonly may: readonly string[];
  }[];
}

export interface ApprovalExplanation {
  readonly member: string;
  /** Null for an approval that is only thought of. */
  readonly device: string | null;
  /** A quorum must be first seen before. */
  readonly until: string | null;
  /** Why it does not count; null while it does. */
  readonly why: Uncounted | null;
}
/** Besides those who left or were suspended: who proposed, or stands behind who did, and what the signer has not seen. */
export type Uncounted = Lost | 'approval.initiator' | 'signer.pending';

/**
 * What would happen to a spend, and why. Requires `members` and `initiators` of one charter, and the case made with
 * these members. Refusals in it are those of {@link evaluate}, and `member.role`, `policy.quorum.missing`,
 * `policy.delay.waiting`, `policy.sign.expired`, those of screeningRefusal. Not known here, so not judged: coins, repeated payments, freezes, and
 * when each approval lapses.
 */
export function explainSpend(
  policy: PolicyBody,
  { members, initiators }: Charter,
  { facts, usage, voices, now, quorumAt, screening: answer }: SpendCase,
): Explanation {
  const found = evaluate(policy, facts, usageOfRecords(usage), now);
  const eligible = (all: readonly Voice[]) => eligibleVoices(all, facts.initiator, members);
  const counted = eligible(voices);
  const everybody = eligible(
    members.map(({ id, groups, kinds }) => ({ member: id, groups, kinds })),
  );
  const clauses = found.matched.map(({ name, clause }) =>
    clauseOf(name, solveClause(clause, counted, everybody)),
  );
  const isMet = clauses.length > 0 && clauses.every(({ met }) => met);
  const mayPropose = facts.initiatorGroups.some((group) => initiators.includes(group));
  const screening = screeningCase(policy, facts, answer);
  const screened = screeningRefusal(screening);
  const isDenied = screened?.code === 'screening.denied';
  const held = screened === null || isDenied ? [] : [screened];
  const denied = [
    ...(mayPropose ? [] : [{ code: 'member.role', facts: { member: facts.initiator } } as const]),
    ...found.refusals,
    ...(isDenied ? [screened] : []),
  ];
  const since = isMet ? quorumAt : null;
  const approvals = voices.map(({ member }) => ({
    member,
    device: null,
    until: null,
    why: counted.some((one) => one.member === member) ? null : ('approval.initiator' as const),
  }));
  const rest = { limits: found.limits, rules: found.rules, clauses, approvals, screening };
  const timing = timingOf(policy, found, { since, now });
  if (denied.length > 0) return explanation('denied', denied, { ...rest, ...noTiming(found) });
  if (since !== null && timing.expired !== null)
    return explanation('denied', [timing.expired], { ...rest, ...timing });
  if (since === null) {
    const refusals = [missingOf(clauses), ...held, ...found.waiting];
    return explanation('pending', refusals, { ...rest, ...timing });
  }
  const waiting = [...found.waiting, ...timing.waiting];
  if (held.length > 0)
    return explanation('pending', [...held, ...waiting], { ...rest, ...timing, notBefore: null });
  const outcome = waiting.length > 0 ? 'waiting' : 'authorised';
  return explanation(outcome, waiting, { ...rest, ...timing });
}

/** How a spend that is only thought of stands with the screening service. */
function screeningCase(
  policy: PolicyBody,
  { payments }: SpendCase['facts'],
  answer: SpendCase['screening'],
): ScreeningTrace | null {
  if (payments.length === 0) return null;
  return { required: policy.screening === 'required', answer, at: null, destinations: [] };
}

/** Who may approve and propose. */
export interface Charter {
  readonly members: readonly AnalysedMember[];
  readonly initiators: readonly string[];
}

/** The same of a proposal in the log, by the verdict of authorise.ts. */
export function explainVerdict({ outcome, refusal, notBefore, trace }: Verdict): Explanation {
  const refusals = refusal === null ? [] : [refusal];
  return explanation(outcomeOf(outcome, refusal), refusals, {
    limits: trace.limits,
    rules: trace.rules,
    clauses: trace.clauses.map(({ rule, ...solution }) => clauseOf(rule, solution)),
    approvals: trace.approvals.map(approvalOf),
    screening: trace.screening,
    delaySeconds: trace.delaySeconds,
    quorumAt: trace.quorumAt,
    notBefore: notBefore ?? earliest(trace.quorumAt, trace.delaySeconds, refusals),
    signBy: trace.signBy,
  });
}

/** What time alone may take away. */
const passing: readonly RefusalCode[] = [
  'policy.hours.closed',
  'policy.fee.budget',
  'policy.limit.exceeded',
];

function outcomeOf(outcome: Verdict['outcome'], refusal: Refusal | null): Explanation['outcome'] {
  switch (outcome) {
    case 'refused':
    case 'invalidated':
      return 'denied';
    case 'pending':
      return refusal !== null && passing.includes(refusal.code) ? 'waiting' : 'pending';
    case 'waiting':
    case 'authorised':
    case 'signed':
      return outcome;
  }
}

/** What there is to say before it is put into the form of the JSON. */
interface Found {
  readonly limits: readonly LimitState[];
  readonly rules: readonly RuleTrace[];
  readonly clauses: readonly ClauseExplanation[];
  readonly approvals: readonly ApprovalExplanation[];
  readonly screening: ScreeningTrace | null;
  readonly delaySeconds: number;
  readonly quorumAt: string | null;
  readonly notBefore: Seconds | null;
  readonly signBy: string | null;
}

function explanation(
  outcome: Explanation['outcome'],
  refusals: readonly Refusal[],
  found: Found,
): Explanation {
  const { limits, rules, clauses, approvals, screening, delaySeconds } = found;
  const { quorumAt, notBefore, signBy } = found;
  return {
    outcome,
    refusals,
    // The policy that a proposal names and the one in force mostly say the same.
    rules: each(rules),
    limits: each(limits.map(limitOf)),
    clauses: each(clauses),
    approvals,
    screening,
    delaySeconds,
    quorumAt,
    notBefore: notBefore === null ? null : formatTime(notBefore),
    signBy,
  };
}

/** Each once, by what it says. */
function each<T>(list: readonly T[]): readonly T[] {
  return [...new Map(list.map((one) => [JSON.stringify(one), one])).values()];
}

function limitOf(limit: LimitState): LimitExplanation {
  const { name, measure, of, key, windowSeconds, most, spent, reserved, asked, free } = limit;
  const freesAt = limit.freesAt === null ? null : formatTime(limit.freesAt);
  const frame = { name, of, key, windowSeconds, fits: asked <= free, freesAt };
  if (measure === 'count')
    return {
      ...{ ...frame, measure, mostCount: most, spentCount: spent, reservedCount: reserved },
      ...{ freeCount: free, askedCount: asked },
    };
  return {
    ...{ ...frame, measure, mostSats: most, spentSats: spent, reservedSats: reserved },
    ...{ freeSats: free, askedSats: asked },
  };
}

function clauseOf(
  rule: string,
  solution: {
    readonly met: boolean;
    readonly filled: readonly LeafFilled[];
    readonly missing: readonly LeafMissing[];
  },
): ClauseExplanation {
  return {
    rule,
    met: solution.met,
    filled: solution.filled.map(({ from, atLeast, kinds, members }) => ({
      ...{ from, atLeast, kinds, who: members },
    })),
    missing: solution.missing.map(({ from, count, kinds, may }) => ({ from, count, kinds, may })),
  };
}

function approvalOf({
  member,
  device,
  seen,
  until,
  lost,
}: Trace['approvals'][number]): ApprovalExplanation {
  return { member, device, until, why: lost ?? (seen === null ? 'signer.pending' : null) };
}

function missingOf(clauses: readonly ClauseExplanation[]): Refusal {
  const missing = clauses.flatMap((clause) => clause.missing);
  return {
    code: 'policy.quorum.missing',
    facts: {
      missing: [...new Set(missing.map(({ from, count }) => `${count} of ${from}`))],
      may: [...new Set(missing.flatMap(({ may }) => may))],
    },
  };
}

interface Timing extends Pick<Found, 'delaySeconds' | 'quorumAt' | 'notBefore' | 'signBy'> {
  readonly waiting: readonly Refusal[];
  readonly expired: Refusal | null;
}

function noTiming({ delaySeconds }: Evaluation): Pick<Found, keyof Timing & keyof Found> {
  return { delaySeconds, quorumAt: null, notBefore: null, signBy: null };
}

/** The delay counts from the quorum, and what the approvals are good for from its end. */
function timingOf(
  { expires }: PolicyBody,
  found: Evaluation,
  { since, now }: { readonly since: Seconds | null; readonly now: Seconds },
): Timing {
  const { delaySeconds } = found;
  if (since === null) return { ...noTiming(found), waiting: [], expired: null };
  const delayed = since + delaySeconds;
  const signBy = delayed + expires.signSeconds;
  const quorumAt = formatTime(since);
  return {
    delaySeconds,
    quorumAt,
    signBy: formatTime(signBy),
    notBefore: earliest(quorumAt, delaySeconds, found.waiting),
    waiting:
      now < delayed ? [refusal('policy.delay.waiting', { notBefore: formatTime(delayed) })] : [],
    expired: now > signBy ? refusal('policy.sign.expired', { signBy: formatTime(signBy) }) : null,
  };
}

/** The end of the delay, or of the longest wait where that is later; null when a wait has no known end. */
function earliest(
  quorumAt: string | null,
  delaySeconds: number,
  refusals: readonly Refusal[],
): Seconds | null {
  const since = quorumAt === null ? undefined : parseTime(quorumAt);
  if (since === undefined) return null;
  let latest = since + delaySeconds;
  for (const { code, facts } of refusals) {
    if (!passing.includes(code)) continue;
    const end = facts[code === 'policy.hours.closed' ? 'opensAt' : 'fitsAt'];
    const at = typeof end === 'string' ? parseTime(end) : undefined;
    if (at === undefined) return null;
    latest = Math.max(latest, at);
  }
  return latest;
}

function refusal(code: RefusalCode, facts: Facts): Refusal {
  return { code, facts };
}
