import { assert, unreachable } from '../base/assert.ts';

/** A timelock: relative to the coin (BIP 68, 112), or absolute (BIP 65). */
export type Lock =
  | { readonly type: 'older'; readonly blocks: number }
  | { readonly type: 'older'; readonly seconds: number }
  | { readonly type: 'after'; readonly height: number }
  /** Seconds since 1970, compared with the median time of blocks (BIP 113). */
  | { readonly type: 'after'; readonly time: number };

/**
 * What spends a coin, lifted from descriptor and miniscript. A key is its position in the descriptor and occurs once.
 * `needed` 0 of none always holds, 1 of none never.
 */
export type Condition =
  | { readonly type: 'key'; readonly key: number }
  | Lock
  | { readonly type: 'thresh'; readonly needed: number; readonly of: readonly Condition[] };

/** Never satisfied, and always. */
export const impossible: Condition = { type: 'thresh', needed: 1, of: [] };
export const certain: Condition = { type: 'thresh', needed: 0, of: [] };

/** All of the parts: those that always hold are left out, parts of parts taken in. */
export function allOf(parts: readonly Condition[]): Condition {
  const of = parts.flatMap((part) =>
    part.type === 'thresh' && part.needed === part.of.length ? part.of : [part],
  );
  if (of.some(isImpossible)) return impossible;
  const [only] = of;
  return only !== undefined && of.length === 1 ? only : { type: 'thresh', needed: of.length, of };
}

/** One of the parts: those that never hold are left out, parts of parts taken in. */
export function anyOf(parts: readonly Condition[]): Condition {
  const of = parts.flatMap((part) =>
    part.type === 'thresh' && part.needed === 1 ? part.of : [part],
  );
  if (of.some((part) => part.type === 'thresh' && part.needed === 0)) return certain;
  const [only] = of;
  return only !== undefined && of.length === 1 ? only : { type: 'thresh', needed: 1, of };
}

function isImpossible(condition: Condition): boolean {
  return condition.type === 'thresh' && condition.needed > condition.of.length;
}

/** What is left of a condition for who does not wait: without the timelocks, and the parts that never hold without them. */
export function withoutWaiting(condition: Condition): Condition {
  switch (condition.type) {
    case 'key':
      return condition;
    case 'older':
    case 'after':
      return impossible;
    case 'thresh': {
      const of = condition.of.map(withoutWaiting).filter((part) => !isImpossible(part));
      return of.length < condition.needed ? impossible : { ...condition, of };
    }
    default:
      return unreachable(condition);
  }
}

/** Whether some of these keys spend, with the timelocks open that `isOpen` says. */
export function spendableBy(
  condition: Condition,
  keys: ReadonlySet<number>,
  isOpen: (lock: Lock) => boolean,
): boolean {
  switch (condition.type) {
    case 'key':
      return keys.has(condition.key);
    case 'older':
    case 'after':
      return isOpen(condition);
    case 'thresh':
      return (
        condition.of.filter((part) => spendableBy(part, keys, isOpen)).length >= condition.needed
      );
    default:
      return unreachable(condition);
  }
}

/** Whether nothing spends without this key before a timelock opens. Exact: what spends with fewer keys spends with more. */
export function isInEveryPath(condition: Condition, key: number): boolean {
  const others = keysOf(condition).filter((other) => other !== key);
  return !spendableBy(condition, new Set(others), () => false);
}

/**
 * The least number of keys beside `signed` that spend without waiting, Infinity when none do. Exact, for a key occurs
 * once.
 */
export function missingKeys(condition: Condition, signed: ReadonlySet<number>): number {
  switch (condition.type) {
    case 'key':
      return signed.has(condition.key) ? 0 : 1;
    case 'older':
    case 'after':
      return Infinity;
    case 'thresh': {
      const { needed, of } = condition;
      if (needed > of.length) return Infinity;
      const costs = of.map((part) => missingKeys(part, signed)).sort((a, b) => (a < b ? -1 : 1));
      return costs.slice(0, needed).reduce((sum, cost) => sum + cost, 0);
    }
    default:
      return unreachable(condition);
  }
}

/** The keys that occur, in ascending order. */
export function keysOf(condition: Condition): readonly number[] {
  const found: number[] = [];
  const visit = (part: Condition): void => {
    if (part.type === 'key') found.push(part.key);
    else if (part.type === 'thresh') part.of.forEach(visit);
  };
  visit(condition);
  assert(new Set(found).size === found.length, 'a key occurs once');
  return found.sort((a, b) => a - b);
}
