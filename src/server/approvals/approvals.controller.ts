import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller, SentinelCaller } from '../access/caller.ts';
import { AlsoFrom, CurrentFreezer, CurrentMember, Freezers } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import type {
  ApprovalBody,
  ApprovedView,
  FreezeBody,
  FreezesQuery,
  FreezesView,
  FrozenView,
} from './approvals.schema.ts';
import {
  approvalBody,
  approvedView,
  freezeBody,
  freezesQuery,
  freezesView,
  frozenView,
} from './approvals.schema.ts';
import { ApprovalsService } from './approvals.service.ts';
import { FreezeReader } from './freeze-reader.ts';

@ApiTags('approvals')
@Controller('v1')
export class ApprovalsController {
  constructor(
    private readonly approvals: ApprovalsService,
    private readonly reader: FreezeReader,
  ) {}

  /** Approves, rejects or withdraws, as the statement says. */
  @Post('approvals')
  @AlsoFrom('member.suspended', 'device.suspended')
  @ApiCreatedResponse({ standardSchema: approvedView })
  async decide(
    @Body({ schema: approvalBody }) body: ApprovalBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<ApprovedView> {
    return valueOf(await this.approvals.decide(body, caller));
  }

  /** The freezes that stand at some signer, with who signed that they be lifted and what is missing. */
  @Get('freezes')
  @ApiOkResponse({ standardSchema: freezesView })
  async freezes(@Query({ schema: freezesQuery }) query: FreezesQuery): Promise<FreezesView> {
    return valueOf(await this.reader.list(query));
  }

  /** Freezes a wallet, or all of them, or signs that freezes be lifted. */
  @Post('freezes')
  @Freezers()
  @AlsoFrom('member.suspended', 'device.suspended')
  @ApiCreatedResponse({ standardSchema: frozenView })
  async freeze(
    @Body({ schema: freezeBody }) body: FreezeBody,
    @CurrentFreezer() caller: MemberCaller | SentinelCaller,
  ): Promise<FrozenView> {
    return valueOf(await this.approvals.freeze(body, caller));
  }
}
