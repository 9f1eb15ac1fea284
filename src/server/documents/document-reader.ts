import { Injectable } from '@nestjs/common';
import { fromUtf8 } from '../../core/base/bytes.ts';
import { canonicalBytes } from '../../core/base/canonical.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import type { StandingAt } from '../../core/governance/standings.ts';
import { standingsOf } from '../../core/governance/standings.ts';
import { headOf } from '../../core/log/admit-document.ts';
import type { DocumentRecord, State } from '../../core/log/state.ts';
import { Clock } from '../clock.ts';
import { ServerConfig } from '../config.ts';
import { readCursor } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import type {
  DocumentSummary,
  DocumentView,
  DocumentsQuery,
  DocumentsView,
  OrganisationView,
} from './documents.schema.ts';
import { missingView } from './missing.ts';

/** Shows the documents of the organisation and how each stands at the signers. */
@Injectable()
export class DocumentReader {
  constructor(
    private readonly log: LogService,
    private readonly config: ServerConfig,
    private readonly clock: Clock,
  ) {}

  /** Code `document.unknown` while no charter is in force. */
  organisation(): Result<OrganisationView> {
    const { charter, genesis, wallets, tree } = this.log.state();
    if (charter === null) return refuse('document.unknown', { kind: 'charter' });
    const { body } = charter.document;
    return ok({
      genesis,
      network: this.config.network,
      origin: body.log.origin,
      logKey: body.log.key,
      demonstration: body.demonstration,
      members: body.members.map(({ id, groups }) => ({ id, groups: [...groups] })),
      wallets: [...wallets.keys()],
      size: tree.size,
    });
  }

  /** A page in the order of the log. Code `cursor.invalid`. */
  list({ kind, cursor, limit }: DocumentsQuery): Result<DocumentsView> {
    const from = readCursor(cursor, 0);
    if (!from.ok) return from;
    const state = this.log.state();
    const found = [...state.documents.values()].filter(
      ({ index, document }) =>
        index >= from.value && (kind === undefined || document.kind === kind),
    );
    return ok({
      items: found.slice(0, limit).map((record) => summaryOf(state, record, this.clock.now())),
      next: found[limit] === undefined ? null : String(found[limit].index),
    });
  }

  /** Code `document.unknown`. */
  show(digest: string): Result<DocumentView> {
    const state = this.log.state();
    const record = state.documents.get(digest);
    if (record === undefined) return refuse('document.unknown', { document: digest });
    const document = fromUtf8(canonicalBytes(record.document));
    if (document === undefined) throw new Error('bug: canonical JSON is UTF-8');
    return ok({ ...summaryOf(state, record, this.clock.now()), document });
  }
}

function summaryOf(state: State, record: DocumentRecord, clock: Seconds): DocumentSummary {
  const { digest, index, document, headAt, approvals, vetoes, recovered } = record;
  return {
    digest,
    index,
    kind: document.kind,
    id: document.id,
    version: document.version,
    inForce: headOf(state, document)?.digest === digest,
    authorisedAt: headAt,
    approvedBy: [...approvals.keys()].sort(),
    vetoedBy: [...vetoes.keys()].sort(),
    recoveredBy: [...recovered.keys()].sort(),
    standings: standingsOf(state, record, clock).map(standingView),
  };
}

function standingView(standing: StandingAt): DocumentSummary['standings'][number] {
  const { from, since, until, missing, barred } = standing;
  return {
    ...standing,
    from: timeOf(from),
    since: timeOf(since),
    until: timeOf(until),
    missing: missing.map(missingView),
    barred: [...barred],
  };
}

function timeOf(time: Seconds | null): string | null {
  return time === null ? null : formatTime(time);
}
