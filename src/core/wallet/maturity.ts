import type { Seconds } from '../base/time.ts';
import type { Lock } from './condition.ts';
import type { Recovery } from './recovery.ts';

/** What Bitcoin aims at; what is told by it is an estimate. */
const BLOCK_SECONDS = 600;

/** The newest block. */
export interface Tip {
  readonly height: number;
  readonly time: Seconds;
}

/**
 * About how long until fewer or other keys can spend a coin, in seconds: 0 when a recovery path is open now, null when none
 * ever opens. `recoveries` are those of its wallet (recovery.ts), `height` that of the block that confirmed it. Relative
 * locks of time are counted in blocks of ten minutes (document 7, E5).
 */
export function recoveryOpensIn(
  recoveries: readonly Recovery[],
  height: number,
  tip: Tip,
): Seconds | null {
  const waits = recoveries.map(({ locks }) =>
    Math.max(0, ...locks.map((lock) => waitOf(lock, height, tip))),
  );
  return waits.length === 0 ? null : Math.min(...waits);
}

/** Until the next block can hold a spend: BIP 68 counts from the coin's block, BIP 65 and 113 to the tip. */
function waitOf(lock: Lock, height: number, tip: Tip): Seconds {
  const next = tip.height + 1;
  if (lock.type === 'older')
    return 'blocks' in lock
      ? (height + lock.blocks - next) * BLOCK_SECONDS
      : lock.seconds - (next - height) * BLOCK_SECONDS;
  return 'height' in lock ? (lock.height - tip.height) * BLOCK_SECONDS : lock.time - tip.time;
}
