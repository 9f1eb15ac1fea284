import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Refusal } from '../../../src/core/base/result.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { parseTime } from '../../../src/core/base/time.ts';
import type {
  DestinationTerm,
  HoursSpan,
  InitiatorTerm,
  Limit,
  PolicyBody,
  Rule,
  Zone,
  ZoneOffset,
} from '../../../src/core/policy/body.ts';
import { parsePolicyBody, weekdays } from '../../../src/core/policy/body.ts';
import { usageOfRecords } from '../../../src/core/policy/budget.ts';
import type {
  Evaluation,
  Payment,
  SpendFacts,
  UsageRecord,
} from '../../../src/core/policy/evaluate.ts';
import { evaluate } from '../../../src/core/policy/evaluate.ts';
import { aRecord, aSpend, aWhen, one, ordinaryScript } from '../../support/policy-builder.ts';
import { evaluateSlowly } from '../../support/policy-reference.ts';

// Small numbers, so that sums meet thresholds and ages meet windows often.
const now = 1_000;
const small = fc.integer({ min: 0, max: 12 });
const windows = fc.constantFrom(null, 3, 10, 30);
const term = fc.constantFrom<DestinationTerm>('listed', 'unlisted', 'tag:vip', 'owner:a');
const termList = fc.option(fc.uniqueArray(term, { minLength: 1 }), { nil: null });

const limit: fc.Arbitrary<Limit> = fc
  .record({
    name: fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('x', 'y', 'z') }),
    measure: fc.constantFrom<Limit['measure']>('amount', 'count', 'fee'),
    most: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 20, max: 120 })),
    windowSeconds: windows,
    of: fc.constantFrom<Limit['of']>('wallet', 'destination', 'initiator', 'organisation'),
    share: fc.integer({ min: 0, max: 60 }),
  })
  .map(({ share, ...rest }) => ({
    ...rest,
    windowSeconds: rest.measure === 'count' ? (rest.windowSeconds ?? 5) : rest.windowSeconds,
    of: rest.measure === 'fee' && rest.of === 'destination' ? ('wallet' as const) : rest.of,
    here: rest.of === 'organisation' ? Math.min(share, rest.most) : null,
  }));

// The tests' now is a Thursday, 00:16:40 UTC: edges of spans and changes of offset lie around it.
const minute = fc.oneof(
  fc.constantFrom(0, 16, 17, 18, 76, 77, 1_396, 1_397, 1_440),
  fc.integer({ min: 0, max: 1_440 }),
);
const span: fc.Arbitrary<HoursSpan> = fc
  .record({
    days: fc.oneof(
      fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 }),
      fc.constant([...weekdays]),
    ),
    minutes: fc.uniqueArray(minute, { minLength: 2, maxLength: 2 }),
  })
  .map(({ days, minutes }) => ({
    days,
    fromMinute: Math.min(...minutes),
    toMinute: Math.max(...minutes),
  }));
const offset = fc.constantFrom<Omit<ZoneOffset, 'from'>>(
  { seconds: 0 },
  { seconds: 3_600 },
  { seconds: 1_200, west: true },
  { seconds: 7_200 },
  { seconds: 57_600, west: true },
  { seconds: 57_600 },
);
const zone: fc.Arbitrary<Zone> = fc
  .record({
    first: offset,
    later: fc.uniqueArray(
      fc.record({
        from: fc.constantFrom(960, 1_020, 1_080, 90_000, 600_000, 604_800),
        offset,
      }),
      { maxLength: 2, selector: ({ from }) => from },
    ),
    until: fc.oneof(
      { weight: 5, arbitrary: fc.constant(10_000_000) },
      { weight: 1, arbitrary: fc.constantFrom(now, now + 1, 1_020, 1_021, 86_400) },
    ),
  })
  .map(({ first, later, until }) => ({
    version: '2026a',
    offsets: [
      { from: 0, ...first },
      ...later
        .filter(({ from }) => from < until)
        .sort((a, b) => a.from - b.from)
        .map(({ from, offset: there }) => ({ from, ...there })),
    ],
    until,
  }));

/** Rarely set, so that a rule has one or two conditions and policies pass often enough. */
const sometimes = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const when = fc.record({
  payments: fc.constantFrom('some' as const, 'some' as const, 'some' as const, 'none' as const),
  amount: sometimes(
    fc.record({
      above: fc.option(small, { nil: null }),
      atMost: small,
      windowSeconds: windows,
      of: fc.constantFrom('wallet' as const, 'destination' as const, 'initiator' as const),
    }),
  ),
  destinations: sometimes(
    fc.record({ all: termList, any: fc.uniqueArray(term, { minLength: 1 }) }),
  ),
  outputs: sometimes(
    fc
      .record({
        any: fc.option(
          fc.uniqueArray(
            fc.constantFrom(
              'data-value' as const,
              'witness-unknown' as const,
              'zero-value' as const,
            ),
            { minLength: 1 },
          ),
          { nil: null },
        ),
        above: fc.option(fc.integer({ min: 0, max: 3 }), { nil: null, freq: 2 }),
        atMost: fc.option(fc.integer({ min: 0, max: 3 }), { nil: null, freq: 2 }),
      })
      .filter(({ any, above, atMost }) => any !== null || above !== null || atMost !== null),
  ),
  initiator: sometimes(
    fc.record({
      any: fc.uniqueArray(
        fc.constantFrom<InitiatorTerm>('member:ann', 'member:ben', 'group:ann', 'group:ops'),
        { minLength: 1 },
      ),
    }),
  ),
  hours: sometimes(
    fc.record({
      is: fc.constantFrom('within' as const, 'outside' as const),
      spans: fc.array(span, { minLength: 1, maxLength: 3 }),
    }),
  ),
  reference: sometimes(fc.constantFrom('present' as const, 'absent' as const)),
});
const named = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('p', 'q', 'r') });
const rule: fc.Arbitrary<Rule> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      name: named,
      when,
      deny: fc.constant(false as const),
      require: fc.record({ approvals: fc.constant(one), delaySeconds: small }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      name: named,
      when,
      deny: fc.constant(true as const),
      require: fc.constant(null),
    }),
  },
);
const withoutZone = fc.record({
  wallet: fc.constant('hot-1'),
  timezone: fc.constant('UTC'),
  screening: fc.constant(null),
  assert: fc.constant([]),
  limits: fc.array(limit, { maxLength: 4 }),
  fees: fc.record({
    rateSatPerVbyte: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null, freq: 2 }),
    sharePerMille: fc.option(fc.constantFrom(0, 100, 500, 1_000), { nil: null, freq: 2 }),
    selfSats: small,
  }),
  expires: fc.constant({ approveSeconds: 100, signSeconds: 100 }),
  rules: fc.array(rule, { maxLength: 4 }),
});
const policy: fc.Arbitrary<PolicyBody> = fc
  .tuple(withoutZone, zone)
  .map(([body, known]) => inZone(body, known));

/** A body pins a zone when, and only when, a rule names hours. */
function inZone(body: Omit<PolicyBody, 'zone'>, known: Zone): PolicyBody {
  return { ...body, zone: body.rules.some((one_) => one_.when.hours !== null) ? known : null };
}

const payment: fc.Arbitrary<Payment> = fc.record({
  script: fc.oneof(
    { weight: 15, arbitrary: fc.constant(ordinaryScript) },
    { weight: 1, arbitrary: fc.constantFrom('6a0101', '5220' + '22'.repeat(32)) },
  ),
  sats: fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 0, max: 10 })).map(sats),
  destination: fc.option(
    fc.record({
      owner: fc.constantFrom('a', 'b', 'unlisted'),
      tags: fc.constantFrom([], ['vip']),
    }),
    { nil: null, freq: 3 },
  ),
  inert: fc.constantFrom(null, null, { owner: 'a', tags: ['vip'] }, { owner: 'b', tags: [] }),
});
const who = fc.constantFrom('ann', 'ben');
const fee = small.map(sats);
const spend = fc
  .record({
    payments: fc.array(payment, { maxLength: 3 }),
    feeSats: fee,
    vbytes: fc.integer({ min: 1, max: 4 }),
    initiator: who,
    initiatorGroups: fc.constantFrom([], ['ops'], ['desk', 'ops']),
    hasReference: fc.boolean(),
  })
  .map(({ payments, ...rest }) => aSpend(payments, rest));
const record: fc.Arbitrary<UsageRecord> = fc
  .record({
    payments: fc.array(payment, { maxLength: 2 }),
    state: fc.constantFrom('committed' as const, 'committed' as const, 'reserved' as const),
    at: fc.integer({ min: now - 32, max: now + 1 }),
    feeSats: fee,
    initiator: who,
  })
  .map(({ payments, at, ...rest }) => aRecord(at, payments, rest));
const usage = fc.array(record, { maxLength: 5 });

const about = (refusal: Refusal): string => {
  const { rule: denied, kind, cap, limit: exceeded, opensAt } = refusal.facts;
  return [refusal.code, denied ?? kind ?? cap ?? exceeded ?? opensAt]
    .filter((x) => x !== undefined)
    .join(' ');
};
const essence = (found: Evaluation) => ({
  refusals: found.refusals.map(about).sort(),
  waiting: found.waiting.map(about).sort(),
  matched: found.matched.map((rule_) => rule_.name).sort(),
  delaySeconds: found.delaySeconds,
});
const passes = (found: Evaluation): boolean =>
  found.refusals.length === 0 && found.waiting.length === 0;

describe('an evaluation', () => {
  test('says what the slow reference says', () => {
    const seen = { passed: 0, waited: 0, refused: 0, closed: 0, unknown: 0 };
    fc.assert(
      fc.property(policy, spend, usage, (body, facts, records) => {
        const found = evaluate(body, facts, usageOfRecords(records), now);
        if (found.refusals.length > 0) seen.refused++;
        else if (found.waiting.length > 0) seen.waited++;
        else seen.passed++;
        for (const { code } of [...found.refusals, ...found.waiting]) {
          if (code === 'policy.hours.closed') seen.closed++;
          if (code === 'policy.hours.unknown') seen.unknown++;
        }
        expect(essence(found)).toEqual(evaluateSlowly(body, facts, records, now));
        const traced = found.rules.filter(({ matched, deny }) => matched && !deny);
        if (found.waiting[0]?.code !== 'policy.hours.closed')
          expect(traced.map(({ name }) => name)).toEqual(found.matched.map(({ name }) => name));
      }),
      { numRuns: 4_000 },
    );
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(20);
  });

  test('is of policies that the schema accepts', () => {
    fc.assert(
      fc.property(policy, (body) =>
        expect(parsePolicyBody(body)).toEqual({ ok: true, value: body }),
      ),
    );
  });

  test('does not depend on the order of rules, limits, payments or usage', () => {
    fc.assert(
      fc.property(policy, spend, usage, (body, facts, records) => {
        const turned = {
          ...body,
          rules: body.rules.toReversed(),
          limits: body.limits.toReversed(),
        };
        const back: SpendFacts = {
          ...facts,
          payments: facts.payments.toReversed(),
          initiatorGroups: facts.initiatorGroups.toReversed(),
        };
        expect(essence(evaluate(turned, back, usageOfRecords(records.toReversed()), now))).toEqual(
          essence(evaluate(body, facts, usageOfRecords(records), now)),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('of what passes is only tightened by one more rule or limit', () => {
    fc.assert(
      fc.property(policy, spend, usage, rule, limit, (body, facts, records, added, bound) => {
        const before = evaluate(body, facts, usageOfRecords(records), now);
        if (!passes(before)) return;
        const more = inZone(
          { ...body, rules: [...body.rules, added], limits: [...body.limits, bound] },
          body.zone ?? aZone,
        );
        const after = evaluate(more, facts, usageOfRecords(records), now);
        if (!passes(after)) return;
        expect(after.delaySeconds).toBeGreaterThanOrEqual(before.delaySeconds);
        expect(after.matched.slice(0, before.matched.length)).toEqual(before.matched);
      }),
      { numRuns: 1_500 },
    );
  });

  test('forgets no usage when limits are renamed', () => {
    fc.assert(
      fc.property(policy, spend, usage, (body, facts, records) => {
        const renamed = {
          ...body,
          limits: body.limits.map((found, i) => ({ ...found, name: `n${i}` })),
        };
        const states = (found: PolicyBody) =>
          evaluate(found, facts, usageOfRecords(records), now).limits.map(
            ({ name: _, ...rest }) => rest,
          );
        expect(states(renamed)).toEqual(states(body));
      }),
    );
  });

  test('that waits passes at the time it names and at no second before', () => {
    let found = 0;
    fc.assert(
      fc.property(policy, spend, usage, (body, facts, records) => {
        // Limits alone: conditions on windows change with time, too.
        const plain: PolicyBody = {
          ...body,
          zone: null,
          rules: [{ ...aPlainRule, when: { ...aPlainRule.when, payments: 'some' } }],
        };
        for (const refusal of evaluate(plain, facts, usageOfRecords(records), now).waiting) {
          const only = plain.limits.filter((one_) => one_.name === refusal.facts['limit']);
          if (only.length !== 1) continue;
          const { fitsAt, key } = refusal.facts;
          const waitsAt = (time: number): boolean =>
            evaluate({ ...plain, limits: only }, facts, usageOfRecords(records), time).waiting.some(
              (other) => other.facts['key'] === key,
            );
          if (fitsAt === null) expect(waitsAt(now + 1_000_000)).toBe(true);
          else {
            const time = parseTimeOf1970(String(fitsAt));
            expect(waitsAt(time)).toBe(false);
            expect(waitsAt(time - 1)).toBe(true);
            found++;
          }
        }
      }),
      { numRuns: 2_000 },
    );
    expect(found).toBeGreaterThan(20);
  });
});

const aZone: Zone = { version: '2026a', offsets: [{ from: 0, seconds: 0 }], until: 10_000_000 };

const aPlainRule: Rule = {
  name: 'p',
  when: aWhen(),
  deny: false,
  require: { approvals: one, delaySeconds: 0 },
};

/** Times of these tests lie in 1970, which protocol times do not. */
function parseTimeOf1970(text: string): number {
  expect(parseTime(text)).toBeUndefined();
  return Date.parse(text) / 1_000;
}
