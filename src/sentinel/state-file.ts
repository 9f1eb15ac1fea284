import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DATABASE_PRAGMAS, inOneUnit, SqliteLog } from '../client/sqlite-log.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { parseWith } from '../core/base/schema.ts';
import type { Identity } from './identity.ts';
import { identitySchema } from './identity.ts';
import { STATE_SCHEMA } from './state-schema.ts';

const SQLITE_BUSY = 5;

/** What lies in a sentinel's folder. Nobody but its user may read it. */
export function sentinelFolder(folder: string): {
  readonly state: string;
  readonly keys: string;
  /** What the watchman read of the chain: whoever deletes it has it read anew. */
  readonly coins: string;
} {
  return {
    state: join(folder, 'sentinel.sqlite'),
    keys: join(folder, 'keys.json'),
    coins: join(folder, 'coins.sqlite'),
  };
}

/**
 * All that a sentinel remembers, in one SQLite file. Append-only; one process at a time. Every write is on the disk when the call
 * returns, so that nothing is cosigned or acknowledged before.
 */
export class StateFile {
  readonly identity: Identity;
  readonly database: DatabaseSync;
  /** The log as it was followed. */
  readonly log: SqliteLog;

  private constructor(database: DatabaseSync, identity: Identity) {
    this.database = database;
    this.identity = identity;
    this.log = new SqliteLog(database);
  }

  /** Makes the file, once. Code `sentinel.state.exists`: a second state would cosign what the first one would not. */
  static create(path: string, identity: Identity): Result<null> {
    if (existsSync(path)) return refuse('sentinel.state.exists', { path });
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const half = `${path}.new`;
    for (const suffix of ['', '-wal', '-shm']) rmSync(half + suffix, { force: true });
    const database = new DatabaseSync(half);
    try {
      database.exec('PRAGMA synchronous = FULL;');
      database.exec(`BEGIN;${STATE_SCHEMA}`);
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

  /** Codes: `sentinel.state.locked` while another process has it; `sentinel.state.invalid`. */
  static open(path: string): Result<StateFile> {
    if (!existsSync(path)) return refuse('sentinel.state.invalid', { reason: 'not there', path });
    const database = new DatabaseSync(path, { timeout: 0, allowExtension: false });
    try {
      database.exec(DATABASE_PRAGMAS);
      const identity = readIdentity(database);
      if (identity.ok) return ok(new StateFile(database, identity.value));
      database.close();
      return refuse('sentinel.state.invalid', { reason: 'identity', path });
    } catch (error) {
      if (database.isOpen) database.close();
      const { errcode } = error as { errcode?: number };
      if (errcode === undefined) throw error;
      if (errcode === SQLITE_BUSY) return refuse('sentinel.state.locked', { path });
      return refuse('sentinel.state.invalid', { reason: 'no state of a sentinel', path });
    }
  }

  /** All of the work is on the disk when this returns, or none. */
  inOneUnit<T>(work: () => T): T {
    return this.database.isTransaction ? work() : inOneUnit(this.database, work);
  }

  /** Closes the file. Harmless when it is closed already. */
  close(): void {
    if (this.database.isOpen) this.database.close();
  }
}

function readIdentity(database: DatabaseSync): Result<Identity> {
  const rows = database.prepare('SELECT name, value FROM identity').all();
  const values = Object.fromEntries(rows.map((row) => [String(row['name']), row['value']]));
  return parseWith(identitySchema, values);
}
