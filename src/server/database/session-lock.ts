import type { DataSource, QueryRunner } from 'typeorm';
import type { Sql } from './sql.ts';
import { sqlOf } from './sql.ts';

/** The singletons of an installation, by the key of their advisory lock. */
export const locks = { sequencer: 4_711_001, follower: 4_711_002 } as const;

/**
 * A connection that holds an advisory lock for as long as it lives: with the process, or with PostgreSQL, it is gone and
 * another process takes over. Work is done on the same connection, so that who lost the lock cannot write either.
 */
export class SessionLock {
  readonly #runner: QueryRunner;

  private constructor(runner: QueryRunner) {
    this.#runner = runner;
  }

  /** The lock, or undefined when another process holds it. */
  static async take(source: DataSource, key: number): Promise<SessionLock | undefined> {
    const runner = source.createQueryRunner();
    try {
      const [row] = await sqlOf(runner.manager).query<{ mine: boolean }>(
        'SELECT pg_try_advisory_lock($1) AS mine',
        [key],
      );
      if (row?.mine === true) return new SessionLock(runner);
    } catch (error) {
      await runner.release();
      throw error;
    }
    await runner.release();
    return undefined;
  }

  get sql(): Sql {
    return sqlOf(this.#runner.manager);
  }

  /** Runs the work in one database transaction on the connection that holds the lock. */
  async run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    await this.#runner.startTransaction();
    try {
      const result = await work(this.sql);
      await this.#runner.commitTransaction();
      return result;
    } catch (error) {
      if (this.#runner.isTransactionActive)
        await this.#runner.rollbackTransaction().catch(() => undefined);
      throw error;
    }
  }

  /** Gives the lock up. A connection that is broken has lost it anyway. */
  async release(): Promise<void> {
    if (this.#runner.isReleased) return;
    await this.sql.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    await this.#runner.release();
  }
}
