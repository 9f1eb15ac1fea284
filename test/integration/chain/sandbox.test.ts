import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Block, Transaction } from 'bitcoinjs-lib';
import { fromHex, reversed } from '../../../src/core/base/bytes.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { Sandbox } from '../../../src/server/chain/sandbox.ts';
import type { ChainUnderTest } from '../../support/chain-contract.ts';
import { chainContract } from '../../support/chain-contract.ts';
import { TestKey, txidOf } from '../../support/test-key.ts';
import type { TestWork } from '../../support/work.ts';
import { startTestWork } from '../../support/work.ts';

chainContract('the sandbox', async (): Promise<ChainUnderTest> => {
  const database = await startTestWork();
  const sandbox = await Sandbox.open(database.work);
  return {
    view: sandbox,
    mine: (blocks) => sandbox.mine(blocks),
    fund: (script, amount) => sandbox.fund(script, amount),
    reorganise: (depth) => sandbox.reorganise(depth),
    stop: async () => {
      await sandbox.close();
      await database.stop();
    },
  };
});

describe('the sandbox', () => {
  let database: TestWork;
  let sandbox: Sandbox;
  const key = new TestKey('sandbox');
  const payee = new TestKey('payee').script;

  beforeAll(async () => {
    database = await startTestWork();
    sandbox = await Sandbox.open(database.work);
  }, 60_000);
  afterAll(async () => {
    await sandbox.close();
    await database.stop();
  });

  async function coin(amount = 1_000_000) {
    const outpoint = await sandbox.fund(key.script, sats(amount));
    await sandbox.mine(1);
    return { ...outpoint, sats: sats(amount) };
  }

  test('its blocks hold proof of work, height and both Merkle roots', async () => {
    const [hash = ''] = await sandbox.mine(1);
    const view = await sandbox.block(hash);
    const [coinbase = new Uint8Array()] = view.transactions;
    const block = new Block();
    block.transactions = view.transactions.map((raw) => Transaction.fromBuffer(raw));
    expect(Transaction.fromBuffer(coinbase).isCoinbase()).toBe(true);
    expect(block.hasWitnessCommit()).toBe(true);
  });

  test('what one process did another sees, and a restart continues', async () => {
    const { txid } = await coin();
    const other = await Sandbox.open(await database.another());
    expect(await other.tip()).toEqual(await sandbox.tip());
    expect((await other.transaction(txid))?.confirmations).toBe(1);
    await other.mine(2);
    expect((await sandbox.transaction(txid))?.confirmations).toBe(3);
  });

  test('processes that mine and pay at once make one chain', async () => {
    const others = [sandbox, await Sandbox.open(await database.another())];
    const { height } = await sandbox.tip();
    const coins = [];
    for (let i = 0; i < 6; i++) coins.push(await coin());
    const raws = coins.map((one) => key.pay({ coins: [one], to: payee, sats: sats(900_000) }));
    const outcomes = await Promise.all([
      ...raws.flatMap((raw) => others.map((one) => one.broadcast(raw))),
      ...others.map((one) => one.mine(2)),
    ]);
    expect(outcomes).toHaveLength(14);
    expect((await sandbox.tip()).height).toBe(height + 6 + 4);
    await sandbox.mine(1);
    for (const raw of raws)
      expect(await sandbox.broadcast(raw)).toEqual({ ok: true, value: { known: 'confirmed' } });
  });

  test('of two payments of one coin that race, one is taken', async () => {
    const held = await coin();
    const other = await Sandbox.open(await database.another());
    const race = [900_000, 900_001].map((amount) =>
      key.pay({ coins: [held], to: payee, sats: sats(amount), sequence: 0xffffffff }),
    );
    const [one, two] = race;
    const outcomes = await Promise.all([
      sandbox.broadcast(one ?? new Uint8Array()),
      other.broadcast(two ?? new Uint8Array()),
    ]);
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    expect(outcomes.find(({ ok }) => !ok)).toMatchObject({
      refusal: { facts: { reason: 'txn-mempool-conflict', mapped: 'conflict' } },
    });
  });

  test('what does not signal cannot be replaced', async () => {
    const coins = [await coin()];
    const first = key.pay({ coins, to: payee, sats: sats(990_000), sequence: 0xfffffffe });
    await sandbox.broadcast(first);
    const higher = key.pay({ coins, to: payee, sats: sats(900_000) });
    expect(await sandbox.broadcast(higher)).toMatchObject({
      refusal: { facts: { mapped: 'conflict' } },
    });
  });

  test('a replacement throws out the children too, and pays for them', async () => {
    const coins = [await coin()];
    const parent = key.pay({ coins, to: key.script, sats: sats(999_000) });
    await sandbox.broadcast(parent);
    const change = { txid: txidOf(parent), vout: 0, sats: sats(999_000) };
    const child = key.pay({ coins: [change], to: payee, sats: sats(900_000) });
    await sandbox.broadcast(child);
    const poor = key.pay({ coins, to: payee, sats: sats(950_000) });
    expect(await sandbox.broadcast(poor)).toMatchObject({
      refusal: { facts: { reason: 'insufficient fee' } },
    });
    const rich = key.pay({ coins, to: payee, sats: sats(899_000) });
    expect((await sandbox.broadcast(rich)).ok).toBe(true);
    expect(await sandbox.transaction(txidOf(child))).toBeNull();
  });

  test('an evicted transaction is gone and its coin free', async () => {
    const coins = [await coin()];
    const raw = key.pay({ coins, to: payee, sats: sats(900_000) });
    await sandbox.broadcast(raw);
    await sandbox.evict(txidOf(raw));
    expect(await sandbox.transaction(txidOf(raw))).toBeNull();
    const other = key.pay({ coins, to: payee, sats: sats(990_000) });
    expect((await sandbox.broadcast(other)).ok).toBe(true);
  });

  test('after a reorganisation a conflicting payment can win', async () => {
    const coins = [await coin()];
    const first = key.pay({ coins, to: payee, sats: sats(990_000) });
    await sandbox.broadcast(first);
    await sandbox.mine(1);
    await sandbox.reorganise(1);
    const second = key.pay({ coins, to: payee, sats: sats(900_000) });
    expect((await sandbox.broadcast(second)).ok).toBe(true);
    await sandbox.mine(1);
    expect(await sandbox.broadcast(first)).toMatchObject({
      refusal: { facts: { mapped: 'inputs-missing' } },
    });
  });

  test('a repeated input, no input and no output are refused', async () => {
    const held = await coin();
    const twice = key.pay({ coins: [held, held], to: payee, sats: sats(900_000) });
    expect(await sandbox.broadcast(twice)).toMatchObject({
      refusal: { facts: { reason: 'bad-txns-inputs-duplicate', mapped: 'malformed' } },
    });
    const none = new Transaction();
    none.addInput(reversed(fromHex(held.txid)), held.vout);
    expect(await sandbox.broadcast(none.toBuffer())).toMatchObject({
      refusal: { facts: { reason: 'bad-txns-vout-empty' } },
    });
  });
});
