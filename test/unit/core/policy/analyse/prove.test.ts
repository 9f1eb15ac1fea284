import { describe, expect, test } from '@jest/globals';
import { proveAssertions } from '../../../../../src/core/policy/analyse/prove.ts';
import type { Assertion, PolicyBody } from '../../../../../src/core/policy/body.ts';
import { anInput } from '../../../../support/blast.ts';
import { aLeaf, aMember, aSetting } from '../../../../support/comparing.ts';
import { aLimit, aRule } from '../../../../support/policy-builder.ts';

const day = 86_400;
const proven = (claims: readonly Assertion[], parts: Partial<PolicyBody> = {}) =>
  proveAssertions(
    anInput(
      aSetting({
        fees: { rateSatPerVbyte: null, sharePerMille: 0, selfSats: 0 },
        limits: [aLimit({ most: 1_000 })],
        ...parts,
        assert: claims,
      }),
    ),
  );
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

  test('is none where the policy makes none', () => {
    expect(proven([])).toEqual([]);
  });
});
