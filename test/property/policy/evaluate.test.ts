import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Refusal } from '../../../src/core/base/result.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { parseTime } from '../../../src/core/base/time.ts';
import type { DestinationTerm, Limit, PolicyBody, Rule } from '../../../src/core/policy/body.ts';
import { parsePolicyBody } from '../../../src/core/policy/body.ts';
import type { Evaluation, Payment, UsageRecord } from '../../../src/core/policy/evaluate.ts';
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

const when = fc.record({
  payments: fc.constantFrom('some' as const, 'some' as const, 'some' as const, 'none' as const),
  amount: fc.option(
    fc.record({
      above: fc.option(small, { nil: null }),
      atMost: small,
      windowSeconds: windows,
      of: fc.constantFrom('wallet' as const, 'destination' as const, 'initiator' as const),
    }),
    { nil: null, freq: 2 },
  ),
  destinations: fc.option(
    fc.record({ all: termList, any: fc.uniqueArray(term, { minLength: 1 }) }),
    { nil: null, freq: 2 },
  ),
  outputs: fc.option(
    fc.record({
      any: fc.uniqueArray(
        fc.constantFrom('data-value' as const, 'witness-unknown' as const, 'zero-value' as const),
        { minLength: 1 },
      ),
      above: fc.constant(null),
      atMost: fc.constant(null),
    }),
    { nil: null, freq: 2 },
  ),
  initiator: fc.constant(null),
  hours: fc.constant(null),
  reference: fc.constant(null),
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
const policy: fc.Arbitrary<PolicyBody> = fc.record({
  wallet: fc.constant('hot-1'),
  timezone: fc.constant('UTC'),
  zone: fc.constant(null),
  assert: fc.constant([]),
  limits: fc.array(limit, { maxLength: 4 }),
  fees: fc.record({
    rateSatPerVbyte: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null, freq: 1 }),
    sharePerMille: fc.option(fc.constantFrom(0, 100, 500, 1_000), { nil: null, freq: 1 }),
    selfSats: small,
  }),
  expires: fc.constant({ approveSeconds: 100, signSeconds: 100 }),
  rules: fc.array(rule, { maxLength: 4 }),
});

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
});
const who = fc.constantFrom('ann', 'ben');
const fee = small.map(sats);
const spend = fc
  .record({
    payments: fc.array(payment, { maxLength: 3 }),
    feeSats: fee,
    vbytes: fc.integer({ min: 1, max: 4 }),
    initiator: who,
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
  const { rule: denied, kind, cap, limit: exceeded } = refusal.facts;
  return [refusal.code, denied ?? kind ?? cap ?? exceeded].filter((x) => x !== undefined).join(' ');
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
    const seen = { passed: 0, waited: 0, refused: 0 };
    fc.assert(
      fc.property(policy, spend, usage, (body, facts, records) => {
        const found = evaluate(body, facts, records, now);
        if (found.refusals.length > 0) seen.refused++;
        else if (found.waiting.length > 0) seen.waited++;
        else seen.passed++;
        expect(essence(found)).toEqual(evaluateSlowly(body, facts, records, now));
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
        const back = aSpend(facts.payments.toReversed(), {
          feeSats: facts.feeSats,
          vbytes: facts.vbytes,
          initiator: facts.initiator,
        });
        expect(essence(evaluate(turned, back, records.toReversed(), now))).toEqual(
          essence(evaluate(body, facts, records, now)),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('of what passes is only tightened by one more rule or limit', () => {
    fc.assert(
      fc.property(policy, spend, usage, rule, limit, (body, facts, records, added, bound) => {
        const before = evaluate(body, facts, records, now);
        if (!passes(before)) return;
        const more = { ...body, rules: [...body.rules, added], limits: [...body.limits, bound] };
        const after = evaluate(more, facts, records, now);
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
          evaluate(found, facts, records, now).limits.map(({ name: _, ...rest }) => rest);
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
          rules: [{ ...aPlainRule, when: { ...aPlainRule.when, payments: 'some' } }],
        };
        for (const refusal of evaluate(plain, facts, records, now).waiting) {
          const only = plain.limits.filter((one_) => one_.name === refusal.facts['limit']);
          if (only.length !== 1) continue;
          const { fitsAt, key } = refusal.facts;
          const waitsAt = (time: number): boolean =>
            evaluate({ ...plain, limits: only }, facts, records, time).waiting.some(
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
