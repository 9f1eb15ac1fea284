import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { CoinsModule } from '../coins/coins.module.ts';
import { LogModule } from '../log/log.module.ts';
import { WalletsController } from './wallets.controller.ts';
import { WalletsService } from './wallets.service.ts';

@Module({
  imports: [ChainModule, CoinsModule, LogModule],
  controllers: [WalletsController],
  providers: [WalletsService],
})
export class WalletsModule {}
