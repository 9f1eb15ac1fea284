import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { LogModule } from '../log/log.module.ts';
import { ApprovalsController } from './approvals.controller.ts';
import { ApprovalsService } from './approvals.service.ts';
import { FreezeReader } from './freeze-reader.ts';

@Module({
  imports: [ChainModule, LogModule],
  controllers: [ApprovalsController],
  providers: [ApprovalsService, FreezeReader],
})
export class ApprovalsModule {}
