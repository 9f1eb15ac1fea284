import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller } from '../access/caller.ts';
import { CurrentMember } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import type { ApprovalBody, ApprovedView, FreezeBody, FrozenView } from './approvals.schema.ts';
import { approvalBody, approvedView, freezeBody, frozenView } from './approvals.schema.ts';
import { ApprovalsService } from './approvals.service.ts';

@ApiTags('approvals')
@Controller('v1')
export class ApprovalsController {
  constructor(private readonly approvals: ApprovalsService) {}

  /** Approves, rejects or withdraws, as the statement says. */
  @Post('approvals')
  @ApiCreatedResponse({ standardSchema: approvedView })
  async decide(
    @Body({ schema: approvalBody }) body: ApprovalBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<ApprovedView> {
    return valueOf(await this.approvals.decide(body, caller));
  }

  /** Freezes a wallet, or all of them. */
  @Post('freezes')
  @ApiCreatedResponse({ standardSchema: frozenView })
  async freeze(
    @Body({ schema: freezeBody }) body: FreezeBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<FrozenView> {
    return valueOf(await this.approvals.freeze(body, caller));
  }
}
