import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SPEND_INPUTS } from '../../src/core/base/limits.ts';
import { sats } from '../../src/core/base/sats.ts';
import type { Selection, SelectionInput } from '../../src/core/proposal/select.ts';
import { selectCoins } from '../../src/core/proposal/select.ts';
import { estimateVbytes } from '../../src/core/psbt/size.ts';
import { dustSats } from '../../src/core/wallet/output-type.ts';
import type { TestCoin } from '../support/free-coins.ts';
import { coinOf } from '../support/free-coins.ts';
import { multi, passed, stranger, walletOf, wpkh } from '../support/psbt.ts';

const wallets = [walletOf(wpkh('hot')), walletOf(multi('sortedmulti', 2, ['hot', 'alice']))];
const wallet = fc.constantFrom(...wallets);
const amount = fc.oneof(fc.nat(2_000), fc.nat(200_000), fc.nat(100_000_000));
const rate = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 10_000 }));
const coin = fc.record({ amount, address: fc.nat(60), isFrozen: fc.boolean() });

const input = fc
  .record({
    wallet,
    coins: fc.array(coin, { maxLength: 300 }),
    pays: fc.array(amount, { minLength: 1, maxLength: 8 }),
    feeRate: rate,
    longTermFeeRate: rate,
  })
  .map(({ wallet: of, coins, pays, feeRate, longTermFeeRate }) => ({
    wallet: of,
    coins: coins.map((one, at) => ({
      ...coinOf(at, one.amount, `address ${String(one.address)}`),
      isFrozen: one.isFrozen && at % 4 === 0,
    })),
    payments: pays.map((one) => ({ script: stranger, sats: sats(one) })),
    changeScript: of.script(1, 0),
    feeRate,
    longTermFeeRate,
    mostFeeRate: null,
  }));
type Input = SelectionInput<TestCoin>;

const paidBy = ({ payments }: Input): bigint => payments.reduce((sum, one) => sum + one.sats, 0n);
const feeFor = (
  asked: Input,
  inputs: number,
  outputs: Input['payments'][number]['script'][] = [],
) =>
  BigInt(asked.feeRate) *
  BigInt(
    estimateVbytes(asked.wallet, inputs, [
      ...asked.payments,
      ...outputs.map((script) => ({ script })),
    ]),
  );
/** Coins below are worth no more than what they cost later. */
const leastChange = ({ wallet: of, longTermFeeRate }: Input): bigint => {
  const later = BigInt(longTermFeeRate * of.inputVbytes + 1);
  const dust = dustSats[of.kind === 'wpkh' ? 'p2wpkh' : 'p2wsh'];
  return later > dust ? later : dust;
};

/** Slow and obvious: no number of the largest coins that a spend can hold is enough. */
function expectImpossible(asked: Input): void {
  const sorted = asked.coins
    .filter((one) => !one.isFrozen)
    .map((one) => one.sats)
    .filter((one) => one > BigInt(asked.feeRate * asked.wallet.inputVbytes))
    .toSorted((a, b) => Number(b - a));
  let held = 0n;
  for (const [at, one] of sorted.slice(0, SPEND_INPUTS).entries()) {
    held += one;
    expect(held < paidBy(asked) + feeFor(asked, at + 1)).toBe(true);
  }
}

function expectSound(asked: Input, { coins, feeSats, changeSats }: Selection<TestCoin>): void {
  const held = coins.reduce((sum, one) => sum + one.sats, 0n);
  expect(held).toBe(paidBy(asked) + feeSats + (changeSats ?? 0n));
  expect(new Set(coins).size).toBe(coins.length);
  expect(coins.length).toBeLessThanOrEqual(SPEND_INPUTS);
  expect(coins.some((one) => one.isFrozen)).toBe(false);
  const cost = BigInt(asked.feeRate * asked.wallet.inputVbytes);
  expect(coins.every((one) => one.sats > cost)).toBe(true);
  const least = leastChange(asked);
  const withChange = feeFor(asked, coins.length, [asked.changeScript]);
  if (changeSats === null) {
    expect(feeSats >= feeFor(asked, coins.length)).toBe(true);
    expect(feeSats < withChange + least).toBe(true);
  } else {
    expect(feeSats).toBe(withChange);
    expect(changeSats >= least).toBe(true);
    expect(coins.every((one) => one.sats >= least)).toBe(true);
  }
}

/** The least waste among what was weighed, save a thousandth for addresses that stay whole. */
function expectLeastWaste(asked: Input, { coins, reasons }: Selection<TestCoin>): void {
  const { algorithm, wasteSats, partialAddresses, considered } = reasons;
  const least = Math.min(...considered.map((one) => one.wasteSats));
  const taken = { algorithm, wasteSats, partialAddresses, inputs: coins.length };
  expect(considered).toContainEqual(expect.objectContaining(taken));
  if (wasteSats === least) return;
  expect(partialAddresses).toBe(0);
  expect(wasteSats).toBeLessThanOrEqual(least + Number(paidBy(asked)) / 1_000 + 1);
}

test('what is chosen pays for everything, keeps to what may be chosen, and wastes the least', () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(input, (asked) => {
      const selected = selectCoins(asked);
      const outcome = selected.ok ? selected.value.reasons.algorithm : selected.refusal.code;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (!selected.ok) {
        expectImpossible(asked);
        return;
      }
      expectSound(asked, selected.value);
      expectLeastWaste(asked, selected.value);
    }),
    { numRuns: 2_000 },
  );
  for (const outcome of [
    'branch-and-bound',
    'single-random-draw',
    'largest-first',
    'coin.insufficient',
  ])
    expect([outcome, (outcomes.get(outcome) ?? 0) > 20]).toEqual([outcome, true]);
});

/** The least waste of any set of coins that needs no change, by trying them all; null when there is none. */
function referenceWaste(asked: Input): number | null {
  const { wallet: of, feeRate, longTermFeeRate } = asked;
  const cost = BigInt(feeRate * of.inputVbytes);
  const coins = asked.coins.filter((one) => !one.isFrozen && one.sats > cost);
  const changeFee = feeFor(asked, 1, [asked.changeScript]) - feeFor(asked, 1);
  const most = changeFee + BigInt(longTermFeeRate * of.inputVbytes);
  let least: number | null = null;
  for (let set = 1; set < 2 ** coins.length; set++) {
    const chosen = coins.filter((_, at) => (set >> at) % 2 === 1);
    const held = chosen.reduce((sum, one) => sum + one.sats, 0n);
    const excess = held - paidBy(asked) - feeFor(asked, chosen.length);
    if (excess < 0n || excess > most) continue;
    const haste = ((feeRate - longTermFeeRate) * chosen.length * of.inputWeight) / 4;
    const waste = haste + Number(excess);
    if (least === null || waste < least) least = waste;
  }
  return least;
}

const few = fc
  .record({
    wallet,
    amounts: fc.array(fc.oneof(fc.nat(3_000), fc.nat(200_000)), { minLength: 1, maxLength: 12 }),
    // Payments near what some coins hold: else nothing ever fits.
    taken: fc.integer({ min: 1, max: 2 ** 12 - 1 }),
    off: fc.integer({ min: -1_500, max: 1_500 }),
    feeRate: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 60 })),
    longTermFeeRate: fc.oneof(fc.constant(10), fc.integer({ min: 1, max: 60 })),
  })
  .map(({ wallet: of, amounts, taken, off, feeRate, longTermFeeRate }): Input => {
    const picked = amounts.filter((_, at) => (taken >> at) % 2 === 1);
    const held = picked.reduce((sum, one) => sum + one, 0);
    const fee = feeRate * estimateVbytes(of, picked.length, [{ script: stranger }]);
    return {
      wallet: of,
      coins: amounts.map((one, at) => coinOf(at, one)),
      payments: [{ script: stranger, sats: sats(Math.max(1, held - fee + off)) }],
      changeScript: of.script(1, 0),
      feeRate,
      longTermFeeRate,
      mostFeeRate: null,
    };
  });

test('branch and bound finds the least waste without change that there is', () => {
  const found = { some: 0, none: 0 };
  fc.assert(
    fc.property(few, (asked) => {
      const reference = referenceWaste(asked);
      found[reference === null ? 'none' : 'some']++;
      const selected = selectCoins(asked);
      const considered = selected.ok ? selected.value.reasons.considered : [];
      const way = considered.find(({ algorithm }) => algorithm === 'branch-and-bound');
      expect(way?.wasteSats ?? null).toBe(reference === null ? null : Math.round(reference));
      if (way !== undefined)
        expect(passed(selected).reasons.wasteSats).toBeLessThanOrEqual(way.wasteSats);
    }),
    { numRuns: 600 },
  );
  expect(found.some).toBeGreaterThan(100);
  expect(found.none).toBeGreaterThan(100);
});
