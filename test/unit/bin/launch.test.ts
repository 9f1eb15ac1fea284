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

  test('hands on no other descriptor, and none that is closed', () => {
    expect(descriptorsOf(['proposals', 'list'])).toEqual(standard);
    expect(descriptorsOf(['approve', '--passphrase-fd', '0'])).toEqual(standard);
    expect(descriptorsOf(['approve', '--passphrase-fd', '9999'])).toEqual(standard);
  });
});
