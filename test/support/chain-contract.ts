import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toHex } from '../../src/core/base/bytes.ts';
import type { Sats } from '../../src/core/base/sats.ts';
import { sats } from '../../src/core/base/sats.ts';
import { genesisBlock } from '../../src/core/wallet/network.ts';
import { ChainFault } from '../../src/chain/chain-fault.ts';
import type { ChainView } from '../../src/chain/chain-view.ts';
import { checkIdentity } from '../../src/chain/chain-view.ts';
import type { TestCoin } from './test-key.ts';
import { TestKey, txidOf } from './test-key.ts';

/** A chain under test, and what only a test does to it. */
export interface ChainUnderTest {
  readonly view: ChainView;
  /** Mines blocks that hold what waits in the mempool. */
  mine(blocks: number): Promise<unknown>;
  /** Sends coins to a script; they wait in the mempool. */
  fund(script: Uint8Array, amount: Sats): Promise<{ readonly txid: string; readonly vout: number }>;
  /** Replaces the last blocks by one more, all empty. */
  reorganise(depth: number): Promise<unknown>;
  stop(): Promise<void>;
}

const HELD = sats(1_000_000);

/** What every ChainView must do, whatever lies behind it. */
export function chainContract(name: string, open: () => Promise<ChainUnderTest>): void {
  describe(`the chain by ${name}`, () => {
    let chain: ChainUnderTest;
    let view: ChainView;
    const key = new TestKey('contract');
    const payee = new TestKey('payee').script;

    beforeAll(async () => {
      chain = await open();
      view = chain.view;
    }, 120_000);
    afterAll(async () => {
      await chain.stop();
    });

    async function coin(): Promise<TestCoin> {
      const outpoint = await chain.fund(key.script, HELD);
      await chain.mine(1);
      return { ...outpoint, sats: HELD };
    }

    function mapped(outcome: unknown): unknown {
      const found = outcome as { refusal?: { code: string; facts: { mapped: string } } };
      expect(found.refusal?.code).toBe('chain.rejected');
      return found.refusal?.facts.mapped;
    }

    test('it is of its network and of no other', async () => {
      expect((await view.identity()).genesisBlock).toBe(genesisBlock(view.network));
      expect((await checkIdentity(view, genesisBlock(view.network))).ok).toBe(true);
      expect(await checkIdentity(view, genesisBlock('mainnet'))).toMatchObject({
        refusal: { code: 'chain.network' },
      });
    });

    test('blocks lead by their hashes from the tip to the first', async () => {
      await chain.mine(3);
      const tip = await view.tip();
      expect(await view.blockHash(tip.height)).toBe(tip.hash);
      expect(await view.blockHash(tip.height + 1)).toBeNull();
      expect(tip.behind).toBe(0);
      let hash = tip.hash;
      for (let height = tip.height; height >= 0; height--) {
        const block = await view.block(hash);
        expect(block).toMatchObject({ hash, height });
        hash = block.previous;
      }
      expect(hash).toBe('0'.repeat(64));
    });

    test('a hash that no block has is unavailable', async () => {
      await expect(view.block('11'.repeat(32))).rejects.toThrow(ChainFault);
      await expect(view.block('11'.repeat(32))).rejects.toMatchObject({
        code: 'chain.block.unavailable',
      });
    });

    test('a payment is tested, sent once however often, mined and found in its block', async () => {
      const raw = key.pay({ coins: [await coin()], to: payee, sats: sats(900_000) });
      const txid = txidOf(raw);
      expect(await view.transaction(txid)).toBeNull();
      expect(await view.testMempool(raw)).toEqual({ ok: true, value: null });
      expect(await view.transaction(txid)).toBeNull();
      expect(await view.broadcast(raw)).toEqual({ ok: true, value: { known: 'new' } });
      expect(await view.broadcast(raw)).toEqual({ ok: true, value: { known: 'mempool' } });
      expect(await view.testMempool(raw)).toEqual({ ok: true, value: null });
      expect((await view.transaction(txid))?.confirmations).toBe(0);
      await chain.mine(1);
      expect(await view.broadcast(raw)).toEqual({ ok: true, value: { known: 'confirmed' } });
      expect(await view.testMempool(raw)).toEqual({ ok: true, value: null });
      const { transactions } = await view.block((await view.tip()).hash);
      expect(transactions.map(toHex)).toContain(toHex(raw));
    });

    test('a coin that is spent cannot be spent again, nor one that never was', async () => {
      const spent = await coin();
      await view.broadcast(key.pay({ coins: [spent], to: payee, sats: sats(900_000) }));
      await chain.mine(1);
      const again = key.pay({ coins: [spent], to: payee, sats: sats(800_000) });
      expect(mapped(await view.testMempool(again))).toBe('inputs-missing');
      expect(mapped(await view.broadcast(again))).toBe('inputs-missing');
      const nowhere = { txid: '22'.repeat(32), vout: 0, sats: HELD };
      const vain = key.pay({ coins: [nowhere], to: payee, sats: sats(900_000) });
      expect(mapped(await view.broadcast(vain))).toBe('inputs-missing');
    });

    test('a signature by another key is refused', async () => {
      const theirs = await coin();
      const raw = new TestKey('thief').pay({ coins: [theirs], to: payee, sats: sats(900_000) });
      expect(mapped(await view.testMempool(raw))).toBe('script');
      expect(mapped(await view.broadcast(raw))).toBe('script');
    });

    test('an amount that the signature does not cover is refused', async () => {
      const held = await coin();
      const lie = { ...held, sats: sats(2_000_000) };
      const raw = key.pay({ coins: [lie], to: payee, sats: sats(900_000) });
      expect(mapped(await view.testMempool(raw))).toBe('script');
    });

    test('outputs above inputs, fees too low and too high, and dust are refused', async () => {
      const coins = [await coin()];
      const pay = (amount: number) => key.pay({ coins, to: payee, sats: sats(amount) });
      expect(mapped(await view.testMempool(pay(1_000_001)))).toBe('amount');
      expect(mapped(await view.testMempool(pay(1_000_000)))).toBe('fee-low');
      expect(mapped(await view.testMempool(pay(293)))).toBe('dust');
      const rich = await chain.fund(key.script, sats(50_000_000));
      const burn = key.pay({
        coins: [{ ...rich, sats: sats(50_000_000) }],
        to: payee,
        sats: sats(1_000_000),
      });
      expect(mapped(await view.broadcast(burn))).toBe('fee-high');
    });

    test('a lock time and a relative lock hold until their block', async () => {
      const { height } = await view.tip();
      const held = await coin();
      const later = key.pay({
        coins: [held],
        to: payee,
        sats: sats(900_000),
        lockTime: height + 2,
      });
      expect(mapped(await view.broadcast(later))).toBe('not-final');
      await chain.mine(1);
      expect((await view.testMempool(later)).ok).toBe(true);
      const young = await coin();
      const aged = key.pay({ coins: [young], to: payee, sats: sats(900_000), sequence: 3 });
      expect(mapped(await view.broadcast(aged))).toBe('not-final');
      await chain.mine(1);
      expect(mapped(await view.broadcast(aged))).toBe('not-final');
      await chain.mine(1);
      expect((await view.broadcast(aged)).ok).toBe(true);
    });

    test('a replacement needs a higher fee', async () => {
      const coins = [await coin()];
      const first = key.pay({ coins, to: payee, sats: sats(990_000) });
      expect((await view.broadcast(first)).ok).toBe(true);
      const low = key.pay({ coins, to: payee, sats: sats(990_001) });
      expect(mapped(await view.broadcast(low))).toBe('fee-low');
      const high = key.pay({ coins, to: payee, sats: sats(980_000) });
      expect(await view.broadcast(high)).toEqual({ ok: true, value: { known: 'new' } });
      expect(await view.transaction(txidOf(first))).toBeNull();
      await chain.mine(1);
      expect(await view.broadcast(high)).toEqual({ ok: true, value: { known: 'confirmed' } });
    });

    test('who spends a coin in the mempool is told, and no block is asked', async () => {
      const [waiting, idle, confirmed] = [await coin(), await coin(), await coin()];
      const at = ({ txid, vout }: TestCoin) => `${txid}:${String(vout)}`;
      await view.broadcast(key.pay({ coins: [confirmed], to: payee, sats: sats(900_000) }));
      await chain.mine(1);
      const raw = key.pay({ coins: [waiting], to: payee, sats: sats(900_000) });
      await view.broadcast(raw);
      const found = await view.spenders([at(waiting), at(idle), at(confirmed)]);
      expect([...found]).toEqual([[at(waiting), txidOf(raw)]]);
      expect([...(await view.spenders([]))]).toEqual([]);
      await chain.mine(1);
      expect([...(await view.spenders([at(waiting)]))]).toEqual([]);
    });

    test('bytes that are no transaction are refused', async () => {
      expect(mapped(await view.broadcast(Uint8Array.of(0)))).toBe('malformed');
      expect(mapped(await view.testMempool(Uint8Array.of(0)))).toBe('malformed');
    });

    test('unconfirmed change can be spent, and both end in one block', async () => {
      const parent = key.pay({ coins: [await coin()], to: key.script, sats: sats(900_000) });
      const change = { txid: txidOf(parent), vout: 0, sats: sats(900_000) };
      const child = key.pay({ coins: [change], to: payee, sats: sats(800_000) });
      expect(mapped(await view.broadcast(child))).toBe('inputs-missing');
      await view.broadcast(parent);
      expect((await view.broadcast(child)).ok).toBe(true);
      await chain.mine(1);
      const { transactions } = await view.block((await view.tip()).hash);
      const order = transactions.map(txidOf);
      expect(order.indexOf(txidOf(parent))).toBeGreaterThan(0);
      expect(order.indexOf(txidOf(child))).toBeGreaterThan(order.indexOf(txidOf(parent)));
    });

    test('a reorganisation takes a payment back into the mempool; a later block holds it again', async () => {
      const raw = key.pay({ coins: [await coin()], to: payee, sats: sats(900_000) });
      await view.broadcast(raw);
      await chain.mine(1);
      const before = await view.tip();
      await chain.mine(1);
      await chain.reorganise(2);
      const after = await view.tip();
      expect(after.height).toBe(before.height + 2);
      expect(await view.blockHash(before.height)).not.toBe(before.hash);
      expect((await view.transaction(txidOf(raw)))?.confirmations).toBe(0);
      // the stale block is still there to be looked at
      expect((await view.block(before.hash)).height).toBe(before.height);
      await chain.mine(1);
      expect(await view.broadcast(raw)).toEqual({ ok: true, value: { known: 'confirmed' } });
    });

    test('a fee estimate is null or a whole number of at least 1', async () => {
      const rate = await view.feeRate(6);
      expect(rate === null || (Number.isInteger(rate) && rate >= 1)).toBe(true);
    });
  });
}
