import { Module } from '@nestjs/common';
import { EvidenceModule } from '../evidence/evidence.module.ts';
import { LogModule } from '../log/log.module.ts';
import { AnalysisThread } from './analysis-thread.ts';
import { PoliciesController } from './policies.controller.ts';
import { PoliciesService } from './policies.service.ts';
import { ShadowController } from './shadow.controller.ts';
import { ShadowJudge } from './shadow-judge.ts';
import { ShadowService } from './shadow.service.ts';
import { ShadowStore } from './shadow.store.ts';

/** Looks at policies and decides nothing: analyses, and shadows of the policies in force. */
@Module({
  imports: [EvidenceModule, LogModule],
  controllers: [PoliciesController, ShadowController],
  providers: [AnalysisThread, PoliciesService, ShadowJudge, ShadowService, ShadowStore],
})
export class PoliciesModule {}
