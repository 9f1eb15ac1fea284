import { beforeEach, describe, expect, test } from '@jest/globals';
import { genesisBlock } from '../../../../src/core/wallet/network.ts';
import { ChainFault } from '../../../../src/chain/chain-fault.ts';
import type { ChainTip, ChainView } from '../../../../src/chain/chain-view.ts';
import { Comparison } from '../../../../src/server/chain/comparison.ts';

const start = 1_800_000_000;
let now = start;

/** A chain of a length that leaves another one at a height. */
class Branch {
  height: number;
  readonly forkedAt: number;
  genesis = genesisBlock('regtest');
  isAway = false;

  constructor(height: number, forkedAt = Infinity) {
    this.height = height;
    this.forkedAt = forkedAt;
  }

  #hash(at: number): string {
    return `${at >= this.forkedAt ? 'b' : 'a'}${String(at).padStart(63, '0')}`;
  }

  tip(): Promise<ChainTip> {
    if (this.isAway) return Promise.reject(new ChainFault('chain.unreachable', {}));
    const { height } = this;
    return Promise.resolve({
      ...{ height, hash: this.#hash(height), time: now, behind: 0, initial: false },
    });
  }

  blockHash(at: number): Promise<string | null> {
    return Promise.resolve(at > this.height ? null : this.#hash(at));
  }

  /** As a source: nothing else of it is asked. */
  get view(): ChainView {
    const no = (): never => {
      throw new Error('not asked');
    };
    return {
      ...{ name: 'esplora', network: 'regtest', spendersALook: 0 },
      identity: () => Promise.resolve({ chain: 'regtest', genesisBlock: this.genesis }),
      tip: () => this.tip(),
      blockHash: (at) => this.blockHash(at),
      ...{ peers: no, block: no, transaction: no, testMempool: no },
      ...{ broadcast: no, broadcastPackage: no, spenders: no, feeRate: no, close: no },
    };
  }
}

/** Looks for some seconds, as often as the server does. */
async function look(ours: Branch, comparison: Comparison, seconds = 15): Promise<string | null> {
  for (const end = now + seconds; now < end;) {
    now += 15;
    await comparison.look(ours, await ours.tip());
  }
  return comparison.trouble?.code ?? null;
}

describe('two chain sources', () => {
  beforeEach(() => {
    now = start;
  });

  const compare = (theirs: Branch) => new Comparison(theirs.view, () => now);

  test('that show the same chain are in order, whichever is a little ahead', async () => {
    for (const height of [98, 99, 100, 101, 102]) {
      const comparison = compare(new Branch(height));
      expect(await look(new Branch(100), comparison, 3_600)).toBeNull();
      expect(comparison.isAway).toBe(false);
    }
  });

  test.each([97, 103])('at heights 100 and %d disagree after ten minutes', async (height) => {
    const comparison = compare(new Branch(height));
    const ours = new Branch(100);
    expect(await look(ours, comparison, 600)).toBeNull();
    expect(await look(ours, comparison, 30)).toBe('chain.disagreement');
  });

  test.each([
    [100, null],
    [99, null],
    [98, 'chain.disagreement'],
    [50, 'chain.disagreement'],
  ])('that part at block %d: at once %s', async (forkedAt, code) => {
    expect(await look(new Branch(100), compare(new Branch(100, forkedAt)))).toBe(code);
  });

  test('that part by chance agree again with the next block, and disagree when they do not', async () => {
    const [ours, theirs] = [new Branch(100), new Branch(100, 100)];
    const comparison = compare(theirs);
    expect(await look(ours, comparison, 585)).toBeNull();
    expect(await look(ours, comparison, 45)).toBe('chain.disagreement');
    const again = compare(new Branch(101));
    expect(await look(ours, again)).toBeNull();
  });

  test('of which the second is silent for half an hour stop, and go on when it answers', async () => {
    const [ours, theirs] = [new Branch(100), new Branch(100)];
    const comparison = compare(theirs);
    await look(ours, comparison);
    theirs.isAway = true;
    expect(await look(ours, comparison, 1_800)).toBeNull();
    expect(comparison.isAway).toBe(true);
    expect(await look(ours, comparison)).toBe('chain.second.silent');
    theirs.isAway = false;
    expect(await look(ours, comparison)).toBeNull();
    expect(comparison.isAway).toBe(false);
  });

  test('of two networks disagree at once, until it is ours that answers', async () => {
    const theirs = new Branch(100);
    theirs.genesis = genesisBlock('mainnet');
    const comparison = compare(theirs);
    expect(await look(new Branch(100), comparison)).toBe('chain.disagreement');
    theirs.genesis = genesisBlock('regtest');
    expect(await look(new Branch(100), comparison)).toBeNull();
  });

  test('of which the first fails are not compared: its fault is the first one’s', async () => {
    const comparison = compare(new Branch(100));
    const first = {
      tip: () => new Branch(100).tip(),
      blockHash: () => Promise.reject(new ChainFault('chain.unreachable', {})),
    };
    now += 15;
    await expect(comparison.look(first, await first.tip())).rejects.toThrow(ChainFault);
  });
});
