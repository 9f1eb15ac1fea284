import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller } from '../access/caller.ts';
import { AlsoFrom, CurrentMember } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import type {
  DocumentSignedView,
  DocumentStatementBody,
  DocumentView,
  DocumentsQuery,
  DocumentsView,
  OrganisationView,
  PublishBody,
  PublishedView,
} from './documents.schema.ts';
import {
  documentDigest,
  documentSignedView,
  documentStatementBody,
  documentView,
  documentsQuery,
  documentsView,
  organisationView,
  publishBody,
  publishedView,
} from './documents.schema.ts';
import { DocumentReader } from './document-reader.ts';
import { DocumentsService } from './documents.service.ts';

@ApiTags('documents')
@Controller('v1')
export class DocumentsController {
  constructor(
    private readonly documents: DocumentsService,
    private readonly reader: DocumentReader,
  ) {}

  /** The organisation as its charter in force says. */
  @Get('organisation')
  @ApiOkResponse({ standardSchema: organisationView })
  organisation(): OrganisationView {
    return valueOf(this.reader.organisation());
  }

  /** Every document, in the order of the log. */
  @Get('documents')
  @ApiOkResponse({ standardSchema: documentsView })
  list(@Query({ schema: documentsQuery }) query: DocumentsQuery): DocumentsView {
    return valueOf(this.reader.list(query));
  }

  /** One document with its exact bytes. */
  @Get('documents/:digest')
  @ApiOkResponse({ standardSchema: documentView })
  show(@Param('digest', { schema: documentDigest }) digest: string): DocumentView {
    return valueOf(this.reader.show(digest));
  }

  /** Logs a document. It comes in force by the signatures of governors, or of recovery keys. */
  @Post('documents')
  @AlsoFrom('member.suspended', 'device.suspended')
  @ApiCreatedResponse({ standardSchema: publishedView })
  async publish(
    @Body({ schema: publishBody }) body: PublishBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<PublishedView> {
    return valueOf(await this.documents.publish(body, caller));
  }

  /** Approves, vetoes or confirms a document, as the statement says; a recovery key's word comes by anybody's session. */
  @Post('statements')
  @AlsoFrom('device.unconfirmed', 'member.suspended', 'device.suspended')
  @ApiCreatedResponse({ standardSchema: documentSignedView })
  async sign(
    @Body({ schema: documentStatementBody }) body: DocumentStatementBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<DocumentSignedView> {
    return valueOf(await this.documents.sign(body, caller));
  }
}
