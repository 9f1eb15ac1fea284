import type { Seconds } from '../base/time.ts';
import type { Ledger } from '../log/ledger.ts';
import type { DocumentRecord, State } from '../log/state.ts';
import type { Destination } from '../policy/usage.ts';
import type { DestinationsBody, DocumentOf } from './document.ts';
import { recordOf } from './in-force.ts';

type AddressBook = DocumentRecord<DocumentOf<'destinations'>>;

/** What the address books say of scripts for one proposal at one time. */
export interface Listing {
  /**
   * Who may be paid as listed: in the book that the proposal named and in the one in force, of one owner in both, and
   * cooled; with the tags that are so too (design 4, points 14 and 16). The same object while it says the same.
   */
  readonly listed: ReadonlyMap<string, Destination>;
  /** Whatever either book says, cooled or not: by it rules deny and ask, and permit nothing. */
  readonly said: ReadonlyMap<string, Destination>;
}

/** Since when an entry, and each of its tags, has stood without a break in what is in force at the signer. */
interface Run {
  readonly owner: string;
  readonly since: Seconds;
  readonly tags: ReadonlyMap<string, Seconds>;
}

interface Prepared {
  /** The times at which something has cooled, ascending. */
  readonly cools: readonly Seconds[];
  /** When something has cooled that stands there since a time. */
  readonly cooledAt: (since: Seconds) => Seconds;
  readonly runs: ReadonlyMap<string, Run>;
  readonly said: ReadonlyMap<string, Destination>;
  /** By the number of times passed. */
  readonly listed: Map<number, ReadonlyMap<string, Destination>>;
}

/** By ledger, the readings of the last pairs of books; a ledger only grows, so its history tells whether they hold. */
const prepared = new WeakMap<Ledger, Map<string, Prepared>>();
const PAIRS_KEPT = 16;

/**
 * What the address books say at a time. An entry's cool-down runs from the signer's first sight of the version that
 * brought it, a tag's from that of the version that gave it, an owner's change begins anew. Books that are not in
 * force list nobody.
 */
export function listingAt(
  state: State,
  ledger: Ledger,
  books: { readonly named: AddressBook | null; readonly current: AddressBook | null },
  now: Seconds,
): Listing {
  const found = prepare(state, ledger, books);
  const passed = found.cools.filter((cools) => cools <= now).length;
  let listed = found.listed.get(passed);
  if (listed === undefined) {
    listed = cooledEntries(found.runs, (since) => found.cooledAt(since) <= now);
    found.listed.set(passed, listed);
  }
  return { listed, said: found.said };
}

function cooledEntries(
  runs: ReadonlyMap<string, Run>,
  cooled: (since: Seconds) => boolean,
): ReadonlyMap<string, Destination> {
  return new Map(
    [...runs]
      .filter(([, { since }]) => cooled(since))
      .map(([script, { owner, tags }]) => {
        const own = [...tags].filter(([, since]) => cooled(since)).map(([tag]) => tag);
        return [script, { owner, tags: own }];
      }),
  );
}

function prepare(
  state: State,
  ledger: Ledger,
  { named, current }: { readonly named: AddressBook | null; readonly current: AddressBook | null },
): Prepared {
  const known = prepared.get(ledger) ?? new Map<string, Prepared>();
  prepared.set(ledger, known);
  const { destinations, charter } = ledger.forced;
  const key = [named?.digest, current?.digest, destinations.length, charter.length].join();
  const found = known.get(key);
  if (found !== undefined) return found;
  const runs = runsOf(state, ledger, named, current);
  const times = [...runs.values()].flatMap(({ since, tags }) => [since, ...tags.values()]);
  const cooledAt = coolingOf(state, ledger);
  const cools = [...new Set(times)].map(cooledAt).sort((a, b) => a - b);
  const made = { cools, cooledAt, runs, said: saidOf(named, current), listed: new Map() };
  if (known.size >= PAIRS_KEPT) known.delete([...known.keys()][0] ?? '');
  known.set(key, made);
  return made;
}

/**
 * When something has cooled down, by the charters that came in force at the signer. What has cooled once stays so when
 * a later charter asks for more, else one governor who lengthens the cool-down could take a listed payee's tags from
 * him, and with them what rules ask for his sake.
 */
function coolingOf(state: State, ledger: Ledger): (since: Seconds) => Seconds {
  const periods = ledger.forced.charter.flatMap(({ document, at }, i, all) => {
    const body = recordOf(state, 'charter', document)?.document.body;
    const until = all[i + 1]?.at ?? Infinity;
    return body === undefined ? [] : [{ at, until, seconds: body.coolDowns.destinationSeconds }];
  });
  return (since) =>
    periods
      .map(({ at, until, seconds }) => ({ until, cooled: Math.max(at, since + seconds) }))
      .find(({ until, cooled }) => cooled <= until)?.cooled ?? Infinity;
}

/** The entries of both books, followed through every version up to the current one. */
function runsOf(
  state: State,
  ledger: Ledger,
  named: AddressBook | null,
  current: AddressBook | null,
): ReadonlyMap<string, Run> {
  let runs = new Map<string, Run>();
  let reached = false;
  for (const { document } of ledger.forced.destinations) {
    if (reached) break;
    const body = recordOf(state, 'destinations', document)?.document.body;
    const seen = ledger.sights.get(document);
    if (body === undefined || seen === undefined) return new Map();
    runs = continued(runs, body, seen);
    reached = document === current?.digest;
  }
  if (!reached || named === null) return new Map();
  const before = new Map(named.document.body.entries.map((entry) => [entry.script, entry]));
  return new Map(
    [...runs].flatMap(([script, run]) => {
      const entry = before.get(script);
      if (entry?.owner !== run.owner) return [];
      const tags = new Map([...run.tags].filter(([tag]) => entry.tags.includes(tag)));
      return [[script, { ...run, tags }] as const];
    }),
  );
}

function continued(
  runs: ReadonlyMap<string, Run>,
  { entries }: DestinationsBody,
  seen: Seconds,
): Map<string, Run> {
  return new Map(
    entries.map(({ script, owner, tags }) => {
      const former = runs.get(script);
      const same = former?.owner === owner ? former : undefined;
      const since = new Map(tags.map((tag) => [tag, same?.tags.get(tag) ?? seen]));
      return [script, { owner, since: same?.since ?? seen, tags: since }];
    }),
  );
}

/** What either book says, the current one last: its owner is told, the tags of both. */
function saidOf(
  named: AddressBook | null,
  current: AddressBook | null,
): ReadonlyMap<string, Destination> {
  const said = new Map<string, Destination>();
  for (const book of [named, current])
    for (const { script, owner, tags } of book?.document.body.entries ?? []) {
      const former = said.get(script)?.tags ?? [];
      said.set(script, { owner, tags: [...new Set([...former, ...tags])] });
    }
  return said;
}
