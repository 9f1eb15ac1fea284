import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

type Descriptors = ('inherit' | 'ignore' | number)[];
const launch = pathToFileURL(join(process.cwd(), 'bin', 'launch.js')).href;
const { descriptorsOf } = (await import(launch)) as {
  descriptorsOf: (args: readonly string[]) => Descriptors;
};

const standard = ['inherit', 'inherit', 'inherit'];

describe('the launcher', () => {
  test.each([
    ['in two words', (name: string) => ['approve', 'x', '--passphrase-fd', name, '--yes']],
    ['in one word', (name: string) => ['approve', 'x', `--passphrase-fd=${name}`]],
  ])('hands on the descriptor of a passphrase, named %s', (_name, args) => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-launch-'));
    writeFileSync(join(folder, 'passphrase'), 'a passphrase\n');
    const file = openSync(join(folder, 'passphrase'), 'r');
    try {
      const [, ...rest] = descriptorsOf(args(String(file)));
      const code = `process.stdout.write(require('node:fs').readFileSync(${String(file)}))`;
      const stdio: Descriptors = [
        'ignore',
        ...rest.map((one) => (one === 'inherit' ? 'ignore' : one)),
      ];
      const child = spawnSync(process.execPath, ['-e', code], {
        stdio: stdio.map((one, at) => (at === 1 ? 'pipe' : one)),
      });
      expect(child.stdout.toString()).toBe('a passphrase\n');
    } finally {
      closeSync(file);
      rmSync(folder, { recursive: true });
    }
  });

  test('hands on every descriptor of passphrases and of a PIN', () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-launch-'));
    const [one, two, three] = ['a', 'b', 'c'].map((name) => {
      writeFileSync(join(folder, name), name);
      return openSync(join(folder, name), 'r');
    });
    const [first = 0, second = 0, third = 0] = [one, two, three];
    try {
      const list = `${String(first)},${String(second)}`;
      const stdio = descriptorsOf(['run', '--passphrase-fd', list, '--pin-fd', String(third)]);
      expect(stdio.flatMap((found) => (typeof found === 'number' ? [found] : []))).toEqual(
        [first, second, third].sort((a, b) => a - b),
      );
      for (const descriptor of [first, second, third]) expect(stdio[descriptor]).toBe(descriptor);
    } finally {
      for (const descriptor of [first, second, third]) closeSync(descriptor);
      rmSync(folder, { recursive: true });
    }
  });

  test('hands on no other descriptor, and none that is closed', () => {
    expect(descriptorsOf(['proposals', 'list'])).toEqual(standard);
    expect(descriptorsOf(['approve', '--passphrase-fd', '0'])).toEqual(standard);
    expect(descriptorsOf(['approve', '--passphrase-fd', '9999'])).toEqual(standard);
  });
});
