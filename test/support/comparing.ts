import { expect, test } from '@jest/globals';
import type { Comparison, Example } from '../../src/core/policy/analyse/compare.ts';
import { compare } from '../../src/core/policy/analyse/compare.ts';
import type { AnalysedMember, Setting } from '../../src/core/policy/analyse/setting.ts';
import type { Clause, PolicyBody } from '../../src/core/policy/body.ts';
import type { Leaf } from '../../src/core/policy/quorum.ts';
import { concrete, permits } from './permits.ts';
import { aPolicy } from './policy-builder.ts';

export function aMember(
  id: string,
  groups: readonly string[],
  parts: Partial<AnalysedMember> = {},
): AnalysedMember {
  return { id, groups, kinds: ['secp256k1'], operators: null, ...parts };
}

/** Two of treasury, one of compliance, one of both, and an operator who proposes. */
export const staff: readonly AnalysedMember[] = [
  aMember('alice', ['treasury']),
  aMember('bob', ['treasury']),
  aMember('carol', ['compliance']),
  aMember('dave', ['treasury', 'compliance']),
  aMember('operator', ['operators']),
];

/** A setting in which one of treasury approves every payment, whoever is paid. */
export function aSetting(policy: Partial<PolicyBody> = {}, parts: Partial<Setting> = {}): Setting {
  return {
    members: staff,
    initiators: ['operators'],
    policy: aPolicy(policy),
    book: null,
    ...parts,
  };
}

export function aLeaf(from: string, atLeast = 1, kinds: Leaf['kinds'] = null): Clause {
  return { from, atLeast, kinds };
}

const mirrored = { tightens: 'loosens', loosens: 'tightens', both: 'both', same: 'same' } as const;

/**
 * The comparison, after it was held against its mirror image and each of its examples was put to both settings by
 * somebody else.
 */
export function compared(before: Setting, after: Setting): Comparison {
  const found = compare(before, after);
  const back = compare(after, before);
  if (!found.ok || !back.ok) throw new Error('the comparison is too large');
  expect(back.value.verdict).toBe(mirrored[found.value.verdict]);
  const check = (examples: readonly Example[], yes: Setting, no: Setting): void => {
    for (const example of examples) {
      expect(permits(yes, concrete(example))).toBe(true);
      expect(permits(no, concrete(example))).toBe(false);
    }
  };
  check(found.value.easier, after, before);
  check(found.value.harder, before, after);
  return found.value;
}

export function verdictOf(before: Setting, after: Setting): Comparison['verdict'] {
  return compared(before, after).verdict;
}

/** A test for each change of a policy: what it is called, the policy before and after, and the verdict. */
export function becomes(
  changes: readonly (readonly [
    name: string,
    before: Partial<PolicyBody>,
    after: Partial<PolicyBody>,
    verdict: Comparison['verdict'],
  ])[],
): void {
  for (const [name, before, after, verdict] of changes)
    test(`${name}: ${verdict}`, () => {
      expect(verdictOf(aSetting(before), aSetting(after))).toBe(verdict);
    });
}
