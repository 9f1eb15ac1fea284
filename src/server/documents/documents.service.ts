import { Injectable } from '@nestjs/common';
import { fromUtf8, utf8 } from '../../core/base/bytes.ts';
import { canonicalBytes } from '../../core/base/canonical.ts';
import { blobAddress } from '../../core/base/digest.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { isIn } from '../../core/governance/charter.ts';
import { documentDigest, parseDocument } from '../../core/governance/document.ts';
import type { DocumentRecord, State } from '../../core/log/state.ts';
import type { MemberCaller } from '../access/caller.ts';
import { checkAuthor } from '../access/author.ts';
import { ServerConfig } from '../config.ts';
import { decodeBlobs, readCursor } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import { StatementService } from '../log/statement.service.ts';
import type {
  DocumentSignedView,
  DocumentStatementBody,
  DocumentSummary,
  DocumentView,
  DocumentsQuery,
  DocumentsView,
  OrganisationView,
  PublishBody,
  PublishedView,
} from './documents.schema.ts';

/** Shows the documents of the organisation, and takes new ones and their signatures into the log. */
@Injectable()
export class DocumentsService {
  constructor(
    private readonly log: LogService,
    private readonly statements: StatementService,
    private readonly config: ServerConfig,
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
      items: found.slice(0, limit).map((record) => summaryOf(state, record)),
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
    return ok({ ...summaryOf(state, record), document });
  }

  /**
   * Logs a document, not yet in force. Only governors may: a document carries no signature of its own. Codes:
   * `member.role`, those of the fold for documents.
   */
  async publish(
    { document }: PublishBody,
    { member }: MemberCaller,
  ): Promise<Result<PublishedView>> {
    const { charter, members } = this.log.state();
    const author = members.get(member)?.member;
    const needs = charter?.document.body.governance.group;
    if (author === undefined || needs === undefined || !isIn(author, [needs]))
      return refuse('member.role', { member, needs: needs ?? null });
    const bytes = utf8(document);
    const parsed = parseDocument(bytes);
    if (!parsed.ok) return parsed;
    const entry = { type: 'document', document: blobAddress(bytes) } as const;
    const index = await this.statements.submitEntry(entry, [bytes]);
    if (!index.ok) return index;
    return ok({ digest: documentDigest(parsed.value), index: index.value });
  }

  /** Logs a governor's or key holder's word on a document. Codes: those of the fold, `session.member`, `statement.*`. */
  async sign(
    body: DocumentStatementBody,
    caller: MemberCaller,
  ): Promise<Result<DocumentSignedView>> {
    const said = this.statements.read(body, 'document');
    if (!said.ok) return said;
    const { statement, digest } = said.value;
    const author = checkAuthor(statement, caller);
    if (!author.ok) return author;
    if (statement.decision !== 'veto') {
      const timely = this.statements.checkTime(statement);
      if (!timely.ok) return timely;
    }
    const blobs = decodeBlobs(body.blobs);
    if (!blobs.ok) return blobs;
    const beside = { coins: null, blobs: blobs.value, texts: [] };
    const index = await this.statements.submit(said.value, beside);
    if (!index.ok) return index;
    const { document } = statement;
    const state = this.log.state();
    const record = state.documents.get(document);
    const inForce = record !== undefined && isInForce(state, record);
    return ok({ digest, index: index.value, document, inForce });
  }
}

function summaryOf(state: State, record: DocumentRecord): DocumentSummary {
  const { digest, index, document, headAt, approvals } = record;
  return {
    digest,
    index,
    kind: document.kind,
    id: document.id,
    version: document.version,
    inForce: isInForce(state, record),
    authorisedAt: headAt,
    approvedBy: [...approvals.keys()].sort(),
  };
}

function isInForce(state: State, { digest, document }: DocumentRecord): boolean {
  switch (document.kind) {
    case 'charter':
      return state.charter?.digest === digest;
    case 'destinations':
      return state.destinations?.digest === digest;
    case 'policy':
      return state.policies.get(document.id)?.digest === digest;
    case 'wallet':
      return state.wallets.get(document.id)?.record.digest === digest;
  }
}
