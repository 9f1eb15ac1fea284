import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sats } from '../../src/core/base/sats.ts';
import type { Branch } from '../../src/core/wallet/wallet.ts';
import { Follower } from '../../src/server/chain/follower.ts';
import type { WatchedWallet } from '../../src/chain/watch.ts';
import type { ChainUnderTest } from './chain-contract.ts';
import type { TestCoin } from './test-key.ts';
import { TestKey, spend, txidOf } from './test-key.ts';
import type { TestWork } from './work.ts';
import { startTestWork } from './work.ts';

/** Everything that was read from blocks. What of ours waits stands in no block, and a fresh reader cannot know of it. */
const tables = [
  `SELECT height, hash, time FROM chain_block ORDER BY height`,
  `SELECT txid, encode(stripped, 'hex') AS stripped, coinbase, height FROM wallet_transaction
   WHERE height IS NOT NULL ORDER BY txid`,
  `SELECT txid, vout, wallet, branch, index, sats, encode(script, 'hex') AS script, height, spent_by, spent_height
   FROM wallet_coin WHERE height IS NOT NULL ORDER BY txid, vout`,
] as const;

/** In the order in which rows depend on each other. */
const emptied = [
  'pending_spend',
  'wallet_coin',
  'wallet_transaction',
  'followed_wallet',
  'chain_block',
] as const;

const payee = new TestKey('payee').script;
const keyAt = (branch: Branch, index: number) => new TestKey(`reorganised/${branch}/${index}`);
const wallet: WatchedWallet = {
  id: 'treasury',
  wallet: { branches: [0, 1], script: (branch, index) => keyAt(branch, index).script },
  birth: 0,
  gap: 3,
};

/** A follower that has lived through a reorganisation holds what one holds that reads the chain for the first time. */
export function reorganisationContract(name: string, open: () => Promise<ChainUnderTest>): void {
  describe(`a reorganisation of ${name}`, () => {
    let chain: ChainUnderTest;
    let database: TestWork;
    let fresh: TestWork;
    let follower: Follower;
    let used = 0;

    beforeAll(async () => {
      [chain, database, fresh] = await Promise.all([open(), startTestWork(), startTestWork()]);
      await chain.mine(12); // so that there are mature coins to give away
      follower = new Follower({ chain: chain.view, work: database.work });
      await follower.follow(wallet);
    }, 120_000);
    afterAll(async () => {
      await chain.stop();
      await database.stop();
      await fresh.stop();
    });

    async function rowsOf({ work }: TestWork): Promise<readonly unknown[]> {
      const read: unknown[] = [];
      for (const table of tables) read.push(await work.plain.query(table));
      return read;
    }

    async function readAll(one: Follower): Promise<void> {
      while (!(await one.catchUp(1_000)).reached);
    }

    async function compare(): Promise<void> {
      await readAll(follower);
      for (const table of emptied) await fresh.work.plain.query(`DELETE FROM ${table}`);
      const reader = new Follower({ chain: chain.view, work: fresh.work });
      await reader.follow(wallet);
      await readAll(reader);
      expect(await rowsOf(database)).toEqual(await rowsOf(fresh));
    }

    /** A deposit at the next receive address. */
    async function deposit(): Promise<TestCoin & { readonly key: TestKey }> {
      const key = keyAt(0, used++);
      const outpoint = await chain.fund(key.script, sats(1_000_000));
      return { ...outpoint, sats: sats(1_000_000), key };
    }

    async function pay(coin: TestCoin & { readonly key: TestKey }, own: boolean) {
      const change = keyAt(1, used);
      const rest = sats(coin.sats - 110_000n);
      const raw = spend(
        [{ coin, key: coin.key }],
        [
          { script: payee, sats: sats(100_000) },
          { script: change.script, sats: rest },
        ],
      );
      if (own) await follower.addUnconfirmed(raw);
      expect(await chain.view.broadcast(raw)).toMatchObject({ ok: true });
      return { txid: txidOf(raw), vout: 1, sats: rest, key: change };
    }

    test.each([1, 6, 100])(
      'of %d blocks leaves what a fresh reading finds',
      async (depth) => {
        const before = [await deposit(), await deposit()];
        await chain.mine(1);
        await readAll(follower);
        // All that follows is in the blocks that go: deposits, payments of ours and of others, and change spent again.
        const [first, second] = before;
        if (first === undefined || second === undefined) throw new Error('two were made');
        await deposit();
        const change = await pay(first, true);
        await pay(second, false);
        await pay(change, false);
        await chain.mine(1);
        if (depth > 1) await chain.mine(depth - 1);
        await compare();
        const { hash } = await chain.view.tip();
        await chain.reorganise(depth);
        expect((await chain.view.tip()).hash).not.toBe(hash);
        await compare();
        await chain.mine(2);
        await compare();
      },
      120_000,
    );
  });
}
