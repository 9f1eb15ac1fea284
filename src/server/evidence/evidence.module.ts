import { Module } from '@nestjs/common';
import { LogModule } from '../log/log.module.ts';
import { EvidenceController } from './evidence.controller.ts';
import { EvidenceService } from './evidence.service.ts';

/** The log as one file for auditors. */
@Module({
  imports: [LogModule],
  controllers: [EvidenceController],
  providers: [EvidenceService],
  exports: [EvidenceService],
})
export class EvidenceModule {}
