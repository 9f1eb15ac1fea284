// What is known of a postmaster that may run in a data folder already.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';

export interface PidFile {
  readonly pid: number;
  readonly port: number;
}

/** Lines 1 and 4 of postmaster.pid. */
export function readPidFile(data: string): PidFile | undefined {
  const file = join(data, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]) };
}

/** Linux: by its command line; elsewhere the pid must be believed. */
export function isPostmasterOf(pid: number, data: string): boolean {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
      .split('\0')
      .includes(data);
  } catch {
    return !existsSync('/proc/self/cmdline');
  }
}

/** PostgreSQL is starting up or shutting down (SQLSTATE cannot_connect_now). */
const CANNOT_CONNECT_NOW = '57P03';
const ATTEMPTS = 20;

/**
 * Whether the cluster of this data folder answers at the address. `pg_ctl status` asks only whether the pid lives, and after
 * a reboot or in a container that may be somebody else's; the password that only our cluster knows is the proof.
 */
export async function answersAt(url: string, data: string): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
      return rows[0]?.data_directory === data;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError && error.code === CANNOT_CONNECT_NOW)) return false;
      await pause(250);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return false;
}
