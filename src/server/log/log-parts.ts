import { Injectable } from '@nestjs/common';
import { BlobStore } from './blob.store.ts';
import { EntryStore } from './entry.store.ts';
import { Fold } from './fold.ts';
import { LogKey } from './log-key.ts';
import { LogService } from './log.service.ts';
import { PendingStore } from './pending.store.ts';
import { ProjectionStore } from './projection.store.ts';

/** The tables of the log. */
@Injectable()
export class LogStores {
  constructor(
    readonly entries: EntryStore,
    readonly blobs: BlobStore,
    readonly pending: PendingStore,
    readonly projections: ProjectionStore,
  ) {}
}

/** What the sequencer works with. */
@Injectable()
export class LogParts {
  constructor(
    readonly log: LogService,
    readonly fold: Fold,
    readonly key: LogKey,
    readonly stores: LogStores,
  ) {}
}
