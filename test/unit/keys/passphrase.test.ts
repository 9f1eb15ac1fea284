import { describe, expect, test } from '@jest/globals';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../../../src/core/base/result.ts';
import type { PassphraseSources } from '../../../src/keys/passphrase.ts';
import {
  charactersOf,
  linesOfPassphrases,
  readNewPassphrases,
  readPassphrases,
} from '../../../src/keys/passphrase.ts';

const none: PassphraseSources = { environment: undefined, descriptors: [], ask: null };

function textOf(read: Result<Buffer>): string {
  return read.ok ? read.value.toString('utf8') : read.refusal.code;
}

/** Reads with files as descriptors. */
async function fromFiles(contents: readonly string[], questions: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-fd-'));
  const descriptors = contents.map((text, at) => {
    const path = join(folder, `passphrase-${String(at)}`);
    writeFileSync(path, text);
    return openSync(path, 'r');
  });
  try {
    return textOf(await readPassphrases({ ...none, environment: 'env', descriptors }, questions));
  } finally {
    descriptors.forEach((descriptor) => {
      closeSync(descriptor);
    });
    rmSync(folder, { recursive: true });
  }
}

/** A person who types these answers. */
function typing(...answers: readonly (string | null)[]): PassphraseSources & { asked: string[] } {
  const asked: string[] = [];
  return {
    ...none,
    asked,
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(answers[asked.length - 1] ?? null);
    },
  };
}

describe('a passphrase', () => {
  test('comes from the environment without asking', async () => {
    const ask = () => Promise.reject(new Error('asked'));
    expect(textOf(await readPassphrases({ ...none, environment: 'of env', ask }, ['?']))).toBe(
      'of env',
    );
  });

  test('comes from the first line of a descriptor before the environment', async () => {
    expect(await fromFiles(['of fd é\r\nsecond line\n'], ['?'])).toBe('of fd é');
  });

  test('is asked for on a terminal', async () => {
    expect(textOf(await readPassphrases(typing('typed'), ['?']))).toBe('typed');
  });

  test.each([
    ['there is no terminal', none],
    ['nothing was typed', typing(null)],
    ['the line is empty', { ...none, environment: '\n' }],
  ])('is missing when %s', async (_name, sources) => {
    expect(textOf(await readPassphrases(sources, ['?']))).toBe('key.passphrase.missing');
  });
});

describe('the passphrases of several unlockers', () => {
  const two = ['first?', 'second?'];
  test('come from a descriptor each', async () => {
    expect(await fromFiles(['of alice\nmore\n', 'of bob'], two)).toBe('of alice\nof bob');
  });

  test('come from one descriptor, a line each', async () => {
    expect(await fromFiles(['of alice\r\nof bob\r\nof carol\n'], two)).toBe('of alice\nof bob');
  });

  test('come from the environment, a line each', async () => {
    const sources = { ...none, environment: 'of alice\nof bob' };
    expect(textOf(await readPassphrases(sources, two))).toBe('of alice\nof bob');
  });

  test('are asked for one after the other', async () => {
    const sources = typing('of alice', 'of bob');
    expect(textOf(await readPassphrases(sources, two))).toBe('of alice\nof bob');
    expect(sources.asked).toEqual(two);
  });

  test('are missing when one is', async () => {
    expect(await fromFiles(['of alice\n'], two)).toBe('key.passphrase.missing');
    expect(textOf(await readPassphrases(typing('of alice'), two))).toBe('key.passphrase.missing');
  });
});

describe('new passphrases', () => {
  test('that people type are typed twice', async () => {
    const sources = typing('of alice', 'of alice', 'of bob', 'of bob');
    expect(textOf(await readNewPassphrases(sources, ['alice?', 'bob?']))).toBe('of alice\nof bob');
    expect(textOf(await readNewPassphrases(typing('one', 'two'), ['?']))).toBe(
      'key.passphrase.differs',
    );
    expect(textOf(await readNewPassphrases(typing('one'), ['?']))).toBe('key.passphrase.missing');
  });

  test('of a descriptor or the environment are read once', async () => {
    expect(textOf(await readNewPassphrases({ ...none, environment: 'a' }, ['?']))).toBe('a');
  });
});

test('lines are copies, and characters are counted as people count them', () => {
  const text = Buffer.from('äöü\nb');
  const [first] = linesOfPassphrases(text);
  first?.fill(0);
  expect(text.toString()).toBe('äöü\nb');
  expect(charactersOf(Buffer.from('äö😀'))).toBe(3);
});
