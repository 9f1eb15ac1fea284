import { openFreezes, walletOpen } from '../authorise.ts';
import { assert } from '../base/assert.ts';
import { ADDRESS_INDEX } from '../base/limits.ts';
import type { Refusal, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import type { Fact } from './entry.ts';
import type { Ledger } from './ledger.ts';
import { createLedger } from './ledger.ts';
import type { ReceiptOf } from './receipt.ts';
import type { State, WalletRecord } from './state.ts';

/**
 * Receive addresses. The server asks for one by a fact; the signer of the wallet derives it by itself and says so in a
 * receipt, so that who can write to the server's answers cannot hand out an address of his own.
 */

/** A signer's word that an address is of its wallet. */
export interface Attested {
  /** Of its receipt in the log. */
  readonly entry: number;
  readonly position: number;
  /** Signer time. */
  readonly at: Seconds;
  /** Ed25519 key of the signer, hex. */
  readonly signer: string;
}

/** A receive address (branch 0) that was asked for. */
export interface AddressRecord {
  readonly index: number;
  /** Of the fact that asked. */
  readonly entry: number;
  /** By the server's clock. */
  readonly askedAt: Seconds;
  /** What the device that asked made up, so that it knows its own; null when the server asked for nobody. */
  readonly request: string | null;
  /** Null until the signer has attested it: it must not be used before. */
  readonly attested: Attested | null;
}

/** The receive addresses of a wallet by their index, in the order in which they were asked for. */
export interface AddressBook {
  readonly byIndex: Map<number, AddressRecord>;
  /** Index of the address by its request. */
  readonly byRequest: Map<string, number>;
  highest: number;
}

type AskedFact = Extract<Fact, { fact: 'address-asked' }>;

/** What was asked for of a wallet, by index. */
export function addressesOf(state: State, wallet: string): ReadonlyMap<number, AddressRecord> {
  return state.addresses.get(wallet)?.byIndex ?? new Map<number, AddressRecord>();
}

/** The highest index that was asked for, or -1. */
export function highestAsked(state: State, wallet: string): number {
  return state.addresses.get(wallet)?.highest ?? -1;
}

/** The address that a request asked for, or undefined. */
export function addressByRequest(
  state: State,
  wallet: string,
  request: string,
): AddressRecord | undefined {
  const book = state.addresses.get(wallet);
  const index = book?.byRequest.get(request);
  return index === undefined ? undefined : book?.byIndex.get(index);
}

/**
 * The highest index that may be asked for: a gap beyond the highest attested, so that who scans by the log, a gap at a
 * time, finds every coin, and no server walks farther.
 */
export function addressReach(state: State, { id, body }: WalletRecord): number {
  const { highestAddress } = state.ledgers.get(id) ?? createLedger();
  return Math.min(highestAddress + body.gapLimit, ADDRESS_INDEX);
}

/**
 * Why a signer attests no address of its wallet now, or null: codes `wallet.frozen`, `wallet.unconfirmed` (a wallet that
 * its key holders have not all confirmed takes no deposits).
 */
export function addressesBlocked(
  state: State,
  ledger: Ledger,
  wallet: WalletRecord,
): Refusal | null {
  const [freeze] = openFreezes(state, ledger, wallet.id);
  if (freeze !== undefined)
    return {
      code: 'wallet.frozen',
      facts: { wallet: wallet.id, by: freeze.statement.member, freeze: freeze.digest },
    };
  return walletOpen(state, ledger, wallet)
    ? null
    : { code: 'wallet.unconfirmed', facts: { wallet: wallet.id } };
}

/** The indices that the signer of a wallet shall attest now, in the order of the log. */
export function addressesDue(
  state: State,
  ledger: Ledger,
  wallet: WalletRecord,
): readonly number[] {
  const asked = addressesOf(state, wallet.id);
  // Only what was asked for is attested, each once: mostly all of it is.
  if (ledger.addresses.size === asked.size) return [];
  if (addressesBlocked(state, ledger, wallet) !== null) return [];
  return [...asked.keys()].filter((index) => !ledger.addresses.has(index));
}

/** Why the rules did not let a signer write this receipt, or null. Its form and its address: {@link checkAddress}. */
export function addressContradiction(
  state: State,
  ledger: Ledger,
  { wallet, index }: ReceiptOf<'address'>,
): string | null {
  const record = state.wallets.get(wallet);
  assert(record !== undefined, 'a receipt is of a wallet of the log');
  if (!addressesOf(state, wallet).has(index)) return 'address.unknown';
  return addressesBlocked(state, ledger, record)?.code ?? null;
}

/**
 * A fact asks for an address. Codes: `wallet.unknown`, `wallet.frozen`, `wallet.unconfirmed`, `fact.duplicate` for an index or
 * a request that was there before, `address.reach`.
 */
export function admitAsked(state: State, fact: AskedFact): Result<(entry: number) => void> {
  const { wallet: id, index, request } = fact;
  const wallet = state.wallets.get(id);
  if (wallet === undefined) return refuse('wallet.unknown', { wallet: id });
  const known = state.addresses.get(id);
  if (known?.byIndex.has(index) === true || (request !== null && known?.byRequest.has(request)))
    return refuse('fact.duplicate', { wallet: id, index });
  const blocked = addressesBlocked(state, state.ledgers.get(id) ?? createLedger(), wallet);
  if (blocked !== null) return { ok: false, refusal: blocked };
  const reach = addressReach(state, wallet);
  if (index > reach) return refuse('address.reach', { wallet: id, index, reach });
  const askedAt = parseTime(fact.at);
  assert(askedAt !== undefined, 'the schema admits only times');
  return ok((entry) => {
    const book = known ?? { byIndex: new Map(), byRequest: new Map(), highest: -1 };
    book.highest = Math.max(book.highest, index);
    book.byIndex.set(index, { index, entry, askedAt, request, attested: null });
    if (request !== null) book.byRequest.set(request, index);
    state.addresses.set(id, book);
  });
}

/**
 * Whether an attestation says what the wallet's own descriptor says, of an address that its signer had read was asked for.
 * Code `receipt.invalid`.
 */
export function checkAddress(
  state: State,
  { id, wallet }: WalletRecord,
  { index, address, log }: ReceiptOf<'address'>,
): Result<null> {
  const wrong = (reason: string) => refuse('receipt.invalid', { wallet: id, index, reason });
  if (address !== wallet.address(0, index)) return wrong('another address');
  const asked = addressesOf(state, id).get(index);
  return asked !== undefined && asked.entry < log.size
    ? ok(null)
    : wrong('an address that nobody had asked for');
}

/** Notes an attestation at the entry of its receipt. Requires that it was checked. */
export function noteAttested(state: State, receipt: ReceiptOf<'address'>, entry: number): void {
  const { wallet, index, position, signer } = receipt;
  const book = state.addresses.get(wallet);
  const asked = book?.byIndex.get(index);
  const at = parseTime(receipt.at);
  assert(asked !== undefined && at !== undefined, 'a receipt is checked before');
  book?.byIndex.set(index, { ...asked, attested: { entry, position, at, signer } });
}
