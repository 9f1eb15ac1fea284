import { afterAll, describe, expect, test } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Instance } from '../../src/start/demo/instance.ts';
import { freePort } from '../../src/start/demo/regtest-node.ts';
import { genesisOf } from '../../src/start/demo/story.ts';
import type { Answer } from '../../src/start/demo/terminal.ts';
import { Terminal } from '../../src/start/demo/terminal.ts';
import { DEMONSTRATION_PASSPHRASE } from '../../src/start/demonstration.ts';

/**
 * The main job, while a part of the service is killed at random moments and started again: every proposal is broadcast
 * exactly once, pays once, and the evidence still verifies.
 */

const KILLS = Number(process.env['CRASH_KILLS'] ?? '20');
const seed = Number(process.env['CRASH_SEED'] ?? String(Date.now() % 1_000_000));
const random = mulberry32(seed);
const pick = <T>(items: readonly T[]): T => {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
};

const folder = mkdtempSync(join(tmpdir(), 'countersign-crash-'));
chmodSync(folder, 0o755);
const home = join(folder, 'home');
mkdirSync(home, { mode: 0o755 });
let instance: Instance | undefined;

afterAll(async () => {
  await instance?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function current(): Instance {
  if (instance === undefined) throw new Error('an instance runs');
  return instance;
}

const victims = ['supervisor', 'server', 'signer', 'postgres'] as const;

describe('killed at any moment', () => {
  test('the service goes on where it was, and broadcasts each proposal exactly once', async () => {
    console.log(`crash test: seed ${String(seed)}, ${String(KILLS)} kills`);
    const port = await freePort();
    const start = async (): Promise<Instance> =>
      Instance.start({
        home,
        port,
        environment: { CHAIN: 'sandbox', SANDBOX_BLOCK_SECONDS: '1' },
        log: join(folder, 'service.log'),
      });
    instance = await start();
    const server = instance.url;
    const terminal = new Terminal(join(home, 'cli'), DEMONSTRATION_PASSPHRASE, server);
    await fund(terminal);

    let kills = 0;
    let jobs = 0;
    while (kills < KILLS) {
      jobs += 1;
      const busy = { now: true };
      const job = runJob(terminal, jobs).finally(() => {
        busy.now = false;
      });
      const killer = (async () => {
        while (busy.now && kills < KILLS) {
          await sleep(300 + random() * 12_000);
          const victim = pick(victims);
          if (!kill(current(), victim)) continue;
          kills += 1;
          console.log(`kill ${String(kills)}: ${victim} during job ${String(jobs)}`);
          await sleep(random() * 500);
          await current().stop();
          instance = await start();
        }
      })();
      await Promise.all([job, killer]);
    }
    await verify(terminal, jobs);
  }, 1_500_000);
});

async function fund(terminal: Terminal): Promise<void> {
  for (let i = 0; i < 4; i++)
    await terminal.call('operator', [
      'sandbox',
      'fund',
      '--wallet',
      'hot-1',
      '--amount',
      '0.1 BTC',
    ]);
  await terminal.call('operator', ['sandbox', 'mine', '--blocks', '1']);
}

/** Every step is asked again until it is known to stand: a killed service may have taken it without saying so. */
async function runJob(terminal: Terminal, job: number): Promise<void> {
  const reference = `JOB-${String(job)}`;
  const payment = `exchange-a=${String(1_000_000 + job)} sat`;
  const proposal = await patiently(`propose ${reference}`, async () => {
    const known = await findByReference(terminal, reference);
    if (known !== null) return known;
    await terminal.call('operator', [
      ...['propose', '--wallet', 'hot-1', '--to', payment, '--purpose', 'crash test'],
      ...['--reference', reference, '--yes'],
    ]);
    return findByReference(terminal, reference);
  });
  for (const member of ['alice', 'bob', 'carol'])
    await patiently(`${member} approves ${reference}`, async () => {
      const answer = await terminal.call(member, ['approve', proposal, '--yes']);
      return answer.status === 0 ? true : null;
    });
  await patiently(`${reference} is confirmed`, async () => {
    const shown = await terminal.call('operator', ['proposals', 'show', proposal]);
    return ['confirmed', 'settled'].includes(String(shown.json['stage'])) ? true : null;
  });
}

async function findByReference(terminal: Terminal, reference: string): Promise<string | null> {
  const listed = await terminal.call('operator', ['proposals', 'list', '--all']);
  if (listed.status !== 0) throw new Error(listed.said);
  for (const item of itemsOf(listed))
    if (item['reference'] === reference) return String(item['proposal']);
  return null;
}

async function verify(terminal: Terminal, jobs: number): Promise<void> {
  const listed = await terminal.call('operator', ['proposals', 'list', '--all']);
  const items = itemsOf(listed);
  const references = items.map((item) => String(item['reference'])).sort();
  expect(new Set(references).size).toBe(references.length);
  expect(items).toHaveLength(jobs);
  const bundle = join(folder, 'evidence.jsonl');
  const exported = await terminal.call('auditor', ['evidence', 'export', '--out', bundle]);
  expect(exported.status).toBe(0);
  const verified = await terminal.plain([
    ...['evidence', 'verify', bundle, '--genesis', genesisOf(home)],
  ]);
  expect(verified.json).toMatchObject({ ok: true });
  const broadcasts = readFileSync(bundle, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"fact":"broadcast"'))
    .map((line) => /"txid":"([0-9a-f]{64})"/.exec(line)?.[1] ?? '');
  expect(broadcasts).toHaveLength(jobs);
  expect(new Set(broadcasts).size).toBe(jobs);
}

function itemsOf(answer: Answer): readonly Readonly<Record<string, unknown>>[] {
  const items = answer.json['proposals'];
  if (!Array.isArray(items)) throw new Error(`no list: ${JSON.stringify(answer.json)}`);
  return items as readonly Readonly<Record<string, unknown>>[];
}

/** Asks until there is an answer; faults of a service that is down are expected here, refusals are shown at the end. */
async function patiently<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const end = Date.now() + 900_000;
  let last = '';
  while (Date.now() < end) {
    try {
      const found = await ask();
      if (found !== null) return found;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    await sleep(400);
  }
  throw new Error(`${what} did not come about: ${last}`);
}

/** SIGKILL to one process of the instance. False where it is not there just now. */
function kill(target: Instance, victim: (typeof victims)[number]): boolean {
  const pid = pidOf(target, victim);
  if (pid === undefined) return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false; // it has just ended
  }
}

function pidOf(target: Instance, victim: (typeof victims)[number]): number | undefined {
  const { pid } = target;
  if (pid === undefined || target.ended) return undefined;
  switch (victim) {
    case 'supervisor':
      return pid;
    case 'server':
      return childOf(pid, 'server/main.js');
    case 'signer':
      return childOf(pid, 'signer/main.js');
    case 'postgres':
      return childNamed('-D', home);
  }
}

function childOf(parent: number, program: string): number | undefined {
  return processes().find(
    ({ ppid, command }) => ppid === parent && command.some((word) => word.endsWith(program)),
  )?.pid;
}

/** The postmaster of the home: it stands in a session of its own, so it is found by its data folder. */
function childNamed(flag: string, below: string): number | undefined {
  return processes().find(({ command }) => {
    const at = command.indexOf(flag);
    return at > 0 && (command[at + 1] ?? '').startsWith(below) && command[0]?.endsWith('postgres');
  })?.pid;
}

interface Process {
  readonly pid: number;
  readonly ppid: number;
  readonly command: readonly string[];
}

function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        return [{ pid: Number(name), ppid, command }];
      } catch {
        return []; // gone meanwhile
      }
    });
}

/** A small seeded generator: the same seed kills at the same moments, as far as the machine allows. */
function mulberry32(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
