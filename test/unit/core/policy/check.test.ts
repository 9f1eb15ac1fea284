import { describe, expect, test } from '@jest/globals';
import type { Clause, InitiatorTerm, PolicyBody, Rule } from '../../../../src/core/policy/body.ts';
import type { AnalysedMember } from '../../../../src/core/policy/analyse/setting.ts';
import type { Place } from '../../../../src/core/policy/check.ts';
import { checkPolicy, policyProblems } from '../../../../src/core/policy/check.ts';
import { aLimit, aPolicy, aRule, aWhen } from '../../../support/policy-builder.ts';

const person = (id: string, ...groups: string[]): AnalysedMember => ({
  id,
  groups,
  kinds: ['secp256k1'],
  operators: null,
});
const robot = (operators: string[], ...groups: string[]): AnalysedMember => ({
  ...person('robot', ...groups),
  operators,
});
const members = [
  person('operator', 'operators'),
  person('alice', 'treasury'),
  person('bob', 'treasury'),
  person('carol', 'compliance'),
];
const leaf = (from: string, atLeast: number, kinds: ('webauthn' | 'psbt')[] | null = null) => ({
  from,
  atLeast,
  kinds,
});
const asking = (approvals: Clause, delaySeconds = 0): PolicyBody =>
  aPolicy({ rules: [{ ...aRule('r'), require: { approvals, delaySeconds } }] });
const at = (parts: Partial<Place> = {}): Place => ({
  members,
  initiators: ['operators'],
  governance: null,
  custody: false,
  others: [],
  ...parts,
});
const codes = (body: PolicyBody, parts: Partial<Place> = {}) =>
  policyProblems(body, at(parts)).map(({ code }) => code);

describe('a policy is refused when it', () => {
  test('has no rules', () => {
    expect(policyProblems(aPolicy({ rules: [] }), at())).toEqual([
      { code: 'policy.rules.empty', where: 'rules', example: {} },
    ]);
    expect(codes(aPolicy())).toEqual([]);
  });

  test.each([
    ['daily', 'DAILY'],
    ['daily', 'ｄａｉｌｙ'],
    ['straße', 'STRASSE'],
    ['ﬁne', 'fine'],
  ])('has two limits or two rules that are called alike: %s, %s', (first, second) => {
    const limits = [aLimit({ name: first }), aLimit({ name: second })];
    const rules = [aRule(first), aRule(second)];
    const twice = { code: 'policy.name.duplicate', example: { name: second } };
    expect(policyProblems(aPolicy({ limits }), at())).toEqual([{ ...twice, where: 'limits[1]' }]);
    expect(policyProblems(aPolicy({ rules }), at())).toEqual([{ ...twice, where: 'rules[1]' }]);
    // A limit and a rule may share a name.
    const apart = { limits: [aLimit({ name: first })], rules: [aRule(second)] };
    expect(codes(aPolicy(apart))).toEqual([]);
  });

  test('asks for nobody, at any place', () => {
    const clause: Clause = { any: [leaf('treasury', 1), { all: [leaf('compliance', 0)] }] };
    expect(codes(asking(clause))).toEqual(['policy.quorum.zero']);
  });

  test('names a group that nobody is in', () => {
    const body = asking({ any: [leaf('treasury', 1), leaf('board', 1)] });
    expect(policyProblems(body, at())).toEqual([
      { code: 'policy.group.unknown', where: 'rule "r"', example: { groups: ['board'] } },
    ]);
  });

  test('delays longer than an approval holds', () => {
    expect(codes(asking(leaf('treasury', 1), 172_799))).toEqual([]);
    expect(codes(asking(leaf('treasury', 1), 172_800))).toEqual([]);
    expect(policyProblems(asking(leaf('treasury', 1), 172_801), at())).toEqual([
      {
        code: 'policy.delay.outlives',
        where: 'rule "r"',
        example: { delaySeconds: 172_801, approveSeconds: 172_800 },
      },
    ]);
  });

  test('has many faults, and all are told, the first as the refusal', () => {
    const body = aPolicy({
      limits: [aLimit(), aLimit()],
      rules: [
        { ...aRule('a'), require: { approvals: leaf('board', 0), delaySeconds: 200_000 } },
        aRule('b', { outputs: { any: null, above: 2, atMost: 2 } }),
      ],
    });
    expect(policyProblems(body, at()).map(({ code, where }) => [code, where])).toEqual([
      ['policy.name.duplicate', 'limits[1]'],
      ['policy.quorum.zero', 'rule "a"'],
      ['policy.delay.outlives', 'rule "a"'],
      ['policy.group.unknown', 'rule "a"'],
      ['policy.rule.unreachable', 'rule "b"'],
    ]);
    expect(checkPolicy(body, at())).toEqual({
      ok: false,
      refusal: {
        code: 'policy.name.duplicate',
        facts: { where: 'limits[1]', name: 'daily' },
      },
    });
    expect(checkPolicy(aPolicy(), at())).toEqual({ ok: true, value: null });
  });

  test('contradicts itself, even where no charter is known', () => {
    expect(policyProblems(asking(leaf('board', 1), 172_801), null).map(({ code }) => code)).toEqual(
      ['policy.delay.outlives'],
    );
    expect(policyProblems(aPolicy(), null)).toEqual([]);
  });
});

describe('a quorum that the charter cannot meet', () => {
  const unmet = ['policy.quorum.unsatisfiable'];

  test('is refused', () => {
    expect(codes(asking(leaf('treasury', 1)))).toEqual([]);
    expect(codes(asking(leaf('treasury', 2)))).toEqual([]);
    expect(codes(asking(leaf('treasury', 3)))).toEqual(unmet);
    expect(codes(asking(leaf('treasury', 1, ['psbt'])))).toEqual(unmet);
  });

  test('is refused when the member who is in two groups is needed twice', () => {
    const both: Clause = { all: [leaf('treasury', 1), leaf('compliance', 1)] };
    const few = [person('dave', 'treasury', 'compliance'), person('operator', 'operators')];
    expect(codes(asking(both), { members: few })).toEqual(unmet);
    expect(codes(asking(both), { members: [...few, person('erin', 'treasury')] })).toEqual([]);
  });

  test('is refused for each possible initiator who is needed himself', () => {
    const two = asking(leaf('treasury', 2));
    const initiators = ['operators', 'treasury'];
    expect(policyProblems(two, at({ initiators }))).toEqual([
      {
        code: 'policy.quorum.unsatisfiable',
        where: 'rule "r"',
        example: { initiators: ['alice', 'bob'] },
      },
    ]);
    const more = [...members, person('dan', 'treasury')];
    expect(codes(two, { members: more, initiators })).toEqual([]);
  });

  test('is not refused for an initiator whom the rule does not let propose', () => {
    const two = leaf('treasury', 2);
    const from = (...any: InitiatorTerm[]): PolicyBody =>
      aPolicy({
        rules: [
          { ...aRule('r', { initiator: { any } }), require: { approvals: two, delaySeconds: 0 } },
        ],
      });
    const initiators = ['operators', 'treasury'];
    expect(codes(from('group:operators'), { initiators })).toEqual([]);
    expect(codes(from('group:operators', 'member:bob'), { initiators })).toEqual(unmet);
  });

  test('is refused when it needs everybody and somebody must propose', () => {
    const all = [person('alice', 'treasury'), person('bob', 'treasury')];
    const parts = { members: all, initiators: ['treasury'] };
    expect(codes(asking(leaf('treasury', 2)), parts)).toEqual(unmet);
    expect(codes(asking(leaf('treasury', 1)), parts)).toEqual([]);
  });

  test('is refused when only a service account could fill it', () => {
    const few = [
      person('operator', 'operators'),
      person('alice', 'treasury'),
      robot(['carol'], 'treasury'),
    ];
    expect(codes(asking(leaf('treasury', 2)), { members: few })).toEqual(unmet);
  });

  test('is refused when a service account initiates for the people it needs', () => {
    const two = asking(leaf('treasury', 2));
    const among = (operators: string[]) =>
      codes(two, { members: [...members, robot(operators, 'robots')], initiators: ['robots'] });
    expect(among(['bob'])).toEqual(unmet);
    expect(among(['carol'])).toEqual([]);
  });
});

describe('a rule that names an initiator', () => {
  const naming = (...any: InitiatorTerm[]) =>
    aPolicy({ rules: [aRule('r', { initiator: { any } })] });

  test('is refused when the charter does not know him', () => {
    expect(policyProblems(naming('member:zoe', 'member:operator'), at())).toEqual([
      { code: 'policy.member.unknown', where: 'rule "r"', example: { members: ['zoe'] } },
    ]);
    expect(policyProblems(naming('group:board', 'group:operators'), at())).toEqual([
      { code: 'policy.group.unknown', where: 'rule "r"', example: { groups: ['board'] } },
    ]);
    expect(codes(naming('member:operator', 'group:operators'))).toEqual([]);
  });

  test('is refused when none of those named may propose', () => {
    expect(policyProblems(naming('member:alice', 'group:treasury'), at())).toEqual([
      {
        code: 'policy.rule.unreachable',
        where: 'rule "r"',
        example: {
          reason: 'nobody who may propose is one of these',
          any: ['member:alice', 'group:treasury'],
        },
      },
    ]);
    expect(codes(naming('member:alice', 'group:operators'))).toEqual([]);
  });

  test('is refused the same when it denies', () => {
    const any: InitiatorTerm[] = ['member:alice'];
    const deny: Rule = {
      name: 'no',
      when: aWhen({ initiator: { any } }),
      deny: true,
      require: null,
    };
    expect(codes(aPolicy({ rules: [aRule('r'), deny] }))).toEqual(['policy.rule.unreachable']);
  });
});

describe('a policy of a wallet that holds what belongs to others', () => {
  const armed = members.map((member) => ({
    ...member,
    kinds: ['webauthn' as const, 'psbt' as const],
  }));
  const custody = { custody: true, members: armed };
  const rule = (
    name: string,
    approvals: Clause,
    parts: Parameters<typeof aRule>[1] = {},
  ): Rule => ({
    ...aRule(name, parts),
    require: { approvals, delaySeconds: 0 },
  });
  const two = leaf('treasury', 2);
  const shown: Clause = { all: [leaf('treasury', 1), leaf('compliance', 1, ['psbt'])] };

  test('is refused when passkeys alone can fill what a rule asks for', () => {
    expect(codes(asking(two), { members: armed })).toEqual([]);
    expect(policyProblems(asking(two), at(custody))).toEqual([
      { code: 'policy.custody.webauthn', where: 'rule "r"', example: { kinds: ['webauthn'] } },
    ]);
    expect(codes(asking(shown), custody)).toEqual([]);
    expect(codes(asking({ any: [shown, two] }), custody)).toEqual(['policy.custody.webauthn']);
    expect(codes(asking(leaf('treasury', 1, ['webauthn', 'psbt'])), custody)).toEqual([
      'policy.custody.webauthn',
    ]);
  });

  test('may ask in a rule that always applies beside it', () => {
    const small = {
      amount: { above: null, atMost: 5, windowSeconds: null, of: 'wallet' as const },
    };
    const rules = [rule('small', two, small), rule('always', shown)];
    expect(codes(aPolicy({ rules }), custody)).toEqual([]);
    const apart = [rule('small', two, small), rule('always', shown, { reference: 'present' })];
    expect(codes(aPolicy({ rules: apart }), custody)).toEqual(['policy.custody.webauthn']);
    const own = [rule('small', two, small), rule('own', shown, { payments: 'none' })];
    expect(codes(aPolicy({ rules: own }), custody)).toEqual(['policy.custody.webauthn']);
  });

  test('is refused when one person alone decides on what a service account proposes', () => {
    const alone = leaf('treasury', 1, ['psbt']);
    const machine = { custody: true, members: [...armed, robot(['carol'], 'robots')] };
    expect(codes(asking(alone), machine)).toEqual([]);
    const initiators = ['robots'];
    expect(policyProblems(asking(alone), at({ ...machine, initiators }))).toEqual([
      {
        code: 'policy.custody.alone',
        where: 'rule "r"',
        example: { initiator: 'robot', member: 'alice' },
      },
    ]);
    expect(codes(asking(alone), { ...machine, initiators, custody: false })).toEqual([]);
    expect(codes(asking(leaf('treasury', 2, ['psbt'])), { ...machine, initiators })).toEqual([]);
    const people = aPolicy({
      rules: [rule('r', alone, { initiator: { any: ['group:operators'] } })],
    });
    expect(codes(people, { ...machine, initiators: ['operators', 'robots'] })).toEqual([]);
  });
});

describe('the shares of a limit of the organisation', () => {
  const sharing = (here: number, parts: Partial<PolicyBody> = {}, name = 'all') =>
    aPolicy({ limits: [aLimit({ name, of: 'organisation', most: 100, here })], ...parts });
  const other = { wallet: 'hot-2' };

  test.each([
    [39, []],
    [40, []],
    [41, ['policy.share.exceeded']],
  ])('60 and %d of 100: %p', (here, expected) => {
    expect(codes(sharing(here), { others: [sharing(60, other)] })).toEqual(expected);
  });

  test('are those of the limits with one name, whichever way it is written', () => {
    expect(policyProblems(sharing(50), at({ others: [sharing(60, other, 'ALL')] }))).toEqual([
      {
        code: 'policy.share.exceeded',
        where: 'limits[0]',
        example: { name: 'all', most: 100, here: 50, sum: 110 },
      },
    ]);
    expect(codes(sharing(50), { others: [sharing(60, other, 'some')] })).toEqual([]);
  });

  test('are held against the least that any of them calls the limit', () => {
    const less = aPolicy({
      ...other,
      limits: [aLimit({ name: 'all', of: 'organisation', most: 70, here: 30 })],
    });
    expect(codes(sharing(40), { others: [less] })).toEqual([]);
    expect(codes(sharing(41), { others: [less] })).toEqual(['policy.share.exceeded']);
  });

  test('do not count the former version of the same policy', () => {
    expect(codes(sharing(60), { others: [sharing(60)] })).toEqual([]);
  });
});

describe('a policy beside the governance that may change it', () => {
  const three = asking({ all: [leaf('treasury', 2), leaf('compliance', 1)] });

  test('may ask for as many people, and for no more', () => {
    expect(codes(three, { governance: leaf('governors', 3) })).toEqual([]);
    expect(policyProblems(three, at({ governance: leaf('governors', 2) }))).toEqual([
      {
        code: 'policy.governance.weaker',
        where: 'rule "r"',
        example: { persons: 3, governors: 2 },
      },
    ]);
    expect(codes(three)).toEqual([]);
  });

  test('may ask for no kind of device that changing it does without', () => {
    const armed = members.map((member) => ({ ...member, kinds: ['psbt' as const] }));
    const shown = asking(leaf('treasury', 1, ['psbt']));
    const under = (governance: Clause) => codes(shown, { members: armed, governance });
    expect(under(leaf('governors', 1))).toEqual(['policy.governance.weaker']);
    expect(under(leaf('governors', 1, ['psbt', 'webauthn']))).toEqual(['policy.governance.weaker']);
    expect(under(leaf('governors', 1, ['psbt']))).toEqual([]);
    const both: Clause = { all: [leaf('governors', 1), leaf('governors', 1, ['psbt'])] };
    expect(under(both)).toEqual([]);
  });
});
