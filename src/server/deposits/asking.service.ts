import { Injectable } from '@nestjs/common';
import { ADDRESSES_ASKED, ADDRESS_INDEX } from '../../core/base/limits.ts';
import type { RefusalCode } from '../../core/base/codes.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { formatTime } from '../../core/base/time.ts';
import type { AddressRecord } from '../../core/log/addresses.ts';
import { addressByRequest, addressReach, highestAsked } from '../../core/log/addresses.ts';
import { ChainService } from '../chain/chain.service.ts';
import { Clock } from '../clock.ts';
import { TokenBuckets } from '../../core/base/token-buckets.ts';
import { Unavailable } from '../http/unavailable.ts';
import { LogService } from '../log/log.service.ts';
import { StatementService } from '../log/statement.service.ts';

/** Attempts to ask for an index that another process asks for at the same time. */
const ATTEMPTS = 20;
/** While blocks are not read, an address that somebody has paid may look unused. */
const unreadTroubles: ReadonlySet<RefusalCode> = new Set(['chain.behind', 'chain.syncing']);
const HOUR_SECONDS = 3_600;

/** For whom, and by which number that his device made up. */
export interface Request {
  readonly wallet: string;
  readonly member: string;
  readonly request: string;
}

/** Asks in the log for addresses: each index once, and none that was ever used. */
@Injectable()
export class AskingService {
  /** Ends when those who asked before are served: else all would ask for the same index. */
  #turn: Promise<unknown> = Promise.resolve();
  /** By member: in this process. */
  readonly #buckets = new TokenBuckets(ADDRESSES_ASKED / HOUR_SECONDS, ADDRESSES_ASKED);

  constructor(
    private readonly log: LogService,
    private readonly statements: StatementService,
    private readonly chain: ChainService,
    private readonly clock: Clock,
  ) {}

  /**
   * The address of a request: the next unused one, or that which the same request got before. Codes: `address.exhausted`,
   * `http.rate`, those of a chain that is not read, those of the fold.
   */
  ask(asked: Request): Promise<Result<AddressRecord>> {
    const work = () => this.#ask(asked);
    // Whose turn fails leaves the next one his.
    const mine = this.#turn.then(work, work);
    this.#turn = mine;
    return mine;
  }

  async #ask({ wallet, member, request }: Request): Promise<Result<AddressRecord>> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = addressByRequest(this.log.state(), wallet, request);
      if (known !== undefined) return ok(known);
      const read = await this.#checkRead(wallet);
      if (!read.ok) return read;
      const unused = await this.chain.coins.nextReceiveIndex(wallet);
      const index = Math.max(unused, highestAsked(this.log.state(), wallet) + 1);
      if (index > ADDRESS_INDEX) return refuse('address.exhausted', { wallet });
      if (this.#isReached(wallet, index) && !this.#buckets.take(member, performance.now()))
        return refuse('http.rate', { most: ADDRESSES_ASKED, seconds: HOUR_SECONDS });
      const at = formatTime(this.clock.now());
      const outcome = await this.statements.submitEntry(
        { type: 'fact', fact: { fact: 'address-asked', at, wallet, index, request } },
        [],
      );
      if (!outcome.ok && outcome.refusal.code !== 'fact.duplicate') return outcome;
    }
    throw new Unavailable('others ask for addresses all the time');
  }

  /** What waits for the signer is refused by the fold, and counts for nobody. */
  #isReached(id: string, index: number): boolean {
    const state = this.log.state();
    const wallet = state.wallets.get(id);
    return wallet !== undefined && index <= addressReach(state, wallet);
  }

  async #checkRead(wallet: string): Promise<Result<null>> {
    const { trouble } = this.chain;
    if (trouble !== null && unreadTroubles.has(trouble.code))
      return { ok: false, refusal: trouble };
    // The last look at the chain may be older than the wallet.
    if (await this.chain.coins.isRead(wallet)) return ok(null);
    return { ok: false, refusal: trouble ?? { code: 'chain.behind', facts: { height: 0 } } };
  }
}
