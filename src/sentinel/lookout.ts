import { setTimeout as pause } from 'node:timers/promises';
import { ChainFault } from '../chain/chain-fault.ts';
import type { ChainLook } from '../chain/chain-state.ts';
import { defaultTipAge, isOnDemand, troubleOf } from '../chain/chain-state.ts';
import type { ChainTip } from '../chain/chain-view.ts';
import { requireIdentity } from '../chain/identity.ts';
import type { Refusal } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import { highestChangeSigned } from '../core/log/admit-proposal.ts';
import { highestAsked } from '../core/log/addresses.ts';
import { Resend } from './resend.ts';
import { WatchFollower } from './watch-follower.ts';
import type { WatchParts } from './watch-parts.ts';
import { Watchman } from './watchman.ts';

/** Between two looks for a block: at a node of our own, and at an API that others pay for too. */
const POLL_MS = { node: 1_000, api: 4_000 } as const;
/** How often the mempool is looked at, at least. */
const MEMPOOL_MS = 4_000;
const PEERS_MS = 15_000;
const BACK_OFF_MS = { first: 1_000, longest: 15_000 } as const;
/** How long the node may be in trouble before people are told that nobody watches. */
const BLIND_SECONDS = 60;

export interface LookoutOptions extends WatchParts {
  /** Age of the newest block in seconds from which it is stale, 0 for never; null: what is usual for the network. */
  readonly tipAgeSeconds: number | null;
  readonly pollMs?: number;
}

export interface LookoutStatus {
  readonly source: string;
  /** Why the watchman may miss something now, or null. Codes: those of a ChainFault and of troubleOf. */
  readonly trouble: Refusal | null;
  readonly tip: Pick<ChainTip, 'height' | 'hash'> | null;
  /** Height up to which blocks were read. */
  readonly read: number | null;
}

/**
 * The watchman and the re-broadcast on the sentinel's own node, in one loop: reads blocks, looks at the mempool, judges, sends. A
 * node that fails is asked again; one of another network is never believed. After a minute of trouble people are told
 * that nobody watches, for a silent watchman is worse than none.
 */
export class Lookout {
  readonly #options: LookoutOptions;
  readonly #follower: WatchFollower;
  readonly #watchman: Watchman;
  readonly #resend: Resend;
  #seen: ChainLook | null = null;
  #fault: Refusal | null = { code: 'chain.unreachable', facts: { reason: 'not yet looked at' } };
  #identified = false;
  #failures = 0;
  #mempoolAt = -Infinity;
  #peers: { readonly count: number | null; readonly at: number } | null = null;
  #trouble: { readonly since: Seconds; isTold: boolean } | null = null;

  constructor(options: LookoutOptions) {
    this.#options = options;
    this.#follower = new WatchFollower(options.chain, options.store);
    this.#watchman = new Watchman(options);
    this.#resend = new Resend(options);
  }

  get status(): LookoutStatus {
    const tip = this.#seen?.tip ?? null;
    return {
      source: this.#options.chain.name,
      trouble: this.#currentTrouble(),
      tip: tip === null ? null : { height: tip.height, hash: tip.hash },
      read: this.#options.store.tip()?.height ?? null,
    };
  }

  /** Looks until the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const { chain, pollMs = chain.name === 'esplora' ? POLL_MS.api : POLL_MS.node } = this.#options;
    while (!signal.aborted) {
      const reached = await this.look();
      const { first, longest } = BACK_OFF_MS;
      const waitMs =
        this.#failures === 0
          ? pollMs
          : Math.min(longest, first * 2 ** Math.min(this.#failures, 10));
      if (reached) await pause(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** After {@link run} has ended. */
  async close(): Promise<void> {
    this.#options.store.close();
    await this.#options.chain.close();
  }

  /** One round. True when there is nothing more to do at once. */
  async look(): Promise<boolean> {
    try {
      const reached = await this.#round();
      this.#fault = null;
      this.#failures = 0;
      return reached;
    } catch (error) {
      // Whoever answers there next may be another node.
      this.#identified = false;
      this.#failures += 1;
      if (error instanceof ChainFault) this.#fault = { code: error.code, facts: error.facts };
      else this.#fault = { code: 'chain.unreachable', facts: { reason: reasonOf(error) } };
      return true;
    } finally {
      this.#tellTrouble();
    }
  }

  async #round(): Promise<boolean> {
    const { chain } = this.#options;
    if (!this.#identified) await requireIdentity(chain);
    this.#identified = true;
    this.#followWallets();
    // A block that cannot be had makes nobody blind for the mempool.
    const read = await this.#readBlocks();
    await this.#lookAtChain();
    const isDue = this.#options.elapsedMs() - this.#mempoolAt >= MEMPOOL_MS;
    if (isDue) {
      this.#mempoolAt = this.#options.elapsedMs();
      await this.#watchman.lookAtMempool();
    }
    await this.#watchman.settle();
    if (read instanceof ChainFault) throw read;
    if (isDue && read === 'all' && this.#chainTrouble() === null) await this.#resend.look();
    return read === 'all';
  }

  async #readBlocks(): Promise<'all' | 'some' | ChainFault> {
    try {
      return (await this.#follower.catchUp()) ? 'all' : 'some';
    } catch (error) {
      if (error instanceof ChainFault) return error;
      throw error;
    }
  }

  /** Wallets of this network in the log, and how far their addresses are used by it. */
  #followWallets(): void {
    const state = this.#options.log()?.state;
    if (state === undefined) return;
    for (const [id, { wallet, body }] of state.wallets) {
      if (body.network !== this.#options.chain.network) continue;
      const given = [highestAsked(state, id) + 1, highestChangeSigned(state, id) + 1] as const;
      this.#follower.follow({ id, wallet, birth: body.birth, gap: body.gapLimit }, given);
    }
  }

  async #lookAtChain(): Promise<void> {
    const { chain, store } = this.#options;
    const asked = this.#options.elapsedMs();
    const tip = await chain.tip();
    const tookMs = this.#options.elapsedMs() - asked;
    if (this.#peers === null || asked - this.#peers.at > PEERS_MS)
      this.#peers = { count: isOnDemand(chain.network) ? null : await chain.peers(), at: asked };
    const unread = this.#follower.unread(tip.height);
    const read = store.tip()?.height ?? -1;
    this.#seen = { tip, peers: this.#peers.count, unread, read, tookMs };
  }

  #currentTrouble(): Refusal | null {
    return this.#fault ?? this.#chainTrouble();
  }

  #chainTrouble(): Refusal | null {
    if (this.#seen === null) return null;
    const { chain, now, tipAgeSeconds } = this.#options;
    const { network } = chain;
    const age = tipAgeSeconds ?? defaultTipAge(network);
    return troubleOf(this.#seen, { network, now: now(), tipAgeSeconds: age });
  }

  #tellTrouble(): void {
    const trouble = this.#currentTrouble();
    const now = this.#options.now();
    if (trouble === null) {
      const ended = this.#trouble;
      this.#trouble = null;
      if (ended?.isTold !== true) return;
      const since = formatTime(ended.since);
      const text = `the watchman sees again\nThe chain that this sentinel looks at is in order; it was not since ${since}.`;
      this.#options.alarm('chain', text, { since, code: null });
      return;
    }
    this.#trouble ??= { since: now, isTold: false };
    const isUrgent = trouble.code === 'chain.network';
    if (this.#trouble.isTold || (!isUrgent && now - this.#trouble.since < BLIND_SECONDS)) return;
    this.#trouble.isTold = true;
    const since = formatTime(this.#trouble.since);
    const text = `nobody watches the wallets: ${trouble.code}\nSince ${since} the chain that this sentinel looks at is not in order: ${JSON.stringify(trouble.facts)}. A spend without a receipt may be missed until it is.`;
    this.#options.alarm('chain', text, { since, code: trouble.code });
  }
}

/** Of a fault that is not the node's: it must not end the watch, and is told as trouble. */
function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
