import type { DatabaseSync } from 'node:sqlite';
import type { LogStore } from '../client/log-store.ts';
import { assert } from '../core/base/assert.ts';
import { blobAddress } from '../core/base/digest.ts';

/** Runs the work in one unit: all of it is on the disk when this returns, or none. */
export function inOneUnit(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
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

/** The whole log as the signer has read it, beside its receipts: what it decided on stays at hand. */
export class JournalLog implements LogStore {
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
      assert(row?.['size'] === from, 'one process at a time has the journal');
      const insert = this.#database.prepare('INSERT INTO leaves (position, leaf) VALUES (?, ?)');
      leaves.forEach((leaf, at) => insert.run(from + at, leaf));
      this.#database
        .prepare('INSERT INTO checkpoints (size, note) VALUES (?, ?)')
        .run(from + leaves.length, note);
    });
  }
}
