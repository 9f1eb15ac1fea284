import fc from 'fast-check';
import { sats } from '../../src/core/base/sats.ts';
import type { AnalysedMember, BookEntry, Setting } from '../../src/core/policy/analyse/setting.ts';
import type {
  Clause,
  DestinationTerm,
  InitiatorTerm,
  Limit,
  PolicyBody,
  Rule,
} from '../../src/core/policy/body.ts';
import type { UsageRecord } from '../../src/core/policy/evaluate.ts';
import { aPayment, aPolicy, aRecord } from './policy-builder.ts';

/** Small organisations with policies that use the whole language, for attackers to move what they can. */

// Small numbers, so that sums meet thresholds and ages meet windows often.
const small = fc.integer({ min: 0, max: 12 });
const windows = fc.constantFrom(null, 3, 10, 10, 30);
const scope = fc.constantFrom(
  'wallet' as const,
  'wallet' as const,
  'destination' as const,
  'initiator' as const,
);

const limit: fc.Arbitrary<Limit> = fc
  .record({
    name: fc.constantFrom('x', 'y', 'z'),
    measure: fc.constantFrom<Limit['measure']>('amount', 'amount', 'count', 'fee'),
    most: fc.integer({ min: 0, max: 40 }),
    windowSeconds: windows,
    of: fc.oneof(scope, fc.constant('organisation' as const)),
    share: fc.integer({ min: 0, max: 40 }),
  })
  .map(({ share, ...rest }) => ({
    ...rest,
    most: rest.measure === 'count' ? rest.most % 6 : rest.most,
    windowSeconds: rest.measure === 'count' ? (rest.windowSeconds ?? 5) : rest.windowSeconds,
    of: rest.measure === 'fee' && rest.of === 'destination' ? ('wallet' as const) : rest.of,
    here:
      rest.of === 'organisation'
        ? Math.min(share, rest.measure === 'count' ? rest.most % 6 : rest.most)
        : null,
  }));

/** Without one of each nearly every policy lets everything go. */
const limitOf = (measure: 'amount' | 'fee'): fc.Arbitrary<Limit> =>
  fc.record({
    name: fc.constant(measure),
    measure: fc.constant(measure),
    most: fc.integer({ min: 1, max: 30 }),
    windowSeconds: fc.constantFrom(3, 10, 30),
    of: fc.constant('wallet' as const),
    here: fc.constant(null),
  });
const often = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(null) }, { weight: 4, arbitrary });

const term = fc.constantFrom<DestinationTerm>(
  'listed',
  'unlisted',
  'tag:vip',
  'tag:bad',
  'owner:a',
);
const terms = fc.uniqueArray(term, { minLength: 1, maxLength: 3 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
const when = fc.record({
  payments: fc.constantFrom('some' as const, 'some' as const, 'some' as const, 'none' as const),
  amount: fc.option(
    fc.oneof(
      fc.record({ above: small, atMost: fc.constant(null), windowSeconds: windows, of: scope }),
      fc.record({ above: fc.constant(null), atMost: small, windowSeconds: windows, of: scope }),
      fc.record({ above: small, atMost: small, windowSeconds: windows, of: scope }),
    ),
    { nil: null, freq: 2 },
  ),
  destinations: rarely(
    fc.oneof(
      fc.record({ all: terms, any: fc.constant(null) }),
      fc.record({ all: fc.constant(null), any: terms }),
      fc.record({ all: terms, any: terms }),
    ),
  ),
  outputs: rarely(
    fc.oneof(
      fc.record({
        any: fc.uniqueArray(
          fc.constantFrom('data-value' as const, 'witness-unknown' as const, 'zero-value' as const),
          { minLength: 1 },
        ),
        above: fc.constant(null),
        atMost: fc.constant(null),
      }),
      fc.record({
        any: fc.constant(null),
        above: fc.constantFrom(0, 1, 2),
        atMost: fc.constantFrom(null, 1, 2, 3),
      }),
    ),
  ),
  initiator: rarely(
    fc.record({
      any: fc.uniqueArray(
        fc.constantFrom<InitiatorTerm>('member:ann', 'member:bot', 'group:t', 'group:ops'),
        { minLength: 1, maxLength: 2 },
      ),
    }),
  ),
  hours: rarely(
    fc.record({
      is: fc.constantFrom('within' as const, 'outside' as const),
      spans: fc.constantFrom(
        [{ days: ['mon' as const, 'thu' as const], fromMinute: 10, toMinute: 700 }],
        [{ days: ['thu' as const], fromMinute: 0, toMinute: 17 }],
      ),
    }),
  ),
  reference: rarely(fc.constantFrom('present' as const, 'absent' as const)),
});

const leaf: fc.Arbitrary<Clause> = fc.record({
  from: fc.constantFrom('t', 'c'),
  atLeast: fc.constantFrom(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2),
  kinds: fc.constantFrom(null, null, null, ['message' as const]),
});
const clause: fc.Arbitrary<Clause> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 1, arbitrary: fc.record({ all: fc.tuple(leaf, leaf) }) },
  { weight: 1, arbitrary: fc.record({ any: fc.tuple(leaf, leaf) }) },
);
const rule: fc.Arbitrary<Rule> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      name: fc.constant('r'),
      when,
      deny: fc.constant(false as const),
      require: fc.record({ approvals: clause, delaySeconds: fc.constantFrom(0, 5) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      name: fc.constant('r'),
      when,
      deny: fc.constant(true as const),
      require: fc.constant(null),
    }),
  },
);
export const policies: fc.Arbitrary<PolicyBody> = fc
  .record({
    limits: fc
      .tuple(fc.array(limit, { maxLength: 4 }), often(limitOf('amount')), often(limitOf('fee')))
      .map(([some, amount, fee]) => [...some, ...[amount, fee].filter((one) => one !== null)]),
    fees: fc.record({
      rateSatPerVbyte: fc.constantFrom(null, 1),
      sharePerMille: fc.constantFrom(0, 0, 100, 500, 1_000, null),
      selfSats: fc.constantFrom(0, 1, 5),
    }),
    rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
  })
  .map((parts) => {
    const hasHours = parts.rules.some((one) => one.when.hours !== null);
    const zone = { version: '2026a', offsets: [{ from: 0, seconds: 0 }], until: 10_000_000 };
    return aPolicy({ ...parts, timezone: 'UTC', zone: hasHours ? zone : null });
  });

const kinds = fc.constantFrom(
  ['secp256k1' as const],
  ['message' as const],
  ['secp256k1' as const, 'message' as const],
);
const person = (id: string): fc.Arbitrary<AnalysedMember> =>
  fc.record({
    id: fc.constant(id),
    groups: fc.constantFrom(
      ['t'],
      ['t', 'c'],
      ['t', 'ops'],
      ['c', 'ops'],
      ['t', 'c', 'ops'],
      ['c'],
      [],
    ),
    kinds,
    operators: fc.constant(null),
  });
const members: fc.Arbitrary<readonly AnalysedMember[]> = fc.tuple(
  person('ann'),
  person('ben'),
  person('cat'),
  person('dan'),
  fc.record({
    id: fc.constant('bot'),
    groups: fc.constantFrom(['ops'], ['ops', 't'], []),
    kinds,
    operators: fc.subarray(['ann', 'ben']),
  }),
);
const bookEntry: fc.Arbitrary<BookEntry> = fc.record({
  script: fc.integer({ min: 10, max: 99 }).map((n) => `0014${String(n).repeat(20)}`),
  owner: fc.constantFrom('a', 'b', 'c'),
  tags: fc.subarray(['vip', 'bad']),
});
export const settings: fc.Arbitrary<Setting> = fc.record({
  members,
  initiators: fc.constantFrom(['ops'], ['ops', 't']),
  policy: policies,
  book: fc.option(fc.uniqueArray(bookEntry, { maxLength: 4, selector: ({ script }) => script }), {
    nil: null,
  }),
});

export const records: fc.Arbitrary<UsageRecord> = fc
  .record({
    at: fc.integer({ min: 970, max: 1_000 }),
    amount: small,
    owner: fc.constantFrom('a', 'b', null),
    feeSats: small.map(sats),
    initiator: fc.constantFrom('ann', 'bot', 'zoe'),
    state: fc.constantFrom('committed' as const, 'committed' as const, 'reserved' as const),
  })
  .map(({ at, amount, owner, ...rest }) => aRecord(at, [aPayment(amount, owner)], rest));
