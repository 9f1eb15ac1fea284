import { assert } from '../../base/assert.ts';

/**
 * Sums over windows that grow: index 0 is the spend alone, each next one the spend and what the next longer window
 * holds. What the whole wallet moves comes first; every other sum is a part of it.
 */
export const sums = ['wallet', 'initiator', 'yesOwner', 'noOwner'] as const;
export type Sum = (typeof sums)[number];
/** The largest of an owner, by the owners of either side. */
export type OwnerSum = 'yesOwner' | 'noOwner';

export interface Bounds {
  readonly low: Readonly<Record<Sum, readonly number[]>>;
  /** Infinity: not bounded. */
  readonly high: Readonly<Record<Sum, readonly number[]>>;
}

/** How the sums hang together. */
export interface Shape {
  /** The parts that are looked at. */
  readonly parts: readonly Exclude<Sum, 'wallet'>[];
  /** What the spend pays at least, and what of that goes to others than the owner with the largest sum. */
  readonly least: number;
  readonly beside: number;
  /** How many owners a spend can pay. */
  readonly owners: Readonly<Record<OwnerSum, number>>;
  /** Owners of whom there is but one in the world: his sum is the wallet's. */
  readonly only: readonly OwnerSum[];
  /** The sums of the first owner are never more than those of the second. */
  readonly within: readonly [OwnerSum, OwnerSum] | null;
  /** So many spends, this one counted, are the most within a window. */
  readonly counts: readonly { readonly of: Sum; readonly window: number; readonly most: number }[];
}

export function at(values: readonly number[], i: number): number {
  const value = values[i];
  assert(value !== undefined, 'a sum has a value for each window');
  return value;
}

interface Open {
  readonly low: Record<Sum, number[]>;
  readonly high: Record<Sum, number[]>;
}

function isOwner(sum: Sum): sum is OwnerSum {
  return sum === 'yesOwner' || sum === 'noOwner';
}

/**
 * The bounds as narrow as they can be made; null when no sums lie within. A part p of the whole x grows with each
 * window by no more than the whole does, so that it lies within its bounds if and only if x grows from window i to
 * window m by at least low(p, m) - high(p, i). That is all that the whole must know of its parts: what is left are
 * bounds and least differences of the whole, of which the smallest solution is found by going through once.
 */
export function narrow(bounds: Bounds, shape: Shape): Bounds | null {
  const made: Open = {
    low: { ...mapSums((sum) => [...bounds.low[sum]]) },
    high: { ...mapSums((sum) => [...bounds.high[sum]]) },
  };
  for (const sum of ['wallet', ...shape.parts] as const) hold(made, sum, stillUntil(shape, sum));
  for (const sum of shape.only)
    if (shape.parts.includes(sum)) {
      raise(made, sum, 'wallet');
      lower(made, sum, 'wallet');
      raise(made, 'wallet', sum);
      lower(made, 'wallet', sum);
    }
  if (shape.within !== null) {
    const [inner, outer] = shape.within;
    raise(made, outer, inner);
    lower(made, inner, outer);
  }
  const bounded = shape.parts.filter((part) => !isFree(made, part));
  for (const part of bounded) makeMonotone(made, part);
  if (!narrowWhole(made, { ...shape, parts: bounded })) return null;
  for (const part of shape.parts) {
    if (part === 'initiator') {
      made.low.initiator[0] = at(made.low.wallet, 0);
      made.high.initiator[0] = Math.min(at(made.high.initiator, 0), at(made.high.wallet, 0));
    }
    const beside = isOwner(part) ? shape.beside : 0;
    made.high[part] = made.high[part].map((high, i) =>
      Math.min(high, at(made.high.wallet, i) - beside),
    );
    if (bounded.includes(part) || at(made.low[part], 0) > 0) makeMonotone(made, part);
    if (made.low[part].some((low, i) => low > at(made.high[part], i))) return null;
  }
  return shape.counts.every((count) => fewEnough(made, shape, count)) ? made : null;
}

function mapSums<T>(make: (sum: Sum) => T): Record<Sum, T> {
  return {
    wallet: make('wallet'),
    initiator: make('initiator'),
    yesOwner: make('yesOwner'),
    noOwner: make('noOwner'),
  };
}

/** The longest window in which there can be no earlier spend that counts for a sum. */
function stillUntil({ counts }: Shape, sum: Sum): number {
  return Math.max(
    0,
    ...counts.flatMap(({ of, window, most }) =>
      most <= 1 && (of === sum || of === 'wallet') ? [window] : [],
    ),
  );
}

function hold({ low, high }: Open, sum: Sum, until: number): void {
  const most = Math.max(...low[sum].slice(0, until + 1));
  const least = Math.min(...high[sum].slice(0, until + 1));
  for (let i = 0; i <= until; i++) {
    low[sum][i] = most;
    high[sum][i] = least;
  }
}

function raise({ low }: Open, sum: Sum, to: Sum): void {
  low[sum] = low[sum].map((value, i) => Math.max(value, at(low[to], i)));
}
function lower({ high }: Open, sum: Sum, to: Sum): void {
  high[sum] = high[sum].map((value, i) => Math.min(value, at(high[to], i)));
}

/** Whether nothing is asked of a part. */
function isFree({ low, high }: Bounds, part: Sum): boolean {
  return low[part].every((value) => value === 0) && high[part].every((value) => value === Infinity);
}

function makeMonotone({ low, high }: Open, sum: Sum): void {
  for (let i = 1; i < low[sum].length; i++)
    low[sum][i] = Math.max(at(low[sum], i), at(low[sum], i - 1));
  for (let i = low[sum].length - 2; i >= 0; i--)
    high[sum][i] = Math.min(at(high[sum], i), at(high[sum], i + 1));
}

function narrowWhole(made: Open, shape: Shape): boolean {
  const { low, high } = made;
  const whole = { low: low.wallet, high: high.wallet };
  if (shape.parts.includes('initiator')) {
    whole.low[0] = Math.max(at(whole.low, 0), at(low.initiator, 0));
    whole.high[0] = Math.min(at(whole.high, 0), at(high.initiator, 0));
  }
  for (const part of shape.parts)
    if (isOwner(part)) {
      // Each of the owners paid gets as much as the bound on the largest lets him.
      const each = at(high[part], 0);
      whole.high[0] = Math.min(at(whole.high, 0), each === 0 ? 0 : shape.owners[part] * each);
    }
  const smallest = least(made, shape, null);
  for (const [m, value] of smallest.entries()) whole.low[m] = value;
  const growths = growthsOf(made, shape).sort((a, b) => b.from - a.from);
  let next = 0;
  for (let i = whole.high.length - 1; i >= 0; i--) {
    if (i < whole.high.length - 1)
      whole.high[i] = Math.min(at(whole.high, i), at(whole.high, i + 1));
    for (let one = growths[next]; one?.from === i; one = growths[++next])
      whole.high[i] = Math.min(at(whole.high, i), at(whole.high, one.to) - one.by);
  }
  return whole.low.every((value, i) => value <= at(whole.high, i));
}

interface Growth {
  readonly from: number;
  readonly to: number;
  readonly by: number;
}

/**
 * By how much the whole must grow between windows for the sake of a part: from where its upper bound is about to rise,
 * to where its lower bound has just risen. Between others it follows from these, since the whole never falls.
 */
function growthsOf({ low, high }: Bounds, { parts }: Shape): Growth[] {
  const found: Growth[] = [];
  for (const part of parts)
    for (let to = 1; to < low[part].length; to++) {
      const lowest = at(low[part], to);
      if (lowest <= at(low[part], to - 1)) continue;
      for (let from = 0; from < to; from++) {
        const most = at(high[part], from);
        // Upper bounds never fall: none that follows is passed.
        if (most >= lowest) break;
        if (most < at(high[part], from + 1)) found.push({ from, to, by: lowest - most });
      }
    }
  return found;
}

/**
 * The smallest sums of the whole, those given being what they are: within its lower bounds, growing, and growing as its
 * parts ask. They may pass the upper bounds.
 */
export function least(bounds: Bounds, shape: Shape, given: readonly number[] | null): number[] {
  const { low } = bounds;
  const growths = growthsOf(bounds, shape).sort((a, b) => a.to - b.to);
  let next = 0;
  const found: number[] = [...(given ?? [])];
  for (let m = found.length; m < low.wallet.length; m++) {
    let value = Math.max(at(low.wallet, m), m === 0 ? shape.least : at(found, m - 1));
    for (const part of shape.parts)
      value = Math.max(value, at(low[part], m) + (isOwner(part) ? shape.beside : 0));
    for (let one = growths[next]; one !== undefined && one.to <= m; one = growths[++next])
      if (one.to === m) value = Math.max(value, at(found, one.from) + one.by);
    found.push(value);
  }
  return found;
}

/**
 * Whether the spends that must have been there, because a sum passes its bound in a shorter window, are not too many.
 * Owners count each for himself, and the largest sum may be now of one and now of another: nothing is said of them.
 */
function fewEnough(made: Open, shape: Shape, count: Shape['counts'][number]): boolean {
  const { of, window, most } = count;
  if (isOwner(of)) return most >= 1;
  const chains = of === 'wallet' ? (['wallet', ...shape.parts] as const) : ([of] as const);
  return chains.every((sum) => {
    if (sum !== 'wallet' && !shape.parts.includes(sum)) return true;
    let spends = 1;
    let reach = at(made.high[sum], 0);
    for (let i = 1; i <= window; i++) {
      if (at(made.low[sum], i) <= reach) continue;
      spends++;
      reach = at(made.high[sum], i);
    }
    return spends <= most;
  });
}

/**
 * A part, given the whole: from `start` on, within its bounds, growing by no more than the whole. As little of it as can
 * be, or as much. Null when there is none.
 */
export function partOf(
  bounds: Bounds,
  part: Sum,
  whole: readonly number[],
  { start, most }: { readonly start: number; readonly most: boolean },
): readonly number[] | null {
  const low = [...bounds.low[part]];
  const high = [...bounds.high[part]];
  const grows = (i: number): number => at(whole, i) - at(whole, i - 1);
  for (let i = low.length - 1; i > 0; i--) {
    low[i - 1] = Math.max(at(low, i - 1), at(low, i) - grows(i));
    high[i - 1] = Math.min(at(high, i - 1), at(high, i));
  }
  const found = [start];
  for (let i = 1; i < low.length; i++) {
    const before = at(found, i - 1);
    found.push(most ? Math.min(before + grows(i), at(high, i)) : Math.max(before, at(low, i)));
  }
  const fits = found.every((value, i) => value >= at(low, i) && value <= at(high, i));
  return fits ? found : null;
}
