import type { ReceiptCheck, ReceiptEntry } from '../core/log/admit-receipt.ts';
import { receiptCheckBy } from '../core/log/admit-receipt.ts';
import { receiptDigest } from '../core/log/receipt.ts';
import { verifyReceiptFast } from './verify-receipt.ts';

const isSigned = receiptCheckBy(verifyReceiptFast);

/**
 * Authenticates the receipts of a log by few of their signatures. A signature covers all fields of its receipt, and one of
 * them is the digest of the receipt before: so it is its signer's word for that one as well, and for all before it. Here
 * every receipt that is asked about is either named by the next one of the same signer, or its own signature is verified.
 * A spoiled signature within a chain goes unseen: what its signer says is known all the same. Who promises that every
 * signature is right asks each for its own.
 */
export class ReceiptChains {
  /** By wallet, what no later receipt has named yet. */
  readonly #ends = new Map<string, ReceiptEntry>();
  #isRight = true;

  /** Says yes to all: good for nothing before {@link finish} has. */
  readonly check: ReceiptCheck = (entry) => {
    const { wallet } = entry.receipt;
    const end = this.#ends.get(wallet);
    if (end !== undefined && !speaksFor(entry, end)) this.#isRight &&= isSigned(end);
    this.#ends.set(wallet, entry);
    return true;
  };

  /** Whether all that was asked about is authentic. */
  finish(): boolean {
    return this.#isRight && [...this.#ends.values()].every(isSigned);
  }
}

function speaksFor({ receipt }: ReceiptEntry, { receipt: before }: ReceiptEntry): boolean {
  const { signer, epoch, previous } = receipt;
  return signer === before.signer && epoch === before.epoch && previous === receiptDigest(before);
}
