import type { Seconds } from '../base/time.ts';
import type { Limit } from './body.ts';

export type Measure = Limit['measure'];

/** What one spend counts under one key: satoshi, and 1 for `count`. Numbers, exact because sums stay below 2^53. */
export type Counted = Readonly<Record<Measure, number>>;

/** What one spend counts and since when; null: an open reservation, which has no age. */
export interface Part {
  readonly counted: Counted;
  readonly at: Seconds | null;
}

/** What an account holds; `first`: the time of the first commitment that counts something. */
export interface Held {
  readonly spent: number;
  readonly reserved: number;
  readonly first: Seconds | null;
}

/**
 * All that counts under one key, such as an initiator: committed spends by time with running sums, so that what lies
 * after a time is one binary search away, and the sum of the open reservations. Takes 24 bytes a committed spend.
 *
 * Every question may leave out one part that was added before, as if it had not been.
 */
export class Account {
  /** Ascending. */
  readonly #at: Seconds[] = [];
  /** Of a spend and all before it. */
  readonly #amount: number[] = [];
  readonly #fee: number[] = [];
  readonly #reserved = { amount: 0, count: 0, fee: 0 };

  /** Adds a committed spend. In the order of time it takes no time; any other order is right too, and slow. */
  commit(at: Seconds, { amount, fee }: Counted): void {
    const place = this.#after(at);
    const end = this.#at.length;
    if (place < end) {
      this.#at.splice(place, 0, at);
      this.#amount.splice(place, 0, this.#until('amount', place));
      this.#fee.splice(place, 0, this.#until('fee', place));
      for (let i = place; i <= end; i++) {
        this.#amount[i] = (this.#amount[i] ?? 0) + amount;
        this.#fee[i] = (this.#fee[i] ?? 0) + fee;
      }
      return;
    }
    this.#at.push(at);
    this.#amount.push(this.#until('amount', end) + amount);
    this.#fee.push(this.#until('fee', end) + fee);
  }

  /** Takes a reservation in (`times` 1) or out again (-1). */
  reserve(counted: Counted, times: 1 | -1): void {
    this.#reserved.amount += times * counted.amount;
    this.#reserved.count += times * counted.count;
    this.#reserved.fee += times * counted.fee;
  }

  /** What was committed after the time `edge` and when the first of it was, and what is reserved now. */
  held(measure: Measure, edge: Seconds, without: Part | null): Held {
    const from = this.#after(edge);
    const own = without?.counted[measure] ?? 0;
    const at = without?.at ?? null;
    const isSpent = at !== null && at > edge;
    const all = this.#until(measure, this.#at.length) - this.#until(measure, from);
    const spent = isSpent ? all - own : all;
    const first = isSpent
      ? this.reached(measure, edge, 1, without)
      : this.#reached(measure, from, 1);
    const isReserved = without !== null && at === null;
    const reserved = isReserved ? this.#reserved[measure] - own : this.#reserved[measure];
    return { spent, reserved, first: spent === 0 ? null : first };
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
    let high = low === from ? from : this.#at.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#until(measure, middle + 1) < target) low = middle + 1;
      else high = middle;
    }
    return this.#at[low] ?? null;
  }

  /** The sum of the first `count` spends. */
  #until(measure: Measure, count: number): number {
    if (measure === 'count' || count === 0) return count;
    return (measure === 'amount' ? this.#amount : this.#fee)[count - 1] ?? 0;
  }

  /** How many spends were committed at `edge` or before. */
  #after(edge: Seconds): number {
    let low = 0;
    let high = this.#at.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#at[middle] ?? 0) <= edge) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
