import {
  ANALYSIS_PAYMENTS,
  ANALYSIS_SPENDS,
  ANALYSIS_TRIES,
  MAX_MONEY_SATS,
} from '../../base/limits.ts';
import { sats } from '../../base/sats.ts';
import type { Seconds } from '../../base/time.ts';
import type { PolicyBody } from '../body.ts';
import type { SpendFacts } from '../inquiry.ts';
import { hourChanges, localTime } from '../hours.ts';
import { least } from './covering.ts';
import { hoursConditions, hoursKey } from './forms.ts';
import { VBYTES_MOST, limitCaps, mostPaid } from './most-moved.ts';
import type { PayeeKind } from './payee-kinds.ts';
import type { Initiator, Mode } from './reach.ts';
import type { Wanted } from './largest-spend.ts';
import { largestSpend } from './largest-spend.ts';
import type { Passed } from './rehearsal.ts';
import { Rehearsal } from './rehearsal.ts';
import { Steps } from './steps.ts';

/** One spend of a plan: at a time, in somebody's name, approved by these. */
export interface ScheduledSpend {
  readonly at: Seconds;
  readonly facts: SpendFacts;
  readonly approvals: readonly string[];
}

/** Spends that were really judged one after the other, and what they move. */
export interface Attack {
  readonly sats: bigint;
  readonly schedule: readonly ScheduledSpend[];
}

export const noAttack: Attack = { sats: 0n, schedule: [] };

const paces = ['eager', 'bold', 'patient', 'thrifty'] as const;

/** How a plan goes about it. */
interface Plan {
  /** When the stretch begins. */
  readonly start: Seconds;
  /** No spend pays more. */
  readonly spendMost: bigint;
  /**
   * `eager` takes at once whatever it can, payments first and of small tiers first; `bold` the other way round. `patient` spends whole amounts only, until the end, so that no count is
   * wasted on a remainder or on a spend without payments. `thrifty` pays, until the end, no more than it takes to carry
   * the fees that there is room for, so that no room for fees is wasted.
   */
  readonly pace: (typeof paces)[number];
  /** One for each spend tried. */
  readonly steps: Steps;
}

/** What an attack starts from. */
export interface Target {
  readonly policy: PolicyBody;
  readonly initiators: readonly Initiator[];
  readonly seconds: number;
  /** What cannot be surpassed: the search ends there. */
  readonly most: bigint;
}

/**
 * The best plan found: every spend is judged by the policy itself with those before it in the windows, so what it moves
 * can be moved. A search without a promise to find the best there is; whoever asks about many hands in the tries that he
 * has for all.
 */
export function attack(target: Target, steps: Steps = new Steps(ANALYSIS_TRIES)): Attack {
  if (target.most >= MAX_MONEY_SATS) {
    const endless = endlessAttack(target);
    if (endless !== null) return endless;
  }
  let best = noAttack;
  const sizes = [MAX_MONEY_SATS, ...smallerSizes(target)];
  for (const start of startsOf(target.policy, target.seconds))
    for (const pace of paces)
      for (const spendMost of sizes) {
        const found = carryOut(target, { start, spendMost, pace, steps });
        if (found.sats > best.sats) best = found;
        if (best.sats >= target.most) return best;
      }
  return best;
}

/**
 * Amounts worth trying as the largest of one spend: the largest that may carry its whole share in fees, and the payments
 * of a window evenly over the spends that are counted in it.
 */
function smallerSizes({ policy, initiators }: Target): readonly bigint[] {
  const { rateSatPerVbyte: rate, sharePerMille: share } = policy.fees;
  const found: bigint[] = [];
  if (rate !== null && share !== null && share > 0)
    found.push((BigInt(rate) * BigInt(VBYTES_MOST) * 1_000n) / BigInt(share));
  for (const { windowSeconds, most } of limitCaps(policy, 'count', 'wallet')) {
    const paid = mostPaid(policy, initiators, windowSeconds);
    if (most > 0n && paid < MAX_MONEY_SATS) found.push((paid + most - 1n) / most);
  }
  return [...new Set(found)].filter((size) => size > 0n);
}

/**
 * Two spends, of which the second passes even when all bitcoin there will ever be has already gone where the first went:
 * nothing that it counts in holds it back, so it can be repeated for ever.
 */
function endlessAttack({ policy, initiators, seconds }: Target): Attack | null {
  const isCounted = policy.limits.some(
    ({ measure, of }) => measure === 'count' && of !== 'destination',
  );
  for (const at of startsOf(policy, seconds))
    for (const { initiator, mode } of modesAt(policy, initiators, at)) {
      const rehearsal = new Rehearsal(policy, payeesOf(initiators));
      const wanted = { initiator, mode, at, spendMost: MAX_MONEY_SATS, size: 'any' } as const;
      const first = largestSpend(rehearsal, wanted);
      if (first === null) continue;
      if (worthOf(first.facts) >= MAX_MONEY_SATS) return endless([first], at);
      rehearsal.take(first.facts, at);
      const second = isCounted ? null : largestSpend(rehearsal, wanted);
      if (second === null) continue;
      const again = repeatable(rehearsal, { first: first.facts, second: second.facts }, wanted);
      if (again !== null) return endless([first, again], at);
    }
  return null;
}

function endless(spends: readonly Passed[], at: Seconds): Attack {
  return { sats: MAX_MONEY_SATS, schedule: spends.map((spend) => ({ at, ...spend })) };
}

/**
 * The second spend, if it passes still when what it adds to holds everything already: the payments, which it then makes
 * without a fee, or, when it makes none, the fees.
 */
function repeatable(
  rehearsal: Rehearsal,
  { first, second }: { readonly first: SpendFacts; readonly second: SpendFacts },
  { initiator, at }: Wanted,
): Passed | null {
  const all = sats(MAX_MONEY_SATS);
  if (second.amountSats === 0n) {
    rehearsal.take({ ...first, payments: [], amountSats: sats(0), feeSats: all }, at);
    return rehearsal.judge(second, initiator.voices, at);
  }
  const payments = first.payments.slice(0, 1).map((payment) => ({ ...payment, sats: all }));
  rehearsal.take({ ...first, payments, amountSats: all, feeSats: sats(0) }, at);
  return rehearsal.judge({ ...second, feeSats: sats(0) }, initiator.voices, at);
}

/** Everything that hours allow now. */
function modesAt(
  policy: PolicyBody,
  initiators: readonly Initiator[],
  at: Seconds,
): readonly { readonly initiator: Initiator; readonly mode: Mode }[] {
  const local = policy.zone === null ? undefined : localTime(policy.zone, at);
  const key = hoursKey(hoursConditions(policy), local ?? null);
  return initiators.flatMap((initiator) =>
    initiator.modes
      .filter(({ form }) => form.isKnown && form.hours === key)
      .map((mode) => ({ initiator, mode })),
  );
}

function payeesOf(initiators: readonly Initiator[]): readonly PayeeKind[] {
  const pays = initiators.flatMap(({ modes }) => modes.flatMap(({ form }) => form.pays));
  return [...new Set(pays)];
}

function carryOut(target: Target, { start, spendMost, pace, steps }: Plan): Attack {
  const { policy, initiators, seconds, most } = target;
  const rehearsal = new Rehearsal(policy, payeesOf(initiators));
  const schedule: ScheduledSpend[] = [];
  let moved = 0n;
  let payments = 0;
  const spendAll = (at: Seconds, isLast: 'last' | 'on'): void => {
    const open = modesAt(policy, initiators, at)
      .map((one) => ({ ...one, room: rehearsal.room(one.mode, one.initiator.id, at) }))
      .sort((a, b) => rank(a) - rank(b) || compare(a.room, b.room));
    if (pace === 'bold') open.reverse();
    for (const { initiator, mode } of open) {
      const size = isLast === 'last' ? 'any' : sizeOf[pace];
      if (size === 'whole' && mode.form.paymentsMost === 0) continue;
      while (schedule.length < ANALYSIS_SPENDS && payments < ANALYSIS_PAYMENTS) {
        if (moved >= most || !steps.take(1)) return;
        const spend = largestSpend(rehearsal, { initiator, mode, at, spendMost, size });
        if (spend === null) break;
        rehearsal.take(spend.facts, at);
        schedule.push({ at, ...spend });
        moved += worthOf(spend.facts);
        payments += spend.facts.payments.length;
      }
    }
  };
  const end = start + seconds;
  for (const at of times(policy, { start, seconds }, schedule)) spendAll(at, 'on');
  const last = schedule.at(-1)?.at;
  if (sizeOf[pace] !== 'any') {
    if (last !== undefined) spendAll(last, 'last');
    spendAll(end - 1, 'last');
  }
  return { sats: least(moved), schedule };
}

const sizeOf = { eager: 'any', bold: 'any', patient: 'whole', thrifty: 'forFee' } as const;

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Payments before spends without any. */
function rank({ mode }: { readonly mode: Mode }): number {
  return mode.form.paymentsMost > 0 ? 0 : 1;
}

function worthOf({ amountSats, feeSats }: SpendFacts): bigint {
  return amountSats + feeSats;
}

/**
 * The times within the stretch at which something may have become possible: its start, what frees up by the spends made
 * so far, and changes of hours. Asked for one by one, while the schedule grows.
 */
function* times(
  policy: PolicyBody,
  { start, seconds }: { readonly start: Seconds; readonly seconds: number },
  schedule: readonly ScheduledSpend[],
): Generator<Seconds, undefined> {
  const windows = windowsOf(policy);
  const changes = policy.zone === null ? [] : [...changesWithin(policy, start, seconds)];
  const waiting = new Set<Seconds>([start, ...changes]);
  let seen = 0;
  for (let turn = 0; turn < ANALYSIS_SPENDS * 2; turn++) {
    for (; seen < schedule.length; seen++)
      for (const window of windows) {
        const at = (schedule[seen]?.at ?? start) + window;
        if (at < start + seconds) waiting.add(at);
      }
    let next: Seconds | undefined;
    for (const at of waiting) if (next === undefined || at < next) next = at;
    if (next === undefined || schedule.length >= ANALYSIS_SPENDS) return undefined;
    waiting.delete(next);
    yield next;
  }
  return undefined;
}

/** Every window that a limit or a condition names. */
function windowsOf({ limits, rules }: PolicyBody): readonly number[] {
  const named = [
    ...limits.map((limit) => limit.windowSeconds),
    ...rules.map(({ when }) => when.amount?.windowSeconds ?? null),
  ];
  return [...new Set(named)].filter((window) => window !== null);
}

/**
 * When to begin: any time is as good as another, but where hours are named, when they change in some week, and right
 * before.
 */
function startsOf(policy: PolicyBody, seconds: number): readonly Seconds[] {
  const { zone } = policy;
  if (zone === null) return [0];
  const room = seconds + 2 * WEEK;
  const from = zone.offsets.findLast((offset) => offset.from + room < zone.until)?.from ?? 0;
  const changes = [...changesWithin(policy, from, WEEK)];
  return [from, ...changes.flatMap((at) => [at, at - 1])];
}

const WEEK = 7 * 86_400;

function* changesWithin(
  policy: PolicyBody,
  start: Seconds,
  seconds: number,
): Generator<Seconds, undefined> {
  const { zone } = policy;
  const conditions = hoursConditions(policy);
  let after = start;
  for (let turn = 0; zone !== null && turn < ANALYSIS_SPENDS; turn++) {
    const next = hourChanges(zone, conditions, after).next();
    if (next.done === true || next.value >= start + seconds) return undefined;
    yield next.value;
    after = next.value;
  }
  return undefined;
}
