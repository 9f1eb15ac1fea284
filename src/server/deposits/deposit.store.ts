import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Sats } from '../../core/base/sats.ts';
import { sats } from '../../core/base/sats.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';

/** Where a deposit stands in the list: of what waits the height is {@link WAITING}. */
export interface DepositPlace {
  readonly height: number;
  readonly txid: string;
  readonly vout: number;
}

/** Above every height that there will be: what waits stands before the newest block. As in wallet_coin_deposit_idx. */
export const WAITING = 2_147_483_647;

export interface Deposit {
  readonly txid: string;
  readonly vout: number;
  readonly sats: Sats;
  readonly script: Uint8Array;
  readonly branch: 0 | 1;
  readonly index: number;
  /** Null while it waits. */
  readonly height: number | null;
  /** Of its block's header; null where it was not kept. */
  readonly time: number | null;
  /** The transaction in a block that spends it. */
  readonly spentBy: string | null;
  /** One of ours that waits to spend it. */
  readonly spendingBy: string | null;
  /** Its transaction spends a coin of the same wallet. */
  readonly isOwn: boolean;
}

export interface Received {
  readonly sats: Sats;
  readonly deposits: number;
}

const amount = z
  .string()
  .regex(/^\d+$/)
  .transform((text) => sats(BigInt(text)));
const bytes = z.instanceof(Uint8Array).transform((value) => Uint8Array.from(value));
const depositRow = z.object({
  txid: z.string(),
  vout: z.int(),
  sats: amount,
  script: bytes,
  branch: z.union([z.literal(0), z.literal(1)]),
  index: z.int(),
  height: z.int().nullable(),
  time: z.coerce.number().nullable(),
  spentBy: z.string().nullable(),
  spendingBy: z.string().nullable(),
  isOwn: z.boolean(),
});
const receivedRow = z.object({ index: z.int(), sats: amount, deposits: z.coerce.number() });
const paidRow = z.object({ highest: z.int().nullable() });

// The transaction of the coin c spends a coin of the same wallet: in a block, or as one of ours that waits.
const isOwn = `(EXISTS (SELECT FROM wallet_coin x
    WHERE x.spent_height = c.height AND x.spent_by = c.txid AND x.wallet = c.wallet)
  OR EXISTS (SELECT FROM pending_spend p JOIN wallet_coin x ON x.txid = p.txid AND x.vout = p.vout
    WHERE p.spender = c.txid AND x.wallet = c.wallet))`;

/** What was paid to the wallets, as the follower has read it. */
@Injectable()
export class DepositStore {
  constructor(private readonly work: UnitOfWork) {}

  /**
   * A page behind a place, the newest first: every output to a receive address, and those to change addresses whose
   * transaction spends no coin of the wallet. What can never confirm is left out.
   */
  async page(wallet: string, after: DepositPlace, limit: number): Promise<readonly Deposit[]> {
    const rows = await this.work.plain.query(
      `SELECT c.txid, c.vout, c.sats::text AS sats, c.script, c.branch, c.index, c.height, b.time,
         c.spent_by AS "spentBy",
         (SELECT p.spender FROM pending_spend p JOIN wallet_transaction s ON s.txid = p.spender
          WHERE p.txid = c.txid AND p.vout = c.vout AND s.height IS NULL
            AND s.conflict_height IS NULL AND s.replaced_by IS NULL LIMIT 1) AS "spendingBy",
         ${isOwn} AS "isOwn"
       FROM wallet_coin c JOIN wallet_transaction t USING (txid)
       LEFT JOIN chain_block b ON b.height = c.height
       WHERE c.wallet = $1
         AND (coalesce(c.height, ${String(WAITING)}), c.txid, c.vout) < ($2, $3, $4::integer)
         AND (c.height IS NOT NULL OR (t.conflict_height IS NULL AND t.replaced_by IS NULL))
         AND (c.branch = 0 OR NOT ${isOwn})
       ORDER BY coalesce(c.height, ${String(WAITING)}) DESC, c.txid DESC, c.vout DESC LIMIT $5`,
      [wallet, after.height, after.txid, after.vout, limit],
    );
    return rows.map((row) => depositRow.parse(row));
  }

  /** What blocks paid to receive addresses, by index; those that nothing was paid to are left out. */
  async received(
    wallet: string,
    indices: readonly number[],
  ): Promise<ReadonlyMap<number, Received>> {
    const rows = await this.work.plain.query(
      `SELECT index, sum(sats)::text AS sats, count(*) AS deposits FROM wallet_coin
       WHERE wallet = $1 AND branch = 0 AND index = ANY ($2) AND height IS NOT NULL GROUP BY index`,
      [wallet, indices],
    );
    return new Map(
      rows.map((row) => {
        const { index, ...rest } = receivedRow.parse(row);
        return [index, rest];
      }),
    );
  }

  /** The highest receive index that a block paid, or -1. */
  async highestPaid(wallet: string): Promise<number> {
    const rows = await this.work.plain.query(
      `SELECT max(index) AS highest FROM wallet_coin
       WHERE wallet = $1 AND branch = 0 AND height IS NOT NULL`,
      [wallet],
    );
    return paidRow.parse(rows[0]).highest ?? -1;
  }
}
