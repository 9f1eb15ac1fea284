import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { LogModule } from '../log/log.module.ts';
import { SequencerService } from '../log/sequencer.service.ts';
import { SigningModule } from '../signing/signing.module.ts';
import { ScreeningQueue } from './screening-queue.ts';
import { ScreeningService, ScreeningWriter } from './screening.service.ts';
import { ScreeningStore } from './screening.store.ts';

/** Asks an outside service about the destinations of proposals (core/screening.ts says what its answers do). */
@Module({
  imports: [LogModule, SigningModule],
  providers: [ScreeningQueue, ScreeningService, ScreeningStore, ScreeningWriter],
  exports: [ScreeningService],
})
export class ScreeningModule implements BeforeApplicationShutdown {
  constructor(
    private readonly queue: ScreeningQueue,
    private readonly screening: ScreeningService,
    sequencer: SequencerService,
  ) {
    sequencer.participate((sql, entries) => queue.queueProposed(sql, entries));
    sequencer.afterCommit((entries) => {
      if (entries.some(({ entry }) => entry.type === 'receipt' && entry.receipt.record === 'force'))
        screening.tellUnconfigured();
    });
  }

  /** Begins to do the jobs of this module. Requires that the log was read. Throws StartRefused. */
  async work(): Promise<void> {
    await this.screening.checkStart();
    await this.queue.work();
  }

  beforeApplicationShutdown(): void {
    this.screening.close();
  }
}
