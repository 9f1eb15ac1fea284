import type { Sql } from '../database/sql.ts';

export type { Sql };

/** Statements alone (`plain`) or together (`run`, which rolls back when the work throws). UnitOfWork is one. */
export interface Work {
  readonly plain: Sql;
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

/** Keys of the advisory locks of this folder: one writer of the sandbox's tables, one of the followed coins. */
export const SANDBOX_LOCK = 7_230_001;
export const FOLLOWER_LOCK = 7_230_002;
