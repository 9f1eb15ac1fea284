import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { LogModule } from '../log/log.module.ts';
import { SequencerService } from '../log/sequencer.service.ts';
import { ChainFacts } from './chain-facts.ts';
import { CoinHolds } from './coin-holds.ts';
import { DraftStore } from './draft.store.ts';
import { DraftsController } from './drafts.controller.ts';
import { DraftsService } from './drafts.service.ts';
import { ProposalReader } from './proposal-reader.ts';
import { ProposalStore } from './proposal.store.ts';
import { ProposalsController } from './proposals.controller.ts';
import { ProposalsService } from './proposals.service.ts';
import { VersionsService } from './versions.service.ts';

/** From a draft to a proposal in the log, and what became of it. */
@Module({
  imports: [ChainModule, LogModule],
  controllers: [DraftsController, ProposalsController],
  providers: [
    ChainFacts,
    CoinHolds,
    DraftStore,
    DraftsService,
    ProposalReader,
    ProposalStore,
    ProposalsService,
    VersionsService,
  ],
})
export class ProposalsModule {
  constructor(sequencer: SequencerService, holds: CoinHolds) {
    sequencer.participate((sql, entries, state) => holds.settle(sql, entries, state));
  }
}
