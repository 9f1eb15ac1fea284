import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Network } from '../core/wallet/network.ts';

export interface ChainTip {
  readonly height: number;
  readonly hash: string;
  /** Seconds since 1970 of the block's header: a stale node shows by it. */
  readonly time: number;
  /** Headers known whose blocks are not yet here: above 0 the node is catching up. */
  readonly behind: number;
  /** The node itself says that it is reading the chain for the first time, or after a long absence. */
  readonly initial: boolean;
}

export interface BlockView {
  readonly hash: string;
  /** Hash of the block before; 64 zeros for the genesis block. */
  readonly previous: string;
  readonly height: number;
  readonly time: number;
  /** Each transaction with its witness, in the order of the block. */
  readonly transactions: readonly Uint8Array[];
}

export interface ChainTransaction {
  readonly raw: Uint8Array;
  /** 0 while it waits in the mempool. */
  readonly confirmations: number;
}

/** Where a transaction stood when it was handed over: `new` only for the call that brought it to the node. */
export type Known = 'new' | 'mempool' | 'confirmed';

/**
 * The chain as we see it: the one port to Bitcoin. Every method may throw a ChainFault. Hashes and txids are
 * hex as people write them (reversed).
 */
export interface ChainView {
  readonly name: 'sandbox' | 'bitcoind' | 'esplora';
  readonly network: Network;
  /** Coins that one look at the mempool may ask for: {@link spenders}. */
  readonly spendersALook: number;
  identity(): Promise<{ readonly chain: string; readonly genesisBlock: string }>;
  tip(): Promise<ChainTip>;
  /** Nodes that it is connected to, or null where that has no meaning. */
  peers(): Promise<number | null>;
  /** The hash at a height of the best chain, or null above its tip. */
  blockHash(height: number): Promise<string | null>;
  /** A block whose header hashes to `hash` and whose Merkle roots hold; of the best chain or a stale one. */
  block(hash: string): Promise<BlockView>;
  /** Best effort: a pruned node, or one without an index, knows only its mempool. */
  transaction(txid: string): Promise<ChainTransaction | null>;
  /** Passes what the mempool would take or holds already. Refuses with `chain.rejected`. */
  testMempool(raw: Uint8Array): Promise<Result<null>>;
  /** Idempotent: what is in the mempool or in a block already counts as sent. Refuses with `chain.rejected`. */
  broadcast(raw: Uint8Array): Promise<Result<{ readonly known: Known }>>;
  /**
   * Hands over a child with the parent that it pays for (CPFP), where the mempool does not take the parent alone. Refuses
   * with `chain.rejected`.
   */
  broadcastPackage(parent: Uint8Array, child: Uint8Array): Promise<Result<null>>;
  /**
   * Of these coins (`txid:vout`), those that a transaction in the mempool spends, with its txid. At most SPENDERS_ASKED
   * of them are asked at once.
   */
  spenders(outpoints: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Whole satoshi a virtual byte, at least 1, or null when the node has no estimate. */
  feeRate(targetBlocks: number): Promise<number | null>;
  close(): Promise<void>;
}

/** Called at start: a node of another network must never be followed. Refuses with `chain.network`. */
export async function checkIdentity(
  view: Pick<ChainView, 'network' | 'identity'>,
  genesisBlock: string,
): Promise<Result<null>> {
  const found = await view.identity();
  if (found.genesisBlock === genesisBlock) return ok(null);
  return refuse('chain.network', {
    network: view.network,
    expected: genesisBlock,
    found: found.genesisBlock,
    chain: found.chain,
  });
}
