import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller } from '../access/caller.ts';
import { CurrentMember } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import { walletId } from '../wallets/wallets.schema.ts';
import type { ShadowBody, ShadowQuery, ShadowView } from './shadow.schema.ts';
import { shadowBody, shadowQuery, shadowView } from './shadow.schema.ts';
import { ShadowService } from './shadow.service.ts';

const first: ShadowQuery = { cursor: undefined, limit: 50 };

@ApiTags('policies')
@Controller('v1/wallets/:id/shadow')
export class ShadowController {
  constructor(private readonly shadows: ShadowService) {}

  /** The policy that is judged beside the one in force, and on which proposals it says otherwise, the newest first. */
  @Get()
  @ApiOkResponse({ standardSchema: shadowView })
  async show(
    @Param('id', { schema: walletId }) id: string,
    @Query({ schema: shadowQuery }) query: ShadowQuery,
  ): Promise<ShadowView> {
    return valueOf(await this.shadows.show(id, query));
  }

  /** A governor attaches a policy, in the place of any before. It decides nothing. */
  @Post()
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: shadowView })
  async attach(
    @Param('id', { schema: walletId }) id: string,
    @Body({ schema: shadowBody }) body: ShadowBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<ShadowView> {
    valueOf(await this.shadows.attach(id, body, caller));
    return valueOf(await this.shadows.show(id, first));
  }

  /** A governor takes it away. */
  @Delete()
  @ApiOkResponse({ standardSchema: shadowView })
  async clear(
    @Param('id', { schema: walletId }) id: string,
    @CurrentMember() caller: MemberCaller,
  ): Promise<ShadowView> {
    valueOf(await this.shadows.clear(id, caller));
    return valueOf(await this.shadows.show(id, first));
  }
}
