import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '../../src/server/database/embedded-postgres.ts';
import { migrate } from '../../src/server/database/migrate.ts';

export interface TestDatabase {
  readonly ownerUrl: string;
  readonly runtimeUrl: string;
  stop(): Promise<void>;
}

/** A PostgreSQL of its own for one test file, migrated; its folder is gone after `stop`. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-test-'));
  const postgres = await startPostgres(folder);
  const runtimeUrl = await migrate(postgres.url);
  return {
    ownerUrl: postgres.url,
    runtimeUrl,
    async stop() {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
