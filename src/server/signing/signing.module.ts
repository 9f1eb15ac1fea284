import type { BeforeApplicationShutdown } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { ChainService } from '../chain/chain.service.ts';
import { HousekeepingService } from '../jobs/housekeeping.service.ts';
import { JobsService, queues } from '../jobs/jobs.service.ts';
import { LogModule } from '../log/log.module.ts';
import { SequencerService } from '../log/sequencer.service.ts';
import { BroadcastQueue } from './broadcast-queue.ts';
import { BroadcastService } from './broadcast.service.ts';
import { ConfirmationService, ConfirmationStores } from './confirmation.service.ts';
import { FactWriter } from './fact-writer.ts';
import { PlaceStore } from './place.store.ts';
import { ReceiptStore } from './receipt.store.ts';
import { ReceiptsService } from './receipts.service.ts';
import { SigningController } from './signing.controller.ts';
import { TransmissionStore } from './transmission.store.ts';

/** From a signer's receipt to a settled payment. */
@Module({
  imports: [ChainModule, LogModule],
  controllers: [SigningController],
  providers: [
    BroadcastQueue,
    BroadcastService,
    ConfirmationService,
    ConfirmationStores,
    FactWriter,
    PlaceStore,
    ReceiptStore,
    ReceiptsService,
    TransmissionStore,
  ],
  exports: [BroadcastService, FactWriter],
})
export class SigningModule implements BeforeApplicationShutdown {
  readonly #queue: BroadcastQueue;

  constructor(
    sequencer: SequencerService,
    private readonly jobs: JobsService,
    chain: ChainService,
    parts: ConfirmationService,
  ) {
    this.#queue = parts.queue;
    sequencer.participate((sql, entries) => this.#queue.queueSigned(sql, entries));
    chain.afterStep(() => this.#queue.sweep());
    chain.afterStep(() => parts.look());
  }

  /** Begins to do the jobs of this module. */
  async work(housekeeping: HousekeepingService): Promise<void> {
    await this.#queue.work();
    await this.jobs.work(queues.housekeeping, () => housekeeping.sweep());
    await this.jobs.every(queues.housekeeping, '* * * * *');
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.jobs.stop();
  }
}
