import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { documentDigest, parseDocument } from '../core/governance/document.ts';
import {
  bindKeyFile,
  checkCustody,
  openKeyFile,
  peekKeyFile,
  unlockersOf,
} from '../keys/key-file.ts';
import type { PublicPart } from '../keys/key-format.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import type { KeyCost } from '../keys/seal.ts';
import { preparedAssociatedData, signerFolder } from './folder.ts';
import type { SignerFolder } from './folder.ts';
import type { JournalIdentity } from './journal-identity.ts';
import { journalAssociatedData } from './journal-identity.ts';
import { Journal } from './journal.ts';

export interface Initialisation {
  /** Typed in full by whoever sets the signer up: the root of everything it will believe. */
  readonly genesis: string;
  readonly wallet: string;
  readonly folder: string;
  /** The file that `prepare` made; moved into the folder. On the same file system. */
  readonly keyFile: string;
  /** Of the unlockers, a line each. */
  readonly passphrase: Passphrases;
  /** Given only for worthless keys. */
  readonly cost?: KeyCost;
  /** Exact bytes of the two documents that the signer is named in. */
  readonly charter: Uint8Array;
  readonly walletDocument: Uint8Array;
}

/**
 * Binds prepared keys to one organisation, one wallet and one journal, which is created here, once. Interrupted
 * half-way it may be repeated: a journal that holds no record has signed nothing.
 * Codes: `document.genesis.mismatch`, `wallet.unknown`, `receipt.unauthorised`, `wallet.hotkey`, `journal.*`, `key.*`; `key.unlockers.custody` where one
 * person could start the signer of a wallet that is held for others.
 */
export async function initialiseSigner(given: Initialisation): Promise<Result<JournalIdentity>> {
  const place = signerFolder(resolve(given.folder));
  const keyFile = resolve(given.keyFile);
  const keysAt = existsSync(place.keys) ? place.keys : keyFile;
  const known = peekKeyFile(keysAt, 'signer');
  if (!known.ok) return known;
  const unlockers = unlockersOf(keysAt, 'signer');
  if (!unlockers.ok) return unlockers;
  const checked = checkDocuments(given, known.value);
  if (!checked.ok) return checked;
  const { walletDigest, custody } = checked.value;
  // Before anything is written; the sealed file says the same again, authenticated.
  const allowed = checkCustody({ ...known.value, custody }, unlockers.value.needed);
  if (!allowed.ok) return allowed;
  mkdirSync(place.folder, { recursive: true, mode: 0o700 });
  const identity = createJournal(place, given, {
    walletDigest,
    signer: known.value.receiptKey,
  });
  if (!identity.ok) return identity;
  if (!existsSync(place.keys)) renameSync(keyFile, place.keys);
  const sealed = await bind(place, given, { identity: identity.value, custody });
  return sealed.ok ? identity : sealed;
}

interface CheckedWallet {
  readonly walletDigest: string;
  readonly custody: boolean;
}

/** What the wallet document says, when both documents are of this organisation and name these keys. */
function checkDocuments(given: Initialisation, keys: PublicPart['signer']): Result<CheckedWallet> {
  const { genesis, wallet: id } = given;
  const charter = parseDocument(given.charter);
  if (!charter.ok) return charter;
  const digest = documentDigest(charter.value);
  if (charter.value.kind !== 'charter' || digest !== genesis)
    return refuse('document.genesis.mismatch', { genesis, document: digest });
  const named = charter.value.body.signers.find(({ wallet }) => wallet === id);
  if (named?.key !== keys.receiptKey)
    return refuse('receipt.unauthorised', { wallet: id, signer: keys.receiptKey });
  const wallet = parseDocument(given.walletDocument);
  if (!wallet.ok) return wallet;
  const document = wallet.value;
  if (document.kind !== 'wallet' || document.id !== id || document.org !== genesis)
    return refuse('wallet.unknown', { wallet: id });
  if (document.body.hotKey !== keys.hotKey)
    return refuse('wallet.hotkey', { wallet: id, hotKey: keys.hotKey });
  return ok({ walletDigest: documentDigest(document), custody: document.body.custody });
}

function createJournal(
  place: SignerFolder,
  { genesis, wallet }: Initialisation,
  rest: Pick<JournalIdentity, 'walletDigest' | 'signer'>,
): Result<JournalIdentity> {
  const id = randomBytes(32).toString('hex');
  const identity: JournalIdentity = { id, wallet, genesis, ...rest };
  if (!existsSync(place.journal)) {
    const created = Journal.create(place.journal, identity);
    return created.ok ? ok(identity) : created;
  }
  const opened = Journal.open(place.journal);
  if (!opened.ok) return opened;
  const left = opened.value;
  const isSame = Object.entries({ wallet, genesis, ...rest }).every(
    ([name, value]) => left.identity[name as keyof JournalIdentity] === value,
  );
  const isEmpty = left.ledger.position === 0;
  left.close();
  return isSame && isEmpty ? ok(left.identity) : refuse('journal.exists', { path: place.journal });
}

async function bind(
  place: SignerFolder,
  { wallet, passphrase, cost = 'full' }: Initialisation,
  { identity, custody }: { readonly identity: JournalIdentity; readonly custody: boolean },
): Promise<Result<null>> {
  const associated = journalAssociatedData(identity);
  const unlock = { passphrase, associated: preparedAssociatedData(wallet), cost };
  const bound = await bindKeyFile(place.keys, unlock, { associated, custody });
  if (bound.ok || bound.refusal.code !== 'key.invalid') return bound;
  // Bound already by an earlier attempt that was interrupted after its last step?
  const opened = await openKeyFile(place.keys, 'signer', { passphrase, associated });
  return opened.ok ? ok(null) : bound;
}
