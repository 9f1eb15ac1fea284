import { describe, expect, test } from '@jest/globals';
import { sats } from '../../../../src/core/base/sats.ts';
import type { Ask } from '../../../../src/server/proposals/draft-plan.ts';
import {
  build,
  checkLockTime,
  coinsOf,
  feeRateOf,
  highestChange,
  prove,
} from '../../../../src/server/proposals/draft-plan.ts';
import { parseParent } from '../../../../src/core/psbt/transaction.ts';
import { codeOf, passed, stranger } from '../../../support/psbt.ts';
import { World } from '../../../support/world.ts';

const world = new World();
const parents = [world.coin(100_000, 3), world.coin(60_000, 4)].map(({ parent, index }) => ({
  parent,
  index,
  txid: parseParent(parent)?.txid ?? '',
}));
const coins = parents.map(({ txid, index, parent }) => ({
  ...{ txid, vout: 0, index, branch: 0 as const, height: 1 },
  sats: sats(parseParent(parent)?.outputs[0]?.value ?? 0n),
  script: world.wallet.wallet.script(0, index),
}));

const askFor = (amount: number, over: Partial<Ask> = {}): Ask => ({
  wallet: world.wallet,
  payments: [{ script: stranger, sats: sats(amount) }],
  feeRate: 2,
  coins,
  changeIndex: 7,
  highestChange: highestChange(world.state, world.wallet),
  lockTime: 101,
  changePlace: () => 0,
  ...over,
});
const bytes = new Map(parents.map(({ txid, parent }) => [txid, parent]));
const planFor = (ask: Ask) => passed(prove(ask, passed(build(ask)), bytes));

describe('a plan', () => {
  test('spends the coins chosen, with change where it is told and the lock time of the tip', () => {
    const { view, warnings } = planFor(askFor(120_000));
    expect(view.coins.map(({ index }) => index)).toEqual([3, 4]);
    expect(view.spend.outputs.map(({ change }) => change)).toEqual([7, undefined]);
    expect([view.spend.lockTime, warnings]).toEqual([101, []]);
    expect(new Set(view.sequences)).toEqual(new Set([0xfffffffd]));
    const last = planFor(askFor(120_000, { changePlace: (outputs) => outputs }));
    expect(last.view.spend.outputs.map(({ change }) => change)).toEqual([undefined, 7]);
  });

  test('names its previous transactions for the coins blob', () => {
    const plan = planFor(askFor(120_000));
    expect(coinsOf(plan).map((coin) => coin.bytes)).toEqual(plan.view.coins.map((c) => c.parent));
  });

  test('warns when what is left over goes to the fee', () => {
    const { view, warnings } = planFor(askFor(99_500));
    expect(view.spend.outputs).toHaveLength(1);
    expect(warnings).toEqual([{ code: 'change.none', facts: { feeSats: 500 } }]);
  });

  test('never puts change farther out than the fold takes it for change', () => {
    const ask = askFor(120_000, { changeIndex: 5_000 });
    const change = planFor(ask).view.spend.outputs[0]?.change;
    expect(change).toBe(ask.highestChange);
  });
});

test('a fee rate is needed where fees are real', () => {
  expect(passed(feeRateOf(7, 'mainnet'))).toBe(7);
  expect(passed(feeRateOf(null, 'regtest'))).toBe(1);
  expect(codeOf(feeRateOf(null, 'mainnet'))).toBe('chain.fee.unknown');
});

test('a lock time up to the tip passes', () => {
  expect(checkLockTime(100, 100).ok).toBe(true);
  expect(codeOf(checkLockTime(101, 100))).toBe('psbt.locktime.future');
});
