import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.ts';
import type { PostedReceipt } from './receipt-check.ts';

interface StandingRow {
  readonly idx: string;
  readonly leaf_hash: Buffer;
}

/** Receipts that stand in the log. */
@Injectable()
export class ReceiptStore {
  constructor(private readonly work: UnitOfWork) {}

  /** What stands in the log at the positions of these receipts: indexes by hex leaf hash. */
  async standing(
    origin: string,
    receipts: readonly PostedReceipt[],
  ): Promise<ReadonlyMap<string, number>> {
    if (receipts.length === 0) return new Map();
    const rows = await this.work.plain.query<StandingRow>(
      `SELECT r.idx, e.leaf_hash FROM unnest($1::text[], $2::bigint[]) AS w (wallet, position)
       JOIN receipt r USING (wallet, position)
       JOIN log_entry e ON e.origin = $3 AND e.idx = r.idx`,
      [
        receipts.map(({ entry }) => entry.receipt.wallet),
        receipts.map(({ entry }) => entry.receipt.position),
        origin,
      ],
    );
    return new Map(rows.map((row) => [row.leaf_hash.toString('hex'), Number(row.idx)]));
  }
}
