import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { CoinsModule } from '../coins/coins.module.ts';
import { LogModule } from '../log/log.module.ts';
import { ScreeningModule } from '../screening/screening.module.ts';
import { WatchmanModule } from '../watchman/watchman.module.ts';
import { HealthController } from './health.controller.ts';
import { HealthService, LogWriter, Lookouts } from './health.service.ts';

/** How the process is, for whoever starts and watches it. */
@Module({
  imports: [ChainModule, CoinsModule, LogModule, ScreeningModule, WatchmanModule],
  controllers: [HealthController],
  providers: [HealthService, LogWriter, Lookouts],
})
export class HealthModule {}
