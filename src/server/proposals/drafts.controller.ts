import { Body, Controller, Delete, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller } from '../access/caller.ts';
import { CurrentMember } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import type { DraftBody, DraftDropped, DraftView } from './drafts.schema.ts';
import { draftBody, draftDropped, draftId, draftView } from './drafts.schema.ts';
import { DraftsService } from './drafts.service.ts';

@ApiTags('proposals')
@Controller('v1/drafts')
export class DraftsController {
  constructor(private readonly drafts: DraftsService) {}

  /** Builds an unsigned transaction from payments or takes that of a PSBT, and holds its coins for ten minutes. */
  @Post()
  @ApiCreatedResponse({ standardSchema: draftView })
  async draft(
    @Body({ schema: draftBody }) body: DraftBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<DraftView> {
    return valueOf(await this.drafts.draft(body, caller));
  }

  /** Lets the coins of a draft go before it lapses. */
  @Delete(':draft')
  @ApiOkResponse({ standardSchema: draftDropped })
  async drop(
    @Param('draft', { schema: draftId }) draft: string,
    @CurrentMember() caller: MemberCaller,
  ): Promise<DraftDropped> {
    return valueOf(await this.drafts.drop(draft, caller));
  }
}
