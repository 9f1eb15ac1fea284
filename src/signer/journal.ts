import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { LogStore } from '../client/log-store.ts';
import { DATABASE_PRAGMAS, inOneUnit, insertBlob, SqliteLog } from '../client/sqlite-log.ts';
import { assert } from '../core/base/assert.ts';
import { canonicalBytes, parseCanonical } from '../core/base/canonical.ts';
import type { Facts, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { parseWith } from '../core/base/schema.ts';
import type { Ledger } from '../core/log/ledger.ts';
import { applyReceipt, checkReceipt, createLedger } from '../core/log/ledger.ts';
import { receiptDigest, receiptDigestBytes, receiptSchema } from '../core/log/receipt.ts';
import type { JournalIdentity } from './journal-identity.ts';
import { parseIdentity } from './journal-identity.ts';
import { JOURNAL_SCHEMA } from './journal-schema.ts';
import { ownReceiptVerifier } from './receipt-key.ts';
import type { SignedReceipt } from './receipt-key.ts';

const SQLITE_BUSY = 5;

/**
 * The signer's own memory, in one SQLite file: its receipts as a signed hash chain, and beside them the whole log
 * it has read. Append-only; one process at a time. Every write is on the disk when the call returns.
 */
export class Journal {
  readonly identity: JournalIdentity;
  /** The receipts folded: what was seen, reserved, signed. */
  readonly ledger: Ledger;
  /** The log as it was read, for the follower. */
  readonly log: LogStore;
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync, identity: JournalIdentity, ledger: Ledger) {
    this.#database = database;
    this.identity = identity;
    this.ledger = ledger;
    this.log = new SqliteLog(database);
  }

  /**
   * Makes the journal of an identity, once. Refuses with `journal.exists` when the file is there: a second journal
   * beside the same key could sign twice.
   */
  static create(path: string, identity: JournalIdentity): Result<null> {
    if (existsSync(path)) return refuse('journal.exists', { path });
    const half = `${path}.new`;
    for (const suffix of ['', '-wal', '-shm']) rmSync(half + suffix, { force: true });
    const database = new DatabaseSync(half);
    try {
      database.exec('PRAGMA synchronous = FULL;');
      database.exec(`BEGIN;${JOURNAL_SCHEMA}`);
      const insert = database.prepare('INSERT INTO identity (name, value) VALUES (?, ?)');
      for (const [name, value] of Object.entries(identity)) insert.run(name, value);
      database.exec('COMMIT');
    } finally {
      database.close();
    }
    chmodSync(half, 0o600); // SQLite gives the files beside it the same mode
    renameSync(half, path);
    return ok(null);
  }

  /**
   * Opens a journal and verifies every record. Codes: `journal.locked` while another process has it;
   * `journal.invalid` with the position of the first record that was edited, removed or is another signer's.
   * Not checked here: whether newer records were cut off, which only the log can tell ({@link compareWithLog}).
   */
  static open(path: string): Result<Journal> {
    if (!existsSync(path))
      return refuse('journal.invalid', { reason: 'there is no journal', path });
    const database = new DatabaseSync(path, { timeout: 0, allowExtension: false });
    try {
      database.exec(DATABASE_PRAGMAS);
      const identity = readIdentity(database);
      const ledger = identity.ok ? verifyReceipts(database, identity.value) : identity;
      if (identity.ok && ledger.ok) return ok(new Journal(database, identity.value, ledger.value));
      database.close();
      return ledger.ok ? invalid({ reason: 'identity' }) : ledger;
    } catch (error) {
      if (database.isOpen) database.close();
      const { errcode } = error as { errcode?: number };
      if (errcode === undefined) throw error;
      if (errcode === SQLITE_BUSY) return refuse('journal.locked', { path });
      return invalid({ reason: 'not a journal', sqlite: errcode });
    }
  }

  /**
   * Writes the next receipt, with the blob that it names. Requires a receipt that continues the ledger. When it
   * throws, the ledger in memory is not to be used again: the process ends and reads the file anew.
   */
  append(signed: SignedReceipt, blobs: readonly Uint8Array[] = []): void {
    const { receipt, signature } = signed;
    inOneUnit(this.#database, () => {
      for (const bytes of blobs) insertBlob(this.#database, bytes);
      this.#database
        .prepare('INSERT INTO receipts (position, receipt, signature, digest) VALUES (?, ?, ?, ?)')
        .run(receipt.position, canonicalBytes(receipt), signature, receiptDigest(receipt));
      applyReceipt(this.ledger, receipt);
    });
  }

  /** Receipts from a position on, at most `most`. */
  receiptsFrom(position: number, most: number): readonly SignedReceipt[] {
    const rows = this.#database
      .prepare('SELECT * FROM receipts WHERE position >= ? ORDER BY position LIMIT ?')
      .all(position, most);
    return rows.map((row) => {
      const parsed = parseReceiptRow(row);
      assert(parsed !== undefined, 'the journal was verified when it was opened');
      return parsed;
    });
  }

  /** Digest of the receipt at a position, or undefined beyond the end. */
  digestAt(position: number): string | undefined {
    const row = this.#database
      .prepare('SELECT digest FROM receipts WHERE position = ?')
      .get(position);
    return row === undefined ? undefined : String(row['digest']);
  }

  /** Closes the file. Harmless when it is closed already. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

/**
 * Compares the journal with the receipts of this signer that stand in the log. Refuses with `journal.rolledback`
 * when the log holds more of them, or others, than the journal: it is an older copy, or a clone has run beside it.
 */
export function compareWithLog(journal: Journal, inLog: Ledger | undefined): Result<null> {
  if (inLog === undefined || inLog.position === 0) return ok(null);
  const last = inLog.position - 1;
  const own = journal.digestAt(last);
  if (own === inLog.previous) return ok(null);
  return refuse('journal.rolledback', {
    log: inLog.position,
    journal: journal.ledger.position,
    reason: own === undefined ? 'records are missing' : 'another record stands in the log',
  });
}

function invalid(facts: Facts): ReturnType<typeof refuse> {
  return refuse('journal.invalid', facts);
}

function readIdentity(database: DatabaseSync): Result<JournalIdentity> {
  const rows = database.prepare('SELECT name, value FROM identity').all();
  const identity = parseIdentity(
    Object.fromEntries(rows.map((row) => [String(row['name']), row['value']])),
  );
  return identity.ok ? identity : invalid({ reason: 'identity' });
}

type Row = Readonly<Record<string, unknown>>;

function parseReceiptRow(row: Row): SignedReceipt | undefined {
  const { receipt: bytes, signature } = row;
  if (!(bytes instanceof Uint8Array) || typeof signature !== 'string') return undefined;
  const json = parseCanonical(bytes);
  if (!json.ok) return undefined;
  const receipt = parseWith(receiptSchema, json.value);
  return receipt.ok ? { receipt: receipt.value, signature } : undefined;
}

/** Folds every receipt and checks form, owner, chain, digest and signature, in that order. */
function verifyReceipts(database: DatabaseSync, identity: JournalIdentity): Result<Ledger> {
  const ledger = createLedger();
  const isSigned = ownReceiptVerifier(identity.signer);
  for (const row of database.prepare('SELECT * FROM receipts ORDER BY position').iterate()) {
    const { position } = ledger;
    const wrong = (reason: string): Result<never> => invalid({ position, reason });
    if (row['position'] !== position) return wrong('a record is missing');
    const signed = parseReceiptRow(row);
    if (signed === undefined) return wrong('a record is malformed');
    const { receipt, signature } = signed;
    if (
      receipt.org !== identity.genesis ||
      receipt.wallet !== identity.wallet ||
      receipt.signer !== identity.signer
    )
      return wrong('a record of another signer');
    if (row['digest'] !== receiptDigest(receipt)) return wrong('a record has another digest');
    if (!isSigned(receiptDigestBytes(receipt), signature))
      return wrong('a record has another signature');
    const next = checkReceipt(ledger, receipt);
    if (!next.ok) return wrong(`a record breaks the chain: ${next.refusal.code}`);
    applyReceipt(ledger, receipt);
  }
  return ok(ledger);
}
