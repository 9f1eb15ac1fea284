import { Injectable, Logger } from '@nestjs/common';
import { signedTransactions } from '../../core/log/admit-version.ts';
import type { FactRecord } from '../../core/log/state.ts';
import { isCancelled } from '../../core/policy/facts.ts';
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
  /** Of its signed transactions, the newest last: one of them is confirmed at most. */
  readonly txids: readonly string[];
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
      watched.flatMap(({ txids, known }) =>
        txids.map((txid) => ({ txid, confirmedAt: known.confirmed?.height ?? null })),
      ),
    );
    const waiting: Watched[] = [];
    for (const one of watched) {
      const found = one.txids.flatMap((txid) => places.get(txid) ?? []);
      const place = found.find(({ at }) => at !== null) ?? found.at(-1);
      if (place === undefined) continue;
      if (place.at === null) waiting.push(one);
      for (const due of factsDue(one.known, place, tip.height)) {
        if (due.fact === 'unconfirmed' && one.known.settledAt !== null)
          this.#logger.error(`ALERT: ${due.txid} was settled, and a reorganisation took it away`);
        await this.stores.facts.write({ ...due, proposal: one.proposal });
      }
    }
    await this.#resend(waiting);
  }

  #watched(tipHeight: number): readonly Watched[] {
    const state = this.log.state();
    const watched: Watched[] = [];
    for (const [digest, known] of state.facts) {
      const isOld =
        known.settledAt !== null && (known.confirmed?.height ?? 0) < tipHeight - WATCHED_BLOCKS;
      const proposal = isOld ? undefined : state.proposals.get(digest);
      if (proposal === undefined) continue;
      const txids = signedTransactions(state, proposal).map(({ txid }) => txid);
      watched.push({ proposal: digest, txids, known });
    }
    return watched;
  }

  #isCancelled(digest: string): boolean {
    const state = this.log.state();
    const proposal = state.proposals.get(digest);
    return proposal !== undefined && isCancelled(state, proposal);
  }

  /** What waits and is in no mempool any more is sent again. */
  async #resend(waiting: readonly Watched[]): Promise<void> {
    if (performance.now() < this.#resendAt) return;
    if (this.#resendFrom >= waiting.length) this.#resendFrom = 0;
    const turn = waiting.slice(this.#resendFrom, this.#resendFrom + RESEND_MOST);
    for (const { proposal, txids } of turn) {
      const txid = txids.at(-1);
      if (txid === undefined || this.#isCancelled(proposal)) continue;
      if ((await this.chain.view.transaction(txid)) !== null) continue;
      this.#logger.warn(`the node forgot ${txid}, which waits to be confirmed: it is sent again`);
      await this.queue.kick(proposal);
    }
    this.#resendFrom += turn.length;
    this.#resendAt = performance.now() + RESEND_MS;
  }
}
