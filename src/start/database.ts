import pg from 'pg';
import { startPostgres } from '../server/database/embedded-postgres.ts';

/** Held for as long as an installation runs: one supervisor a database. */
const SUPERVISOR_LOCK = 4_711_010;

/** The database of an installation, locked for this supervisor. */
export interface Database {
  /** Address of its owner, who migrates. */
  readonly ownerUrl: string;
  readonly isEmbedded: boolean;
  /** Settles when the connection that holds the lock is lost: the database has ended. */
  readonly lost: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Takes a given PostgreSQL, or starts the embedded one in the folder. Null when another supervisor runs on it: then
 * nothing was changed, and its PostgreSQL runs on.
 */
export async function openDatabase(
  folder: string,
  givenUrl: string | null,
): Promise<Database | null> {
  const embedded = givenUrl === null ? await startPostgres(folder) : null;
  const ownerUrl = embedded?.url ?? givenUrl ?? '';
  const guard = new pg.Client({
    connectionString: ownerUrl,
    application_name: 'countersign-supervisor',
    keepAlive: true,
  });
  let isLost = false;
  const lost = new Promise<string>((done) => {
    guard.on('error', (error) => {
      isLost = true;
      done(`the database is gone: ${error.message}`);
    });
  });
  try {
    await guard.connect();
  } catch (error) {
    if (embedded?.reused === false) await embedded.stop().catch(() => undefined);
    // The address may hold a password: it is not repeated.
    const which = givenUrl === null ? 'the embedded database' : 'DATABASE_URL';
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${which}: ${why}`, { cause: error });
  }
  const { rows } = await guard.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [
    SUPERVISOR_LOCK,
  ]);
  if (rows[0]?.mine !== true) {
    await guard.end();
    return null;
  }
  return {
    ownerUrl,
    isEmbedded: embedded !== null,
    lost,
    async stop() {
      await guard.end().catch(() => undefined);
      const stopped = embedded?.stop() ?? Promise.resolve();
      // One that was killed cannot be stopped; the next start clears up after it.
      await (isLost ? stopped.catch(() => undefined) : stopped);
    },
  };
}
