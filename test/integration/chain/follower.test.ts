import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { toHex } from '../../../src/core/base/bytes.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { genesisBlock } from '../../../src/core/wallet/network.ts';
import type { Branch } from '../../../src/core/wallet/wallet.ts';
import { shownHash } from '../../../src/chain/block.ts';
import { CoinStore } from '../../../src/server/chain/coin.store.ts';
import type { ChainEvent } from '../../../src/server/chain/follower.ts';
import type { FollowedChain } from '../../../src/server/chain/follower.ts';
import { Follower } from '../../../src/server/chain/follower.ts';
import { Faucet } from '../../../src/server/chain/sandbox-faucet.ts';
import { Sandbox } from '../../../src/server/chain/sandbox.ts';
import type { WatchedWallet } from '../../../src/chain/watch.ts';
import { codeOf } from '../../support/psbt.ts';
import { TestKey, spend, txidOf } from '../../support/test-key.ts';
import type { TestWork } from '../../support/work.ts';
import { startTestWork } from '../../support/work.ts';

const GAP = 5;
const payee = new TestKey('payee').script;
const keys = new Map<string, TestKey>();

/** The key of a place of a test wallet. */
function keyAt(id: string, branch: Branch, index: number): TestKey {
  const name = `${id}/${branch}/${index}`;
  const key = keys.get(name) ?? new TestKey(name);
  keys.set(name, key);
  return key;
}

function walletOf(id: string, birth = 0): WatchedWallet {
  const script = (branch: Branch, index: number) => keyAt(id, branch, index).script;
  return { id, wallet: { script, branches: [0, 1] }, birth, gap: GAP };
}

describe('the follower', () => {
  let database: TestWork;
  let sandbox: Sandbox;
  let follower: Follower;
  let coins: CoinStore;
  let now = 1_800_000_000;
  let made = 0;

  beforeAll(async () => {
    database = await startTestWork();
    sandbox = await Sandbox.open(database.work);
    follower = new Follower({ chain: sandbox, work: database.work });
    coins = new CoinStore(database.work.plain, () => now);
  }, 60_000);
  afterAll(async () => {
    await sandbox.close();
    await database.stop();
  });

  /** A new wallet, followed from here on. */
  async function wallet(): Promise<string> {
    const id = `wallet-${++made}`;
    await follower.follow(walletOf(id, (await sandbox.tip()).height + 1));
    return id;
  }

  async function fund(id: string, index: number, amount = 1_000_000) {
    const outpoint = await sandbox.fund(keyAt(id, 0, index).script, sats(amount));
    return { ...outpoint, sats: sats(amount) };
  }

  async function mined(): Promise<readonly ChainEvent[]> {
    await sandbox.mine(1);
    return (await follower.catchUp()).events;
  }

  async function spendable(id: string) {
    return coins.spendable(id, (await sandbox.tip()).height);
  }

  test('a deposit is spendable once it is in a block, with its place and its parent', async () => {
    const id = await wallet();
    const deposit = await fund(id, 2);
    await follower.catchUp();
    expect(await spendable(id)).toEqual([]);
    const events = await mined();
    const { height } = await sandbox.tip();
    const outpoint = `${deposit.txid}:${deposit.vout}`;
    expect(events).toEqual([
      { kind: 'confirmed', txid: deposit.txid, height },
      { kind: 'received', outpoint, wallet: id, sats: 1_000_000n, height },
    ]);
    const [coin] = await spendable(id);
    expect(coin).toMatchObject({ ...deposit, branch: 0, index: 2, height });
    expect(toHex(coin?.script ?? new Uint8Array())).toBe(toHex(keyAt(id, 0, 2).script));
    const parent = (await coins.parents([deposit.txid])).get(deposit.txid);
    const read = Transaction.fromBuffer(parent ?? new Uint8Array());
    expect(read.getId()).toBe(deposit.txid);
    expect(read.hasWitnesses()).toBe(false);
    expect(await coins.nextReceiveIndex(id)).toBe(3);
    expect(await coins.nextChangeIndex(id)).toBe(0);
  });

  test('each use moves the gap on, within one block and against the order of its transactions', async () => {
    const id = await wallet();
    for (const index of [3 * GAP - 1, 2 * GAP - 1, GAP - 1]) await fund(id, index);
    await mined();
    expect((await spendable(id)).map(({ index }) => index).sort((a, b) => a - b)).toEqual([
      GAP - 1,
      2 * GAP - 1,
      3 * GAP - 1,
    ]);
    await fund(id, 4 * GAP);
    await mined();
    expect(await spendable(id)).toHaveLength(3);
    expect(await coins.nextReceiveIndex(id)).toBe(3 * GAP);
  });

  test('our own payment counts before its block, and its change after', async () => {
    const id = await wallet();
    const coin = await fund(id, 0);
    await mined();
    const raw = spend(
      [{ coin, key: keyAt(id, 0, 0) }],
      [
        { script: payee, sats: sats(300_000) },
        { script: keyAt(id, 1, 0).script, sats: sats(690_000) },
      ],
    );
    expect(await follower.addUnconfirmed(raw)).toBe(true);
    expect(await follower.addUnconfirmed(raw)).toBe(true);
    expect(await spendable(id)).toEqual([]);
    expect(await coins.balance(id)).toEqual({
      confirmedSats: 1_000_000n,
      spendingSats: 1_000_000n,
      lockedSats: 0n,
      unconfirmedSats: 690_000n,
    });
    expect(await coins.nextChangeIndex(id)).toBe(1);
    await sandbox.broadcast(raw);
    const events = await mined();
    const { height } = await sandbox.tip();
    expect(events).toContainEqual({
      kind: 'spent',
      outpoint: `${coin.txid}:${coin.vout}`,
      wallet: id,
      txid: txidOf(raw),
      height,
    });
    expect((await coins.own(txidOf(raw)))?.height).toBe(height);
    expect(await spendable(id)).toMatchObject([{ sats: 690_000n, branch: 1, index: 0 }]);
    expect(await coins.balance(id)).toMatchObject({
      confirmedSats: 690_000n,
      unconfirmedSats: 0n,
    });
  });

  test('a transaction of strangers is no business of ours', async () => {
    const stranger = new TestKey('stranger');
    const coin = { ...(await sandbox.fund(stranger.script, sats(50_000))), sats: sats(50_000) };
    const raw = stranger.pay({ coins: [coin], to: payee, sats: sats(40_000) });
    expect(await follower.addUnconfirmed(raw)).toBe(false);
    expect(await mined()).toEqual([]);
  });

  test('a reorganisation takes back a deposit and lets our payment wait again', async () => {
    const id = await wallet();
    const coin = await fund(id, 0);
    await mined();
    const raw = keyAt(id, 0, 0).pay({
      coins: [coin],
      to: keyAt(id, 1, 0).script,
      sats: sats(900_000),
    });
    await follower.addUnconfirmed(raw);
    await sandbox.broadcast(raw);
    const deposit = await fund(id, 1, 77_000);
    await mined();
    const { height } = await sandbox.tip();
    await sandbox.reorganise(1);
    const { events } = await follower.catchUp();
    expect(new Set(events)).toEqual(
      new Set([txidOf(raw), deposit.txid].map((txid) => ({ kind: 'unconfirmed', txid, height }))),
    );
    expect(await spendable(id)).toEqual([]);
    expect(await coins.balance(id)).toEqual({
      confirmedSats: 1_000_000n,
      spendingSats: 1_000_000n,
      lockedSats: 0n,
      unconfirmedSats: 900_000n,
    });
    await mined();
    expect((await spendable(id)).map((one) => one.sats)).toEqual([900_000n, 77_000n]);
  });

  test('a payment that lost its coin to another can never confirm, until a reorganisation', async () => {
    const id = await wallet();
    const [one, two] = [await fund(id, 0), await fund(id, 1)];
    await mined();
    const ours = spend(
      [
        { coin: one, key: keyAt(id, 0, 0) },
        { coin: two, key: keyAt(id, 0, 1) },
      ],
      [{ script: keyAt(id, 1, 0).script, sats: sats(1_900_000) }],
    );
    await follower.addUnconfirmed(ours);
    const child = keyAt(id, 1, 0).pay({
      coins: [{ txid: txidOf(ours), vout: 0, sats: sats(1_900_000) }],
      to: payee,
      sats: sats(1_800_000),
    });
    await follower.addUnconfirmed(child);
    const theft = keyAt(id, 0, 0).pay({ coins: [one], to: payee, sats: sats(500_000) });
    expect((await sandbox.broadcast(theft)).ok).toBe(true);
    const events = await mined();
    const { height } = await sandbox.tip();
    for (const raw of [ours, child]) {
      expect(events).toContainEqual({ kind: 'conflicted', txid: txidOf(raw), height });
      expect((await coins.own(txidOf(raw)))?.conflicted).toBe(true);
    }
    expect(events).toContainEqual(expect.objectContaining({ kind: 'spent', txid: txidOf(theft) }));
    expect(await spendable(id)).toMatchObject([{ txid: two.txid, vout: two.vout }]);
    expect((await coins.balance(id)).unconfirmedSats).toBe(0n);
    await sandbox.reorganise(1);
    await follower.catchUp();
    expect((await coins.own(txidOf(ours)))?.conflicted).toBe(false);
    expect(await spendable(id)).toEqual([]);
    await sandbox.evict(txidOf(theft));
    expect((await sandbox.broadcast(ours)).ok).toBe(true);
    await mined();
    expect((await coins.own(txidOf(ours)))?.height).not.toBeNull();
  });

  describe('a transaction of ours whose signatures somebody wrote otherwise', () => {
    /** A chain that shows `as` in the place of `raw`: another script in the input makes another id. */
    const renaming = (raw: Uint8Array, as: Uint8Array): FollowedChain => ({
      network: 'sandbox',
      identity: () => sandbox.identity(),
      tip: () => sandbox.tip(),
      blockHash: (height) => sandbox.blockHash(height),
      block: async (hash) => {
        const block = await sandbox.block(hash);
        const transactions = block.transactions.map((one) =>
          txidOf(one) === txidOf(raw) ? as : one,
        );
        return { ...block, transactions };
      },
    });
    const reencoded = (raw: Uint8Array): Uint8Array => {
      const other = Transaction.fromBuffer(raw);
      other.setInputScript(0, Uint8Array.of(0x51));
      return other.toBuffer();
    };
    const spending = async (id: string): Promise<Uint8Array> => {
      const coin = await fund(id, 0);
      await mined();
      return keyAt(id, 0, 0).pay({
        ...{ coins: [coin], to: keyAt(id, 1, 0).script, sats: sats(990_000) },
      });
    };

    test('is confirmed all the same, its change known by the other id, and taken back with its block', async () => {
      const id = await wallet();
      const ours = await spending(id);
      const as = reencoded(ours);
      await follower.addUnconfirmed(ours);
      const child = keyAt(id, 1, 0).pay({
        ...{ coins: [{ txid: txidOf(ours), vout: 0, sats: sats(990_000) }] },
        ...{ to: payee, sats: sats(900_000) },
      });
      await follower.addUnconfirmed(child);
      await sandbox.broadcast(ours);
      await sandbox.mine(1);
      const { height } = await sandbox.tip();
      const misled = new Follower({ chain: renaming(ours, as), work: database.work });
      await misled.follow(walletOf(id));
      const { events } = await misled.catchUp();
      expect(events).toContainEqual({
        ...{ kind: 'reencoded', txid: txidOf(ours), as: txidOf(as), height },
      });
      expect(events).toContainEqual({ kind: 'confirmed', txid: txidOf(ours), height });
      // What spends the change by its old id never can.
      expect(events.filter(({ kind }) => kind === 'conflicted')).toEqual([
        { kind: 'conflicted', txid: txidOf(child), height },
      ]);
      expect(await coins.own(txidOf(ours))).toMatchObject({ height, conflicted: false });
      expect(await spendable(id)).toMatchObject([{ txid: txidOf(as), branch: 1, index: 0 }]);
      expect((await coins.balance(id)).unconfirmedSats).toBe(0n);
      await sandbox.reorganise(1);
      await misled.catchUp();
      expect((await coins.own(txidOf(ours)))?.height).toBeNull();
      expect(await spendable(id)).toEqual([]);
      await sandbox.mine(1);
      await follower.catchUp();
    });

    test('is known so, too, where it is taken in after its block', async () => {
      const id = await wallet();
      const ours = await spending(id);
      await sandbox.broadcast(ours);
      await sandbox.mine(1);
      const { height } = await sandbox.tip();
      const misled = new Follower({
        ...{ chain: renaming(ours, reencoded(ours)), work: database.work },
      });
      await misled.follow(walletOf(id));
      await misled.catchUp();
      await misled.addUnconfirmed(ours);
      expect(await coins.own(txidOf(ours))).toMatchObject({ height, conflicted: false });
      expect((await coins.balance(id)).unconfirmedSats).toBe(0n);
    });
  });

  test('of two versions of our payment only the newer change is on the way', async () => {
    const id = await wallet();
    const coin = await fund(id, 0);
    await mined();
    const version = (amount: number) =>
      keyAt(id, 0, 0).pay({ coins: [coin], to: keyAt(id, 1, 0).script, sats: sats(amount) });
    await follower.addUnconfirmed(version(990_000));
    await follower.addUnconfirmed(version(980_000));
    await follower.addUnconfirmed(version(990_000));
    expect((await coins.balance(id)).unconfirmedSats).toBe(980_000n);
    // the older one may still win
    await sandbox.broadcast(version(990_000));
    const events = await mined();
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'conflicted', txid: txidOf(version(980_000)) }),
    );
    expect((await coins.balance(id)).confirmedSats).toBe(990_000n);
  });

  test('a wallet that is added late is read from its birth, and the others are left alone', async () => {
    const other = await wallet();
    const birth = (await sandbox.tip()).height + 1;
    const coin = await fund('late', 0);
    await mined();
    const raw = keyAt('late', 0, 0).pay({
      coins: [coin],
      to: keyAt('late', 1, 3).script,
      sats: sats(900_000),
    });
    await sandbox.broadcast(raw);
    await fund(other, 0);
    await mined();
    await follower.follow(walletOf('late', birth));
    const { events } = await follower.catchUp();
    expect(events.filter((event) => 'wallet' in event && event.wallet === other)).toEqual([]);
    expect(await spendable('late')).toMatchObject([{ txid: txidOf(raw), branch: 1, index: 3 }]);
    expect(await spendable(other)).toHaveLength(1);
    await mined();
    expect(await coins.nextChangeIndex('late')).toBe(4);
  });

  test('a new process continues, and two at once read each block once', async () => {
    const id = await wallet();
    await fund(id, GAP - 1);
    await mined();
    const seen: ChainEvent[] = [];
    const others = [];
    for (let i = 0; i < 2; i++) {
      const other = new Follower({
        chain: sandbox,
        work: await database.another(),
        onEvents: (events) => {
          seen.push(...events);
          return Promise.resolve();
        },
      });
      await other.follow(walletOf(id));
      others.push(other);
    }
    await fund(id, 2 * GAP - 2);
    await sandbox.mine(3);
    await Promise.all(others.map((other) => other.catchUp()));
    expect(seen.filter(({ kind }) => kind === 'received')).toHaveLength(1);
    expect(await spendable(id)).toHaveLength(2);
    await follower.catchUp();
  });

  test('what is written for an event commits with its step or not at all', async () => {
    const id = await wallet();
    let isBroken = true;
    const careful = new Follower({
      chain: sandbox,
      work: database.work,
      onEvents: () => (isBroken ? Promise.reject(new Error('no')) : Promise.resolve()),
    });
    await careful.follow(walletOf(id));
    await fund(id, 0);
    await sandbox.mine(1);
    await expect(careful.catchUp()).rejects.toThrow('no');
    expect(await spendable(id)).toEqual([]);
    isBroken = false;
    await careful.catchUp();
    expect(await spendable(id)).toHaveLength(1);
    await follower.catchUp();
  });

  test('a chain of another network is never taken for a reorganisation', async () => {
    const id = await wallet();
    await fund(id, 0);
    await mined();
    const stranger: FollowedChain = {
      network: 'sandbox',
      identity: () => Promise.resolve({ chain: 'main', genesisBlock: genesisBlock('mainnet') }),
      tip: () => sandbox.tip(),
      blockHash: () => Promise.resolve('ab'.repeat(32)),
      block: (hash) => sandbox.block(hash),
    };
    const misled = new Follower({ chain: stranger, work: database.work });
    await misled.follow(walletOf(id));
    await expect(misled.catchUp()).rejects.toMatchObject({ code: 'chain.network' });
    expect(await spendable(id)).toHaveLength(1);
  });

  test('a node that knows less than was read takes nothing back, and a shorter branch does', async () => {
    const id = await wallet();
    await fund(id, 0);
    await sandbox.mine(3);
    await follower.catchUp();
    const { height } = await sandbox.tip();
    const shortened = (hashes: (at: number) => Promise<string | null>): FollowedChain => ({
      network: 'sandbox',
      identity: () => sandbox.identity(),
      tip: async () => ({
        ...(await sandbox.tip()),
        ...{ height: height - 1, hash: (await hashes(height - 1)) ?? '' },
      }),
      blockHash: async (at) => (at < height ? hashes(at) : null),
      block: (hash) => sandbox.block(hash),
    });
    const step = async (chain: FollowedChain) => {
      const one = new Follower({ chain, work: database.work });
      await one.follow(walletOf(id));
      return one.step();
    };
    expect(await step(shortened((at) => sandbox.blockHash(at)))).toMatchObject({ moved: false });
    expect(await spendable(id)).toHaveLength(1);
    const branch = (at: number) => Promise.resolve(at === height - 1 ? 'cd'.repeat(32) : null);
    expect(await step(shortened(branch))).toMatchObject({ moved: true });
    await follower.catchUp();
    expect(await spendable(id)).toHaveLength(1);
  });

  test('a coinbase is spendable a hundred blocks later', async () => {
    const { script } = new Faucet();
    const miner = { script: () => script, branches: [0] as const };
    const { height } = await sandbox.tip();
    const id = 'miner';
    await follower.follow({ id, wallet: miner, birth: height + 1, gap: 1 });
    await sandbox.mine(99);
    await follower.catchUp();
    expect(await coins.spendable(id, height + 99)).toEqual([]);
    expect(await coins.spendable(id, height + 100)).toHaveLength(1);
    const [mature, young] = await minedBy(id);
    const locking = (outpoint: readonly [string, number]) =>
      database.work.run((sql) => new CoinStore(sql, () => now).lock([outpoint], 'draft', now + 9));
    expect(await locking(young)).toMatchObject({
      refusal: { code: 'coin.immature', facts: { from: height + 102 } },
    });
    expect(codeOf(await locking(mature))).toBe('coin.immature');
    await sandbox.mine(1);
    await follower.catchUp();
    expect((await locking(mature)).ok).toBe(true);
    expect(codeOf(await locking(young))).toBe('coin.immature');
  }, 180_000);

  /** The first two coins of a wallet, in the order of their blocks. */
  async function minedBy(
    id: string,
  ): Promise<[readonly [string, number], readonly [string, number]]> {
    const rows = await database.work.plain.query(
      'SELECT txid, vout FROM wallet_coin WHERE wallet = $1 ORDER BY height LIMIT 2',
      [id],
    );
    const [one, two] = rows.map((row) => z.object({ txid: z.string(), vout: z.int() }).parse(row));
    if (one === undefined || two === undefined) throw new Error('two blocks were mined');
    return [
      [one.txid, one.vout],
      [two.txid, two.vout],
    ];
  }

  describe('locks', () => {
    const at = (coin: { txid: string; vout: number }) => [coin.txid, coin.vout] as const;
    const locking = (outpoints: (readonly [string, number])[], holder: string, until = now + 600) =>
      database.work.run((sql) => new CoinStore(sql, () => now).lock(outpoints, holder, until));

    test('a held coin is not spendable until it is released or the time is over', async () => {
      const id = await wallet();
      const [one, two] = [await fund(id, 0), await fund(id, 1, 2_000_000)];
      await mined();
      expect((await locking([at(one)], 'draft-1')).ok).toBe(true);
      expect((await locking([at(one)], 'draft-1')).ok).toBe(true);
      expect(await spendable(id)).toMatchObject([{ txid: two.txid }]);
      expect((await coins.balance(id)).lockedSats).toBe(1_000_000n);
      expect(await locking([at(two), at(one)], 'draft-2')).toMatchObject({
        refusal: { code: 'coin.locked', facts: { holder: 'draft-1' } },
      });
      expect(await spendable(id)).toHaveLength(1);
      now += 599;
      expect(await spendable(id)).toHaveLength(1);
      now += 1;
      expect(await spendable(id)).toHaveLength(2);
      expect((await locking([at(two), at(one)], 'draft-2')).ok).toBe(true);
      await coins.handOver('draft-2', 'proposal-1', null);
      now += 10_000;
      expect(await spendable(id)).toEqual([]);
      await coins.release('proposal-1');
      expect(await spendable(id)).toHaveLength(2);
    });

    test('of many who want the same coins at once, one gets them all', async () => {
      const id = await wallet();
      const wanted: (readonly [string, number])[] = [];
      for (let index = 0; index < 4; index++) wanted.push(at(await fund(id, index)));
      await mined();
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          locking(i % 2 === 0 ? wanted : wanted.toReversed(), `racer-${i}`),
        ),
      );
      expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    });

    test('a coin of ours that waits for its block is held only where it is change', async () => {
      const id = await wallet();
      const coin = await fund(id, 0);
      await mined();
      const raw = spend(
        [{ coin, key: keyAt(id, 0, 0) }],
        [
          { script: keyAt(id, 0, 1).script, sats: sats(300_000) },
          { script: keyAt(id, 1, 0).script, sats: sats(690_000) },
        ],
      );
      await follower.addUnconfirmed(raw);
      expect(codeOf(await locking([[txidOf(raw), 0]], 'draft'))).toBe('coin.unconfirmed');
      expect((await locking([[txidOf(raw), 1]], 'draft')).ok).toBe(true);
    });

    test('a spent coin and one that never was cannot be held', async () => {
      const id = await wallet();
      const coin = await fund(id, 0);
      await mined();
      await sandbox.broadcast(
        keyAt(id, 0, 0).pay({ coins: [coin], to: payee, sats: sats(900_000) }),
      );
      await mined();
      for (const outpoint of [at(coin), ['33'.repeat(32), 0] as const])
        expect(await locking([outpoint], 'draft')).toMatchObject({
          refusal: { code: 'coin.spent' },
        });
    });
  });

  /** The coins of a wallet read from the first block at once: slow and obvious. */
  async function reference(id: string): Promise<ReadonlyMap<string, string>> {
    const scripts = new Set<string>();
    for (const branch of [0, 1] as const)
      for (let index = 0; index < 60; index++) scripts.add(toHex(keyAt(id, branch, index).script));
    const unspent = new Map<string, string>();
    for (let height = 0; ; height++) {
      const hash = await sandbox.blockHash(height);
      if (hash === null) return unspent;
      for (const raw of (await sandbox.block(hash)).transactions) {
        const transaction = Transaction.fromBuffer(raw);
        for (const input of transaction.ins)
          unspent.delete(`${shownHash(input.hash)}:${input.index}`);
        for (const [vout, out] of transaction.outs.entries())
          if (scripts.has(toHex(out.script)))
            unspent.set(`${transaction.getId()}:${vout}`, `${out.value} ${height}`);
      }
    }
  }

  test('after any sequence of payments, blocks and reorganisations the coins are those of the chain', async () => {
    const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));
    process.stdout.write(`follower seed ${seed}\n`);
    let state = seed;
    const pick = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return Math.floor((state / 0x80000000) * below);
    };
    const id = await wallet();
    await sandbox.mine(4); // enough to be reorganised
    for (let turn = 0; turn < 40; turn++) {
      const next = await coins.nextReceiveIndex(id);
      const what = pick(6);
      if (what <= 1) await fund(id, next + pick(GAP), 100_000 + pick(1_000_000));
      if (what === 2 || what === 3) {
        const [coin] = await spendable(id);
        if (coin !== undefined) {
          const change = keyAt(id, 1, (await coins.nextChangeIndex(id)) + pick(2)).script;
          const raw = keyAt(id, coin.branch, coin.index).pay({
            coins: [coin],
            to: pick(2) === 0 ? change : payee,
            sats: sats(coin.sats - 5_000n),
          });
          if (pick(3) > 0) await follower.addUnconfirmed(raw);
          await sandbox.broadcast(raw);
        }
      }
      if (what === 4) await sandbox.mine(1 + pick(2));
      if (what === 5) await sandbox.reorganise(1 + pick(3));
      if (pick(2) === 0) await follower.catchUp();
    }
    await sandbox.mine(1);
    await follower.catchUp();
    const followed = new Map(
      (await spendable(id)).map((coin) => [
        `${coin.txid}:${coin.vout}`,
        `${coin.sats} ${coin.height}`,
      ]),
    );
    expect(followed).toEqual(await reference(id));
  });
});
