import { fromHex, toHex } from '../base/bytes.ts';
import { KNOWN_ASKED, KNOWN_PROPOSALS } from '../base/limits.ts';
import type { Refusal } from '../base/result.ts';
import type { DestinationsBody, DocumentOf } from '../governance/document.ts';
import { currentDocuments } from '../governance/current.ts';
import { inForce, recordOf } from '../governance/in-force.ts';
import type { Forced, Ledger } from '../log/ledger.ts';
import type { DocumentRecord, ProposalRecord, State, WalletRecord } from '../log/state.ts';
import type { SpendOutput } from '../psbt/spend.ts';
import type { Alike } from '../wallet/look-alike.ts';
import { LookAlikes } from '../wallet/look-alike.ts';
import type { Network } from '../wallet/network.ts';
import { addressOfScript } from '../wallet/network.ts';

/**
 * Payees that look like a known address and are another (document 7, B9). A signer refuses those that look like one that
 * an address book in force for it has ever listed; server and CLI also know our own addresses and those that were paid.
 * Whoever is listed now is meant: his governors saw the resemblance when they listed him.
 */

/** What an address is known as. */
export type Known =
  | { readonly as: 'listed'; readonly id: string; readonly owner: string }
  | { readonly as: 'own'; readonly wallet: string }
  | { readonly as: 'paid'; readonly proposal: string };

/** A payment to an address that looks like a known one. */
export interface LookAlike extends Alike<Known> {
  readonly output: number;
  /** As it is paid. */
  readonly paid: string;
}

/** Addresses of each branch that people see before any is used. */
const SHOWN_ADDRESSES = 20;

/** The refusal of a payment that looks like a known address. Code `address.lookalike`. */
export function lookAlikeRefusal({ output, paid, address, known }: LookAlike): Refusal {
  return { code: 'address.lookalike', facts: { output, address: paid, like: address, ...known } };
}

/** By ledger what its books have listed: a ledger only grows, so that it is read on. */
const listed = new WeakMap<Ledger, { readonly index: LookAlikes<Known>; read: number }>();

/** Whether a book is the word of a lone governor: what it lists counts while it is in force, and no longer. */
const isLone = ({ by }: Forced): boolean => by === 'one';

/**
 * Asks whether an address looks like an entry of the book in force for a signer, or of one that was. What lone governors
 * listed is forgotten when the others take it back: else one of them could have any payee refused for ever.
 */
function listedBy(
  state: State,
  ledger: Ledger,
  network: Network,
): (address: string) => Alike<Known> | null {
  const { destinations } = ledger.forced;
  const found = listed.get(ledger) ?? { index: new LookAlikes<Known>(), read: 0 };
  listed.set(ledger, found);
  for (; found.read < destinations.length; found.read++) {
    const forced = destinations[found.read];
    if (forced === undefined || isLone(forced)) continue;
    const record = recordOf(state, 'destinations', forced.document);
    if (record === null) break; // a state that is behind the ledger is asked again
    addBook(found.index, record.document.body, network);
  }
  const lone = loneBook(state, ledger, network);
  return (address) => found.index.find(address) ?? lone?.find(address) ?? null;
}

/** The entries of the book in force for a signer where a lone governor brought it there, else null. */
function loneBook(state: State, ledger: Ledger, network: Network): LookAlikes<Known> | null {
  const newest = ledger.forced.destinations.at(-1);
  if (newest === undefined || !isLone(newest)) return null;
  const record = recordOf(state, 'destinations', newest.document);
  if (record === null) return null;
  const known = loneBooks.get(record);
  if (known !== undefined) return known;
  const made = new LookAlikes<Known>();
  addBook(made, record.document.body, network);
  loneBooks.set(record, made);
  return made;
}

/**
 * Whether a book lists anew what looks like a listed address: it would then be paid, so that listing it is no tightening,
 * whatever the policies say of it.
 */
export function listsLookAlike(
  state: State,
  ledger: Ledger,
  { network, entries }: { readonly network: Network } & DestinationsBody,
): boolean {
  const book = scriptsOf(inForce(state, ledger)?.destinations ?? null);
  const find = listedBy(state, ledger, network);
  return entries.some(({ script }) => {
    const address = book.has(script) ? null : addressOfScript(fromHex(script), network);
    return address !== null && find(address) !== null;
  });
}

/**
 * Why a signer does not pay: a payee is not listed in the book in force for it, and looks like an entry of it or of one that
 * was. That an entry is struck frees nothing. Code `address.lookalike`.
 */
export function listedLookAlike(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
): Refusal | null {
  const { network } = proposal.statement;
  const book = scriptsOf(inForce(state, ledger)?.destinations ?? null);
  const [first] = lookAlikesIn(proposal.view.spend.outputs, {
    network,
    find: listedBy(state, ledger, network),
    isMeant: (script) => book.has(script),
  });
  return first === undefined ? null : lookAlikeRefusal(first);
}

/** The payments of a spend from a wallet that look like any known address, in the order of its outputs. */
export function knownLookAlikes(
  state: State,
  { id, body: { network } }: WalletRecord,
  outputs: readonly SpendOutput[],
): readonly LookAlike[] {
  const known = knownOf(state, network);
  known.follow(state);
  const lone = [...state.ledgers.values()].flatMap((one) => loneBook(state, one, network) ?? []);
  const book = scriptsOf(currentDocuments(state, id)?.destinations ?? null);
  return lookAlikesIn(outputs, {
    network,
    find: (address) => firstOf([known, ...lone], address),
    isMeant: (script) => book.has(script) || known.isOwn(script),
  });
}

function firstOf(
  indices: readonly Pick<LookAlikes<Known>, 'find'>[],
  address: string,
): Alike<Known> | null {
  for (const index of indices) {
    const found = index.find(address);
    if (found !== null) return found;
  }
  return null;
}

function lookAlikesIn(
  outputs: readonly SpendOutput[],
  {
    network,
    find,
    isMeant,
  }: {
    readonly network: Network;
    readonly find: (address: string) => Alike<Known> | null;
    readonly isMeant: (script: string) => boolean;
  },
): readonly LookAlike[] {
  return outputs.flatMap(({ script, change }, output) => {
    if (change !== undefined || isMeant(script)) return [];
    const paid = addressOfScript(fromHex(script), network);
    const alike = paid === null ? null : find(paid);
    return paid === null || alike === null ? [] : [{ ...alike, output, paid }];
  });
}

type Book = DocumentRecord<DocumentOf<'destinations'>>;
const scripts = new WeakMap<Book, ReadonlySet<string>>();
const loneBooks = new WeakMap<Book, LookAlikes<Known>>();

function scriptsOf(book: Book | null): ReadonlySet<string> {
  if (book === null) return new Set();
  const known = scripts.get(book);
  if (known !== undefined) return known;
  const made = new Set(book.document.body.entries.map(({ script }) => script));
  scripts.set(book, made);
  return made;
}

function addBook(index: LookAlikes<Known>, { entries }: DestinationsBody, network: Network): void {
  for (const { id, owner, script } of entries) {
    const address = addressOfScript(fromHex(script), network);
    if (address !== null) index.add(address, { as: 'listed', id, owner });
  }
}

/** Every address that a log knows, of one network. It follows a state, which only grows. */
class KnownAddresses {
  readonly #network: Network;
  readonly #index = new LookAlikes<Known>();
  readonly #own = new Set<string>();
  readonly #paid = new Set<string>();
  readonly #books = new Set<string>();
  readonly #wallets = new Set<string>();
  readonly #signed = new Map<Ledger, { readonly rest: MapIterator<string>; read: number }>();
  readonly #asked = new Map<string, { readonly rest: MapIterator<number>; read: number }>();
  #proposals: { readonly rest: MapIterator<ProposalRecord>; read: number } | null = null;

  constructor(network: Network) {
    this.#network = network;
  }

  isOwn(script: string): boolean {
    return this.#own.has(script);
  }

  find(address: string): Alike<Known> | null {
    return this.#index.find(address);
  }

  follow(state: State): void {
    for (const record of state.wallets.values()) this.#addWallet(record);
    const forced = [...state.ledgers.values()].flatMap((ledger) => ledger.forced.destinations);
    for (const one of forced) if (!isLone(one)) this.#addBook(state, one.document);
    // Of the founding, before a signer has taken it up.
    if (state.destinations?.document.version === 1) this.#addBook(state, state.destinations.digest);
    this.#addOwn(state);
    this.#addAsked(state);
    for (const ledger of state.ledgers.values()) this.#addPaid(state, ledger);
  }

  #addBook(state: State, digest: string): void {
    const record = this.#books.has(digest) ? null : recordOf(state, 'destinations', digest);
    if (record === null) return;
    this.#books.add(digest);
    addBook(this.#index, record.document.body, this.#network);
  }

  #addWallet({ id, wallet }: WalletRecord): void {
    if (this.#wallets.has(id) || wallet.network !== this.#network) return;
    this.#wallets.add(id);
    for (const branch of wallet.branches)
      for (let index = 0; index < SHOWN_ADDRESSES; index++)
        this.#addOwnScript(toHex(wallet.script(branch, index)), id);
  }

  /** Coins that proposals spend and change that they make: derived again when each entered the log. */
  #addOwn({ proposals }: State): void {
    this.#proposals ??= { rest: proposals.values(), read: 0 };
    const oldest = proposals.size - KNOWN_PROPOSALS;
    for (; this.#proposals.read < proposals.size; this.#proposals.read++) {
      const { value } = this.#proposals.rest.next();
      if (value === undefined || this.#proposals.read < oldest) continue;
      const { id } = value.statement.wallet;
      for (const { script } of value.coins) this.#addOwnScript(toHex(script), id);
      for (const { script, change } of value.view.spend.outputs)
        if (change !== undefined) this.#addOwnScript(script, id);
    }
  }

  /** Receive addresses that were asked for: people hand them out. */
  #addAsked({ addresses, wallets }: State): void {
    for (const [id, { byIndex }] of addresses) {
      const wallet = wallets.get(id)?.wallet;
      if (wallet?.network !== this.#network) continue;
      const found = this.#asked.get(id) ?? { rest: byIndex.keys(), read: 0 };
      this.#asked.set(id, found);
      const oldest = byIndex.size - KNOWN_ASKED;
      for (; found.read < byIndex.size; found.read++) {
        const { value: index } = found.rest.next();
        if (index === undefined || found.read < oldest) continue;
        this.#addOwnScript(toHex(wallet.script(0, index)), id);
      }
    }
  }

  #addPaid(state: State, ledger: Ledger): void {
    const found = this.#signed.get(ledger) ?? { rest: ledger.signed.keys(), read: 0 };
    this.#signed.set(ledger, found);
    const oldest = ledger.signed.size - KNOWN_PROPOSALS;
    for (; found.read < ledger.signed.size; found.read++) {
      const { value = '' } = found.rest.next();
      if (found.read < oldest) continue;
      for (const { script, change } of state.proposals.get(value)?.view.spend.outputs ?? [])
        if (change === undefined && !this.#paid.has(script)) {
          this.#paid.add(script);
          this.#add(script, { as: 'paid', proposal: value });
        }
    }
  }

  #addOwnScript(script: string, wallet: string): void {
    if (this.#own.has(script)) return;
    this.#own.add(script);
    this.#add(script, { as: 'own', wallet });
  }

  #add(script: string, known: Known): void {
    const address = addressOfScript(fromHex(script), this.#network);
    if (address !== null) this.#index.add(address, known);
  }
}

const knownBy = new WeakMap<State, Map<Network, KnownAddresses>>();

function knownOf(state: State, network: Network): KnownAddresses {
  const networks = knownBy.get(state) ?? new Map<Network, KnownAddresses>();
  knownBy.set(state, networks);
  const known = networks.get(network) ?? new KnownAddresses(network);
  networks.set(network, known);
  return known;
}
