import { RECOVERY_PATHS } from '../base/limits.ts';
import { formatTime } from '../base/time.ts';
import type { Condition, Lock } from './condition.ts';
import { spendingPaths } from './spending-paths.ts';

/** Who spends once timelocks are open. */
export interface Recovery {
  /** All of them must be open. */
  readonly locks: readonly Lock[];
  /** The least key sets that spend then, by position in the descriptor. */
  readonly keySets: readonly (readonly number[])[];
}

/**
 * The paths that open by waiting, those with the same timelocks together, in the order of the descriptor. Null when there
 * are more than RECOVERY_PATHS ways to spend in all.
 */
export function recoveriesOf(condition: Condition): readonly Recovery[] | null {
  const paths = spendingPaths(condition, RECOVERY_PATHS);
  if (paths === null) return null;
  const found = new Map<string, { locks: readonly Lock[]; keySets: (readonly number[])[] }>();
  for (const { keys, locks } of paths) {
    if (locks.length === 0) continue;
    const name = locks.map(describeLock).sort().join();
    const known = found.get(name) ?? { locks, keySets: [] };
    found.set(name, known);
    known.keySets.push([...keys].sort((a, b) => a - b));
  }
  return [...found.values()];
}

/** When a timelock opens, for people: in blocks or by height, or in time. */
export function describeLock(lock: Lock): string {
  if ('blocks' in lock) return `${String(lock.blocks)} blocks after the coin was confirmed`;
  if ('seconds' in lock) return `${String(lock.seconds)} seconds after the coin was confirmed`;
  return 'height' in lock ? `block ${String(lock.height)}` : formatTime(lock.time);
}
