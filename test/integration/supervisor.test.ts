import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { skipAloud } from '../support/shared.ts';

// The built program, as `npm start` runs it: `npm ci` builds it, `npm run build` brings it up to date.
const dist = resolve(process.env['COUNTERSIGN_DIST'] ?? join(import.meta.dirname, '../../dist'));
const main = join(dist, 'src/start/main.js');
const name = 'npm start';

if (existsSync(main) && existsSync(join(dist, 'src/server/main.js'))) describe(name, suite);
else skipAloud(name, 'dist is not built');

interface Instance {
  readonly process: ChildProcess;
  readonly output: () => string;
  /** Exit status, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      server.close(() => {
        done(port);
      });
    });
  });
}

/** Processes whose command line holds the text: those of this test's own folder. */
function processesOf(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^[0-9]+$/.test(entry) && Number(entry) !== process.pid)
    .filter((entry) => {
      try {
        return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}

function suite(): void {
  let home = '';
  let port = 0;
  let running: Instance[] = [];

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'countersign-start-'));
    chmodSync(home, 0o755); // PostgreSQL of root runs as another user, who must reach it
    port = await freePort();
  });
  afterEach(async () => {
    for (const one of running) one.process.kill('SIGTERM');
    await Promise.all(running.map(({ ended }) => ended));
    running = [];
  });
  afterAll(() => {
    rmSync(home, { recursive: true, force: true });
  });

  function start(environment: Readonly<Record<string, string>> = {}): Instance {
    let output = '';
    const child = spawn(process.execPath, [main], {
      env: {
        PATH: process.env['PATH'],
        COUNTERSIGN_HOME: home,
        PORT: String(port),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    const ended = new Promise<number | string>((done) => {
      child.once('close', (code, signal) => {
        done(code ?? signal ?? '');
      });
    });
    const instance = { process: child, output: () => output, ended };
    running.push(instance);
    return instance;
  }

  async function untilReady(instance: Instance): Promise<void> {
    for (let i = 0; i < 300; i++) {
      if (instance.output().includes('is ready at')) return;
      if (instance.process.exitCode !== null) break;
      await pause(100);
    }
    throw new Error(`not ready: ${instance.output()}`);
  }

  function genesisOf(instance: Instance): string {
    return /Genesis ([0-9a-f]{64})/.exec(instance.output())?.[1] ?? '';
  }

  test('is ready with its demonstration and ends cleanly by Ctrl-C, and goes on where it was', async () => {
    const first = start();
    await untilReady(first);
    const healthy = await fetch(`http://127.0.0.1:${String(port)}/log/checkpoint`);
    expect(healthy.status).toBe(200);
    const before = await healthy.text();
    first.process.kill('SIGINT');
    expect(await first.ended).toBe(0);
    expect(first.output()).toContain('stopped cleanly');
    expect(processesOf(home)).toEqual([]);
    const second = start();
    await untilReady(second);
    expect(genesisOf(second)).toBe(genesisOf(first));
    const after = await (await fetch(`http://127.0.0.1:${String(port)}/log/checkpoint`)).text();
    expect(sizeOf(after)).toBeGreaterThanOrEqual(sizeOf(before));
    second.process.kill('SIGHUP');
    expect(await second.ended).toBe(0);
  }, 120_000);

  test('a second start on the same folder answers 75 and leaves the first alone', async () => {
    const first = start();
    await untilReady(first);
    const second = start();
    expect(await second.ended).toBe(75);
    expect(second.output()).toContain('already running');
    expect((await fetch(`http://127.0.0.1:${String(port)}/log/checkpoint`)).status).toBe(200);
  }, 120_000);

  test.each([
    ['signer of hot-2', `signers/hot-2`],
    ['server', 'server/main.js'],
  ])(
    'the death of the %s ends everything with status 1 and one clear line',
    async (part, text) => {
      const instance = start();
      await untilReady(instance);
      const children = processesOf(text).filter((pid) => isChildOf(pid, instance.process.pid));
      expect(children).toHaveLength(1);
      for (const pid of children) process.kill(pid, 'SIGKILL');
      expect(await instance.ended).toBe(1);
      expect(instance.output()).toContain(`${part} ended with SIGKILL; ending everything`);
      expect(processesOf(home)).toEqual([]);
    },
    120_000,
  );

  test('takes over what a killed supervisor left', async () => {
    const first = start();
    await untilReady(first);
    first.process.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    const second = start();
    await untilReady(second);
    expect(genesisOf(second)).toBe(genesisOf(first));
  }, 120_000);

  test('asked to end while it starts, leaves nothing behind', async () => {
    const instance = start();
    await pause(1_000);
    instance.process.kill('SIGTERM');
    await instance.ended;
    expect(processesOf(home)).toEqual([]);
  }, 120_000);

  test('a folder of another network is refused, not mixed', async () => {
    const instance = start({ BITCOIN_RPC_URL: 'http://127.0.0.1:1' });
    expect(await instance.ended).toBe(78);
    expect(instance.output()).toContain('holds an organisation on sandbox');
  }, 120_000);

  test('a wrong variable ends the start with one line before anything is made', async () => {
    const untouched = join(home, 'untouched');
    const instance = start({ COUNTERSIGN_HOME: untouched, PORT: 'many' });
    expect(await instance.ended).toBe(78);
    expect(instance.output().trim().split('\n')).toHaveLength(1);
    expect(existsSync(untouched)).toBe(false);
  });
}

function sizeOf(checkpoint: string): number {
  return Number(checkpoint.split('\n')[1]);
}

function isChildOf(pid: number, parent: number | undefined): boolean {
  const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
  return new RegExp(`^PPid:\\s+${String(parent)}$`, 'm').test(status);
}
