import { describe, expect, test } from '@jest/globals';
import { proveAssertions } from '../../../../../src/core/policy/analyse/prove.ts';
import { Steps } from '../../../../../src/core/policy/analyse/steps.ts';
import type { Assertion, PolicyBody } from '../../../../../src/core/policy/body.ts';
import { anInput } from '../../../../support/blast.ts';
import { aLeaf, aMember, aSetting } from '../../../../support/comparing.ts';
import { aLimit, aRule } from '../../../../support/policy-builder.ts';

const day = 86_400;
const bounded = {
  fees: { rateSatPerVbyte: null, sharePerMille: 0, selfSats: 0 },
  limits: [aLimit({ most: 1_000 })],
};
const proven = (claims: readonly Assertion[], parts: Partial<PolicyBody> = {}) => [
  ...proveAssertions(
    anInput(
      aSetting({
        ...bounded,
        ...parts,
        assert: claims,
      }),
    ),
  ),
];
const claim = (compromised: number, movesAtMost: number, windowSeconds: number | null = day) => ({
  compromised,
  windowSeconds,
  movesAtMost,
});

describe('an assertion', () => {
  test('is proven at the very satoshi', () => {
    const found = proven([claim(2, 999), claim(2, 1_000), claim(2, 1_001)]);
    expect(found.map(({ holds }) => holds)).toEqual([false, true, true]);
  });

  test('that fails comes with who moves how much by which spends', () => {
    const [found] = proven([claim(2, 10)]);
    expect(found).toMatchObject({
      assertion: claim(2, 10),
      holds: false,
      row: { sats: 1_000n, exact: true, who: ['alice', 'operator'] },
      refusal: null,
    });
    expect(
      found?.row?.schedule.map(({ at, facts, approvals }) => [
        at,
        facts.initiator,
        facts.amountSats,
        approvals,
      ]),
    ).toEqual([[0, 'operator', 1_000n, ['alice']]]);
  });

  test('is about a stretch of its window, its last second left out', () => {
    const found = proven([claim(2, 1_000, day), claim(2, 1_000, day + 1)]);
    expect(found.map(({ holds }) => holds)).toEqual([true, false]);
  });

  test('without a window is about any length of time', () => {
    const found = proven([claim(1, 0, null), claim(2, 1_000_000, null)]);
    expect(found.map(({ holds }) => holds)).toEqual([true, false]);
  });

  test('that one person moves nothing fails where one person may do it all', () => {
    const members = [
      aMember('alice', ['treasury', 'operators']),
      aMember('bot', ['operators'], { operators: [] }),
    ];
    const setting = aSetting({ assert: [claim(1, 0), claim(2, 0)] }, { members });
    const [one, both] = proveAssertions(anInput(setting));
    expect(one).toMatchObject({ holds: true });
    expect(both).toMatchObject({ holds: false, row: { who: ['alice', 'bot'] } });
  });

  test('that takes too long is not proven', () => {
    const tags = Array.from({ length: 20 }, (_, i) => `tag:t${String(i)}` as const);
    const rules = tags.map((tag) => ({
      ...aRule(tag, { destinations: { all: null, any: [tag] } }),
      require: { approvals: aLeaf('treasury'), delaySeconds: 0 },
    }));
    expect(proven([claim(1, 0)], { rules })).toMatchObject([
      { holds: false, row: null, refusal: { code: 'policy.analysis.toolarge' } },
    ]);
  });

  test('shares its steps with all others of the policy, and what they find out', () => {
    const provenIn = (steps: number, claims: readonly Assertion[]) => {
      const setting = aSetting({ ...bounded, assert: claims });
      const budget = { steps: new Steps(steps), tries: new Steps(0) };
      return [...proveAssertions(anInput(setting), budget)].map(({ holds }) => holds);
    };
    const one = claim(2, 1_000_000);
    const steps = Array.from({ length: 2_000 }, (_, i) => i);
    const least = steps.find((most) => provenIn(most, [one])[0]) ?? 0;
    expect(least).toBeGreaterThan(1);
    expect(provenIn(least - 1, [one])).toEqual([false]);
    const twenty = Array.from({ length: 20 }, () => one);
    expect(provenIn(least, twenty)).toEqual(twenty.map(() => true));
    // Another window is another sum.
    const other = claim(2, 1_000_000, 7 * day);
    expect(provenIn(least, [one, other])).toEqual([true, false]);
    expect(provenIn(2 * least, [one, other])).toEqual([true, true]);
  });

  test('of which nothing was played through is not exact, and proven all the same', () => {
    const setting = aSetting({ ...bounded, assert: [claim(2, 10)] });
    const budget = { steps: new Steps(1_000_000), tries: new Steps(0) };
    const [found] = proveAssertions(anInput(setting), budget);
    expect(found).toMatchObject({ holds: false, row: { exact: false, schedule: [] } });
  });

  test('is none where the policy makes none', () => {
    expect(proven([])).toEqual([]);
  });
});
