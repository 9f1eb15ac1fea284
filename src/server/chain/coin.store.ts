import { z } from 'zod';
import { COINS_READ } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Sats } from '../../core/base/sats.ts';
import { sats } from '../../core/base/sats.ts';
import type { Seconds } from '../../core/base/time.ts';
import type { Branch } from '../../core/wallet/wallet.ts';
import type { Outpoint } from '../../chain/transactions.ts';
import type { Sql } from './sql.ts';

export interface Coin {
  readonly txid: string;
  readonly vout: number;
  readonly sats: Sats;
  readonly script: Uint8Array;
  readonly branch: Branch;
  readonly index: number;
  readonly height: number;
  /** Somebody wants it left alone. */
  readonly isFrozen: boolean;
}

export interface Balance {
  /** Confirmed and not spent in a block. */
  readonly confirmedSats: Sats;
  /** Of the confirmed: what a transaction of ours that waits is about to spend. */
  readonly spendingSats: Sats;
  /** Of the confirmed: what drafts and proposals hold. */
  readonly lockedSats: Sats;
  /** Change of ours that waits to be confirmed. */
  readonly unconfirmedSats: Sats;
}

export interface OwnTransaction {
  readonly txid: string;
  readonly raw: Uint8Array;
  readonly height: number | null;
  /** A block spent one of its coins otherwise: it can never confirm. */
  readonly conflicted: boolean;
}

const amount = z
  .string()
  .regex(/^\d+$/)
  .transform((text) => sats(BigInt(text)));
const bytes = z.instanceof(Uint8Array).transform((value) => Uint8Array.from(value));
const coinRow = z.object({
  txid: z.string(),
  vout: z.int(),
  sats: amount,
  script: bytes,
  branch: z.union([z.literal(0), z.literal(1)]),
  index: z.int(),
  height: z.int(),
  isFrozen: z.boolean(),
});
const balanceRow = z.object({
  confirmed: amount,
  spending: amount,
  locked: amount,
  unconfirmed: amount,
});
const lockRow = z.object({ txid: z.string(), vout: z.int(), holder: z.string() });
const spentRow = z.object({ txid: z.string(), vout: z.int() });
/** Why a coin cannot be spent now, or null; from which height on it can. */
const fitRow = z.object({
  txid: z.string(),
  vout: z.int(),
  code: z.enum(['coin.spent', 'coin.unconfirmed', 'coin.immature']).nullable(),
  mature: z.int().nullable(),
});
const nextRow = z.object({ receive_next: z.int(), change_next: z.int() });
const receiveRow = z.object({ wallet: z.string(), receive_next: z.int() });
const parentRow = z.object({ txid: z.string(), stripped: bytes });
const ownRow = z.object({
  txid: z.string(),
  raw: bytes,
  height: z.int().nullable(),
  conflicted: z.boolean(),
});

/** Consensus: a coinbase's outputs are spent a hundred blocks later at the earliest. */
const COINBASE_MATURITY = 100;

// A transaction of ours that can still confirm is about to spend the coin c.
const isSpending = `EXISTS (
  SELECT FROM pending_spend p JOIN wallet_transaction s ON s.txid = p.spender
  WHERE p.txid = c.txid AND p.vout = c.vout AND s.height IS NULL AND s.conflict_height IS NULL)`;

// The newest word on the coin c.
const isFrozen = `coalesce((SELECT f.frozen FROM coin_freeze f
  WHERE f.txid = c.txid AND f.vout = c.vout ORDER BY f.id DESC LIMIT 1), false)`;
const coinColumns = `c.txid, c.vout, c.sats, c.script, c.branch, c.index, c.height,
  ${isFrozen} AS "isFrozen"`;

/** The coins of the wallets, for those who choose among them. `now` is a clock in seconds since 1970. */
export class CoinStore {
  readonly #sql: Sql;
  readonly #now: () => Seconds;

  constructor(sql: Sql, now: () => Seconds) {
    this.#sql = sql;
    this.#now = now;
  }

  /** Confirmed, mature, unspent, held by nobody; the frozen among them; largest first. `tip` is the height of the best block. */
  async spendable(
    wallet: string,
    tip: number,
    page: { readonly from: number; readonly limit: number } = { from: 0, limit: COINS_READ },
  ): Promise<readonly Coin[]> {
    const rows = await this.#sql.query(
      `SELECT ${coinColumns}
       FROM wallet_coin c JOIN wallet_transaction t USING (txid)
       WHERE c.wallet = $1 AND c.spent_height IS NULL AND c.height IS NOT NULL
         AND (NOT t.coinbase OR c.height <= $2) AND NOT ${isSpending}
         AND NOT EXISTS (SELECT FROM coin_lock l WHERE l.txid = c.txid AND l.vout = c.vout
           AND (l.until IS NULL OR l.until > $3))
       ORDER BY c.sats DESC, c.txid, c.vout OFFSET $4 LIMIT $5`,
      [wallet, tip + 1 - COINBASE_MATURITY, this.#now(), page.from, page.limit],
    );
    return rows.map((row) => coinRow.parse(row));
  }

  /** The coins of a wallet among these outpoints, locked, spent or not. */
  async coins(wallet: string, outpoints: readonly Outpoint[]): Promise<readonly Coin[]> {
    const rows = await this.#sql.query(
      `SELECT ${coinColumns}
       FROM unnest($2::text[], $3::integer[]) AS w (txid, vout) JOIN wallet_coin c USING (txid, vout)
       WHERE c.wallet = $1 AND c.height IS NOT NULL`,
      [wallet, ...columns(outpoints)],
    );
    return rows.map((row) => coinRow.parse(row));
  }

  /** Whole transactions without witness, by txid: what a signer checks amounts by. */
  async parents(txids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>> {
    const rows = await this.#sql.query(
      `SELECT txid, stripped FROM wallet_transaction WHERE txid = ANY ($1)`,
      [txids],
    );
    return new Map(
      rows.map((row) => {
        const { txid, stripped } = parentRow.parse(row);
        return [txid, stripped];
      }),
    );
  }

  /**
   * Holds coins for a draft or proposal until a time, or without end: confirmed ones, and change of ours that waits. All or none; taking them again prolongs.
   * Requires a unit of work. Refuses with `coin.spent`, `coin.unconfirmed`, `coin.immature` and `coin.locked`.
   */
  async lock(
    outpoints: readonly Outpoint[],
    holder: string,
    until: Seconds | null,
  ): Promise<Result<null>> {
    const wanted = columns(outpoints);
    // the rows of the coins serialise those who want the same ones
    const coins = await this.#sql.query(
      `SELECT c.txid, c.vout, CASE
         WHEN c.spent_height IS NOT NULL THEN 'coin.spent'
         WHEN c.height IS NULL AND (t.conflict_height IS NOT NULL OR t.replaced_by IS NOT NULL)
           THEN 'coin.spent'
         WHEN c.height IS NULL AND NOT (c.branch = 1 AND t.raw IS NOT NULL) THEN 'coin.unconfirmed'
         WHEN t.coinbase AND c.height + ${COINBASE_MATURITY} > (SELECT max(height) FROM chain_block) + 1
           THEN 'coin.immature'
         ELSE NULL END AS code, c.height + ${COINBASE_MATURITY} AS mature
       FROM wallet_coin c JOIN wallet_transaction t USING (txid)
       WHERE (c.txid, c.vout) IN (SELECT * FROM unnest($1::text[], $2::integer[]))
       ORDER BY c.txid, c.vout FOR NO KEY UPDATE OF c`,
      wanted,
    );
    const known = new Map<string, z.output<typeof fitRow>>();
    for (const row of coins) {
      const fit = fitRow.parse(row);
      known.set(`${fit.txid}:${fit.vout}`, fit);
    }
    for (const [txid, vout] of outpoints) {
      const outpoint = `${txid}:${vout}`;
      const fit = known.get(outpoint);
      if (fit === undefined) return refuse('coin.spent', { outpoint });
      if (fit.code === 'coin.immature') return refuse(fit.code, { outpoint, from: fit.mature });
      if (fit.code !== null) return refuse(fit.code, { outpoint });
    }
    const held = await this.#sql.query(
      `SELECT txid, vout, holder FROM coin_lock
       JOIN unnest($1::text[], $2::integer[]) AS w (txid, vout) USING (txid, vout)
       WHERE holder <> $3 AND (until IS NULL OR until > $4) LIMIT 1`,
      [...wanted, holder, this.#now()],
    );
    if (held[0] !== undefined) {
      const { txid, vout, holder: other } = lockRow.parse(held[0]);
      return refuse('coin.locked', { outpoint: `${txid}:${vout}`, holder: other });
    }
    await this.#sql.query(
      `INSERT INTO coin_lock (txid, vout, holder, until)
       SELECT txid, vout, $3, $4 FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       ON CONFLICT (txid, vout) DO UPDATE SET holder = excluded.holder, until =
         CASE WHEN coin_lock.holder = excluded.holder
           AND (coin_lock.until IS NULL OR coin_lock.until > excluded.until)
         THEN coin_lock.until ELSE excluded.until END`,
      [...wanted, holder, until],
    );
    return ok(null);
  }

  /** Of these outpoints the first coin that a block has spent, or null. */
  async firstSpent(outpoints: readonly Outpoint[]): Promise<string | null> {
    const rows = await this.#sql.query(
      `SELECT c.txid, c.vout FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       JOIN wallet_coin c USING (txid, vout) WHERE c.spent_height IS NOT NULL
       ORDER BY c.txid, c.vout LIMIT 1`,
      columns(outpoints),
    );
    if (rows[0] === undefined) return null;
    const { txid, vout } = spentRow.parse(rows[0]);
    return `${txid}:${vout}`;
  }

  /** Hands what a draft holds over to its proposal, for as long as that lives. */
  async handOver(from: string, to: string, until: Seconds | null): Promise<void> {
    await this.#sql.query(`UPDATE coin_lock SET holder = $2, until = $3 WHERE holder = $1`, [
      from,
      to,
      until,
    ]);
  }

  async release(holder: string): Promise<void> {
    await this.#sql.query(`DELETE FROM coin_lock WHERE holder = $1`, [holder]);
  }

  async balance(wallet: string): Promise<Balance> {
    const rows = await this.#sql.query(
      `SELECT
         coalesce(sum(sats) FILTER (WHERE confirmed), 0)::text AS confirmed,
         coalesce(sum(sats) FILTER (WHERE confirmed AND spending), 0)::text AS spending,
         coalesce(sum(sats) FILTER (WHERE confirmed AND locked), 0)::text AS locked,
         coalesce(sum(sats) FILTER (WHERE coming), 0)::text AS unconfirmed
       FROM (
         SELECT c.sats, c.height IS NOT NULL AS confirmed, ${isSpending} AS spending,
           EXISTS (SELECT FROM coin_lock l WHERE l.txid = c.txid AND l.vout = c.vout
             AND (l.until IS NULL OR l.until > $2)) AS locked,
           t.height IS NULL AND t.conflict_height IS NULL AND t.replaced_by IS NULL
             AND NOT ${isSpending} AS coming
         FROM wallet_coin c JOIN wallet_transaction t USING (txid)
         WHERE c.wallet = $1 AND c.spent_height IS NULL) AS mine`,
      [wallet, this.#now()],
    );
    const { confirmed, spending, locked, unconfirmed } = balanceRow.parse(rows[0]);
    return {
      confirmedSats: confirmed,
      spendingSats: spending,
      lockedSats: locked,
      unconfirmedSats: unconfirmed,
    };
  }

  /** The lowest receive index above every used one and every one that was given out, by wallet. */
  async nextReceiveIndices(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#sql.query(`SELECT wallet, receive_next FROM followed_wallet`);
    return new Map(
      rows.map((row) => {
        const { wallet, receive_next: next } = receiveRow.parse(row);
        return [wallet, next];
      }),
    );
  }

  /** Whether the wallet was read up to the block that was read last: before, a used address may look unused. */
  async isRead(wallet: string): Promise<boolean> {
    const rows = await this.#sql.query(
      `SELECT FROM followed_wallet
       WHERE wallet = $1 AND scanned >= (SELECT max(height) FROM chain_block)`,
      [wallet],
    );
    return rows.length > 0;
  }

  /** The lowest receive index above every used one and every one that was given out. */
  async nextReceiveIndex(wallet: string): Promise<number> {
    return (await this.#next(wallet)).receive_next;
  }

  /** The lowest change index above every used one; what drafts plan with is not counted as used. */
  async nextChangeIndex(wallet: string): Promise<number> {
    return (await this.#next(wallet)).change_next;
  }

  /** One of our own transactions as it was handed to the network. */
  async own(txid: string): Promise<OwnTransaction | null> {
    const rows = await this.#sql.query(
      `SELECT txid, raw, height, conflict_height IS NOT NULL AS conflicted
       FROM wallet_transaction WHERE txid = $1 AND raw IS NOT NULL`,
      [txid],
    );
    return rows[0] === undefined ? null : ownRow.parse(rows[0]);
  }

  async #next(wallet: string): Promise<z.output<typeof nextRow>> {
    const rows = await this.#sql.query(
      `SELECT receive_next, change_next FROM followed_wallet WHERE wallet = $1`,
      [wallet],
    );
    return rows[0] === undefined ? { receive_next: 0, change_next: 0 } : nextRow.parse(rows[0]);
  }
}

function columns(outpoints: readonly Outpoint[]): [readonly string[], readonly number[]] {
  return [outpoints.map(([txid]) => txid), outpoints.map(([, vout]) => vout)];
}
