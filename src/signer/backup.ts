import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { LogReader } from '../client/log-reader.ts';
import { LogFollower } from '../client/log-follower.ts';
import { assert } from '../core/base/assert.ts';
import { fromHex } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { createFile, readBounded } from '../keys/file.ts';
import { openKeyFile } from '../keys/key-file.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import { signerFolder } from './folder.ts';
import { journalAssociatedData } from './journal-identity.ts';
import { compareWithLog, Journal } from './journal.ts';

/** What a backup holds: good until the signer runs again, for a start writes a record. */
export interface Backup {
  readonly file: string;
  readonly keys: string;
  readonly wallet: string;
  /** Records, and the digest of the last. */
  readonly receipts: number;
  readonly head: string | null;
}

/** The key file of a backup, beside it: sealed, and bound to this journal. */
export function keysOfBackup(file: string): string {
  return `${file}.keys.json`;
}

/**
 * Copies journal and key file of a stopped signer, whole and verified, or not at all. Codes: `journal.locked` while the signer
 * runs, `journal.exists` and `key.exists` (nothing is overwritten), `journal.invalid`.
 */
export function backUpSigner(folder: string, to: string): Result<Backup> {
  const place = signerFolder(folder);
  const file = resolve(to);
  if (existsSync(file)) return refuse('journal.exists', { path: file });
  const opened = Journal.open(place.journal);
  if (!opened.ok) return opened;
  const journal = opened.value;
  const half = `${file}.new`;
  try {
    remove(half);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(half, 'wx', 0o600)); // nobody else reads it while it grows
    journal.copyTo(half);
    const same = isSame(half, journal);
    if (!same.ok) return same;
    const keys = readBounded(place.keys);
    if (keys === undefined) return refuse('key.invalid', { path: place.keys });
    if (!createFile(keysOfBackup(file), keys))
      return refuse('key.exists', { path: keysOfBackup(file) });
    settle(half, file);
  } finally {
    remove(half);
    journal.close();
  }
  const { position: receipts, previous: head } = journal.ledger;
  const { wallet } = journal.identity;
  return ok({ file, keys: keysOfBackup(file), wallet, receipts, head });
}

function isSame(copy: string, { ledger }: Journal): Result<null> {
  const opened = Journal.open(copy);
  if (!opened.ok) return opened;
  opened.value.close();
  assert(opened.value.ledger.previous === ledger.previous, 'a copy ends with the same record');
  return ok(null);
}

export interface Restoration {
  readonly folder: string;
  /** What {@link backUpSigner} wrote. */
  readonly file: string;
  /** Of the unlockers, a line each. */
  readonly passphrase: Passphrases;
  /** The log, read with the key of receipts of this 32-byte seed. */
  readonly readerOf: (seed: Uint8Array) => LogReader;
}

/**
 * Puts a backup in the place of a journal that is gone. The log is read to its end first: a backup from before the last start of
 * its signer lacks at least that record, so neither an old copy nor the second one of a signer that runs comes into its place.
 * Codes: `journal.exists`, `key.exists`; `journal.rolledback` with the first position that the backup lacks; `journal.invalid`,
 * `key.*`, those of the follower. Throws on network faults.
 */
export async function restoreSigner(restoration: Restoration): Promise<Result<Backup>> {
  const place = signerFolder(resolve(restoration.folder));
  const file = resolve(restoration.file);
  if (existsSync(place.journal)) return refuse('journal.exists', { path: place.journal });
  if (existsSync(place.keys)) return refuse('key.exists', { path: place.keys });
  mkdirSync(place.folder, { recursive: true, mode: 0o700 });
  const half = `${place.journal}.new`;
  try {
    remove(half);
    copyFileSync(file, half);
    chmodSync(half, 0o600);
    const opened = Journal.open(half);
    if (!opened.ok) return opened;
    const journal = opened.value;
    const current = await isCurrent(journal, restoration).finally(() => {
      journal.close();
    });
    if (!current.ok) return current;
    const keys = readBounded(keysOfBackup(file));
    if (keys === undefined) return refuse('key.invalid', { path: keysOfBackup(file) });
    if (!createFile(place.keys, keys)) return refuse('key.exists', { path: place.keys });
    settle(half, place.journal);
    const { position: receipts, previous: head } = journal.ledger;
    const { wallet } = journal.identity;
    return ok({ file: place.journal, keys: place.keys, wallet, receipts, head });
  } finally {
    remove(half);
  }
}

/** Whether the log knows nothing of this signer that the journal does not. */
async function isCurrent(
  journal: Journal,
  { file, passphrase, readerOf }: Restoration,
): Promise<Result<null>> {
  const { genesis, wallet } = journal.identity;
  const associated = journalAssociatedData(journal.identity);
  const unlock = { passphrase, associated };
  const keys = await openKeyFile(keysOfBackup(resolve(file)), 'signer', unlock);
  if (!keys.ok) return keys;
  const reader = readerOf(fromHex(keys.value.receiptKey));
  const followed = await new LogFollower({ genesis, reader, store: journal.log }).follow();
  if (!followed.ok) return followed;
  return compareWithLog(journal, followed.value.state.ledgers.get(wallet));
}

/** Gives a file its name, so that a crash leaves the old state or the new one. */
function settle(half: string, path: string): void {
  sync(half);
  renameSync(half, path);
  sync(dirname(path));
}

function sync(path: string): void {
  const opened = openSync(path, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

function remove(half: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(half + suffix, { force: true });
}
