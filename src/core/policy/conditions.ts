import { assert } from '../base/assert.ts';
import type { Facts } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import type {
  AmountCondition,
  DestinationCondition,
  DestinationTerm,
  HoursCondition,
  InitiatorTerm,
  OutputCondition,
  OutputKind,
  When,
} from './body.ts';
import { outputKinds } from './body.ts';
import type { LocalTime } from './hours.ts';
import { formatMinute, formatSpan, hoursHold } from './hours.ts';
import type { Movement, Payment, UsageRecord } from './usage.ts';
import { measured, scopeKeys, windowUse } from './usage.ts';

/** A spend as the policy sees it: made from the bytes of the transaction and the address book, from nothing declared. */
export interface SpendFacts extends Movement {
  /** Virtual size of the signed transaction at its largest, in vbytes. */
  readonly vbytes: number;
  /** The groups in which the initiator stands. */
  readonly initiatorGroups: readonly string[];
  /** Whether the proposal names a ticket. */
  readonly hasReference: boolean;
}

/** What conditions are judged at beside the spend. */
export interface Moment {
  readonly usage: readonly UsageRecord[];
  readonly now: Seconds;
  /** In the policy's zone; null when no rule of the policy names hours. */
  readonly local: LocalTime | null;
}

/** One condition of a rule and how it was decided. */
export interface ConditionTrace {
  readonly condition: keyof When;
  readonly holds: boolean;
  readonly facts: Facts;
}

/**
 * Every condition of a rule that says something, decided for a spend; the rule matches when all hold (design 4,
 * points 3 to 5 and 18). `payments` always says something: a spend without payments matches only rules with
 * `payments: none`. Tags and owners of inert destinations hold too: who judges a rule that permits takes them out
 * before. Requires a local time when the rule names hours.
 */
export function judgeConditions(
  when: When,
  spend: SpendFacts,
  moment: Moment,
): readonly ConditionTrace[] {
  const { amount, destinations, outputs, initiator, hours, reference } = when;
  const traces = [judgePayments(when.payments, spend)];
  if (amount !== null) traces.push(judgeAmount(amount, spend, moment));
  if (destinations !== null) traces.push(judgeDestinations(destinations, spend));
  if (outputs !== null) traces.push(judgeOutputs(outputs, spend));
  if (initiator !== null) traces.push(judgeInitiator(initiator.any, spend));
  if (hours !== null) traces.push(judgeHours(hours, moment.local));
  if (reference !== null) traces.push(judgeReference(reference, spend));
  return traces;
}

function judgePayments(asks: When['payments'], spend: SpendFacts): ConditionTrace {
  const payments = spend.payments.length;
  const holds = asks === 'none' ? payments === 0 : payments > 0;
  return { condition: 'payments', holds, facts: { asks, payments } };
}

function judgeAmount(asked: AmountCondition, spend: SpendFacts, moment: Moment): ConditionTrace {
  const { above, atMost } = asked;
  const amount = conditionAmount(asked, spend, moment.usage, moment.now);
  const holds = isBetween(amount, asked);
  return { condition: 'amount', holds, facts: { above, atMost, amount: Number(amount) } };
}

function judgeDestinations({ all, any }: DestinationCondition, spend: SpendFacts): ConditionTrace {
  const { payments } = spend;
  const holds =
    payments.length > 0 &&
    (all === null || payments.every((payment) => isOneOf(payment, all))) &&
    (any === null || payments.some((payment) => isOneOf(payment, any)));
  return { condition: 'destinations', holds, facts: { all, any } };
}

function judgeOutputs(asked: OutputCondition, spend: SpendFacts): ConditionTrace {
  const { any, above, atMost } = asked;
  const payments = spend.payments.length;
  const found = outputKindsOf(spend.payments);
  const holds =
    isBetween(payments, asked) && (any === null || found.some((kind) => any.includes(kind)));
  return { condition: 'outputs', holds, facts: { any, above, atMost, found, payments } };
}

function judgeInitiator(any: readonly InitiatorTerm[], spend: SpendFacts): ConditionTrace {
  const { initiator, initiatorGroups: groups } = spend;
  const is: readonly string[] = [`member:${initiator}`, ...groups.map((group) => `group:${group}`)];
  const holds = any.some((term) => is.includes(term));
  return { condition: 'initiator', holds, facts: { any, initiator, groups } };
}

function judgeHours(asked: HoursCondition, local: LocalTime | null): ConditionTrace {
  assert(local !== null, 'a policy whose rules name hours is judged at a local time');
  const facts = {
    is: asked.is,
    spans: asked.spans.map(formatSpan),
    local: `${local.weekday} ${formatMinute(local.minute)}`,
  };
  return { condition: 'hours', holds: hoursHold(asked, local), facts };
}

function judgeReference(asks: 'present' | 'absent', spend: SpendFacts): ConditionTrace {
  const holds = spend.hasReference === (asks === 'present');
  return { condition: 'reference', holds, facts: { asks, present: spend.hasReference } };
}

/** `above < value <= atMost`: exactly `atMost` holds, exactly `above` does not (design 4, point 3). */
function isBetween(
  value: bigint | number,
  { above, atMost }: { readonly above: number | null; readonly atMost: number | null },
): boolean {
  return (above === null || value > above) && (atMost === null || value <= atMost);
}

/** This spend plus what the window holds; of several keys the largest sum, 0 without any. */
function conditionAmount(
  condition: AmountCondition,
  spend: Movement,
  usage: readonly UsageRecord[],
  now: Seconds,
): bigint {
  const { of, windowSeconds } = condition;
  let largest = 0n;
  for (const key of scopeKeys(of, spend)) {
    const { spent, reserved } = windowUse('amount', { of, key, windowSeconds }, usage, now);
    const sum = spent + reserved + measured('amount', { of, key }, spend);
    if (sum > largest) largest = sum;
  }
  return largest;
}

function isOneOf(payment: Payment, terms: readonly DestinationTerm[]): boolean {
  return terms.some((term) => isTerm(payment, term));
}

function isTerm(payment: Payment, term: DestinationTerm): boolean {
  const { destination, inert = null } = payment;
  if (term === 'unlisted') return destination === null;
  if (term === 'listed') return destination !== null;
  const value = term.slice(term.indexOf(':') + 1);
  const said = destination ?? inert;
  if (said === null) return false;
  return term.startsWith('tag:') ? said.tags.includes(value) : said.owner === value;
}

/** The kinds of output among payments that are refused unless a rule names them (design 4, point 4). */
export function outputKindsOf(payments: readonly Payment[]): readonly OutputKind[] {
  return outputKinds.filter((kind) => payments.some((payment) => isOutputKind(payment, kind)));
}

function isOutputKind(payment: Payment, kind: OutputKind): boolean {
  switch (kind) {
    case 'data-value':
      return payment.script.startsWith('6a') && payment.sats > 0n;
    case 'zero-value':
      return payment.sats === 0n;
    case 'witness-unknown':
      return isUnknownWitness(payment.script);
  }
}

/**
 * A witness program (BIP 141: OP_0 or OP_1 to OP_16, then one push of 2 to 40 bytes) other than P2WPKH, P2WSH and P2TR
 * (BIP 341). Pay-to-anchor counts as unknown: anybody can take its value.
 */
function isUnknownWitness(script: string): boolean {
  const program = /^(00|5[1-9a-f]|60)([0-9a-f]{2})((?:[0-9a-f]{2})*)$/.exec(script);
  if (program === null) return false;
  const [, version = '', push = '', body = ''] = program;
  const length = parseInt(push, 16);
  if (length < 2 || length > 40 || body.length !== length * 2) return false;
  if (version === '00') return length !== 20 && length !== 32;
  return version !== '51' || length !== 32;
}
