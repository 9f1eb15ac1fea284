import { Injectable, Logger } from '@nestjs/common';
import type { FactRecord } from '../../core/log/state.ts';
import { ChainService } from '../chain/chain.service.ts';
import { LogService } from '../log/log.service.ts';
import { BroadcastQueue } from './broadcast-queue.ts';
import { FactWriter } from './fact-writer.ts';
import { factsDue } from './facts-due.ts';
import { PlaceStore } from './place.store.ts';

/** Blocks for which a settled transaction is still watched: a day. */
const WATCHED_BLOCKS = 144;
/** How often it is asked whether the node still holds what waits. */
const RESEND_MS = 30_000;
/** Transactions asked for at a time; the others have their turn the next time. */
const RESEND_MOST = 200;

interface Watched {
  readonly proposal: string;
  readonly txid: string;
  readonly known: FactRecord;
}

/** Where transactions were read, and where facts go. */
@Injectable()
export class ConfirmationStores {
  constructor(
    readonly places: PlaceStore,
    readonly facts: FactWriter,
  ) {}
}

/** Follows broadcast transactions: their confirmations into the log, and back to the network when it forgot them. */
@Injectable()
export class ConfirmationService {
  readonly #logger = new Logger('signing');
  #resendAt = 0;
  #resendFrom = 0;

  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    readonly queue: BroadcastQueue,
    private readonly stores: ConfirmationStores,
  ) {}

  /** One look at what the follower has read. For one process at a time. */
  async look(): Promise<void> {
    const tip = await this.chain.followedTip();
    if (tip === null) return;
    const watched = this.#watched(tip.height);
    if (watched.length === 0) return;
    const places = await this.stores.places.places(
      watched.map(({ txid, known }) => ({ txid, confirmedAt: known.confirmed?.height ?? null })),
    );
    for (const { proposal, txid, known } of watched) {
      const place = places.get(txid);
      if (place === undefined) continue;
      for (const due of factsDue(known, place, tip.height)) {
        if (due.fact === 'unconfirmed' && known.settledAt !== null)
          this.#logger.error(`ALERT: ${txid} was settled, and a reorganisation took it away`);
        await this.stores.facts.write({ ...due, proposal, txid });
      }
    }
    await this.#resend(watched.filter(({ txid }) => places.get(txid)?.at === null));
  }

  #watched(tipHeight: number): readonly Watched[] {
    const { facts, proposals } = this.log.state();
    const watched: Watched[] = [];
    for (const [proposal, known] of facts) {
      const isOld =
        known.settledAt !== null && (known.confirmed?.height ?? 0) < tipHeight - WATCHED_BLOCKS;
      const txid = proposals.get(proposal)?.txid;
      if (!isOld && txid !== undefined) watched.push({ proposal, txid, known });
    }
    return watched;
  }

  /** What waits and is in no mempool any more is sent again. */
  async #resend(waiting: readonly Watched[]): Promise<void> {
    if (performance.now() < this.#resendAt) return;
    if (this.#resendFrom >= waiting.length) this.#resendFrom = 0;
    const turn = waiting.slice(this.#resendFrom, this.#resendFrom + RESEND_MOST);
    for (const { proposal, txid } of turn) {
      if ((await this.chain.view.transaction(txid)) !== null) continue;
      this.#logger.warn(`the node forgot ${txid}, which waits to be confirmed: it is sent again`);
      await this.queue.kick(proposal);
    }
    this.#resendFrom += turn.length;
    this.#resendAt = performance.now() + RESEND_MS;
  }
}
