import { expect, test } from '@jest/globals';
import type { Lock } from '../../../../src/core/wallet/condition.ts';
import { recoveryOpensIn } from '../../../../src/core/wallet/maturity.ts';
import { recoveriesOf } from '../../../../src/core/wallet/recovery.ts';
import { accountOf, walletOf, withChecksum } from '../../../support/psbt.ts';

const [hot, alice, bob] = ['hot', 'alice', 'bob'].map((name) => accountOf(name).expression);
const wallet = walletOf(
  withChecksum(
    `wsh(or_i(and_v(v:pk(${hot ?? ''}),pk(${alice ?? ''})),and_v(v:pk(${bob ?? ''}),older(1000))))`,
  ),
);
const recoveries = recoveriesOf(wallet.condition) ?? [];
const tip = { height: 5_000, time: 1_800_000_000 };
const opens = (...locks: readonly Lock[]): number | null =>
  recoveryOpensIn([{ locks, keySets: [] }], 4_000, tip);

test('a recovery path opens when the next block can hold its spend (BIP 68)', () => {
  const at = (height: number) => recoveryOpensIn(recoveries, height, tip);
  // The spend is in block 5001 at the earliest: 1000 blocks after 4001.
  expect([at(4_000), at(4_001), at(4_002), at(5_000)]).toEqual([0, 0, 600, 999 * 600]);
});

test('every lock of a path counts, and of several paths the first that opens', () => {
  expect(opens({ type: 'older', seconds: 512 * 1_200 })).toBe(512 * 1_200 - 1_001 * 600);
  expect(opens({ type: 'after', height: 5_000 })).toBe(0);
  expect(opens({ type: 'after', height: 5_001 })).toBe(600);
  expect(opens({ type: 'after', time: tip.time + 7 })).toBe(7);
  expect(opens({ type: 'after', height: 5_010 }, { type: 'after', time: tip.time })).toBe(6_000);
  const two = [5_020, 5_010].map((height) => ({
    locks: [{ type: 'after', height } as const],
    keySets: [],
  }));
  expect(recoveryOpensIn(two, 1, tip)).toBe(6_000);
  expect(recoveryOpensIn([], 1, tip)).toBeNull();
});
