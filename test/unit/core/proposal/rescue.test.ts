import { describe, expect, test } from '@jest/globals';
import { planCancel, planChild, waitingChange } from '../../../../src/core/proposal/rescue.ts';
import { estimateVbytes } from '../../../../src/core/psbt/size.ts';
import { parseUnsigned } from '../../../../src/core/psbt/transaction.ts';
import { codeOf, draftOf, multi, passed, stranger, walletOf, wpkh } from '../../../support/psbt.ts';

const wallets = [
  ['wpkh', walletOf(wpkh('rescue'))],
  ['2 of 3', walletOf(multi('sortedmulti', 2, ['r1', 'r2', 'r3']))],
] as const;

describe.each(wallets)('a rescue of %s', (_name, wallet) => {
  const { view } = draftOf(wallet);
  const terms = (feeRate: number) => ({
    ...{ wallet, feeRate },
    changeScript: wallet.script(1, 7),
    lockTime: 100,
  });
  const outputsOf = (transaction: Uint8Array) => passed(parseUnsigned(transaction)).outputs;
  const change = waitingChange('ab'.repeat(32), view.spend);

  test('a cancellation spends every coin, and pays nobody but the wallet', () => {
    const { transaction, coins, feeSats } = passed(planCancel(terms(20), view, 1_000));
    expect(coins.map(({ outpoint }) => outpoint)).toEqual(
      view.spend.inputs.map(({ outpoint }) => outpoint),
    );
    const outputs = outputsOf(transaction);
    expect(outputs.map(({ script }) => script)).toEqual([wallet.script(1, 7)]);
    expect(outputs[0]?.value).toBe(120_000n - feeSats);
  });

  test('a cancellation pays more than all that falls with it, and more by size', () => {
    const { feeSats } = passed(planCancel(terms(1), view, 7_000));
    const vbytes = estimateVbytes(wallet, 2, [{ script: wallet.script(1, 7) }]);
    expect(Number(feeSats)).toBeGreaterThanOrEqual(7_000 + vbytes);
    expect(Number(feeSats) / vbytes).toBeGreaterThan(view.spend.feeSats / view.vbytes);
  });

  test('what is left must be more than dust', () => {
    expect(codeOf(planCancel(terms(5_000), view, 1_000))).toBe('fee.unpayable');
    expect(codeOf(planChild(terms(2_000), view, change))).toBe('fee.unpayable');
  });

  test('a child spends the change, so that both together pay the rate', () => {
    const { transaction, feeSats, coins } = passed(planChild(terms(30), view, change));
    expect(coins).toHaveLength(1);
    const [output] = outputsOf(transaction);
    expect(output?.value).toBe(39_000n - feeSats);
    // The child alone pays the more the less its parent did.
    const cheaper = { ...view, spend: { ...view.spend, feeSats: view.spend.feeSats - 100 } };
    expect(passed(planChild(terms(30), cheaper, change)).feeSats).toBe(feeSats + 100n);
  });

  test('a child needs change, and a rate that its parent does not pay alone', () => {
    const all = draftOf(wallet, undefined, [{ script: stranger, sats: 119_000n }]).view;
    expect(codeOf(planChild(terms(30), all, waitingChange('00', all.spend)))).toBe(
      'child.change.none',
    );
    const own = Math.floor(view.spend.feeSats / view.vbytes);
    expect(codeOf(planChild(terms(own), view, change))).toBe('child.fee.enough');
    expect(codeOf(planChild(terms(own + 1), view, change))).toBe('passed');
  });
});
