import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.ts';
import type { Place } from './facts-due.ts';

interface PlaceRow {
  readonly txid: string;
  readonly height: number | null;
  readonly block: string | null;
  readonly former: string | null;
}

/** Where the follower has read transactions. */
@Injectable()
export class PlaceStore {
  constructor(private readonly work: UnitOfWork) {}

  /** The places of transactions by txid, in one snapshot. `confirmedAt` is the height that the log names, or null. */
  async places(
    asked: readonly { readonly txid: string; readonly confirmedAt: number | null }[],
  ): Promise<ReadonlyMap<string, Place>> {
    const rows = await this.work.plain.query<PlaceRow>(
      `SELECT w.txid, b.height, b.hash AS block, f.hash AS former
       FROM unnest($1::text[], $2::integer[]) AS w (txid, confirmed_at)
       LEFT JOIN wallet_transaction t ON t.txid = w.txid
       LEFT JOIN chain_block b ON b.height = t.height
       LEFT JOIN chain_block f ON f.height = w.confirmed_at`,
      [asked.map(({ txid }) => txid), asked.map(({ confirmedAt }) => confirmedAt)],
    );
    return new Map(
      rows.map(({ txid, height, block, former }) => [
        txid,
        { txid, at: height === null || block === null ? null : { height, block }, former },
      ]),
    );
  }
}
