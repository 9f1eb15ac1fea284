import { describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from '../../../src/cli/commands.ts';
import type { Io } from '../../../src/cli/io.ts';
import { run } from '../../../src/cli/run.ts';

/** What a person types when asked without echo, in turn. */
let hidden: string[] | null = null;

async function type(env: Io['env'], ...typed: readonly string[]) {
  const out: string[] = [];
  const said: string[] = [];
  const io: Io = {
    env,
    folder: tmpdir(),
    now: () => 1_790_000_000,
    out: (line) => out.push(line),
    say: (line) => said.push(line),
    ask: () => Promise.resolve(null),
    askHidden: hidden === null ? null : () => Promise.resolve(hidden?.shift() ?? null),
    readInput: () => Promise.resolve(new Uint8Array()),
  };
  return { status: await run(typed, io), out: out.join('\n'), said: said.join('\n') };
}
const nowhere = { COUNTERSIGN_HOME: '/nonexistent' };

describe('every command', () => {
  test.each(commands.map((command) => [command.name, command] as const))(
    '%s has its help, which names each option',
    async (name, command) => {
      const { status, out } = await type(nowhere, ...name.split(' '), '--help');
      expect(status).toBe(0);
      expect(out).toContain(`Usage: countersign ${name}`);
      for (const option of command.options) expect(out).toContain(`--${option.name}`);
      expect(out).toContain('--json');
    },
  );

  test.each(commands.map(({ name }) => [name]))('%s refuses an unknown option', async (name) => {
    const { status } = await type(nowhere, ...name.split(' '), '--no-such-option');
    expect(status).toBe(64);
  });

  test.each(
    commands.flatMap(({ name, work }) => ('load' in work ? [[name, work.load] as const] : [])),
  )('%s can be loaded', async (_name, load) => {
    expect(typeof (await load()).run).toBe('function');
  });
});

describe('the command line', () => {
  test('lists all commands', async () => {
    const { status, out } = await type({}, '--help');
    expect(status).toBe(0);
    for (const { name } of commands) expect(out).toContain(name);
    expect((await type({})).status).toBe(64);
  });

  test('the first word of commands lists them', async () => {
    const { status, said } = await type({}, 'proposals');
    expect(status).toBe(64);
    expect(said).toContain('proposals show');
    expect(said).not.toContain('There is no command');
  });

  test.each([
    [['nonsense']],
    [['proposals']],
    [['propose']],
    [['propose', '--wallet', 'a', '--wallet', 'b']],
    [['approve']],
    [['approve', 'one', 'two']],
    [['proposals', 'list']],
    [['evidence', 'verify', 'x', '--genesis', 'short']],
    [['propose', '--wallet', 'w', '--purpose', 'p', '--to', 'no-amount']],
    [['propose', '--wallet', 'w', '--purpose', 'p', '--psbt', 'a', '--to', 'b=1 sat']],
  ])('ends with 64 on %j', async (typed) => {
    expect((await type(nowhere, ...typed)).status).toBe(64);
  });

  test('ends with 1 and names the file that is not there', async () => {
    const { status, said } = await type(nowhere, 'keys', 'show', '--as', 'bob');
    expect(status).toBe(1);
    expect(said).toContain('/nonexistent/keys/bob.json');
  });

  test('inspects and checks without a profile', async () => {
    expect((await type(nowhere, 'psbt', 'inspect')).status).toBe(64);
    expect((await type(nowhere, 'policy', 'check', '-')).status).toBe(2);
  });
});

describe('keys', () => {
  test('are made once, with a passphrase of the environment, and shown without it', async () => {
    const home = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
    try {
      const env = { COUNTERSIGN_HOME: home, COUNTERSIGN_PASSPHRASE: 'long enough' };
      const words = ['--as', 'dora', '--json'];
      const made = await type(env, 'keys', 'create', '--cosigner', 'regtest', ...words);
      expect(made.status).toBe(0);
      const created = JSON.parse(made.out) as Record<string, string>;
      expect(created).toMatchObject({ ok: true, member: 'dora', device: 'cli' });
      expect(created['cosigner']).toMatch(/^\[[0-9a-f]{8}\/48h\/1h\/0h\/2h\]tpub/);
      const shown = await type({ COUNTERSIGN_HOME: home }, 'keys', 'show', ...words);
      expect(JSON.parse(shown.out)).toMatchObject({ key: created['key'] });
      expect(readFileSync(join(home, 'keys', 'dora.json'), 'utf8')).not.toContain('prv');
      const again = await type(env, 'keys', 'create', ...words);
      expect(again).toMatchObject({ status: 2 });
      expect(again.said).toContain('key.exists');
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  test('a passphrase that a person types is typed twice the same', async () => {
    const home = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
    const create = () => type({ COUNTERSIGN_HOME: home }, 'keys', 'create', '--as', 'dora');
    try {
      hidden = ['long enough', 'long enouhg'];
      const differs = await create();
      expect(differs.status).toBe(2);
      expect(differs.said).toContain('key.passphrase.differs');
      expect(existsSync(join(home, 'keys', 'dora.json'))).toBe(false);
      hidden = ['long enough', 'long enough'];
      expect((await create()).status).toBe(0);
    } finally {
      hidden = null;
      rmSync(home, { recursive: true });
    }
  });

  test('are not made without a passphrase', async () => {
    const { status, said } = await type(nowhere, 'keys', 'create', '--as', 'dora');
    expect(status).toBe(2);
    expect(said).toContain('key.passphrase.missing');
  });
});
