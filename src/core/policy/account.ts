import type { Seconds } from '../base/time.ts';
import type { Limit } from './body.ts';
import type { WindowState } from './usage.ts';

export type Measure = Limit['measure'];

/** What one spend counts under one key: satoshi, and 1 for `count`. Numbers, exact because sums stay below 2^53. */
export type Counted = Readonly<Record<Measure, number>>;

/** What one spend counts and since when; null: an open reservation, which has no age. */
export interface Part {
  readonly counted: Counted;
  readonly at: Seconds | null;
}

/** Where a committed spend has its time, and the sums of it and all before it. */
const AT = 0;
const AMOUNT = 1;
const FEE = 2;
const CELLS = 3;

/**
 * All that counts under one key, such as an initiator: committed spends by time with running sums, so that what lies
 * after a time is one binary search away, and the sum of the open reservations. Takes 24 bytes a committed spend, up to
 * twice that while it grows.
 *
 * Every question may leave out one part that was added before, as if it had not been.
 */
export class Account {
  /** Three cells a spend, in the order of time: in one row, because they are read together. */
  #cells = new Float64Array(4 * CELLS);
  #length = 0;
  readonly #reserved = { amount: 0, count: 0, fee: 0 };
  /** The last two answers of {@link #after}: windows slide, and the next answer is mostly one of them. */
  #edge = 0;
  #from = 0;
  #otherEdge = 0;
  #otherFrom = 0;

  /** Adds a committed spend. In the order of time it takes no time; any other order is right too, and slow. */
  commit(at: Seconds, { amount, fee }: Counted): void {
    if ((this.#length + 1) * CELLS > this.#cells.length) {
      const larger = new Float64Array(this.#cells.length * 2);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    const place = this.#search(at);
    const start = place * CELLS;
    this.#cells.copyWithin(start + CELLS, start, this.#length * CELLS);
    this.#cells[start + AT] = at;
    this.#cells[start + AMOUNT] = this.#until('amount', place);
    this.#cells[start + FEE] = this.#until('fee', place);
    this.#length += 1;
    for (let cell = start; cell < this.#length * CELLS; cell += CELLS) {
      this.#cells[cell + AMOUNT] = this.#cell(cell + AMOUNT) + amount;
      this.#cells[cell + FEE] = this.#cell(cell + FEE) + fee;
    }
  }

  /** Takes a reservation in (`times` 1) or out again (-1). */
  reserve(counted: Counted, times: 1 | -1): void {
    this.#reserved.amount += times * counted.amount;
    this.#reserved.count += times * counted.count;
    this.#reserved.fee += times * counted.fee;
  }

  /** What the window that ends at `now` holds, and what is reserved. */
  windowState(
    measure: Measure,
    windowSeconds: number,
    now: Seconds,
    without: Part | null,
  ): WindowState {
    const edge = now - windowSeconds;
    const from = this.#after(edge);
    const own = without?.counted[measure] ?? 0;
    const at = without?.at ?? null;
    const isSpent = at !== null && at > edge;
    const all = this.#until(measure, this.#length) - this.#until(measure, from);
    const spent = isSpent ? all - own : all;
    const isReserved = without !== null && at === null;
    const reserved = isReserved ? this.#reserved[measure] - own : this.#reserved[measure];
    if (spent === 0) return { spent, reserved, freesAt: null };
    const first = isSpent
      ? this.reached(measure, edge, 1, without)
      : this.#reached(measure, from, 1);
    return { spent, reserved, freesAt: first === null ? null : first + windowSeconds };
  }

  /**
   * The time by which `excess` (above 0) had been committed after the time `edge`: when an edge that moves on has
   * passed it, so much has aged out. Null when less was.
   */
  reached(measure: Measure, edge: Seconds, excess: number, without: Part | null): Seconds | null {
    const from = this.#after(edge);
    const at = this.#reached(measure, from, excess);
    const left = without?.at ?? null;
    if (without === null || left === null || left <= edge || (at !== null && at < left)) return at;
    // From the time of the part left out on, all sums are smaller by it.
    return this.#reached(measure, from, excess + without.counted[measure]);
  }

  /** The time by which `excess` had been committed by spends from the one of index `from` on. */
  #reached(measure: Measure, from: number, excess: number): Seconds | null {
    const target = this.#until(measure, from) + excess;
    // Mostly the first one is enough.
    let low = this.#until(measure, from + 1) >= target ? from : from + 1;
    let high = low === from ? from : this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#until(measure, middle + 1) < target) low = middle + 1;
      else high = middle;
    }
    return low < this.#length ? this.#cell(low * CELLS + AT) : null;
  }

  /** The sum of the first `count` spends. */
  #until(measure: Measure, count: number): number {
    if (measure === 'count' || count === 0) return count;
    return this.#cell((count - 1) * CELLS + (measure === 'amount' ? AMOUNT : FEE));
  }

  /** How many spends were committed at `edge` or before. */
  #after(edge: Seconds): number {
    const isLast = Math.abs(edge - this.#edge) <= Math.abs(edge - this.#otherEdge);
    const guess = isLast ? this.#from : this.#otherFrom;
    if (this.#begins(guess, edge)) return guess;
    this.#otherEdge = this.#edge;
    this.#otherFrom = this.#from;
    this.#edge = edge;
    this.#from = this.#search(edge);
    return this.#from;
  }

  /** Whether so many spends, and no more, were committed at `edge` or before. */
  #begins(count: number, edge: Seconds): boolean {
    return (
      (count === 0 || this.#cell((count - 1) * CELLS + AT) <= edge) &&
      (count === this.#length || this.#cell(count * CELLS + AT) > edge)
    );
  }

  /** From the end, where most windows begin. */
  #search(edge: Seconds): number {
    let high = this.#length;
    let low = Math.max(0, high - 1);
    for (let step = 1; low > 0 && this.#cell(low * CELLS + AT) > edge; step *= 2) {
      high = low;
      low = Math.max(0, low - step);
    }
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#cell(middle * CELLS + AT) <= edge) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #cell(index: number): number {
    return this.#cells[index] ?? 0;
  }
}
