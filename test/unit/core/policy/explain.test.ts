import { describe, expect, test } from '@jest/globals';
import type { Verdict } from '../../../../src/core/authorise.ts';
import type { RefusalCode } from '../../../../src/core/base/codes.ts';
import type { AnalysedMember } from '../../../../src/core/policy/analyse/setting.ts';
import type { Clause, PolicyBody } from '../../../../src/core/policy/body.ts';
import { explainSpend, explainVerdict } from '../../../../src/core/policy/explain.ts';
import type { SpendCase } from '../../../../src/core/policy/spend-file.ts';
import {
  aLimit,
  aPayment,
  aPolicy,
  aRecord,
  aRule,
  aSpend,
} from '../../../support/policy-builder.ts';
import { approveAll, proposed } from '../../../support/world.ts';

const now = 1_800_000_000; // 2027-01-15T08:00:00Z, a Friday
const person = (id: string, groups: string[], kinds: AnalysedMember['kinds'] = ['secp256k1']) => ({
  ...{ id, groups, kinds, operators: null },
});
const charter = {
  members: [
    person('operator', ['operators']),
    { ...person('robot', ['operators']), operators: ['bob'] },
    person('alice', ['treasury'], ['secp256k1', 'psbt']),
    person('bob', ['treasury', 'compliance']),
    person('carol', ['compliance'], ['message']),
    person('eve', ['others']),
  ],
  initiators: ['operators', 'treasury'],
};

function explain(
  parts: Partial<PolicyBody>,
  given: Partial<SpendCase> = {},
  approvals = ['alice'],
) {
  const voices = charter.members
    .filter(({ id }) => approvals.includes(id))
    .map(({ id, groups, kinds }) => ({ member: id, groups, kinds }));
  const facts = aSpend([aPayment(600)]);
  const policy = aPolicy({ rules: [aRule('payments')], ...parts });
  return explainSpend(policy, charter, {
    ...{ facts, usage: [], voices, now, quorumAt: now, screening: null },
    ...given,
  });
}
const codesOf = ({ refusals }: { readonly refusals: readonly { readonly code: RefusalCode }[] }) =>
  refusals.map(({ code }) => code);

describe('the outcome of a spend that is thought of', () => {
  test('is authorised when nothing stands against it', () => {
    expect(explain({})).toMatchObject({
      outcome: 'authorised',
      refusals: [],
      quorumAt: '2027-01-15T08:00:00Z',
      notBefore: '2027-01-15T08:00:00Z',
      signBy: '2027-01-16T08:00:00Z',
    });
  });

  test('is pending while approvals are missing, and then has no time', () => {
    const found = explain({ rules: [aRule('payments', {}, 60)] }, {}, []);
    expect(found).toMatchObject({ outcome: 'pending', delaySeconds: 60 });
    expect(found).toMatchObject({ quorumAt: null, notBefore: null, signBy: null });
    expect(found.refusals).toEqual([
      {
        code: 'policy.quorum.missing',
        facts: { missing: ['1 of treasury'], may: ['alice', 'bob'] },
      },
    ]);
  });

  test.each([
    [59, 'waiting', ['policy.delay.waiting']],
    [60, 'authorised', []],
    [60 + 86_400, 'authorised', []],
    [60 + 86_401, 'denied', ['policy.sign.expired']],
  ])('%d s after the quorum of a minute of delay is %s', (ago, outcome, codes) => {
    const found = explain({ rules: [aRule('payments', {}, 60)] }, { quorumAt: now - ago });
    expect(found.outcome).toBe(outcome);
    expect(codesOf(found)).toEqual(codes);
  });

  test('waits for a limit until the window has room, however the delay', () => {
    const usage = [aRecord(now - 3_600, [aPayment(401, 'b')])];
    const found = explain({ limits: [aLimit()] }, { usage });
    expect(found).toMatchObject({ outcome: 'waiting', notBefore: '2027-01-16T07:00:00Z' });
    expect(codesOf(found)).toEqual(['policy.limit.exceeded']);
    const held = [aRecord(now, [aPayment(401, 'b')], { state: 'reserved' })];
    expect(explain({ limits: [aLimit()] }, { usage: held }).notBefore).toBeNull();
    const later = explain(
      { limits: [aLimit()], rules: [aRule('payments', {}, 172_800)] },
      { usage },
    );
    expect(later.notBefore).toBe('2027-01-17T08:00:00Z');
    expect(codesOf(later)).toEqual(['policy.limit.exceeded', 'policy.delay.waiting']);
  });

  test('lacks approvals before it waits for a limit', () => {
    const usage = [aRecord(now - 3_600, [aPayment(401, 'b')])];
    const found = explain({ limits: [aLimit()] }, { usage }, []);
    expect(found.outcome).toBe('pending');
    expect(codesOf(found)).toEqual(['policy.quorum.missing', 'policy.limit.exceeded']);
  });

  test('waits for hours that are closed', () => {
    const zone = {
      version: '2026b',
      offsets: [{ from: 0, seconds: 32_400 }],
      until: 4_000_000_000,
    };
    const spans = [{ days: ['mon' as const], fromMinute: 540, toMinute: 600 }];
    const rules = [aRule('mondays', { hours: { is: 'within', spans } })];
    expect(explain({ zone, rules })).toMatchObject({
      outcome: 'waiting',
      refusals: [{ code: 'policy.hours.closed' }],
      notBefore: '2027-01-18T00:00:00Z',
    });
  });

  test('is denied by every reason at once, and has no time', () => {
    const deny = { ...aRule('never'), deny: true as const, require: null };
    const limits = [aLimit({ name: 'one payment', most: 599, windowSeconds: null })];
    const found = explain({ rules: [aRule('payments'), deny], limits });
    expect(found).toMatchObject({ outcome: 'denied', quorumAt: null, notBefore: null });
    expect(codesOf(found)).toEqual(['policy.denied', 'policy.limit.exceeded']);
  });

  test('is denied to an initiator who may not propose', () => {
    const facts = aSpend([aPayment(600)], { initiator: 'eve', initiatorGroups: ['others'] });
    const found = explain({}, { facts });
    expect(found.outcome).toBe('denied');
    expect(found.refusals).toEqual([{ code: 'member.role', facts: { member: 'eve' } }]);
  });
});

describe('the screening of a spend that is thought of', () => {
  const required = { screening: 'required' as const };

  test.each([
    [required, null, 'pending', ['screening.unanswered']],
    [required, 'hold', 'pending', ['screening.held']],
    [required, 'clear', 'authorised', []],
    [required, 'deny', 'denied', ['screening.denied']],
    [{}, null, 'authorised', []],
    [{}, 'hold', 'pending', ['screening.held']],
    [{}, 'clear', 'authorised', []],
    [{}, 'deny', 'denied', ['screening.denied']],
  ] as const)('under %j with the answer %s is %s', (policy, screening, outcome, codes) => {
    const found = explain(policy, { screening });
    expect(found.outcome).toBe(outcome);
    expect(codesOf(found)).toEqual(codes);
    expect(found.screening).toEqual({
      ...{ required: 'screening' in policy, answer: screening, at: null, destinations: [] },
    });
    if (outcome === 'pending') expect(found.notBefore).toBeNull();
  });

  test('is missing beside approvals and what else is waited for', () => {
    expect(codesOf(explain(required, {}, []))).toEqual([
      ...['policy.quorum.missing', 'screening.unanswered'],
    ]);
    const delayed = explain({ ...required, rules: [aRule('payments', {}, 60)] });
    expect(codesOf(delayed)).toEqual(['screening.unanswered', 'policy.delay.waiting']);
  });

  test('is none where nobody is paid', () => {
    const rules = [aRule('own', { payments: 'none' })];
    const found = explain({ ...required, rules }, { facts: aSpend([]), screening: 'deny' });
    expect(found).toMatchObject({ outcome: 'authorised', screening: null });
  });
});

describe('the approvals of a spend that is thought of', () => {
  const two: Clause = { from: 'treasury', atLeast: 2, kinds: null };

  test.each([
    ['alice', ['treasury'], { alice: 'approval.initiator', bob: null }],
    ['robot', ['operators'], { alice: null, bob: 'approval.initiator' }],
    ['operator', ['operators'], { alice: null, bob: null }],
  ])('proposed by %s count or not', (initiator, initiatorGroups, expected) => {
    const facts = aSpend([aPayment(600)], { initiator, initiatorGroups });
    const found = explain({}, { facts }, ['alice', 'bob']);
    expect(Object.fromEntries(found.approvals.map(({ member, why }) => [member, why]))).toEqual(
      expected,
    );
  });

  test('never count of a service account', () => {
    expect(explain({}, {}, ['robot'])).toMatchObject({
      outcome: 'pending',
      approvals: [{ member: 'robot', device: null, until: null, why: 'approval.initiator' }],
    });
  });

  test('fill the clauses, and who may still fill them is told', () => {
    const all: Clause = { all: [two, { from: 'compliance', atLeast: 1, kinds: ['message'] }] };
    const rule = { ...aRule('large'), require: { approvals: all, delaySeconds: 0 } };
    const found = explain({ rules: [aRule('payments'), rule] }, {}, ['alice']);
    expect(found.clauses).toEqual([
      {
        rule: 'payments',
        met: true,
        filled: [{ from: 'treasury', atLeast: 1, kinds: null, who: ['alice'] }],
        missing: [],
      },
      {
        rule: 'large',
        met: false,
        filled: [
          { from: 'treasury', atLeast: 2, kinds: null, who: ['alice'] },
          { from: 'compliance', atLeast: 1, kinds: ['message'], who: [] },
        ],
        missing: [
          { from: 'treasury', count: 1, kinds: null, may: ['bob'] },
          { from: 'compliance', count: 1, kinds: ['message'], may: ['carol'] },
        ],
      },
    ]);
  });
});

describe('the limits of an explanation', () => {
  const usage = [
    aRecord(now - 7_200, [aPayment(100, 'b')]),
    aRecord(now - 3_600, [aPayment(200, 'acme')]),
    aRecord(now, [aPayment(50, null)], { state: 'reserved' }),
  ];
  const limits = [
    aLimit(),
    aLimit({ name: 'spends', measure: 'count', most: 3 }),
    aLimit({ name: 'per customer', of: 'destination' }),
  ];

  test('say in satoshi what is spent, reserved and free, and when more frees up', () => {
    const [daily] = explain({ limits }, { usage }).limits;
    expect(daily).toEqual({
      name: 'daily',
      of: 'wallet',
      key: null,
      windowSeconds: 86_400,
      measure: 'amount',
      mostSats: 1_000,
      spentSats: 300,
      reservedSats: 50,
      freeSats: 650,
      askedSats: 600,
      fits: true,
      freesAt: '2027-01-16T06:00:00Z',
    });
  });

  test('count spends where they count them', () => {
    const [, spends] = explain({ limits }, { usage }).limits;
    expect(spends).toMatchObject({
      measure: 'count',
      mostCount: 3,
      spentCount: 2,
      reservedCount: 1,
      freeCount: 0,
      askedCount: 1,
      fits: false,
    });
    expect(spends).not.toHaveProperty('spentSats');
  });

  test('stand for each owner that is paid, strangers under one key', () => {
    const facts = aSpend([aPayment(1), aPayment(2, null), aPayment(3, null)]);
    const found = explain({ limits }, { usage, facts }).limits.filter(
      ({ name }) => name === 'per customer',
    );
    expect(found).toMatchObject([
      { key: 'acme', spentSats: 200, askedSats: 1, freesAt: '2027-01-16T07:00:00Z' },
      { key: null, spentSats: 0, reservedSats: 50, askedSats: 5, freesAt: null },
    ]);
  });

  test.each([
    [650, true],
    [651, false],
  ])('hold a spend of %d: %s', (amount, fits) => {
    const facts = aSpend([aPayment(amount)]);
    expect(explain({ limits: [aLimit()] }, { usage, facts }).limits).toMatchObject([{ fits }]);
  });
});

describe('the explanation of a proposal in the log', () => {
  test('follows it from the first approval to the signature, in the same form', () => {
    const { world, proposal } = proposed();
    const explained = () => explainVerdict(world.verdict(proposal));
    expect(explained()).toMatchObject({
      outcome: 'pending',
      refusals: [{ code: 'policy.quorum.missing' }],
      clauses: [{ met: false, missing: [{ from: 'treasury' }, { from: 'compliance' }] }],
      notBefore: null,
    });
    approveAll({ world, proposal });
    expect(explained().approvals).toMatchObject([
      { member: 'alice', device: expect.any(String) as unknown, why: 'signer.pending' },
      { member: 'bob' },
      { member: 'carol' },
    ]);
    world.round();
    world.round();
    expect(explained()).toMatchObject({
      outcome: 'waiting',
      refusals: [{ code: 'policy.delay.waiting' }],
      clauses: [{ met: true, missing: [] }],
      notBefore: expect.any(String) as unknown,
    });
    expect(explained().approvals.map(({ why }) => why)).toEqual([null, null, null]);
    world.now += 1_000;
    expect(explained()).toMatchObject({ outcome: 'authorised', refusals: [] });
    world.round();
    expect(explained()).toMatchObject({ outcome: 'signed', refusals: [] });
  });

  test.each([
    ['refused', 'proposal.rejected', 'denied'],
    ['invalidated', 'document.stale', 'denied'],
    ['pending', 'wallet.frozen', 'pending'],
    ['pending', 'policy.limit.exceeded', 'waiting'],
    ['pending', 'policy.hours.closed', 'waiting'],
  ] as const)('takes %s by %s for %s', (outcome, code, expected) => {
    const { world, proposal } = proposed();
    const verdict: Verdict = { ...world.verdict(proposal), outcome, refusal: { code, facts: {} } };
    expect(explainVerdict(verdict).outcome).toBe(expected);
  });

  test('says what both of its policies say once', () => {
    const { world, proposal } = proposed();
    const verdict = world.verdict(proposal);
    const { trace } = verdict;
    const { limits, rules, clauses } = trace;
    const twice = {
      ...trace,
      ...{ limits: [...limits, ...limits], rules: [...rules, ...rules] },
      clauses: [...clauses, ...clauses],
    };
    expect(explainVerdict({ ...verdict, trace: twice })).toEqual(explainVerdict(verdict));
    expect(limits.length * rules.length * clauses.length).toBeGreaterThan(0);
  });
});
