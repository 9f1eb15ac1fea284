import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceKind } from '../../../src/core/approval/device-kind.ts';
import { compare, loosens } from '../../../src/core/policy/analyse/compare.ts';
import type { Setting } from '../../../src/core/policy/analyse/setting.ts';
import type { PolicyBody, Rule } from '../../../src/core/policy/body.ts';
import {
  limit,
  pair,
  policy,
  replaced,
  scripts,
  setting,
  small,
  when,
} from '../../support/compared-arbitrary.ts';
import type { Concrete } from '../../support/permits.ts';
import { concrete, permits } from '../../support/permits.ts';

const paid = fc.record({
  script: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...scripts) },
    { weight: 1, arbitrary: fc.constant(`5220${'22'.repeat(32)}`) },
  ),
  sats: fc.oneof(fc.integer({ min: 1, max: 13 }), fc.integer({ min: 1, max: 3 }), fc.constant(0)),
  to: fc.option(
    fc.record({ owner: fc.constantFrom('a', 'b', 'c'), tags: fc.constantFrom([], ['vip']) }),
    { nil: null, freq: 2 },
  ),
});
const who = fc.constantFrom('ann', 'ben', 'cat', 'bot');
const age = fc.constantFrom(0, 2, 3, 4, 5, 9, 10, 29, 30);
const approval = (id: string) =>
  fc.record({
    member: fc.constant(id),
    kinds: fc.constantFrom<DeviceKind[]>(['secp256k1', 'psbt'], ['secp256k1'], ['psbt']),
  });
const randomCase: fc.Arbitrary<Concrete> = fc.record({
  payments: fc.array(paid, { maxLength: 4 }),
  feeSats: fc.oneof(fc.constant(0), small),
  vbytes: fc.integer({ min: 1, max: 4 }),
  initiator: who,
  hasReference: fc.boolean(),
  isCleared: fc.boolean(),
  now: fc.constantFrom(
    1_900_000_000,
    1_900_100_000,
    1_900_300_000,
    1_960_000_000,
    2_050_000_000,
    2_200_000_000,
  ),
  usage: fc.array(
    fc.record({
      age,
      initiator: who,
      feeSats: fc.oneof(fc.constant(0), small),
      payments: fc.array(paid, { maxLength: 2 }),
      reserved: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
  approvals: fc
    .tuple(approval('ann'), approval('ben'), approval('cat'), approval('bot'))
    .chain((all) => fc.subarray(all)),
  elapsedSeconds: fc.constantFrom(0, 5, 9, 10),
  overdueSeconds: fc.constantFrom(0, 0, 95, 96, 100, 101),
  approvalAgeSeconds: fc.constantFrom(0, 0, 0, 99, 100),
});

const parts = [
  'payments',
  'feeSats',
  'vbytes',
  'initiator',
  'hasReference',
  'isCleared',
  'now',
  'usage',
  'approvals',
  'elapsedSeconds',
  'overdueSeconds',
  'approvalAgeSeconds',
] as const;

/** A step from one case to another: parts of it taken from a third, or one number changed by 1. */
const step = fc.record({
  other: randomCase,
  taken: fc.subarray([...parts], { minLength: 1, maxLength: 3 }),
  nudge: fc.option(
    fc.record({
      what: fc.constantFrom('sats', 'past', 'age', 'fee', 'pastFee'),
      at: fc.nat(3),
      by: fc.constantFrom(-1, 1),
    }),
    { nil: null, freq: 2 },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function stepped(base: Concrete, { other, taken, nudge }: Step): Concrete {
  if (nudge === null)
    return taken.reduce<Concrete>((found, part) => ({ ...found, [part]: other[part] }), base);
  const { what, at, by } = nudge;
  const add = (value: number) => Math.max(0, value + by);
  const paidMore = (payments: Concrete['payments']) =>
    replaced(payments, at, (one) => ({ ...one, sats: add(one.sats) }));
  if (what === 'sats') return { ...base, payments: paidMore(base.payments) };
  if (what === 'fee') return { ...base, feeSats: add(base.feeSats) };
  return {
    ...base,
    usage: replaced(base.usage, at, (one) => ({
      ...one,
      payments: what === 'past' ? paidMore(one.payments) : one.payments,
      age: what === 'age' ? add(one.age) : one.age,
      feeSats: what === 'pastFee' ? add(one.feeSats) : one.feeSats,
    })),
  };
}

/** Cases that a setting permits and others of the same people and books do not. */
function seeds(setting: Setting, rivals: readonly PolicyBody[]): readonly Concrete[] {
  return rivals.flatMap((policy) => {
    const found = compare({ ...setting, policy }, setting);
    return found.ok ? found.value.easier.map(concrete) : [];
  });
}

const denies: PolicyBody = {
  wallet: 'hot-1',
  timezone: 'UTC',
  zone: null,
  screening: null,
  assert: [],
  limits: [],
  rules: [],
  fees: { rateSatPerVbyte: null, sharePerMille: null, selfSats: 0 },
  expires: { approveSeconds: 100, signSeconds: 100 },
};

describe('a comparison', () => {
  test('is contradicted by no case that anybody comes upon', () => {
    const seen = { tried: 0, permitted: 0, compared: 0, unknown: 0 };
    const walk = (from: Setting, to: Setting, steps: readonly Step[], rival: PolicyBody) => {
      const found = loosens(from, to);
      seen.compared++;
      if (!found.ok) seen.unknown++;
      if (!found.ok || found.value !== null) return;
      let base = [...seeds(to, [denies, rival])];
      for (const one of steps) {
        for (const made of [one.other, ...base.slice(-5).map((start) => stepped(start, one))]) {
          seen.tried++;
          if (!permits(to, made)) continue;
          seen.permitted++;
          expect({ easier: made, isPermitted: permits(from, made) }).toMatchObject({
            isPermitted: true,
          });
          base = [...base.slice(-20), made];
        }
      }
    };
    fc.assert(
      fc.property(
        pair,
        fc.array(step, { minLength: 30, maxLength: 30 }),
        policy,
        ([before, after], steps, rival) => {
          walk(before, after, steps, rival);
          walk(after, before, steps, rival);
        },
      ),
      { numRuns: 700 },
    );
    expect(seen.permitted).toBeGreaterThan(10_000);
    expect(seen.unknown).toBeLessThan(seen.compared / 50);
  });

  test('gives examples that hold, and is its own mirror image', () => {
    const verdicts = { same: 0, tightens: 0, loosens: 0, both: 0 };
    fc.assert(
      fc.property(pair, ([before, after]) => {
        const found = compare(before, after);
        const back = compare(after, before);
        expect(found.ok).toBe(back.ok);
        if (!found.ok || !back.ok) return;
        const { verdict, easier, harder } = found.value;
        expect(back.value).toEqual({
          verdict: { same: 'same', tightens: 'loosens', loosens: 'tightens', both: 'both' }[
            verdict
          ],
          easier: harder,
          harder: easier,
        });
        verdicts[verdict]++;
        for (const example of easier) {
          expect(permits(after, concrete(example))).toBe(true);
          expect(permits(before, concrete(example))).toBe(false);
        }
        for (const example of harder) {
          expect(permits(before, concrete(example))).toBe(true);
          expect(permits(after, concrete(example))).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
    for (const times of Object.values(verdicts)) expect(times).toBeGreaterThan(5);
  });

  test('of policies that differ in names and order alone says same', () => {
    fc.assert(
      fc.property(setting, (one) => {
        const { rules, limits } = one.policy;
        const shuffled: Setting = {
          ...one,
          members: one.members.toReversed(),
          policy: {
            ...one.policy,
            rules: rules.toReversed().map((found, i) => ({ ...found, name: `rule ${String(i)}` })),
            limits: limits
              .toReversed()
              .map((found, i) => ({ ...found, name: `limit ${String(i)}` })),
          },
        };
        for (const other of [one, shuffled]) {
          const found = compare(one, other);
          if (found.ok) expect(found.value.verdict).toBe('same');
          else expect(found.refusal.code).toBe('policy.analysis.toolarge');
        }
      }),
      { numRuns: 300 },
    );
  });

  test('never finds easier what has one more limit or one more rule that denies', () => {
    fc.assert(
      fc.property(setting, limit, when, (one, added, denied) => {
        const { rules, limits } = one.policy;
        const plain = { ...denied, hours: null };
        const no: Rule = { name: 'no', when: plain, deny: true, require: null };
        for (const more of [{ limits: [...limits, added] }, { rules: [...rules, no] }]) {
          const found = loosens(one, { ...one, policy: { ...one.policy, ...more } });
          // Without rules that permit there is nothing to be made harder.
          expect(found.ok ? found.value : null).toBeNull();
        }
      }),
      { numRuns: 300 },
    );
  });
});
