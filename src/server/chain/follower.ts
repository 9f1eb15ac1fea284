import { requireIdentity } from '../../chain/identity.ts';
import type { BlockView, ChainView } from '../../chain/chain-view.ts';
import type { ReadTransaction } from '../../chain/transactions.ts';
import { outpointsOf, readTransaction, withoutWitness } from '../../chain/transactions.ts';
import type { FoundCoin, WatchedWallet } from '../../chain/watch.ts';
import { Watch } from '../../chain/watch.ts';
import { assert } from '../../core/base/assert.ts';
import { WALLETS } from '../../core/base/limits.ts';
import { unsignedDigest } from '../../core/watch/watchman.ts';
import type { FollowedWallet, FoundSpend, FoundTransaction, Rival } from './follower.store.ts';
import { FollowerStore } from './follower.store.ts';
import type { Sql, Work } from './sql.ts';

/** What a step found. `txid` of a wallet's transactions only: those that pay to it or spend from it. */
export type ChainEvent =
  | { readonly kind: 'confirmed'; readonly txid: string; readonly height: number }
  /** A reorganisation took away the block, at `height`, that had confirmed it. */
  | { readonly kind: 'unconfirmed'; readonly txid: string; readonly height: number }
  | {
      readonly kind: 'received';
      readonly outpoint: string;
      readonly wallet: string;
      readonly sats: bigint;
      readonly height: number;
    }
  | {
      readonly kind: 'spent';
      readonly outpoint: string;
      readonly wallet: string;
      readonly txid: string;
      readonly height: number;
    }
  /** One of ours that a block holds by the id `as`: somebody on the way wrote its signatures otherwise. */
  | {
      readonly kind: 'reencoded';
      readonly txid: string;
      readonly as: string;
      readonly height: number;
    }
  /** One of ours that can never confirm, because a block spent one of its coins otherwise. */
  | { readonly kind: 'conflicted'; readonly txid: string; readonly height: number };

export interface Step {
  /** False when everything up to the chain's tip is read. */
  readonly moved: boolean;
  readonly events: readonly ChainEvent[];
}

/** What it asks of a chain. */
export type FollowedChain = Pick<ChainView, 'network' | 'identity' | 'tip' | 'blockHash' | 'block'>;

export interface FollowerOptions {
  readonly chain: FollowedChain;
  readonly work: Work;
  /** Called within the unit of work of each step that found something: what it writes commits with the step. */
  readonly onEvents?: (events: readonly ChainEvent[], sql: Sql) => Promise<void>;
}

interface Plan {
  readonly height: number;
  readonly hash: string;
  readonly wallets: readonly string[];
  /** Undefined where the block before was never read. */
  readonly previous: string | null;
}

/** Steps of one catchUp: a day of blocks, so that the caller's loop stays in charge. */
const STEPS_AT_ONCE = 144;

/**
 * Follows the wallets' coins block by block into our own tables, so that a node without wallet and index will
 * do. Reads one block a step, each in a unit of work of its own; a reorganisation is rolled back block by block.
 * A wallet added late is read up to the others first, alone. Any number of processes may call it; one works.
 */
export class Follower {
  readonly #chain: FollowedChain;
  readonly #work: Work;
  readonly #onEvents: FollowerOptions['onEvents'];
  readonly #watched = new Map<string, WatchedWallet>();
  readonly #watch = new Watch();

  constructor(options: FollowerOptions) {
    this.#chain = options.chain;
    this.#work = options.work;
    this.#onEvents = options.onEvents;
  }

  /** Adds a wallet. Requires the id to stand for the same wallet for ever. */
  async follow(watched: WatchedWallet): Promise<void> {
    assert(this.#watched.size < WALLETS, 'the number of wallets is bounded');
    await this.#locked((store) => store.addWallet(watched.id, watched.birth));
    this.#watched.set(watched.id, watched);
    this.#watch.add(watched, 0, 0);
  }

  /**
   * Addresses of a wallet below this index were given to somebody: they count as used, so that a gap beyond them is
   * watched. Requires that the wallet is followed.
   */
  async give(wallet: string, receiveNext: number): Promise<void> {
    const watched = this.#watched.get(wallet);
    assert(watched !== undefined, 'only addresses of followed wallets are given');
    this.#watch.add(watched, receiveNext, 0);
    await this.#locked((store) => store.setNext(wallet, [receiveNext, 0]));
  }

  /** Reads one block, or takes one back. */
  async step(): Promise<Step> {
    if (this.#watched.size === 0) return { moved: false, events: [] };
    const tip = await new FollowerStore(this.#work.plain).tip();
    if (tip !== null && (await this.#chain.blockHash(tip.height)) !== tip.hash) {
      if (await this.#isLagging(tip.height)) return { moved: false, events: [] };
      // Nothing of ours is taken back because another chain has other blocks.
      await requireIdentity(this.#chain);
      return this.#rollBack(tip.height);
    }
    const plan = await this.#plan();
    if (plan === null) return { moved: false, events: [] };
    const block = await this.#chain.block(plan.hash);
    // the chain changed between two questions: look again
    if (plan.previous !== null && block.previous !== plan.previous)
      return { moved: true, events: [] };
    return this.#connect(block, plan);
  }

  /** Blocks up to a height that some wallet has not been read in. */
  unread(height: number): Promise<number> {
    return new FollowerStore(this.#work.plain).unread([...this.#watched.keys()], height);
  }

  /** Steps until everything is read, or many steps are made. Returns whether it reached the tip. */
  async catchUp(
    most = STEPS_AT_ONCE,
  ): Promise<{ readonly reached: boolean; readonly events: readonly ChainEvent[] }> {
    const events: ChainEvent[] = [];
    for (let steps = 0; steps < most; steps++) {
      const step = await this.step();
      events.push(...step.events);
      if (!step.moved) return { reached: true, events };
    }
    return { reached: false, events };
  }

  /**
   * Takes in a transaction of ours before it is handed to the network: its coins count as being spent, its change
   * as on the way. Idempotent. False when it neither spends from nor pays to a wallet.
   */
  async addUnconfirmed(raw: Uint8Array): Promise<boolean> {
    const read = readTransaction(raw);
    return this.#locked(async (store) => {
      await this.#refresh(store);
      const coins = this.#watch.findIn([read]);
      const spent = await store.known(outpointsOf(read.transaction));
      if (coins.length === 0 && spent.length === 0) return false;
      if (!(await store.addOwn(found(read), raw))) return true;
      await store.addCoins(coins);
      const outpoints = spent.map(({ txid, vout }) => [txid, vout] as const);
      await store.addPending(read.txid, outpoints);
      const other = await store.spentOtherwise(read.txid, outpoints);
      if (other !== null && unsignedDigest(other.stripped) === unsignedDigest(raw))
        await store.become(read.txid, other.spender, other.height);
      else if (other !== null) await store.conflict([read.txid], other.height);
      await this.#saveNext(store, coins);
      return true;
    });
  }

  /**
   * The node knows less than was read, and nothing else: it was killed and reads its last blocks again, or it is another one
   * that is still syncing. What was read stands.
   */
  async #isLagging(height: number): Promise<boolean> {
    const theirs = await this.#chain.tip();
    if (theirs.height >= height) return false;
    const ours = await new FollowerStore(this.#work.plain).hashAt(theirs.height);
    return ours === null || ours === theirs.hash;
  }

  async #rollBack(height: number): Promise<Step> {
    return this.#locked(async (store, sql) => {
      const tip = await store.tip();
      // another process was faster
      if (tip?.height !== height) return { moved: true, events: [] };
      const txids = await store.rollBack(height);
      const events = txids.map((txid) => ({ kind: 'unconfirmed' as const, txid, height }));
      return this.#tell(events, sql);
    });
  }

  /** The next block to read, and for which wallets; null at the tip. */
  async #plan(): Promise<Plan | null> {
    const store = new FollowerStore(this.#work.plain);
    const wallets = await store.wallets([...this.#watched.keys()]);
    const tip = await store.tip();
    const height = nextHeight(wallets, tip?.height ?? null);
    const hash = await this.#chain.blockHash(height);
    if (hash === null) return null;
    return {
      height,
      hash,
      // a wallet born later has read everything before its birth: there is nothing
      wallets: wallets.filter(({ scanned }) => scanned < height).map(({ wallet }) => wallet),
      previous: await store.hashAt(height - 1),
    };
  }

  async #connect(block: BlockView, plan: Plan): Promise<Step> {
    const read = block.transactions.map(readTransaction);
    return this.#locked(async (store, sql) => {
      if (!(await stillDue(store, plan))) return { moved: true, events: [] };
      await this.#refresh(store);
      const due = new Set(plan.wallets);
      const coins = this.#watch.findIn(read).filter(({ place }) => due.has(place.wallet));
      const events = await record(store, { block, read, coins, due });
      await this.#saveNext(store, coins);
      await store.addBlock(block, plan.wallets);
      return this.#tell(events, sql);
    });
  }

  /** Other processes may have seen addresses used that this one has not. */
  async #refresh(store: FollowerStore): Promise<void> {
    for (const row of await store.wallets([...this.#watched.keys()])) {
      const watched = this.#watched.get(row.wallet);
      if (watched !== undefined) this.#watch.add(watched, row.receiveNext, row.changeNext);
    }
  }

  async #saveNext(store: FollowerStore, coins: readonly FoundCoin[]): Promise<void> {
    for (const wallet of new Set(coins.map(({ place }) => place.wallet)))
      await store.setNext(wallet, this.#watch.nextOf(wallet));
  }

  async #tell(events: readonly ChainEvent[], sql: Sql): Promise<Step> {
    if (events.length > 0) await this.#onEvents?.(events, sql);
    return { moved: true, events };
  }

  #locked<T>(work: (store: FollowerStore, sql: Sql) => Promise<T>): Promise<T> {
    return this.#work.run(async (sql) => {
      const store = new FollowerStore(sql);
      await store.lock();
      return work(store, sql);
    });
  }
}

/** Above what is read for all; lower where a wallet that was added late has to be read up to the others. */
function nextHeight(wallets: readonly FollowedWallet[], tip: number | null): number {
  const lowest = Math.min(...wallets.map(({ scanned }) => scanned)) + 1;
  return tip === null ? lowest : Math.min(lowest, tip + 1);
}

/** Nothing has moved since the plan was made without the lock. */
async function stillDue(store: FollowerStore, plan: Plan): Promise<boolean> {
  const { height, hash, previous } = plan;
  const known = await store.hashAt(height);
  if (known !== null && known !== hash) return false;
  if ((await store.hashAt(height - 1)) !== previous) return false;
  const wallets = await store.wallets(plan.wallets);
  return wallets.every(({ scanned }) => scanned < height);
}

interface Findings {
  readonly block: BlockView;
  readonly read: readonly ReadTransaction[];
  readonly coins: readonly FoundCoin[];
  readonly due: ReadonlySet<string>;
}

async function record(
  store: FollowerStore,
  { block, read, coins, due }: Findings,
): Promise<readonly ChainEvent[]> {
  const { height } = block;
  const paying = new Set(coins.map(({ txid }) => txid));
  await store.confirm(read.filter(({ txid }) => paying.has(txid)).map(found), height);
  await store.addCoins(coins);
  // after the block's own coins are in: one may be spent in the very block that made it
  const spenders = new Map<string, string>();
  for (const { transaction, txid } of read)
    for (const [parent, vout] of outpointsOf(transaction)) spenders.set(`${parent}:${vout}`, txid);
  const known = await store.known(read.flatMap(({ transaction }) => outpointsOf(transaction)));
  const spent = known.flatMap(({ txid, vout, wallet }) => {
    const spender = spenders.get(`${txid}:${vout}`);
    if (spender === undefined || !due.has(wallet)) return [];
    return [{ outpoint: [txid, vout] as const, wallet, spender }];
  });
  const waiting = await store.waiting(read.map(({ txid }) => txid));
  const spending = new Set([...spent.map(({ spender }) => spender), ...waiting]);
  await store.confirm(
    read.filter(({ txid }) => spending.has(txid) && !paying.has(txid)).map(found),
    height,
  );
  const reencoded = await reencodedIn(store, spent, read);
  const orphans: string[] = [];
  for (const { txid, spender } of reencoded)
    orphans.push(...(await store.become(txid, spender, height)));
  const conflicted = [...orphans, ...(await store.spend(spent, height))];
  const ours = read.filter(({ txid }) => paying.has(txid) || spending.has(txid));
  return [
    ...reencoded.flatMap(({ txid, spender: as }) => [
      { kind: 'reencoded' as const, txid, as, height },
      { kind: 'confirmed' as const, txid, height },
    ]),
    ...ours.map(({ txid }) => ({ kind: 'confirmed' as const, txid, height })),
    ...coins.map(({ txid, vout, sats, place }) => ({
      kind: 'received' as const,
      outpoint: `${txid}:${vout}`,
      wallet: place.wallet,
      sats,
      height,
    })),
    ...spent.map(({ outpoint: [txid, vout], wallet, spender }) => ({
      kind: 'spent' as const,
      outpoint: `${txid}:${vout}`,
      wallet,
      txid: spender,
      height,
    })),
    ...conflicted.map((txid) => ({ kind: 'conflicted' as const, txid, height })),
  ];
}

/** Transactions of ours that the block holds with their signatures written otherwise: legacy ones, which that renames. */
async function reencodedIn(
  store: FollowerStore,
  spent: readonly FoundSpend[],
  read: readonly ReadTransaction[],
): Promise<readonly Rival[]> {
  const rivals = spent.length === 0 ? [] : await store.rivals(spent);
  return rivals.filter(({ raw, spender }) => {
    const theirs = read.find(({ txid }) => txid === spender)?.transaction.toBuffer();
    return theirs !== undefined && unsignedDigest(theirs) === unsignedDigest(raw);
  });
}

function found({ transaction, txid }: ReadTransaction): FoundTransaction {
  return { txid, stripped: withoutWitness(transaction), coinbase: transaction.isCoinbase() };
}
