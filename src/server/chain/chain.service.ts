import type { OnApplicationBootstrap, OnModuleDestroy, OnModuleInit } from '@nestjs/common';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { genesisBlock } from '../../core/wallet/network.ts';
import { ServerConfig, orRefuseStart } from '../config.ts';
import type { SessionLock } from '../database/session-lock.ts';
import { locks } from '../database/session-lock.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { Alarm } from '../log/alarm.ts';
import { LogService } from '../log/log.service.ts';
import { Unavailable } from '../http/unavailable.ts';
import { ChainFault } from './chain-fault.ts';
import type { ChainTip, ChainView } from './chain-view.ts';
import { checkIdentity } from './chain-view.ts';
import { Follower } from './follower.ts';
import type { ChainEvent } from './follower.ts';
import { CHAIN_VIEW } from './open-chain.ts';
import { Sandbox } from './sandbox.ts';

/** How often the follower looks for a new block. */
const POLL_MS = 1_000;
/** How often a process that does not follow asks whether it shall, and how the node is. */
const STANDBY_MS = 2_000;
/** Until the log was read: then the wallets are known. */
const LOG_MS = 200;
/** The longest wait between two attempts after faults. */
const BACK_OFF_MS = 30_000;

/** What is known of the chain source, without asking it. */
export interface ChainStatus {
  readonly source: ChainView['name'];
  /** The node was asked for its network, and it is ours. */
  readonly identified: boolean;
  /** Code of the last question's fault, null when it was answered. */
  readonly fault: string | null;
  readonly tip: ChainTip | null;
  /** Whether this process is the follower. */
  readonly following: boolean;
}

/** Done by the follower after each look at the chain, so by one process at a time. */
export type Task = () => Promise<void>;

/**
 * Keeps the wallets in force followed. Of all server processes the one that holds the lock reads blocks, mines the sandbox's
 * and runs the tasks of other features. A node that fails is asked again, ever more slowly; one of another network
 * refuses the start, or is never believed when it was away at the start.
 */
@Injectable()
export class ChainService implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger('chain');
  readonly #alarm = new Alarm();
  readonly #follower: Follower;
  readonly #followed = new Set<string>();
  readonly #tasks: Task[] = [];
  #identified = false;
  #tip: ChainTip | null = null;
  #fault: string | null = null;
  #following = false;
  #failures = 0;
  #mineAt = 0;
  #stopping = false;
  #running: Promise<void> | null = null;

  constructor(
    private readonly config: ServerConfig,
    private readonly work: UnitOfWork,
    private readonly log: LogService,
    @Inject(CHAIN_VIEW) private readonly view: ChainView,
  ) {
    this.#follower = new Follower({
      chain: view,
      work,
      onEvents: (events) => {
        for (const event of events) this.#tell(event);
        return Promise.resolve();
      },
    });
  }

  get status(): ChainStatus {
    return {
      source: this.view.name,
      identified: this.#identified,
      fault: this.#fault,
      tip: this.#tip,
      following: this.#following,
    };
  }

  /** The sandbox, or null where coins have a value. */
  get sandbox(): Sandbox | null {
    return this.view instanceof Sandbox ? this.view : null;
  }

  /** Registers a task. Called before the loop begins. */
  afterLook(task: Task): void {
    this.#tasks.push(task);
  }

  /** The chain source, after it was identified. Throws a ChainFault while it cannot be, StartRefused when it is another's. */
  async identified(): Promise<ChainView> {
    if (!this.#identified) {
      orRefuseStart(await checkIdentity(this.view, genesisBlock(this.view.network)), 'CHAIN');
      this.#identified = true;
    }
    return this.view;
  }

  /** Takes in a transaction of ours before it is handed to the network: its coins count as being spent. */
  async announce(raw: Uint8Array): Promise<void> {
    await this.#followWallets();
    await this.#follower.addUnconfirmed(raw);
  }

  /** Something happened on the chain: the follower need not wait for its next look. */
  ring(): void {
    this.#alarm.ring();
  }

  /** Throws StartRefused when the node is of another network. A node that is away does not hinder the start. */
  async onModuleInit(): Promise<void> {
    try {
      await this.identified();
    } catch (error) {
      if (!(error instanceof ChainFault)) throw error;
      this.#failed(error);
    }
  }

  onApplicationBootstrap(): void {
    const every = this.#mineEveryMs();
    this.#mineAt = every === null ? Infinity : performance.now() + every;
    this.#running = this.#run();
  }

  async onModuleDestroy(): Promise<void> {
    this.#stopping = true;
    this.#alarm.ring();
    await this.#running;
    await this.view.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      let lock: SessionLock | undefined;
      try {
        await this.identified();
        lock = await this.work.lock(locks.follower);
        if (lock === undefined) {
          await this.#look();
          await this.#alarm.sleep(STANDBY_MS);
        } else await this.#lead(lock);
      } catch (error) {
        this.#failed(error);
        await this.#alarm.sleep(Math.min(BACK_OFF_MS, 500 * 2 ** Math.min(this.#failures, 10)));
      } finally {
        this.#following = false;
        await lock?.release();
      }
    }
  }

  async #lead(lock: SessionLock): Promise<void> {
    this.#following = true;
    while (!this.#stopping) {
      // Who lost the connection has lost the lock too: this throws then.
      await lock.sql.query('SELECT 1');
      if (!this.log.ready) {
        await this.#alarm.sleep(LOG_MS);
        continue;
      }
      await this.#mineWhenDue();
      await this.#look();
      await this.#followWallets();
      const { reached } = await this.#follower.catchUp();
      await this.#runTasks();
      if (reached) await this.#alarm.sleep(POLL_MS);
    }
  }

  async #look(): Promise<void> {
    this.#tip = await this.view.tip();
    if (this.#failures > 0) this.#logger.warn('the chain source answers again');
    this.#failures = 0;
    this.#fault = null;
  }

  /** A task that fails is tried again with the next look; the others are done. */
  async #runTasks(): Promise<void> {
    for (const task of this.#tasks) {
      if (this.#stopping) return;
      try {
        await task();
      } catch (error) {
        if (error instanceof ChainFault) throw error;
        this.#logger.warn(`a task waits for the next look: ${messageOf(error)}`);
      }
    }
  }

  async #followWallets(): Promise<void> {
    for (const [id, { wallet, body }] of this.log.state().wallets) {
      if (this.#followed.has(id)) continue;
      await this.#follower.follow({ id, wallet, birth: body.birth, gap: body.gapLimit });
      this.#followed.add(id);
    }
  }

  #mineEveryMs(): number | null {
    const { chain } = this.config;
    return chain.kind === 'sandbox' && chain.blockSeconds > 0 ? chain.blockSeconds * 1000 : null;
  }

  async #mineWhenDue(): Promise<void> {
    const every = this.#mineEveryMs();
    if (every === null || performance.now() < this.#mineAt) return;
    await this.sandbox?.mine(1);
    this.#mineAt = performance.now() + every;
  }

  /** Told once for each series: a node that is away for a night fills no disk. */
  #failed(error: unknown): void {
    const fault = error instanceof ChainFault ? error.code : null;
    if (!(error instanceof Unavailable)) this.#fault = fault ?? 'fault';
    this.#failures += 1;
    if (this.#failures === 1) this.#logger.error(messageOf(error));
  }

  #tell(event: ChainEvent): void {
    const { kind, height } = event;
    if (kind === 'conflicted')
      this.#logger.error(
        `ALERT: our transaction ${event.txid} can never confirm: block ${height} spends a coin of it otherwise`,
      );
    if (kind === 'unconfirmed')
      this.#logger.warn(`block ${height} was replaced: ${event.txid} waits to be confirmed again`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
