import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { migrations } from '../../../migrations/index.ts';

/** The role of the server processes: it may insert into the log and read it, never change it (migrations). */
export const RUNTIME_ROLE = 'countersign_runtime';

/** Only one process migrates at a time; the others wait and find nothing left to do. */
const MIGRATION_LOCK = 4_711_000;

/**
 * Brings the schema up to date as its owner, and gives the runtime role a new random password that is never stored.
 * Returns the address by which a server process connects as that role.
 */
export async function migrate(ownerUrl: string): Promise<string> {
  const password = randomBytes(24).toString('hex');
  const source = new DataSource({
    type: 'postgres',
    url: ownerUrl,
    logging: false,
    migrations: [...migrations],
    migrationsTableName: 'schema_migration',
    migrationsTransactionMode: 'each',
    applicationName: 'countersign-migrate',
  });
  await source.initialize();
  const guard = source.createQueryRunner();
  try {
    await guard.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await giveRole(source, password);
    await source.runMigrations();
  } finally {
    await guard.query('SELECT pg_advisory_unlock_all()').catch(() => undefined);
    await guard.release();
    await source.destroy();
  }
  const url = new URL(ownerUrl);
  url.username = RUNTIME_ROLE;
  url.password = password;
  return url.toString();
}

// The password is hex digits: DDL takes no parameters.
async function giveRole(source: DataSource, password: string): Promise<void> {
  const found: unknown = await source.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [
    RUNTIME_ROLE,
  ]);
  const verb = Array.isArray(found) && found.length > 0 ? 'ALTER' : 'CREATE';
  await source.query(`${verb} ROLE ${RUNTIME_ROLE} LOGIN PASSWORD '${password}'`);
  await source.query('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
}
