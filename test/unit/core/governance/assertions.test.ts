import { describe, expect, test } from '@jest/globals';
import { PROOFS_KEPT } from '../../../../src/core/base/limits.ts';
import { checkAssertions } from '../../../../src/core/governance/assertions.ts';
import { newest, policyBody } from '../../../support/governing.ts';
import { World, policyOf } from '../../../support/world.ts';

describe('the proof of what a policy asserts', () => {
  const charter = newest(new World(), 'charter').body;
  const policy = policyBody(
    `${policyOf('hot-1')}assert: [{ compromised: 4, movesAtMost: 0 BTC }]\n`,
  );
  const proven = (over: { readonly charter?: object; readonly policy?: object } = {}) =>
    checkAssertions(
      structuredClone({ ...charter, ...over.charter }),
      structuredClone({ ...policy, ...over.policy }),
      [],
    );

  test('is not made again when the same comes once more, or what it does not rest on changes', () => {
    const first = proven();
    expect(first).toMatchObject({ refusal: { code: 'policy.assertion.failed' } });
    expect(proven()).toBe(first);
    const coolDowns = { deviceSeconds: 7, destinationSeconds: 7 };
    expect(proven({ charter: { coolDowns } })).toBe(first);
    expect(proven({ charter: { initiators: ['treasury'] } })).not.toBe(first);
    expect(proven({ policy: { timezone: 'UTC' } })).not.toBe(first);
    expect(checkAssertions(charter, policy, [['alice']])).not.toBe(first);
  });

  test('is remembered until so many others were asked for', () => {
    const others = (count: number) => {
      for (let i = 0; i < count; i++) proven({ policy: { timezone: `Zone/${String(i)}` } });
    };
    for (const [count, isKept] of [
      [PROOFS_KEPT - 1, true],
      [PROOFS_KEPT, false],
    ] as const) {
      const first = proven();
      others(count);
      expect(proven() === first).toBe(isKept);
    }
  });

  test('is quick where nothing is asserted', () => {
    expect(proven({ policy: { assert: [] } })).toEqual({ ok: true, value: null });
  });
});
