import { describe, expect, test } from '@jest/globals';
import { sats } from '../../../../src/core/base/sats.ts';
import type { Ask } from '../../../../src/server/proposals/draft-plan.ts';
import {
  build,
  buildConsolidation,
  checkLockTime,
  coinsOf,
  feeRateOf,
  highestChange,
  maturingCoins,
  prove,
} from '../../../../src/server/proposals/draft-plan.ts';
import { buildTransaction } from '../../../../src/core/psbt/build.ts';
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
  isFrozen: false,
}));

const paying = (amount: number) => [{ script: stranger, sats: sats(amount) }];
const askFor = (over: Partial<Ask> = {}): Ask => ({
  wallet: world.wallet,
  now: world.now,
  feeRate: 2,
  coins,
  changeIndex: 7,
  highestChange: highestChange(world.state, world.wallet),
  lockTime: 101,
  changePlace: () => 0,
  fees: { rateSatPerVbyte: null, sharePerMille: null, selfSats: 100_000 },
  ...over,
});
const bytes = new Map(parents.map(({ txid, parent }) => [txid, parent]));
const planFor = (amount: number, over: Partial<Ask> = {}) => {
  const ask = askFor(over);
  return passed(prove(ask, passed(build(ask, paying(amount))), bytes));
};

describe('a plan', () => {
  test('spends the coins chosen, with change where it is told and the lock time of the tip', () => {
    const { view, warnings } = planFor(120_000);
    expect(view.coins.map(({ index }) => index)).toEqual([3, 4]);
    expect(view.spend.outputs.map(({ change }) => change)).toEqual([7, undefined]);
    expect([view.spend.lockTime, warnings]).toEqual([101, []]);
    expect(new Set(view.sequences)).toEqual(new Set([0xfffffffd]));
    const last = planFor(120_000, { changePlace: (outputs) => outputs });
    expect(last.view.spend.outputs.map(({ change }) => change)).toEqual([undefined, 7]);
  });

  test('names its previous transactions for the coins blob', () => {
    const plan = planFor(120_000);
    expect(coinsOf(plan).map((coin) => coin.bytes)).toEqual(plan.view.coins.map((c) => c.parent));
  });

  test('warns when what is left over goes to the fee', () => {
    const { view, warnings } = planFor(99_500);
    expect(view.spend.outputs).toHaveLength(1);
    expect(warnings).toEqual([{ code: 'change.none', facts: { feeSats: 500 } }]);
  });

  test('whose fee nodes would not relay is refused', () => {
    const ask = askFor();
    const built = passed(build(ask, paying(120_000)));
    const spent = 160_000n;
    const outputs = (fee: bigint) => [{ script: stranger, sats: sats(spent - fee) }];
    const inputs = built.coins.map(({ txid, vout }) => ({ outpoint: `${txid}:${String(vout)}` }));
    const code = (fee: bigint): string => {
      const transaction = buildTransaction({ inputs, outputs: outputs(fee), lockTime: 0 });
      return codeOf(prove(ask, { ...built, transaction }, bytes));
    };
    const { vbytes } = planFor(120_000).view;
    expect(code(BigInt(vbytes))).toBe('passed');
    expect(code(9n)).toBe('psbt.fee.low');
  });

  test('never puts change farther out than the fold takes it for change', () => {
    const { view } = planFor(120_000, { changeIndex: 5_000 });
    expect(view.spend.outputs[0]?.change).toBe(askFor().highestChange);
  });
});

describe('a consolidation', () => {
  const merging = {
    aim: 'saving' as const,
    ceilingRate: 5,
    mostInputs: 50,
    mostCoinSats: sats(1_000_000),
  };

  test('is one output of change, and tells what it saves', () => {
    const ask = askFor();
    const { view, chosen } = passed(prove(ask, passed(buildConsolidation(ask, merging)), bytes));
    expect(view.spend.outputs).toMatchObject([{ change: 7 }]);
    expect(view.feeSats).toBe(BigInt(2 * view.vbytes));
    expect(chosen.selection).toBeNull();
    expect(chosen.consolidation).toMatchObject({ addresses: 2, feeSats: view.feeSats });
  });

  test('keeps to what the policy lets a spend without payments cost', () => {
    const fees = { rateSatPerVbyte: null, sharePerMille: null, selfSats: 100 };
    const refused = buildConsolidation(askFor({ fees }), merging);
    expect(codeOf(refused)).toBe('consolidation.pointless');
  });
});

test('coins whose recovery path opens soon come first that open first, and the others not at all', () => {
  const recovering = new World({
    wallet: ({ hot, alice, bob }) => ({
      body: `wsh(or_i(and_v(v:pk(${hot}),pk(${alice})),and_v(v:pk(${bob}),older(10000))))`,
      outside: [],
    }),
  }).wallet;
  // Thirty days are 4,320 blocks.
  const heights = [20_000, 4_321, 10_000, 14_320, 14_321, 14_322].map((height) => ({ height }));
  const tip = { height: 20_000, time: world.now };
  const found = maturingCoins(recovering, heights, tip).map(({ height }) => height);
  expect(found).toEqual([4_321, 10_000, 14_320, 14_321]);
  expect(maturingCoins(world.wallet, heights, tip)).toEqual([]);
});

describe('a fee rate', () => {
  const real = { network: 'mainnet', cap: null } as const;
  const told = (estimate: number | null) => ({ estimate, blocks: 6 });

  test('is the one asked for, whatever the node says', () => {
    const fee = { rate: 7, why: 'asked', estimate: null, blocks: null };
    expect(passed(feeRateOf(7, told(9), { ...real, cap: 5 }))).toEqual(fee);
  });

  test('is the estimate of the node, up to the cap of the policy and not above', () => {
    const at = (estimate: number) =>
      passed(feeRateOf(undefined, told(estimate), { ...real, cap: 30 }));
    expect(at(29)).toEqual({ rate: 29, why: 'estimated', estimate: 29, blocks: 6 });
    expect(at(30)).toMatchObject({ rate: 30, why: 'estimated' });
    expect(at(31)).toEqual({ rate: 30, why: 'capped', estimate: 31, blocks: 6 });
    expect(passed(feeRateOf(undefined, told(900), real)).rate).toBe(900);
  });

  test('is needed where fees are real', () => {
    const own = { network: 'regtest', cap: null } as const;
    expect(passed(feeRateOf(undefined, told(null), own))).toMatchObject({
      rate: 1,
      why: 'assumed',
    });
    expect(codeOf(feeRateOf(undefined, told(null), real))).toBe('chain.fee.unknown');
  });
});

test('a lock time up to the tip passes', () => {
  expect(checkLockTime(100, 100).ok).toBe(true);
  expect(codeOf(checkLockTime(101, 100))).toBe('psbt.locktime.future');
});
