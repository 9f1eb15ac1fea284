import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { HttpModule } from '../http/http.module.ts';
import { LogModule } from '../log/log.module.ts';
import { AccessGuard } from './access.guard.ts';
import { AccessStores } from './access-stores.ts';
import { CallLimits } from './call-limits.ts';
import { CallerService } from './caller.service.ts';
import { ProofStore } from './proof.store.ts';
import { SessionController } from './session.controller.ts';
import { SessionService } from './session.service.ts';
import { SessionStore } from './session.store.ts';

/** Who calls. Its guard stands before every route of the server. */
@Module({
  imports: [HttpModule, LogModule],
  controllers: [SessionController],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    AccessStores,
    CallLimits,
    CallerService,
    ProofStore,
    SessionService,
    SessionStore,
  ],
  exports: [CallerService],
})
export class AccessModule {}
