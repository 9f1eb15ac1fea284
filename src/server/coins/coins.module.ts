import { Module } from '@nestjs/common';
import { LogModule } from '../log/log.module.ts';
import { CoinsController } from './coins.controller.ts';
import { CoinsService } from './coins.service.ts';
import { FreezeStore } from './freeze.store.ts';
import { LabelStore } from './label.store.ts';

/** What people say of coins: which are left alone, and what they are called. */
@Module({
  imports: [LogModule],
  controllers: [CoinsController],
  providers: [CoinsService, FreezeStore, LabelStore],
  exports: [LabelStore],
})
export class CoinsModule {}
