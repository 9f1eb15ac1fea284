import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { formatTime } from '../../core/base/time.ts';
import type { LabelType } from '../../core/wallet/labels.ts';
import { labelTypes } from '../../core/wallet/labels.ts';
import { Clock } from '../clock.ts';
import type { Sql } from '../database/sql.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';

const labelRow = z.object({
  type: z.enum(labelTypes),
  ref: z.string(),
  label: z.string(),
  member: z.string(),
  at: z.date(),
});
export type LabelRow = z.output<typeof labelRow>;

/** What people call coins, addresses and transactions. Names may stand there: what is taken away is gone. */
@Injectable()
export class LabelStore {
  constructor(
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Gives a label, in the place of any before; an empty one takes it away. */
  async put(
    sql: Sql,
    wallet: string,
    given: {
      readonly type: LabelType;
      readonly ref: string;
      readonly label: string;
      readonly member: string;
    },
  ): Promise<void> {
    const { type, ref, label, member } = given;
    if (label === '') {
      await sql.query('DELETE FROM wallet_label WHERE wallet = $1 AND type = $2 AND ref = $3', [
        wallet,
        type,
        ref,
      ]);
      return;
    }
    await sql.query(
      `INSERT INTO wallet_label (wallet, type, ref, label, member, at)
       VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (wallet, type, ref) DO UPDATE
       SET label = excluded.label, member = excluded.member, at = excluded.at`,
      [wallet, type, ref, label, member, formatTime(this.clock.now())],
    );
  }

  /** A page of the labels of a wallet, by type and reference. */
  async list(
    wallet: string,
    page: { readonly from: number; readonly limit: number },
  ): Promise<readonly LabelRow[]> {
    const rows = await this.work.plain.query(
      `SELECT type, ref, label, member, at FROM wallet_label WHERE wallet = $1
       ORDER BY type, ref OFFSET $2 LIMIT $3`,
      [wallet, page.from, page.limit],
    );
    return rows.map((row) => labelRow.parse(row));
  }

  /** The labels of outputs, addresses and transactions among these, by reference. */
  async of(wallet: string, refs: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const rows = await this.work.plain.query(
      `SELECT type, ref, label, member, at FROM wallet_label
       WHERE wallet = $1 AND type IN ('output', 'addr', 'tx') AND ref = ANY ($2)`,
      [wallet, refs],
    );
    return new Map(
      rows.map((row) => {
        const { ref, label } = labelRow.parse(row);
        return [ref, label];
      }),
    );
  }
}
