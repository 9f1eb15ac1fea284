import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Outpoint } from '../chain/transactions.ts';
import type { FoundCoin } from '../chain/watch.ts';
import type { Seconds } from '../core/base/time.ts';
import type { UnexplainedSpend } from '../core/watch/watchman.ts';

/** Of the tables below: a file of another form is thrown away, and the chain read anew. */
const FORM = 1;
const SQLITE_BUSY = 5;

const SCHEMA = `
CREATE TABLE block (
  height INTEGER PRIMARY KEY NOT NULL,
  hash TEXT NOT NULL,
  time INTEGER NOT NULL
) STRICT;

CREATE TABLE wallet (
  id TEXT PRIMARY KEY NOT NULL,
  scanned INTEGER NOT NULL,
  receive_next INTEGER NOT NULL,
  change_next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE coin (
  txid TEXT NOT NULL,
  vout INTEGER NOT NULL,
  wallet TEXT NOT NULL,
  height INTEGER NOT NULL,
  spent_by TEXT,
  spent_height INTEGER,
  PRIMARY KEY (txid, vout)
) STRICT, WITHOUT ROWID;
CREATE INDEX coin_height ON coin (height);
CREATE INDEX coin_spent ON coin (spent_height, spent_by, wallet);

-- What spends coins of a wallet in a block. Judged: explained, history, or told as an alert.
CREATE TABLE spend (
  wallet TEXT NOT NULL,
  txid TEXT NOT NULL,
  height INTEGER NOT NULL,
  raw BLOB NOT NULL,
  judged INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (wallet, txid)
) STRICT, WITHOUT ROWID;
CREATE INDEX spend_height ON spend (height);
CREATE INDEX spend_unjudged ON spend (wallet, height) WHERE judged = 0;

-- Of a spend by its bytes without signatures, so once however it is written. No reorganisation takes it back.
CREATE TABLE alert (
  wallet TEXT NOT NULL,
  spend TEXT NOT NULL,
  txid TEXT NOT NULL,
  at INTEGER NOT NULL,
  frozen INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (wallet, spend)
) STRICT, WITHOUT ROWID;
`;

export interface ScannedWallet {
  readonly id: string;
  /** Height of the last block that it was read in. */
  readonly scanned: number;
  /** One above the highest index used or given out, of receive and change. */
  readonly next: readonly [number, number];
}

export interface StoredSpend {
  readonly txid: string;
  readonly height: number;
  /** Of the block's header, or null where it was not kept. */
  readonly time: Seconds | null;
  /** Without its witness. */
  readonly raw: Uint8Array;
  /** The wallet's coins that it spends. */
  readonly outpoints: readonly string[];
}

export interface OpenCoin {
  readonly outpoint: string;
  readonly wallet: string;
}

/**
 * What the watchman knows of the chain, in a SQLite file of its own: hashes of blocks, the wallets' coins, what spent them. All of
 * it can be read again, so that a spoiled file is thrown away; what people were told stands in the sentinel's state. A
 * block is written whole or not at all, so that the process may be killed at any moment.
 */
export class WatchStore {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  static open(path: string): WatchStore {
    const known = openKnown(path);
    if (known !== null) return new WatchStore(known);
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
    const database = begin(path);
    database.exec(`BEGIN;${SCHEMA}PRAGMA user_version = ${String(FORM)};COMMIT;`);
    return new WatchStore(database);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** All of the work is kept, or none. */
  inOneUnit<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const done = work();
      this.#database.exec('COMMIT');
      return done;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  addWallet(id: string, birth: number): void {
    this.#run('INSERT OR IGNORE INTO wallet VALUES (?, ?, 0, 0)', id, birth - 1);
  }

  wallets(): readonly ScannedWallet[] {
    return this.#all('SELECT * FROM wallet ORDER BY scanned, id').map((row) => ({
      id: String(row['id']),
      scanned: Number(row['scanned']),
      next: [Number(row['receive_next']), Number(row['change_next'])],
    }));
  }

  setNext(id: string, [receive, change]: readonly [number, number]): void {
    this.#run(
      `UPDATE wallet SET receive_next = max(receive_next, ?), change_next = max(change_next, ?)
       WHERE id = ?`,
      receive,
      change,
      id,
    );
  }

  tip(): { readonly height: number; readonly hash: string } | null {
    const row = this.#get('SELECT height, hash FROM block ORDER BY height DESC LIMIT 1');
    return row === undefined ? null : { height: Number(row['height']), hash: String(row['hash']) };
  }

  hashAt(height: number): string | null {
    const row = this.#get('SELECT hash FROM block WHERE height = ?', height);
    return row === undefined ? null : String(row['hash']);
  }

  /** Notes a block as read for some wallets. */
  addBlock(
    { height, hash, time }: { height: number; hash: string; time: number },
    wallets: Iterable<string>,
  ): void {
    this.#run('INSERT OR IGNORE INTO block VALUES (?, ?, ?)', height, hash, time);
    for (const id of wallets)
      this.#run('UPDATE wallet SET scanned = max(scanned, ?) WHERE id = ?', height, id);
  }

  addCoin({ txid, vout, place }: FoundCoin, height: number): void {
    this.#run(
      'INSERT OR IGNORE INTO coin VALUES (?, ?, ?, ?, NULL, NULL)',
      txid,
      vout,
      place.wallet,
      height,
    );
  }

  /** The wallet whose coin this is, and where it is spent; undefined of a stranger's. */
  coin([txid, vout]: Outpoint): { wallet: string; spentHeight: number | null } | undefined {
    const row = this.#get(
      'SELECT wallet, spent_height FROM coin WHERE txid = ? AND vout = ?',
      txid,
      vout,
    );
    if (row === undefined) return undefined;
    const height = row['spent_height'];
    return { wallet: String(row['wallet']), spentHeight: height === null ? null : Number(height) };
  }

  /** Notes a coin as spent by a transaction of a block. */
  spend([txid, vout]: Outpoint, by: { txid: string; height: number; raw: Uint8Array }): void {
    this.#run(
      'UPDATE coin SET spent_by = ?, spent_height = ? WHERE txid = ? AND vout = ?',
      by.txid,
      by.height,
      txid,
      vout,
    );
    this.#run(
      `INSERT OR IGNORE INTO spend (wallet, txid, height, raw)
       SELECT wallet, ?, ?, ? FROM coin WHERE txid = ? AND vout = ?`,
      by.txid,
      by.height,
      by.raw,
      txid,
      vout,
    );
  }

  /** Takes the highest block off again: everything is as it was before it was read. */
  rollBack(height: number): void {
    this.#run(
      'UPDATE coin SET spent_by = NULL, spent_height = NULL WHERE spent_height = ?',
      height,
    );
    this.#run('DELETE FROM coin WHERE height = ?', height);
    this.#run('DELETE FROM spend WHERE height = ?', height);
    this.#run('UPDATE wallet SET scanned = ? WHERE scanned >= ?', height - 1, height);
    this.#run('DELETE FROM block WHERE height = ?', height);
  }

  /** Coins that no block spends, behind an outpoint in the order of their rows. */
  open(after: Outpoint, limit: number): readonly OpenCoin[] {
    return this.#all(
      `SELECT txid || ':' || vout AS outpoint, wallet FROM coin
       WHERE spent_height IS NULL AND (txid, vout) > (?, ?) ORDER BY txid, vout LIMIT ?`,
      ...after,
      limit,
    ).map((row) => ({ outpoint: String(row['outpoint']), wallet: String(row['wallet']) }));
  }

  /** Spends of a wallet's coins in blocks that have no judgement yet, the oldest first. */
  unjudged(wallet: string, limit: number): readonly StoredSpend[] {
    return this.#all(
      `SELECT s.txid, s.height, s.raw, b.time,
         (SELECT json_group_array(c.txid || ':' || c.vout ORDER BY c.txid, c.vout) FROM coin c
          WHERE c.spent_height = s.height AND c.spent_by = s.txid AND c.wallet = s.wallet) AS outpoints
       FROM spend s LEFT JOIN block b ON b.height = s.height
       WHERE s.wallet = ? AND s.judged = 0 ORDER BY s.height, s.txid LIMIT ?`,
      wallet,
      limit,
    ).map((row) => ({
      txid: String(row['txid']),
      height: Number(row['height']),
      time: typeof row['time'] === 'number' ? row['time'] : null,
      raw: row['raw'] as Uint8Array,
      outpoints: JSON.parse(String(row['outpoints'])) as readonly string[],
    }));
  }

  judge(wallet: string, txid: string): void {
    this.#run('UPDATE spend SET judged = 1 WHERE wallet = ? AND txid = ?', wallet, txid);
  }

  /** How an alert stands: null when it was never told. */
  alert({ wallet, transaction }: UnexplainedSpend): { readonly isFrozen: boolean } | null {
    const row = this.#get(
      'SELECT frozen FROM alert WHERE wallet = ? AND spend = ?',
      wallet,
      transaction,
    );
    return row === undefined ? null : { isFrozen: row['frozen'] === 1 };
  }

  addAlert({ wallet, transaction, txid }: UnexplainedSpend, at: Seconds): void {
    this.#run('INSERT OR IGNORE INTO alert VALUES (?, ?, ?, ?, 0)', wallet, transaction, txid, at);
  }

  /** Wallets of which an alert was told and that are not frozen for it: how many spends, and one of them. */
  toFreeze(): readonly {
    readonly wallet: string;
    readonly spends: number;
    readonly txid: string;
  }[] {
    return this.#all(
      `SELECT wallet, count(*) AS spends, min(txid) AS txid FROM alert WHERE frozen = 0
       GROUP BY wallet ORDER BY wallet`,
    ).map((row) => ({
      wallet: String(row['wallet']),
      spends: Number(row['spends']),
      txid: String(row['txid']),
    }));
  }

  frozen(wallet: string): void {
    this.#run('UPDATE alert SET frozen = 1 WHERE wallet = ?', wallet);
  }

  #run(sql: string, ...values: readonly (string | number | Uint8Array)[]): void {
    this.#prepared(sql).run(...values);
  }

  #get(sql: string, ...values: readonly (string | number)[]) {
    return this.#prepared(sql).get(...values);
  }

  #all(sql: string, ...values: readonly (string | number)[]) {
    return this.#prepared(sql).all(...values);
  }

  readonly #statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();

  #prepared(sql: string): ReturnType<DatabaseSync['prepare']> {
    const known = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }
}

/** The file as it is, or null where it is none of ours: new, of another form, or spoiled. */
function openKnown(path: string): DatabaseSync | null {
  let database: DatabaseSync | undefined;
  try {
    database = begin(path);
    const form = database.prepare('PRAGMA user_version').get()?.['user_version'];
    const check = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    if (form === FORM && check === 'ok') return database;
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    if (errcode === undefined || errcode === SQLITE_BUSY) throw error;
  }
  if (database?.isOpen === true) database.close();
  return null;
}

/** Synchronous NORMAL: a power cut may take back the last blocks, which are read again. */
function begin(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0, allowExtension: false });
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
      PRAGMA trusted_schema = OFF; BEGIN EXCLUSIVE; COMMIT;`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
