import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller } from '../access/caller.ts';
import { CurrentMember } from '../access/caller.ts';
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
import { DocumentsService } from './documents.service.ts';

@ApiTags('documents')
@Controller('v1')
export class DocumentsController {
  constructor(private readonly documents: DocumentsService) {}

  /** The organisation as its charter in force says. */
  @Get('organisation')
  @ApiOkResponse({ standardSchema: organisationView })
  organisation(): OrganisationView {
    return valueOf(this.documents.organisation());
  }

  /** Every document, in the order of the log. */
  @Get('documents')
  @ApiOkResponse({ standardSchema: documentsView })
  list(@Query({ schema: documentsQuery }) query: DocumentsQuery): DocumentsView {
    return valueOf(this.documents.list(query));
  }

  /** One document with its exact bytes. */
  @Get('documents/:digest')
  @ApiOkResponse({ standardSchema: documentView })
  show(@Param('digest', { schema: documentDigest }) digest: string): DocumentView {
    return valueOf(this.documents.show(digest));
  }

  /** Logs a document. It comes in force by the signatures of governors. */
  @Post('documents')
  @ApiCreatedResponse({ standardSchema: publishedView })
  async publish(
    @Body({ schema: publishBody }) body: PublishBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<PublishedView> {
    return valueOf(await this.documents.publish(body, caller));
  }

  /** Approves or confirms a document, as the statement says. */
  @Post('statements')
  @ApiCreatedResponse({ standardSchema: documentSignedView })
  async sign(
    @Body({ schema: documentStatementBody }) body: DocumentStatementBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<DocumentSignedView> {
    return valueOf(await this.documents.sign(body, caller));
  }
}
