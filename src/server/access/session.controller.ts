import { Body, Controller, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiTags } from '@nestjs/swagger';
import { formatTime } from '../../core/base/time.ts';
import { valueOf } from '../http/refusal-exception.ts';
import { CurrentProof, ProvenOnly } from './caller.ts';
import type { Proof } from './proof.ts';
import type { SessionBody, SessionView } from './session.schema.ts';
import { sessionBody, sessionView } from './session.schema.ts';
import { SessionService } from './session.service.ts';

@ApiTags('sessions')
@Controller('v1/sessions')
export class SessionController {
  constructor(private readonly sessions: SessionService) {}

  /** Opens a session: the statement names the key whose DPoP proof this request and all that follow carry. */
  @Post()
  @ProvenOnly()
  @ApiCreatedResponse({ standardSchema: sessionView })
  async open(
    @Body({ schema: sessionBody }) body: SessionBody,
    @CurrentProof() proof: Proof,
  ): Promise<SessionView> {
    const { member, expiresAt } = valueOf(await this.sessions.open(body, proof));
    return { member, expiresAt: formatTime(expiresAt) };
  }
}
