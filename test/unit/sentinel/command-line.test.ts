import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runCommandLine } from '../../../src/sentinel/command-line.ts';
import { commands } from '../../../src/sentinel/options.ts';
import { StateFile, sentinelFolder } from '../../../src/sentinel/state-file.ts';
import { FakeServer } from '../../support/fake-server.ts';
import { codeOf } from '../../support/sentinel-place.ts';
import { World } from '../../support/world.ts';

let folder = '';
let out: string[] = [];
let err: string[] = [];
let ending: AbortController;
let port: number | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-sentinel-cli-'));
  [out, err, port] = [[], [], null];
  ending = new AbortController();
});
afterEach(() => {
  ending.abort();
  rmSync(folder, { recursive: true, force: true });
});

function type(...args: readonly string[]): Promise<number> {
  return runCommandLine(args, {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    passphrase: 'a passphrase of tests',
    askHidden: null,
    environment: {},
    signal: ending.signal,
    ready: (listening) => (port = listening),
  });
}

const genesis = '12'.repeat(32);
const keyFile = () => join(folder, 'prepared.json');
const home = () => join(folder, 'sentinel');
const prepare = () => type('prepare', '--id', 'watch-1', '--key-file', keyFile());
const init = (digest = genesis) =>
  type('init', '--genesis', digest, '--folder', home(), '--key-file', keyFile());

describe('countersign-sentinel', () => {
  test('makes keys, prints their entry for the charter, and binds them to one organisation', async () => {
    expect(await prepare()).toBe(0);
    const entry = JSON.parse(out[0] ?? '') as object;
    expect(entry).toEqual({
      id: 'watch-1',
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      freezeKey: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await init()).toBe(0);
    expect(JSON.parse(out[1] ?? '')).toEqual(entry);
    expect(existsSync(keyFile())).toBe(false);
    expect(statSync(sentinelFolder(home()).state).mode & 0o777).toBe(0o600);
    expect(await type('status', '--folder', home())).toBe(0);
    expect(JSON.parse(out[2] ?? '')).toMatchObject({ ...entry, genesis, mailbox: 0, logSize: 0 });
  });

  test('makes no second state, and opens none that another process has', async () => {
    await prepare();
    await init();
    expect(await init()).toBe(2);
    expect(err.at(-1)).toContain('sentinel.state.exists');
    const opened = StateFile.open(sentinelFolder(home()).state);
    expect(codeOf(StateFile.open(sentinelFolder(home()).state))).toBe('sentinel.state.locked');
    if (opened.ok) opened.value.close();
  });

  test('opens no state that is none', () => {
    const path = join(folder, 'none.sqlite');
    expect(codeOf(StateFile.open(path))).toBe('sentinel.state.invalid');
    writeFileSync(path, 'nonsense '.repeat(1_000));
    expect(codeOf(StateFile.open(path))).toBe('sentinel.state.invalid');
  });

  test('runs: follows the log, answers, and ends when it is told to', async () => {
    const world = new World();
    const server = await FakeServer.start(world);
    await prepare();
    await init(world.genesis);
    const running = type('run', '--folder', home(), '--server', server.url, '--port', '0');
    while (port === null) await pause(20);
    const status = async () => {
      const response = await fetch(`http://127.0.0.1:${String(port)}/v1/status`);
      return (await response.json()) as { followed: { size: number } };
    };
    while ((await status()).followed.size < world.leaves.length) await pause(50);
    ending.abort();
    expect(await running).toBe(0);
    expect(err.some((line) => line.includes('"follows"'))).toBe(true);
    expect(err.join('\n')).not.toContain('a passphrase');
    await server.stop();
    expect(await type('status', '--folder', home())).toBe(0);
    expect(JSON.parse(out.at(-1) ?? '')).toMatchObject({ logSize: world.leaves.length });
  });

  test('does not run by keys of another sentinel', async () => {
    await prepare();
    await init();
    rmSync(sentinelFolder(home()).keys);
    await type('prepare', '--id', 'watch-1', '--key-file', sentinelFolder(home()).keys);
    expect(await type('run', '--folder', home(), '--server', 'http://127.0.0.1:9')).toBe(2);
    expect(err.at(-1)).toContain('sentinel.state.invalid');
  });

  test('tells by test-alarm which channel took it, and fails where one did not', async () => {
    await prepare();
    await init();
    expect(await type('test-alarm', '--folder', home())).toBe(64);
    const url = 'http://127.0.0.1:9/';
    writeFileSync(join(home(), 'secret'), 'a secret of the hook');
    writeFileSync(
      join(home(), 'alarm.json'),
      JSON.stringify({ webhook: { url, secretFile: 'secret' } }),
    );
    expect(await type('test-alarm', '--folder', home())).toBe(1);
    expect(JSON.parse(out.at(-1) ?? '')).toMatchObject({
      channels: [{ channel: 'webhook', delivered: false }],
    });
  });

  test.each([
    [[], 0],
    [['--help'], 0],
    [['fly'], 64],
    [['prepare'], 64],
    [['prepare', '--id', 'Watch 1', '--key-file', 'x'], 64],
    [['init', '--genesis', '12', '--folder', 'x', '--key-file', 'y'], 64],
    [['run', '--folder', 'x', '--server', 'y', '--port', '65536'], 64],
    [['status', '--folder', '/nowhere'], 2],
  ])('answers %j by %d', async (args, status) => {
    expect(await type(...args)).toBe(status);
  });

  test('explains every command', async () => {
    await type('--help');
    for (const { name } of commands) expect(out[0]).toContain(`countersign-sentinel ${name}`);
  });
});
