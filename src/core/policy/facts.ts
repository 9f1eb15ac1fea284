import { assert } from '../base/assert.ts';
import { REPEAT_SECONDS } from '../base/limits.ts';
import type { Refusal } from '../base/result.ts';
import { sats } from '../base/sats.ts';
import type { Seconds } from '../base/time.ts';
import type { DocumentOf } from '../governance/document.ts';
import type { Ledger } from '../log/ledger.ts';
import type { DocumentRecord, ProposalRecord, State } from '../log/state.ts';
import type { SpendFacts } from './evaluate.ts';
import type { Movement, Payment, UsageRecord } from './usage.ts';

/** What the policy is judged on, drawn from the fold and a signer's ledger: from bytes and documents alone. */

type AddressBook = DocumentRecord<DocumentOf<'destinations'>>;
type BookEntry = AddressBook['document']['body']['entries'][number];

const books = new WeakMap<AddressBook, ReadonlyMap<string, BookEntry>>();

function scriptsOf(book: AddressBook): ReadonlyMap<string, BookEntry> {
  const known = books.get(book);
  if (known !== undefined) return known;
  const made = new Map(book.document.body.entries.map((entry) => [entry.script, entry]));
  books.set(book, made);
  return made;
}

/** What an address book says of a script: whom it permits to be paid, and what it merely says of him. */
type Look = (script: string) => Pick<Payment, 'destination' | 'inert'>;

/**
 * A destination is listed when the address book that the proposal named and the one in force both list it and both
 * have cooled (design 4, points 14 and 16). What only one lists, or what has not cooled, permits nothing, but what
 * it says may deny at once: it is told as inert. Spend and usage are seen by the same look, so that a limit of one
 * owner finds all that went to him under the same key.
 */
function lookAt(state: State, ledger: Ledger, proposal: ProposalRecord, now: Seconds): Look {
  const named = state.documents.get(proposal.statement.destinations);
  const books = [named, state.destinations].flatMap((book) =>
    book?.document.kind === 'destinations' ? [book as AddressBook] : [],
  );
  const cooled =
    books.length === 2 && books.every(({ digest }) => hasCooled(state, ledger, digest, now));
  return (script) => {
    const found = books.flatMap((book) => scriptsOf(book).get(script) ?? []);
    const last = found.at(-1);
    if (last === undefined) return { destination: null, inert: null };
    const entry = { owner: last.owner, tags: [...new Set(found.flatMap(({ tags }) => tags))] };
    return cooled && found.length === 2
      ? { destination: entry, inert: null }
      : { destination: null, inert: entry };
  };
}

/** The spend of a proposal as the policy sees it at a time. */
export function spendFacts(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  now: Seconds,
): SpendFacts {
  const movement = movementOf(proposal, lookAt(state, ledger, proposal, now));
  const { initiator, reference } = proposal.statement;
  const initiatorGroups = state.members.get(initiator)?.member.groups ?? [];
  const hasReference = reference !== null;
  return { ...movement, vbytes: proposal.view.vbytes, initiatorGroups, hasReference };
}

/** Whether the cool-down of an address book has passed, from the signer's first sight of it. */
function hasCooled(state: State, ledger: Ledger, document: string, now: Seconds): boolean {
  const coolDown = state.charter?.document.body.coolDowns.destinationSeconds;
  if (coolDown === undefined) return false;
  if (coolDown === 0) return true;
  const sight = ledger.sights.get(document);
  return sight !== undefined && now >= sight + coolDown;
}

function movementOf(proposal: ProposalRecord, look: Look): Movement {
  const payments = proposal.view.spend.outputs.flatMap((output) =>
    output.change === undefined
      ? [{ script: output.script, sats: sats(output.sats), ...look(output.script) }]
      : [],
  );
  return {
    payments,
    amountSats: proposal.view.amountSats,
    feeSats: proposal.view.feeSats,
    initiator: proposal.statement.initiator,
  };
}

/**
 * What already holds budget of the wallet at its signer when a proposal is judged: open reservations and signed
 * spends, the proposal's own taken out, their destinations seen as the proposal's are.
 */
export function usageOf(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  now: Seconds,
): readonly UsageRecord[] {
  const look = lookAt(state, ledger, proposal, now);
  const record = (digest: string, at: Seconds, kind: UsageRecord['state']): UsageRecord => {
    const other = state.proposals.get(digest);
    assert(other !== undefined, 'a receipt names a known proposal');
    return { ...movementOf(other, look), proposal: digest, state: kind, at };
  };
  const own = proposal.digest;
  const usage: UsageRecord[] = [];
  for (const [digest, at] of ledger.reservations)
    if (digest !== own) usage.push(record(digest, at, 'reserved'));
  for (const [digest, { at }] of ledger.signed)
    if (digest !== own) usage.push(record(digest, at, 'committed'));
  return usage;
}

/**
 * What another spend of the wallet stands in the way of this one (design 3, step 10): a coin signed or about to be,
 * a coin reserved, or the same payments or reference signed within seven days and not named in `repeats`.
 */
export function spendConflict(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  now: Seconds,
): Refusal | null {
  const mine = new Set(proposal.view.spend.inputs.map((input) => input.outpoint));
  const shared = (digest: string): string | undefined =>
    state.proposals.get(digest)?.view.spend.inputs.find((input) => mine.has(input.outpoint))
      ?.outpoint;
  for (const other of [...ledger.signed.keys(), ...ledger.intents]) {
    const coin = other === proposal.digest ? undefined : shared(other);
    if (coin !== undefined) return { code: 'coin.signed', facts: { coin, proposal: other } };
  }
  const former = lastRepeated(state, ledger, proposal, now);
  if (former !== null && proposal.statement.repeats !== former.digest)
    return { code: 'spend.repeated', facts: { proposal: former.digest, name: former.name } };
  for (const other of ledger.reservations.keys()) {
    const coin = other === proposal.digest ? undefined : shared(other);
    if (coin !== undefined) return { code: 'coin.reserved', facts: { coin, proposal: other } };
  }
  return null;
}

/** The last signed one of the same payments or reference within the window: naming it covers those before it. */
function lastRepeated(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  now: Seconds,
): ProposalRecord | null {
  let last: ProposalRecord | null = null;
  for (const [other, { at }] of ledger.signed) {
    const before = state.proposals.get(other);
    if (before === undefined || other === proposal.digest || now - at >= REPEAT_SECONDS) continue;
    if (repeats(proposal, before) && before.index > (last?.index ?? -1)) last = before;
  }
  return last;
}

function repeats(one: ProposalRecord, other: ProposalRecord): boolean {
  const { reference } = one.statement;
  if (reference !== null && reference === other.statement.reference) return true;
  const payments = paymentsOf(one);
  return payments !== '' && payments === paymentsOf(other);
}

function paymentsOf({ view }: ProposalRecord): string {
  return view.spend.outputs
    .filter((output) => output.change === undefined)
    .map((output) => `${output.script}:${String(output.sats)}`)
    .sort()
    .join();
}
