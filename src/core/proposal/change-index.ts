import { assert } from '../base/assert.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import { createLedger } from '../log/ledger.ts';
import type { State } from '../log/state.ts';

/**
 * The change indices that proposals of a wallet name which are signed or may be yet: two spends with one change address tell
 * the world whose both are (document 7, B4).
 */
export function plannedChange(state: State, wallet: string, now: Seconds): ReadonlySet<number> {
  const { signed, intents, reservations } = state.ledgers.get(wallet) ?? createLedger();
  const planned = new Set<number>();
  for (const { digest, statement, ended, view } of state.proposals.values()) {
    if (statement.wallet.id !== wallet) continue;
    const expires = parseTime(statement.expiresAt);
    assert(expires !== undefined, 'times are checked in the fold');
    const isHeld = signed.has(digest) || intents.has(digest) || reservations.has(digest);
    if (!isHeld && (ended !== null || now >= expires)) continue;
    for (const { change } of view.spend.outputs) if (change !== undefined) planned.add(change);
  }
  return planned;
}

/** The lowest index from `next` to `highest` that is not planned; `next` where there is none. */
export function freeChangeIndex(
  planned: ReadonlySet<number>,
  next: number,
  highest: number,
): number {
  for (let index = next; index <= highest; index++) if (!planned.has(index)) return index;
  return next;
}
