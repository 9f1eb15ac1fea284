import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import type { Sql } from '../database/sql.ts';

/** Who holds which coins until when, before there is a proposal. Nothing else of a draft is kept. */
export interface DraftRow {
  /** A UUID. */
  readonly id: string;
  readonly member: string;
  readonly wallet: string;
  readonly outpoints: readonly string[];
  readonly expiresAt: Seconds;
}

const idRow = z.object({ id: z.string() });

/** Drafts of members. Those that have lapsed are swept away by housekeeping. */
@Injectable()
export class DraftStore {
  async add(sql: Sql, draft: DraftRow): Promise<void> {
    await sql.query(
      'INSERT INTO draft (id, member, wallet, outpoints, expires_at) VALUES ($1, $2, $3, $4, $5)',
      [draft.id, draft.member, draft.wallet, draft.outpoints, formatTime(draft.expiresAt)],
    );
  }

  /** Ids of a member's drafts that hold one of these coins, or did. */
  async holding(
    sql: Sql,
    member: string,
    outpoints: readonly string[],
  ): Promise<readonly string[]> {
    const rows = await sql.query(
      'SELECT id FROM draft WHERE member = $1 AND outpoints && $2::text[]',
      [member, outpoints],
    );
    return rows.map((row) => idRow.parse(row).id);
  }

  /** Removes a draft of a member. False when he has none of this id. */
  async remove(sql: Sql, member: string, id: string): Promise<boolean> {
    const rows = await sql.query('DELETE FROM draft WHERE id = $1 AND member = $2 RETURNING id', [
      id,
      member,
    ]);
    return rows.length > 0;
  }
}
