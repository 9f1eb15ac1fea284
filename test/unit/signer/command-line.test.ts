import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unlockersOf } from '../../../src/keys/key-file.ts';
import { runCommandLine } from '../../../src/signer/command-line.ts';
import { parseOptions, UsageError } from '../../../src/signer/options.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-signer-main-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

function signer(...args: readonly string[]): Promise<Ended> {
  return signerWith('correct horse battery', ...args);
}

async function signerWith(passphrase: string, ...args: readonly string[]): Promise<Ended> {
  let [out, err] = ['', ''];
  const status = await runCommandLine(args, {
    out: (line) => (out += `${line}\n`),
    err: (line) => (err += `${line}\n`),
    passphrase,
    askHidden: null,
    signal: AbortSignal.timeout(10_000),
    ready: () => undefined,
  });
  return { status, out, err };
}

describe('countersign-signer', () => {
  test('explains every command on --help and ends with 0', async () => {
    const { status, out } = await signer('--help');
    expect(status).toBe(0);
    for (const command of ['prepare', 'init', 'run', 'status', 'unlockers', 'backup', 'restore'])
      expect(out).toContain(`countersign-signer ${command}`);
  });

  test('ends with 64 on what cannot be meant', async () => {
    expect((await signer('sign')).status).toBe(64);
    expect((await signer('prepare', '--wallet', 'hot-1')).status).toBe(64);
  });

  test('prints what is public of new keys, and refuses to overwrite them with 2 and the code', async () => {
    const args = ['prepare', '--wallet', 'hot-1', '--network', 'regtest', '--type', 'wpkh'];
    const keyFile = join(folder, 'keys.json');
    const first = await signer(...args, '--key-file', keyFile);
    expect(first.status).toBe(0);
    expect(Object.keys(JSON.parse(first.out) as object).sort()).toEqual([
      'expression',
      'network',
      'receiptKey',
      'wallet',
      'xpub',
    ]);
    const second = await signer(...args, '--key-file', keyFile);
    expect(second.status).toBe(2);
    expect(second.err).toMatch(/^key\.exists: /);
  });

  test('makes keys that two of three people open together, and refuses one passphrase for two', async () => {
    const args = ['prepare', '--wallet', 'hot-1', '--network', 'regtest', '--type', 'wpkh'];
    const who = ['--unlockers', 'alice,bob,carol', '--needed', '2'];
    const keyFile = join(folder, 'keys.json');
    const three = 'passphrase of alice\npassphrase of bob\npassphrase of carol';
    const one = 'one and the same\n'.repeat(3);
    expect((await signerWith(one, ...args, ...who, '--key-file', keyFile)).err).toMatch(
      /^key\.unlockers\.same: /,
    );
    expect((await signerWith(three, ...args, ...who, '--key-file', keyFile)).status).toBe(0);
    expect(unlockersOf(keyFile, 'signer')).toEqual({
      ok: true,
      value: { names: ['alice', 'bob', 'carol'], needed: 2 },
    });
    expect((await signer(...args, '--needed', '2', '--key-file', keyFile)).status).toBe(64);
  });

  test('refuses to run without a journal', async () => {
    const { status, err } = await signer(
      'run',
      '--folder',
      folder,
      '--server',
      'http://127.0.0.1:1',
    );
    expect(status).toBe(2);
    expect(err).toMatch(/^journal\.invalid: /);
  });
});

describe('the options of countersign-signer', () => {
  test('are all required but those that say otherwise', () => {
    expect(parseOptions(['run', '--folder', 'f', '--server', 'u'])).toMatchObject({
      command: 'run',
      values: { folder: 'f', server: 'u' },
    });
    for (const args of [
      ['run', '--folder', 'f'],
      ['run', '--folder', 'f', '--server', 'u', '--frozen', 'no'],
      ['run', '--folder', 'f', '--server', 'u', 'more'],
      ['sign'],
    ])
      expect(() => parseOptions(args)).toThrow(UsageError);
  });

  test.each([[[]], [['--help']], [['-h']], [['help']], [['run', '--help']]])(
    '%p asks for help',
    (args) => {
      expect(parseOptions(args).command).toBe('help');
    },
  );
});
