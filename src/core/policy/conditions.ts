import type { Facts } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import type { AmountCondition, DestinationTerm, OutputKind, When } from './body.ts';
import { outputKinds } from './body.ts';
import type { Movement, Payment, UsageRecord } from './usage.ts';
import { measured, scopeKeys, windowUse } from './usage.ts';

/** One condition of a rule and how it was decided. */
export interface ConditionTrace {
  readonly condition: 'payments' | 'amount' | 'destinations' | 'outputs';
  readonly holds: boolean;
  readonly facts: Facts;
}

/**
 * Every condition of a rule that says something, decided for a spend; the rule matches when all hold (design 4,
 * points 3 to 5). `payments` always says something: a spend without payments matches only rules with `payments: none`.
 * Tags and owners of inert destinations hold too: who judges a rule that permits takes them out before.
 */
export function judgeConditions(
  when: When,
  spend: Movement,
  usage: readonly UsageRecord[],
  now: Seconds,
): readonly ConditionTrace[] {
  const count = spend.payments.length;
  const traces: ConditionTrace[] = [
    {
      condition: 'payments',
      holds: when.payments === 'none' ? count === 0 : count > 0,
      facts: { asks: when.payments, payments: count },
    },
  ];
  if (when.amount !== null) {
    const amount = conditionAmount(when.amount, spend, usage, now);
    const { above, atMost } = when.amount;
    const holds = (above === null || amount > above) && (atMost === null || amount <= atMost);
    traces.push({ condition: 'amount', holds, facts: { above, atMost, amount: Number(amount) } });
  }
  if (when.destinations !== null) {
    const { all, any } = when.destinations;
    const holds =
      count > 0 &&
      (all === null || spend.payments.every((payment) => isOneOf(payment, all))) &&
      (any === null || spend.payments.some((payment) => isOneOf(payment, any)));
    traces.push({ condition: 'destinations', holds, facts: { all, any } });
  }
  if (when.outputs !== null) {
    const named = when.outputs.any;
    const found = outputKindsOf(spend.payments);
    const holds = named === null || found.some((kind) => named.includes(kind));
    traces.push({ condition: 'outputs', holds, facts: { any: named, found } });
  }
  return traces;
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
