import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { ChainService } from '../chain/chain.service.ts';
import { LogModule } from '../log/log.module.ts';
import { CoinsController } from './coins.controller.ts';
import { CoinNotes, CoinsService } from './coins.service.ts';
import { FreezeStore } from './freeze.store.ts';
import { LabelStore } from './label.store.ts';
import { RecoveryWatch } from './recovery-watch.ts';

/** What people say of coins: which are left alone, and what they are called; and what they should know of them. */
@Module({
  imports: [ChainModule, LogModule],
  controllers: [CoinsController],
  providers: [CoinNotes, CoinsService, FreezeStore, LabelStore, RecoveryWatch],
  exports: [LabelStore, RecoveryWatch],
})
export class CoinsModule {
  constructor(chain: ChainService, recovery: RecoveryWatch) {
    chain.afterStep(() => recovery.look());
  }
}
