import { assert } from '../../base/assert.ts';
import { SPEND_OUTPUTS } from '../../base/limits.ts';
import { sats } from '../../base/sats.ts';
import type { DestinationTerm, OutputKind, PolicyBody } from '../body.ts';
import { outputKindsOf } from '../outputs.ts';
import type { Destination } from '../usage.ts';
import type { Payee, Side, Sides } from './cases.ts';
import type { BookEntry, Setting } from './setting.ts';
import type { Steps } from './steps.ts';

/** Sets of classes, one bit each. */
export type Classes = bigint;

/** Scripts that no condition of either policy tells apart. */
export interface RecipientClass {
  readonly bit: Classes;
  /** What a payment of more than 0 sat to it is. */
  readonly kind: Exclude<OutputKind, 'zero-value'> | null;
  /** With owners of their own, as far as there are such; no more than one spend has payments. */
  readonly payees: readonly Payee[];
}

/** Whom anybody can pay, as far as two policies and two address books tell. */
export interface Recipients {
  readonly classes: readonly RecipientClass[];
  /** Every distinct pair of owners, for a history that pays beside. */
  readonly everybody: readonly Payee[];
  /** Each script has the same owner on both sides, or nothing is counted by owner. */
  readonly sameOwners: boolean;
  /** The side whose owners are unions of those of the other; null when neither is so. */
  readonly coarser: Side | null;
  /** How many owners there are, all unlisted scripts being one; Infinity when more than one spend can pay. */
  readonly owners: Sides<number>;
  /** By their keys, owners of either side of whom the other side makes several; of each a few are enough. */
  readonly split: Sides<ReadonlySet<string>>;
  /** The classes that are one of the terms, as a side sees them. */
  readonly those: (side: Side, terms: readonly DestinationTerm[]) => Classes;
  /** The owners that a spend within some classes can pay. */
  readonly ownersOf: (side: Side, classes: Classes) => number;
}

export function ownerOn(payee: Payee, side: Side): string | null {
  return payee[side]?.owner ?? null;
}

/** Those of two settings; 'unknown' when the steps are used up. Requires that both have an address book or neither. */
export function recipientsOf(settings: Sides<Setting>, steps: Steps): Recipients | 'unknown' {
  const { yes, no } = settings;
  assert((yes.book === null) === (no.book === null), 'both address books are known or neither is');
  const named = namedIn([yes.policy, no.policy]);
  const groups =
    yes.book === null || no.book === null
      ? imagined([yes.policy, no.policy], named, steps)
      : listedOnce({ yes: yes.book, no: no.book }, named, steps);
  if (groups === 'unknown') return 'unknown';
  const classes = groups.map((group, i) => ({ ...group, bit: 1n << BigInt(i) }));
  const everybody = distinct(groups.flatMap(({ payees }) => payees));
  return {
    classes,
    everybody,
    sameOwners:
      !countsOwners([yes.policy, no.policy]) ||
      everybody.every((one) => ownerOn(one, 'yes') === ownerOn(one, 'no')),
    coarser: coarserSide(everybody),
    owners: { yes: countOwners(everybody, 'yes'), no: countOwners(everybody, 'no') },
    split: { yes: splitOwners(everybody, 'yes'), no: splitOwners(everybody, 'no') },
    those: remembered((side: Side, terms: readonly DestinationTerm[]) => {
      steps.take(classes.length);
      return classesOf(classes, side, terms);
    }),
    ownersOf: remembered((side: Side, within: Classes) =>
      countOwners(
        classes.filter(({ bit }) => (bit & within) !== 0n).flatMap(({ payees }) => payees),
        side,
      ),
    ),
  };
}

type Group = Omit<RecipientClass, 'bit'>;
type Book = readonly BookEntry[];

/** By address books, what was made of them last: one analysis often asks of the same two. */
const made = new WeakMap<
  Book,
  WeakMap<Book, { readonly key: string; readonly groups: readonly Group[] }>
>();

function listedOnce(books: Sides<Book>, named: Named, steps: Steps): readonly Group[] | 'unknown' {
  const mates = made.get(books.yes) ?? new WeakMap<Book, never>();
  made.set(books.yes, mates);
  const key = JSON.stringify([[...named.owners].sort(), [...named.tags].sort()]);
  const before = mates.get(books.no);
  if (before?.key === key) return before.groups;
  const groups = listed(books, named, steps);
  if (groups !== 'unknown') mates.set(books.no, { key, groups });
  return groups;
}

interface Named {
  readonly owners: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
}

function termLists(policies: readonly PolicyBody[]): readonly (readonly DestinationTerm[])[] {
  return policies.flatMap(({ rules }) =>
    rules.flatMap(({ when: { destinations } }) =>
      [destinations?.all, destinations?.any].flatMap((list) => (list ? [list] : [])),
    ),
  );
}

function namedIn(policies: readonly PolicyBody[]): Named {
  const terms = termLists(policies).flat();
  const after = (prefix: string): ReadonlySet<string> =>
    new Set(terms.flatMap((one) => (one.startsWith(prefix) ? [one.slice(prefix.length)] : [])));
  return { owners: after('owner:'), tags: after('tag:') };
}

/** Of two known books. Entries that no condition tells apart are one class, so that ten thousand are few. */
function listed(books: Sides<Book>, named: Named, steps: Steps): readonly Group[] | 'unknown' {
  const byScript = {
    yes: new Map(books.yes.map((entry) => [entry.script, entry])),
    no: new Map(books.no.map((entry) => [entry.script, entry])),
  };
  const scripts = new Set([...byScript.yes.keys(), ...byScript.no.keys()]);
  if (!steps.take(scripts.size)) return 'unknown';
  const groups = new Map<string, { kind: Group['kind']; payees: Map<string, Payee> }>();
  const add = (payee: Payee): void => {
    const kind = kindOf(payee.script);
    const key = JSON.stringify([kind, look(payee.yes, named), look(payee.no, named)]);
    const group = groups.get(key) ?? { kind, payees: new Map<string, Payee>() };
    groups.set(key, group);
    const owners = ownersKey(payee);
    if (!group.payees.has(owners)) group.payees.set(owners, payee);
  };
  for (const script of scripts)
    add({
      script,
      yes: destinationOf(byScript.yes.get(script)),
      no: destinationOf(byScript.no.get(script)),
    });
  for (const kind of scriptKinds) {
    let i = 0;
    while (scripts.has(scriptOf(kind, i))) i++;
    add({ script: scriptOf(kind, i), yes: null, no: null });
  }
  return [...groups.values()].map(({ kind, payees }) => ({ kind, payees: [...payees.values()] }));
}

function destinationOf(entry: BookEntry | undefined): Destination | null {
  return entry === undefined ? null : { owner: entry.owner, tags: entry.tags };
}

function look(destination: Destination | null, named: Named): unknown {
  if (destination === null) return null;
  const { owner, tags } = destination;
  return [named.owners.has(owner) ? owner : null, tags.filter((tag) => named.tags.has(tag)).sort()];
}

/** Of no known book: unlisted scripts, and every owner with every set of tags that some condition tells apart. */
function imagined(
  policies: readonly PolicyBody[],
  named: Named,
  steps: Steps,
): readonly Group[] | 'unknown' {
  const lists = termLists(policies);
  const column = (term: DestinationTerm): bigint =>
    lists.reduce((bits, list, i) => (list.includes(term) ? bits | (1n << BigInt(i)) : bits), 0n);
  // Tags matter by the conditions that name them; of sets that are in the same conditions one is enough.
  const tagSets = new Map<bigint, readonly string[]>([[0n, []]]);
  for (const tag of named.tags) {
    const here = column(`tag:${tag}`);
    for (const [bits, tags] of [...tagSets]) {
      if (!steps.take(STEPS_OF_CLASS)) return 'unknown';
      if (!tagSets.has(bits | here)) tagSets.set(bits | here, [...tags, tag]);
    }
  }
  const owners = new Map<bigint, string[]>();
  for (const owner of named.owners) {
    const here = column(`owner:${owner}`);
    owners.set(here, [...(owners.get(here) ?? []), owner]);
  }
  owners.set(
    0n,
    Array.from(
      { length: countsOwners(policies) ? SPEND_OUTPUTS + 1 : 1 },
      (_, i) => `owner-${String(i + 1)}`,
    ).filter((owner) => !named.owners.has(owner)),
  );
  const groups: Group[] = [];
  let scripts = 0;
  const alone = (kind: Group['kind'], destination: Destination | null): Payee => {
    const script = scriptOf(kind, scripts++);
    return { script, yes: destination, no: destination };
  };
  for (const kind of scriptKinds) {
    groups.push({ kind, payees: [alone(kind, null)] });
    for (const tags of tagSets.values())
      for (const some of owners.values()) {
        if (!steps.take(STEPS_OF_CLASS * some.length)) return 'unknown';
        groups.push({ kind, payees: some.map((owner) => alone(kind, { owner, tags })) });
      }
  }
  return groups;
}

/** Whether anything is counted by owner, so that it matters how many there are. */
function countsOwners(policies: readonly PolicyBody[]): boolean {
  return policies.some(
    ({ limits, rules }) =>
      limits.some(({ of }) => of === 'destination') ||
      rules.some(({ when }) => when.amount?.of === 'destination'),
  );
}

/** What making one class takes, in steps. */
const STEPS_OF_CLASS = 4;

const scriptKinds = [null, 'data-value', 'witness-unknown'] as const;

/** A script of a kind: a v0 key hash, OP_RETURN with a push, a program of version 2. */
function scriptOf(kind: Group['kind'], i: number): string {
  const number = i.toString(16).padStart(8, '0');
  switch (kind) {
    case null:
      return `0014${number.repeat(5)}`;
    case 'data-value':
      return `6a04${number}`;
    case 'witness-unknown':
      return `5220${number.repeat(8)}`;
  }
}

/** What a payment of more than 0 sat to a script is. */
function kindOf(script: string): Group['kind'] {
  const [kind] = outputKindsOf([{ script, sats: sats(1), destination: null }]);
  return kind === 'zero-value' || kind === undefined ? null : kind;
}

function classesOf(
  classes: readonly RecipientClass[],
  side: Side,
  terms: readonly DestinationTerm[],
): Classes {
  return classes.reduce((found, { bit, payees: [payee] }) => {
    assert(payee !== undefined, 'a class has a payee');
    return terms.some((term) => isTerm(payee[side], term)) ? found | bit : found;
  }, 0n);
}

/** As conditions.ts has it, which example after example is put to. */
function isTerm(destination: Destination | null, term: DestinationTerm): boolean {
  if (term === 'unlisted') return destination === null;
  if (destination === null) return false;
  if (term === 'listed') return true;
  const value = term.slice(term.indexOf(':') + 1);
  return term.startsWith('tag:') ? destination.tags.includes(value) : destination.owner === value;
}

/** By it, payees are told apart who are not the same owner on both sides. */
export function ownersKey(payee: Payee): string {
  return JSON.stringify([ownerOn(payee, 'yes'), ownerOn(payee, 'no')]);
}

function distinct(payees: readonly Payee[]): readonly Payee[] {
  return [...new Map(payees.toReversed().map((payee) => [ownersKey(payee), payee])).values()];
}

function countOwners(payees: readonly Payee[], side: Side): number {
  const count = new Set(payees.map((payee) => ownerOn(payee, side))).size;
  return count > SPEND_OUTPUTS ? Infinity : count;
}

function splitOwners(payees: readonly Payee[], side: Side): ReadonlySet<string> {
  const pairs = new Map<string | null, string[]>();
  for (const payee of payees) {
    const owner = ownerOn(payee, side);
    const known = pairs.get(owner);
    if (known === undefined) pairs.set(owner, [ownersKey(payee)]);
    else if (known.length < SPLIT_OWNERS) known.push(ownersKey(payee));
  }
  return new Set(
    [...pairs.values()]
      .filter((keys) => keys.length > 1)
      .slice(0, SPLIT_OWNERS)
      .flat(),
  );
}

/** How many pairs of owners are tried of those that books see differently: more are of no other kind. */
const SPLIT_OWNERS = 4;

function coarserSide(payees: readonly Payee[]): Side | null {
  const other = { yes: 'no', no: 'yes' } as const;
  const isCoarser = (side: Side): boolean => {
    const known = new Map<string | null, string | null>();
    return payees.every((payee) => {
      const [fine, coarse] = [ownerOn(payee, other[side]), ownerOn(payee, side)];
      const before = known.get(fine);
      known.set(fine, coarse);
      return before === undefined || before === coarse;
    });
  };
  if (isCoarser('yes')) return 'yes';
  return isCoarser('no') ? 'no' : null;
}

function remembered<A, B extends bigint | readonly string[], R>(
  find: (side: A, of: B) => R,
): (side: A, of: B) => R {
  const known = new Map<string, R>();
  return (side, of) => {
    const key = `${String(side)} ${typeof of === 'bigint' ? of.toString(36) : of.join(' ')}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const found = find(side, of);
    known.set(key, found);
    return found;
  };
}
