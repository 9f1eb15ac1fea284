import type { Facts, Refusal } from '../base/result.ts';
import { refuse } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import { formatTime } from '../base/time.ts';
import type { Clause, Limit, PolicyBody, Rule, Scope } from './body.ts';
import { clauseLeaves } from './body.ts';
import type { ConditionTrace, Moment, SpendFacts } from './conditions.ts';
import { judgeConditions, outputKindsOf } from './conditions.ts';
import { hourChanges, hoursHold, localTime } from './hours.ts';
import type { Movement, ScopeKey, UsageRecord } from './usage.ts';
import { freedAt, measured, scopeKeys, windowUse } from './usage.ts';

export type { Payment, UsageRecord } from './usage.ts';
export type { ConditionTrace, SpendFacts } from './conditions.ts';

/** A limit under one key. Satoshi, or a number of spends for `count`. */
export interface LimitState {
  readonly name: string;
  readonly measure: Limit['measure'];
  readonly of: Scope;
  /** The owner (null: all unlisted scripts) or the initiator; null for wallet and organisation. */
  readonly key: ScopeKey;
  readonly windowSeconds: number | null;
  /** What this signer enforces: of an organisation's limit the share of this wallet. */
  readonly most: number;
  readonly spent: number;
  readonly reserved: number;
  readonly asked: number;
  /** What is left without the spend asked for. */
  readonly free: number;
  /** When more frees up by age; null when nothing will. */
  readonly freesAt: Seconds | null;
}

export interface RuleTrace {
  readonly name: string;
  readonly deny: boolean;
  readonly matched: boolean;
  readonly why: readonly ConditionTrace[];
}

export interface Matched {
  readonly name: string;
  readonly clause: Clause;
  readonly delaySeconds: number;
}

/** The verdict of a policy on a spend, with its reasons. Quorum and delay are still to be judged by the caller. */
export interface Evaluation {
  /** "No", whatever time passes. */
  readonly refusals: readonly Refusal[];
  /**
   * "Not now": hours that are closed, `opensAt` tells until when; sliding windows that do not hold this spend, `fitsAt`
   * tells when by age alone, null when never so.
   */
  readonly waiting: readonly Refusal[];
  readonly limits: readonly LimitState[];
  readonly rules: readonly RuleTrace[];
  /** Every one of these must be satisfied; while hours are closed, what must be when they open. Empty only when refused. */
  readonly matched: readonly Matched[];
  /** The longest delay of these. */
  readonly delaySeconds: number;
}

/**
 * Judges a spend by a policy (design 4, points 1 to 8 and 18). Default deny; every limit and every matching rule
 * applies; the order of limits, rules and usage never matters.
 *
 * Requires `usage` of this wallet, one record a proposal, the spend's own reservation taken out; `now` is the signer's
 * time. Refusals: `policy.facts.inconsistent`, `policy.hours.unknown`, `policy.rules.empty`, `policy.none.matched`,
 * `policy.denied`, `policy.quorum.zero`, `policy.output.unnamed`, `policy.fee.exceeded`, `policy.limit.exceeded`;
 * waiting: `policy.hours.closed`, `policy.limit.exceeded`. Not checked here: that the policy governs this wallet (the
 * caller) and is one that can be published (check.ts).
 */
export function evaluate(
  policy: PolicyBody,
  facts: SpendFacts,
  usage: readonly UsageRecord[],
  now: Seconds,
): Evaluation {
  const broken = inconsistency(facts, usage, now);
  if (broken !== undefined) return unjudged('policy.facts.inconsistent', { reason: broken });
  const local = policy.zone === null ? undefined : localTime(policy.zone, now);
  if (local === undefined && policy.rules.some(({ when }) => when.hours !== null))
    return unjudged('policy.hours.unknown', { timezone: policy.timezone, at: formatTime(now) });
  const moment: Moment = { usage, now, local: local ?? null };
  const judged = policy.rules.map((rule) => judgeRule(rule, facts, moment));
  const limits = policy.limits.flatMap((limit) => judgeLimit(limit, facts, usage, now));
  const hits = policy.rules.filter((_, i) => judged[i]?.matched === true);
  const fixed = [...feeRefusals(policy, facts), ...limits.flatMap((one) => one.refusals)];
  const denied = hitRefusals(policy, hits, facts);
  const opening =
    denied.length > 0 && fixed.length === 0 ? findOpening(policy, judged, facts, now) : undefined;
  const matched = (opening?.hits ?? hits).flatMap((rule) =>
    rule.deny
      ? []
      : [
          {
            name: rule.name,
            clause: rule.require.approvals,
            delaySeconds: rule.require.delaySeconds,
          },
        ],
  );
  const closed =
    opening === undefined
      ? []
      : [refusal('policy.hours.closed', { opensAt: formatTime(opening.at) })];
  return {
    refusals: opening === undefined ? [...denied, ...fixed] : [],
    waiting: [...closed, ...limits.flatMap((one) => one.waiting)],
    limits: limits.map((one) => one.state),
    rules: judged,
    matched,
    delaySeconds: Math.max(0, ...matched.map((one) => one.delaySeconds)),
  };
}

function unjudged(code: Refusal['code'], facts: Facts): Evaluation {
  const nothing = { waiting: [], limits: [], rules: [], matched: [], delaySeconds: 0 };
  return { refusals: [refusal(code, facts)], ...nothing };
}

interface Opening {
  readonly at: Seconds;
  /** The rules that match then. */
  readonly hits: readonly Rule[];
}

/**
 * The next time at which the hours alone make the rules allow what they refuse now: all else is held as it is judged
 * now. Undefined when the hours are not what stands in the way: then "no" is final.
 */
function findOpening(
  policy: PolicyBody,
  judged: readonly RuleTrace[],
  facts: SpendFacts,
  now: Seconds,
): Opening | undefined {
  const { zone } = policy;
  const near = policy.rules.filter((_, i) =>
    judged[i]?.why.every(({ condition, holds }) => holds || condition === 'hours'),
  );
  const named = near.flatMap(({ when }) => when.hours ?? []);
  if (zone === null || named.length === 0) return undefined;
  for (const at of hourChanges(zone, named, now)) {
    const local = localTime(zone, at);
    if (local === undefined) return undefined;
    const hits = near.filter(({ when: { hours } }) => hours === null || hoursHold(hours, local));
    if (hitRefusals(policy, hits, facts).length === 0) return { at, hits };
  }
  return undefined;
}

/** What the rules that match say against a spend. */
function hitRefusals(
  policy: PolicyBody,
  hits: readonly Rule[],
  facts: SpendFacts,
): readonly Refusal[] {
  return [...ruleRefusals(policy, hits), ...outputRefusals(hits, facts)];
}

/** What makes the facts unusable, or undefined. A wrong sum would judge another spend than the one signed. */
function inconsistency(
  facts: SpendFacts,
  usage: readonly UsageRecord[],
  now: Seconds,
): string | undefined {
  if (!Number.isSafeInteger(now) || now < 0) return 'the time is not whole seconds';
  if (!Number.isSafeInteger(facts.vbytes) || facts.vbytes < 1) return 'the size is no size';
  if (facts.initiator === '') return 'no initiator';
  if (!isSummed(facts)) return 'the amount is not the sum of the payments';
  const wrong = usage.find((record) => !isSummed(record) || !Number.isSafeInteger(record.at));
  return wrong === undefined ? undefined : `the record of ${wrong.proposal} contradicts itself`;
}

function isSummed(movement: Movement): boolean {
  let sum = 0n;
  for (const payment of movement.payments) {
    if (payment.sats < 0n) return false;
    sum += payment.sats;
  }
  return sum === movement.amountSats && movement.feeSats >= 0n;
}

function judgeRule(rule: Rule, facts: SpendFacts, moment: Moment): RuleTrace {
  const why = judgeConditions(rule.when, rule.deny ? facts : withoutInert(facts), moment);
  return { name: rule.name, deny: rule.deny, matched: why.every((one) => one.holds), why };
}

/** A cool-down withholds permission only, so that a denying tag works at once (design 4, point 16). */
function withoutInert(facts: SpendFacts): SpendFacts {
  return { ...facts, payments: facts.payments.map((payment) => ({ ...payment, inert: null })) };
}

function ruleRefusals(policy: PolicyBody, hits: readonly Rule[]): readonly Refusal[] {
  if (policy.rules.length === 0) return [refusal('policy.rules.empty', {})];
  if (hits.length === 0) return [refusal('policy.none.matched', {})];
  return hits.flatMap((rule) => {
    if (rule.deny) return [refusal('policy.denied', { rule: rule.name })];
    const empty = clauseLeaves(rule.require.approvals).some((leaf) => leaf.atLeast < 1);
    return empty ? [refusal('policy.quorum.zero', { rule: rule.name })] : [];
  });
}

/** Each strange kind of output needs a matching rule that names it. A deny that names it denies anyway. */
function outputRefusals(hits: readonly Rule[], facts: SpendFacts): readonly Refusal[] {
  const named = new Set(hits.flatMap((rule) => rule.when.outputs?.any ?? []));
  return outputKindsOf(facts.payments)
    .filter((kind) => !named.has(kind))
    .map((kind) => refusal('policy.output.unnamed', { kind }));
}

/** Compared by multiplication, so that nothing is rounded. */
function feeRefusals(policy: PolicyBody, facts: SpendFacts): readonly Refusal[] {
  const { rateSatPerVbyte, sharePerMille, selfSats } = policy.fees;
  const { feeSats, vbytes, amountSats } = facts;
  const found: Refusal[] = [];
  const fee = Number(feeSats);
  if (rateSatPerVbyte !== null && feeSats > BigInt(rateSatPerVbyte) * BigInt(vbytes))
    found.push(refusal('policy.fee.exceeded', { cap: 'rate', most: rateSatPerVbyte, fee, vbytes }));
  if (facts.payments.length === 0) {
    if (feeSats > BigInt(selfSats))
      found.push(refusal('policy.fee.exceeded', { cap: 'self', most: selfSats, fee }));
  } else if (sharePerMille !== null && feeSats * 1_000n > BigInt(sharePerMille) * amountSats) {
    const amount = Number(amountSats);
    found.push(refusal('policy.fee.exceeded', { cap: 'share', most: sharePerMille, fee, amount }));
  }
  return found;
}

interface JudgedLimit {
  readonly state: LimitState;
  readonly refusals: readonly Refusal[];
  readonly waiting: readonly Refusal[];
}

/** A limit under each key of the spend. What is more than the whole limit is refused: no window ever holds it. */
function judgeLimit(
  limit: Limit,
  facts: SpendFacts,
  usage: readonly UsageRecord[],
  now: Seconds,
): readonly JudgedLimit[] {
  const { name, measure, of, windowSeconds } = limit;
  const most = limit.here ?? limit.most;
  return scopeKeys(of, facts).map((key) => {
    const asked = measured(measure, { of, key }, facts);
    const use = windowUse(measure, { of, key, windowSeconds }, usage, now);
    const free = BigInt(most) - use.spent - use.reserved;
    const state: LimitState = {
      name,
      measure,
      of,
      key,
      windowSeconds,
      most,
      spent: Number(use.spent),
      reserved: Number(use.reserved),
      asked: Number(asked),
      free: free > 0n ? Number(free) : 0,
      freesAt: use.ageing[0]?.freesAt ?? null,
    };
    if (asked <= free) return { state, refusals: [], waiting: [] };
    const never = asked > BigInt(most);
    const fitsAt = never ? null : freedAt(use, asked - free);
    const exceeded = refusal('policy.limit.exceeded', limitFacts(state, fitsAt));
    return never
      ? { state, refusals: [exceeded], waiting: [] }
      : { state, refusals: [], waiting: [exceeded] };
  });
}

function limitFacts(state: LimitState, fitsAt: Seconds | null): Facts {
  const { name, measure, of, key, windowSeconds, most, spent, reserved, asked } = state;
  return {
    limit: name,
    measure,
    of,
    key,
    windowSeconds,
    most,
    spent,
    reserved,
    asked,
    fitsAt: fitsAt === null ? null : formatTime(fitsAt),
  };
}

function refusal(code: Refusal['code'], facts: Facts): Refusal {
  return refuse(code, facts).refusal;
}
