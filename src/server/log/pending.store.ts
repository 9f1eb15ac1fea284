import { Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { RefusalCode } from '../../core/base/codes.ts';
import { codes } from '../../core/base/codes.ts';
import type { Facts, Refusal } from '../../core/base/result.ts';
import type { Sql } from '../database/sql.ts';
import type { Blob } from './blob.store.ts';
import { blobColumns } from './blob.store.ts';
import type { LogKind } from './entry.store.ts';

/** The text behind a digest in the log: kept beside it, so that it can be erased. */
export interface TextNote {
  readonly digest: string;
  readonly salt: string;
  readonly text: string;
}

/** What stands beside an entry: the blobs that it names, the texts of digests in it. */
export interface Beside {
  readonly blobs: readonly Blob[];
  readonly texts: readonly TextNote[];
}

/** What a request commits: one entry to be and what stands beside it. */
export interface Submission extends Beside {
  readonly kind: LogKind;
  readonly leaf: Uint8Array;
}

export interface PendingEntry {
  readonly id: string;
  readonly kind: LogKind;
  readonly leaf: Uint8Array;
}

interface OutcomeRow {
  readonly pending: string;
  readonly code: string;
  readonly facts: Facts;
}

/** Entries that wait for the sequencer of another process. */
@Injectable()
export class PendingStore {
  /** Of this process: whoever inserted an entry waits for its outcome in memory. */
  readonly process = randomUUID();

  /** Adds submissions in one statement, with their blobs and texts. Returns their ids in order. */
  async add(sql: Sql, submissions: readonly Submission[]): Promise<readonly string[]> {
    const blobs = submissions.flatMap((submission) => submission.blobs);
    const texts = submissions.flatMap((submission) => submission.texts);
    const values: unknown[] = [
      submissions.map(({ kind }) => kind),
      submissions.map(({ leaf }) => Buffer.from(leaf)),
      this.process,
    ];
    const beside: string[] = [];
    if (blobs.length > 0) {
      const { addresses, bodies } = blobColumns(blobs);
      beside.push(
        `b AS (INSERT INTO blob (sha256, bytes)
          SELECT * FROM unnest($${values.push(addresses)}::text[], $${values.push(bodies)}::bytea[])
          ON CONFLICT DO NOTHING)`,
      );
    }
    if (texts.length > 0) beside.push(`t AS (${insertTexts(texts, values)})`);
    const rows = await sql.query<{ id: string }>(
      `${beside.length > 0 ? `WITH ${beside.join(', ')}` : ''}
       INSERT INTO pending (kind, leaf, process)
       SELECT kind, leaf, $3::uuid FROM unnest($1::text[], $2::bytea[]) AS p (kind, leaf)
       RETURNING id`,
      values,
    );
    return rows.map(({ id }) => id);
  }

  /** The oldest entries that other processes, living or dead, left pending. */
  async ofOthers(sql: Sql, limit: number): Promise<readonly PendingEntry[]> {
    const rows = await sql.query<{ id: string; kind: LogKind; leaf: Buffer }>(
      'SELECT id, kind, leaf FROM pending WHERE process <> $1 ORDER BY id LIMIT $2',
      [this.process, limit],
    );
    return rows.map((row) => ({ ...row, leaf: new Uint8Array(row.leaf) }));
  }

  async remove(sql: Sql, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await sql.query('DELETE FROM pending WHERE id = ANY($1::bigint[])', [ids]);
  }

  /** Records refusals for processes that wait elsewhere; what was numbered they find in the log. */
  async refuse(
    sql: Sql,
    refused: readonly { readonly id: string; readonly refusal: Refusal }[],
  ): Promise<void> {
    if (refused.length === 0) return;
    await sql.query(
      `INSERT INTO pending_outcome (pending, code, facts)
       SELECT * FROM unnest($1::bigint[], $2::text[], $3::jsonb[]) ON CONFLICT DO NOTHING`,
      [
        refused.map(({ id }) => id),
        refused.map(({ refusal }) => refusal.code),
        refused.map(({ refusal }) => JSON.stringify(refusal.facts)),
      ],
    );
  }

  async refusals(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, Refusal>> {
    if (ids.length === 0) return new Map();
    const rows = await sql.query<OutcomeRow>(
      'SELECT pending, code, facts FROM pending_outcome WHERE pending = ANY($1::bigint[]) AND code IS NOT NULL',
      [ids],
    );
    return new Map(
      rows.map(({ pending, code, facts }) => [
        pending,
        isCode(code) ? { code, facts } : { code: 'log.entry.invalid', facts: {} },
      ]),
    );
  }

  async addTexts(sql: Sql, texts: readonly TextNote[]): Promise<void> {
    if (texts.length === 0) return;
    const values: unknown[] = [];
    await sql.query(insertTexts(texts, values), values);
  }

  /** Texts by digest. */
  async texts(sql: Sql, digests: readonly string[]): Promise<ReadonlyMap<string, TextNote>> {
    if (digests.length === 0) return new Map();
    const rows = await sql.query<TextNote>(
      'SELECT digest, salt, text FROM text_note WHERE digest = ANY($1::text[])',
      [digests],
    );
    return new Map(rows.map((row) => [row.digest, row]));
  }
}

/** The statement that keeps texts, each once and in one order everywhere; it adds its values to those given. */
function insertTexts(texts: readonly TextNote[], values: unknown[]): string {
  const column = (key: keyof TextNote): string =>
    `$${values.push(texts.map((note) => note[key]))}::text[]`;
  return `INSERT INTO text_note (digest, salt, text)
    SELECT DISTINCT ON (1) * FROM unnest(${column('digest')}, ${column('salt')}, ${column('text')})
    ORDER BY 1 ON CONFLICT DO NOTHING`;
}

function isCode(code: string): code is RefusalCode {
  return Object.hasOwn(codes, code);
}
