import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { UnitOfWork } from '../database/unit-of-work.ts';

/** A transaction in a block that spends coins of a wallet. */
export interface BlockSpend {
  readonly height: number;
  readonly txid: string;
  readonly wallet: string;
  readonly outpoints: readonly string[];
  /** Without its witness. */
  readonly raw: Uint8Array;
  /** Time of the block's header, or null where it was not kept. */
  readonly time: number | null;
}

export interface OpenCoin {
  readonly outpoint: string;
  readonly wallet: string;
}

const bytes = z.instanceof(Uint8Array).transform((value) => Uint8Array.from(value));
const spendRow = z.object({
  height: z.int(),
  txid: z.string(),
  wallet: z.string(),
  outpoints: z.array(z.string()),
  raw: bytes,
  time: z.coerce.number().nullable(),
});
const coinRow = z.object({ outpoint: z.string(), wallet: z.string() });
const txidRow = z.object({ txid: z.string() });
const blockRow = z.object({ height: z.int(), hash: z.string() });

/** What the watchman reads of the followed coins. He writes nothing here. */
@Injectable()
export class SpendStore {
  constructor(private readonly work: UnitOfWork) {}

  /** Spends in blocks behind one, in the order of blocks; those of one transaction and wallet together. */
  async spends(
    after: Pick<BlockSpend, 'height' | 'txid' | 'wallet'>,
    limit: number,
  ): Promise<readonly BlockSpend[]> {
    const rows = await this.work.plain.query(
      `SELECT s.height, s.txid, s.wallet, s.outpoints, t.stripped AS raw, b.time
       FROM (SELECT spent_height AS height, spent_by AS txid, wallet,
               array_agg(txid || ':' || vout ORDER BY txid, vout) AS outpoints
             FROM wallet_coin
             WHERE spent_height IS NOT NULL AND (spent_height, spent_by, wallet) > ($1, $2, $3)
             GROUP BY spent_height, spent_by, wallet
             ORDER BY spent_height, spent_by, wallet LIMIT $4) s
       JOIN wallet_transaction t ON t.txid = s.txid
       LEFT JOIN chain_block b ON b.height = s.height
       ORDER BY s.height, s.txid, s.wallet`,
      [after.height, after.txid, after.wallet, limit],
    );
    return rows.map((row) => spendRow.parse(row));
  }

  /** Coins that no block spends, waiting ones too, behind an outpoint in the order of their rows. */
  async open(after: string, limit: number): Promise<readonly OpenCoin[]> {
    const [txid = '', vout = '-1'] = after.split(':');
    const rows = await this.work.plain.query(
      `SELECT txid || ':' || vout AS outpoint, wallet FROM wallet_coin
       WHERE spent_height IS NULL AND (txid, vout) > ($1, $2::integer)
       ORDER BY wallet_coin.txid, wallet_coin.vout LIMIT $3`,
      [txid, vout === '' ? -1 : Number(vout), limit],
    );
    return rows.map((row) => coinRow.parse(row));
  }

  /** Transactions of ours, other than one, that wait to spend one of these coins. */
  async rivals(outpoints: readonly string[], txid: string): Promise<readonly string[]> {
    const rows = await this.work.plain.query(
      `SELECT DISTINCT t.txid FROM pending_spend p JOIN wallet_transaction t ON t.txid = p.spender
       WHERE p.txid || ':' || p.vout = ANY ($1) AND p.txid = ANY ($2) AND p.spender <> $3
         AND t.height IS NULL ORDER BY t.txid`,
      [outpoints, outpoints.map((outpoint) => outpoint.slice(0, 64)), txid],
    );
    return rows.map((row) => txidRow.parse(row).txid);
  }

  /** The block that was read last, or null. */
  async tip(): Promise<{ readonly height: number; readonly hash: string } | null> {
    const rows = await this.work.plain.query(
      'SELECT height, hash FROM chain_block ORDER BY height DESC LIMIT 1',
    );
    return rows[0] === undefined ? null : blockRow.parse(rows[0]);
  }

  /** Whether a block still stands in the chain that was read. */
  async stands({ height, hash }: { height: number; hash: string }): Promise<boolean> {
    const rows = await this.work.plain.query(
      'SELECT height, hash FROM chain_block WHERE height = $1 AND hash = $2',
      [height, hash],
    );
    return rows.length > 0;
  }
}
