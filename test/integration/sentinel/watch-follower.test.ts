import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn as spawnProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WatchedWallet } from '../../../src/chain/watch.ts';
import { toHex } from '../../../src/core/base/bytes.ts';
import { sats } from '../../../src/core/base/sats.ts';
import type { Branch } from '../../../src/core/wallet/wallet.ts';
import { WatchFollower } from '../../../src/sentinel/watch-follower.ts';
import { WatchStore } from '../../../src/sentinel/watch-store.ts';
import { Sandbox } from '../../../src/server/chain/sandbox.ts';
import type { BitcoinNode } from '../../support/bitcoin-node.ts';
import { startBitcoinNode } from '../../support/bitcoin-node.ts';
import type { ChainUnderTest } from '../../support/chain-contract.ts';
import { describeProgram } from '../../support/programs.ts';
import { TestKey, spend, txidOf } from '../../support/test-key.ts';
import { watchTables } from '../../support/watch-tables.ts';
import { startTestWork } from '../../support/work.ts';

const GAP = 3;
const payee = new TestKey('payee').script;
const keys = new Map<string, TestKey>();

function keyAt(id: string, branch: Branch, index: number): TestKey {
  const name = `watched/${id}/${branch}/${index}`;
  const key = keys.get(name) ?? new TestKey(name);
  keys.set(name, key);
  return key;
}

function walletOf(id: string, birth = 0): WatchedWallet {
  const script = (branch: Branch, index: number) => keyAt(id, branch, index).script;
  return { id, wallet: { branches: [0, 1], script }, birth, gap: GAP };
}

/** What the sentinel reads of a chain, held to what one finds that reads it for the first time. */
function readingContract(name: string, open: () => Promise<ChainUnderTest>): void {
  describe(`the sentinel reads ${name}`, () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-watch-'));
    let chain: ChainUnderTest;
    let made = 0;
    const path = (): string => join(folder, `${String(++made)}.sqlite`);

    beforeAll(async () => {
      chain = await open();
      await chain.mine(12);
    }, 120_000);
    afterAll(async () => {
      await chain.stop();
      rmSync(folder, { recursive: true });
    });

    async function readAll(follower: WatchFollower): Promise<void> {
      while (!(await follower.catchUp()));
    }

    async function compare(at: string, id: string): Promise<void> {
      const fresh = path();
      const store = WatchStore.open(fresh);
      const reader = new WatchFollower(chain.view, store);
      reader.follow(walletOf(id), [0, 0]);
      await readAll(reader);
      store.close();
      expect(watchTables(at)).toEqual(watchTables(fresh));
    }

    async function deposit(id: string, index: number) {
      const key = keyAt(id, 0, index);
      return { ...(await chain.fund(key.script, sats(1_000_000))), sats: sats(1_000_000), key };
    }

    async function pay(coin: Awaited<ReturnType<typeof deposit>>, change: TestKey) {
      const rest = sats(coin.sats - 110_000n);
      const outputs = [
        { script: payee, sats: sats(100_000) },
        { script: change.script, sats: rest },
      ];
      const raw = spend([{ coin, key: coin.key }], outputs);
      expect(await chain.view.broadcast(raw)).toMatchObject({ ok: true });
      return { txid: txidOf(raw), vout: 1, sats: rest, key: change };
    }

    test.each([1, 6, 100])(
      'a reorganisation of %d blocks leaves what a fresh reading finds, at every step',
      async (depth) => {
        const id = `reorganised-${String(depth)}`;
        const at = path();
        const store = WatchStore.open(at);
        const follower = new WatchFollower(chain.view, store);
        follower.follow(walletOf(id), [0, 0]);
        const [first, second] = [await deposit(id, 0), await deposit(id, 1)];
        await chain.mine(1);
        await readAll(follower);
        await deposit(id, 2);
        const change = await pay(first, keyAt(id, 1, 0));
        await pay(change, keyAt(id, 1, 1));
        await pay(second, keyAt(id, 1, 2));
        await chain.mine(1);
        if (depth > 1) await chain.mine(depth - 1);
        await readAll(follower);
        await compare(at, id);
        await chain.reorganise(depth);
        await readAll(follower);
        await compare(at, id);
        await chain.mine(2);
        await readAll(follower);
        await compare(at, id);
        store.close();
      },
      120_000,
    );

    test('a killed process goes on where it was, wherever that is, also in the middle of a reorganisation', async () => {
      const id = 'killed';
      const at = path();
      await pay(await deposit(id, 0), keyAt(id, 1, 0));
      await chain.mine(3);
      const walk = async (steps: number): Promise<void> => {
        const store = WatchStore.open(at);
        const follower = new WatchFollower(chain.view, store);
        follower.follow(walletOf(id), [0, 0]);
        for (let left = steps; left > 0 && (await follower.step()); left--);
        store.close();
      };
      for (const steps of [1, 2, 1, 3, 1_000]) await walk(steps);
      await compare(at, id);
      await chain.reorganise(3);
      for (const steps of [1, 1, 2, 1, 1_000]) await walk(steps);
      await compare(at, id);
    }, 60_000);

    test('a gap is looked at beyond what is used, and beyond what was given out', async () => {
      const id = 'gaps';
      const at = path();
      const store = WatchStore.open(at);
      const follower = new WatchFollower(chain.view, store);
      follower.follow(walletOf(id), [0, 0]);
      const isKnown = async (index: number): Promise<boolean> => {
        const { txid, vout } = await deposit(id, index);
        await chain.mine(1);
        await readAll(follower);
        return store.coin([txid, vout]) !== undefined;
      };
      expect(await isKnown(GAP)).toBe(false);
      expect(await isKnown(GAP - 1)).toBe(true);
      expect(await isKnown(2 * GAP - 1)).toBe(true);
      expect(await isKnown(4 * GAP)).toBe(false);
      follower.follow(walletOf(id), [4 * GAP, 0]);
      expect(await isKnown(5 * GAP)).toBe(false);
      expect(await isKnown(5 * GAP - 1)).toBe(true);
      store.close();
    }, 60_000);

    test('a wallet that comes late is read from its birth, with what was spent before', async () => {
      const at = path();
      const coin = await deposit('late', 0);
      await pay(coin, keyAt('late', 1, 0));
      await chain.mine(2);
      const store = WatchStore.open(at);
      const follower = new WatchFollower(chain.view, store);
      follower.follow(walletOf('early', (await chain.view.tip()).height), [0, 0]);
      await readAll(follower);
      follower.follow(walletOf('late'), [0, 0]);
      const { height } = await chain.view.tip();
      expect(follower.unread(height)).toBe(height + 1);
      await readAll(follower);
      expect(follower.unread(height)).toBe(0);
      expect(store.coin([coin.txid, coin.vout])?.spentHeight).toBe(height - 1);
      expect(store.unjudged('late', 10)).toMatchObject([
        { height: height - 1, outpoints: [`${coin.txid}:${String(coin.vout)}`] },
      ]);
      store.close();
    }, 60_000);

    test('a spoiled file, or one of another form, is read anew', () => {
      for (const bytes of [Buffer.from('nothing of ours'), Buffer.alloc(0)]) {
        const at = path();
        writeFileSync(at, bytes);
        const store = WatchStore.open(at);
        expect(store.tip()).toBeNull();
        store.close();
      }
      const kept = path();
      WatchStore.open(kept).close();
      WatchStore.open(kept).close();
    });
  });
}

readingContract('the sandbox', async () => {
  const database = await startTestWork();
  const sandbox = await Sandbox.open(database.work);
  return {
    view: sandbox,
    mine: (blocks) => sandbox.mine(blocks),
    fund: (script, amount) => sandbox.fund(script, amount),
    reorganise: (depth) => sandbox.reorganise(depth),
    async stop() {
      await sandbox.close();
      await database.stop();
    },
  };
});

describeProgram('bitcoind', 'the sentinel and a real node', (program) => {
  readingContract('a real Bitcoin node', () => startBitcoinNode(program));

  let node: BitcoinNode;
  beforeAll(async () => {
    node = await startBitcoinNode(program);
  }, 60_000);
  afterAll(() => node.stop());

  test('kill -9 at any moment loses and doubles nothing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-watch-'));
    const key = new TestKey('killed/9');
    const funds = await node.fund(key.script, sats(1_000_000));
    let coin = { ...funds, sats: sats(1_000_000) };
    for (let i = 0; i < 30; i++) {
      await node.mine(1);
      const rest = sats(coin.sats - 1_000n);
      const raw = key.pay({ coins: [coin], to: key.script, sats: rest });
      await node.view.broadcast(raw);
      coin = { txid: txidOf(raw), vout: 0, sats: rest };
    }
    await node.mine(1);
    const at = join(folder, 'killed.sqlite');
    const { url, cookieFile } = node.options;
    const reader = join(import.meta.dirname, '../../support/watch-reader.ts');
    const arguments_ = [reader, at, url, cookieFile, toHex(key.script)];
    let kills = 0;
    for (let isDone = false; !isDone;) {
      const child = spawnProcess(process.execPath, arguments_, {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const ended = once(child, 'exit');
      await Promise.race([once(child.stdout, 'data'), ended]);
      const killer =
        kills < 10 ? setTimeout(() => child.kill('SIGKILL'), randomInt(20, 150)) : undefined;
      const [code] = (await ended) as [number | null];
      clearTimeout(killer);
      isDone = code === 0;
      if (code === null) kills += 1;
      else expect(code).toBe(0);
    }
    expect(kills).toBeGreaterThan(0);
    const fresh = join(folder, 'fresh.sqlite');
    const store = WatchStore.open(fresh);
    const follower = new WatchFollower(node.view, store);
    const script = (): Uint8Array => key.script;
    follower.follow({ id: 'killed', wallet: { branches: [0], script }, birth: 0, gap: 1 }, [0, 0]);
    while (!(await follower.catchUp()));
    store.close();
    expect(watchTables(at)).toEqual(watchTables(fresh));
    rmSync(folder, { recursive: true });
  }, 120_000);
});
