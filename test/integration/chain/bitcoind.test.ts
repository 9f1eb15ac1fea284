import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sats } from '../../../src/core/base/sats.ts';
import { CoinStore } from '../../../src/server/chain/coin.store.ts';
import { Follower } from '../../../src/server/chain/follower.ts';
import { RpcClient } from '../../../src/chain/rpc.ts';
import type { BitcoinNode } from '../../support/bitcoin-node.ts';
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

  const nodes: BitcoinNode[] = [];
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.stop();
  });
  /** A node of one test's own. */
  async function started(...more: readonly string[]): Promise<BitcoinNode> {
    const node = await startBitcoinNode(program, ...more);
    nodes.push(node);
    return node;
  }

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

  test('a node that is killed loses us nothing: what it forgot is read when it is there again', async () => {
    const node = await started();
    const key = new TestKey('killed');
    const follower = new Follower({ chain: node.view, work: database.work });
    const coins = new CoinStore(database.work.plain, () => 0);
    const place = { branches: [0] as const, script: () => key.script };
    const { height } = await node.view.tip();
    // Blocks of another chain were read into these tables: begin anew.
    for (const table of ['pending_spend', 'wallet_coin', 'wallet_transaction', 'chain_block'])
      await database.work.plain.query(`DELETE FROM ${table}`);
    await follower.follow({ id: 'killed', wallet: place, birth: height + 1, gap: 1 });
    const outpoint = await node.fund(key.script, sats(1_000_000));
    await node.mine(1);
    expect((await follower.catchUp()).reached).toBe(true);
    const rpc = new RpcClient(node.options);
    await rpc.call('gettxoutsetinfo'); // writes everything to its disk
    await node.kill();
    await expect(follower.catchUp()).rejects.toMatchObject({ code: 'chain.unreachable' });
    expect(await coins.spendable('killed', height + 1)).toMatchObject([outpoint]);
    await node.again();
    await node.mine(2);
    expect((await follower.catchUp()).reached).toBe(true);
    expect(await coins.spendable('killed', height + 3)).toMatchObject([outpoint]);
    const tip = { height: height + 3, hash: await node.view.blockHash(height + 3) };
    // Killed again, it has not written the last two blocks: it knows less than we have read.
    await node.kill();
    await node.again();
    expect((await node.view.tip()).height).toBe(height + 1);
    expect((await follower.catchUp()).events).toEqual([]);
    const [last] = await database.work.plain.query(
      'SELECT height, hash FROM chain_block ORDER BY height DESC LIMIT 1',
    );
    expect(last).toEqual(tip);
    await node.mine(3);
    expect((await follower.catchUp()).reached).toBe(true);
    expect(await coins.spendable('killed', height + 4)).toMatchObject([outpoint]);
    rpc.close();
  }, 120_000);

  test('a block that the node has pruned and a wallet needs is named; later ones are read', async () => {
    const node = await started('-fastprune', '-prune=1');
    await node.mine(700);
    const rpc = new RpcClient(node.options);
    expect(await rpc.call('pruneblockchain', [300])).toMatchObject({ ok: true });
    rpc.close();
    const early = await node.view.blockHash(2);
    await expect(node.view.block(early ?? '')).rejects.toMatchObject({
      code: 'chain.block.unavailable',
    });
    const late = await node.view.blockHash(500);
    expect((await node.view.block(late ?? '')).height).toBe(500);
  }, 120_000);
});
