import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { SPEND_INPUTS } from '../../src/core/base/limits.ts';
import { sats } from '../../src/core/base/sats.ts';
import { selectCoins } from '../../src/core/proposal/select.ts';
import { estimateVbytes } from '../../src/core/psbt/size.ts';
import { dustSats } from '../../src/core/wallet/output-type.ts';
import { multi, stranger, walletOf, wpkh } from '../support/psbt.ts';

const wallets = [walletOf(wpkh('hot')), walletOf(multi('sortedmulti', 2, ['hot', 'alice']))];
const amount = fc.oneof(fc.nat(2_000), fc.nat(200_000), fc.nat(100_000_000));

const asked = fc.record({
  wallet: fc.constantFrom(...wallets),
  amounts: fc.array(amount, { maxLength: 300 }),
  pays: fc.array(amount, { minLength: 1, maxLength: 8 }),
  feeRate: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 10_000 })),
});

test('what is chosen pays for everything, meets the rate, and holds no coin too many', () => {
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(asked, ({ wallet, amounts, pays, feeRate }) => {
      const coins = amounts.map((one) => ({ sats: sats(one) }));
      const payments = pays.map((one) => ({ script: stranger, sats: sats(one) }));
      const changeScript = wallet.script(1, 0);
      const selected = selectCoins({ wallet, coins, payments, feeRate, changeScript });
      const outcome = selected.ok ? 'passed' : selected.refusal.code;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      const paid = pays.reduce((sum, one) => sum + BigInt(one), 0n);
      const rate = BigInt(feeRate);
      const feeFor = (inputs: number) => rate * BigInt(estimateVbytes(wallet, inputs, payments));
      if (!selected.ok) {
        // Slow and obvious: no number of the largest coins that a spend can hold is enough.
        const sorted = amounts.filter((one) => one > feeRate * wallet.inputVbytes);
        sorted.sort((a, b) => b - a);
        let held = 0n;
        for (const [at, one] of sorted.slice(0, SPEND_INPUTS).entries()) {
          held += BigInt(one);
          expect(held < paid + feeFor(at + 1)).toBe(true);
        }
        return;
      }
      const { coins: chosen, feeSats, changeSats } = selected.value;
      const held = chosen.reduce((sum, coin) => sum + coin.sats, 0n);
      expect(held).toBe(paid + feeSats + (changeSats ?? 0n));
      const outputs = changeSats === null ? payments : [...payments, { script: changeScript }];
      const vbytes = BigInt(estimateVbytes(wallet, chosen.length, outputs));
      expect(feeSats >= rate * vbytes).toBe(true);
      if (changeSats !== null) {
        expect(feeSats).toBe(rate * vbytes);
        expect(changeSats >= dustSats[wallet.kind === 'wpkh' ? 'p2wpkh' : 'p2wsh']).toBe(true);
      }
      const without = held - (chosen.at(-1)?.sats ?? 0n);
      expect(without < paid + feeFor(chosen.length - 1)).toBe(true);
      expect(new Set(chosen).size).toBe(chosen.length);
    }),
    { numRuns: 2_000 },
  );
  expect(outcomes.get('passed')).toBeGreaterThan(100);
  expect(outcomes.get('coin.insufficient')).toBeGreaterThan(100);
});
