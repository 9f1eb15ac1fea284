import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sats } from '../../../src/core/base/sats.ts';
import { CoinStore } from '../../../src/server/chain/coin.store.ts';
import { Follower } from '../../../src/server/chain/follower.ts';
import { startBitcoinNode } from '../../support/bitcoin-node.ts';
import type { ChainUnderTest } from '../../support/chain-contract.ts';
import { chainContract } from '../../support/chain-contract.ts';
import { describeProgram } from '../../support/programs.ts';
import { TestKey, txidOf } from '../../support/test-key.ts';
import type { TestWork } from '../../support/work.ts';
import { startTestWork } from '../../support/work.ts';

describeProgram('bitcoind', 'a real Bitcoin node', (program) => {
  chainContract('a real Bitcoin node', () => startBitcoinNode(program));

  let chain: ChainUnderTest;
  let database: TestWork;

  beforeAll(async () => {
    [chain, database] = await Promise.all([startBitcoinNode(program), startTestWork()]);
  }, 120_000);
  afterAll(async () => {
    await chain.stop();
    await database.stop();
  });

  test('a wallet is followed through deposit, payment and reorganisation', async () => {
    const [receive, change] = [new TestKey('receive'), new TestKey('change')];
    const follower = new Follower({ chain: chain.view, work: database.work });
    const coins = new CoinStore(database.work.plain, () => 0);
    await follower.follow({
      id: 'treasury',
      wallet: {
        branches: [0, 1],
        script: (branch, index) =>
          index > 0
            ? new TestKey(`${branch}/${index}`).script
            : (branch === 0 ? receive : change).script,
      },
      birth: 1,
      gap: 2,
    });
    const spendable = async () => {
      await follower.catchUp(1_000);
      return coins.spendable('treasury', (await chain.view.tip()).height);
    };
    const outpoint = await chain.fund(receive.script, sats(1_000_000));
    await chain.mine(1);
    expect(await spendable()).toMatchObject([{ ...outpoint, sats: 1_000_000n }]);
    const raw = receive.pay({
      coins: [{ ...outpoint, sats: sats(1_000_000) }],
      to: change.script,
      sats: sats(990_000),
    });
    await follower.addUnconfirmed(raw);
    expect((await chain.view.broadcast(raw)).ok).toBe(true);
    expect(await spendable()).toEqual([]);
    await chain.mine(1);
    expect(await spendable()).toMatchObject([{ txid: txidOf(raw), branch: 1 }]);
    await chain.reorganise(1);
    expect(await spendable()).toEqual([]);
    expect((await coins.own(txidOf(raw)))?.height).toBeNull();
    await chain.mine(1);
    expect(await spendable()).toMatchObject([{ txid: txidOf(raw), branch: 1 }]);
  });
});
