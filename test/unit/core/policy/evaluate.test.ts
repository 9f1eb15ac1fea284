import { describe, expect, test } from '@jest/globals';
import { sats } from '../../../../src/core/base/sats.ts';
import type { PolicyBody } from '../../../../src/core/policy/body.ts';
import { usageOfRecords } from '../../../../src/core/policy/budget.ts';
import type { Evaluation, SpendFacts, UsageRecord } from '../../../../src/core/policy/evaluate.ts';
import { evaluate } from '../../../../src/core/policy/evaluate.ts';
import {
  aLimit,
  aPayment,
  aPolicy,
  aRecord,
  aRule,
  aSpend,
  aWhen,
  one,
  ordinaryScript,
} from '../../../support/policy-builder.ts';

const now = 1_800_000_000;
const day = 86_400;

function judge(
  policy: Partial<PolicyBody>,
  spend: SpendFacts,
  usage: readonly UsageRecord[] = [],
): Evaluation {
  return evaluate(aPolicy(policy), spend, usageOfRecords(usage), now);
}
const codes = (found: Evaluation) => found.refusals.map((refusal) => refusal.code);
const passes = (found: Evaluation) => found.refusals.length === 0 && found.waiting.length === 0;
const names = (found: Evaluation) => found.matched.map((rule) => rule.name);

describe('default deny', () => {
  test('a policy without rules allows nothing', () => {
    expect(codes(judge({ rules: [] }, aSpend([aPayment(1)])))).toEqual(['policy.rules.empty']);
    expect(passes(judge({}, aSpend([aPayment(1)])))).toBe(true);
  });

  test('what no rule matches is refused', () => {
    const rules = [aRule('strangers', { destinations: { all: ['unlisted'], any: null } })];
    expect(codes(judge({ rules }, aSpend([aPayment(1)])))).toEqual(['policy.none.matched']);
    expect(passes(judge({ rules }, aSpend([aPayment(1, null)])))).toBe(true);
  });

  test('a matching rule that asks for nobody is refused', () => {
    const zero = { from: 'treasury', atLeast: 0, kinds: null };
    const rule = (clause: typeof zero, parts = {}) => ({
      ...aRule('none', parts),
      require: { approvals: { any: [one, clause] }, delaySeconds: 0 },
    });
    const spend = aSpend([aPayment(1)]);
    expect(codes(judge({ rules: [rule(zero)] }, spend))).toEqual(['policy.quorum.zero']);
    expect(passes(judge({ rules: [rule({ ...zero, atLeast: 1 })] }, spend))).toBe(true);
    // A rule that does not match says nothing.
    const idle = rule(zero, { payments: 'none' });
    expect(passes(judge({ rules: [aRule('payments'), idle] }, spend))).toBe(true);
  });

  test.each<[string, SpendFacts, UsageRecord[], number]>([
    ['an amount that is not the sum', { ...aSpend([aPayment(2)]), amountSats: sats(1) }, [], now],
    ['a size of 0', aSpend([aPayment(2)], { vbytes: 0 }), [], now],
    ['a size that is no integer', aSpend([aPayment(2)], { vbytes: 1.5 }), [], now],
    ['no initiator', aSpend([aPayment(2)], { initiator: '' }), [], now],
    ['a time that is no integer', aSpend([aPayment(2)]), [], NaN],
    [
      'a record whose amount is not the sum',
      aSpend([aPayment(2)]),
      [{ ...aRecord(1, []), amountSats: sats(5) }],
      now,
    ],
    ['a record without a time', aSpend([aPayment(2)]), [aRecord(NaN, [])], now],
  ])('%s is refused instead of judged', (_, spend, usage, at) => {
    const found = evaluate(aPolicy(), spend, usageOfRecords(usage), at);
    expect(codes(found)).toEqual(['policy.facts.inconsistent']);
    expect(found.matched).toEqual([]);
  });
});

describe('rules', () => {
  test('all that match apply, and the longest delay holds', () => {
    const rules = [aRule('a', {}, 5), aRule('b', {}, 60), aRule('c', { payments: 'none' }, 600)];
    const found = judge({ rules }, aSpend([aPayment(1)]));
    expect(names(found)).toEqual(['a', 'b']);
    expect(found.delaySeconds).toBe(60);
  });

  describe('what an address book merely says of a payment', () => {
    const treasury = aRule('everybody', {}, 0);
    const risky = aRule('risky', { destinations: { all: null, any: ['tag:risky'] } }, 60);
    const customers = aRule('customers', { destinations: { all: ['tag:customer'], any: null } });
    const says = (tag: string) => {
      const payment = { ...aPayment(1, null), inert: { owner: 'acme', tags: [tag] } };
      return aSpend([payment]);
    };

    test('asks for what a rule requires, and for its delay', () => {
      const found = judge({ rules: [treasury, risky] }, says('risky'));
      expect(names(found)).toEqual(['everybody', 'risky']);
      expect(found.delaySeconds).toBe(60);
      expect(found.rules.map(({ permits }) => permits)).toEqual([true, false]);
    });

    test('permits nothing', () => {
      const found = judge({ rules: [customers] }, says('customer'));
      expect(codes(found)).toEqual(['policy.none.matched']);
      const rules = [
        customers,
        aRule('strangers', { destinations: { all: ['unlisted'], any: null } }),
      ];
      expect(judge({ rules }, says('customer')).refusals).toEqual([]);
    });
  });

  test('any deny wins wherever it stands', () => {
    const deny = { name: 'no', when: aWhen(), deny: true as const, require: null };
    for (const rules of [
      [aRule('yes'), deny],
      [deny, aRule('yes')],
    ]) {
      const found = judge({ rules }, aSpend([aPayment(1)]));
      expect(found.refusals).toEqual([{ code: 'policy.denied', facts: { rule: 'no' } }]);
    }
  });

  test.each([
    [999, ['low']],
    [1_000, ['low']],
    [1_001, ['high']],
  ])('atMost 1000 and above 1000 part %d sat without gap or overlap', (amount, expected) => {
    const bound = { windowSeconds: null, of: 'wallet' as const };
    const rules = [
      aRule('low', { amount: { ...bound, above: null, atMost: 1_000 } }),
      aRule('high', { amount: { ...bound, above: 1_000, atMost: null } }),
    ];
    expect(names(judge({ rules }, aSpend([aPayment(amount)])))).toEqual(expected);
  });

  test('a tier with a window cannot be walked under by many small spends', () => {
    const bound = { windowSeconds: day, of: 'wallet' as const };
    const rules = [
      aRule('low', { amount: { ...bound, above: null, atMost: 1_000 } }),
      aRule('high', { amount: { ...bound, above: 1_000, atMost: null } }),
    ];
    const used = (amount: number, state: 'reserved' | 'committed', age = 10) => [
      aRecord(now - age, [aPayment(amount)], { state }),
    ];
    const spend = aSpend([aPayment(100)]);
    expect(names(judge({ rules }, spend, used(900, 'committed')))).toEqual(['low']);
    expect(names(judge({ rules }, spend, used(901, 'committed')))).toEqual(['high']);
    expect(names(judge({ rules }, spend, used(901, 'reserved', 9 * day)))).toEqual(['high']);
    expect(names(judge({ rules }, spend, used(901, 'committed', day)))).toEqual(['low']);
  });

  test('an amount of a destination is that of the destination that gets most', () => {
    const bound = { windowSeconds: day, of: 'destination' as const };
    const rules = [
      aRule('low', { amount: { ...bound, above: null, atMost: 100 } }),
      aRule('high', { amount: { ...bound, above: 100, atMost: null } }),
    ];
    const usage = [aRecord(now - 1, [aPayment(60, 'b'), aPayment(70, null)])];
    const matched = (...payments: ReturnType<typeof aPayment>[]) =>
      names(judge({ rules }, aSpend(payments), usage));
    expect(matched(aPayment(100, 'a'), aPayment(40, 'b'), aPayment(30, null))).toEqual(['low']);
    expect(matched(aPayment(1, 'a'), aPayment(41, 'b'))).toEqual(['high']);
    expect(matched(aPayment(16, null), aPayment(15, null))).toEqual(['high']);
  });

  test('an amount of an initiator leaves out what others moved', () => {
    const amount = { above: null, atMost: 100, windowSeconds: day, of: 'initiator' as const };
    const rules = [aRule('low', { amount })];
    const usage = [aRecord(now - 1, [aPayment(60)], { initiator: 'ann' })];
    const by = (initiator: string) =>
      names(judge({ rules }, aSpend([aPayment(41)], { initiator }), usage));
    expect(by('ben')).toEqual(['low']);
    expect(by('ann')).toEqual([]);
  });

  test('destinations are judged by listing, tag and owner', () => {
    const tagged = { ...aPayment(1), destination: { owner: 'acme', tags: ['vip'] } };
    const matches = (
      destinations: NonNullable<ReturnType<typeof aWhen>['destinations']>,
      ...payments: ReturnType<typeof aPayment>[]
    ) => names(judge({ rules: [aRule('r', { destinations })] }, aSpend(payments))).length === 1;
    const stranger = aPayment(1, null);
    expect(matches({ all: ['listed'], any: null }, tagged, aPayment(1))).toBe(true);
    expect(matches({ all: ['listed'], any: null }, tagged, stranger)).toBe(false);
    expect(matches({ all: ['listed', 'unlisted'], any: null }, tagged, stranger)).toBe(true);
    expect(matches({ all: null, any: ['unlisted'] }, tagged, stranger)).toBe(true);
    expect(matches({ all: null, any: ['unlisted'] }, tagged)).toBe(false);
    expect(matches({ all: ['tag:vip'], any: null }, tagged)).toBe(true);
    expect(matches({ all: ['tag:vip'], any: null }, tagged, aPayment(1))).toBe(false);
    expect(matches({ all: null, any: ['owner:acme'] }, stranger, tagged)).toBe(true);
    expect(matches({ all: null, any: ['owner:other'] }, stranger, tagged)).toBe(false);
    expect(matches({ all: ['listed', 'unlisted'], any: ['tag:vip'] }, stranger)).toBe(false);
  });

  test('only payments: none matches a spend without payments; all and any are false on it', () => {
    const nothing = aSpend([]);
    expect(codes(judge({}, nothing))).toEqual(['policy.none.matched']);
    expect(names(judge({ rules: [aRule('own', { payments: 'none' })] }, nothing))).toEqual(['own']);
    for (const destinations of [
      { all: ['listed' as const], any: null },
      { all: null, any: ['listed' as const] },
    ]) {
      const rules = [aRule('own', { payments: 'none', destinations })];
      expect(codes(judge({ rules }, nothing))).toEqual(['policy.none.matched']);
    }
    const rules = [aRule('own', { payments: 'none' })];
    expect(codes(judge({ rules }, aSpend([aPayment(1)])))).toEqual(['policy.none.matched']);
  });

  test('each says of every condition whether it held and by which values', () => {
    const amount = { above: 5, atMost: null, windowSeconds: null, of: 'wallet' as const };
    const found = judge({ rules: [aRule('big', { amount })] }, aSpend([aPayment(5)]));
    expect(found.rules).toEqual([
      {
        name: 'big',
        deny: false,
        matched: false,
        permits: false,
        why: [
          { condition: 'payments', holds: true, facts: { asks: 'some', payments: 1 } },
          { condition: 'amount', holds: false, facts: { above: 5, atMost: null, amount: 5 } },
        ],
      },
    ]);
  });
});

describe('unusual outputs', () => {
  const pay = (script: string, amount: number) =>
    aSpend([{ script, sats: sats(amount), destination: null }]);

  test.each([
    ['an OP_RETURN with value', '6a0101', 1, 'data-value'],
    ['an OP_RETURN without value', '6a0101', 0, 'zero-value'],
    ['an output of 0 sat', ordinaryScript, 0, 'zero-value'],
    ['a witness program of version 2', `5220${'22'.repeat(32)}`, 1, 'witness-unknown'],
    ['a witness program of version 16', '60020101', 1, 'witness-unknown'],
    ['pay to anchor', '51024e73', 1, 'witness-unknown'],
    ['a v0 program of an odd length', `0015${'11'.repeat(21)}`, 1, 'witness-unknown'],
  ])('%s is refused unless a matching rule names it', (_, script, amount, kind) => {
    const found = judge({}, pay(script, amount));
    expect(found.refusals).toEqual([{ code: 'policy.output.unnamed', facts: { kind } }]);
    const naming = aRule('named', {
      outputs: { any: [kind as 'zero-value'], above: null, atMost: null },
    });
    const named = judge({ rules: [aRule('payments'), naming] }, pay(script, amount));
    expect(passes(named)).toBe(true);
    expect(names(named)).toEqual(['payments', 'named']);
  });

  test.each([
    ['P2WPKH', `0014${'11'.repeat(20)}`],
    ['P2WSH', `0020${'11'.repeat(32)}`],
    ['P2TR', `5120${'11'.repeat(32)}`],
    ['P2PKH', `76a914${'11'.repeat(20)}88ac`],
    ['P2SH', `a914${'11'.repeat(20)}87`],
    ['a program that is too long', `5229${'11'.repeat(41)}`],
  ])('%s is ordinary', (_, script) => {
    expect(passes(judge({}, pay(script, 1)))).toBe(true);
  });

  test('a rule that names one kind does not allow another', () => {
    const rules = [
      aRule('payments'),
      aRule('n', { outputs: { any: ['zero-value'], above: null, atMost: null } }),
    ];
    const spend = aSpend([
      { script: ordinaryScript, sats: sats(0), destination: null },
      { script: '6a0101', sats: sats(1), destination: null },
    ]);
    expect(judge({ rules }, spend).refusals).toEqual([
      { code: 'policy.output.unnamed', facts: { kind: 'data-value' } },
    ]);
  });
});

describe('fee caps', () => {
  const fee = (value: number, payments = [aPayment(10_000)], vbytes = 200) =>
    aSpend(payments, { feeSats: sats(value), vbytes });
  const caps = (parts: Partial<PolicyBody['fees']>): Partial<PolicyBody> => ({
    fees: { rateSatPerVbyte: null, sharePerMille: null, selfSats: 500, ...parts },
    rules: [aRule('payments'), aRule('own', { payments: 'none' })],
  });

  test.each([
    ['rate', { rateSatPerVbyte: 3 }, 600],
    ['share', { sharePerMille: 25 }, 250],
  ])('by %s passes at exactly the cap and one below, and refuses one above', (cap, parts, most) => {
    expect(passes(judge(caps(parts), fee(most - 1)))).toBe(true);
    expect(passes(judge(caps(parts), fee(most)))).toBe(true);
    const found = judge(caps(parts), fee(most + 1));
    expect(found.refusals).toMatchObject([{ code: 'policy.fee.exceeded', facts: { cap } }]);
  });

  test('a spend without payments is capped by itself and has no share', () => {
    const policy = caps({ sharePerMille: 0 });
    expect(passes(judge(policy, fee(499, [])))).toBe(true);
    expect(passes(judge(policy, fee(500, [])))).toBe(true);
    expect(judge(policy, fee(501, [])).refusals).toMatchObject([
      { code: 'policy.fee.exceeded', facts: { cap: 'self', most: 500, fee: 501 } },
    ]);
  });

  test('a spend without payments is capped by rate, too', () => {
    const found = judge(caps({ rateSatPerVbyte: 1 }), fee(201, []));
    expect(found.refusals).toMatchObject([{ facts: { cap: 'rate', vbytes: 200 } }]);
  });

  test('without caps by rate and share any fee of a payment passes', () => {
    expect(passes(judge(caps({}), fee(1_000_000)))).toBe(true);
  });
});

describe('limits', () => {
  const spend = (amount: number) => aSpend([aPayment(amount)]);

  test.each([
    [999, true],
    [1_000, true],
    [1_001, false],
  ])('of one transaction holds %d of 1000: %s', (amount, expected) => {
    const limits = [aLimit({ windowSeconds: null })];
    const usage = [aRecord(now - 1, [aPayment(900)])];
    const found = judge({ limits }, spend(amount), usage);
    expect(passes(found)).toBe(expected);
    expect(codes(found)).toEqual(expected ? [] : ['policy.limit.exceeded']);
    expect(found.waiting).toEqual([]);
  });

  test.each([
    [399, true],
    [400, true],
    [401, false],
  ])('of a window holds 600 and %d of 1000: %s', (amount, expected) => {
    const usage = [
      aRecord(now - 1, [aPayment(350)]),
      aRecord(0, [aPayment(250)], { state: 'reserved' }),
    ];
    const found = judge({ limits: [aLimit()] }, spend(amount), usage);
    expect(passes(found)).toBe(expected);
    expect(found.limits).toMatchObject([
      { most: 1_000, spent: 350, reserved: 250, asked: amount, free: 400, freesAt: now - 1 + day },
    ]);
    expect(found.refusals).toEqual([]);
    if (!expected)
      expect(found.waiting).toEqual([
        {
          code: 'policy.limit.exceeded',
          facts: {
            limit: 'daily',
            measure: 'amount',
            of: 'wallet',
            key: null,
            windowSeconds: day,
            most: 1_000,
            spent: 350,
            reserved: 250,
            asked: amount,
            fitsAt: '2027-01-16T07:59:59Z',
          },
        },
      ]);
  });

  test('a spend larger than the whole window is refused, not told to wait', () => {
    const found = judge({ limits: [aLimit()] }, spend(1_001));
    expect(found.refusals).toMatchObject([
      { code: 'policy.limit.exceeded', facts: { fitsAt: null } },
    ]);
    expect(found.waiting).toEqual([]);
    expect(passes(judge({ limits: [aLimit()] }, spend(1_000)))).toBe(true);
  });

  test('a committed spend stops counting at the second its window has passed', () => {
    const limits = [aLimit()];
    const at = (time: number) =>
      passes(judge({ limits }, spend(1), [aRecord(time, [aPayment(1_000)])]));
    expect(at(now - day + 1)).toBe(false);
    expect(at(now - day)).toBe(true);
    expect(at(now - day - 1)).toBe(true);
  });

  test('a committed spend dated in the future counts', () => {
    const usage = [aRecord(now + 100, [aPayment(1_000)])];
    expect(passes(judge({ limits: [aLimit()] }, spend(1), usage))).toBe(false);
  });

  test('no edge of a window lets twice the limit through', () => {
    // 1000 just before and 1000 just after midnight of any time zone.
    const usage = [aRecord(now - 2, [aPayment(1_000)])];
    expect(judge({ limits: [aLimit()] }, spend(1_000), usage).waiting).toHaveLength(1);
  });

  test('a wait names the time at which enough has aged, or that age never suffices', () => {
    const usage = [
      aRecord(now - 300, [aPayment(100)]),
      aRecord(now - 100, [aPayment(400)]),
      aRecord(now - 200, [aPayment(400)]),
    ];
    const fitsAt = (amount: number, records = usage) =>
      judge({ limits: [aLimit()] }, spend(amount), records).waiting.map(
        (refusal) => refusal.facts['fitsAt'],
      );
    expect(fitsAt(100)).toEqual([]);
    expect(fitsAt(200)).toEqual(['2027-01-16T07:55:00Z']);
    expect(fitsAt(201)).toEqual(['2027-01-16T07:56:40Z']);
    expect(fitsAt(601)).toEqual(['2027-01-16T07:58:20Z']);
    const open = [...usage, aRecord(now, [aPayment(100)], { state: 'reserved' })];
    expect(fitsAt(900, open)).toEqual(['2027-01-16T07:58:20Z']);
    expect(fitsAt(901, open)).toEqual([null]);
  });

  test('a count counts spends, payments or not', () => {
    const limits = [aLimit({ measure: 'count', most: 2 })];
    const rules = [aRule('payments'), aRule('own', { payments: 'none' })];
    const usage = [aRecord(now - 1, [aPayment(1), aPayment(2)])];
    expect(passes(judge({ limits, rules }, spend(5), usage))).toBe(true);
    const more = [...usage, aRecord(now - 1, [])];
    expect(passes(judge({ limits, rules }, spend(5), more))).toBe(false);
    expect(passes(judge({ limits, rules }, aSpend([]), more))).toBe(false);
  });

  test('a fee budget counts fees alone', () => {
    const limits = [aLimit({ measure: 'fee', most: 100 })];
    const usage = [aRecord(now - 1, [aPayment(5_000)], { feeSats: sats(60) })];
    const fee = (value: number) => aSpend([aPayment(5_000)], { feeSats: sats(value) });
    expect(passes(judge({ limits }, fee(40), usage))).toBe(true);
    const { waiting } = judge({ limits }, fee(41), usage);
    expect(waiting.map(({ code }) => code)).toEqual(['policy.fee.budget']);
    const { refusals } = judge({ limits }, fee(101), usage);
    expect(refusals.map(({ code }) => code)).toEqual(['policy.fee.budget']);
  });

  test('a limit of a destination counts each owner, and all strangers as one', () => {
    const limits = [aLimit({ of: 'destination', most: 100 })];
    const usage = [aRecord(now - 1, [aPayment(90, 'a'), aPayment(50, null), aPayment(40, null)])];
    const asks = (...payments: ReturnType<typeof aPayment>[]) =>
      judge({ limits }, aSpend(payments), usage);
    expect(passes(asks(aPayment(10, 'a'), aPayment(100, 'b'), aPayment(10, null)))).toBe(true);
    expect(asks(aPayment(11, 'a'), aPayment(1, 'b')).waiting).toMatchObject([
      { facts: { key: 'a', spent: 90, asked: 11 } },
    ]);
    expect(asks(aPayment(6, null), aPayment(5, null)).waiting).toMatchObject([
      { facts: { key: null, spent: 90, asked: 11 } },
    ]);
  });

  test('an owner that calls himself unlisted is not a stranger', () => {
    const limits = [aLimit({ of: 'destination', most: 100 })];
    const usage = [aRecord(now - 1, [aPayment(100, null)])];
    expect(passes(judge({ limits }, aSpend([aPayment(100, 'unlisted')]), usage))).toBe(true);
    expect(passes(judge({ limits }, aSpend([aPayment(1, null)]), usage))).toBe(false);
  });

  test('a limit of an initiator counts his spends alone', () => {
    const limits = [aLimit({ of: 'initiator', most: 100 })];
    const usage = [aRecord(now - 1, [aPayment(90)], { initiator: 'ann' })];
    const by = (initiator: string) =>
      passes(judge({ limits }, aSpend([aPayment(11)], { initiator }), usage));
    expect(by('ben')).toBe(true);
    expect(by('ann')).toBe(false);
  });

  test('a limit of the organisation is enforced as the share of this wallet', () => {
    const limits = [aLimit({ of: 'organisation', most: 1_000, here: 100 })];
    expect(passes(judge({ limits }, spend(100)))).toBe(true);
    expect(codes(judge({ limits }, spend(101)))).toEqual(['policy.limit.exceeded']);
    expect(judge({ limits }, spend(100)).limits).toMatchObject([{ most: 100 }]);
  });

  test('every limit applies at once', () => {
    const limits = [aLimit({ name: 'a', most: 10 }), aLimit({ name: 'b', most: 5 }), aLimit()];
    const found = judge({ limits }, spend(11));
    expect(found.refusals.map((refusal) => refusal.facts['limit'])).toEqual(['a', 'b']);
  });

  test('editing, renaming or re-adding a limit resets no usage', () => {
    const usage = [aRecord(now - 1, [aPayment(900)])];
    for (const limit of [aLimit(), aLimit({ name: 'new' }), aLimit({ windowSeconds: 2 * day })])
      expect(judge({ limits: [limit] }, spend(101), usage).waiting).toHaveLength(1);
  });

  test('amounts near all bitcoin are counted exactly', () => {
    const most = 2_100_000_000_000_000;
    const limits = [aLimit({ most })];
    const usage = [aRecord(now - 1, [aPayment(most - 1)])];
    expect(passes(judge({ limits }, spend(1), usage))).toBe(true);
    expect(passes(judge({ limits }, spend(2), usage))).toBe(false);
  });
});
