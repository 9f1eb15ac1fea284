import { ANALYSIS_CLASSES, ANALYSIS_FORMS } from '../../base/limits.ts';
import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import type { DestinationTerm, PolicyBody } from '../body.ts';
import type { Destination } from '../usage.ts';
import type { Setting } from './setting.ts';

/**
 * An address as conditions on destinations see it. Bit i of its class: it is one of the terms of the i-th distinct
 * list of terms in the policy.
 */
export interface Place {
  readonly class: bigint;
  readonly script: string;
  /** null: in no address book. */
  readonly destination: Destination | null;
}

/** Whoever limits `of: destination` count under one key, with one address of each class. */
export interface Payee {
  readonly owner: string | null;
  readonly places: readonly Place[];
}

/** Payees whom no condition tells apart. */
export interface PayeeKind {
  readonly payees: readonly Payee[];
  /** As many as one likes, after the pattern of the one payee. */
  readonly isOpen: boolean;
}

/** Classes paid in one spend, as lists of terms see them together. */
export interface Mix {
  /** The lists of which every payment is. */
  readonly all: bigint;
  /** The lists of which any payment is. */
  readonly any: bigint;
  /** The fewest classes that make it. */
  readonly classes: readonly bigint[];
}

/** The place of a payee that can be paid without making another mix, or undefined. */
export function placeIn({ all, any }: Mix, { places }: Payee): Place | undefined {
  return places.find((place) => (place.class & all) === all && (place.class | any) === any);
}

/** The name of the n-th payee after the pattern of an open kind. */
export function freshOwner({ owner }: Payee, n: number): string {
  return `${String(owner)}-${String(n)}`;
}

/** The n-th payee after the pattern of an open kind. */
export function freshPayee(pattern: Payee, n: number): Payee {
  const name = freshOwner(pattern, n);
  const { places } = pattern;
  return {
    owner: name,
    places: places.map(({ class: of, destination }, i) => ({
      class: of,
      script: scriptOf(n * places.length + i),
      destination: { owner: name, tags: destination?.tags ?? [] },
    })),
  };
}

/** Witness programs of version 0 that count up from far above zero. */
function scriptOf(n: number): string {
  return `0014${(0xa000_0000 + n).toString(16).padStart(40, '0')}`;
}

/** Everybody who can be paid, by kind. Refuses with `policy.analysis.toolarge` more classes than can be looked at. */
export function payeeKinds({ policy, book }: Setting): Result<readonly PayeeKind[]> {
  const lists = termLists(policy);
  const stranger: Payee = { owner: null, places: [placeOf(lists, null, unlistedScript(book))] };
  const strangers: PayeeKind = { payees: [stranger], isOpen: false };
  if (book !== null) return ok([strangers, ...kindsOfBook(lists, book)]);
  const named = namesAfter(policy, 'owner:');
  const tags = namesAfter(policy, 'tag:');
  let other = 'payee';
  while (named.includes(other)) other = `other-${other}`;
  const kinds: PayeeKind[] = [strangers];
  for (const owner of [other, ...named]) {
    const places = new Map<bigint, readonly string[]>();
    const add = (held: readonly string[]): void => {
      const found = classOf(lists, { owner, tags: held });
      if (!places.has(found)) places.set(found, held);
    };
    add([]);
    for (const tag of tags) {
      for (const held of [...places.values()]) add([...held, tag]);
      if (places.size > ANALYSIS_CLASSES)
        return refuse('policy.analysis.toolarge', { classes: places.size });
    }
    const payee = {
      owner,
      places: [...places].map(([of, held], i) => ({
        class: of,
        // Below those of fresh payees: a block of its own for each kind.
        script: scriptOf(-1 - kinds.length * ANALYSIS_FORMS - i),
        destination: { owner, tags: held },
      })),
    };
    kinds.push({ payees: [payee], isOpen: owner === other });
  }
  return ok(kinds);
}

function kindsOfBook(
  lists: readonly (readonly DestinationTerm[])[],
  book: NonNullable<Setting['book']>,
): readonly PayeeKind[] {
  const owners = new Map<string, Map<bigint, Place>>();
  for (const { script, owner, tags } of book) {
    const place = placeOf(lists, { owner, tags }, script);
    const places = owners.get(owner) ?? new Map<bigint, Place>();
    if (!places.has(place.class)) places.set(place.class, place);
    owners.set(owner, places);
  }
  const kinds = new Map<string, Payee[]>();
  for (const [owner, found] of owners) {
    const places = [...found.values()].sort((a, b) => (a.class < b.class ? -1 : 1));
    const key = places.map((place) => place.class).join();
    const payees = kinds.get(key) ?? [];
    payees.push({ owner, places });
    kinds.set(key, payees);
  }
  return [...kinds.values()].map((payees) => ({ payees, isOpen: false }));
}

function unlistedScript(book: Setting['book']): string {
  const listed = new Set(book?.map((entry) => entry.script));
  let n = -1;
  while (listed.has(scriptOf(n))) n--;
  return scriptOf(n);
}

function termLists(policy: PolicyBody): readonly (readonly DestinationTerm[])[] {
  const lists = new Map<string, readonly DestinationTerm[]>();
  for (const { when } of policy.rules)
    for (const terms of [when.destinations?.all, when.destinations?.any])
      if (terms) lists.set([...terms].sort().join(), terms);
  return [...lists.values()];
}

function namesAfter(policy: PolicyBody, prefix: 'owner:' | 'tag:'): readonly string[] {
  const terms = termLists(policy).flat();
  const found = terms.filter((term) => term.startsWith(prefix));
  return [...new Set(found.map((term) => term.slice(prefix.length)))].sort();
}

function placeOf(
  lists: readonly (readonly DestinationTerm[])[],
  destination: Destination | null,
  script: string,
): Place {
  return { class: classOf(lists, destination), script, destination };
}

function classOf(
  lists: readonly (readonly DestinationTerm[])[],
  destination: Destination | null,
): bigint {
  const is = new Set<string>(destination === null ? ['unlisted'] : ['listed']);
  if (destination !== null) {
    is.add(`owner:${destination.owner}`);
    for (const tag of destination.tags) is.add(`tag:${tag}`);
  }
  return lists.reduce(
    (bits, terms, i) => (terms.some((term) => is.has(term)) ? bits | (1n << BigInt(i)) : bits),
    0n,
  );
}

/**
 * Every mix of payees, found by adding one class at a time, so that each comes with the fewest classes. Refuses with
 * `policy.analysis.toolarge` more than can be looked at.
 */
export function mixesOf(kinds: readonly PayeeKind[]): Result<readonly Mix[]> {
  const places = kinds.flatMap(({ payees }) => payees[0]?.places ?? []);
  const classes = [...new Set(places.map((place) => place.class))];
  const found = new Map<string, Mix>();
  const add = (mix: Mix): Mix[] => {
    const key = `${String(mix.all)}/${String(mix.any)}`;
    if (found.has(key)) return [];
    found.set(key, mix);
    return [mix];
  };
  let last = classes.flatMap((one) => add({ all: one, any: one, classes: [one] }));
  while (last.length > 0) {
    const next: Mix[] = [];
    for (const mix of last) {
      if (found.size > ANALYSIS_FORMS)
        return refuse('policy.analysis.toolarge', { mixes: found.size });
      for (const one of classes)
        next.push(
          ...add({ all: mix.all & one, any: mix.any | one, classes: [...mix.classes, one] }),
        );
    }
    last = next;
  }
  return ok([...found.values()]);
}
