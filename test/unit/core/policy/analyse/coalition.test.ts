import { describe, expect, test } from '@jest/globals';
import {
  alike,
  coalitions,
  findEscape,
  implies,
  likeness,
} from '../../../../../src/core/policy/analyse/coalition.ts';
import type { AnalysedMember } from '../../../../../src/core/policy/analyse/setting.ts';
import { Steps } from '../../../../../src/core/policy/analyse/steps.ts';
import type { Clause } from '../../../../../src/core/policy/body.ts';
import type { Voice } from '../../../../../src/core/policy/quorum.ts';
import { aPolicy, aRule } from '../../../../support/policy-builder.ts';

const member = (
  id: string,
  groups: string,
  parts: Partial<AnalysedMember> = {},
): AnalysedMember => ({
  id,
  groups: groups.split('+'),
  kinds: ['secp256k1'],
  operators: null,
  ...parts,
});
const leaf = (from: string, atLeast: number, kinds: Voice['kinds'] | null = null): Clause => ({
  from,
  atLeast,
  kinds,
});

describe('people alike', () => {
  const typesOf = (members: readonly AnalysedMember[], policy = aPolicy()) => {
    const setting = { members, initiators: [], policy, book: [] };
    return alike(
      members.map(({ id }) => id),
      [likeness(setting)],
    );
  };

  test('have the same groups and kinds, in whatever order', () => {
    const members = [
      member('a', 'x+y'),
      member('b', 'y+x'),
      member('c', 'x'),
      member('d', 'x+y', { kinds: ['psbt'] }),
    ];
    expect(typesOf(members)).toEqual([['a', 'b'], ['c'], ['d']]);
  });

  test('are not those whom a rule names or who stand behind a service account, nor service accounts', () => {
    const members = [
      ...['a', 'b', 'c', 'd'].map((id) => member(id, 'x')),
      member('bot', 'x', { operators: ['b'] }),
    ];
    const policy = aPolicy({ rules: [aRule('a', { initiator: { any: ['member:c'] } })] });
    expect(typesOf(members, policy)).toEqual([['a', 'd'], ['b'], ['c'], ['bot']]);
  });

  test('form coalitions of a size, of each make one', () => {
    const types = [['a', 'b'], ['c'], ['d', 'e', 'f']];
    expect([...coalitions(types, 0)]).toEqual([[]]);
    expect([...coalitions(types, 2)]).toEqual([
      ['a', 'b'],
      ['a', 'c'],
      ['a', 'd'],
      ['c', 'd'],
      ['d', 'e'],
    ]);
    expect([...coalitions(types, 7)]).toEqual([]);
  });
});

describe('one clause implies another', () => {
  const people = [
    member('alice', 'treasury'),
    member('bob', 'treasury'),
    member('carol', 'compliance'),
    member('dave', 'treasury+compliance', { kinds: ['secp256k1', 'psbt'] }),
  ];

  test('when it asks for as many or more', () => {
    expect(implies(leaf('treasury', 2), leaf('treasury', 1), people)).toBe(true);
    expect(implies(leaf('treasury', 2), leaf('treasury', 2), people)).toBe(true);
    expect(implies(leaf('treasury', 1), leaf('treasury', 2), people)).toBe(false);
  });

  test('when whoever is left to fill it fills the other, too', () => {
    expect(implies(leaf('compliance', 2), leaf('treasury', 1), people)).toBe(true);
    expect(implies(leaf('compliance', 1), leaf('treasury', 1), people)).toBe(false);
  });

  test('only for the same devices', () => {
    expect(implies(leaf('treasury', 1), leaf('treasury', 1, ['psbt']), people)).toBe(false);
    expect(implies(leaf('treasury', 1, ['psbt']), leaf('compliance', 1), people)).toBe(true);
    expect(implies(leaf('treasury', 3), leaf('treasury', 1, ['psbt']), people)).toBe(false);
    expect(implies(leaf('treasury', 3), leaf('treasury', 1, ['psbt', 'secp256k1']), people)).toBe(
      true,
    );
  });

  test('not when one person fills the parts of the one and cannot fill those of the other', () => {
    const both: Clause = { all: [leaf('treasury', 1), leaf('compliance', 1)] };
    const either: Clause = { any: [leaf('treasury', 2), both] };
    expect(implies(both, either, people)).toBe(true);
    expect(implies(either, both, people)).toBe(false);
    expect(implies(leaf('treasury', 3), both, people)).toBe(true);
  });

  test('when nobody can meet it', () => {
    expect(implies(leaf('nobody', 1), leaf('treasury', 3), people)).toBe(true);
    expect(implies(leaf('treasury', 0), leaf('treasury', 3), people)).toBe(true);
    expect(implies(leaf('treasury', 1), leaf('treasury', 0), people)).toBe(false);
  });

  test('through people, never through service accounts', () => {
    const bot = member('bot', 'treasury', { operators: ['alice'] });
    expect(implies(leaf('treasury', 1), leaf('people', 1), [bot])).toBe(true);
  });
});

describe('an escape', () => {
  const alice: Voice = { member: 'alice', groups: ['treasury'], kinds: ['secp256k1', 'psbt'] };
  const bob: Voice = { member: 'bob', groups: ['treasury'], kinds: ['webauthn'] };

  test('is through who counts on one side alone', () => {
    const quorum = { clauses: [leaf('treasury', 1)], people: [alice, bob] };
    const found = findEscape(quorum, { ...quorum, people: [alice] }, new Steps(1_000));
    expect(found).toEqual([bob]);
    expect(findEscape(quorum, quorum, new Steps(1_000))).toBeNull();
  });

  test('is through a device that one side does not know', () => {
    const quorum = { clauses: [leaf('treasury', 1)], people: [alice] };
    const less = { ...quorum, people: [{ ...alice, kinds: ['secp256k1'] as const }] };
    expect(findEscape(quorum, less, new Steps(1_000))).toEqual([{ ...alice, kinds: ['psbt'] }]);
    expect(findEscape(less, quorum, new Steps(1_000))).toBeNull();
  });

  test('is not known when the steps are used up', () => {
    const quorum = { clauses: [leaf('treasury', 1)], people: [alice, bob] };
    expect(findEscape(quorum, quorum, new Steps(1))).toBe('unknown');
  });
});
