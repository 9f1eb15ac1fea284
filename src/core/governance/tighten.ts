import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import type { Ledger } from '../log/ledger.ts';
import type { DocumentRecord, State } from '../log/state.ts';
import { ANALYSIS_SETTINGS, ANALYSIS_STEPS } from '../base/limits.ts';
import { loosens } from '../policy/analyse/compare.ts';
import { Steps } from '../policy/analyse/steps.ts';
import type { AnalysedMember, Setting } from '../policy/analyse/setting.ts';
import type { PolicyBody } from '../policy/body.ts';
import { deviceKinds } from '../policy/body.ts';
import { implies } from '../policy/analyse/coalition.ts';
import { clauseGroups } from '../policy/quorum.ts';
import { analysedMembers } from './charter.ts';
import { isSame } from './change.ts';
import type { CharterBody, DestinationsBody, DocumentKind, DocumentOf } from './document.ts';
import type { InForce } from './in-force.ts';
import { inForce, placeAt, recordOf, undoable, vetoersOf } from './in-force.ts';
import { listsLookAlike } from '../proposal/known-addresses.ts';
import { shownWallet } from './outside.ts';

/**
 * Whether a document merely tightens, computed over the whole set of documents before and after, against what is in
 * force, against every version that waits and every one that may come back without delay (design 3, "Asymmetric
 * governance"): no spend needs fewer people or less time or passes a higher limit, and no living person loses a veto,
 * a rejection or a freeze. What cannot be decided within the bounds of the analysis does not tighten.
 */
export function tightens(
  state: State,
  ledger: Ledger,
  force: InForce,
  asked: { readonly record: DocumentRecord; readonly now: Seconds },
): boolean {
  const { record, now } = asked;
  const sides = sidesOf(state, ledger, force, now);
  const key = JSON.stringify([
    force.charter.digest,
    force.policy?.digest,
    force.destinations?.digest,
    sides.key,
  ]);
  const known = answers.get(record);
  if (known?.key === key) return known.answer;
  const answer = !listsAlike(state, ledger, force, record) && isTighter(force, record, sides);
  answers.set(record, { key, answer });
  return answer;
}

/** Whoever looks like a listed payee is paid once he is listed himself, which no policy says (known-addresses.ts). */
function listsAlike(
  state: State,
  ledger: Ledger,
  { wallet }: InForce,
  { document }: DocumentRecord,
): boolean {
  if (document.kind !== 'destinations') return false;
  const { network } = wallet.document.body;
  return listsLookAlike(state, ledger, { network, ...document.body });
}

/** The analysis takes long and what it rests on seldom changes: the last answer of each document is kept. */
const answers = new WeakMap<DocumentRecord, { readonly key: string; readonly answer: boolean }>();

function isTighter(force: InForce, { document }: DocumentRecord, sides: Sides): boolean {
  switch (document.kind) {
    case 'charter':
      return charterTightens(force.charter.document.body, document.body);
    case 'policy': {
      const before = force.policy?.document.body;
      if (before === undefined || !keepsRejection(before, document.body)) return false;
      return neverEasier({ ...sides, policies: [before] }, { ...sides, policies: [document.body] });
    }
    case 'destinations': {
      const before = force.destinations?.document.body;
      if (before === undefined) return false;
      const pairs = pairsOfBooks(sides.named, before, document.body);
      const [old, young] = [pairs.map(([one]) => one), pairs.map(([, other]) => other)];
      return neverEasier({ ...sides, books: old }, { ...sides, books: young });
    }
    case 'wallet':
      return false;
  }
}

type People = Pick<Setting, 'members' | 'initiators'>;

/** All that may stand beside one another: in force, waiting to be, or given back at once when the quorum says so. */
interface Sides {
  /** For a wallet: by charter, the members at each time from which one deputy less stands in. */
  readonly people: (wallet: string) => readonly People[];
  readonly policies: readonly PolicyBody[];
  readonly books: readonly (DestinationsBody | null)[];
  /** Address books that proposals may name, or after which entries cool still. */
  readonly named: readonly DestinationsBody[];
  /** Equal keys, equal sides. */
  readonly key: string;
}

function sidesOf(state: State, ledger: Ledger, force: InForce, now: Seconds): Sides {
  const charters = [force.charter, ...coming(state, ledger, force, 'charter')];
  const books = [force.destinations, ...coming(state, ledger, force, 'destinations')];
  const own = [force.policy, ...coming(state, ledger, force, 'policy')];
  const others = [...state.policies].flatMap(([wallet, head]) => {
    const theirs = state.ledgers.get(wallet);
    const there = theirs === undefined ? null : inForce(state, theirs);
    if (wallet === force.wallet.document.id || theirs === undefined || there === null) return [];
    return [head, ...coming(state, theirs, there, 'policy')];
  });
  const policies = [...own, ...others].flatMap((record) => (record === null ? [] : [record]));
  const named = namedBooks(state, ledger, { charters, policies, now });
  const eras = charters.map(({ document }) => erasOf(document.body, now));
  const people = (wallet: string): readonly People[] => {
    const known = state.wallets.get(wallet);
    const shown = shownWallet(wallet, known === undefined ? [] : [known.body]);
    const all = charters.flatMap(({ document: { body } }, i) =>
      (eras[i] ?? []).map((at) => ({
        members: analysedMembers(body, at, shown),
        initiators: body.initiators,
      })),
    );
    return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
  };
  return {
    people,
    policies: policies.map(({ document }) => document.body),
    books: books.map((record) => record?.document.body ?? null),
    named: named.map(({ document }) => document.body),
    key: JSON.stringify([
      ...charters.map(({ digest }, i) => [digest, eras[i]?.slice(1)]),
      ...policies.map(({ digest }) => digest),
      ...books.map((record) => record?.digest),
      ...named.map(({ digest }) => digest),
    ]),
  };
}

/** The address book in force, and those replaced no longer ago than an approval holds or an entry cools. */
function namedBooks(
  state: State,
  ledger: Ledger,
  beside: {
    readonly charters: readonly DocumentRecord<DocumentOf<'charter'>>[];
    readonly policies: readonly DocumentRecord<DocumentOf<'policy'>>[];
    readonly now: Seconds;
  },
): readonly DocumentRecord<DocumentOf<'destinations'>>[] {
  const { charters, policies, now } = beside;
  const longest = Math.max(
    ...charters.map(({ document }) => document.body.coolDowns.destinationSeconds),
    ...policies.map(({ document }) => document.body.expires.approveSeconds),
  );
  const history = ledger.forced.destinations;
  return history.flatMap(({ document }, i) => {
    const until = history[i + 1]?.at ?? now;
    return now - until <= longest ? (recordOf(state, 'destinations', document) ?? []) : [];
  });
}

type Pair = readonly [before: DestinationsBody, after: DestinationsBody];

/**
 * The books before and after a change: as they are, and as each lists beside a book that a proposal names, or from
 * which it goes over while new entries, owners and tags cool (listing.ts). What is not listed may be asked for less.
 */
function pairsOfBooks(
  named: readonly DestinationsBody[],
  before: DestinationsBody,
  after: DestinationsBody,
): readonly Pair[] {
  const whole = new Set(looksOf([before, after]));
  const shared = named
    .map((book): Pair => [sharedBook(book, before), sharedBook(book, after)])
    .filter((pair) => looksOf(pair).some((look) => !whole.has(look)));
  return [[before, after], ...shared];
}

/** What two books list together: of one owner, with the tags of both. */
function sharedBook(named: DestinationsBody, current: DestinationsBody): DestinationsBody {
  const known = new Map(named.entries.map((entry) => [entry.script, entry]));
  return {
    entries: current.entries.flatMap((entry) => {
      const other = known.get(entry.script);
      if (other?.owner !== entry.owner) return [];
      return [{ ...entry, tags: entry.tags.filter((tag) => other.tags.includes(tag)) }];
    }),
  };
}

/** How each script looks before and after; pairs without a look of their own tell nothing new. */
function looksOf([before, after]: Pair): readonly string[] {
  const looks = new Map<string, unknown[]>();
  for (const [i, { entries }] of [before, after].entries())
    for (const { script, owner, tags } of entries) {
      const look = looks.get(script) ?? [null, null];
      look[i] = [owner, [...tags].sort()];
      looks.set(script, look);
    }
  return [...looks].map(([script, look]) => JSON.stringify([script, look]));
}

/** Now, and each later time from which a deputy stands in no more. */
function erasOf(charter: CharterBody, now: Seconds): readonly Seconds[] {
  const ends = charter.deputies.flatMap(({ until }) => parseTime(until) ?? []);
  return [now, ...new Set(ends.filter((end) => end > now))];
}

/**
 * The versions that may come in force at a signer without another look at what stands beside: those whose delay runs,
 * which are signed, seen and not vetoed, and those that undo what lone governors did.
 */
function coming<K extends DocumentKind>(
  state: State,
  ledger: Ledger,
  force: InForce,
  kind: K,
): readonly DocumentRecord<DocumentOf<K>>[] {
  const former = undoable(ledger, kind).flatMap((digest) => recordOf(state, kind, digest) ?? []);
  const waiting = [...ledger.sights.keys()].flatMap((digest) => {
    const record = recordOf(state, kind, digest);
    if (record === null || record.approvals.size + record.recovered.size === 0) return [];
    if (vetoersOf(force, ledger, record, null).length > 0) return [];
    return placeAt(state, ledger, record) === 'stale' ? [] : [record];
  });
  return [...former, ...waiting];
}

/** Whether under every combination of what stands beside, at every time, nothing becomes easier. */
function neverEasier(before: Sides, after: Sides): boolean {
  const [old, young] = [settingsOf(before), settingsOf(after)];
  if (old.length !== young.length || old.length > ANALYSIS_SETTINGS) return false;
  // One budget for all: a signer must not be kept busy by as many hard comparisons as there are combinations.
  const steps = new Steps(ANALYSIS_STEPS);
  return old.every((setting, i) => {
    const other = young[i];
    const found = other === undefined ? null : loosens(setting, other, steps);
    return found?.ok === true && found.value === null;
  });
}

function settingsOf({ people, policies, books }: Sides): readonly Setting[] {
  return policies.flatMap((policy) =>
    people(policy.wallet).flatMap((one) =>
      books.map((book) => ({ ...one, policy, book: book === null ? [] : book.entries })),
    ),
  );
}

/** Nobody loses the right to reject: every group that a rule named is named still. */
function keepsRejection(before: PolicyBody, after: PolicyBody): boolean {
  const kept = rejecting(after);
  return rejecting(before).every((group) => kept.includes(group));
}

function rejecting(policy: PolicyBody): readonly string[] {
  return policy.rules.flatMap((rule) => (rule.deny ? [] : clauseGroups(rule.require.approvals)));
}

/**
 * A charter tightens when it does nothing but suspend people or devices, let fewer people propose, ask governors for
 * more, or lengthen delay and cool-downs: each of these only takes from what is permitted.
 */
export function charterTightens(before: CharterBody, after: CharterBody): boolean {
  const { governance, coolDowns } = before;
  const same = ['officers', 'signers', 'sentinels', 'sentinelsNeeded', 'recovery'] as const;
  return (
    same.every((part) => isSame(before[part], after[part])) &&
    isSame(before.deputies, after.deputies) &&
    after.initiators.every((group) => before.initiators.includes(group)) &&
    after.governance.group === governance.group &&
    after.governance.delaySeconds >= governance.delaySeconds &&
    implies(after.governance.clause, governance.clause, everybody(before)) &&
    after.coolDowns.deviceSeconds >= coolDowns.deviceSeconds &&
    after.coolDowns.destinationSeconds >= coolDowns.destinationSeconds &&
    suspendsOnly(before, after)
  );
}

/** With whatever devices: who is suspended may come back, and who has one kind may get another. */
function everybody({ members }: CharterBody): readonly AnalysedMember[] {
  return members.map(({ id, groups, operators }) => ({
    id,
    groups,
    operators,
    kinds: deviceKinds,
  }));
}

/** Whether members and devices are the same but for some that are newly suspended. */
function suspendsOnly(before: CharterBody, after: CharterBody): boolean {
  if (before.members.length !== after.members.length) return false;
  return before.members.every((member, i) => {
    const now = after.members[i];
    if (now === undefined || (member.suspended && !now.suspended)) return false;
    const devices = member.devices.map((device, at) => {
      const suspended = device.suspended || now.devices[at]?.suspended === true;
      return { ...device, suspended };
    });
    return isSame({ ...member, suspended: now.suspended, devices }, now);
  });
}
