import { assert } from '../base/assert.ts';
import type { Facts } from '../base/result.ts';
import type {
  AmountCondition,
  DestinationCondition,
  HoursCondition,
  InitiatorTerm,
  OutputCondition,
  When,
} from './body.ts';
import type { LocalTime } from './hours.ts';
import { formatMinute, formatSpan, hoursHold } from './hours.ts';
import type { Moment, SpendFacts } from './inquiry.ts';
import { Inquiry, Questions } from './inquiry.ts';
import type { Hits } from './terms.ts';

export type { Moment, SpendFacts } from './inquiry.ts';

/** One condition of a rule and how it was decided. */
export interface ConditionTrace {
  readonly condition: keyof When;
  readonly holds: boolean;
  readonly facts: Facts;
}

/** A condition of a rule, made ready to be decided many times. */
export interface Condition {
  readonly condition: keyof When;
  readonly holds: (inquiry: Inquiry) => boolean;
  /**
   * Whether it holds by what permits alone, where that is not the same: what an address book says and has yet to cool,
   * or one of two books alone, denies and asks for approvals, and never permits (design 4, points 14 and 16).
   */
  readonly permits?: (inquiry: Inquiry) => boolean;
  /** What it was decided on. */
  readonly facts: (inquiry: Inquiry) => Facts;
}

/**
 * Every condition of a rule that says something; the rule matches when all hold (design 4, points 3 to 5 and 18).
 * `payments` always says something: a spend without payments matches only rules with `payments: none`. What they ask
 * is added to `questions`. Requires an inquiry of those, with a local time when the rule names hours.
 */
export function conditionsOf(when: When, questions: Questions): readonly Condition[] {
  const { amount, destinations, outputs, initiator, hours, reference } = when;
  const found = [onPayments(when.payments)];
  if (amount !== null) found.push(onAmount(amount, questions));
  if (destinations !== null) found.push(onDestinations(destinations, questions));
  if (outputs !== null) found.push(onOutputs(outputs));
  if (initiator !== null) found.push(onInitiator(initiator.any));
  if (hours !== null) found.push(onHours(hours));
  if (reference !== null) found.push(onReference(reference));
  return found;
}

/** The conditions of one rule alone. Who judges many spends compiles the policy. */
export function judgeConditions(
  when: When,
  spend: SpendFacts,
  moment: Moment,
): readonly ConditionTrace[] {
  const questions = new Questions();
  const conditions = conditionsOf(when, questions);
  return traceOf(conditions, new Inquiry(spend, questions, moment));
}

/** How each condition was decided. */
export function traceOf(
  conditions: readonly Condition[],
  inquiry: Inquiry,
): readonly ConditionTrace[] {
  return conditions.map(({ condition, holds, facts }) => ({
    condition,
    holds: holds(inquiry),
    facts: facts(inquiry),
  }));
}

function onPayments(asks: When['payments']): Condition {
  return {
    condition: 'payments',
    holds: ({ spend }) => (asks === 'none') === (spend.payments.length === 0),
    facts: ({ spend }) => ({ asks, payments: spend.payments.length }),
  };
}

/** This spend plus what the window holds; of several keys the largest sum, 0 without any. */
function onAmount(asked: AmountCondition, questions: Questions): Condition {
  const { above, atMost, of, windowSeconds } = asked;
  const span = questions.span({ measure: 'amount', of, windowSeconds });
  const amountOf = ({ windows }: Inquiry): number => {
    let largest = 0;
    for (const { asked: own, held } of windows[span] ?? [])
      largest = Math.max(largest, held.spent + held.reserved + own);
    return largest;
  };
  return {
    condition: 'amount',
    holds: (inquiry) => isBetween(amountOf(inquiry), asked),
    facts: (inquiry) => ({ above, atMost, amount: amountOf(inquiry) }),
  };
}

/** `all` and `any` are false on no payments. */
function onDestinations({ all, any }: DestinationCondition, questions: Questions): Condition {
  const inAll = all === null ? null : questions.terms.number(all);
  const inAny = any === null ? null : questions.terms.number(any);
  const isHit = (hits: Hits): boolean =>
    (inAll === null || hits.all.includes(inAll)) && (inAny === null || hits.any.includes(inAny));
  return {
    condition: 'destinations',
    holds: ({ spend, said }) => spend.payments.length > 0 && isHit(said),
    permits: ({ spend, permitted }) => spend.payments.length > 0 && isHit(permitted),
    facts: () => ({ all, any }),
  };
}

function onOutputs(asked: OutputCondition): Condition {
  const { any, above, atMost } = asked;
  return {
    condition: 'outputs',
    holds: ({ spend, outputKinds }) =>
      isBetween(spend.payments.length, asked) &&
      (any === null || outputKinds.some((kind) => any.includes(kind))),
    facts: ({ spend, outputKinds }) => ({
      any,
      above,
      atMost,
      found: outputKinds,
      payments: spend.payments.length,
    }),
  };
}

function onInitiator(any: readonly InitiatorTerm[]): Condition {
  const named = (what: 'member' | 'group'): ReadonlySet<string> =>
    new Set(any.filter((term) => term.startsWith(what)).map((term) => term.slice(what.length + 1)));
  const members = named('member');
  const groups = named('group');
  return {
    condition: 'initiator',
    holds: ({ spend }) =>
      members.has(spend.initiator) || spend.initiatorGroups.some((group) => groups.has(group)),
    facts: ({ spend }) => ({ any, initiator: spend.initiator, groups: spend.initiatorGroups }),
  };
}

function onHours(asked: HoursCondition): Condition {
  const localOf = ({ local }: Inquiry): LocalTime => {
    assert(local !== null, 'a policy whose rules name hours is judged at a local time');
    return local;
  };
  return {
    condition: 'hours',
    holds: (inquiry) => hoursHold(asked, localOf(inquiry)),
    facts: (inquiry) => {
      const { weekday, minute } = localOf(inquiry);
      const local = `${weekday} ${formatMinute(minute)}`;
      return { is: asked.is, spans: asked.spans.map(formatSpan), local };
    },
  };
}

function onReference(asks: 'present' | 'absent'): Condition {
  return {
    condition: 'reference',
    holds: ({ spend }) => spend.hasReference === (asks === 'present'),
    facts: ({ spend }) => ({ asks, present: spend.hasReference }),
  };
}

/** `above < value <= atMost`: exactly `atMost` holds, exactly `above` does not (design 4, point 3). */
function isBetween(
  value: number,
  { above, atMost }: { readonly above: number | null; readonly atMost: number | null },
): boolean {
  return (above === null || value > above) && (atMost === null || value <= atMost);
}
