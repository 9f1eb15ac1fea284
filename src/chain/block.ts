import { Block } from 'bitcoinjs-lib';
import { reversed, toHex } from '../core/base/bytes.ts';
import type { BlockView } from './chain-view.ts';
import { ChainFault } from './chain-fault.ts';

/** The hash of a block or transaction as people write it. */
export function shownHash(hash: Uint8Array): string {
  return toHex(reversed(hash));
}

/**
 * Reads a whole block and checks it against the hash that was asked for: header, proof of work, Merkle root
 * without a mutated pair (CVE-2012-2459, by bitcoinjs-lib >= 7.0.5) and witness commitment, so that the bytes
 * cannot differ from what the hash commits to. Not checked here: whether the chain is the one with the most
 * work, and scripts. That is the node's task, as is telling 64-byte transactions from tree nodes (BIP 54).
 * Throws a ChainFault `chain.answer.invalid`.
 */
export function readBlock(raw: Uint8Array, hash: string, height: number): BlockView {
  const block = parse(raw, hash);
  const { transactions, prevHash } = block;
  if (transactions === undefined || transactions.length === 0 || prevHash === undefined)
    throw invalid(hash, 'the block is empty');
  if (block.getId() !== hash) throw invalid(hash, 'the header has another hash');
  if (!block.checkProofOfWork()) throw invalid(hash, 'the header lacks its proof of work');
  if (block.byteLength(false) !== raw.length) throw invalid(hash, 'bytes follow the block');
  if (!block.checkTxRoots()) throw invalid(hash, 'the Merkle root does not hold');
  return {
    hash,
    previous: shownHash(prevHash),
    height,
    time: block.timestamp,
    transactions: transactions.map((transaction) => transaction.toBuffer()),
  };
}

function parse(raw: Uint8Array, hash: string): Block {
  try {
    return Block.fromBuffer(raw);
  } catch (cause) {
    throw new ChainFault('chain.answer.invalid', { block: hash, reason: 'not a block' }, cause);
  }
}

function invalid(hash: string, reason: string): ChainFault {
  return new ChainFault('chain.answer.invalid', { block: hash, reason });
}
