import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toHex } from '../../core/base/bytes.ts';
import { formatPackageLine } from '../../core/log/package.ts';
import { dpopProof, es256ProofKey } from '../../client/proof-key.ts';
import type { ProofKey } from '../../client/proof-key.ts';
import { openSession } from '../../client/session.ts';
import { emptyLog, signStatement } from '../../client/statements.ts';
import { startPostgres } from '../../server/database/embedded-postgres.ts';
import { migrate } from '../../server/database/migrate.ts';
import { freePort } from '../demo/regtest-node.ts';
import type { Bench, Measured } from './bench.ts';
import { Caller, postRequest } from './caller.ts';
import type { Crowd } from './crowd.ts';
import { approvalOf, foundCrowd, positionOf } from './crowd.ts';
import { bareInserts, prepareReference, simpleUpdates } from './reference.ts';
import { builtProgram } from '../program.ts';

/**
 * Approvals per second through HTTP, each with its proof of possession, device signature, PostgreSQL commit and log
 * entry, against the transaction of `pgbench -N` by as many plain connections to the same PostgreSQL, before and
 * after. Bare inserts, the cheapest commit there is, are measured beside it.
 */
const CLIENTS = 32;
const APPROVERS = 64;
const PROPOSALS = 100;
const WARM_UP = 640;
const GOAL = 0.3;

export const approvals: Bench = {
  name: 'approvals',
  summary: 'approvals per second by 32 clients against the commits of pgbench -N by 32 connections',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
    chmodSync(folder, 0o755);
    const postgres = await startPostgres(join(folder, 'postgres'));
    let server: ChildProcess | undefined;
    try {
      const at = Math.floor(Date.now() / 1000);
      say('founding an organisation of 64 approvers with 100 open proposals');
      const crowd = foundCrowd({ approvers: APPROVERS, proposals: PROPOSALS, at: at - 60 });
      const port = await freePort();
      const url = `http://127.0.0.1:${String(port)}`;
      server = await startServer(crowd, folder, { database: await migrate(postgres.url), port });
      say('opening sessions');
      const sessions = await openSessions(crowd, url, at);
      say('measuring');
      await prepareReference(postgres.url);
      const before = await reference(postgres.url);
      const measured = await approvalsPerSecond(crowd, url, sessions);
      const after = await reference(postgres.url);
      return goalsOf(measured, [before, after]);
    } finally {
      if (server !== undefined) await end(server);
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Reference {
  readonly updates: number;
  readonly inserts: number;
}

async function reference(url: string): Promise<Reference> {
  return { updates: await simpleUpdates(url, CLIENTS), inserts: await bareInserts(url, CLIENTS) };
}

function goalsOf(measured: Rate, references: readonly Reference[]): readonly Measured[] {
  const mean = (of: (one: Reference) => number): number =>
    references.reduce((sum, one) => sum + of(one), 0) / references.length;
  const updates = mean((one) => one.updates);
  const inserts = mean((one) => one.inserts);
  const ratio = measured.perSecond / updates;
  const told = (name: string, value: number): Measured => ({ name, value, goal: null, ok: true });
  return [
    {
      name: 'approvals per commit of pgbench -N',
      value: round(ratio),
      goal: GOAL,
      ok: ratio >= GOAL,
    },
    { name: 'refused or failed', value: measured.failed, goal: 0, ok: measured.failed === 0 },
    told('approvals per bare insert', round(measured.perSecond / inserts)),
    told('approvals per second', round(measured.perSecond)),
    told('commits of pgbench -N per second', round(updates)),
    told('bare inserts per second', round(inserts)),
  ];
}

const round = (value: number): number => Math.round(value * 100) / 100;

async function startServer(
  crowd: Crowd,
  folder: string,
  place: { readonly database: string; readonly port: number },
): Promise<ChildProcess> {
  const founding = join(folder, 'founding.jsonl');
  const logKey = join(folder, 'log-key');
  writeFileSync(founding, crowd.lines.map((line) => `${formatPackageLine(line)}\n`).join(''));
  writeFileSync(logKey, toHex(crowd.logSeed), { mode: 0o600 });
  const child = fork(builtProgram('server/main.js'), [], {
    env: {
      ...process.env,
      DATABASE_URL: place.database,
      PORT: String(place.port),
      NETWORK: 'sandbox',
      CHAIN: 'sandbox',
      GENESIS: crowd.genesis,
      FOUNDING: founding,
      LOG_KEY_FILE: logKey,
      RATE_PER_SECOND: '1000000',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await new Promise<void>((ready, fail) => {
    child.once('message', () => {
      ready();
    });
    child.once('exit', (code) => {
      fail(new Error(`the server ended with ${String(code)}`));
    });
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await Promise.race([gone, sleep(10_000)]);
  child.kill('SIGKILL');
}

async function openSessions(
  crowd: Crowd,
  server: string,
  now: number,
): Promise<readonly ProofKey[]> {
  const keys: ProofKey[] = [];
  for (const device of crowd.approvers) {
    const opened = await openSession({ server, org: crowd.genesis, device, log: emptyLog, now });
    if (!opened.ok) throw new Error(`session refused: ${opened.refusal.code}`);
    keys.push(es256ProofKey(opened.value.key));
  }
  return keys;
}

interface Rate {
  readonly perSecond: number;
  readonly failed: number;
}

/** Signs everything beforehand: the devices are not what is measured. */
async function approvalsPerSecond(
  crowd: Crowd,
  server: string,
  sessions: readonly ProofKey[],
): Promise<Rate> {
  const url = `${server}/v1/approvals`;
  const now = Math.floor(Date.now() / 1000);
  const log = positionOf(crowd);
  const shots = crowd.proposals.flatMap((proposal) =>
    crowd.approvers.map((device, i) => {
      const session = sessions[i];
      if (session === undefined) throw new Error('a session an approver');
      const signed = signStatement(
        approvalOf(crowd, proposal, { device, log, now }),
        device.secretKey,
      );
      const { statement, signature } = signed;
      const body = JSON.stringify({ statement, signature, blobs: [], reason: null });
      return postRequest(url, dpopProof(session, { method: 'POST', url, now }), body);
    }),
  );
  const callers = await Promise.all(Array.from({ length: CLIENTS }, () => Caller.connect(url)));
  try {
    await fire(callers, shots.slice(0, WARM_UP));
    const counted = shots.slice(WARM_UP);
    const began = performance.now();
    const failed = await fire(callers, counted);
    const seconds = (performance.now() - began) / 1_000;
    return { perSecond: (counted.length - failed) / seconds, failed };
  } finally {
    for (const caller of callers) caller.end();
  }
}

/** Sends all, one at a time by each caller. Returns how many were not taken. */
async function fire(callers: readonly Caller[], shots: readonly Buffer[]): Promise<number> {
  let next = 0;
  let failed = 0;
  const client = async (caller: Caller): Promise<void> => {
    for (let shot = shots[next++]; shot !== undefined; shot = shots[next++]) {
      const status = await caller.send(shot);
      if (status < 200 || status > 299) failed += 1;
    }
  };
  await Promise.all(callers.map(client));
  return failed;
}
