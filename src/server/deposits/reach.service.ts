import { Injectable } from '@nestjs/common';
import { addressReach, addressesBlocked, addressesOf } from '../../core/log/addresses.ts';
import { createLedger } from '../../core/log/ledger.ts';
import { ChainService } from '../chain/chain.service.ts';
import { LogService } from '../log/log.service.ts';
import { FactWriter } from '../signing/fact-writer.ts';

/**
 * Brings the attested addresses to where a wallet that lived before is used: a signer attests at most a gap beyond the last, so
 * that on the way one address a gap is asked for, by nobody. What is due follows from the log and the followed coins.
 */
@Injectable()
export class ReachService {
  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    private readonly facts: FactWriter,
  ) {}

  /** One look at the chain, for one process at a time. */
  async look(): Promise<void> {
    const next = await this.chain.coins.nextReceiveIndices();
    const state = this.log.state();
    for (const wallet of state.wallets.values()) {
      const index = addressReach(state, wallet);
      const isShort = (next.get(wallet.id) ?? 0) > index;
      if (!isShort || addressesOf(state, wallet.id).has(index)) continue;
      const ledger = state.ledgers.get(wallet.id) ?? createLedger();
      if (addressesBlocked(state, ledger, wallet) !== null) continue;
      await this.facts.write({ fact: 'address-asked', wallet: wallet.id, index, request: null });
    }
  }
}
