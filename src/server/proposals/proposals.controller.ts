import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { MemberCaller } from '../access/caller.ts';
import { CurrentMember } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import { ProposalReader } from './proposal-reader.ts';
import type {
  BumpBody,
  BumpedView,
  ProposalView,
  ProposalsQuery,
  ProposalsView,
  ProposeBody,
  ProposedView,
} from './proposals.schema.ts';
import {
  bumpBody,
  bumpedView,
  proposalDigest,
  proposalView,
  proposalsQuery,
  proposalsView,
  proposeBody,
  proposedView,
} from './proposals.schema.ts';
import { ProposalsService } from './proposals.service.ts';
import { VersionsService } from './versions.service.ts';

@ApiTags('proposals')
@Controller('v1/proposals')
export class ProposalsController {
  constructor(
    private readonly proposals: ProposalsService,
    private readonly reader: ProposalReader,
    private readonly versions: VersionsService,
  ) {}

  /** Logs a signed proposal. */
  @Post()
  @ApiCreatedResponse({ standardSchema: proposedView })
  async propose(
    @Body({ schema: proposeBody }) body: ProposeBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<ProposedView> {
    return valueOf(await this.proposals.propose(body, caller));
  }

  /** Raises the fee of a signed proposal inside its envelope, out of the change alone. */
  @Post(':digest/versions')
  @ApiCreatedResponse({ standardSchema: bumpedView })
  async bump(
    @Param('digest', { schema: proposalDigest }) digest: string,
    @Body({ schema: bumpBody }) body: BumpBody,
    @CurrentMember() caller: MemberCaller,
  ): Promise<BumpedView> {
    return valueOf(await this.versions.bump(digest, body, caller));
  }

  /** Proposals, the newest first. */
  @Get()
  @ApiOkResponse({ standardSchema: proposalsView })
  async list(@Query({ schema: proposalsQuery }) query: ProposalsQuery): Promise<ProposalsView> {
    return valueOf(await this.reader.list(query));
  }

  /** One proposal: what was signed, the verdict with its reasons, what happened since. */
  @Get(':digest')
  @ApiOkResponse({ standardSchema: proposalView })
  async show(@Param('digest', { schema: proposalDigest }) digest: string): Promise<ProposalView> {
    return valueOf(await this.reader.show(digest));
  }
}
