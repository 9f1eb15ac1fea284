import { Injectable } from '@nestjs/common';
import type { DocumentStatement } from '../../core/approval/statement.ts';
import { utf8 } from '../../core/base/bytes.ts';
import { blobAddress } from '../../core/base/digest.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { isGovernor, isIn, RECOVERY } from '../../core/governance/charter.ts';
import type { CharterBody, CharterMember } from '../../core/governance/document.ts';
import { documentDigest, parseDocument } from '../../core/governance/document.ts';
import { headOf } from '../../core/log/admit-document.ts';
import type { MemberCaller } from '../access/caller.ts';
import { checkAuthor } from '../access/author.ts';
import { decodeBlobs } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import { StatementService } from '../log/statement.service.ts';
import type {
  DocumentSignedView,
  DocumentStatementBody,
  PublishBody,
  PublishedView,
} from './documents.schema.ts';
import { PublicationStore } from './publication.store.ts';

/** Takes new documents and what is said of them into the log. */
@Injectable()
export class DocumentsService {
  constructor(
    private readonly log: LogService,
    private readonly statements: StatementService,
    private readonly publications: PublicationStore,
  ) {}

  /**
   * Logs a document, not yet in force: it carries no signature of its own. Governors may, and officers, who publish what
   * recovery keys sign; even suspended ones, for whoever has taken a governor's device over can suspend all the others.
   * Codes: `member.role`, `document.unsigned.many`, those of the fold for documents.
   */
  async publish(
    { document }: PublishBody,
    { member }: MemberCaller,
  ): Promise<Result<PublishedView>> {
    const { charter, members } = this.log.state();
    const author = members.get(member)?.member;
    const needs = charter?.document.body;
    if (author === undefined || needs === undefined || !mayPublish(needs, author))
      return refuse('member.role', { member, needs: needs?.governance.group ?? null });
    const bytes = utf8(document);
    const parsed = parseDocument(bytes);
    if (!parsed.ok) return parsed;
    const digest = documentDigest(parsed.value);
    if (this.log.state().documents.has(digest))
      return refuse('document.duplicate', { document: digest });
    const claimed = await this.publications.claim(member, digest);
    if (!claimed.ok) return claimed;
    const entry = { type: 'document', document: blobAddress(bytes) } as const;
    const index = await this.statements.submitEntry(entry, [bytes]);
    return index.ok ? ok({ digest, index: index.value }) : index;
  }

  /**
   * Logs a governor's or key holder's word on a document, or that of a recovery key, which proves itself and comes by
   * anybody's session. Codes: those of the fold, `session.member`, `device.unconfirmed`, `statement.*`.
   */
  async sign(
    body: DocumentStatementBody,
    caller: MemberCaller,
  ): Promise<Result<DocumentSignedView>> {
    const said = this.statements.read(body, 'document');
    if (!said.ok) return said;
    const { statement, digest } = said.value;
    const author = statement.member === RECOVERY ? ok(null) : checkSigner(statement, caller);
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
    const inForce = record !== undefined && headOf(state, record.document) === record;
    return ok({ digest, index: index.value, document, inForce });
  }
}

/** A device that has not confirmed its entry says nothing but that. Codes `session.member`, `device.unconfirmed`. */
function checkSigner(statement: DocumentStatement, caller: MemberCaller): Result<null> {
  const author = checkAuthor(statement, caller);
  if (!author.ok || caller.hindrance !== 'device.unconfirmed') return author;
  const confirmsItself = statement.decision === 'confirm' && statement.device === caller.device;
  const { member, device } = caller;
  return confirmsItself ? ok(null) : refuse('device.unconfirmed', { member, device });
}

function mayPublish(charter: CharterBody, member: CharterMember): boolean {
  return isGovernor(charter, member) || isIn(member, charter.officers);
}
