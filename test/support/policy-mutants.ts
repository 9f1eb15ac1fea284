import type { Clause, Leaf, Limit, PolicyBody, Rule, When } from '../../src/core/policy/body.ts';

/** A policy with one thing in it changed by the least there is. */
export interface Mutant {
  readonly change: string;
  readonly policy: PolicyBody;
}

/**
 * Every policy that differs from this one by one sat, second, minute, person, kind, payment, term, condition, rule or
 * limit. A table of cases that is complete tells each of them from the policy. Not changed: how long approvals hold,
 * which a spend file does not tell, and what is asserted.
 */
export function* mutantsOf(policy: PolicyBody): Generator<Mutant> {
  for (const [i, limit] of policy.limits.entries())
    for (const [change, one] of limitMutants(limit))
      yield {
        change: `limit ${limit.name}: ${change}`,
        policy: { ...policy, limits: replaced(policy.limits, i, one) },
      };
  for (const [i, rule] of policy.rules.entries())
    for (const [change, one] of ruleMutants(rule))
      yield {
        change: `rule ${rule.name}: ${change}`,
        policy: { ...policy, rules: replaced(policy.rules, i, one) },
      };
  for (const key of ['rateSatPerVbyte', 'sharePerMille', 'selfSats'] as const) {
    const cap = policy.fees[key];
    if (cap === null) continue;
    for (const value of around(cap))
      yield {
        change: `fees ${key} ${value}`,
        policy: { ...policy, fees: { ...policy.fees, [key]: value } },
      };
  }
  const screening = policy.screening === null ? 'required' : null;
  yield { change: `screening ${String(screening)}`, policy: { ...policy, screening } };
  for (const signSeconds of around(policy.expires.signSeconds))
    yield {
      change: `sign within ${signSeconds} s`,
      policy: { ...policy, expires: { ...policy.expires, signSeconds } },
    };
}

type Change<T> = readonly [string, T | null];

function replaced<T>(list: readonly T[], at: number, one: T | null): readonly T[] {
  return list.flatMap((item, i) => (i === at ? (one === null ? [] : [one]) : [item]));
}

function around(value: number): readonly number[] {
  return value === 0 ? [1] : [value - 1, value + 1];
}

function* limitMutants(limit: Limit): Generator<Change<Limit>> {
  yield ['removed', null];
  for (const most of around(limit.most)) yield [`of ${most}`, { ...limit, most }];
  const { windowSeconds, of } = limit;
  if (windowSeconds !== null)
    for (const length of around(windowSeconds))
      yield [`in ${length} s`, { ...limit, windowSeconds: length }];
  if (of !== 'wallet') yield ['of the wallet', { ...limit, of: 'wallet', here: null }];
}

function* ruleMutants(rule: Rule): Generator<Change<Rule>> {
  yield ['removed', null];
  for (const [change, when] of whenMutants(rule.when)) yield [change, { ...rule, when }];
  if (rule.deny) return;
  const { approvals, delaySeconds } = rule.require;
  for (const delay of around(delaySeconds))
    yield [`delay of ${delay} s`, { ...rule, require: { approvals, delaySeconds: delay } }];
  for (const [change, clause] of clauseMutants(approvals))
    if (clause !== null) yield [change, { ...rule, require: { approvals: clause, delaySeconds } }];
}

function* clauseMutants(clause: Clause): Generator<Change<Clause>> {
  if ('from' in clause) {
    yield* leafMutants(clause);
    return;
  }
  const [key, parts] =
    'all' in clause ? (['all', clause.all] as const) : (['any', clause.any] as const);
  const made = (list: readonly Clause[]): Clause => (key === 'all' ? { all: list } : { any: list });
  for (const [i, part] of parts.entries()) {
    if (parts.length > 1) yield [`without part ${i}`, made(replaced(parts, i, null))];
    for (const [change, one] of clauseMutants(part))
      if (one !== null) yield [change, made(replaced(parts, i, one))];
  }
}

function* leafMutants(leaf: Leaf): Generator<Change<Leaf>> {
  for (const atLeast of around(leaf.atLeast))
    yield [`${atLeast} of ${leaf.from}`, { ...leaf, atLeast }];
  const { kinds } = leaf;
  if (kinds === null) return;
  yield [`${leaf.from} by any kind`, { ...leaf, kinds: null }];
  for (const kind of kinds)
    if (kinds.length > 1)
      yield [
        `${leaf.from} not by ${kind}`,
        { ...leaf, kinds: kinds.filter((one) => one !== kind) },
      ];
}

function* whenMutants(when: When): Generator<readonly [string, When]> {
  for (const key of [
    'amount',
    'destinations',
    'outputs',
    'initiator',
    'hours',
    'reference',
  ] as const)
    if (when[key] !== null) yield [`whatever the ${key}`, { ...when, [key]: null }];
  yield [
    'payments the other way',
    { ...when, payments: when.payments === 'some' ? 'none' : 'some' },
  ];
  yield* boundMutants(when, 'amount');
  yield* boundMutants(when, 'outputs');
  const { amount, destinations, outputs, initiator, hours, reference } = when;
  if (amount !== null && amount.windowSeconds !== null)
    for (const windowSeconds of around(amount.windowSeconds))
      yield [`amount in ${windowSeconds} s`, { ...when, amount: { ...amount, windowSeconds } }];
  for (const key of ['all', 'any'] as const)
    for (const [change, terms] of fewer(destinations?.[key] ?? []))
      if (destinations !== null)
        yield [`${key} ${change}`, { ...when, destinations: { ...destinations, [key]: terms } }];
  for (const [change, any] of fewer(outputs?.any ?? []))
    if (outputs !== null) yield [`outputs ${change}`, { ...when, outputs: { ...outputs, any } }];
  for (const [change, any] of fewer(initiator?.any ?? []))
    yield [change, { ...when, initiator: { any } }];
  if (reference !== null)
    yield [
      'reference the other way',
      { ...when, reference: reference === 'present' ? 'absent' : 'present' },
    ];
  if (hours !== null)
    for (const [i, span] of hours.spans.entries())
      for (const [change, one] of spanMutants(span))
        yield [change, { ...when, hours: { ...hours, spans: replaced(hours.spans, i, one) } }];
}

function* boundMutants(when: When, key: 'amount' | 'outputs'): Generator<readonly [string, When]> {
  const condition = when[key];
  if (condition === null) return;
  for (const bound of ['above', 'atMost'] as const) {
    const value = condition[bound];
    if (value === null) continue;
    for (const next of around(value))
      yield [`${key} ${bound} ${next}`, { ...when, [key]: { ...condition, [bound]: next } }];
  }
}

/** The list without each of its items, where others are left. */
function* fewer<T extends string>(list: readonly T[]): Generator<readonly [string, readonly T[]]> {
  if (list.length > 1)
    for (const item of list) yield [`without ${item}`, list.filter((one) => one !== item)];
}

type Span = NonNullable<When['hours']>['spans'][number];

function* spanMutants(span: Span): Generator<readonly [string, Span]> {
  for (const key of ['fromMinute', 'toMinute'] as const)
    for (const minute of around(span[key])) yield [`${key} ${minute}`, { ...span, [key]: minute }];
  for (const [change, days] of fewer(span.days)) yield [change, { ...span, days }];
}
