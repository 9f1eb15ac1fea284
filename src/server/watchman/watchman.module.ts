import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { ChainService } from '../chain/chain.service.ts';
import { LogModule } from '../log/log.module.ts';
import { SigningModule } from '../signing/signing.module.ts';
import { SpendStore } from './spend.store.ts';
import { WatchmanService } from './watchman.service.ts';

/** The watchman, run here until a sentinel runs him on a machine of its own. */
@Module({
  imports: [ChainModule, LogModule, SigningModule],
  providers: [SpendStore, WatchmanService],
  exports: [WatchmanService],
})
export class WatchmanModule {
  constructor(chain: ChainService, watchman: WatchmanService) {
    chain.afterStep(() => watchman.look());
  }
}
