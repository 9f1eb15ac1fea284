import { Injectable } from '@nestjs/common';
import type { Network } from '../../core/wallet/network.ts';
import { Clock } from '../clock.ts';
import { ServerConfig } from '../config.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { ChainFault } from '../../chain/chain-fault.ts';
import { defaultTipAge } from '../../chain/chain-state.ts';
import type { ChainView } from '../../chain/chain-view.ts';
import { openSource } from '../../chain/settings.ts';
import { requireIdentity } from '../../chain/identity.ts';
import { Sandbox } from './sandbox.ts';

/** Of a node of our own, and of an API that others pay for too. */
const POLL_MS = { node: 1_000, api: 10_000 } as const;

/** The chain source that the configuration names, and whether it is of our network. */
@Injectable()
export class ChainSource {
  #view: ChainView | null = null;
  #identified = false;

  constructor(
    private readonly config: ServerConfig,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  get name(): ChainView['name'] {
    return this.config.chain.kind;
  }

  get network(): Network {
    return this.config.network;
  }

  /** Age in seconds from which the newest block is stale; 0: never. */
  get tipAgeSeconds(): number {
    return this.config.tipAgeSeconds ?? defaultTipAge(this.config.network);
  }

  /** How long to wait between two looks for a new block. */
  get pollMs(): number {
    return this.config.chain.kind === 'esplora' ? POLL_MS.api : POLL_MS.node;
  }

  get identified(): boolean {
    return this.#identified;
  }

  /** The source, once it is known to be of our network. Throws a ChainFault before: no other may be followed or sent to. */
  get view(): ChainView {
    if (this.#view === null || !this.#identified)
      throw new ChainFault('chain.unreachable', { reason: 'not yet identified' });
    return this.#view;
  }

  /** Null on any chain but the sandbox. */
  get sandbox(): Sandbox | null {
    return this.#view instanceof Sandbox ? this.#view : null;
  }

  /** Milliseconds between the blocks that the sandbox mines by itself, or null. */
  get mineEveryMs(): number | null {
    const { chain } = this.config;
    return chain.kind === 'sandbox' && chain.blockSeconds > 0 ? chain.blockSeconds * 1000 : null;
  }

  /** Opens it, once. It may be away. */
  async open(): Promise<ChainView> {
    const { chain } = this.config;
    this.#view ??=
      chain.kind === 'sandbox'
        ? await Sandbox.open(this.work, () => this.clock.now())
        : openSource(chain, this.config.network);
    return this.#view;
  }

  /** What it is compared with, or null. */
  openSecond(): ChainView | null {
    const { second } = this.config;
    return second === null ? null : openSource(second, this.config.network);
  }

  /** Asks it, once, for the network. Throws a ChainFault: it is away, or of another network (`chain.network`). */
  async identify(): Promise<void> {
    if (this.#identified) return;
    const view = await this.open();
    await requireIdentity(view);
    this.#identified = true;
  }

  /** It failed: whoever answers there next may be another one. */
  doubt(): void {
    this.#identified = false;
  }

  async close(): Promise<void> {
    await this.#view?.close();
  }
}
