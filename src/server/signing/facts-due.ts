import { SETTLED_CONFIRMATIONS } from '../../core/base/limits.ts';
import type { FactRecord } from '../../core/log/state.ts';

/** Where the follower has read a transaction. */
export interface Place {
  /** The block that holds it, null while none does. */
  readonly at: { readonly height: number; readonly block: string } | null;
  /** The block that is now at the height at which the log says it was confirmed; null when none was read or nothing is said. */
  readonly former: string | null;
}

export type DueFact =
  | { readonly fact: 'confirmed'; readonly height: number; readonly block: string }
  | { readonly fact: 'unconfirmed' }
  | { readonly fact: 'settled' };

/**
 * The facts that the log lacks about a broadcast transaction, in the order in which they must be written. It compares what stands in
 * the log with what the chain says now, so nothing is lost or doubled by whoever was killed in between. A confirmation
 * is taken back only when another block was read in the place of the one that it names: a follower that starts
 * anew takes nothing back.
 */
export function factsDue(
  known: FactRecord,
  { at, former }: Place,
  tipHeight: number,
): readonly DueFact[] {
  if (known.broadcastAt === null) return [];
  const due: DueFact[] = [];
  const isReplaced =
    known.confirmed !== null && former !== null && former !== known.confirmed.block;
  if (isReplaced) due.push({ fact: 'unconfirmed' });
  if (at === null) return due;
  if (known.confirmed === null || isReplaced) due.push({ fact: 'confirmed', ...at });
  const isSettled = known.settledAt !== null && !isReplaced;
  if (!isSettled && tipHeight - at.height + 1 >= SETTLED_CONFIRMATIONS)
    due.push({ fact: 'settled' });
  return due;
}
