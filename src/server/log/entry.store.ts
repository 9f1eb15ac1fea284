import { Injectable } from '@nestjs/common';
import type { Sql } from '../database/sql.ts';
import { channels } from './notifications.ts';

/** The two logs: what can matter to a decision, and events of mere access. */
export type LogKind = 'organisation' | 'access';

export interface LogHead {
  readonly kind: LogKind;
  readonly origin: string;
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
  /** The signed checkpoint. */
  readonly note: string;
}

/** A leaf with its place. */
export interface NumberedLeaf {
  readonly index: number;
  readonly leaf: Uint8Array;
  /** 32 bytes. */
  readonly leafHash: Uint8Array;
}

interface HeadRow {
  readonly kind: LogKind;
  readonly origin: string;
  readonly size: string;
  readonly root: Buffer;
  readonly note: string;
}

interface EntryRow {
  readonly idx: string;
  readonly leaf: Buffer;
  readonly leaf_hash: Buffer;
}

/** Another process extended the log although we held the sequencer's lock: nothing was written. */
export class HeadMoved extends Error {
  constructor(origin: string) {
    super(`the head of ${origin} moved`);
    this.name = 'HeadMoved';
  }
}

/** Entries and heads of the logs. It can add, never change. */
@Injectable()
export class EntryStore {
  async heads(sql: Sql): Promise<readonly LogHead[]> {
    const rows = await sql.query<HeadRow>('SELECT kind, origin, size, root, note FROM log_head');
    return rows.map((row) => ({ ...row, size: Number(row.size), root: new Uint8Array(row.root) }));
  }

  async begin(sql: Sql, head: LogHead): Promise<void> {
    await sql.query(
      'INSERT INTO log_head (origin, kind, size, root, note) VALUES ($1, $2, $3, $4, $5)',
      [head.origin, head.kind, head.size, Buffer.from(head.root), head.note],
    );
  }

  /**
   * Moves a head forward, adds the leaves that lead there and tells those who follow, in one statement. Throws HeadMoved
   * when the head does not stand at the expected size.
   */
  async extend(
    sql: Sql,
    expected: number,
    head: LogHead,
    leaves: readonly NumberedLeaf[],
  ): Promise<void> {
    const moved = await sql.query(
      `WITH head AS (
         UPDATE log_head SET size = $3, root = $4, note = $5 WHERE origin = $1 AND size = $2
         RETURNING origin
       ), entry AS (
         INSERT INTO log_entry (origin, idx, leaf, leaf_hash)
         SELECT head.origin, leaf.* FROM head, unnest($6::bigint[], $7::bytea[], $8::bytea[]) AS leaf
       )
       SELECT pg_notify($9, '') FROM head`,
      [
        head.origin,
        expected,
        head.size,
        Buffer.from(head.root),
        head.note,
        ...leafColumns(leaves),
        channels.head,
      ],
    );
    if (moved.length !== 1) throw new HeadMoved(head.origin);
  }

  async add(sql: Sql, origin: string, leaves: readonly NumberedLeaf[]): Promise<void> {
    if (leaves.length === 0) return;
    await sql.query(
      `INSERT INTO log_entry (origin, idx, leaf, leaf_hash)
       SELECT $1, * FROM unnest($2::bigint[], $3::bytea[], $4::bytea[])`,
      [origin, ...leafColumns(leaves)],
    );
  }

  /** Entries from an index on, in order, at most `limit`. */
  async read(
    sql: Sql,
    range: { readonly origin: string; readonly from: number; readonly limit: number },
  ): Promise<readonly NumberedLeaf[]> {
    const rows = await sql.query<EntryRow>(
      'SELECT idx, leaf, leaf_hash FROM log_entry WHERE origin = $1 AND idx >= $2 ORDER BY idx LIMIT $3',
      [range.origin, range.from, range.limit],
    );
    return rows.map((row) => ({
      index: Number(row.idx),
      leaf: new Uint8Array(row.leaf),
      leafHash: new Uint8Array(row.leaf_hash),
    }));
  }
}

function leafColumns(leaves: readonly NumberedLeaf[]): [number[], Buffer[], Buffer[]] {
  return [
    leaves.map(({ index }) => index),
    leaves.map(({ leaf }) => Buffer.from(leaf)),
    leaves.map(({ leafHash }) => Buffer.from(leafHash)),
  ];
}
