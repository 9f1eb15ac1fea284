import type { OnApplicationShutdown } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { ServerConfig, StartRefused } from '../config.ts';
import { BlobStore } from './blob.store.ts';
import { EntryStore } from './entry.store.ts';
import { Fold } from './fold.ts';
import { LogController } from './log.controller.ts';
import { LogKey } from './log-key.ts';
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
    { provide: LogKey, useFactory: readKey, inject: [ServerConfig] },
  ],
  exports: [LogService, PendingStore, ProjectionStore, SequencerService, StatementService],
})
export class LogModule implements OnApplicationShutdown {
  constructor(private readonly sequencer: SequencerService) {}

  onApplicationShutdown(): Promise<void> {
    return this.sequencer.stop();
  }
}

function readKey({ logKeyFile }: ServerConfig): LogKey {
  try {
    const key = LogKey.read(logKeyFile);
    if (key !== undefined) return key;
  } catch {
    throw new StartRefused('LOG_KEY_FILE cannot be read');
  }
  throw new StartRefused('LOG_KEY_FILE does not hold 64 hex digits');
}
