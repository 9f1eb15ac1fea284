import { describe, expect, test } from '@jest/globals';
import type { InitiatorTerm, OutputCondition, When } from '../../../../src/core/policy/body.ts';
import { noUsage } from '../../../../src/core/policy/budget.ts';
import type { SpendFacts } from '../../../../src/core/policy/evaluate.ts';
import { evaluate } from '../../../../src/core/policy/evaluate.ts';
import { aPayment, aPolicy, aRule, aSpend } from '../../../support/policy-builder.ts';

const now = 1_800_000_000;

function traceOf(parts: Partial<When>, spend: SpendFacts) {
  const found = evaluate(aPolicy({ rules: [aRule('r', parts)] }), spend, noUsage, now);
  const [rule] = found.rules;
  expect(found.matched).toHaveLength(rule?.matched === true ? 1 : 0);
  return { matched: rule?.matched, last: rule?.why.at(-1) };
}
const matches = (parts: Partial<When>, spend: SpendFacts) => traceOf(parts, spend).matched;

describe('a condition on the initiator', () => {
  const by = (initiator: string, ...initiatorGroups: string[]) =>
    aSpend([aPayment(1)], { initiator, initiatorGroups });
  const any = (...terms: InitiatorTerm[]) => ({ initiator: { any: terms } });

  test('holds for a member named, or for any member of a group named', () => {
    expect(matches(any('member:ann'), by('ann'))).toBe(true);
    expect(matches(any('member:ann'), by('ben', 'ann'))).toBe(false);
    expect(matches(any('group:ops'), by('ben', 'desk', 'ops'))).toBe(true);
    expect(matches(any('group:ops'), by('ops', 'desk'))).toBe(false);
    expect(matches(any('member:ann', 'group:ops'), by('ben', 'ops'))).toBe(true);
    expect(matches(any('group:ops'), by('ben'))).toBe(false);
  });

  test('tells who initiated', () => {
    expect(traceOf(any('group:ops'), by('ben', 'desk')).last).toEqual({
      condition: 'initiator',
      holds: false,
      facts: { any: ['group:ops'], initiator: 'ben', groups: ['desk'] },
    });
  });
});

describe('a condition on how many payments there are', () => {
  const paying = (count: number) => aSpend(Array.from({ length: count }, () => aPayment(1)));
  const count = (parts: Partial<OutputCondition>): Partial<When> => ({
    outputs: { any: null, above: null, atMost: null, ...parts },
  });

  test.each([
    [2, true, false],
    [3, true, false],
    [4, false, true],
  ])('%d payments are atMost 3: %s, above 3: %s', (payments, atMost, above) => {
    expect(matches(count({ atMost: 3 }), paying(payments))).toBe(atMost);
    expect(matches(count({ above: 3 }), paying(payments))).toBe(above);
    expect(matches(count({ above: 3, atMost: 4 }), paying(payments))).toBe(above);
  });

  test('holds only together with the kind, where one is named', () => {
    const burning = aSpend([{ ...aPayment(1), script: '6a0101' }]);
    expect(matches(count({ any: ['data-value'], atMost: 1 }), burning)).toBe(true);
    expect(matches(count({ any: ['data-value'], above: 1 }), burning)).toBe(false);
    expect(matches(count({ any: ['data-value'], atMost: 1 }), paying(1))).toBe(false);
  });

  test('counts without naming a kind, so an unusual output stays refused', () => {
    const rules = [aRule('few', count({ atMost: 1 }))];
    const spend = aSpend([{ ...aPayment(1), script: '6a0101' }]);
    const found = evaluate(aPolicy({ rules }), spend, noUsage, now);
    expect(found.refusals).toEqual([
      { code: 'policy.output.unnamed', facts: { kind: 'data-value' } },
    ]);
  });

  test('holds on no payments only up to none', () => {
    expect(matches({ payments: 'none', ...count({ atMost: 0 }) }, aSpend([]))).toBe(true);
    expect(matches({ payments: 'none', ...count({ above: 0 }) }, aSpend([]))).toBe(false);
  });

  test('tells how many there are', () => {
    expect(traceOf(count({ above: 3 }), paying(2)).last).toEqual({
      condition: 'outputs',
      holds: false,
      facts: { any: null, above: 3, atMost: null, found: [], payments: 2 },
    });
  });
});

describe('a condition on the reference', () => {
  const named = aSpend([aPayment(1)], { hasReference: true });
  const without = aSpend([aPayment(1)], { hasReference: false });

  test('asks for a ticket or for none', () => {
    expect(matches({ reference: 'present' }, named)).toBe(true);
    expect(matches({ reference: 'present' }, without)).toBe(false);
    expect(matches({ reference: 'absent' }, named)).toBe(false);
    expect(matches({ reference: 'absent' }, without)).toBe(true);
    expect(matches({}, named)).toBe(true);
    expect(matches({}, without)).toBe(true);
  });

  test('tells whether there is one', () => {
    expect(traceOf({ reference: 'present' }, without).last).toEqual({
      condition: 'reference',
      holds: false,
      facts: { asks: 'present', present: false },
    });
  });
});

test('a rule matches when all its conditions hold, and not when one does not', () => {
  const when: Partial<When> = {
    outputs: { any: null, above: null, atMost: 1 },
    initiator: { any: ['group:ops'] },
    reference: 'present',
  };
  const spend = aSpend([aPayment(1)], { initiatorGroups: ['ops'], hasReference: true });
  expect(matches(when, spend)).toBe(true);
  expect(matches(when, { ...spend, hasReference: false })).toBe(false);
  expect(matches(when, { ...spend, initiatorGroups: [] })).toBe(false);
  expect(matches({ ...when, outputs: { any: null, above: 1, atMost: null } }, spend)).toBe(false);
});
