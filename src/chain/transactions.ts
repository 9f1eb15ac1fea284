import { Transaction } from 'bitcoinjs-lib';
import { shownHash } from './block.ts';

export type Outpoint = readonly [txid: string, vout: number];

/** A transaction of a block or of the mempool, parsed once. */
export interface ReadTransaction {
  readonly transaction: Transaction;
  readonly txid: string;
}

/** Throws on bytes that are no transaction: those of a block were checked with it. */
export function readTransaction(raw: Uint8Array): ReadTransaction {
  const transaction = Transaction.fromBuffer(raw);
  return { transaction, txid: transaction.getId() };
}

/** What it spends, in the order of its inputs. */
export function outpointsOf(transaction: Transaction): readonly Outpoint[] {
  if (transaction.isCoinbase()) return []; // its input names no coin
  return transaction.ins.map((input) => [shownHash(input.hash), input.index] as const);
}

/** Without witness: what the txid and the signers' checks of amounts are made of. */
export function withoutWitness(transaction: Transaction): Uint8Array {
  const stripped = transaction.clone();
  stripped.stripWitnesses();
  return stripped.toBuffer();
}
