import { Transaction } from 'bitcoinjs-lib';
import { z } from 'zod';
import type { Sats } from '../../core/base/sats.ts';
import { sats } from '../../core/base/sats.ts';
import type { Sql } from './sql.ts';
import { SANDBOX_LOCK } from './sql.ts';

// PostgreSQL's bigint arrives as text.
const big = z.string().regex(/^\d+$/).transform(BigInt);
const wholeBig = big.transform(Number);
const bytes = z.instanceof(Uint8Array).transform((value) => Uint8Array.from(value));

const blockRow = z.object({ hash: z.string(), height: z.int(), time: wholeBig, raw: bytes });
const transactionRow = z.object({
  txid: z.string(),
  raw: bytes,
  height: z.int().nullable(),
  fee_sats: big,
  vsize: z.int(),
  coinbase: z.boolean(),
});
const coinRow = z.object({
  txid: z.string(),
  vout: z.int(),
  sats: big,
  script: bytes,
  spent_by: z.string().nullable(),
  height: z.int().nullable(),
  coinbase: z.boolean(),
});

const spenderRow = z.object({ txid: z.string(), vout: z.int(), spender: z.string() });

export interface StoredBlock {
  readonly hash: string;
  readonly height: number;
  readonly time: number;
  readonly raw: Uint8Array;
}

export interface StoredTransaction {
  readonly txid: string;
  readonly raw: Uint8Array;
  /** null in the mempool. */
  readonly height: number | null;
  readonly feeSats: bigint;
  readonly vsize: number;
  readonly coinbase: boolean;
}

export interface StoredCoin {
  readonly txid: string;
  readonly vout: number;
  readonly sats: Sats;
  readonly script: Uint8Array;
  readonly spentBy: string | null;
  /** null while its transaction waits in the mempool. */
  readonly height: number | null;
  readonly coinbase: boolean;
}

const transactionColumns = 'txid, raw, height, fee_sats, vsize, coinbase';
const coinColumns = 'c.txid, c.vout, c.sats, c.script, c.spent_by, t.height, t.coinbase';

/** The sandbox's tables. Every method runs in the caller's transaction; those that write need {@link lock} first. */
export class SandboxStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** One writer at a time over all server processes, until the transaction ends. */
  async lock(): Promise<void> {
    await this.#sql.query('SELECT pg_advisory_xact_lock($1)', [SANDBOX_LOCK]);
  }

  async tip(): Promise<StoredBlock | null> {
    const rows = await this.#sql.query(
      `SELECT hash, height, time, raw FROM sandbox_block WHERE active ORDER BY height DESC LIMIT 1`,
    );
    return rows[0] === undefined ? null : blockRow.parse(rows[0]);
  }

  async blockAt(height: number): Promise<StoredBlock | null> {
    const rows = await this.#sql.query(
      `SELECT hash, height, time, raw FROM sandbox_block WHERE active AND height = $1`,
      [height],
    );
    return rows[0] === undefined ? null : blockRow.parse(rows[0]);
  }

  async blockOf(hash: string): Promise<StoredBlock | null> {
    const rows = await this.#sql.query(
      `SELECT hash, height, time, raw FROM sandbox_block WHERE hash = $1`,
      [hash],
    );
    return rows[0] === undefined ? null : blockRow.parse(rows[0]);
  }

  /** Blocks ever built, stale ones too. */
  async blocksBuilt(): Promise<bigint> {
    const rows = await this.#sql.query(`SELECT count(*) AS built FROM sandbox_block`);
    return z.object({ built: big }).parse(rows[0]).built;
  }

  /** BIP 113: the median of the times of the eleven blocks up to a height. */
  async medianTimePast(height: number): Promise<number> {
    const rows = await this.#sql.query(
      `SELECT time FROM sandbox_block WHERE active AND height BETWEEN $1 AND $2 ORDER BY time`,
      [height - 10, height],
    );
    const times = rows.map((row) => z.object({ time: wholeBig }).parse(row).time);
    return times[Math.floor(times.length / 2)] ?? 0;
  }

  async transaction(txid: string): Promise<StoredTransaction | null> {
    const rows = await this.#sql.query(
      `SELECT ${transactionColumns} FROM sandbox_transaction WHERE txid = $1`,
      [txid],
    );
    return rows[0] === undefined ? null : readTransaction(rows[0]);
  }

  /** Parents before children. */
  async mempool(): Promise<readonly StoredTransaction[]> {
    const rows = await this.#sql.query(
      `SELECT ${transactionColumns} FROM sandbox_transaction WHERE height IS NULL ORDER BY arrival`,
    );
    return rows.map(readTransaction);
  }

  /** Of the coins asked for, those that exist, in no order. */
  async coins(outpoints: readonly (readonly [string, number])[]): Promise<readonly StoredCoin[]> {
    const rows = await this.#sql.query(
      `SELECT ${coinColumns} FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       JOIN sandbox_coin c USING (txid, vout) JOIN sandbox_transaction t USING (txid)`,
      [outpoints.map(([txid]) => txid), outpoints.map(([, vout]) => vout)],
    );
    return rows.map(readCoin);
  }

  /** Of the coins asked for, those that the mempool spends, and by what. */
  async spenders(
    outpoints: readonly (readonly [string, number])[],
  ): Promise<readonly [string, string][]> {
    const rows = await this.#sql.query(
      `SELECT c.txid, c.vout, c.spent_by AS spender FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       JOIN sandbox_coin c USING (txid, vout)
       JOIN sandbox_transaction t ON t.txid = c.spent_by WHERE t.height IS NULL`,
      [outpoints.map(([txid]) => txid), outpoints.map(([, vout]) => vout)],
    );
    return rows.map((row) => {
      const { txid, vout, spender } = spenderRow.parse(row);
      return [`${txid}:${String(vout)}`, spender];
    });
  }

  /** Unspent coins of a script, largest first. */
  async coinsOf(script: Uint8Array, most: number): Promise<readonly StoredCoin[]> {
    const rows = await this.#sql.query(
      `SELECT ${coinColumns} FROM sandbox_coin c JOIN sandbox_transaction t USING (txid)
       WHERE c.script = $1 AND c.spent_by IS NULL ORDER BY c.sats DESC, c.txid, c.vout LIMIT $2`,
      [script, most],
    );
    return rows.map(readCoin);
  }

  /** Transactions in the mempool that spend, however indirectly, from one of `txids`; these included. */
  async withDescendants(txids: readonly string[]): Promise<readonly StoredTransaction[]> {
    const rows = await this.#sql.query(
      `WITH RECURSIVE family (txid) AS (
         SELECT unnest($1::text[])
         UNION
         SELECT c.spent_by FROM family f JOIN sandbox_coin c ON c.txid = f.txid
         WHERE c.spent_by IS NOT NULL)
       SELECT ${transactionColumns} FROM sandbox_transaction JOIN family USING (txid)`,
      [txids],
    );
    return rows.map(readTransaction);
  }

  async insertTransaction(transaction: StoredTransaction): Promise<void> {
    const { txid, raw, height, feeSats, vsize, coinbase } = transaction;
    const { ins, outs } = Transaction.fromBuffer(raw);
    await this.#sql.query(
      `INSERT INTO sandbox_transaction (txid, raw, height, fee_sats, vsize, coinbase)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [txid, raw, height, feeSats.toString(), vsize, coinbase],
    );
    await this.#sql.query(
      `INSERT INTO sandbox_coin (txid, vout, sats, script)
       SELECT $1, vout - 1, sats, script
       FROM unnest($2::bigint[], $3::bytea[]) WITH ORDINALITY AS o (sats, script, vout)`,
      [txid, outs.map((out) => out.value.toString()), outs.map((out) => Buffer.from(out.script))],
    );
    if (coinbase) return;
    await this.#sql.query(
      `UPDATE sandbox_coin c SET spent_by = $1
       FROM unnest($2::text[], $3::integer[]) AS w (txid, vout)
       WHERE c.txid = w.txid AND c.vout = w.vout`,
      [
        txid,
        ins.map((input) => Buffer.from(input.hash).reverse().toString('hex')),
        ins.map((input) => input.index),
      ],
    );
  }

  /** Forgets transactions and frees the coins they spent. Requires their descendants among them. */
  async removeTransactions(txids: readonly string[]): Promise<void> {
    await this.#sql.query(`UPDATE sandbox_coin SET spent_by = NULL WHERE spent_by = ANY ($1)`, [
      txids,
    ]);
    await this.#sql.query(`DELETE FROM sandbox_transaction WHERE txid = ANY ($1)`, [txids]);
  }

  async insertBlock(block: StoredBlock, confirmed: readonly string[]): Promise<void> {
    await this.#sql.query(
      `INSERT INTO sandbox_block (hash, height, time, raw, active) VALUES ($1, $2, $3, $4, true)`,
      [block.hash, block.height, block.time, block.raw],
    );
    await this.#sql.query(`UPDATE sandbox_transaction SET height = $1 WHERE txid = ANY ($2)`, [
      block.height,
      confirmed,
    ]);
  }

  /**
   * Takes the blocks above a height off the best chain: their transactions wait in the mempool again, but for
   * the coinbases, which are gone with all that was spent from them.
   */
  async disconnectAbove(height: number): Promise<void> {
    await this.#sql.query(`UPDATE sandbox_block SET active = false WHERE height > $1`, [height]);
    const rows = await this.#sql.query(
      `SELECT txid FROM sandbox_transaction WHERE coinbase AND height > $1`,
      [height],
    );
    const coinbases = rows.map((row) => z.object({ txid: z.string() }).parse(row).txid);
    const lost = await this.withDescendants(coinbases);
    await this.removeTransactions(lost.map(({ txid }) => txid));
    await this.#sql.query(`UPDATE sandbox_transaction SET height = NULL WHERE height > $1`, [
      height,
    ]);
  }
}

function readTransaction(row: unknown): StoredTransaction {
  const { fee_sats: feeSats, ...rest } = transactionRow.parse(row);
  return { ...rest, feeSats };
}

function readCoin(row: unknown): StoredCoin {
  const { spent_by: spentBy, sats: amount, ...rest } = coinRow.parse(row);
  return { ...rest, spentBy, sats: sats(amount) };
}
