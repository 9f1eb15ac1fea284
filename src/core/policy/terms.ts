import type { DestinationTerm } from './body.ts';
import type { Destination, Payment } from './usage.ts';

/** Which lists of terms hold for a spend's payments, by their numbers. */
export interface Hits {
  /** Every payment is one of the terms. */
  readonly all: readonly number[];
  /** At least one payment is. */
  readonly any: readonly number[];
}

const none: Hits = { all: [], any: [] };

/**
 * The lists of terms that the conditions of one policy name, looked up from the side of the payment: what a payment is
 * (listed, an owner, a few tags) is asked for once, and not each of up to 64 terms of each rule.
 */
export class TermLists {
  readonly #numbers = new Map<string, number>();
  readonly #known = new WeakMap<Destination, Hits>();
  /** The numbers of the lists in which a term stands. */
  readonly #listed: number[] = [];
  readonly #unlisted: number[] = [];
  readonly #owners = new Map<string, number[]>();
  readonly #tags = new Map<string, number[]>();

  /** The number of a list; the same list has one number. Requires that nothing was looked up yet. */
  number(terms: readonly DestinationTerm[]): number {
    const name = terms.toSorted().join();
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const made = this.#numbers.size;
    this.#numbers.set(name, made);
    for (const term of new Set(terms)) this.#place(term).push(made);
    return made;
  }

  /** How many lists there are. */
  get size(): number {
    return this.#numbers.size;
  }

  /**
   * Looks up a spend's payments. A cool-down withholds permission only: nothing but what the address books list
   * permits, while all that they say denies and asks for approvals (design 4, point 16).
   */
  hits(payments: readonly Payment[], by: 'permitted' | 'said'): Hits {
    const [first] = payments;
    if (first === undefined) return none;
    if (payments.length === 1 && by === 'permitted') return this.#hitsOf(first.destination);
    const all = new Set<number>();
    const any = new Set<number>();
    for (const [i, { destination, inert = null }] of payments.entries()) {
      const lists = new Set(this.#hitsOf(destination).any);
      if (by === 'said' && inert !== null) for (const list of this.#saying(inert)) lists.add(list);
      for (const list of lists) any.add(list);
      if (i === 0) for (const list of lists) all.add(list);
      else for (const list of all) if (!lists.has(list)) all.delete(list);
    }
    return { all: [...all], any: [...any] };
  }

  /** What holds for one payment to a destination, which an address book gives as one object again and again. */
  #hitsOf(destination: Destination | null): Hits {
    if (destination === null) return { all: this.#unlisted, any: this.#unlisted };
    const known = this.#known.get(destination);
    if (known !== undefined) return known;
    const lists = [...new Set([...this.#listed, ...this.#saying(destination)])];
    const made = { all: lists, any: lists };
    this.#known.set(destination, made);
    return made;
  }

  /** The lists in which an owner or one of his tags stands. */
  #saying({ owner, tags }: Destination): readonly number[] {
    return [this.#owners.get(owner), ...tags.map((tag) => this.#tags.get(tag))].flatMap(
      (lists) => lists ?? [],
    );
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
