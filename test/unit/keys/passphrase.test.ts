import { describe, expect, test } from '@jest/globals';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPassphrase } from '../../../src/keys/passphrase.ts';

const none = { environment: undefined, descriptor: undefined, ask: null };

describe('a passphrase', () => {
  test('comes from the environment without asking', async () => {
    const ask = () => Promise.reject(new Error('asked'));
    expect(await readPassphrase({ ...none, environment: 'of env', ask })).toEqual({
      ok: true,
      value: 'of env',
    });
  });

  test('comes from the first line of a descriptor before the environment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-fd-'));
    const path = join(folder, 'passphrase');
    writeFileSync(path, 'of fd é\r\nsecond line\n');
    const descriptor = openSync(path, 'r');
    try {
      const read = await readPassphrase({ environment: 'of env', descriptor, ask: null });
      expect(read).toEqual({ ok: true, value: 'of fd é' });
    } finally {
      closeSync(descriptor);
      rmSync(folder, { recursive: true });
    }
  });

  test('is asked for on a terminal', async () => {
    const read = await readPassphrase({ ...none, ask: () => Promise.resolve('typed') });
    expect(read).toEqual({ ok: true, value: 'typed' });
  });

  test.each([
    ['there is no terminal', null],
    ['nothing was typed', () => Promise.resolve(null)],
  ])('is missing when %s', async (_name, ask) => {
    expect(await readPassphrase({ ...none, ask })).toMatchObject({
      ok: false,
      refusal: { code: 'key.passphrase.missing' },
    });
  });
});
