import { Injectable } from '@nestjs/common';
import { DOCUMENTS_UNSIGNED, DOCUMENT_PLACE_SECONDS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { headOf } from '../../core/log/admit-document.ts';
import type { State } from '../../core/log/state.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { LogService } from '../log/log.service.ts';

interface PublicationRow {
  readonly digest: string;
  readonly fresh: boolean;
}

/**
 * Who published which documents, as long as nobody signed them, or tried to: the log does not say it. A refused one keeps
 * its place, else one session could have document after document looked at and nobody else would be served.
 */
@Injectable()
export class PublicationStore {
  constructor(
    private readonly work: UnitOfWork,
    private readonly log: LogService,
  ) {}

  /** Notes a document that a member is about to publish. Code `document.unsigned.many`. */
  async claim(member: string, digest: string): Promise<Result<null>> {
    return this.work.run(async (sql) => {
      // One at a time of each member, in all server processes.
      await sql.query(`SELECT pg_advisory_xact_lock(hashtext('publication'), hashtext($1))`, [
        member,
      ]);
      const rows = await sql.query<PublicationRow>(
        `SELECT digest, at > now() - make_interval(secs => $2) AS fresh
         FROM publication WHERE member = $1`,
        [member, DOCUMENT_PLACE_SECONDS],
      );
      const state = this.log.state();
      const open = rows.filter((row) =>
        state.documents.has(row.digest) ? isUnsigned(state, row.digest) : row.fresh,
      );
      const over = rows.filter((row) => !open.includes(row)).map((row) => row.digest);
      if (over.length > 0)
        await sql.query('DELETE FROM publication WHERE digest = ANY($1::text[])', [over]);
      if (open.length >= DOCUMENTS_UNSIGNED)
        return refuse('document.unsigned.many', { member, most: DOCUMENTS_UNSIGNED });
      await sql.query(
        'INSERT INTO publication (digest, member) VALUES ($1, $2) ON CONFLICT DO NOTHING',
        [digest, member],
      );
      return ok(null);
    });
  }
}

/** Whether a document could still come in force and nobody has said a word on it. */
function isUnsigned(state: State, digest: string): boolean {
  const record = state.documents.get(digest);
  if (record?.headAt !== null) return false;
  const { document, approvals, vetoes, recovered } = record;
  if (approvals.size + vetoes.size + recovered.size > 0) return false;
  return document.previous === (headOf(state, document)?.digest ?? null);
}
