import { SETTLED_CONFIRMATIONS } from '../../core/base/limits.ts';
import type { FactRecord } from '../../core/log/state.ts';

/** Where the follower has read a transaction. */
export interface Place {
  readonly txid: string;
  /** The block that holds it, null while none does. */
  readonly at: { readonly height: number; readonly block: string } | null;
  /** The block that is now at the height at which the log says it was confirmed; null when none was read or nothing is said. */
  readonly former: string | null;
}

export type DueFact =
  | {
      readonly fact: 'confirmed';
      readonly txid: string;
      readonly height: number;
      readonly block: string;
    }
  | { readonly fact: 'unconfirmed' | 'settled'; readonly txid: string };

/**
 * The facts that the log lacks about a broadcast transaction, in the order in which they must be written. It compares what stands in
 * the log with what the chain says now, so nothing is lost or doubled by whoever was killed in between. A confirmation
 * is taken back only when another block was read in the place of the one that it names: a follower that starts
 * anew takes nothing back. Of the transactions of one proposal, which all spend the same coins, one place is asked about: that
 * of the one in a block, else of any.
 */
export function factsDue(
  known: FactRecord,
  { txid, at, former }: Place,
  tipHeight: number,
): readonly DueFact[] {
  if (known.broadcastAt === null) return [];
  const due: DueFact[] = [];
  const isReplaced =
    known.confirmed !== null && former !== null && former !== known.confirmed.block;
  if (isReplaced) due.push({ fact: 'unconfirmed', txid: known.confirmed.txid });
  if (at === null) return due;
  if (known.confirmed === null || isReplaced) due.push({ fact: 'confirmed', txid, ...at });
  const isSettled = known.settledAt !== null && !isReplaced;
  if (!isSettled && tipHeight - at.height + 1 >= SETTLED_CONFIRMATIONS)
    due.push({ fact: 'settled', txid });
  return due;
}
