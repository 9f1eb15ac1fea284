import type { BlockView, ChainView } from '../chain/chain-view.ts';
import { requireIdentity } from '../chain/identity.ts';
import { outpointsOf, readTransaction, withoutWitness } from '../chain/transactions.ts';
import type { WatchedWallet } from '../chain/watch.ts';
import { Watch } from '../chain/watch.ts';
import { assert } from '../core/base/assert.ts';
import { WALLETS } from '../core/base/limits.ts';
import type { ScannedWallet, WatchStore } from './watch-store.ts';

/** What it asks of a chain. */
export type FollowedChain = Pick<ChainView, 'network' | 'identity' | 'tip' | 'blockHash' | 'block'>;

/** Steps of one {@link WatchFollower.catchUp}, so that the mempool has its turn while history is read. */
const STEPS_AT_ONCE = 50;

/**
 * Reads the wallets' coins out of blocks, from each wallet's birth on, one block a step. A reorganisation is rolled back block by
 * block. A wallet that comes late is read up to the others first, alone.
 */
export class WatchFollower {
  readonly #chain: FollowedChain;
  readonly #store: WatchStore;
  readonly #watched = new Set<string>();
  readonly #watch = new Watch();

  constructor(chain: FollowedChain, store: WatchStore) {
    this.#chain = chain;
    this.#store = store;
  }

  /**
   * Watches a wallet, with a gap beyond what is used on the chain and beyond `given`: addresses of receive and change below
   * these were given out or planned. Requires the id to stand for the same wallet for ever.
   */
  follow(watched: WatchedWallet, given: readonly [number, number]): void {
    if (!this.#watched.has(watched.id)) {
      assert(this.#watched.size < WALLETS, 'the number of wallets is bounded');
      this.#store.addWallet(watched.id, watched.birth);
      const known = this.#store.wallets().find(({ id }) => id === watched.id);
      this.#watch.add(watched, ...(known?.next ?? [0, 0]));
      this.#watched.add(watched.id);
    }
    const [receive, change] = this.#watch.nextOf(watched.id);
    if (given[0] <= receive && given[1] <= change) return;
    this.#watch.add(watched, ...given);
    this.#store.setNext(watched.id, given);
  }

  /** Reads one block, or takes one back. False when everything up to the chain's tip is read. */
  async step(): Promise<boolean> {
    const scanned = this.#scanned();
    if (scanned.length === 0) return false;
    const tip = this.#store.tip();
    if (tip !== null && (await this.#chain.blockHash(tip.height)) !== tip.hash) {
      if (await this.#isLagging(tip.height)) return false;
      // Nothing is taken back because another chain has other blocks.
      await requireIdentity(this.#chain);
      this.#store.inOneUnit(() => this.#store.rollBack(tip.height));
      return true;
    }
    const lowest = Math.min(...scanned.map((one) => one.scanned)) + 1;
    const height = tip === null ? lowest : Math.min(lowest, tip.height + 1);
    const hash = await this.#chain.blockHash(height);
    if (hash === null) return false;
    const block = await this.#chain.block(hash);
    const [below, known] = [this.#store.hashAt(height - 1), this.#store.hashAt(height)];
    // The chain changed between two questions: look again.
    const isMoved = (below ?? block.previous) !== block.previous || (known ?? hash) !== hash;
    if (!isMoved) this.#connect({ ...block, height }, scanned);
    return true;
  }

  /** Steps until everything is read, or some steps are made. Whether it reached the tip. */
  async catchUp(most = STEPS_AT_ONCE): Promise<boolean> {
    for (let steps = 0; steps < most; steps++) if (!(await this.step())) return true;
    return false;
  }

  /** Blocks up to a height that some wallet has not been read in. */
  unread(height: number): number {
    return Math.max(0, ...this.#scanned().map(({ scanned }) => height - scanned));
  }

  #scanned(): readonly ScannedWallet[] {
    return this.#store.wallets().filter(({ id }) => this.#watched.has(id));
  }

  /** The node knows less than was read, and nothing else: it was killed, or is still syncing. What was read stands. */
  async #isLagging(height: number): Promise<boolean> {
    const theirs = await this.#chain.tip();
    if (theirs.height >= height) return false;
    const ours = this.#store.hashAt(theirs.height);
    return ours === null || ours === theirs.hash;
  }

  #connect(block: BlockView, wallets: readonly ScannedWallet[]): void {
    const { height } = block;
    const read = block.transactions.map(readTransaction);
    const due = new Set(wallets.filter(({ scanned }) => scanned < height).map(({ id }) => id));
    const coins = this.#watch.findIn(read).filter(({ place }) => due.has(place.wallet));
    this.#store.inOneUnit(() => {
      // First the block's own coins: one may be spent in the very block that made it.
      for (const coin of coins) this.#store.addCoin(coin, height);
      for (const { transaction, txid } of read)
        for (const outpoint of outpointsOf(transaction)) {
          const wallet = this.#store.coin(outpoint)?.wallet;
          if (wallet === undefined || !due.has(wallet)) continue;
          this.#store.spend(outpoint, { txid, height, raw: withoutWitness(transaction) });
        }
      for (const id of new Set(coins.map(({ place }) => place.wallet)))
        this.#store.setNext(id, this.#watch.nextOf(id));
      this.#store.addBlock(block, due);
    });
  }
}
