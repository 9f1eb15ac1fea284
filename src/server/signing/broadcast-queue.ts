import { Injectable, Logger } from '@nestjs/common';
import { newestSigned } from '../../core/log/admit-version.ts';
import { isCancelled } from '../../core/policy/facts.ts';
import { ChainService } from '../chain/chain.service.ts';
import type { Sql } from '../database/sql.ts';
import type { JobData } from '../jobs/jobs.service.ts';
import { JobsService, queues } from '../jobs/jobs.service.ts';
import { LogService } from '../log/log.service.ts';
import type { NumberedEntry } from '../log/projection.store.ts';
import type { State } from '../../core/log/state.ts';
import { BroadcastService } from './broadcast.service.ts';

/** The longest wait between two attempts; and while the chain is in trouble, which ends by itself. */
const BACK_OFF_SECONDS = { rejected: 300, trouble: 15 } as const;
/** How often signed proposals without a broadcast are looked for: a job may have died with its process. */
const SWEEP_MS = 15_000;

/**
 * When transactions are handed to the network: queued in the unit of work that numbers the `signed` receipt, tried again
 * with growing delay, swept up when a process was killed over it.
 */
@Injectable()
export class BroadcastQueue {
  readonly #logger = new Logger('signing');
  #sweepAt = 0;

  constructor(
    private readonly jobs: JobsService,
    private readonly log: LogService,
    private readonly broadcasts: BroadcastService,
    private readonly chain: ChainService,
  ) {}

  /** Begins to do the jobs. */
  work(): Promise<void> {
    return this.jobs.work(queues.broadcast, (data) => this.#attempt(data));
  }

  /** A signature was numbered just now: its job need not wait for the next look at the queue. */
  nudge(): void {
    this.jobs.nudge(queues.broadcast);
  }

  /** Sends now, whatever delay an earlier failure brought. */
  kick(proposal: string): Promise<void> {
    return this.jobs.sendNow(queues.broadcast, { proposal }, proposal);
  }

  /** In the unit of work that numbers entries: a job for each `signed` receipt. */
  async queueSigned(sql: Sql, entries: readonly NumberedEntry[]): Promise<void> {
    if (!this.jobs.running) return; // the first sweep finds it
    for (const { entry } of entries)
      if (entry.type === 'receipt' && entry.receipt.record === 'signed') {
        const { proposal } = entry.receipt;
        await this.jobs.send(queues.broadcast, { proposal }, { key: proposal, sql });
      }
  }

  /** Queues what is signed, not broadcast and not queued. For one process at a time. */
  async sweep(): Promise<void> {
    if (!this.jobs.running || performance.now() < this.#sweepAt) return;
    const state = this.log.state();
    for (const { signed, bumps } of state.ledgers.values()) {
      for (const proposal of signed.keys())
        if ((!state.facts.has(proposal) || bumps.has(proposal)) && isDue(state, proposal))
          await this.jobs.send(queues.broadcast, { proposal }, { key: proposal });
    }
    this.#sweepAt = performance.now() + SWEEP_MS;
  }

  async #attempt({ proposal, attempt = '0' }: JobData): Promise<void> {
    if (proposal === undefined) return;
    const failure = await this.#send(proposal);
    if (failure === null) return;
    const longest = BACK_OFF_SECONDS[this.chain.trouble === null ? 'rejected' : 'trouble'];
    const after = Math.min(longest, 2 ** Math.min(Number(attempt), 16));
    this.#logger.error(
      `ALERT: proposal ${proposal} is signed and not broadcast: ${failure}; again in ${after} s`,
    );
    const next = { proposal, attempt: String(Number(attempt) + 1) };
    await this.jobs.send(queues.broadcast, next, { key: proposal, after });
  }

  async #send(proposal: string): Promise<string | null> {
    try {
      const sent = await this.broadcasts.send(proposal);
      return sent.ok ? null : `${sent.refusal.code} ${JSON.stringify(sent.refusal.facts)}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** Whether the newest signed transaction of a proposal was not sent yet, and can still be of use. */
function isDue(state: State, digest: string): boolean {
  const proposal = state.proposals.get(digest);
  const newest = proposal === undefined ? undefined : newestSigned(state, proposal);
  const facts = state.facts.get(digest);
  if (proposal === undefined || newest === undefined) return false;
  const isOver = facts !== undefined && facts.confirmed !== null;
  const isSent = facts?.broadcasts.includes(newest.txid) === true;
  return !isOver && !isSent && !isCancelled(state, proposal);
}
