import { describe, expect, test } from '@jest/globals';
import type { Comparison } from '../../../../../src/core/policy/analyse/compare.ts';
import { loosens } from '../../../../../src/core/policy/analyse/compare.ts';
import type { AnalysedMember, Setting } from '../../../../../src/core/policy/analyse/setting.ts';
import type { AllowRule, Clause, When } from '../../../../../src/core/policy/body.ts';
import {
  aLeaf,
  aMember,
  aSetting,
  compared,
  staff,
  verdictOf,
} from '../../../../support/comparing.ts';
import { aRule } from '../../../../support/policy-builder.ts';

type Verdict = Comparison['verdict'];

const asking = (approvals: Clause, parts: Partial<When> = {}): AllowRule => ({
  ...aRule('asked', parts),
  require: { approvals, delaySeconds: 0 },
});
const clauses = (approvals: Clause): Setting => aSetting({ rules: [asking(approvals)] });
const [treasury, compliance] = [aLeaf('treasury'), aLeaf('compliance')];
const two = aLeaf('treasury', 2);

describe('a clause', () => {
  const changes: readonly (readonly [string, Clause, Clause, Verdict])[] = [
    ['of one more', treasury, two, 'tightens'],
    ['of one less', two, treasury, 'loosens'],
    ['of another group', treasury, compliance, 'both'],
    ['of two groups instead of one', treasury, { all: [treasury, compliance] }, 'tightens'],
    ['of either group instead of one', treasury, { any: [treasury, compliance] }, 'loosens'],
    [
      'of either instead of both',
      { all: [treasury, compliance] },
      { any: [treasury, compliance] },
      'loosens',
    ],
    [
      'with its parts turned',
      { all: [treasury, compliance] },
      { all: [compliance, treasury] },
      'same',
    ],
    ['in brackets', treasury, { all: [{ any: [treasury] }] }, 'same'],
    ['of one twice instead of two', two, { all: [treasury, treasury] }, 'same'],
    [
      'that was multiplied out',
      { all: [treasury, { any: [compliance, treasury] }] },
      { any: [{ all: [treasury, compliance] }, two] },
      'same',
    ],
    ['with an alternative that asks for more', treasury, { any: [treasury, two] }, 'same'],
    ['of more people than there are', treasury, aLeaf('treasury', 4), 'tightens'],
    ['that nobody met and nobody meets', aLeaf('treasury', 4), aLeaf('treasury', 5), 'same'],
    ['of zero', treasury, aLeaf('treasury', 0), 'tightens'],
    [
      'of two of compliance, who are all also of one other group',
      aLeaf('compliance', 2),
      { all: [compliance, { any: [treasury, compliance] }] },
      'loosens',
    ],
  ];
  for (const [name, before, after, verdict] of changes)
    test(`${name}: ${verdict}`, () => {
      expect(verdictOf(clauses(before), clauses(after))).toBe(verdict);
    });

  test('counts a person in two groups once', () => {
    // Carol and Dave are compliance, and Dave is treasury, too: one of each is never one person.
    const both: Clause = { all: [treasury, compliance] };
    const { easier } = compared(clauses(both), clauses({ any: [both, compliance] }));
    expect(easier).toHaveLength(1);
    expect(easier[0]?.approvals).toHaveLength(1);
  });

  test('of two rules that match together is what both ask', () => {
    const apart = aSetting({ rules: [asking(treasury), { ...asking(compliance), name: 'b' }] });
    // Each rule is solved on its own: Dave fills both.
    expect(verdictOf(apart, clauses({ all: [treasury, compliance] }))).toBe('tightens');
    expect(verdictOf(apart, clauses(aLeaf('compliance')))).toBe('loosens');
  });

  test('is implied by two others together and by neither alone', () => {
    const members = [
      aMember('ann', ['a', 'c']),
      aMember('ben', ['b', 'c']),
      aMember('operator', ['operators']),
    ];
    const [a, b, c] = [aLeaf('a'), aLeaf('b'), aLeaf('c', 2)].map((one) => asking(one));
    const setting = (...rules: readonly (AllowRule | undefined)[]): Setting => {
      const named = rules.flatMap((one, i) => (one ? [{ ...one, name: String(i) }] : []));
      return aSetting({ rules: named }, { members });
    };
    expect(verdictOf(setting(a, b, c), setting(a, b))).toBe('same');
    expect(verdictOf(setting(a, c), setting(a))).toBe('loosens');
    // Where one of the two does not match, the other one is not enough.
    const small = { above: null, atMost: 200_000_000, windowSeconds: null, of: 'wallet' as const };
    const rarely = asking(aLeaf('b'), { amount: small });
    expect(verdictOf(setting(a, rarely, c), setting(a, rarely))).toBe('loosens');
  });
});

describe('kinds of devices', () => {
  const members = [
    aMember('alice', ['treasury'], { kinds: ['secp256k1', 'webauthn'] }),
    aMember('bob', ['treasury'], { kinds: ['webauthn'] }),
    aMember('operator', ['operators']),
  ];
  const kinds = (...asked: readonly ('secp256k1' | 'webauthn' | 'psbt')[]) =>
    aSetting(
      { rules: [asking(aLeaf('treasury', 1, asked.length === 0 ? null : asked))] },
      { members },
    );

  test('demanded tighten, and one more loosens', () => {
    expect(verdictOf(kinds(), kinds('webauthn'))).toBe('tightens');
    expect(verdictOf(kinds('secp256k1'), kinds('secp256k1', 'webauthn'))).toBe('loosens');
    expect(verdictOf(kinds('secp256k1'), kinds('webauthn'))).toBe('both');
  });

  test('that nobody has or that everybody has change nothing', () => {
    expect(verdictOf(kinds('secp256k1'), kinds('secp256k1', 'psbt'))).toBe('same');
    expect(verdictOf(kinds(), kinds('secp256k1', 'webauthn'))).toBe('same');
  });

  test('of a new device loosen what asks for them', () => {
    const enrolled = {
      ...kinds('secp256k1'),
      members: members.map((one) => ({ ...one, kinds: ['secp256k1', 'webauthn'] as const })),
    };
    expect(verdictOf(kinds('secp256k1'), enrolled)).toBe('loosens');
  });
});

describe('members', () => {
  const change = (id: string, parts: Partial<AnalysedMember>): Setting =>
    aSetting({}, { members: staff.map((one) => (one.id === id ? { ...one, ...parts } : one)) });

  test('added to a group that approves loosen, taken out of it tighten', () => {
    expect(verdictOf(aSetting(), change('carol', { groups: ['compliance', 'treasury'] }))).toBe(
      'loosens',
    );
    expect(verdictOf(aSetting(), change('alice', { groups: [] }))).toBe('tightens');
    expect(verdictOf(aSetting(), change('carol', { groups: ['compliance', 'auditors'] }))).toBe(
      'same',
    );
  });

  test('exchanged make easier and harder at once', () => {
    const swapped = aSetting(
      {},
      { members: staff.map((one) => (one.id === 'alice' ? { ...one, id: 'zoe' } : one)) },
    );
    expect(verdictOf(aSetting(), swapped)).toBe('both');
  });

  test('who may propose now loosen, even where nobody else would', () => {
    const free = aSetting({}, { initiators: ['operators', 'compliance'] });
    expect(verdictOf(aSetting(), free)).toBe('loosens');
    const found = loosens(aSetting(), free);
    expect(found).toMatchObject({ ok: true, value: { because: { code: 'member.role' } } });
  });

  test('who may propose but whom nobody is left to approve change nothing', () => {
    const alone = staff.filter(({ id }) => ['alice', 'operator'].includes(id));
    const setting = (initiators: readonly string[]) => aSetting({}, { members: alone, initiators });
    expect(verdictOf(setting(['operators']), setting(['operators', 'treasury']))).toBe('same');
  });

  test('behind a service account do not approve what it proposes', () => {
    const bot = (operators: readonly string[]): Setting =>
      aSetting({}, { members: [...staff, aMember('bot', ['operators'], { operators })] });
    expect(verdictOf(bot(['alice']), bot(['alice', 'bob']))).toBe('tightens');
    expect(verdictOf(bot(['alice']), bot([]))).toBe('loosens');
  });

  test('who become service accounts count no more', () => {
    expect(verdictOf(aSetting(), change('bob', { operators: ['alice'] }))).toBe('tightens');
  });
});

describe('a condition on the initiator', () => {
  const members = [...staff, aMember('second', ['operators', 'night'])];
  const by = (
    any: NonNullable<When['initiator']>['any'],
    groups: readonly string[] = [],
  ): Setting =>
    aSetting(
      { rules: [aRule('own', { initiator: { any } })] },
      {
        members: members.map((one) =>
          one.id === 'operator' ? { ...one, groups: ['operators', ...groups] } : one,
        ),
      },
    );

  test('by name is of him alone', () => {
    expect(verdictOf(by(['member:operator']), by(['member:operator', 'member:second']))).toBe(
      'loosens',
    );
    expect(verdictOf(by(['member:operator']), by(['member:second']))).toBe('both');
    expect(verdictOf(by(['member:operator']), by(['group:operators']))).toBe('loosens');
  });

  test('by group changes with the groups', () => {
    expect(verdictOf(by(['group:night']), by(['group:night'], ['night']))).toBe('loosens');
    expect(verdictOf(by(['group:night']), by(['member:second']))).toBe('same');
  });
});
