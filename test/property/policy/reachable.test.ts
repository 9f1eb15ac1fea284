import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_MONEY_SATS } from '../../../src/core/base/limits.ts';
import { sats } from '../../../src/core/base/sats.ts';
import type { AnalysedMember } from '../../../src/core/policy/analyse/setting.ts';
import type {
  DestinationTerm,
  HoursCondition,
  InitiatorTerm,
  OutputKind,
  Rule,
  When,
} from '../../../src/core/policy/body.ts';
import { outputKinds, weekdays } from '../../../src/core/policy/body.ts';
import type { Payment, SpendFacts } from '../../../src/core/policy/evaluate.ts';
import { hoursHold } from '../../../src/core/policy/hours.ts';
import { neverMatches } from '../../../src/core/policy/reachable.ts';
import { aSpend, aWhen, one, ordinaryScript } from '../../support/policy-builder.ts';
import { matchesSlowly } from '../../support/policy-reference.ts';

// The claim is exact, so a rule said never to match is held against every spend of a small world that has one of each,
// and a rule not said so must match one of them.
const most = Number(MAX_MONEY_SATS);

const places: readonly Pick<Payment, 'destination' | 'inert'>[] = [
  { destination: null },
  { destination: null, inert: { owner: 'a', tags: ['x'] } },
  { destination: null, inert: { owner: 'b', tags: [] } },
  { destination: { owner: 'a', tags: [] } },
  { destination: { owner: 'a', tags: ['x'] } },
  { destination: { owner: 'b', tags: [] } },
  { destination: { owner: 'b', tags: ['x'] } },
];
const witness = `5220${'22'.repeat(32)}`;
const palette: readonly Payment[] = [
  ...places.flatMap((place) =>
    [0, 1, most].map((value) => ({ script: ordinaryScript, sats: sats(value), ...place })),
  ),
  ...[1, most].map((value) => ({ script: '6a0101', sats: sats(value), destination: null })),
  ...[0, 1, most].map((value) => ({ script: witness, sats: sats(value), destination: null })),
];
const proposers: readonly AnalysedMember[] = [
  { id: 'ann', groups: ['ops'], kinds: [], operators: null },
  { id: 'ben', groups: ['desk'], kinds: [], operators: null },
];
const world: readonly SpendFacts[] = [
  [],
  ...palette.flatMap((first) => [
    [first],
    ...palette.flatMap((second) => [
      [first, second],
      [first, second, second],
    ]),
  ]),
]
  .filter((payments) => payments.reduce((sum, { sats: v }) => sum + v, 0n) <= MAX_MONEY_SATS)
  .map((payments) => aSpend(payments));

const someOf = <T>(...values: readonly T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 2 }), {
    nil: null,
    freq: 3,
  });
const bound = (...values: readonly number[]) => fc.constantFrom(null, null, ...values);
const terms = someOf<DestinationTerm>('listed', 'unlisted', 'tag:x', 'owner:a', 'owner:b');
const when: fc.Arbitrary<When> = fc
  .record({
    payments: fc.constantFrom('some' as const, 'some' as const, 'some' as const, 'none' as const),
    amount: fc.record({
      above: bound(0, 1, most - 1, most),
      atMost: bound(0, 1, most),
      windowSeconds: fc.constant(null),
      of: fc.constantFrom('wallet' as const, 'destination' as const, 'initiator' as const),
    }),
    destinations: fc.record({ all: terms, any: terms }),
    outputs: fc.record({
      any: someOf<OutputKind>(...outputKinds),
      above: bound(0, 1, 2),
      atMost: bound(0, 1, 2, 3),
    }),
    initiator: someOf<InitiatorTerm>('member:ann', 'group:desk', 'group:treasury', 'member:zoe'),
  })
  .map(({ payments, amount, destinations, outputs, initiator }) =>
    aWhen({
      payments,
      amount: amount.above === null && amount.atMost === null ? null : amount,
      destinations: destinations.all === null && destinations.any === null ? null : destinations,
      outputs:
        outputs.any === null && outputs.above === null && outputs.atMost === null ? null : outputs,
      initiator: initiator === null ? null : { any: initiator },
    }),
  );
const rule: fc.Arbitrary<Rule> = fc
  .tuple(when, fc.boolean())
  .map(([conditions, deny]) =>
    deny
      ? { name: 'r', when: conditions, deny, require: null }
      : { name: 'r', when: conditions, deny, require: { approvals: one, delaySeconds: 0 } },
  );

function matchesSomething(found: Rule): boolean {
  return proposers.some(({ id, groups }) =>
    world.some((spend) =>
      matchesSlowly(
        found,
        {
          ...spend,
          payments: found.deny
            ? spend.payments
            : spend.payments.map((payment) => ({ ...payment, inert: null })),
          initiator: id,
          initiatorGroups: groups,
        },
        [],
        1,
      ),
    ),
  );
}

describe('a rule', () => {
  test('is said never to match exactly when no spend matches it', () => {
    const seen = { never: 0, ever: 0 };
    fc.assert(
      fc.property(rule, (found) => {
        const never = neverMatches(found, proposers) !== undefined;
        seen[never ? 'never' : 'ever']++;
        expect(matchesSomething(found)).toBe(!never);
      }),
      { numRuns: 250 },
    );
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(20);
  });

  test('is said to match at no hour exactly when no minute of the week is one of its hours', () => {
    const edge = fc.constantFrom(0, 1, 720, 1_439, 1_440);
    const days = fc.oneof(
      fc.constant([...weekdays]),
      fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 }),
    );
    const span = fc
      .tuple(days, fc.uniqueArray(edge, { minLength: 2, maxLength: 2 }))
      .map(([on, edges]) => ({
        days: on,
        fromMinute: Math.min(...edges),
        toMinute: Math.max(...edges),
      }));
    const hours: fc.Arbitrary<HoursCondition> = fc.record({
      is: fc.constantFrom('within' as const, 'outside' as const, 'outside' as const),
      spans: fc.array(span, { minLength: 1, maxLength: 4 }),
    });
    fc.assert(
      fc.property(hours, (found) => {
        const holds = weekdays.some((weekday) =>
          Array.from({ length: 1_440 }, (_, minute) => ({ weekday, minute })).some((local) =>
            hoursHold(found, local),
          ),
        );
        const limited: Rule = {
          name: 'r',
          when: aWhen({ hours: found }),
          deny: true,
          require: null,
        };
        expect(neverMatches(limited, null) === undefined).toBe(holds);
      }),
      { numRuns: 300 },
    );
  });
});
