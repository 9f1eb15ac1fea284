import { Transaction } from 'bitcoinjs-lib';
import type { Block } from 'bitcoinjs-lib';
import { assert } from '../../core/base/assert.ts';
import { SPENDERS_ASKED } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import type { Sats } from '../../core/base/sats.ts';
import { genesisBlock } from '../../core/wallet/network.ts';
import { readBlock } from '../../chain/block.ts';
import { ChainFault } from '../../chain/chain-fault.ts';
import type {
  BlockView,
  ChainTip,
  ChainTransaction,
  ChainView,
  Known,
} from '../../chain/chain-view.ts';
import { rejected } from '../../chain/rejection.ts';
import { buildBlock, genesis, txidOf } from './sandbox-block.ts';
import { Faucet } from './sandbox-faucet.ts';
import {
  checkCoins,
  checkFee,
  checkForm,
  checkLockTime,
  checkReplacement,
  checkSequences,
  feeSats,
  outpointsOf,
} from './sandbox-rules.ts';
import type { NextBlock } from './sandbox-rules.ts';
import type { StoredCoin, StoredTransaction } from './sandbox.store.ts';
import { SandboxStore } from './sandbox.store.ts';
import { ScriptChecker } from './script-checker.ts';
import type { Work } from './sql.ts';

/** Satoshi a virtual byte that the sandbox estimates: its blocks are never full. */
const ESTIMATE = 2;
const BLOCK_WEIGHT = 3_990_000;
/** Blocks that one call mines or throws away. */
const BLOCKS_AT_ONCE = 1_000;

interface Candidate {
  readonly stored: StoredTransaction;
  /** What it spends, in the order of its inputs. */
  readonly coins: readonly StoredCoin[];
  /** What it replaces in the mempool, with descendants. */
  readonly evicted: readonly string[];
}

/**
 * A chain of its own in tables, for evaluation and tests: real transactions, scripts, Merkle roots and headers,
 * blocks on demand, reorganisations on demand. Any number of processes share it. Its coins have no value.
 */
export class Sandbox implements ChainView {
  readonly name = 'sandbox';
  readonly network = 'sandbox';
  readonly spendersALook = 10 * SPENDERS_ASKED;
  readonly #work: Work;
  readonly #clock: () => number;
  readonly #faucet = new Faucet();
  readonly #scripts = new ScriptChecker();

  private constructor(work: Work, clock: () => number) {
    this.#work = work;
    this.#clock = clock;
  }

  /** Opens the chain in the tables, and begins it when they are empty. `clock` gives seconds since 1970. */
  static async open(
    work: Work,
    clock: () => number = () => Math.floor(Date.now() / 1000),
  ): Promise<Sandbox> {
    const sandbox = new Sandbox(work, clock);
    await sandbox.#write(async (store) => {
      if ((await store.tip()) === null) await sandbox.#append(store, sandbox.#genesis(), 0, []);
    });
    return sandbox;
  }

  async identity(): Promise<{ readonly chain: string; readonly genesisBlock: string }> {
    const first = await new SandboxStore(this.#work.plain).blockAt(0);
    return { chain: 'sandbox', genesisBlock: first?.hash ?? '' };
  }

  async tip(): Promise<ChainTip> {
    const { height, hash, time } = await tipOf(new SandboxStore(this.#work.plain));
    return { height, hash, time, behind: 0, initial: false };
  }

  peers(): Promise<number | null> {
    return Promise.resolve(null);
  }

  async blockHash(height: number): Promise<string | null> {
    return (await new SandboxStore(this.#work.plain).blockAt(height))?.hash ?? null;
  }

  async block(hash: string): Promise<BlockView> {
    const found = await new SandboxStore(this.#work.plain).blockOf(hash);
    if (found === null)
      throw new ChainFault('chain.block.unavailable', { block: hash, reason: 'Block not found' });
    return readBlock(found.raw, hash, found.height);
  }

  async transaction(txid: string): Promise<ChainTransaction | null> {
    // one snapshot, so that a block in between cannot make the count wrong
    return this.#work.run(async (sql) => {
      await sql.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      const store = new SandboxStore(sql);
      const found = await store.transaction(txid);
      if (found === null) return null;
      const { height } = await tipOf(store);
      return {
        raw: found.raw,
        confirmations: found.height === null ? 0 : height - found.height + 1,
      };
    });
  }

  async testMempool(raw: Uint8Array): Promise<Result<null>> {
    const verdict = await this.#write((store) => this.#judge(store, raw));
    return verdict.ok ? ok(null) : verdict;
  }

  async broadcast(raw: Uint8Array): Promise<Result<{ readonly known: Known }>> {
    return this.#write((store) => this.#accept(store, raw));
  }

  /** Its mempool has no least fee that a parent alone could miss. */
  async broadcastPackage(parent: Uint8Array, child: Uint8Array): Promise<Result<null>> {
    const first = await this.broadcast(parent);
    if (!first.ok) return first;
    const second = await this.broadcast(child);
    return second.ok ? ok(null) : second;
  }

  async spenders(outpoints: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const asked = outpoints.map((outpoint) => {
      const [txid = '', vout = ''] = outpoint.split(':');
      return [txid, Number(vout)] as const;
    });
    return new Map(await new SandboxStore(this.#work.plain).spenders(asked));
  }

  feeRate(_targetBlocks: number): Promise<number | null> {
    return Promise.resolve(ESTIMATE);
  }

  close(): Promise<void> {
    return this.#scripts.close(); // the connections belong to whoever gave them
  }

  /** Mines blocks with what waits in the mempool. Returns their hashes. */
  async mine(blocks: number): Promise<readonly string[]> {
    assert(blocks >= 1 && blocks <= BLOCKS_AT_ONCE, 'one call mines 1 to 1,000 blocks');
    return this.#write(async (store) => {
      const hashes: string[] = [];
      for (let i = 0; i < blocks; i++) hashes.push(await this.#mineOne(store, await ripe(store)));
      return hashes;
    });
  }

  /** Sends play money to a script. It waits in the mempool until the next block. Returns the outpoint. */
  async fund(
    script: Uint8Array,
    amount: Sats,
  ): Promise<{ readonly txid: string; readonly vout: number }> {
    return this.#write(async (store) => {
      const raw = await this.#faucet.pay(store, script, amount);
      const sent = await this.#accept(store, raw);
      assert(sent.ok, 'the faucet pays by the rules');
      return { txid: txidOf(Transaction.fromBuffer(raw)), vout: 0 };
    });
  }

  /**
   * Replaces the last blocks by one more, all empty, as when a longer branch wins. What they confirmed waits in
   * the mempool again. Returns the new hashes.
   */
  async reorganise(depth: number): Promise<readonly string[]> {
    assert(depth >= 1 && depth < BLOCKS_AT_ONCE, 'a reorganisation replaces 1 to 999 blocks');
    return this.#write(async (store) => {
      const { height } = await tipOf(store);
      assert(depth <= height, 'the first block is never replaced');
      await store.disconnectAbove(height - depth);
      const hashes: string[] = [];
      for (let i = 0; i <= depth; i++) hashes.push(await this.#mineOne(store, []));
      return hashes;
    });
  }

  /** Drops a transaction and its descendants from the mempool, as a node does that restarts or runs full. */
  async evict(txid: string): Promise<void> {
    await this.#write(async (store) => {
      const found = await store.transaction(txid);
      if (found?.height !== null) return;
      const family = await store.withDescendants([txid]);
      await store.removeTransactions(family.map((one) => one.txid));
    });
  }

  #write<T>(work: (store: SandboxStore) => Promise<T>): Promise<T> {
    return this.#work.run(async (sql) => {
      const store = new SandboxStore(sql);
      await store.lock();
      return work(store);
    });
  }

  #genesis(): Block {
    const block = genesis(this.#faucet.script);
    assert(
      block.getId() === genesisBlock('sandbox'),
      'the sandbox begins with its own first block',
    );
    return block;
  }

  async #mineOne(store: SandboxStore, included: readonly StoredTransaction[]): Promise<string> {
    const previous = await tipOf(store);
    const height = previous.height + 1;
    const medianTimePast = await store.medianTimePast(previous.height);
    const block = buildBlock({
      height,
      previous: previous.hash,
      time: Math.max(this.#clock(), medianTimePast + 1),
      nonce: await store.blocksBuilt(),
      feesSats: included.reduce((sum, one) => sum + one.feeSats, 0n),
      transactions: included.map((one) => Transaction.fromBuffer(one.raw)),
      payTo: this.#faucet.script,
    });
    return this.#append(store, block, height, included);
  }

  async #append(
    store: SandboxStore,
    block: Block,
    height: number,
    included: readonly StoredTransaction[],
  ): Promise<string> {
    const hash = block.getId();
    const raw = block.toBuffer();
    // read back as a follower will: what is stored can be served
    const [coinbase] = readBlock(raw, hash, height).transactions;
    assert(coinbase !== undefined, 'a block has a coinbase');
    const stored = { hash, height, time: block.timestamp, raw };
    await store.insertBlock(
      stored,
      included.map((one) => one.txid),
    );
    const transaction = Transaction.fromBuffer(coinbase);
    await store.insertTransaction({
      txid: txidOf(transaction),
      raw: coinbase,
      height,
      feeSats: 0n,
      vsize: transaction.virtualSize(),
      coinbase: true,
    });
    return hash;
  }

  async #accept(store: SandboxStore, raw: Uint8Array): Promise<Result<{ readonly known: Known }>> {
    const judged = await this.#judge(store, raw);
    if (!judged.ok) return judged;
    if (typeof judged.value === 'string') return ok({ known: judged.value });
    await store.removeTransactions(judged.value.evicted);
    await store.insertTransaction(judged.value.stored);
    return ok({ known: 'new' });
  }

  async #judge(
    store: SandboxStore,
    raw: Uint8Array,
  ): Promise<Result<Candidate | 'mempool' | 'confirmed'>> {
    const transaction = decode(raw);
    if (transaction === undefined) return rejected('TX decode failed.');
    const known = await store.transaction(txidOf(transaction));
    if (known !== null) return ok(known.height === null ? 'mempool' : 'confirmed');
    const candidate = await judge(store, transaction);
    if (typeof candidate === 'string') return rejected(candidate);
    const broken = await this.#scripts.check(candidate.stored.raw, candidate.coins);
    if (broken !== null) return rejected(`mempool-script-verify-flag-failed (${broken})`);
    return ok(candidate);
  }
}

function decode(raw: Uint8Array): Transaction | undefined {
  try {
    return Transaction.fromBuffer(raw);
  } catch {
    return undefined;
  }
}

async function tipOf(store: SandboxStore): Promise<{ height: number; hash: string; time: number }> {
  const tip = await store.tip();
  assert(tip !== null, 'an open sandbox has a first block');
  return tip;
}

async function nextBlock(store: SandboxStore): Promise<NextBlock> {
  const { height } = await tipOf(store);
  return { height: height + 1, medianTimePast: await store.medianTimePast(height) };
}

/** The mempool's rules but for the scripts. Returns the reject text of the first one broken. */
async function judge(store: SandboxStore, transaction: Transaction): Promise<Candidate | string> {
  const next = await nextBlock(store);
  const malformed = checkForm(transaction) ?? checkLockTime(transaction, next);
  if (malformed !== null) return malformed;
  const coins = await coinsInOrder(store, transaction);
  const spenders = new Set(coins.flatMap(({ spentBy }) => spentBy ?? []));
  const conflicts: StoredTransaction[] = [];
  for (const txid of spenders) {
    const spender = await store.transaction(txid);
    assert(spender !== null, 'a spent coin names a transaction that is there');
    if (spender.height !== null) return 'bad-txns-inputs-missingorspent';
    conflicts.push(spender);
  }
  const fee = feeSats(transaction, coins);
  const unfit =
    checkCoins(transaction, coins) ??
    checkSequences(transaction, coins, await coinTimes(store, coins), next) ??
    checkFee(transaction, fee);
  if (unfit !== null) return unfit;
  const evicted = await store.withDescendants([...spenders]);
  const stored = {
    txid: txidOf(transaction),
    raw: transaction.toBuffer(),
    height: null,
    feeSats: fee,
    vsize: transaction.virtualSize(),
    coinbase: false,
  };
  if (coins.some((coin) => evicted.some((one) => one.txid === coin.txid)))
    return 'bad-txns-spends-conflicting-tx';
  const beaten = conflicts.length === 0 ? null : checkReplacement(stored, conflicts, evicted);
  if (beaten !== null) return beaten;
  return { stored, coins, evicted: evicted.map((one) => one.txid) };
}

/** The coins in the order of the inputs; fewer than inputs when one does not exist. */
async function coinsInOrder(
  store: SandboxStore,
  transaction: Transaction,
): Promise<readonly StoredCoin[]> {
  const outpoints = outpointsOf(transaction);
  const found = new Map(
    (await store.coins(outpoints)).map((coin) => [`${coin.txid}:${coin.vout}`, coin]),
  );
  return outpoints.flatMap(([txid, vout]) => found.get(`${txid}:${vout}`) ?? []);
}

async function coinTimes(
  store: SandboxStore,
  coins: readonly StoredCoin[],
): Promise<readonly number[]> {
  const times: number[] = [];
  for (const { height } of coins)
    times.push(
      height === null
        ? Number.MAX_SAFE_INTEGER
        : await store.medianTimePast(Math.max(height - 1, 0)),
    );
  return times;
}

/** What the next block can take. A reorganisation may have made some of the mempool too young: it waits on. */
async function ripe(store: SandboxStore): Promise<readonly StoredTransaction[]> {
  const next = await nextBlock(store);
  const taken: StoredTransaction[] = [];
  const left = new Set<string>();
  let weight = 0;
  for (const stored of await store.mempool()) {
    const transaction = Transaction.fromBuffer(stored.raw);
    const coins = await coinsInOrder(store, transaction);
    weight += transaction.weight();
    const young =
      checkLockTime(transaction, next) ??
      checkSequences(transaction, coins, await coinTimes(store, coins), next);
    if (young !== null || weight > BLOCK_WEIGHT || coins.some(({ txid }) => left.has(txid)))
      left.add(stored.txid);
    else taken.push(stored);
  }
  return taken;
}
