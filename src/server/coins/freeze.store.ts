import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { formatTime } from '../../core/base/time.ts';
import { Clock } from '../clock.ts';
import type { Sql } from '../database/sql.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';

/** The newest word on a coin. */
export interface CoinFreeze {
  readonly txid: string;
  readonly vout: number;
  readonly frozen: boolean;
  readonly reason: string;
  readonly member: string;
  readonly at: Date;
}

const freezeRow = z.object({
  txid: z.string(),
  vout: z.int(),
  frozen: z.boolean(),
  reason: z.string(),
  member: z.string(),
  at: z.date(),
});

/** Highest output number that a table holds; a real one is far below. */
const VOUT = 2_147_483_647;

/** Who wanted which coin left alone, and who freed it. What counts is the newest row; none is ever changed. */
@Injectable()
export class FreezeStore {
  constructor(
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Writes a word on a coin of a wallet; `same` when the newest says so already, `unknown` when it has no such coin. */
  async note(
    sql: Sql,
    wallet: string,
    word: Omit<CoinFreeze, 'at'>,
  ): Promise<'noted' | 'same' | 'unknown'> {
    const { txid, vout, frozen, reason, member } = word;
    if (vout > VOUT) return 'unknown';
    // Whoever writes on the same coin waits, so that each sees the newest word.
    const coins = await sql.query(
      `SELECT 1 FROM wallet_coin WHERE wallet = $1 AND txid = $2 AND vout = $3 FOR NO KEY UPDATE`,
      [wallet, txid, vout],
    );
    if (coins.length === 0) return 'unknown';
    const rows = await sql.query(
      `INSERT INTO coin_freeze (wallet, txid, vout, frozen, reason, member, at)
       SELECT $1, $2, $3, $4, $5, $6, $7
       WHERE $4 <> coalesce((SELECT f.frozen FROM coin_freeze f
         WHERE f.txid = $2 AND f.vout = $3 ORDER BY f.id DESC LIMIT 1), false)
       RETURNING id`,
      [wallet, txid, vout, frozen, reason, member, formatTime(this.clock.now())],
    );
    return rows.length > 0 ? 'noted' : 'same';
  }

  /** The newest word on a coin. Requires that there is one. */
  async newest(txid: string, vout: number): Promise<CoinFreeze> {
    const [row] = await this.work.plain.query(
      `SELECT txid, vout, frozen, reason, member, at FROM coin_freeze
       WHERE txid = $1 AND vout = $2 ORDER BY id DESC LIMIT 1`,
      [txid, vout],
    );
    return freezeRow.parse(row);
  }

  /** The frozen coins of a wallet that no block has spent, by outpoint. */
  async frozen(
    wallet: string,
    page: { readonly from: number; readonly limit: number },
  ): Promise<readonly CoinFreeze[]> {
    const rows = await this.work.plain.query(
      `SELECT last.txid, last.vout, frozen, reason, member, at FROM (
         SELECT DISTINCT ON (txid, vout) txid, vout, frozen, reason, member, at FROM coin_freeze
         WHERE wallet = $1 ORDER BY txid, vout, id DESC) AS last
       JOIN wallet_coin c ON c.txid = last.txid AND c.vout = last.vout
       WHERE frozen AND c.spent_height IS NULL
       ORDER BY last.txid, last.vout OFFSET $2 LIMIT $3`,
      [wallet, page.from, page.limit],
    );
    return rows.map((row) => freezeRow.parse(row));
  }
}
