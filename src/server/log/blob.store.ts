import { Injectable } from '@nestjs/common';
import { blobAddress } from '../../core/base/digest.ts';
import type { Sql } from '../database/sql.ts';

export interface Blob {
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** Blobs beside the log, each once. */
@Injectable()
export class BlobStore {
  /** Those of the addresses that are here. What the database returns is hashed again: it is believed in nothing. */
  async read(sql: Sql, addresses: readonly string[]): Promise<readonly Blob[]> {
    if (addresses.length === 0) return [];
    const rows = await sql.query<{ sha256: string; bytes: Buffer }>(
      'SELECT sha256, bytes FROM blob WHERE sha256 = ANY($1::text[])',
      [addresses],
    );
    return rows
      .map(({ sha256, bytes }) => ({ sha256, bytes: new Uint8Array(bytes) }))
      .filter(({ sha256, bytes }) => blobAddress(bytes) === sha256);
  }

  async add(sql: Sql, blobs: readonly Blob[]): Promise<void> {
    if (blobs.length === 0) return;
    const { addresses, bodies } = blobColumns(blobs);
    await sql.query(
      `INSERT INTO blob (sha256, bytes) SELECT * FROM unnest($1::text[], $2::bytea[])
       ON CONFLICT DO NOTHING`,
      [addresses, bodies],
    );
  }
}

/** Each blob once and in one order everywhere: two inserts of the same blobs cannot wait for one another. */
export function blobColumns(blobs: readonly Blob[]): {
  readonly addresses: readonly string[];
  readonly bodies: readonly Buffer[];
} {
  const once = new Map(blobs.map((blob) => [blob.sha256, blob]));
  const sorted = [...once.values()].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  return {
    addresses: sorted.map(({ sha256 }) => sha256),
    bodies: sorted.map(({ bytes }) => Buffer.from(bytes)),
  };
}
