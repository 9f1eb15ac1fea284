import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceKind } from '../../../src/core/approval/device-kind.ts';
import type { Clause, Voice } from '../../../src/core/policy/quorum.ts';
import { isMet, solveClause } from '../../../src/core/policy/quorum.ts';
import { isMetSlowly } from '../../support/quorum-reference.ts';

const group = fc.constantFrom('a', 'b', 'c');
const kind = fc.constantFrom<DeviceKind>('secp256k1', 'webauthn', 'psbt');
const kinds = fc.uniqueArray(kind, { minLength: 1, maxLength: 2 });
const leaf: fc.Arbitrary<Clause> = fc.record({
  from: group,
  atLeast: fc.integer({ min: 0, max: 3 }).map((n) => (n === 0 ? 1 : n)),
  kinds: fc.option(kinds, { nil: null }),
});
const zeroLeaf: fc.Arbitrary<Clause> = fc.record({
  from: group,
  atLeast: fc.constant(0),
  kinds: fc.constant(null),
});
const { clause } = fc.letrec<{ clause: Clause }>((tie) => ({
  clause: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    { arbitrary: leaf, weight: 8 },
    { arbitrary: zeroLeaf, weight: 1 },
    {
      arbitrary: fc.record({ all: fc.array(tie('clause'), { minLength: 1, maxLength: 3 }) }),
      weight: 5,
    },
    {
      arbitrary: fc.record({ any: fc.array(tie('clause'), { minLength: 1, maxLength: 3 }) }),
      weight: 3,
    },
  ),
}));
const voiceList = (most: number): fc.Arbitrary<Voice[]> =>
  fc
    .array(fc.record({ groups: fc.uniqueArray(group, { minLength: 1 }), kinds }), {
      maxLength: most,
    })
    .map((list) => list.map((one, i) => ({ member: `m${i}`, ...one })));

function countLeaves(found: Clause): number {
  if ('from' in found) return 1;
  return ('all' in found ? found.all : found.any).reduce((sum, one) => sum + countLeaves(one), 0);
}
const small = clause.filter((found) => countLeaves(found) <= 7);

describe('a quorum', () => {
  test('is solved as the slow reference solves it', () => {
    let met = 0;
    fc.assert(
      fc.property(small, voiceList(6), (found, voices) => {
        const fast = solveClause(found, voices).met;
        if (fast) met++;
        expect(fast).toBe(isMetSlowly(found, voices));
        expect(isMet(found, voices)).toBe(fast);
      }),
      { numRuns: 1_500 },
    );
    expect(met).toBeGreaterThan(100); // both answers occur
  });

  test('does not depend on the order of voices and candidates', () => {
    fc.assert(
      fc.property(small, voiceList(6), fc.nat(), (found, voices, turn) => {
        const cut = turn % (voices.length + 1);
        const [some, others] = [voices.slice(0, cut), voices.slice(cut)];
        const turned = solveClause(found, some.toReversed(), others.toReversed());
        expect(turned).toEqual(solveClause(found, some, others));
      }),
    );
  });

  test('seats nobody twice, nobody unfit, and lacks exactly what it says', () => {
    fc.assert(
      fc.property(small, voiceList(8), (found, voices) => {
        const { met, filled, missing } = solveClause(found, voices);
        const members = filled.flatMap((one) => one.members);
        expect(new Set(members).size).toBe(members.length);
        for (const one of filled)
          for (const id of one.members) {
            const voice = voices.find(({ member }) => member === id);
            expect(voice?.groups).toContain(one.from);
          }
        expect(met).toBe(missing.length === 0);
        for (const { path, count, atLeast } of missing) {
          const seated = filled.find((one) => one.path.join() === path.join());
          expect(count).toBe(Math.max(1, atLeast) - (seated?.members.length ?? 0));
        }
      }),
    );
  });

  test('is nearer by one with each candidate that it says may approve, and by none with another', () => {
    const total = (list: readonly { readonly count: number }[]): number =>
      list.reduce((sum, one) => sum + one.count, 0);
    // Only `all`: of several branches another may be nearer.
    const flat = fc.record({ all: fc.array(leaf, { minLength: 1, maxLength: 4 }) });
    fc.assert(
      fc.property(flat, voiceList(7), fc.nat(), (found, people, turn) => {
        const cut = turn % (people.length + 1);
        const [voices, candidates] = [people.slice(0, cut), people.slice(cut)];
        const before = solveClause(found, voices, candidates);
        for (const candidate of candidates) {
          const helps = before.missing.some(({ may }) => may.includes(candidate.member));
          const after = solveClause(found, [...voices, candidate]);
          expect(total(before.missing) - total(after.missing)).toBe(helps ? 1 : 0);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is never lost by one more voice', () => {
    fc.assert(
      fc.property(small, voiceList(7), (found, voices) => {
        if (solveClause(found, voices.slice(1)).met)
          expect(solveClause(found, voices).met).toBe(true);
      }),
    );
  });
});
