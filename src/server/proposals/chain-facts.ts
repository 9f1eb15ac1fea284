import { Injectable } from '@nestjs/common';
import type { Refusal, Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { ChainService } from '../chain/chain.service.ts';
import type { CoinStore } from '../chain/coin.store.ts';
import { Clock } from '../clock.ts';
import { pairsOf } from './coin-hold.ts';

/** What drafts and views ask of the world: the followed coins and blocks, the node's estimate of fees, the time. */
@Injectable()
export class ChainFacts {
  constructor(
    private readonly chain: ChainService,
    private readonly clock: Clock,
  ) {}

  /** Why nothing may be drafted now, or null. */
  get trouble(): Refusal | null {
    return this.chain.trouble;
  }

  now(): Seconds {
    return this.clock.now();
  }

  get coins(): CoinStore {
    return this.chain.coins;
  }

  /** Whether a member froze one of a wallet's coins. Codes: `coin.frozen`, those of pairsOf. */
  async checkFrozen(wallet: string, outpoints: readonly string[]): Promise<Result<null>> {
    const pairs = pairsOf(outpoints);
    if (!pairs.ok) return pairs;
    const found = await this.coins.coins(wallet, pairs.value);
    const frozen = found.filter(({ isFrozen }) => isFrozen);
    if (frozen.length === 0) return ok(null);
    return refuse('coin.frozen', {
      outpoints: frozen.map(({ txid, vout }) => `${txid}:${String(vout)}`),
    });
  }

  /** Height up to which coins were read; 0 before the first block. */
  async tip(): Promise<number> {
    return (await this.chain.followedTip())?.height ?? 0;
  }

  /** Satoshi a virtual byte, or null. Throws a ChainFault when the node cannot be asked. */
  estimate(blocks: number): Promise<number | null> {
    return this.chain.view.feeRate(blocks);
  }
}
