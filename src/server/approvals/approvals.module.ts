import { Module } from '@nestjs/common';
import { LogModule } from '../log/log.module.ts';
import { ApprovalsController } from './approvals.controller.ts';
import { ApprovalsService } from './approvals.service.ts';

@Module({
  imports: [LogModule],
  controllers: [ApprovalsController],
  providers: [ApprovalsService],
})
export class ApprovalsModule {}
