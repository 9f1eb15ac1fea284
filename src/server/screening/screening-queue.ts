import { Injectable, Logger } from '@nestjs/common';
import { statementDigest } from '../../core/approval/statement.ts';
import { SCREENING_CLEAR_SECONDS } from '../../core/base/limits.ts';
import type { Sql } from '../database/sql.ts';
import type { JobData } from '../jobs/jobs.service.ts';
import { JobsService, queues } from '../jobs/jobs.service.ts';
import type { NumberedEntry } from '../log/projection.store.ts';
import { ScreeningFault } from './screening-fault.ts';
import type { Asking } from './screening.service.ts';
import { ScreeningService } from './screening.service.ts';

/** The longest wait after a question without answer. */
const BACK_OFF_SECONDS = 60;
/** Questions that one process asks at a time: a slow service must not hold up all for the sake of one. */
const AT_ONCE = 4;
/** Looks for a proposal that the log of this process does not hold yet. Beyond, the next sweep finds it. */
const LOOKS = 10;

/**
 * When the service is asked: queued in the unit of work that numbers a proposal, asked again with growing delay while it gives
 * no answer, at intervals while it holds, once a day while it clears and the spend waits; swept up every minute, for a
 * process may be killed over it.
 */
@Injectable()
export class ScreeningQueue {
  readonly #logger = new Logger('screening');

  constructor(
    private readonly jobs: JobsService,
    private readonly screening: ScreeningService,
  ) {}

  /** Begins to do the jobs. */
  async work(): Promise<void> {
    if (!this.screening.isConfigured) return;
    await this.jobs.work(queues.screening, (data) => this.#do(data), AT_ONCE);
    await this.jobs.every(queues.screening, '* * * * *');
    await this.jobs.send(queues.screening, {}, { key: queues.screening });
  }

  /** In the unit of work that numbers entries: a job for each proposal. */
  async queueProposed(sql: Sql, entries: readonly NumberedEntry[]): Promise<void> {
    if (!this.screening.isConfigured || !this.jobs.running) return; // a sweep finds it
    for (const { entry } of entries)
      if (entry.type === 'statement' && entry.statement.type === 'proposal') {
        const proposal = statementDigest(entry.statement);
        await this.jobs.send(queues.screening, { proposal }, { key: proposal, sql });
      }
  }

  async #do({ proposal, attempt = '0' }: JobData): Promise<void> {
    if (proposal === undefined) await this.#sweep();
    else await this.#attempt(proposal, Number(attempt));
  }

  /** A job for each proposal that is asked about and has none waiting. */
  async #sweep(): Promise<void> {
    for (const proposal of this.screening.asked())
      await this.jobs.send(queues.screening, { proposal }, { key: proposal });
  }

  async #attempt(proposal: string, attempt: number): Promise<void> {
    let next: Next | null;
    try {
      next = this.#next(await this.screening.ask(proposal), attempt);
    } catch (error) {
      this.#logger.error(error instanceof Error ? error.message : String(error));
      next = backOff(attempt);
    }
    if (next === null) return;
    const data = { proposal, attempt: String(next.attempt) };
    await this.jobs.send(queues.screening, data, { key: proposal, after: next.after });
  }

  #next(asking: Asking, attempt: number): Next | null {
    if (asking instanceof ScreeningFault) return backOff(attempt);
    switch (asking) {
      case 'hold':
        return { after: this.screening.againSeconds, attempt: 0 };
      case 'clear':
        return { after: SCREENING_CLEAR_SECONDS, attempt: 0 };
      case 'unknown':
        return attempt < LOOKS ? { after: 1, attempt: attempt + 1 } : null;
      case 'deny':
      case 'over':
        return null;
    }
  }
}

/** The next question: in how many seconds, and after how many without answer. */
interface Next {
  readonly after: number;
  readonly attempt: number;
}

function backOff(attempt: number): Next {
  return { after: Math.min(BACK_OFF_SECONDS, 2 ** Math.min(attempt, 16)), attempt: attempt + 1 };
}
