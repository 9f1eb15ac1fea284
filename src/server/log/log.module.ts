import type { OnApplicationShutdown } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { BlobStore } from './blob.store.ts';
import { EntryStore } from './entry.store.ts';
import { Fold } from './fold.ts';
import { LogController } from './log.controller.ts';
import { LogParts, LogStores } from './log-parts.ts';
import { LogService } from './log.service.ts';
import { PendingStore } from './pending.store.ts';
import { ProjectionStore } from './projection.store.ts';
import { SequencerService } from './sequencer.service.ts';
import { StatementService } from './statement.service.ts';

/** The order of events: entries go in through statements and the sequencer, the state and the read API come out. */
@Module({
  controllers: [LogController],
  providers: [
    BlobStore,
    EntryStore,
    Fold,
    LogParts,
    LogService,
    LogStores,
    PendingStore,
    ProjectionStore,
    SequencerService,
    StatementService,
  ],
  exports: [LogService, PendingStore, ProjectionStore, SequencerService, StatementService],
})
export class LogModule implements OnApplicationShutdown {
  constructor(private readonly sequencer: SequencerService) {}

  onApplicationShutdown(): Promise<void> {
    return this.sequencer.stop();
  }
}
