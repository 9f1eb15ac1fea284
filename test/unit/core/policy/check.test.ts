import { describe, expect, test } from '@jest/globals';
import type { AmountCondition, Clause, PolicyBody } from '../../../../src/core/policy/body.ts';
import type { PolicyMember } from '../../../../src/core/policy/check.ts';
import { checkPolicy } from '../../../../src/core/policy/check.ts';
import { aLimit, aPolicy, aRule } from '../../../support/policy-builder.ts';

const person = (id: string, ...groups: string[]): PolicyMember => ({
  id,
  groups,
  kinds: ['secp256k1'],
  service: false,
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
const code = (...args: Parameters<typeof checkPolicy>) => {
  const found = checkPolicy(...args);
  return found.ok ? 'ok' : found.refusal.code;
};

describe('a policy is refused when it', () => {
  test('has no rules', () => {
    expect(code(aPolicy({ rules: [] }), members)).toBe('policy.rules.empty');
    expect(code(aPolicy(), members)).toBe('ok');
  });

  test.each([
    ['daily', 'DAILY'],
    ['daily', 'ｄａｉｌｙ'],
    ['straße', 'STRASSE'],
    ['ﬁne', 'fine'],
  ])('has two limits or two rules that are called alike: %s, %s', (first, second) => {
    const limits = [aLimit({ name: first }), aLimit({ name: second })];
    const rules = [aRule(first), aRule(second)];
    expect(code(aPolicy({ limits }), members)).toBe('policy.name.duplicate');
    expect(code(aPolicy({ rules }), members)).toBe('policy.name.duplicate');
    // A limit and a rule may share a name.
    const apart = { limits: [aLimit({ name: first })], rules: [aRule(second)] };
    expect(code(aPolicy(apart), members)).toBe('ok');
  });

  test('asks for nobody, at any place', () => {
    const clause: Clause = { any: [leaf('treasury', 1), { all: [leaf('compliance', 0)] }] };
    expect(code(asking(clause), members)).toBe('policy.quorum.zero');
  });

  test('names a group that nobody is in', () => {
    const found = checkPolicy(asking({ any: [leaf('treasury', 1), leaf('board', 1)] }), members);
    expect(found).toMatchObject({
      refusal: { code: 'policy.group.unknown', facts: { rule: 'r', groups: ['board'] } },
    });
  });

  test('delays longer than an approval holds', () => {
    expect(code(asking(leaf('treasury', 1), 172_800), members)).toBe('ok');
    expect(code(asking(leaf('treasury', 1), 172_801), members)).toBe('policy.delay.outlives');
  });
});

describe('a quorum that the charter cannot meet', () => {
  test('is refused', () => {
    expect(code(asking(leaf('treasury', 2)), members)).toBe('ok');
    expect(code(asking(leaf('treasury', 3)), members)).toBe('policy.quorum.unsatisfiable');
    expect(code(asking(leaf('treasury', 1, ['psbt'])), members)).toBe(
      'policy.quorum.unsatisfiable',
    );
  });

  test('is refused when the member who is in two groups is needed twice', () => {
    const both: Clause = { all: [leaf('treasury', 1), leaf('compliance', 1)] };
    const few = [person('dave', 'treasury', 'compliance'), person('operator', 'operators')];
    expect(code(asking(both), few)).toBe('policy.quorum.unsatisfiable');
    expect(code(asking(both), [...few, person('erin', 'treasury')])).toBe('ok');
  });

  test('is refused for each possible initiator who is needed himself', () => {
    const two = asking(leaf('treasury', 2));
    const among = (groups: string[]) => checkPolicy(two, members, undefined, groups);
    expect(among(['operators'])).toMatchObject({ ok: true });
    expect(among(['operators', 'treasury'])).toMatchObject({
      refusal: {
        code: 'policy.quorum.unsatisfiable',
        facts: { rule: 'r', initiators: ['alice', 'bob'] },
      },
    });
    const more = [...members, person('dan', 'treasury')];
    expect(code(two, more, undefined, ['operators', 'treasury'])).toBe('ok');
  });

  test('is refused when it needs everybody and somebody must propose', () => {
    const all = [person('alice', 'treasury'), person('bob', 'treasury')];
    expect(code(asking(leaf('treasury', 2)), all)).toBe('policy.quorum.unsatisfiable');
    expect(code(asking(leaf('treasury', 1)), all)).toBe('ok');
  });

  test('is refused when only a service account could fill it', () => {
    const robot = { ...person('robot', 'treasury'), service: true, operators: ['carol'] };
    const few = [person('operator', 'operators'), person('alice', 'treasury'), robot];
    expect(code(asking(leaf('treasury', 2)), few)).toBe('policy.quorum.unsatisfiable');
  });

  test('is refused when a service account initiates for the people it needs', () => {
    const robot: PolicyMember = { ...person('robot', 'robots'), service: true, operators: ['bob'] };
    const two = asking(leaf('treasury', 2));
    expect(code(two, [...members, robot], undefined, ['robots'])).toBe(
      'policy.quorum.unsatisfiable',
    );
    const other = { ...robot, operators: ['carol'] };
    expect(code(two, [...members, other], undefined, ['robots'])).toBe('ok');
  });
});

describe('a rule that can never match', () => {
  const amount = (parts: Partial<AmountCondition>): AmountCondition => ({
    above: null,
    atMost: null,
    windowSeconds: null,
    of: 'wallet',
    ...parts,
  });
  const when = (parts: Parameters<typeof aRule>[1]) =>
    code(aPolicy({ rules: [aRule('r', parts)] }), members);
  const never = 'policy.rule.unreachable';

  test('by its amount is refused', () => {
    expect(when({ amount: amount({ above: 5, atMost: 5 }) })).toBe(never);
    expect(when({ amount: amount({ above: 5, atMost: 6 }) })).toBe('ok');
    expect(when({ amount: amount({ above: 2_100_000_000_000_000 }) })).toBe(never);
    expect(when({ amount: amount({ above: 2_099_999_999_999_999 }) })).toBe('ok');
  });

  test('without payments is refused', () => {
    const payments = 'none';
    expect(when({ payments, destinations: { all: ['listed'], any: null } })).toBe(never);
    expect(when({ payments, outputs: { any: ['zero-value'], above: null, atMost: null } })).toBe(
      never,
    );
    expect(when({ payments, amount: amount({ above: 0 }) })).toBe(never);
    const of = 'destination';
    expect(when({ payments, amount: amount({ above: 0, windowSeconds: 5, of }) })).toBe(never);
    expect(when({ payments, amount: amount({ above: 0, windowSeconds: 5 }) })).toBe('ok');
    expect(when({ payments, amount: amount({ atMost: 0 }) })).toBe('ok');
  });

  test('by its destinations is refused', () => {
    const ask = (all: 'listed' | 'unlisted' | 'owner:a' | 'tag:x', any: typeof all | 'owner:b') =>
      when({ destinations: { all: [all], any: [any] } });
    expect(ask('listed', 'unlisted')).toBe(never);
    expect(ask('unlisted', 'tag:x')).toBe(never);
    expect(ask('owner:a', 'owner:b')).toBe(never);
    expect(ask('owner:a', 'owner:a')).toBe('ok');
    expect(ask('tag:x', 'owner:b')).toBe('ok');
    expect(ask('listed', 'tag:x')).toBe('ok');
    expect(ask('unlisted', 'unlisted')).toBe('ok');
  });
});

describe('a policy beside the governance that may change it', () => {
  const three = asking({ all: [leaf('treasury', 2), leaf('compliance', 1)] });

  test('may ask for as many people, and for no more', () => {
    expect(code(three, members, leaf('governors', 3))).toBe('ok');
    expect(code(three, members, leaf('governors', 2))).toBe('policy.governance.weaker');
    expect(code(three, members)).toBe('ok');
  });

  test('may ask for no kind of device that changing it does without', () => {
    const armed = members.map((member) => ({ ...member, kinds: ['psbt' as const] }));
    const shown = asking(leaf('treasury', 1, ['psbt']));
    expect(code(shown, armed, leaf('governors', 1))).toBe('policy.governance.weaker');
    expect(code(shown, armed, leaf('governors', 1, ['psbt', 'webauthn']))).toBe(
      'policy.governance.weaker',
    );
    expect(code(shown, armed, leaf('governors', 1, ['psbt']))).toBe('ok');
    const both: Clause = { all: [leaf('governors', 1), leaf('governors', 1, ['psbt'])] };
    expect(code(shown, armed, both)).toBe('ok');
  });
});
