import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sats } from '../../../src/core/base/sats.ts';
import type { Limit, Scope } from '../../../src/core/policy/body.ts';
import { Budget, usageOfRecords } from '../../../src/core/policy/budget.ts';
import type { Posting, ScopeKey, Usage, UsageRecord } from '../../../src/core/policy/usage.ts';
import { freedSlowly, windowSlowly } from '../../support/usage-reference.ts';

// Few scripts, owners, times and amounts, so that everything meets everything else.
const scripts = ['s1', 's2', 's3', 's4', 's5'];
const owners = ['ann', 'ben', 'unlisted'];
type Listing = ReadonlyMap<string, { readonly owner: string; readonly tags: readonly string[] }>;
const listing: fc.Arbitrary<Listing> = fc
  .array(fc.tuple(fc.constantFrom(...scripts), fc.constantFrom(...owners)), { maxLength: 6 })
  .map((pairs) => new Map(pairs.map(([script, owner]) => [script, { owner, tags: [] }])));
const listings = fc.array(listing, { minLength: 1, maxLength: 6 });

interface Spend {
  readonly initiator: string;
  readonly feeSats: number;
  readonly payments: readonly (readonly [string, number])[];
}
const spend: fc.Arbitrary<Spend> = fc.record({
  initiator: fc.constantFrom('op', 'ops'),
  feeSats: fc.integer({ min: 0, max: 3 }),
  payments: fc.array(fc.tuple(fc.constantFrom(...scripts), fc.integer({ min: 0, max: 4 })), {
    maxLength: 4,
  }),
});

/** `back`: how far before the last one it is dated, so that the order of time is not the order of arrival. */
type Step =
  | { readonly does: 'reserve' | 'commit'; readonly spend: Spend; readonly back: number }
  | { readonly does: 'sign'; readonly which: number; readonly back: number }
  | { readonly does: 'release'; readonly which: number }
  | { readonly does: 'leave-out'; readonly which: number }
  | { readonly does: 'ask'; readonly listing: number; readonly after: number };
const back = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 9 }) },
);
const which = fc.nat(9);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ does: fc.constantFrom('reserve' as const, 'commit' as const), spend, back }),
  fc.record({ does: fc.constant('sign' as const), which, back }),
  fc.record({ does: fc.constant('release' as const), which }),
  fc.record({ does: fc.constant('leave-out' as const), which }),
  fc.record({
    does: fc.constant('ask' as const),
    listing: fc.nat(5),
    after: fc.integer({ min: -3, max: 12 }),
  }),
);

const measures: readonly Limit['measure'][] = ['amount', 'count', 'fee'];
const scopes: readonly Scope[] = ['wallet', 'destination', 'initiator', 'organisation'];
const windows = [3, 10];
function keysOf(of: Scope): readonly ScopeKey[] {
  if (of === 'initiator') return ['op', 'ops', 'nobody'];
  return of === 'destination' ? [...owners, 'nobody', null] : [null];
}

/** The records as somebody sees them who reads them through an address book. */
function seenBy(records: readonly Posting[], listed: Listing): readonly UsageRecord[] {
  return records.map((record) => ({
    ...record,
    payments: record.payments.map((payment) => ({
      ...payment,
      destination: listed.get(payment.script) ?? null,
    })),
  }));
}

/** Every answer to every question: one comparison of two long lists is quicker than thousands of short ones. */
function expectSame(usage: Usage, records: readonly UsageRecord[], now: number): void {
  const found: unknown[] = [];
  const expected: unknown[] = [];
  for (const of of scopes)
    for (const key of keysOf(of))
      for (const measure of measures)
        for (const windowSeconds of windows) {
          const slow = windowSlowly(measure, { of, key, windowSeconds }, records, now);
          const span = { measure, of, windowSeconds };
          const question = `${measure} ${of} ${String(key)} ${String(windowSeconds)}`;
          const { spent, reserved, freesAt } = usage.windowState(span, key, now);
          found.push(question, spent, reserved, freesAt);
          expected.push(question, slow.spent, slow.reserved, slow.ageing[0]?.freesAt ?? null);
          for (const excess of [1, 2, 5, slow.spent, slow.spent + 1].filter((one) => one > 0)) {
            found.push(usage.freedAt(span, key, excess, now));
            expected.push(freedSlowly(slow, excess));
          }
        }
  expect(found).toEqual(expected);
}

/** The index and the list it must agree with. */
class Pair {
  readonly budget = new Budget();
  readonly records = new Map<string, Posting>();
  clock = 100;

  take(step: Exclude<Step, { does: 'ask' | 'leave-out' }>): void {
    this.clock += 1;
    if (step.does === 'release') {
      const open = this.chosen(step.which, 'reserved');
      this.budget.release(open?.proposal ?? 'never reserved');
      if (open !== undefined) this.records.delete(open.proposal);
    } else if (step.does === 'sign') {
      const open = this.chosen(step.which, 'reserved');
      if (open !== undefined) this.add({ ...open, state: 'committed', at: this.clock - step.back });
    } else {
      const { initiator, feeSats, payments } = step.spend;
      this.add({
        proposal: `p${String(this.clock)}`,
        state: step.does === 'reserve' ? 'reserved' : 'committed',
        at: this.clock - step.back,
        initiator,
        feeSats: sats(feeSats),
        amountSats: sats(payments.reduce((sum, [, amount]) => sum + amount, 0)),
        payments: payments.map(([script, amount]) => ({ script, sats: sats(amount) })),
      });
    }
  }

  chosen(number: number, state?: Posting['state']): Posting | undefined {
    const some = [...this.records.values()].filter((one) => one.state === (state ?? one.state));
    return some[number % Math.max(1, some.length)];
  }

  private add(record: Posting): void {
    this.budget.add(record);
    this.records.set(record.proposal, record);
  }
}

describe('a budget', () => {
  test('says at any time, to any reader, with any spend left out, what a scan of all records says', () => {
    const seen = { spent: 0, reserved: 0, leftOut: 0 };
    fc.assert(
      fc.property(fc.array(step, { maxLength: 14 }), listings, (steps, books) => {
        const pair = new Pair();
        let without: Posting | null = null;
        for (const one of [...steps, { does: 'ask' as const, listing: 0, after: 1 }]) {
          if (one.does === 'leave-out') without = pair.chosen(one.which) ?? null;
          else if (one.does === 'ask') {
            const listed = books[one.listing % books.length] ?? new Map();
            const own: Posting | null =
              without === null ? null : (pair.records.get(without.proposal) ?? null);
            const others = [...pair.records.values()].filter((record) => record !== own);
            if (others.some(({ state }) => state === 'committed')) seen.spent++;
            if (others.some(({ state }) => state === 'reserved')) seen.reserved++;
            if (own !== null) seen.leftOut++;
            const view = pair.budget.seen(listed, own);
            expectSame(view, seenBy(others, listed), pair.clock + one.after);
          } else pair.take(one);
        }
        expect(pair.budget.flaw).toBeNull();
      }),
      { numRuns: 2_000 },
    );
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(300);
  });

  test('says of a plain list, in any order, what a scan says', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(spend, back), { maxLength: 8 }), listing, (list, listed) => {
        const pair = new Pair();
        for (const [i, [one, before]] of list.entries())
          pair.take({ does: i % 3 === 0 ? 'reserve' : 'commit', spend: one, back: before });
        const records = seenBy([...pair.records.values()], listed);
        const usage = usageOfRecords(records.toReversed());
        for (const now of [pair.clock, pair.clock + 3]) expectSame(usage, records, now);
      }),
      { numRuns: 500 },
    );
  });
});
