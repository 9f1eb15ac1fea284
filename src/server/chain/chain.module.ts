import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { LogModule } from '../log/log.module.ts';
import { ChainService } from './chain.service.ts';
import { ChainSource } from './chain-source.ts';

/** The chain: one source, one follower over all processes, the coins of the wallets. */
@Module({
  imports: [LogModule],
  providers: [ChainSource, ChainService],
  exports: [ChainService],
})
export class ChainModule implements BeforeApplicationShutdown {
  constructor(private readonly chain: ChainService) {}

  // Before the log stops: a step at hand may wait for an entry.
  beforeApplicationShutdown(): Promise<void> {
    return this.chain.stop();
  }
}
