import { Injectable } from '@nestjs/common';
import { ADDRESS_INDEX } from '../../core/base/limits.ts';
import type { RefusalCode } from '../../core/base/codes.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { formatTime } from '../../core/base/time.ts';
import type { AddressRecord } from '../../core/log/addresses.ts';
import { addressByRequest, highestAsked } from '../../core/log/addresses.ts';
import { ChainService } from '../chain/chain.service.ts';
import { Clock } from '../clock.ts';
import { Unavailable } from '../http/unavailable.ts';
import { LogService } from '../log/log.service.ts';
import { StatementService } from '../log/statement.service.ts';

/** Attempts to ask for an index that another process asks for at the same time. */
const ATTEMPTS = 20;
/** While blocks are not read, an address that somebody has paid may look unused. */
const unreadTroubles: ReadonlySet<RefusalCode> = new Set(['chain.behind', 'chain.syncing']);

/** Asks in the log for addresses: each index once, and none that was ever used. */
@Injectable()
export class AskingService {
  /** Ends when those who asked before are served: else all would ask for the same index. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly log: LogService,
    private readonly statements: StatementService,
    private readonly chain: ChainService,
    private readonly clock: Clock,
  ) {}

  /**
   * The address of a request: the next unused one, or that which the same request got before. Codes: `address.exhausted`,
   * those of a chain that is not read, those of the fold.
   */
  ask(wallet: string, request: string): Promise<Result<AddressRecord>> {
    const work = () => this.#ask(wallet, request);
    // Whose turn fails leaves the next one his.
    const mine = this.#turn.then(work, work);
    this.#turn = mine;
    return mine;
  }

  async #ask(wallet: string, request: string): Promise<Result<AddressRecord>> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = addressByRequest(this.log.state(), wallet, request);
      if (known !== undefined) return ok(known);
      const read = await this.#checkRead();
      if (!read.ok) return read;
      const unused = await this.chain.coins.nextReceiveIndex(wallet);
      const index = Math.max(unused, highestAsked(this.log.state(), wallet) + 1);
      if (index > ADDRESS_INDEX) return refuse('address.exhausted', { wallet });
      const at = formatTime(this.clock.now());
      const outcome = await this.statements.submitEntry(
        { type: 'fact', fact: { fact: 'address-asked', at, wallet, index, request } },
        [],
      );
      if (!outcome.ok && outcome.refusal.code !== 'fact.duplicate') return outcome;
    }
    throw new Unavailable('others ask for addresses all the time');
  }

  async #checkRead(): Promise<Result<null>> {
    const { trouble } = this.chain;
    if (trouble !== null && unreadTroubles.has(trouble.code))
      return { ok: false, refusal: trouble };
    if ((await this.chain.followedTip()) !== null) return ok(null);
    return { ok: false, refusal: trouble ?? { code: 'chain.behind', facts: { height: 0 } } };
  }
}
