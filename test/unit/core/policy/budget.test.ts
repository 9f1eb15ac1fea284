import { describe, expect, test } from '@jest/globals';
import { BUDGET_KEYS, BUDGET_SATS, LOOKS_KEPT } from '../../../../src/core/base/limits.ts';
import { sats } from '../../../../src/core/base/sats.ts';
import { Budget, noUsage, usageOfRecords } from '../../../../src/core/policy/budget.ts';
import { evaluate } from '../../../../src/core/policy/evaluate.ts';
import { budgetOf } from '../../../../src/core/policy/limit-state.ts';
import type { Posting, Recipients, Span } from '../../../../src/core/policy/usage.ts';
import { aLimit, aPayment, aPolicy, aRecord, aSpend } from '../../../support/policy-builder.ts';

const now = 1_800_000_000;
const day = 86_400;
const daily: Span = { measure: 'amount', of: 'wallet', windowSeconds: day };
const nobody: Recipients = new Map();

function aPosting(proposal: string, amount: number, parts: Partial<Posting> = {}): Posting {
  return {
    proposal,
    state: 'committed',
    at: now,
    initiator: 'operator',
    amountSats: sats(amount),
    feeSats: sats(0),
    payments: [{ script: 's1', sats: sats(amount) }],
    ...parts,
  };
}
function budgetWith(...postings: readonly Posting[]): Budget {
  const budget = new Budget();
  for (const posting of postings) budget.add(posting);
  return budget;
}
const listing = (owners: Readonly<Record<string, string>>): Recipients =>
  new Map(Object.entries(owners).map(([script, owner]) => [script, { owner, tags: [] }]));

describe('a window', () => {
  test('holds a spend until the very second at which its seconds are over', () => {
    const usage = budgetWith(aPosting('p', 5)).seen(nobody, null);
    const spent = (at: number) => usage.windowState(daily, null, at).spent;
    expect([spent(now + day - 1), spent(now + day), spent(now + day + 1)]).toEqual([5, 0, 0]);
  });

  test('says when the oldest part stops counting, and when enough has', () => {
    const usage = budgetWith(
      aPosting('nothing', 0, { at: now - 3 }),
      aPosting('a', 5, { at: now - 2 }),
      aPosting('b', 7, { at: now - 1 }),
    ).seen(nobody, null);
    expect(usage.windowState(daily, null, now).freesAt).toBe(now - 2 + day);
    const freed = (excess: number) => usage.freedAt(daily, null, excess, now);
    expect([freed(5), freed(6), freed(12), freed(13)]).toEqual([
      now - 2 + day,
      now - 1 + day,
      now - 1 + day,
      null,
    ]);
  });

  test('counts a reservation however old it is, until it is released or signed', () => {
    const budget = budgetWith(aPosting('p', 5, { state: 'reserved', at: now - 100 * day }));
    const state = () => budget.seen(nobody, null).windowState(daily, null, now);
    expect(state()).toEqual({ spent: 0, reserved: 5, freesAt: null });
    budget.add(aPosting('p', 5));
    expect(state()).toEqual({ spent: 5, reserved: 0, freesAt: now + day });
    budget.release('p');
    expect(state().spent).toBe(5);
  });

  test('is refused to begin before what is indexed', () => {
    const usage = new Budget(now - day).seen(nobody, null);
    expect(usage.windowState(daily, null, now).spent).toBe(0);
    expect(() => usage.windowState(daily, null, now - 1)).toThrow(/indexed/);
  });
});

describe('a destination', () => {
  const count: Span = { measure: 'count', of: 'destination', windowSeconds: day };
  const amount: Span = { ...count, measure: 'amount' };
  const twice = aPosting('p', 5, {
    payments: [
      { script: 's1', sats: sats(2) },
      { script: 's2', sats: sats(3) },
    ],
  });

  test('is an owner with all his scripts, and counts a spend once', () => {
    const usage = budgetWith(twice).seen(listing({ s1: 'ann', s2: 'ann' }), null);
    expect(usage.windowState(count, 'ann', now).spent).toBe(1);
    expect(usage.windowState(amount, 'ann', now).spent).toBe(5);
    expect(usage.windowState(amount, null, now).spent).toBe(0);
  });

  test('is seen as the address books say now, and goes on being so as spends are added', () => {
    const budget = budgetWith(twice);
    const before = listing({ s1: 'ann' });
    const after = listing({ s1: 'ann', s2: 'ben' });
    const held = (listed: Recipients) =>
      ['ann', 'ben', null].map(
        (key) => budget.seen(listed, null).windowState(amount, key, now).spent,
      );
    expect([held(before), held(after)]).toEqual([
      [2, 0, 3],
      [2, 3, 0],
    ]);
    budget.add({ ...twice, proposal: 'q' });
    expect([held(before), held(after)]).toEqual([
      [4, 0, 6],
      [4, 6, 0],
    ]);
  });

  test('is the same after more address books were asked about than are kept', () => {
    const budget = budgetWith(twice);
    const listed = listing({ s1: 'ann' });
    const held = (by: Recipients) => budget.seen(by, null).windowState(amount, 'ann', now).spent;
    expect(held(listed)).toBe(2);
    for (let i = 0; i <= LOOKS_KEPT; i++) expect(held(listing({ s2: 'ann' }))).toBe(3);
    budget.add({ ...twice, proposal: 'q' });
    expect(held(listed)).toBe(4);
  });
});

describe('an index that cannot be right', () => {
  const judged = (budget: Budget) =>
    evaluate(aPolicy(), aSpend([aPayment(1)]), budget.seen(nobody, null), now).refusals.map(
      ({ code }) => code,
    );

  test.each<[string, Partial<Posting>]>([
    ['is no sum of its payments', { amountSats: sats(4) }],
    ['has no time in whole seconds', { at: 0.5 }],
  ])('denies everything after a record that %s, released or not', (_, parts) => {
    const budget = budgetWith(aPosting('p', 5, { state: 'reserved', ...parts }));
    expect(judged(budget)).toEqual(['policy.facts.inconsistent']);
    budget.release('p');
    expect(judged(budget)).toEqual(['policy.facts.inconsistent']);
  });

  test('counts up to its bound, and denies everything beyond', () => {
    const most = 2_100_000_000_000_000;
    const whole = [1, 2, 3].map((i) => aPosting(`whole ${String(i)}`, most));
    const rest = BUDGET_SATS - 3 * most;
    expect(judged(budgetWith(...whole, aPosting('rest', rest)))).toEqual([]);
    expect(judged(budgetWith(...whole, aPosting('rest', rest + 1)))).toEqual([
      'policy.facts.inconsistent',
    ]);
    const feeSats = sats(1);
    expect(judged(budgetWith(...whole, aPosting('rest', rest, { feeSats })))).toEqual([
      'policy.facts.inconsistent',
    ]);
  });
});

describe('the state of a limit', () => {
  test('tells spent, reserved, asked, free and when more frees up', () => {
    const usage = usageOfRecords([
      aRecord(now - 10, [aPayment(300)]),
      aRecord(now - 5, [aPayment(200)], { state: 'reserved' }),
    ]);
    const found = evaluate(aPolicy({ limits: [aLimit()] }), aSpend([aPayment(100)]), usage, now);
    expect(found.limits).toEqual([
      {
        name: 'daily',
        measure: 'amount',
        of: 'wallet',
        key: null,
        windowSeconds: day,
        most: 1_000,
        spent: 300,
        reserved: 200,
        asked: 100,
        free: 500,
        freesAt: now - 10 + day,
      },
    ]);
  });

  test('is what it was decided on, whatever is spent before anybody reads it', () => {
    const budget = budgetWith(aPosting('p', 300));
    const found = evaluate(
      aPolicy({ limits: [aLimit()] }),
      aSpend([aPayment(1)]),
      budget.seen(nobody, null),
      now,
    );
    budget.add(aPosting('q', 300));
    expect(found.limits[0]?.spent).toBe(300);
  });

  test('is not reset by renaming, raising or adding a limit again', () => {
    const usage = budgetWith(aPosting('p', 300)).seen(nobody, null);
    const limits = [aLimit(), aLimit({ name: 'again', most: 2_000 })];
    const spent = budgetOf(aPolicy({ limits }), usage, now).limits.map((one) => one.spent);
    expect(spent).toEqual([300, 300]);
  });

  test('may be asked for without a spend: the wallet always, others where they hold something', () => {
    const limits = [
      aLimit(),
      aLimit({ name: 'operators', of: 'initiator' }),
      aLimit({ name: 'customers', of: 'destination' }),
      aLimit({ name: 'all', of: 'organisation', here: 400 }),
    ];
    const told = (usage = noUsage, keys = {}) =>
      budgetOf(aPolicy({ limits }), usage, now, keys).limits.map(({ name, key, free, asked }) => [
        name,
        key,
        free,
        asked,
      ]);
    expect(told()).toEqual([
      ['daily', null, 1_000, 0],
      ['all', null, 400, 0],
    ]);
    const usage = usageOfRecords([
      aRecord(now, [aPayment(100, 'ann'), aPayment(50, null)], { initiator: 'op' }),
      aRecord(now, [aPayment(200, 'ben')], { initiator: 'ops', state: 'reserved' }),
      aRecord(now - day, [aPayment(500, 'gone')], { initiator: 'gone' }),
    ]);
    expect(told(usage)).toEqual([
      ['daily', null, 650, 0],
      ['operators', 'ops', 800, 0],
      ['operators', 'op', 850, 0],
      ['customers', 'ben', 800, 0],
      ['customers', 'ann', 900, 0],
      ['customers', null, 950, 0],
      ['all', null, 50, 0],
    ]);
    expect(told(usage, { initiator: ['new'], destination: [] })).toEqual([
      ['daily', null, 650, 0],
      ['operators', 'new', 1_000, 0],
      ['all', null, 50, 0],
    ]);
  });

  test('is told for as many keys as a person looks through, the fullest first', () => {
    const state = (initiators: number) => {
      const records = Array.from({ length: initiators }, (_, i) =>
        aRecord(now, [aPayment(i + 1)], { initiator: `op-${String(i)}` }),
      );
      const policy = aPolicy({ limits: [aLimit({ of: 'initiator' })] });
      const { limits, omitted } = budgetOf(policy, usageOfRecords(records), now);
      return [limits.length, omitted, limits[0]?.spent];
    };
    expect(state(BUDGET_KEYS)).toEqual([BUDGET_KEYS, 0, BUDGET_KEYS]);
    expect(state(BUDGET_KEYS + 1)).toEqual([BUDGET_KEYS, 1, BUDGET_KEYS + 1]);
  });
});
