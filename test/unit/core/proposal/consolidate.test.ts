import { describe, expect, test } from '@jest/globals';
import { sats } from '../../../../src/core/base/sats.ts';
import type { ConsolidationInput } from '../../../../src/core/proposal/consolidate.ts';
import { consolidate } from '../../../../src/core/proposal/consolidate.ts';
import { estimateVbytes } from '../../../../src/core/psbt/size.ts';
import type { TestCoin } from '../../../support/free-coins.ts';
import { amountsOf, coinOf } from '../../../support/free-coins.ts';
import { codeOf, passed, walletOf, wpkh } from '../../../support/psbt.ts';

const wallet = walletOf(wpkh('hot'));
const changeScript = wallet.script(1, 0);
const feeOf = (inputs: number, rate = 1): number =>
  rate * estimateVbytes(wallet, inputs, [{ script: changeScript }]);

const plan = (
  coins: readonly (number | TestCoin)[],
  over: Partial<ConsolidationInput<TestCoin>> = {},
) =>
  consolidate({
    wallet,
    changeScript,
    aim: 'saving',
    coins: coins.map((coin, at) => (typeof coin === 'number' ? coinOf(at, coin) : coin)),
    feeRate: 1,
    longTermFeeRate: 10,
    ceilingRate: 3,
    mostInputs: 50,
    mostCoinSats: sats(1_000_000),
    mostFeeSats: null,
    ...over,
  });

describe('a consolidation', () => {
  test('merges the smallest coins into one, and tells what that saves', () => {
    const found = passed(plan([40_000, 10_000, 30_000, 20_000], { mostInputs: 3 }));
    expect(amountsOf(found.coins)).toEqual([10_000, 20_000, 30_000]);
    expect(found.feeSats).toBe(BigInt(feeOf(3)));
    expect(found.mergedSats).toBe(60_000n - found.feeSats);
    // Two inputs fewer at the long-term rate, less what this costs.
    expect(found.savingSats).toBe(BigInt(2 * 10 * wallet.inputVbytes - feeOf(3)));
    expect(found.addresses).toBe(3);
  });

  test('leaves what is frozen, dust, uneconomic, and what is not small', () => {
    const frozen = { ...coinOf(0, 10_000), isFrozen: true };
    const coins = [frozen, wallet.inputVbytes, 10 * wallet.inputVbytes, 20_000, 20_000];
    const found = passed(plan([...coins, 1_000_000, 1_000_001]));
    expect(amountsOf(found.coins)).toEqual([20_000, 20_000, 1_000_000]);
    expect(found.leftOut).toEqual({ frozen: 1, uneconomic: 1, dust: 1 });
    expect(codeOf(plan(coins.slice(0, 4)))).toBe('consolidation.pointless');
  });

  test('waits while fees are above the ceiling', () => {
    expect(plan([20_000, 20_000], { feeRate: 3 }).ok).toBe(true);
    expect(plan([20_000, 20_000], { feeRate: 4 })).toEqual({
      ok: false,
      refusal: { code: 'consolidation.fees.high', facts: { feeRate: 4, ceilingRate: 3 } },
    });
  });

  test('saves something or is not proposed', () => {
    const at = (feeRate: number) =>
      plan([20_000, 20_000, 20_000], { feeRate, longTermFeeRate: 10, ceilingRate: 10_000 });
    const most = Math.ceil((2 * 10 * wallet.inputVbytes) / feeOf(3)) - 1;
    expect(passed(at(most)).savingSats).toBeGreaterThan(0n);
    expect(codeOf(at(most + 1))).toBe('consolidation.pointless');
  });

  test('costs no more than it may', () => {
    const coins = [20_000, 20_000, 20_000, 20_000];
    expect(passed(plan(coins, { mostFeeSats: feeOf(4) })).coins).toHaveLength(4);
    expect(passed(plan(coins, { mostFeeSats: feeOf(4) - 1 })).coins).toHaveLength(3);
    expect(codeOf(plan(coins, { mostFeeSats: feeOf(2) - 1 }))).toBe('consolidation.pointless');
  });

  test('that moves coins takes one alone, and costs what it costs', () => {
    const moving = (...coins: readonly number[]) =>
      plan(coins, { aim: 'moving', feeRate: 50, ceilingRate: 50 });
    const found = passed(moving(900_000));
    expect(amountsOf(found.coins)).toEqual([900_000]);
    expect([found.feeSats, found.savingSats]).toEqual([BigInt(feeOf(1, 50)), 0n]);
    expect(amountsOf(passed(moving(900_000, 800_000)).coins)).toEqual([800_000, 900_000]);
    expect(codeOf(moving())).toBe('consolidation.pointless');
  });

  test('of a number that no spend can hold is a bug of the caller', () => {
    expect(() => plan([20_000], { mostInputs: 1 })).toThrow('bug');
    expect(() => plan([20_000], { mostInputs: 251 })).toThrow('bug');
  });
});
