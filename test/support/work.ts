import { createDataSource } from '../../src/server/database/data-source.ts';
import { UnitOfWork } from '../../src/server/database/unit-of-work.ts';
import { startTestDatabase } from './postgres.ts';

export interface TestWork {
  readonly work: UnitOfWork;
  /** Another pool on the same tables, as a second server process has. */
  another(): Promise<UnitOfWork>;
  stop(): Promise<void>;
}

/** A migrated PostgreSQL for one test file, reached as a server process reaches it: by the runtime role. */
export async function startTestWork(): Promise<TestWork> {
  const database = await startTestDatabase();
  const open = () => createDataSource(database.runtimeUrl).initialize();
  const first = await open();
  const sources = [first];
  return {
    work: new UnitOfWork(first),
    async another() {
      const source = await open();
      sources.push(source);
      return new UnitOfWork(source);
    },
    async stop() {
      for (const source of sources) await source.destroy();
      await database.stop();
    },
  };
}
