import type { DestinationTerm } from './body.ts';
import type { Destination, Payment } from './usage.ts';

/** Which lists of terms hold for a spend's payments, by their numbers. */
export interface Hits {
  /** Every payment is one of the terms. */
  readonly all: readonly number[];
  /** At least one payment is. */
  readonly any: readonly number[];
}

/**
 * The lists of terms that the conditions of one policy name, looked up from the side of the payment: what a payment is
 * (listed, an owner, a few tags) is asked for once, and not each of up to 64 terms of each rule.
 */
export class TermLists {
  readonly #numbers = new Map<string, number>();
  /** By list, while payments are looked up; 0 between. */
  readonly #run: number[] = [];
  /** The numbers of the lists in which a term stands. */
  readonly #listed: number[] = [];
  readonly #unlisted: number[] = [];
  readonly #owners = new Map<string, number[]>();
  readonly #tags = new Map<string, number[]>();

  /** The number of a list; the same list has one number. */
  number(terms: readonly DestinationTerm[]): number {
    const name = terms.toSorted().join();
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const made = this.#numbers.size;
    this.#numbers.set(name, made);
    this.#run.push(0);
    for (const term of new Set(terms)) this.#place(term).push(made);
    return made;
  }

  /** How many lists there are. */
  get size(): number {
    return this.#numbers.size;
  }

  /**
   * Looks up a spend's payments. A cool-down withholds permission only, so that a rule that denies looks at all that
   * the address books say, one that permits at nothing but what they list (design 4, point 16).
   */
  hits(payments: readonly Payment[], rule: 'permits' | 'denies'): Hits {
    const run = this.#run;
    const any: number[] = [];
    for (const [i, { destination, inert = null }] of payments.entries()) {
      this.#hit(destination === null ? this.#unlisted : this.#listed, i, any);
      if (destination !== null) this.#hitSaid(destination, i, any);
      if (rule === 'denies' && inert !== null) this.#hitSaid(inert, i, any);
    }
    const all = any.filter((list) => run[list] === payments.length);
    for (const list of any) run[list] = 0;
    return { all, any };
  }

  #hitSaid({ owner, tags }: Destination, payment: number, any: number[]): void {
    this.#hit(this.#owners.get(owner), payment, any);
    for (const tag of tags) this.#hit(this.#tags.get(tag), payment, any);
  }

  /** A list that was hit by the first payments without a gap has a run of so many, any other that was hit one of -1. */
  #hit(lists: readonly number[] | undefined, payment: number, any: number[]): void {
    if (lists === undefined) return;
    const run = this.#run;
    for (const list of lists) {
      const before = run[list] ?? 0;
      if (before === 0) any.push(list);
      if (before === payment) run[list] = payment + 1;
      else if (before === 0) run[list] = -1;
    }
  }

  #place(term: DestinationTerm): number[] {
    if (term === 'listed') return this.#listed;
    if (term === 'unlisted') return this.#unlisted;
    const places = term.startsWith('tag:') ? this.#tags : this.#owners;
    const value = term.slice(term.indexOf(':') + 1);
    const known = places.get(value);
    if (known !== undefined) return known;
    const made: number[] = [];
    places.set(value, made);
    return made;
  }
}
