import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { RECONCILED_ROWS } from '../../core/base/limits.ts';
import type { Sats } from '../../core/base/sats.ts';
import { sats } from '../../core/base/sats.ts';
import type { Seconds } from '../../core/base/time.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';

/** From the first second on, up to the last and without it. A block belongs to the time of its header. */
export interface Span {
  readonly from: Seconds;
  readonly to: Seconds;
}

export interface WalletBalance {
  readonly wallet: string;
  readonly openingSats: Sats;
  readonly closingSats: Sats;
  /** Coins whose blocks have no known time. */
  readonly undated: number;
}

export interface Deposit {
  readonly outpoint: string;
  readonly sats: Sats;
  readonly height: number;
}

export interface ChainSpend {
  readonly txid: string;
  readonly height: number;
  /** What left the wallet: its coins without what came back, so with the fee. */
  readonly leftSats: Sats;
  /** Without its witness. */
  readonly raw: Uint8Array;
}

const amount = z
  .string()
  .regex(/^\d+$/)
  .transform((text) => sats(BigInt(text)));
const bytes = z.instanceof(Uint8Array).transform((value) => Uint8Array.from(value));
const balanceRow = z.object({
  wallet: z.string(),
  openingSats: amount,
  closingSats: amount,
  undated: z.coerce.number(),
});
const depositRow = z.object({ outpoint: z.string(), sats: amount, height: z.int() });
const spendRow = z.object({
  txid: z.string(),
  height: z.int(),
  inputs: amount,
  back: amount,
  raw: bytes,
});
const spenderRow = z.object({ outpoint: z.string(), txid: z.string(), raw: bytes });

/** What moved on the chain, as the follower has read it. Each list has at most one row more than RECONCILED_ROWS. */
@Injectable()
export class MoveStore {
  constructor(private readonly work: UnitOfWork) {}

  /** What every wallet held in blocks at the beginning and at the end. */
  async balances({ from, to }: Span): Promise<readonly WalletBalance[]> {
    const rows = await this.work.plain.query(
      `SELECT c.wallet,
         coalesce(sum(c.sats) FILTER (WHERE b.time < $1 AND coalesce(s.time >= $1, true)), 0)::text AS "openingSats",
         coalesce(sum(c.sats) FILTER (WHERE b.time < $2 AND coalesce(s.time >= $2, true)), 0)::text AS "closingSats",
         count(*) FILTER (WHERE b.time IS NULL OR (s.height IS NOT NULL AND s.time IS NULL)) AS undated
       FROM wallet_coin c JOIN chain_block b ON b.height = c.height
       LEFT JOIN chain_block s ON s.height = c.spent_height
       GROUP BY c.wallet ORDER BY c.wallet`,
      [from, to],
    );
    return rows.map((row) => balanceRow.parse(row));
  }

  /** Coins that came from elsewhere: change comes back from a spend of the same wallet. */
  async deposits(wallet: string, { from, to }: Span): Promise<readonly Deposit[]> {
    const rows = await this.work.plain.query(
      `SELECT c.txid || ':' || c.vout AS outpoint, c.sats::text AS sats, c.height
       FROM wallet_coin c JOIN chain_block b ON b.height = c.height
       WHERE c.wallet = $1 AND b.time >= $2 AND b.time < $3
         AND NOT EXISTS (SELECT FROM wallet_coin x 
           WHERE x.spent_height = c.height AND x.spent_by = c.txid AND x.wallet = c.wallet)
       ORDER BY c.height, c.txid, c.vout LIMIT $4`,
      [wallet, from, to, RECONCILED_ROWS + 1],
    );
    return rows.map((row) => depositRow.parse(row));
  }

  async spends(wallet: string, { from, to }: Span): Promise<readonly ChainSpend[]> {
    const rows = await this.work.plain.query(
      `SELECT s.txid, s.height, s.inputs::text AS inputs, t.stripped AS raw,
         (SELECT coalesce(sum(x.sats), 0)::text FROM wallet_coin x
          WHERE x.txid = s.txid AND x.wallet = $1) AS back
       FROM (SELECT c.spent_by AS txid, c.spent_height AS height, sum(c.sats) AS inputs
             FROM wallet_coin c JOIN chain_block b ON b.height = c.spent_height
             WHERE c.wallet = $1 AND b.time >= $2 AND b.time < $3
             GROUP BY c.spent_by, c.spent_height
             ORDER BY c.spent_height, c.spent_by LIMIT $4) s
       JOIN wallet_transaction t ON t.txid = s.txid ORDER BY s.height, s.txid`,
      [wallet, from, to, RECONCILED_ROWS + 1],
    );
    return rows.map((row) => {
      const { inputs, back, ...rest } = spendRow.parse(row);
      // A theft may add coins of others, but it takes what it takes of ours.
      return { ...rest, leftSats: sats(inputs > back ? inputs - back : 0n) };
    });
  }

  /** Of these coins, those that a block before a time spends, and the transaction that does. */
  async spenders(
    outpoints: readonly string[],
    before: Seconds,
  ): Promise<ReadonlyMap<string, { readonly txid: string; readonly raw: Uint8Array }>> {
    const rows = await this.work.plain.query(
      `SELECT c.txid || ':' || c.vout AS outpoint, t.txid, t.stripped AS raw
       FROM unnest($1::text[], $2::integer[]) AS w (txid, vout)
       JOIN wallet_coin c USING (txid, vout)
       JOIN chain_block b ON b.height = c.spent_height
       JOIN wallet_transaction t ON t.txid = c.spent_by
       WHERE b.time < $3`,
      [
        outpoints.map((outpoint) => outpoint.slice(0, 64)),
        outpoints.map((outpoint) => Number(outpoint.slice(65))),
        before,
      ],
    );
    return new Map(
      rows.map((row) => {
        const { outpoint, ...rest } = spenderRow.parse(row);
        return [outpoint, rest];
      }),
    );
  }
}
