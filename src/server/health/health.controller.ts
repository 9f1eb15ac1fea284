import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public } from '../access/caller.ts';
import type { LivingView, ReadinessView } from './health.schema.ts';
import { livingView, readinessView } from './health.schema.ts';
import { HealthService } from './health.service.ts';

@ApiTags('health')
@Public()
@Controller()
export class HealthController {
  constructor(private readonly health: HealthService) {}

  /** The process lives. */
  @Get('healthz')
  @ApiOkResponse({ standardSchema: livingView })
  living(): LivingView {
    return { status: 'living' };
  }

  /** 503 when nothing can be written down. A node that is away is told and answered 200: people must be able to say no. */
  @Get('readyz')
  @ApiOkResponse({ standardSchema: readinessView })
  @ApiServiceUnavailableResponse({ standardSchema: readinessView })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadinessView> {
    const view = await this.health.readiness();
    if (view.status === 'unready') void reply.status(HttpStatus.SERVICE_UNAVAILABLE);
    return view;
  }
}
