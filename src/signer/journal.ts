import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { LogStore } from '../client/log-store.ts';
import { DATABASE_PRAGMAS, inOneUnit, insertBlob, SqliteLog } from '../client/sqlite-log.ts';
import { assert } from '../core/base/assert.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { parseEntry } from '../core/log/entry.ts';
import type { Ledger } from '../core/log/ledger.ts';
import { applyReceipt, checkReceipt, createLedger } from '../core/log/ledger.ts';
import { receiptDigest, receiptDigestBytes } from '../core/log/receipt.ts';
import {
  invalid,
  parseReceiptRow,
  readIdentity,
  verifyKeptLog,
  verifyReceipts,
} from './journal-check.ts';
import type { JournalIdentity } from './journal-identity.ts';
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
   * `journal.invalid` with the position of the first record that was edited, removed or is another signer's, or of what was
   * edited or removed of the log beside them (journal-check.ts). Not checked here: whether newer records were cut off, which only the log can tell ({@link compareWithLog}).
   */
  static open(path: string): Result<Journal> {
    if (!existsSync(path))
      return refuse('journal.invalid', { reason: 'there is no journal', path });
    const database = new DatabaseSync(path, { timeout: 0, allowExtension: false });
    try {
      database.exec(DATABASE_PRAGMAS);
      const journal = Journal.#verified(database);
      if (!journal.ok) database.close();
      return journal;
    } catch (error) {
      if (database.isOpen) database.close();
      const { errcode } = error as { errcode?: number };
      if (errcode === undefined) throw error;
      if (errcode === SQLITE_BUSY) return refuse('journal.locked', { path });
      return invalid({ reason: 'not a journal', sqlite: errcode });
    }
  }

  static #verified(database: DatabaseSync): Result<Journal> {
    const identity = readIdentity(database);
    if (!identity.ok) return identity;
    const ledger = verifyReceipts(database, identity.value);
    if (!ledger.ok) return ledger;
    const log = verifyKeptLog(database, ledger.value);
    return log.ok ? ok(new Journal(database, identity.value, ledger.value)) : log;
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

  /** Writes a copy of the whole file, on the disk when this returns. Requires that there is none. */
  copyTo(path: string): void {
    this.#database.prepare('VACUUM INTO ?').run(path);
  }

  /** Closes the file. Harmless when it is closed already. */
  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

/**
 * Compares the journal with the receipts of this signer that stand in the log. Refuses with `journal.rolledback` and the first
 * `position` that differs when the log holds more of them, or others, than the journal: it is an older copy, or a clone has run
 * beside it.
 */
export function compareWithLog(journal: Journal, inLog: Ledger | undefined): Result<null> {
  if (inLog === undefined || inLog.position === 0) return ok(null);
  if (journal.digestAt(inLog.position - 1) === inLog.previous) return ok(null);
  const position = firstDifference(journal);
  return refuse('journal.rolledback', {
    position,
    log: inLog.position,
    journal: journal.ledger.position,
    reason:
      position === journal.ledger.position
        ? 'records are missing'
        : 'another record stands in the log',
  });
}

/** The position of the first receipt in the log, as it is kept here, that the journal has not. */
function firstDifference(journal: Journal): number {
  const { identity, ledger, log } = journal;
  const isSigned = ownReceiptVerifier(identity.signer);
  const inLog = createLedger();
  for (const leaf of log.leaves(log.head()?.size ?? 0)) {
    const entry = parseEntry(leaf);
    if (!entry.ok || entry.value.type !== 'receipt') continue;
    const { receipt, signature } = entry.value;
    if (receipt.wallet !== identity.wallet || receipt.signer !== identity.signer) continue;
    // What stands there without effect is no receipt of ours.
    if (!checkReceipt(inLog, receipt).ok) continue;
    if (!isSigned(receiptDigestBytes(receipt), signature)) continue;
    if (journal.digestAt(receipt.position) !== receiptDigest(receipt)) return receipt.position;
    applyReceipt(inLog, receipt);
  }
  return ledger.position;
}
