import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { AlsoFrom } from '../access/caller.ts';
import { valueOf } from '../http/refusal-exception.ts';
import type { BlastReport, ComparisonReport } from '../../core/policy/analyse/report.ts';
import type { Explanation } from '../../core/policy/explain.ts';
import type { ReplayReport } from '../../core/policy/replay-report.ts';
import type {
  BlastBody,
  CheckBody,
  CheckView,
  DiffBody,
  ExplainBody,
  ReplayBody,
} from './policies.schema.ts';
import {
  blastBody,
  blastView,
  checkBody,
  checkView,
  diffBody,
  diffView,
  explainBody,
  explainView,
  replayBody,
  replayView,
} from './policies.schema.ts';
import { PoliciesService } from './policies.service.ts';

/** Questions about policies. They are posted because they are long; they change nothing, so every session may ask. */
@ApiTags('policies')
@Controller('v1/policies')
export class PoliciesController {
  constructor(private readonly policies: PoliciesService) {}

  /** Whether a policy could be published, and what keeps it from that. */
  @Post('check')
  @HttpCode(200)
  @AlsoFrom('device.unconfirmed', 'member.suspended', 'device.suspended')
  @ApiOkResponse({ standardSchema: checkView })
  async check(@Body({ schema: checkBody }) body: CheckBody): Promise<CheckView> {
    return valueOf(await this.policies.check(body));
  }

  /** What would happen to a spend, and why. */
  @Post('explain')
  @HttpCode(200)
  @AlsoFrom('device.unconfirmed', 'member.suspended', 'device.suspended')
  @ApiOkResponse({ standardSchema: explainView })
  async explain(@Body({ schema: explainBody }) body: ExplainBody): Promise<Explanation> {
    return valueOf(await this.policies.explain(body));
  }

  /** What a policy makes easier and what harder. */
  @Post('diff')
  @HttpCode(200)
  @AlsoFrom('device.unconfirmed', 'member.suspended', 'device.suspended')
  @ApiOkResponse({ standardSchema: diffView })
  async diff(@Body({ schema: diffBody }) body: DiffBody): Promise<ComparisonReport> {
    return valueOf(await this.policies.diff(body));
  }

  /** The most that can leave when people are compromised. */
  @Post('blast-radius')
  @HttpCode(200)
  @AlsoFrom('device.unconfirmed', 'member.suspended', 'device.suspended')
  @ApiOkResponse({ standardSchema: blastView })
  async blastRadius(@Body({ schema: blastBody }) body: BlastBody): Promise<BlastReport> {
    return valueOf(await this.policies.blastRadius(body));
  }

  /** Which past proposals of the wallet would have fared otherwise. A long log is for the CLI. */
  @Post('replay')
  @HttpCode(200)
  @AlsoFrom('device.unconfirmed', 'member.suspended', 'device.suspended')
  @ApiOkResponse({ standardSchema: replayView })
  async replay(@Body({ schema: replayBody }) body: ReplayBody): Promise<ReplayReport> {
    return valueOf(await this.policies.replay(body));
  }
}
