// Brings the schema up to date as the owner of the database, and writes the address of the server's own role, which has a new password
// each time. Both addresses hold passwords: they stand in files that only their user reads.
import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { pathVariable } from '../chain/settings.ts';
import { EXIT_CONFIG } from './config.ts';
import { migrate } from './database/migrate.ts';

const variables = z.object({
  OWNER_DATABASE_URL_FILE: pathVariable,
  RUNTIME_DATABASE_URL_FILE: pathVariable,
});

const given = variables.safeParse(process.env);
if (!given.success) {
  const names = given.error.issues.map(({ path }) => path.join('.')).join(', ');
  process.stderr.write(`countersign migrate: missing: ${names}\n`);
  process.exit(EXIT_CONFIG);
}
const { OWNER_DATABASE_URL_FILE: owner, RUNTIME_DATABASE_URL_FILE: runtime } = given.data;
try {
  const address = await migrate(readFileSync(owner, 'utf8').trim());
  writeFileSync(runtime, address, { mode: 0o600 });
} catch (error) {
  // The address of the owner is not repeated.
  process.stderr.write(
    `countersign migrate: ${error instanceof Error ? error.message : 'failed'}\n`,
  );
  process.exit(1);
}
