import fc from 'fast-check';
import type { DeviceKind } from '../../src/core/approval/device-kind.ts';
import type { AnalysedMember, BookEntry, Setting } from '../../src/core/policy/analyse/setting.ts';
import type {
  Clause,
  DestinationTerm,
  HoursCondition,
  Limit,
  OutputKind,
  PolicyBody,
  Rule,
  When,
} from '../../src/core/policy/body.ts';

/** Pairs of settings that are compared, small enough that their spends meet thresholds often. */

// Small numbers, few people and few windows, so that spends meet thresholds often.
export const small = fc.integer({ min: 0, max: 12 });
const windows = fc.constantFrom(null, 3, 10, 30);
const term = fc.constantFrom<DestinationTerm>('listed', 'unlisted', 'tag:vip', 'owner:a');
const termList = fc.option(fc.uniqueArray(term, { minLength: 1, maxLength: 2 }), { nil: null });
const scope = fc.constantFrom('wallet' as const, 'destination' as const, 'initiator' as const);
const kinds: readonly OutputKind[] = ['data-value', 'witness-unknown', 'zero-value'];
const rarely = <T>(found: fc.Arbitrary<T>, times = 4): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: times, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: found });

export const limit: fc.Arbitrary<Limit> = fc
  .record({
    name: fc.constantFrom('x', 'y'),
    measure: fc.constantFrom<Limit['measure']>('amount', 'amount', 'count', 'fee'),
    most: fc.integer({ min: 0, max: 30 }),
    windowSeconds: windows,
    of: fc.constantFrom<Limit['of']>('wallet', 'destination', 'initiator', 'organisation'),
  })
  .map((rest) => ({
    ...rest,
    most: rest.measure === 'count' ? rest.most % 5 : rest.most,
    windowSeconds: rest.measure === 'count' ? (rest.windowSeconds ?? 5) : rest.windowSeconds,
    of: rest.measure === 'fee' && rest.of === 'destination' ? ('wallet' as const) : rest.of,
  }))
  .map((rest) => ({
    ...rest,
    here: rest.of === 'organisation' ? Math.floor(rest.most / 2) : null,
  }));

const hours: fc.Arbitrary<HoursCondition> = fc.record({
  is: fc.constantFrom('within' as const, 'outside' as const),
  spans: fc.constantFrom(
    [{ days: ['mon' as const, 'tue' as const], fromMinute: 540, toMinute: 1080 }],
    [{ days: ['sun' as const], fromMinute: 0, toMinute: 1440 }],
  ),
});

export const when: fc.Arbitrary<When> = fc.record({
  payments: fc.constantFrom('some' as const, 'some' as const, 'some' as const, 'none' as const),
  amount: fc
    .option(
      fc.record({
        above: fc.option(small, { nil: null, freq: 2 }),
        atMost: fc.option(small, { nil: null, freq: 3 }),
        windowSeconds: windows,
        of: scope,
      }),
      { nil: null, freq: 2 },
    )
    .map((found) => (found?.above === null && found.atMost === null ? null : found)),
  destinations: fc
    .option(
      fc.record({
        all: termList,
        any: fc.option(fc.uniqueArray(term, { minLength: 1, maxLength: 2 }), { nil: null }),
      }),
      { nil: null, freq: 1 },
    )
    .map((found) => (found?.all === null && found.any === null ? null : found)),
  outputs: rarely(
    fc.oneof(
      fc.record({
        any: fc.uniqueArray(fc.constantFrom(...kinds), { minLength: 1, maxLength: 2 }),
        above: fc.constant(null),
        atMost: fc.constant(null),
      }),
      fc.record({
        any: fc.constant(null),
        above: fc.constantFrom(null, 0, 1, 2),
        atMost: fc.constantFrom(1, 2, 3),
      }),
    ),
  ),
  initiator: rarely(
    fc.record({
      any: fc.constantFrom(
        ['member:ann' as const],
        ['group:ops' as const],
        ['member:bot' as const, 'group:t' as const],
      ),
    }),
  ),
  hours: rarely(hours, 8),
  reference: rarely(fc.constantFrom('present' as const, 'absent' as const), 8),
});

const leaf = fc.record({
  from: fc.constantFrom('t', 'c', 'ops'),
  atLeast: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 2 }) },
    { weight: 1, arbitrary: fc.constant(0) },
  ),
  kinds: rarely(fc.constantFrom<DeviceKind[]>(['psbt'], ['secp256k1', 'psbt'], ['webauthn']), 2),
});
const clause: fc.Arbitrary<Clause> = fc.oneof(
  { weight: 3, arbitrary: leaf },
  { weight: 1, arbitrary: fc.record({ all: fc.array(leaf, { minLength: 1, maxLength: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ any: fc.array(leaf, { minLength: 1, maxLength: 2 }) }) },
);
const rule: fc.Arbitrary<Rule> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      name: fc.constantFrom('p', 'q', 'r', 's'),
      when,
      deny: fc.constant(false as const),
      require: fc.record({ approvals: clause, delaySeconds: fc.constantFrom(0, 0, 0, 5, 9) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      name: fc.constantFrom('d', 'e'),
      when,
      deny: fc.constant(true as const),
      require: fc.constant(null),
    }),
  },
);

/** Matches every payment, so that the other rules and limits decide. */
const openRule = (approvals: Clause): Rule => ({
  name: 'o',
  when: {
    payments: 'some',
    amount: null,
    destinations: null,
    outputs: null,
    initiator: null,
    hours: null,
    reference: null,
  },
  deny: false,
  require: { approvals, delaySeconds: 0 },
});

const utc = { version: '2026a', offsets: [{ from: 0, seconds: 0 }], until: 2_000_000_000 };
const moving = {
  version: '2026b',
  offsets: [
    { from: 0, seconds: 3_600 },
    { from: 1_950_000_000, seconds: 7_200 },
  ],
  until: 2_100_000_000,
};
export const policy: fc.Arbitrary<PolicyBody> = fc
  .record({
    wallet: fc.constant('hot-1'),
    timezone: fc.constant('UTC'),
    zone: fc.constantFrom(utc, utc, moving),
    assert: fc.constant([]),
    screening: rarely(fc.constant('required' as const)),
    limits: fc.array(limit, { maxLength: 3 }),
    fees: fc.record({
      rateSatPerVbyte: rarely(fc.integer({ min: 1, max: 6 }), 2),
      sharePerMille: rarely(fc.constantFrom(0, 100, 500, 1_000), 2),
      selfSats: small,
    }),
    expires: fc.record({
      approveSeconds: fc.constantFrom(100, 100, 100, 101),
      signSeconds: fc.constantFrom(100, 100, 100, 95),
    }),
    rules: fc.array(rule, { maxLength: 3 }),
    open: fc.option(clause, { nil: null, freq: 3 }),
  })
  .map(({ open, ...body }) => ({
    ...body,
    rules: open === null ? body.rules : [...body.rules, openRule(open)],
  }))
  .map((body) => ({
    ...body,
    zone: body.rules.some((one) => one.when.hours !== null) ? body.zone : null,
  }));

const member = (id: string) =>
  fc.record({
    id: fc.constant(id),
    groups: fc.oneof(fc.constant(['t', 'c', 'ops']), fc.subarray(['t', 'c', 'ops'])),
    kinds: fc.subarray<DeviceKind>(['secp256k1', 'psbt'], { minLength: 1 }),
    operators: fc.constant(id === 'bot' ? ['ann'] : null),
  });
const members: fc.Arbitrary<readonly AnalysedMember[]> = fc
  .tuple(member('ann'), member('ben'), member('cat'), member('bot'))
  .chain((all) => fc.subarray(all, { minLength: 3 }));

export const scripts = ['00', '01', '02', '03', '6a01'].map((end) =>
  end.startsWith('6a') ? end : `0014${end.repeat(20)}`,
);
const book: fc.Arbitrary<readonly BookEntry[]> = fc.subarray(scripts).chain((chosen) =>
  fc.tuple(
    ...chosen.map((script) =>
      fc.record({
        script: fc.constant(script),
        owner: fc.constantFrom('a', 'b', 'b'),
        tags: fc.constantFrom([], [], ['vip'], ['other']),
      }),
    ),
  ),
);

export const setting: fc.Arbitrary<Setting> = fc.record({
  members,
  initiators: fc.constantFrom(['ops'], ['t', 'ops'], ['t', 'c', 'ops']),
  policy,
  book: fc.option(book, { nil: null }),
});

type Change = (body: PolicyBody) => PolicyBody;
export const replaced = <T>(list: readonly T[], i: number, make: (found: T) => T): readonly T[] =>
  list.map((found, at) => (at === i % list.length ? make(found) : found));
/** One small change of a policy: the pairs that people compare. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ rule, at: fc.nat(3) }).map(({ rule: added, at }): Change => (body) => ({
    ...body,
    rules: [...body.rules.slice(0, at), added, ...body.rules.slice(at)],
  })),
  fc
    .nat(3)
    .map((at): Change => (body) => ({ ...body, rules: body.rules.filter((_, i) => i !== at) })),
  limit.map((added): Change => (body) => ({ ...body, limits: [...body.limits, added] })),
  fc
    .nat(3)
    .map((at): Change => (body) => ({ ...body, limits: body.limits.filter((_, i) => i !== at) })),
  fc.record({ at: fc.nat(3), by: fc.constantFrom(-1, 1) }).map(({ at, by }): Change => (body) => ({
    ...body,
    limits: replaced(body.limits, at, (found) => ({
      ...found,
      most: Math.max(found.here ?? 0, found.most + by),
    })),
  })),
  fc
    .record({ at: fc.nat(3), windowSeconds: fc.constantFrom(3, 10, 30) })
    .map(({ at, windowSeconds }): Change => (body) => ({
      ...body,
      limits: replaced(body.limits, at, (found) => ({ ...found, windowSeconds })),
    })),
  fc
    .record({ at: fc.nat(3), delaySeconds: fc.constantFrom(0, 5, 9) })
    .map(({ at, delaySeconds }): Change => (body) => ({
      ...body,
      rules: replaced(body.rules, at, (found) =>
        found.deny ? found : { ...found, require: { ...found.require, delaySeconds } },
      ),
    })),
  fc
    .record({ at: fc.nat(3), limit })
    .map(({ at, limit: { measure, of, most, here, windowSeconds } }): Change => (body) => ({
      ...body,
      limits: replaced(body.limits, at, (found) =>
        measure === 'count' ? found : { ...found, measure, of, most, here, windowSeconds },
      ),
    })),
  fc.record({ at: fc.nat(3), clause }).map(({ at, clause: approvals }): Change => (body) => ({
    ...body,
    rules: replaced(body.rules, at, (found) =>
      found.deny ? found : { ...found, require: { ...found.require, approvals } },
    ),
  })),
  fc.record({ at: fc.nat(3), when }).map(({ at, when: other }): Change => (body) => ({
    ...body,
    rules: replaced(body.rules, at, (found) => ({
      ...found,
      when: { ...found.when, amount: other.amount },
    })),
  })),
  fc.record({ at: fc.nat(3), when }).map(({ at, when: other }): Change => (body) => ({
    ...body,
    rules: replaced(body.rules, at, (found) => ({
      ...found,
      when: { ...found.when, destinations: other.destinations, outputs: other.outputs },
    })),
  })),
  policy.map(({ fees }): Change => (body) => ({ ...body, fees })),
  policy.map(({ expires }): Change => (body) => ({ ...body, expires })),
  policy.map(({ screening }): Change => (body) => ({ ...body, screening })),
  fc.constant<Change>((body) => ({ ...body, rules: body.rules.toReversed() })),
);

/** Two settings: most of the time one is the other with a change or two. */
export const pair: fc.Arbitrary<readonly [Setting, Setting]> = fc
  .record({
    one: setting,
    other: setting,
    changes: fc.array(change, { minLength: 1, maxLength: 2 }),
    swapMembers: fc.nat(9),
    swapBook: fc.nat(4),
    swapPolicy: fc.nat(3),
    turn: fc.boolean(),
  })
  .map(({ one, other, changes, swapMembers, swapBook, swapPolicy, turn }) => {
    const changed = changes.reduce((body, make) => make(body), one.policy);
    const hasHours = changed.rules.some((found) => found.when.hours !== null);
    const body = { ...changed, zone: hasHours ? (changed.zone ?? utc) : null };
    const mate: Setting = {
      members: swapMembers === 0 ? other.members : one.members,
      initiators: swapMembers === 1 ? other.initiators : one.initiators,
      policy: swapPolicy === 0 ? other.policy : body,
      book: one.book === null ? null : swapBook === 0 ? (other.book ?? []) : one.book,
    };
    return turn ? [mate, one] : [one, mate];
  });
