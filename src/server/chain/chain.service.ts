import { Injectable, Logger } from '@nestjs/common';
import type { RefusalCode } from '../../core/base/codes.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { refuse } from '../../core/base/result.ts';
import { addressesOf, highestAsked } from '../../core/log/addresses.ts';
import type { Sats } from '../../core/base/sats.ts';
import { Clock } from '../clock.ts';
import { orRefuseStart } from '../config.ts';
import type { SessionLock } from '../database/session-lock.ts';
import { locks } from '../database/session-lock.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { Alarm } from '../log/alarm.ts';
import type { WalletRecord } from '../../core/log/state.ts';
import { LogService } from '../log/log.service.ts';
import { ChainFault } from '../../chain/chain-fault.ts';
import { ChainSource } from './chain-source.ts';
import type { ChainLook } from '../../chain/chain-state.ts';
import { isOnDemand, troubleOf, warningsOf } from '../../chain/chain-state.ts';
import type { ChainTip, ChainView } from '../../chain/chain-view.ts';
import { CoinStore } from './coin.store.ts';
import { Comparison } from './comparison.ts';
import { Follower } from './follower.ts';
import type { ChainEvent } from './follower.ts';
import { FollowerStore } from './follower.store.ts';
import type { Sandbox } from './sandbox.ts';

/** How often a process that does not follow asks whether it shall, and how the node is. */
const STANDBY_MS = 2_000;
/** How often the node is asked for its peers. */
const PEERS_MS = 15_000;
/** Until the log was read: then the wallets are known. */
const LOG_MS = 200;
/** Waits between attempts after faults: the first, doubled each time, and the longest. */
const BACK_OFF_MS = { first: 500, longest: 30_000 } as const;

/** What is known of the chain, without asking anybody. */
export interface ChainStatus {
  readonly source: ChainView['name'];
  /** The node was asked for its network, and it is ours. */
  readonly identified: boolean;
  /** Why nothing may be drafted or broadcast now, or null. */
  readonly trouble: Refusal | null;
  /** What people should know although work goes on. */
  readonly warnings: readonly RefusalCode[];
  /** As it was at the last look. */
  readonly tip: ChainTip | null;
  /** Whether this process is the follower. */
  readonly following: boolean;
}

/**
 * The chain that this server is configured for, and the wallets' coins on it. Of all server processes the one that holds the
 * follower's lock reads blocks, mines the sandbox's and does the steps of other features. A node that fails is asked
 * again, ever more slowly; one of another network refuses the start, or is never believed when it was away then.
 */
@Injectable()
export class ChainService {
  readonly #logger = new Logger('chain');
  readonly #alarm = new Alarm();
  readonly #followed = new Set<string>();
  /** By wallet, how many addresses are known to be given out. */
  readonly #given = new Map<string, number>();
  readonly #steps: (() => Promise<void>)[] = [];
  #follower: Follower | null = null;
  #comparison: Comparison | null = null;
  #following = false;
  #seen: ChainLook | null = null;
  #fault: Refusal | null = null;
  #failures = 0;
  /** The trouble that was told last. */
  #told: RefusalCode | null = null;
  #peers: { readonly count: number | null; readonly at: number } | null = null;
  #mineAt = Infinity;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(
    private readonly source: ChainSource,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
    private readonly log: LogService,
  ) {}

  /** The chain, once it is known to be ours. Throws a ChainFault before. */
  get view(): ChainView {
    return this.source.view;
  }

  /** Null on any chain but the sandbox. */
  get sandbox(): Sandbox | null {
    return this.source.sandbox;
  }

  get coins(): CoinStore {
    return new CoinStore(this.work.plain, () => this.clock.now());
  }

  get status(): ChainStatus {
    return {
      source: this.source.name,
      identified: this.source.identified,
      trouble: this.trouble,
      warnings: [
        ...(this.#seen === null ? [] : warningsOf(this.#seen)),
        ...(this.#comparison?.isAway === true ? (['chain.second.silent'] as const) : []),
      ],
      tip: this.#seen?.tip ?? null,
      following: this.#following,
    };
  }

  /**
   * Why nothing may be drafted or broadcast on what is known of the chain, or null. Verdicts do not ask. Codes: those of a
   * ChainFault, of {@link troubleOf} and of the comparison with a second source.
   */
  get trouble(): Refusal | null {
    if (this.#fault !== null) return this.#fault;
    if (this.#seen === null)
      return { code: 'chain.unreachable', facts: { reason: 'not yet looked at' } };
    const { network, tipAgeSeconds } = this.source;
    const now = this.clock.now();
    const trouble = troubleOf(this.#seen, { network, tipAgeSeconds, now });
    return trouble ?? this.#comparison?.trouble ?? null;
  }

  /** The block that was read last, or null. */
  followedTip(): Promise<{ readonly height: number; readonly hash: string } | null> {
    return new FollowerStore(this.work.plain).tip();
  }

  /** Registers what the follower does after each look at the chain, so in one process at a time. Called before {@link start}. */
  afterStep(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  /** Opens the chain and begins to follow. Throws StartRefused on a node of another network; one that is away is waited for. */
  async start(): Promise<void> {
    const opened = await this.source.open();
    const second = this.source.openSecond();
    if (second !== null) this.#comparison = new Comparison(second, () => this.clock.now());
    this.#follower = new Follower({
      chain: opened,
      work: this.work,
      onEvents: (events) => {
        for (const event of events) this.#tell(event);
        return Promise.resolve();
      },
    });
    try {
      await this.source.identify();
      await this.#followWallets();
      await this.#look();
    } catch (error) {
      if (!(error instanceof ChainFault)) throw error;
      const { code, facts } = error;
      if (code === 'chain.network') orRefuseStart(refuse(code, facts), 'the Bitcoin node');
      this.#failed(error);
    }
    const every = this.source.mineEveryMs;
    if (every !== null) this.#mineAt = performance.now() + every;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#alarm.ring();
    await this.#running;
    await this.#comparison?.close();
    await this.source.close();
  }

  /** Looks at the chain at once, where this process is the follower. */
  wake(): void {
    this.#alarm.ring();
  }

  /** Takes in a transaction of ours before it is handed to the network: its coins count as being spent. */
  async addUnconfirmed(raw: Uint8Array): Promise<void> {
    await this.#followWallets();
    await this.#follower?.addUnconfirmed(raw);
  }

  /** Holds coins in a unit of work of their own. Codes: `coin.spent`, `coin.locked`. */
  lock(outpoints: readonly string[], holder: string, until: number): Promise<Result<null>> {
    const pairs = outpoints.map((outpoint) => {
      const [txid = '', vout = ''] = outpoint.split(':');
      return [txid, Number(vout)] as const;
    });
    return this.work.run((sql) =>
      new CoinStore(sql, () => this.clock.now()).lock(pairs, holder, until),
    );
  }

  /**
   * Has a wallet read anew from its birth, with the addresses of each branch below these indices counted as used. The
   * follower does it with its next looks; nothing is drafted meanwhile (`chain.behind`).
   */
  async rescan(
    { id, body: { birth } }: WalletRecord,
    next: readonly [receive: number, change: number],
  ): Promise<void> {
    await this.work.run(async (sql) => {
      const store = new FollowerStore(sql);
      await store.lock();
      await store.setNext(id, [...next]);
      await store.restart(id, birth);
    });
    this.#alarm.ring();
  }

  /** Play money to a script, mined at once. Requires the sandbox. */
  async fund(script: Uint8Array, amount: Sats): Promise<string> {
    if (this.sandbox === null) throw new Error('bug: only the sandbox has play money');
    const { txid, vout } = await this.sandbox.fund(script, amount);
    await this.sandbox.mine(1);
    await this.catchUp();
    return `${txid}:${String(vout)}`;
  }

  /** Reads blocks up to the tip now, in whatever process. */
  async catchUp(): Promise<void> {
    if (this.#follower === null) return;
    await this.#followWallets();
    await this.#follower.catchUp();
    await this.#look();
    this.#alarm.ring(); // the steps may find something to do
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      let lock: SessionLock | undefined;
      try {
        await this.source.identify();
        lock = await this.work.lock(locks.follower);
        if (lock === undefined) {
          if (this.log.ready) await this.#followWallets();
          await this.#look();
          this.#answered();
          await this.#alarm.sleep(STANDBY_MS);
        } else await this.#lead(lock);
      } catch (error) {
        this.#failed(error);
        const { first, longest } = BACK_OFF_MS;
        await this.#alarm.sleep(Math.min(longest, first * 2 ** Math.min(this.#failures, 16)));
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
      await this.#followWallets();
      const reached = (await this.#follower?.catchUp())?.reached ?? false;
      await this.#look();
      await this.#doSteps();
      this.#answered();
      if (reached) await this.#alarm.sleep(this.source.pollMs);
    }
  }

  async #look(): Promise<void> {
    const asked = performance.now();
    const tip = await this.view.tip();
    const tookMs = performance.now() - asked;
    if (this.#peers === null || asked - this.#peers.at > PEERS_MS) {
      const count = isOnDemand(this.source.network) ? null : await this.view.peers();
      this.#peers = { count, at: asked };
    }
    const unread = (await this.#follower?.unread(tip.height)) ?? 0;
    const read = (await this.followedTip())?.height ?? -1;
    await this.#comparison?.look(this.view, tip);
    this.#seen = { tip, peers: this.#peers.count, unread, read, tookMs };
  }

  /** Everything of one round was answered. */
  #answered(): void {
    if (this.#failures > 0) this.#logger.warn('the chain answers again');
    this.#failures = 0;
    this.#fault = null;
    const { trouble } = this;
    const code = trouble?.code ?? null;
    if (code === this.#told) return;
    this.#told = code;
    if (trouble === null) {
      this.#logger.warn('the chain is in order: drafts and broadcasts go on');
      return;
    }
    const line = `${trouble.code} ${JSON.stringify(trouble.facts)}: nothing is drafted or broadcast`;
    // Reading is our own work, and ends by itself.
    if (trouble.code === 'chain.behind') this.#logger.warn(line);
    else this.#logger.error(line);
  }

  /** A step that fails is done with the next look; the others are done now. */
  async #doSteps(): Promise<void> {
    for (const step of this.#steps) {
      if (this.#stopping) return;
      try {
        await step();
      } catch (error) {
        if (error instanceof ChainFault) throw error;
        this.#logger.warn(`left for the next look at the chain: ${messageOf(error)}`);
      }
    }
  }

  /** Wallets of this network that came in force since, and addresses that were given out since. */
  async #followWallets(): Promise<void> {
    const state = this.log.state();
    for (const [id, { wallet, body }] of state.wallets) {
      if (body.network !== this.source.network) continue;
      if (!this.#followed.has(id)) {
        await this.#follower?.follow({ id, wallet, birth: body.birth, gap: body.gapLimit });
        this.#followed.add(id);
      }
      const { size } = addressesOf(state, id);
      if (size === (this.#given.get(id) ?? 0)) continue;
      await this.#follower?.give(id, highestAsked(state, id) + 1);
      this.#given.set(id, size);
    }
  }

  async #mineWhenDue(): Promise<void> {
    const every = this.source.mineEveryMs;
    if (every === null || performance.now() < this.#mineAt) return;
    await this.sandbox?.mine(1);
    this.#mineAt = performance.now() + every;
  }

  /** Told once for each series: a node that is away for a night fills no disk. */
  #failed(error: unknown): void {
    this.#fault =
      error instanceof ChainFault
        ? { code: error.code, facts: error.facts }
        : { code: 'chain.unreachable', facts: { reason: 'fault' } };
    this.#failures += 1;
    this.source.doubt();
    if (this.#failures === 1) this.#logger.error(messageOf(error));
  }

  #tell(event: ChainEvent): void {
    const { kind, height } = event;
    if (kind === 'conflicted')
      this.#logger.error(
        `ALERT: our transaction ${event.txid} can never confirm: block ${height} spends a coin of it otherwise`,
      );
    if (kind === 'reencoded')
      this.#logger.warn(
        `our transaction ${event.txid} is in block ${height} as ${event.as}: somebody wrote its signatures otherwise`,
      );
    if (kind === 'unconfirmed')
      this.#logger.warn(`block ${height} was replaced: ${event.txid} waits to be confirmed again`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
