import type { Facts, Refusal } from '../base/result.ts';
import { refuse } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import { formatTime } from '../base/time.ts';
import type { Clause, Limit, PolicyBody } from './body.ts';
import type { Compiled, CompiledRule } from './compile.ts';
import { compile, matching } from './compile.ts';
import type { ConditionTrace } from './conditions.ts';
import { traceOf } from './conditions.ts';
import { hourChanges, hoursHold, localTime } from './hours.ts';
import type { Asked, SpendFacts } from './inquiry.ts';
import { Inquiry } from './inquiry.ts';
import type { LimitState } from './limit-state.ts';
import { limitState } from './limit-state.ts';
import type { Usage } from './usage.ts';
import { contradicts } from './usage.ts';

export type { Payment, UsageRecord } from './usage.ts';
export type { ConditionTrace } from './conditions.ts';
export type { SpendFacts } from './inquiry.ts';
export type { LimitState } from './limit-state.ts';

export interface RuleTrace {
  readonly name: string;
  readonly deny: boolean;
  readonly matched: boolean;
  /** Whether the spend may go by it: false too for a rule that matches by what an address book merely says and only asks. */
  readonly permits: boolean;
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
 * `policy.denied`, `policy.quorum.zero`, `policy.output.unnamed`, `policy.fee.exceeded`, `policy.fee.budget`,
 * `policy.limit.exceeded`; waiting: `policy.hours.closed`, `policy.fee.budget`, `policy.limit.exceeded`. Not checked here: that the policy governs this wallet (the
 * caller) and is one that can be published (check.ts).
 */
export function evaluate(
  policy: PolicyBody,
  facts: SpendFacts,
  usage: Usage,
  now: Seconds,
): Evaluation {
  const broken = inconsistency(facts, usage, now);
  if (broken !== null) return unjudged('policy.facts.inconsistent', { reason: broken });
  const compiled = compile(policy);
  const local = policy.zone === null ? undefined : localTime(policy.zone, now);
  if (local === undefined && compiled.hasHours)
    return unjudged('policy.hours.unknown', { timezone: policy.timezone, at: formatTime(now) });
  const inquiry = new Inquiry(facts, compiled.questions, { usage, now, local: local ?? null });
  const waiting: Refusal[] = [];
  const fixed = feeRefusals(policy, facts);
  for (const { limit, span } of compiled.limits)
    for (const asked of inquiry.windows[span] ?? []) {
      const exceeded = limitRefusal(limit, asked, usage, now);
      if (exceeded !== null) (exceeded.isFinal ? fixed : waiting).push(exceeded.refusal);
    }
  const hits = matching(compiled, inquiry);
  const denied = hitRefusals(compiled, hits, inquiry);
  if (denied.length === 0 || fixed.length > 0 || hits.some(deniesAlways))
    return new Judged(compiled, inquiry, { refusals: [...denied, ...fixed], waiting, hits });
  const opening = findOpening(policy, compiled, inquiry, now);
  if (opening === undefined)
    return new Judged(compiled, inquiry, { refusals: denied, waiting, hits });
  const closed = refusal('policy.hours.closed', { opensAt: formatTime(opening.at) });
  return new Judged(compiled, inquiry, {
    refusals: [],
    waiting: [closed, ...waiting],
    hits: opening.hits,
  });
}

function deniesAlways({ rule }: CompiledRule): boolean {
  return rule.deny && rule.when.hours === null;
}

/** Most verdicts are acted on without anybody reading why: the traces of limits and rules are written on demand. */
class Judged implements Evaluation {
  readonly refusals: readonly Refusal[];
  readonly waiting: readonly Refusal[];
  readonly matched: readonly Matched[];
  readonly delaySeconds: number;
  readonly #compiled: Compiled;
  readonly #inquiry: Inquiry;
  #limits: readonly LimitState[] | null = null;
  #rules: readonly RuleTrace[] | null = null;

  constructor(
    compiled: Compiled,
    inquiry: Inquiry,
    found: Pick<Evaluation, 'refusals' | 'waiting'> & { readonly hits: readonly CompiledRule[] },
  ) {
    this.refusals = found.refusals;
    this.waiting = found.waiting;
    const matched: Matched[] = [];
    let delaySeconds = 0;
    for (const { grant } of found.hits) {
      if (grant === null) continue;
      matched.push(grant);
      if (grant.delaySeconds > delaySeconds) ({ delaySeconds } = grant);
    }
    this.matched = matched;
    this.delaySeconds = delaySeconds;
    this.#compiled = compiled;
    this.#inquiry = inquiry;
  }

  get limits(): readonly LimitState[] {
    this.#limits ??= this.#compiled.limits.flatMap(({ limit, span }) =>
      (this.#inquiry.windows[span] ?? []).map((asked) => limitState(limit, asked)),
    );
    return this.#limits;
  }

  get rules(): readonly RuleTrace[] {
    this.#rules ??= this.#compiled.rules.map(({ rule, conditions, permits }) => {
      const why = traceOf(conditions, this.#inquiry);
      const matched = why.every(({ holds }) => holds);
      const { name, deny } = rule;
      return { name, deny, matched, permits: matched && permits(this.#inquiry), why };
    });
    return this.#rules;
  }
}

function unjudged(code: Refusal['code'], facts: Facts): Evaluation {
  const nothing = { waiting: [], limits: [], rules: [], matched: [], delaySeconds: 0 };
  return { refusals: [refusal(code, facts)], ...nothing };
}

interface Opening {
  readonly at: Seconds;
  /** The rules that match then. */
  readonly hits: readonly CompiledRule[];
}

/**
 * The next time at which the hours alone make the rules allow what they refuse now: all else is held as it is judged
 * now. Undefined when the hours are not what stands in the way: then "no" is final.
 */
function findOpening(
  { zone }: PolicyBody,
  compiled: Compiled,
  inquiry: Inquiry,
  now: Seconds,
): Opening | undefined {
  if (zone === null) return undefined;
  const near = compiled.rules.filter(({ conditions }) =>
    conditions.every(({ condition, holds }) => condition === 'hours' || holds(inquiry)),
  );
  const named = near.flatMap(({ rule }) => rule.when.hours ?? []);
  if (named.length === 0) return undefined;
  for (const at of hourChanges(zone, named, now)) {
    const local = localTime(zone, at);
    if (local === undefined) return undefined;
    const hits = near.filter(
      ({ rule: { when } }) => when.hours === null || hoursHold(when.hours, local),
    );
    if (hitRefusals(compiled, hits, inquiry).length === 0) return { at, hits };
  }
  return undefined;
}

/** What the rules that match say against a spend. */
function hitRefusals(
  compiled: Compiled,
  hits: readonly CompiledRule[],
  inquiry: Inquiry,
): readonly Refusal[] {
  const byRules = ruleRefusals(compiled, hits, inquiry);
  // Nearly never is there a strange output.
  return inquiry.outputKinds.length === 0
    ? byRules
    : [...byRules, ...outputRefusals(hits, inquiry)];
}

/** What makes the facts unusable, or null. A wrong sum would judge another spend than the one signed. */
function inconsistency(facts: SpendFacts, usage: Usage, now: Seconds): string | null {
  if (!Number.isSafeInteger(now) || now < 0) return 'the time is not whole seconds';
  if (!Number.isSafeInteger(facts.vbytes) || facts.vbytes < 1) return 'the size is no size';
  if (facts.initiator === '') return 'no initiator';
  return contradicts(facts) ? 'the amount is not the sum of the payments' : usage.flaw;
}

function ruleRefusals(
  compiled: Compiled,
  hits: readonly CompiledRule[],
  inquiry: Inquiry,
): readonly Refusal[] {
  if (compiled.rules.length === 0) return [refusal('policy.rules.empty', {})];
  if (!hits.some(({ rule, permits }) => rule.deny || permits(inquiry)))
    return [refusal('policy.none.matched', {})];
  const found: Refusal[] = [];
  for (const { rule, isQuorumZero } of hits) {
    if (rule.deny) found.push(refusal('policy.denied', { rule: rule.name }));
    else if (isQuorumZero) found.push(refusal('policy.quorum.zero', { rule: rule.name }));
  }
  return found;
}

/** Each strange kind of output needs a rule that permits and names it. A deny that names it denies anyway. */
function outputRefusals(hits: readonly CompiledRule[], inquiry: Inquiry): readonly Refusal[] {
  const named = new Set(
    hits.flatMap(({ rule, permits }) => (permits(inquiry) ? (rule.when.outputs?.any ?? []) : [])),
  );
  return inquiry.outputKinds
    .filter((kind) => !named.has(kind))
    .map((kind) => refusal('policy.output.unnamed', { kind }));
}

function feeRefusals(policy: PolicyBody, facts: SpendFacts): Refusal[] {
  const { rateSatPerVbyte, sharePerMille, selfSats } = policy.fees;
  const { vbytes } = facts;
  const found: Refusal[] = [];
  const fee = Number(facts.feeSats);
  const amount = Number(facts.amountSats);
  if (rateSatPerVbyte !== null && isProductLarger(fee, 1, rateSatPerVbyte, vbytes))
    found.push(refusal('policy.fee.exceeded', { cap: 'rate', most: rateSatPerVbyte, fee, vbytes }));
  if (facts.payments.length === 0) {
    if (fee > selfSats)
      found.push(refusal('policy.fee.exceeded', { cap: 'self', most: selfSats, fee }));
  } else if (sharePerMille !== null && isProductLarger(fee, 1_000, sharePerMille, amount)) {
    found.push(refusal('policy.fee.exceeded', { cap: 'share', most: sharePerMille, fee, amount }));
  }
  return found;
}

/** Whether a·b > c·d, of integers, so that nothing is rounded. */
function isProductLarger(a: number, b: number, c: number, d: number): boolean {
  const one = a * b;
  const other = c * d;
  return Number.isSafeInteger(one) && Number.isSafeInteger(other)
    ? one > other
    : BigInt(a) * BigInt(b) > BigInt(c) * BigInt(d);
}

interface Exceeded {
  readonly refusal: Refusal;
  /** What is more than the whole limit: no window ever holds it. */
  readonly isFinal: boolean;
}

/** What a limit says against a spend under one of its keys, or null. */
function limitRefusal(limit: Limit, found: Asked, usage: Usage, now: Seconds): Exceeded | null {
  const { key, asked } = found;
  const { spent, reserved } = found.held;
  const { name, measure, of, windowSeconds } = limit;
  const most = limit.here ?? limit.most;
  const excess = spent + reserved + asked - most;
  if (excess <= 0) return null;
  const isFinal = asked > most;
  const fitsAt = isFinal ? null : usage.freedAt(limit, key, excess, now);
  const facts = {
    ...{ limit: name, measure, of, key, windowSeconds, most, spent, reserved, asked },
    fitsAt: fitsAt === null ? null : formatTime(fitsAt),
  };
  const code = measure === 'fee' ? 'policy.fee.budget' : 'policy.limit.exceeded';
  return { refusal: refusal(code, facts), isFinal };
}

function refusal(code: Refusal['code'], facts: Facts): Refusal {
  return refuse(code, facts).refusal;
}
