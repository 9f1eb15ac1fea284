import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Sql } from './sql.ts';
import { SessionLock } from './session-lock.ts';
import { sqlOf } from './sql.ts';

/** Several statements that take effect together or not at all. */
@Injectable()
export class UnitOfWork {
  constructor(private readonly source: DataSource) {}

  /** Statements on their own, each its own unit of work. */
  get plain(): Sql {
    return sqlOf(this.source.manager);
  }

  /** Runs the work in one database transaction; what it throws undoes everything. */
  run<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    return this.source.transaction((manager) => work(sqlOf(manager)));
  }

  /**
   * Does the work unless another process, or another call here, is at the same thing: then undefined. `namespace` tells what
   * kind of thing it is, `name` which one. Holds a connection until it is done.
   */
  alone<T>(namespace: number, name: string, work: () => Promise<T>): Promise<T | undefined> {
    return this.run(async (sql) => {
      const [row] = await sql.query<{ mine: boolean }>(
        'SELECT pg_try_advisory_xact_lock($1, hashtext($2)) AS mine',
        [namespace, name],
      );
      return row?.mine === true ? work() : undefined;
    });
  }

  /** A connection of its own that holds the lock of a singleton, or undefined when another process does. */
  lock(key: number): Promise<SessionLock | undefined> {
    return SessionLock.take(this.source, key);
  }
}
