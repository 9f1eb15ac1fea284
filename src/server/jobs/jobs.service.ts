import { Injectable, Logger } from '@nestjs/common';
import { PgBoss } from 'pg-boss';
import type { Job, QueueOptions, QueuePolicy } from 'pg-boss';
import { ServerConfig } from '../config.ts';
import type { Sql } from '../database/sql.ts';

/** Connections that pg-boss keeps for itself. */
const CONNECTIONS = 3;
/** The shortest that pg-boss takes. */
const POLL_SECONDS = 0.5;
/** A job that takes longer is given up: its process is dead, or what it asks is silent. */
const EXPIRE_SECONDS = 300;
/** How long jobs are kept that are done, or that nobody fetches. */
const KEEP_SECONDS = 86_400;
/** How long a stop waits for the jobs at hand; what is cut off is done again elsewhere. */
const STOP_MS = 5_000;

/** What jobs do: one queue a verb. */
export const queues = {
  broadcast: 'broadcast',
  housekeeping: 'housekeeping',
  screening: 'screening',
} as const;
type Queue = (typeof queues)[keyof typeof queues];

/**
 * Each key waits in a queue at most once. pg-boss repeats nothing: a handler that fails queues its own next attempt, and whoever
 * queues jobs looks for what a killed process left.
 */
const settings: QueueOptions & { readonly policy: QueuePolicy } = {
  policy: 'short',
  retryLimit: 0,
  expireInSeconds: EXPIRE_SECONDS,
  retentionSeconds: KEEP_SECONDS,
  deleteAfterSeconds: KEEP_SECONDS,
};

export type JobData = Readonly<Record<string, string>>;
export type Handler = (data: JobData) => Promise<void>;

/** When and under which key a job is done. */
export interface Sending {
  /** Jobs of one key wait in the queue once: a second one is dropped. */
  readonly key: string;
  /** Seconds from now. */
  readonly after?: number;
  /** A unit of work: the job exists when that commits. */
  readonly sql?: Sql;
}

/** Background work, shared by all server processes. A job is done at least once: its handler must bear a second time. */
@Injectable()
export class JobsService {
  readonly #logger = new Logger('jobs');
  readonly #boss: PgBoss;
  readonly #workers = new Map<Queue, string>();
  #running = false;

  constructor(config: ServerConfig) {
    this.#boss = new PgBoss({
      connectionString: config.databaseUrl,
      application_name: 'countersign-jobs',
      schema: 'pgboss',
      max: CONNECTIONS,
      // The owner migrates (migrations/…-create-jobs.ts); this role could not.
      migrate: false,
      createSchema: false,
      reindex: false,
      registerInstance: false,
      monitorVacuum: false,
    });
    // The message alone: the error object drags the connection along.
    this.#boss.on('error', ({ message }) => {
      this.#logger.error(message);
    });
  }

  /** Jobs can be sent. */
  get running(): boolean {
    return this.#running;
  }

  async start(): Promise<void> {
    await this.#boss.start();
    for (const queue of Object.values(queues)) await this.#boss.createQueue(queue, settings);
    this.#running = true;
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    await this.#boss.stop({ graceful: true, timeout: STOP_MS });
  }

  /** Queues a job unless one of its key waits already. Requires {@link running}. */
  async send(queue: Queue, data: JobData, { key, after, sql }: Sending): Promise<void> {
    await this.#boss.send(
      queue,
      { ...data },
      {
        singletonKey: key,
        ...(after === undefined ? {} : { startAfter: after }),
        ...(sql === undefined ? {} : { db: databaseOf(sql) }),
      },
    );
  }

  /** Queues a job for now; one of its key that waits for a later time is done now, with this data. */
  async sendNow(queue: Queue, data: JobData, key: string): Promise<void> {
    const now = new Date();
    await this.#boss.upsert(queue, { ...data }, { singletonKey: key, startAfter: now });
    this.nudge(queue);
  }

  /** Does the jobs of a queue, so many at a time in this process. */
  async work(queue: Queue, handler: Handler, atOnce = 1): Promise<void> {
    const worker = await this.#boss.work<Record<string, string>>(
      queue,
      { pollingIntervalSeconds: POLL_SECONDS, batchSize: 1, localConcurrency: atOnce },
      async (jobs: readonly Job<Record<string, string>>[]) => {
        for (const { data } of jobs) await handler(data);
      },
    );
    this.#workers.set(queue, worker);
  }

  /** Sends an empty job at every time of a cron expression, once for all processes. */
  async every(queue: Queue, cron: string): Promise<void> {
    await this.#boss.schedule(queue, cron, {}, { singletonKey: queue });
  }

  /** Looks at a queue at once: something was sent just now. */
  nudge(queue: Queue): void {
    const worker = this.#workers.get(queue);
    if (worker !== undefined) this.#boss.notifyWorker(worker);
  }
}

function databaseOf(sql: Sql): {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
} {
  return {
    executeSql: async (text, values) => ({ rows: [...(await sql.query<unknown>(text, values))] }),
  };
}
