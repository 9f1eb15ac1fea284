import { Module } from '@nestjs/common';
import { ChainModule } from '../chain/chain.module.ts';
import { ChainService } from '../chain/chain.service.ts';
import { CoinsModule } from '../coins/coins.module.ts';
import { LogModule } from '../log/log.module.ts';
import { SigningModule } from '../signing/signing.module.ts';
import { AddressNotes, AddressesService } from './addresses.service.ts';
import { AskingService } from './asking.service.ts';
import { DepositStore } from './deposit.store.ts';
import { DepositsController } from './deposits.controller.ts';
import { DepositsService } from './deposits.service.ts';
import { ReachService } from './reach.service.ts';

/** Money that comes in: addresses that the signer attests, and what was paid to them. */
@Module({
  imports: [ChainModule, CoinsModule, LogModule, SigningModule],
  controllers: [DepositsController],
  providers: [
    AddressNotes,
    AddressesService,
    AskingService,
    DepositStore,
    DepositsService,
    ReachService,
  ],
})
export class DepositsModule {
  constructor(chain: ChainService, reach: ReachService) {
    chain.afterStep(() => reach.look());
  }
}
