import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { LogModule } from '../log/log.module.ts';
import { MoveStore } from './move.store.ts';
import { ReconciliationController } from './reconciliation.controller.ts';
import { ReconciliationService } from './reconciliation.service.ts';

/** Chain against receipts. */
@Module({
  imports: [ChainModule, LogModule],
  controllers: [ReconciliationController],
  providers: [MoveStore, ReconciliationService],
})
export class ReconciliationModule {}
