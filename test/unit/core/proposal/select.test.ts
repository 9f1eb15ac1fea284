import { describe, expect, test } from '@jest/globals';
import { SPEND_INPUTS } from '../../../../src/core/base/limits.ts';
import type { Result } from '../../../../src/core/base/result.ts';
import type { Sats } from '../../../../src/core/base/sats.ts';
import { sats } from '../../../../src/core/base/sats.ts';
import type { Selection } from '../../../../src/core/proposal/select.ts';
import { selectCoins } from '../../../../src/core/proposal/select.ts';
import { estimateVbytes } from '../../../../src/core/psbt/size.ts';
import { codeOf, multi, passed, stranger, walletOf, wpkh } from '../../../support/psbt.ts';

const wallet = walletOf(wpkh('hot'));
const changeScript = wallet.script(1, 0);
const DUST = 294;

interface Coin {
  readonly sats: Sats;
}
const coinsOf = (amounts: readonly number[]): readonly Coin[] =>
  amounts.map((amount) => ({ sats: sats(amount) }));

function select(
  amounts: readonly number[],
  pays: readonly number[],
  feeRate = 1,
): Result<Selection<Coin>> {
  return selectCoins({
    wallet,
    coins: coinsOf(amounts),
    payments: pays.map((amount) => ({ script: stranger, sats: sats(amount) })),
    feeRate,
    changeScript,
  });
}

/** The fee of so many inputs for one payment, with or without change. */
const feeOf = (inputs: number, outputs: 'bare' | 'change', feeRate = 1): number => {
  const scripts = [
    { script: stranger },
    ...(outputs === 'change' ? [{ script: changeScript }] : []),
  ];
  return feeRate * estimateVbytes(wallet, inputs, scripts);
};

describe('the coins of a payment', () => {
  test('are the largest first, and no more than cover it', () => {
    const { coins, changeSats, feeSats } = passed(select([10_000, 50_000, 30_000], [60_000]));
    expect(coins.map((coin) => coin.sats)).toEqual([50_000n, 30_000n]);
    expect(feeSats).toBe(BigInt(feeOf(2, 'change')));
    expect(changeSats).toBe(20_000n - feeSats);
  });

  test('suffice at exactly payment and fee, and not with one satoshi less', () => {
    const exact = 50_000 + feeOf(1, 'bare');
    expect(passed(select([exact], [50_000])).changeSats).toBeNull();
    expect(codeOf(select([exact - 1], [50_000]))).toBe('coin.insufficient');
  });

  test('are refused with what there is and what is needed', () => {
    const refused = select([20_000, 10_000], [50_000]);
    expect(refused).toEqual({
      ok: false,
      refusal: {
        code: 'coin.insufficient',
        facts: { availableSats: 30_000, neededSats: 50_000 + feeOf(2, 'bare') },
      },
    });
    expect(codeOf(select([], [1_000]))).toBe('coin.insufficient');
  });

  test('leave out a coin that costs as much as it brings', () => {
    const cost = 10 * wallet.inputVbytes;
    const whole = 100_000;
    const paid = whole - feeOf(1, 'bare', 10) + 1;
    expect(codeOf(select([whole, cost], [paid], 10))).toBe('coin.insufficient');
    expect(passed(select([whole, cost + 1], [paid], 10)).coins).toHaveLength(2);
  });

  test('may be as many as a spend holds, and not one more', () => {
    const coin = 10_000;
    const most = SPEND_INPUTS * coin - feeOf(SPEND_INPUTS, 'bare');
    const plenty = Array.from({ length: SPEND_INPUTS + 2 }, () => coin);
    expect(passed(select(plenty, [most])).coins).toHaveLength(SPEND_INPUTS);
    expect(codeOf(select(plenty, [most + 1]))).toBe('psbt.transaction.count');
    expect(codeOf(select(plenty, [most + 3 * coin]))).toBe('coin.insufficient');
  });

  test('refuse payments beyond all bitcoin', () => {
    expect(codeOf(select([1_000], [2_100_000_000_000_000, 1]))).toBe('amount.invalid');
  });
});

describe('change', () => {
  test('is made from dust on, and below goes to the fee', () => {
    const least = 50_000 + feeOf(1, 'change') + DUST;
    expect(passed(select([least], [50_000])).changeSats).toBe(BigInt(DUST));
    const { changeSats, feeSats } = passed(select([least - 1], [50_000]));
    expect(changeSats).toBeNull();
    expect(feeSats).toBe(BigInt(feeOf(1, 'change') + DUST - 1));
  });

  test('must be worth its later input, where that costs more than dust', () => {
    const keys = Array.from({ length: 10 }, (_, at) => `large ${String(at)}`);
    const large = walletOf(multi('multi', 10, keys));
    const at = (feeRate: number, amount: number) =>
      passed(
        selectCoins({
          wallet: large,
          coins: coinsOf([amount]),
          payments: [{ script: stranger, sats: sats(50_000) }],
          feeRate,
          changeScript: large.script(1, 0),
        }),
      ).changeSats;
    const outputs = [{ script: stranger }, { script: large.script(1, 0) }];
    const spent = (feeRate: number) => 50_000 + feeRate * estimateVbytes(large, 1, outputs);
    const worth = 2 * large.inputVbytes;
    expect(worth).toBeGreaterThan(330);
    expect(at(5, spent(5) + worth)).toBe(BigInt(worth));
    expect(at(5, spent(5) + worth - 1)).toBeNull();
    expect(at(1, spent(1) + 330)).toBe(330n);
  });
});

test('a fee rate out of bounds is a bug of the caller', () => {
  expect(() => select([1_000], [300], 0)).toThrow('bug');
  expect(() => select([1_000], [300], 1.5)).toThrow('bug');
  expect(() => select([1_000], [300], 10_001)).toThrow('bug');
});
