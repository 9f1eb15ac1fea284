import type { DatabaseSync } from 'node:sqlite';
import { assert } from '../core/base/assert.ts';
import { blobAddress } from '../core/base/digest.ts';
import type { LogStore } from './log-store.ts';

/**
 * The SQLite files of processes that must not forget: the signer's journal and the sentinel's state. Both keep the whole log that
 * they read, beside what is their own.
 */

/**
 * One process at a time: the exclusive lock is taken at once and held until the file is closed or the process
 * ends. Synchronous FULL: what was written survives a power cut, before anything is signed or sent.
 */
export const DATABASE_PRAGMAS = `
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA trusted_schema = OFF;
BEGIN EXCLUSIVE;
COMMIT;
`;

/** Triggers that refuse UPDATE and DELETE, so that a bug of ours stops the process instead of rewriting its memory. */
export function appendOnly(...tables: readonly string[]): string {
  return tables
    .flatMap((table) =>
      ['UPDATE', 'DELETE'].map(
        (verb) => `
CREATE TRIGGER ${table}_no_${verb.toLowerCase()} BEFORE ${verb} ON ${table}
BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END;`,
      ),
    )
    .join('');
}

/** The tables of {@link SqliteLog}. */
export const LOG_SCHEMA = `
CREATE TABLE leaves (
  position INTEGER PRIMARY KEY NOT NULL CHECK (position >= 0),
  leaf BLOB NOT NULL
) STRICT;

CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),
  bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Every checkpoint that was verified, by the size of its tree.
CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY NOT NULL CHECK (size >= 0),
  note TEXT NOT NULL
) STRICT;
${appendOnly('leaves', 'blobs', 'checkpoints')}

CREATE TRIGGER leaves_without_gap BEFORE INSERT ON leaves
WHEN NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM leaves)
BEGIN SELECT RAISE(ABORT, 'leaves have no gaps'); END;
`;

/** Runs the work in one unit: all of it is on the disk when this returns, or none. */
export function inOneUnit<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const done = work();
    database.exec('COMMIT');
    return done;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** Keeps a blob under its hash; one that is there already stays. */
export function insertBlob(database: DatabaseSync, bytes: Uint8Array): void {
  database
    .prepare('INSERT OR IGNORE INTO blobs (sha256, bytes) VALUES (?, ?)')
    .run(blobAddress(bytes), bytes);
}

/** The whole log as a process has read it: what it decided on stays at hand. */
export class SqliteLog implements LogStore {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  head(): { readonly size: number; readonly note: string } | null {
    const row = this.#database
      .prepare('SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1')
      .get();
    return row === undefined ? null : { size: Number(row['size']), note: String(row['note']) };
  }

  *leaves(size: number): Generator<Uint8Array> {
    const rows = this.#database
      .prepare('SELECT leaf FROM leaves ORDER BY position LIMIT ?')
      .iterate(size);
    for (const { leaf } of rows) {
      assert(leaf instanceof Uint8Array, 'leaves are bytes');
      yield leaf;
    }
  }

  blob(sha256: string): Uint8Array | undefined {
    const row = this.#database.prepare('SELECT bytes FROM blobs WHERE sha256 = ?').get(sha256);
    const bytes = row?.['bytes'];
    // Bytes that were edited are as good as missing: they never enter the fold.
    return bytes instanceof Uint8Array && blobAddress(bytes) === sha256 ? bytes : undefined;
  }

  putBlobs(blobs: ReadonlyMap<string, Uint8Array>): void {
    inOneUnit(this.#database, () => {
      for (const bytes of blobs.values()) insertBlob(this.#database, bytes);
    });
  }

  append(from: number, leaves: readonly Uint8Array[], note: string): void {
    inOneUnit(this.#database, () => {
      const row = this.#database
        .prepare('SELECT coalesce(max(position) + 1, 0) AS size FROM leaves')
        .get();
      assert(row?.['size'] === from, 'one process at a time has the file');
      const insert = this.#database.prepare('INSERT INTO leaves (position, leaf) VALUES (?, ?)');
      leaves.forEach((leaf, at) => insert.run(from + at, leaf));
      this.#database
        .prepare('INSERT INTO checkpoints (size, note) VALUES (?, ?)')
        .run(from + leaves.length, note);
    });
  }
}
