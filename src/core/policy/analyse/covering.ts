import { ANALYSIS_LENGTHS, MAX_MONEY_SATS } from '../../base/limits.ts';

/** No more than so much in any stretch of so many seconds. */
export interface Cap {
  readonly windowSeconds: number;
  readonly most: bigint;
}

/** The least of amounts and {@link MAX_MONEY_SATS}. */
export function least(...amounts: readonly (bigint | undefined)[]): bigint {
  let found = MAX_MONEY_SATS;
  for (const amount of amounts) if (amount !== undefined && amount < found) found = amount;
  return found;
}

/**
 * The most that fits in any stretch of `seconds`, when each spend must keep all caps of one of the alternatives;
 * {@link MAX_MONEY_SATS} when nothing holds it back.
 *
 * The last spend of the stretch keeps the caps of some alternative. Whichever of them one looks at, it holds what was
 * spent in its window, and what was spent before lies in a stretch shorter by the window. So
 * F(s) = max over alternatives, min over its caps: most + F(s - window), and F(0) = 0. With one alternative this is
 * exact: it is the longest solution of the difference constraints that sliding windows are. With too many lengths in
 * between, the caps are laid end to end instead, which is never less.
 */
export function covering(seconds: number, alternatives: readonly (readonly Cap[])[]): bigint {
  if (alternatives.length === 0 || seconds <= 0) return 0n;
  const pruned = withoutDominated(alternatives.map(binding));
  if (pruned.some((caps) => caps.length === 0)) return MAX_MONEY_SATS;
  const [only] = pruned;
  if (pruned.length === 1 && only?.length === 1) return endToEnd(seconds, pruned);
  const windows = [...new Set(pruned.flat().map((cap) => cap.windowSeconds))];
  const lengths = lengthsFrom(seconds, windows);
  if (lengths === null) return endToEnd(seconds, pruned);
  const found = new Map<number, bigint>();
  const before = (length: number): bigint => (length <= 0 ? 0n : (found.get(length) ?? 0n));
  for (const length of lengths) {
    let most = 0n;
    for (const caps of pruned) {
      const held = least(...caps.map((cap) => cap.most + before(length - cap.windowSeconds)));
      if (held > most) most = held;
    }
    found.set(length, most);
  }
  return found.get(seconds) ?? MAX_MONEY_SATS;
}

/** Caps that no other one of them makes idle: one over a window as long that allows no more. */
function binding(caps: readonly Cap[]): readonly Cap[] {
  return caps.filter(
    (cap, i) =>
      cap.most < MAX_MONEY_SATS &&
      !caps.some((other, j) => i !== j && isWithin(other, cap) && (!isWithin(cap, other) || j < i)),
  );
}

/** Whether keeping a cap keeps another one. */
function isWithin(cap: Cap, other: Cap): boolean {
  return cap.windowSeconds >= other.windowSeconds && cap.most <= other.most;
}

/** Alternatives that no other one replaces: one that is kept wherever the first is. */
function withoutDominated(alternatives: readonly (readonly Cap[])[]): readonly (readonly Cap[])[] {
  const replaces = (one: readonly Cap[], other: readonly Cap[]): boolean =>
    one.every((cap) => other.some((theirs) => isWithin(theirs, cap)));
  const kept: (readonly Cap[])[] = [];
  const distinct = new Map(alternatives.map((caps) => [keyOf(caps), caps]));
  for (const caps of distinct.values()) {
    if (kept.some((other) => replaces(other, caps))) continue;
    const left = kept.filter((other) => !replaces(caps, other));
    kept.splice(0, kept.length, ...left, caps);
  }
  return kept;
}

function keyOf(caps: readonly Cap[]): string {
  return caps
    .map(({ windowSeconds, most }) => `${String(windowSeconds)}:${String(most)}`)
    .sort()
    .join();
}

/** Every length that is left of a stretch when windows are taken off its end, ascending; null when there are too many. */
function lengthsFrom(seconds: number, windows: readonly number[]): readonly number[] | null {
  const found = new Set([seconds]);
  if (seconds / Math.min(...windows) > ANALYSIS_LENGTHS) return null;
  for (const length of found) {
    if (found.size > ANALYSIS_LENGTHS) return null;
    for (const window of windows) if (length > window) found.add(length - window);
  }
  return [...found].sort((a, b) => a - b);
}

function endToEnd(seconds: number, alternatives: readonly (readonly Cap[])[]): bigint {
  const windows = new Set(alternatives.flat().map((cap) => cap.windowSeconds));
  return least(
    ...Array.from(windows, (window) => {
      const most = alternatives.map((caps) =>
        least(...caps.flatMap((cap) => (cap.windowSeconds >= window ? [cap.most] : []))),
      );
      const largest = most.reduce((a, b) => (a > b ? a : b), 0n);
      return largest * BigInt(Math.ceil(seconds / window));
    }),
  );
}
