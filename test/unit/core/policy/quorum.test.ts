import { describe, expect, test } from '@jest/globals';
import type { DeviceKind } from '../../../../src/core/approval/device-kind.ts';
import type { Clause, Voice } from '../../../../src/core/policy/quorum.ts';
import {
  clauseGroups,
  eligibleVoices,
  satisfiable,
  solveClause,
} from '../../../../src/core/policy/quorum.ts';

const voice = (member: string, groups: string, kinds: DeviceKind[] = ['secp256k1']): Voice => ({
  member,
  groups: groups.split('+'),
  kinds,
});
const leaf = (from: string, atLeast: number, kinds: DeviceKind[] | null = null): Clause => ({
  from,
  atLeast,
  kinds,
});
const met = (clause: Clause, ...voices: Voice[]) => solveClause(clause, voices).met;

const alice = voice('alice', 'treasury');
const bob = voice('bob', 'treasury');
const carol = voice('carol', 'compliance');
const dave = voice('dave', 'treasury+compliance');
const erin = voice('erin', 'treasury+compliance');

describe('a quorum', () => {
  test('of one group is met by exactly as many distinct members', () => {
    expect(met(leaf('treasury', 2), alice)).toBe(false);
    expect(met(leaf('treasury', 2), alice, bob)).toBe(true);
    expect(met(leaf('treasury', 2), alice, carol)).toBe(false);
  });

  test('of two groups takes as many people even where the groups overlap', () => {
    const both: Clause = { all: [leaf('treasury', 2), leaf('compliance', 1)] };
    expect(met(both, dave, erin)).toBe(false);
    expect(met(both, dave, erin, alice)).toBe(true);
    expect(met(both, alice, bob, dave)).toBe(true);
    expect(met(both, alice, bob)).toBe(false);
  });

  test('moves people between leaves until all are filled', () => {
    // Taken greedily, erin and dave would fill treasury and leave compliance empty.
    const both: Clause = { all: [leaf('treasury', 2), leaf('compliance', 2)] };
    expect(met(both, alice, bob, dave, erin)).toBe(true);
    expect(met(both, alice, carol, dave, erin)).toBe(true);
    expect(met(both, alice, bob, dave, carol)).toBe(true);
    expect(met(both, alice, bob, dave)).toBe(false);
  });

  test('with any is met by one branch, nested as deep as it may be', () => {
    const either: Clause = {
      any: [
        { all: [leaf('treasury', 1), { any: [leaf('audit', 1), leaf('compliance', 1)] }] },
        leaf('board', 3),
      ],
    };
    expect(met(either, alice)).toBe(false);
    expect(met(either, alice, carol)).toBe(true);
    expect(met(either, dave)).toBe(false);
    expect(met(either, voice('x', 'board'), voice('y', 'board'), voice('z', 'board'))).toBe(true);
  });

  test('does not add up halves of two branches', () => {
    const either: Clause = { any: [leaf('treasury', 2), leaf('compliance', 2)] };
    expect(met(either, alice, carol)).toBe(false);
    expect(met(either, alice, dave)).toBe(true);
  });

  test('restricted to kinds counts only people with a device of such a kind', () => {
    const shown = leaf('treasury', 2, ['message', 'psbt']);
    const hardware = voice('bob', 'treasury', ['webauthn', 'psbt']);
    expect(met(shown, alice, hardware)).toBe(false);
    expect(met(shown, voice('alice', 'treasury', ['message']), hardware)).toBe(true);
  });

  test('counts one who approved with two devices once', () => {
    const both: Clause = {
      all: [leaf('treasury', 1, ['webauthn']), leaf('treasury', 1, ['psbt'])],
    };
    expect(met(both, voice('alice', 'treasury', ['webauthn', 'psbt']))).toBe(false);
    expect(
      met(
        both,
        voice('alice', 'treasury', ['webauthn', 'psbt']),
        voice('bob', 'treasury', ['psbt']),
      ),
    ).toBe(true);
  });

  test('of zero, or filled without a device, is never met', () => {
    expect(met(leaf('treasury', 0))).toBe(false);
    expect(met(leaf('treasury', 0), alice, bob)).toBe(false);
    expect(met({ all: [leaf('treasury', 1), leaf('compliance', 0)] }, alice, carol)).toBe(false);
    expect(met(leaf('treasury', 1), voice('alice', 'treasury', []))).toBe(false);
  });

  test('with more parts than the language allows is never met', () => {
    const parts = (n: number): Clause => ({
      any: Array.from({ length: n }, () => leaf('treasury', 1)),
    });
    expect(met(parts(16), alice)).toBe(true);
    expect(met(parts(17), alice)).toBe(false);
  });

  test('counts no member twice', () => {
    expect(() => solveClause(leaf('treasury', 2), [alice, alice])).toThrow('each member once');
  });

  test('tells who fills which leaf, how many are missing and who still may', () => {
    const both: Clause = { all: [leaf('treasury', 2), leaf('compliance', 1)] };
    const found = solveClause(both, [dave], [alice, carol, erin, voice('x', 'audit')]);
    expect(found.met).toBe(false);
    expect(found.filled.flatMap((one) => one.members)).toEqual(['dave']);
    expect(found.missing.map(({ path, count }) => ({ path, count }))).toEqual([
      { path: [0], count: 1 },
      { path: [1], count: 1 },
    ]);
    // dave can move over to compliance, so that alice helps there, too.
    expect(found.missing.map((one) => one.may)).toEqual([
      ['alice', 'erin'],
      ['alice', 'carol', 'erin'],
    ]);
    const full = solveClause(both, [dave, alice, carol]);
    expect(full).toMatchObject({ met: true, missing: [] });
    expect(full.filled).toMatchObject([
      { path: [0], from: 'treasury', members: ['alice', 'dave'] },
      { path: [1], from: 'compliance', members: ['carol'] },
    ]);
  });

  test('of several branches tells the one that can still be completed', () => {
    const either: Clause = { any: [leaf('board', 1), leaf('treasury', 2)] };
    const found = solveClause(either, [], [alice, bob]);
    expect(found.missing).toMatchObject([{ path: [1], count: 2, may: ['alice', 'bob'] }]);
  });

  test('names its groups once, and knows whether members could meet it', () => {
    const both: Clause = {
      all: [leaf('treasury', 2), { any: [leaf('compliance', 1), leaf('treasury', 1)] }],
    };
    expect(clauseGroups(both)).toEqual(['compliance', 'treasury']);
    expect(satisfiable(both, [alice, bob])).toBe(false);
    expect(satisfiable(both, [alice, bob, dave])).toBe(true);
  });

  test('of 100 among many is solved fast', () => {
    const groups = ['treasury', 'compliance', 'treasury+compliance', 'audit+treasury', 'audit'];
    const crowd = Array.from({ length: 100 }, (_, i) =>
      voice(`m${i}`, groups[i % groups.length] ?? 'audit'),
    );
    const hard: Clause = {
      all: [
        { any: [leaf('treasury', 41), leaf('treasury', 40)] },
        { any: [leaf('compliance', 41), leaf('compliance', 40)] },
        { any: [leaf('audit', 61), leaf('audit', 20)] },
      ],
    };
    const started = performance.now();
    expect(met(hard, ...crowd)).toBe(true);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('the voices that count', () => {
  const members = [
    { id: 'alice', operators: null },
    { id: 'bob', operators: null },
    { id: 'robot', operators: ['alice'] },
  ];
  const all = [alice, bob, voice('robot', 'treasury'), voice('mallory', 'treasury')];
  const counting = (initiator: string) =>
    eligibleVoices(all, initiator, members).map((one) => one.member);

  test('are not the initiator, no service account and no stranger', () => {
    expect(counting('alice')).toEqual(['bob']);
    expect(counting('carol')).toEqual(['alice', 'bob']);
  });

  test('are not the people behind a service account that initiates', () => {
    expect(counting('robot')).toEqual(['bob']);
  });
});
