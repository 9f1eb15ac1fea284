import { unreachable } from '../base/assert.ts';
import type { Condition, Lock } from './condition.ts';
import { certain, impossible } from './condition.ts';

/** One way to spend: all of these keys, once all of these timelocks are open. */
export interface SpendingPath {
  readonly keys: ReadonlySet<number>;
  /** Of each unit the longest. */
  readonly locks: readonly Lock[];
}

/**
 * Every way to spend that holds no other one, in the order of the descriptor. Null when there are more than `most`, those
 * that hold others counted too.
 */
export function spendingPaths(condition: Condition, most: number): readonly SpendingPath[] | null {
  if (countOf(condition) > most) return null;
  const all = pathsOf(condition);
  return all.filter(
    (path, at) =>
      !all.some(
        (other, before) =>
          before !== at && isWithin(other, path) && (before < at || !isWithin(path, other)),
      ),
  );
}

/**
 * The key sets that spend without this key while only those timelocks are open that `isOpen` says, none inside another.
 * Empty when the key is in every such path; null when there are more than `most`.
 */
export function keySetsWithout(
  condition: Condition,
  { key, isOpen }: { readonly key: number; readonly isOpen: (lock: Lock) => boolean },
  most: number,
): readonly ReadonlySet<number>[] | null {
  const paths = spendingPaths(withoutKey(condition, key, isOpen), most);
  return paths === null ? null : paths.map(({ keys }) => keys);
}

function withoutKey(condition: Condition, key: number, isOpen: (lock: Lock) => boolean): Condition {
  switch (condition.type) {
    case 'key':
      return condition.key === key ? impossible : condition;
    case 'older':
    case 'after':
      return isOpen(condition) ? certain : impossible;
    case 'thresh': {
      const of = condition.of.map((part) => withoutKey(part, key, isOpen));
      return { type: 'thresh', needed: condition.needed, of };
    }
    default:
      return unreachable(condition);
  }
}

/** How many paths {@link pathsOf} would make, without making them. */
function countOf(condition: Condition): number {
  if (condition.type !== 'thresh') return 1;
  // By how many of the parts so far are taken.
  let ways = [1];
  for (const part of condition.of) {
    const count = countOf(part);
    ways = Array.from(
      { length: Math.min(ways.length, condition.needed) + 1 },
      (_, taken) => (ways[taken] ?? 0) + (ways[taken - 1] ?? 0) * count,
    );
  }
  return ways[condition.needed] ?? 0;
}

function pathsOf(condition: Condition): readonly SpendingPath[] {
  switch (condition.type) {
    case 'key':
      return [{ keys: new Set([condition.key]), locks: [] }];
    case 'older':
    case 'after':
      return [{ keys: new Set(), locks: [condition] }];
    case 'thresh': {
      const parts = condition.of.map(pathsOf).filter((paths) => paths.length > 0);
      return combinations(parts, condition.needed);
    }
    default:
      return unreachable(condition);
  }
}

/** One path of each of `needed` parts, every way. Each part has a path, so no step is in vain. */
function combinations(
  parts: readonly (readonly SpendingPath[])[],
  needed: number,
): readonly SpendingPath[] {
  const [first, ...rest] = parts;
  if (needed === 0) return [{ keys: new Set(), locks: [] }];
  if (first === undefined || parts.length < needed) return [];
  const more = combinations(rest, needed - 1);
  const withFirst = first.flatMap((path) => more.map((other) => bothOf(path, other)));
  return [...withFirst, ...combinations(rest, needed)];
}

function bothOf(one: SpendingPath, other: SpendingPath): SpendingPath {
  const all = [...one.locks, ...other.locks];
  const locks = all.filter(
    (lock, at) =>
      !all.some(
        (other, before) =>
          before !== at && opensWith(lock, other) && (before < at || !opensWith(other, lock)),
      ),
  );
  return { keys: new Set([...one.keys, ...other.keys]), locks };
}

/** Whether a lock is surely open when the other one is. */
export function opensWith(lock: Lock, other: Lock): boolean {
  const mine = unitOf(lock);
  const its = unitOf(other);
  return mine.unit === its.unit && mine.value <= its.value;
}

function unitOf(lock: Lock): { readonly unit: string; readonly value: number } {
  if ('blocks' in lock) return { unit: 'blocks', value: lock.blocks };
  if ('seconds' in lock) return { unit: 'seconds', value: lock.seconds };
  if ('height' in lock) return { unit: 'height', value: lock.height };
  return { unit: 'time', value: lock.time };
}

/** Whether whoever can go the path can go the one within it. */
function isWithin(inner: SpendingPath, path: SpendingPath): boolean {
  return (
    [...inner.keys].every((key) => path.keys.has(key)) &&
    inner.locks.every((lock) => path.locks.some((other) => opensWith(lock, other)))
  );
}
