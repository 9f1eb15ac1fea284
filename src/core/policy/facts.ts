import { assert } from '../base/assert.ts';
import { REPEAT_SECONDS } from '../base/limits.ts';
import type { Refusal } from '../base/result.ts';
import { sats } from '../base/sats.ts';
import type { Seconds } from '../base/time.ts';
import type { DocumentOf } from '../governance/document.ts';
import type { Ledger } from '../log/ledger.ts';
import type { DocumentRecord, ProposalRecord, State } from '../log/state.ts';
import type { SpendFacts } from './evaluate.ts';
import type { Payment, UsageRecord } from './usage.ts';

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

/**
 * The spend of a proposal as the policy sees it at a time. A destination is listed when the address book that
 * the proposal named and the one in force both list it and both have cooled (design 4, points 14 and 16); a tag
 * of either counts, so that a denying tag in either denies.
 */
export function spendFacts(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  now: Seconds,
): SpendFacts {
  const named = state.documents.get(proposal.statement.destinations);
  const shelves = [named, state.destinations].map((book) =>
    book?.document.kind === 'destinations' && hasCooled(state, ledger, book.digest, now)
      ? scriptsOf(book as AddressBook)
      : null,
  );
  return {
    ...movementOf(proposal, (script) => {
      const found = shelves.map((shelf) => shelf?.get(script));
      const [first, second] = found;
      if (first === undefined || second === undefined) return null;
      return { owner: second.owner, tags: [...new Set([...first.tags, ...second.tags])] };
    }),
    vbytes: proposal.view.vbytes,
  };
}

/** Whether the cool-down of an address book has passed, from the signer's first sight of it. */
function hasCooled(state: State, ledger: Ledger, document: string, now: Seconds): boolean {
  const coolDown = state.charter?.document.body.coolDowns.destinationSeconds;
  if (coolDown === undefined) return false;
  if (coolDown === 0) return true;
  const sight = ledger.sights.get(document);
  return sight !== undefined && now >= sight + coolDown;
}

function movementOf(
  proposal: ProposalRecord,
  look: (script: string) => Payment['destination'],
): Omit<SpendFacts, 'vbytes'> {
  const payments = proposal.view.spend.outputs.flatMap((output) =>
    output.change === undefined
      ? [{ script: output.script, sats: sats(output.sats), destination: look(output.script) }]
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
 * What already holds budget of the wallet at its signer: open reservations and signed spends, the proposal's own
 * taken out. Destinations are those of today's address book, so that a limit sees one owner as one.
 */
export function usageOf(state: State, ledger: Ledger, own: string): readonly UsageRecord[] {
  const book = state.destinations;
  const shelf = book === null ? null : scriptsOf(book);
  const record = (digest: string, at: Seconds, kind: UsageRecord['state']): UsageRecord => {
    const proposal = state.proposals.get(digest);
    assert(proposal !== undefined, 'a receipt names a known proposal');
    const movement = movementOf(proposal, (script) => {
      const entry = shelf?.get(script);
      return entry === undefined ? null : { owner: entry.owner, tags: entry.tags };
    });
    return { ...movement, proposal: digest, state: kind, at };
  };
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
  for (const [other, { at }] of ledger.signed) {
    const before = state.proposals.get(other);
    if (before === undefined || other === proposal.digest || now - at >= REPEAT_SECONDS) continue;
    if (repeats(proposal, before) && proposal.statement.repeats !== other)
      return { code: 'spend.repeated', facts: { proposal: other, name: before.name } };
  }
  for (const other of ledger.reservations.keys()) {
    const coin = other === proposal.digest ? undefined : shared(other);
    if (coin !== undefined) return { code: 'coin.reserved', facts: { coin, proposal: other } };
  }
  return null;
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
