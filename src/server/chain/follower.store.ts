import { z } from 'zod';
import type { BlockView } from '../../chain/chain-view.ts';
import type { Outpoint } from '../../chain/transactions.ts';
import type { FoundCoin } from '../../chain/watch.ts';
import type { Sql } from './sql.ts';
import { FOLLOWER_LOCK } from './sql.ts';

export interface FoundTransaction {
  readonly txid: string;
  readonly stripped: Uint8Array;
  readonly coinbase: boolean;
}

export interface FoundSpend {
  readonly outpoint: Outpoint;
  readonly spender: string;
}

const heightRow = z.object({ height: z.int(), hash: z.string() });
const walletRow = z.object({
  wallet: z.string(),
  scanned: z.int(),
  receive_next: z.int(),
  change_next: z.int(),
});
const outpointRow = z.object({ txid: z.string(), vout: z.int(), wallet: z.string() });
const txidRow = z.object({ txid: z.string() });
const bytes = z.instanceof(Uint8Array).transform((value) => Uint8Array.from(value));
const rivalRow = z.object({ txid: z.string(), raw: bytes, spender: z.string() });
const otherwiseRow = z.object({ spender: z.string(), height: z.int(), stripped: bytes });

/** A transaction of ours, and what a block holds in its place. */
export type Rival = z.output<typeof rivalRow>;

export interface FollowedWallet {
  readonly wallet: string;
  readonly scanned: number;
  /** One above the highest index used or given out. */
  readonly receiveNext: number;
  readonly changeNext: number;
}

/** What the follower writes. Every method runs in the caller's unit of work, under {@link lock}. */
export class FollowerStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** One follower at a time over all server processes, until the unit of work ends. */
  async lock(): Promise<void> {
    await this.#sql.query('SELECT pg_advisory_xact_lock($1)', [FOLLOWER_LOCK]);
  }

  async addWallet(wallet: string, birth: number): Promise<void> {
    await this.#sql.query(
      `INSERT INTO followed_wallet (wallet, scanned) VALUES ($1, $2)
       ON CONFLICT (wallet) DO NOTHING`,
      [wallet, birth - 1],
    );
  }

  async wallets(ids: readonly string[]): Promise<readonly FollowedWallet[]> {
    const rows = await this.#sql.query(
      `SELECT wallet, scanned, receive_next, change_next FROM followed_wallet
       WHERE wallet = ANY ($1) ORDER BY scanned, wallet`,
      [ids],
    );
    return rows.map((row) => {
      const { receive_next: receiveNext, change_next: changeNext, ...rest } = walletRow.parse(row);
      return { ...rest, receiveNext, changeNext };
    });
  }

  /** Blocks up to a height that some of these wallets has not been read in. */
  async unread(ids: readonly string[], height: number): Promise<number> {
    const wallets = await this.wallets(ids);
    return Math.max(0, ...wallets.map(({ scanned }) => height - scanned));
  }

  async setNext(wallet: string, [receive, change]: readonly [number, number]): Promise<void> {
    await this.#sql.query(
      `UPDATE followed_wallet SET receive_next = greatest(receive_next, $2),
         change_next = greatest(change_next, $3) WHERE wallet = $1`,
      [wallet, receive, change],
    );
  }

  /** Has a wallet read anew from its birth. */
  async restart(wallet: string, birth: number): Promise<void> {
    await this.#sql.query(
      `UPDATE followed_wallet SET scanned = least(scanned, $2) WHERE wallet = $1`,
      [wallet, birth - 1],
    );
  }

  async tip(): Promise<{ readonly height: number; readonly hash: string } | null> {
    const rows = await this.#sql.query(
      `SELECT height, hash FROM chain_block ORDER BY height DESC LIMIT 1`,
    );
    return rows[0] === undefined ? null : heightRow.parse(rows[0]);
  }

  async hashAt(height: number): Promise<string | null> {
    const rows = await this.#sql.query(`SELECT height, hash FROM chain_block WHERE height = $1`, [
      height,
    ]);
    return rows[0] === undefined ? null : heightRow.parse(rows[0]).hash;
  }

  /** Notes a block as read for some wallets. */
  async addBlock(
    { height, hash, time }: Pick<BlockView, 'height' | 'hash' | 'time'>,
    wallets: readonly string[],
  ): Promise<void> {
    await this.#sql.query(
      `INSERT INTO chain_block (height, hash, time) VALUES ($1, $2, $3)
       ON CONFLICT (height) DO UPDATE SET time = excluded.time`,
      [height, hash, time],
    );
    await this.#sql.query(
      `UPDATE followed_wallet SET scanned = greatest(scanned, $1) WHERE wallet = ANY ($2)`,
      [height, wallets],
    );
  }

  /** Notes transactions as confirmed. Those of ours lose nothing; what else is known of them stays. */
  async confirm(transactions: readonly FoundTransaction[], height: number): Promise<void> {
    for (const { txid, stripped, coinbase } of transactions)
      await this.#sql.query(
        `INSERT INTO wallet_transaction (txid, stripped, coinbase, height) VALUES ($1, $2, $3, $4)
         ON CONFLICT (txid) DO UPDATE SET height = excluded.height`,
        [txid, stripped, coinbase, height],
      );
    await this.#sql.query(`UPDATE wallet_coin SET height = $1 WHERE txid = ANY ($2)`, [
      height,
      transactions.map(({ txid }) => txid),
    ]);
  }

  /** Notes one of ours as handed to the network. False when it was known as ours already. */
  async addOwn(transaction: FoundTransaction, raw: Uint8Array): Promise<boolean> {
    const { txid, stripped } = transaction;
    const rows = await this.#sql.query(
      `INSERT INTO wallet_transaction (txid, stripped, raw, coinbase) VALUES ($1, $2, $3, false)
       ON CONFLICT (txid) DO UPDATE SET raw = excluded.raw WHERE wallet_transaction.raw IS NULL
       RETURNING txid`,
      [txid, stripped, raw],
    );
    return rows.length > 0;
  }

  async addCoins(coins: readonly FoundCoin[]): Promise<void> {
    for (const { txid, vout, sats, script, place } of coins)
      await this.#sql.query(
        `INSERT INTO wallet_coin (txid, vout, wallet, branch, index, sats, script, height)
         SELECT $1, $2, $3, $4, $5, $6, $7, height FROM wallet_transaction WHERE txid = $1
         ON CONFLICT (txid, vout) DO NOTHING`,
        [txid, vout, place.wallet, place.branch, place.index, sats.toString(), script],
      );
  }

  /** Of these outpoints, those that are coins of ours. */
  async known(
    outpoints: readonly Outpoint[],
  ): Promise<readonly { readonly txid: string; readonly vout: number; readonly wallet: string }[]> {
    const rows = await this.#sql.query(
      `SELECT c.txid, c.vout, c.wallet FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       JOIN wallet_coin c USING (txid, vout)`,
      columns(outpoints),
    );
    return rows.map((row) => outpointRow.parse(row));
  }

  /** Of these txids, those of ours that wait to be confirmed. */
  async waiting(txids: readonly string[]): Promise<ReadonlySet<string>> {
    const rows = await this.#sql.query(
      `SELECT txid FROM wallet_transaction WHERE height IS NULL AND txid = ANY ($1)`,
      [txids],
    );
    return new Set(rows.map((row) => txidRow.parse(row).txid));
  }

  /** Transactions of ours that wait to spend a coin which a block spends by another, with that other. */
  async rivals(spends: readonly FoundSpend[]): Promise<readonly Rival[]> {
    const [txids, vouts] = columns(spends.map(({ outpoint }) => outpoint));
    const rows = await this.#sql.query(
      `SELECT DISTINCT t.txid, t.raw, w.spender
       FROM unnest($1::text[], $2::integer[], $3::text[]) AS w (txid, vout, spender)
       JOIN pending_spend p ON p.txid = w.txid AND p.vout = w.vout AND p.spender <> w.spender
       JOIN wallet_transaction t ON t.txid = p.spender
       WHERE t.height IS NULL AND t.raw IS NOT NULL`,
      [txids, vouts, spends.map(({ spender }) => spender)],
    );
    return rows.map((row) => rivalRow.parse(row));
  }

  /** What spends one of these coins in a block in the place of a transaction of ours, or null. */
  async spentOtherwise(
    txid: string,
    spent: readonly Outpoint[],
  ): Promise<z.output<typeof otherwiseRow> | null> {
    const rows = await this.#sql.query(
      `SELECT c.spent_by AS spender, c.spent_height AS height, t.stripped
       FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       JOIN wallet_coin c USING (txid, vout) JOIN wallet_transaction t ON t.txid = c.spent_by
       WHERE c.spent_by <> $3 ORDER BY c.spent_height LIMIT 1`,
      [...columns(spent), txid],
    );
    return rows[0] === undefined ? null : otherwiseRow.parse(rows[0]);
  }

  /**
   * Notes a transaction of ours as confirmed by another id: somebody on the way wrote its signatures otherwise. What it pays
   * us has the other id too, so its own outputs are no coins, and what spends them can never confirm: the txids of those.
   */
  async become(txid: string, other: string, height: number): Promise<readonly string[]> {
    await this.#sql.query(
      `UPDATE wallet_transaction SET height = $3, replaced_by = $2 WHERE txid = $1`,
      [txid, other, height],
    );
    const rows = await this.#sql.query(
      `SELECT DISTINCT spender AS txid FROM pending_spend WHERE txid = $1`,
      [txid],
    );
    return this.conflict(
      rows.map((row) => txidRow.parse(row).txid),
      height,
    );
  }

  /**
   * Notes coins as spent in a block. What of ours waited to spend one of them otherwise can never confirm beside
   * it, nor can its children. Returns the txids of those.
   */
  async spend(spends: readonly FoundSpend[], height: number): Promise<readonly string[]> {
    const [txids, vouts] = columns(spends.map(({ outpoint }) => outpoint));
    const spenders = spends.map(({ spender }) => spender);
    await this.#sql.query(
      `UPDATE wallet_coin c SET spent_by = w.spender, spent_height = $4
       FROM unnest($1::text[], $2::integer[], $3::text[]) AS w (txid, vout, spender)
       WHERE c.txid = w.txid AND c.vout = w.vout`,
      [txids, vouts, spenders, height],
    );
    const rows = await this.#sql.query(
      `SELECT DISTINCT p.spender AS txid
       FROM unnest($1::text[], $2::integer[], $3::text[]) AS w (txid, vout, spender)
       JOIN pending_spend p ON p.txid = w.txid AND p.vout = w.vout AND p.spender <> w.spender`,
      [txids, vouts, spenders],
    );
    return this.conflict(
      rows.map((row) => txidRow.parse(row).txid),
      height,
    );
  }

  /** Notes what one of ours spends, and that it takes the place of others of ours that spend the same. */
  async addPending(txid: string, spent: readonly Outpoint[]): Promise<void> {
    const [txids, vouts] = columns(spent);
    await this.#sql.query(
      `INSERT INTO pending_spend (txid, vout, spender)
       SELECT txid, vout, $3 FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       ON CONFLICT DO NOTHING`,
      [txids, vouts, txid],
    );
    await this.#sql.query(
      `UPDATE wallet_transaction t SET replaced_by = $3
       FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       JOIN pending_spend p USING (txid, vout)
       WHERE t.txid = p.spender AND p.spender <> $3 AND t.height IS NULL AND t.replaced_by IS NULL`,
      [txids, vouts, txid],
    );
  }

  /** Notes that transactions of ours, and what spends their outputs, can never confirm. Returns the txids of those. */
  async conflict(txids: readonly string[], height: number): Promise<readonly string[]> {
    const rows = await this.#sql.query(
      `WITH RECURSIVE family (txid) AS (
         SELECT unnest($1::text[])
         UNION
         SELECT p.spender FROM family f JOIN pending_spend p ON p.txid = f.txid),
       gone AS (
         UPDATE wallet_transaction t SET conflict_height = $2 FROM family f
         WHERE t.txid = f.txid AND t.height IS NULL AND t.conflict_height IS NULL
         RETURNING t.txid, t.replaced_by)
       SELECT txid FROM gone WHERE replaced_by IS NULL`,
      [txids, height],
    );
    return rows.map((row) => txidRow.parse(row).txid);
  }

  /**
   * Takes the highest block off again: everything is as it was before it was read, but for what is ours, which
   * waits to be confirmed. Returns the txids that it had confirmed.
   */
  async rollBack(height: number): Promise<readonly string[]> {
    const rows = await this.#sql.query(
      `SELECT txid FROM wallet_transaction WHERE height = $1 ORDER BY txid`,
      [height],
    );
    for (const statement of [
      `UPDATE wallet_transaction SET replaced_by = NULL WHERE height = $1
         AND replaced_by IN (SELECT txid FROM wallet_transaction WHERE height = $1)`,
      `UPDATE wallet_coin SET spent_by = NULL, spent_height = NULL WHERE spent_height = $1`,
      `UPDATE wallet_transaction SET conflict_height = NULL WHERE conflict_height = $1`,
      `DELETE FROM wallet_transaction WHERE height = $1 AND raw IS NULL`,
      `UPDATE wallet_coin SET height = NULL WHERE height = $1`,
      `UPDATE wallet_transaction SET height = NULL WHERE height = $1`,
      `UPDATE followed_wallet SET scanned = $1 - 1 WHERE scanned >= $1`,
      `DELETE FROM chain_block WHERE height = $1`,
    ])
      await this.#sql.query(statement, [height]);
    return rows.map((row) => txidRow.parse(row).txid);
  }
}

function columns(outpoints: readonly Outpoint[]): [readonly string[], readonly number[]] {
  return [outpoints.map(([txid]) => txid), outpoints.map(([, vout]) => vout)];
}
