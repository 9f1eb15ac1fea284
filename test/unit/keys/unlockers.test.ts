import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KEY_SLOTS } from '../../../src/core/base/limits.ts';
import type { Result } from '../../../src/core/base/result.ts';
import {
  bindKeyFile,
  changeUnlockers,
  createKeyFile,
  openKeyFile,
  unlockersOf,
} from '../../../src/keys/key-file.ts';
import type { NewKeys } from '../../../src/keys/key-format.ts';
import { sealForQuorums } from '../../../src/keys/slots.ts';

const device: NewKeys = {
  purpose: 'device',
  public: { member: 'alice', device: 'laptop', key: 'ab'.repeat(32), cosigner: null },
  secret: { member: 'alice', device: 'laptop', secretKey: '01'.repeat(32), cosigner: null },
};
const xprv =
  'tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK';
const xpub =
  'tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp';
const signer = (module: boolean): NewKeys => ({
  purpose: 'signer',
  public: { hotKey: xpub, receiptKey: 'cd'.repeat(32), module, custody: false },
  secret: { hotKey: module ? 'pkcs11:object=hot' : xprv, receiptKey: '02'.repeat(32) },
});

const names = ['alice', 'bob', 'carol'];
const of = (...who: readonly string[]): string =>
  who.map((name) => `passphrase of ${name}`).join('\n');
const unlock = (...who: readonly string[]) =>
  ({ passphrase: of(...who), associated: 'x', cost: 'worthless' }) as const;

let folder = '';
let path = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-unlockers-'));
  path = join(folder, 'keys.json');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function make(needed: number, who: readonly string[] = names): Promise<void> {
  rmSync(path, { force: true });
  const made = await createKeyFile(path, device, unlock(...who), { names: who, needed });
  expect(made).toEqual({ ok: true, value: null });
}

async function openedBy(...who: readonly string[]): Promise<string> {
  return codeOf(await openKeyFile(path, 'device', unlock(...who)));
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}

/** Every choice of the names, as the bits of a number say: slow and obvious. */
function choices(): readonly (readonly string[])[] {
  return Array.from({ length: 2 ** names.length }, (_, bits) =>
    names.filter((_name, at) => (bits & (1 << at)) !== 0),
  );
}

describe.each([1, 2, 3])('a key file of three unlockers that takes %i', (needed) => {
  beforeAll(() => make(needed));

  test('opens to every such choice, in any order, and to no smaller one', async () => {
    for (const who of choices().filter(({ length }) => length <= needed)) {
      expect(await openedBy(...who)).toBe(who.length === needed ? 'ok' : 'key.unlockers.few');
      if (who.length === needed) expect(await openedBy(...[...who].reverse())).toBe('ok');
    }
  });

  test('shows whom to ask', () => {
    expect(unlockersOf(path, 'device')).toEqual({ ok: true, value: { names, needed } });
  });
});

describe('a key file of several unlockers', () => {
  test('names whose passphrase a wrong one is not', async () => {
    await make(2, ['alice', 'bob', 'carol']);
    const wrong = await openKeyFile(path, 'device', unlock('bob', 'mallory'));
    expect(wrong).toMatchObject({
      refusal: { code: 'key.locked', facts: { passphrase: 2, unlockers: ['alice', 'carol'] } },
    });
  });

  test('counts a person once', async () => {
    await make(2, ['alice', 'bob']);
    expect(await openedBy('alice', 'alice')).toBe('key.locked');
  });

  test.each<[string, (file: Record<string, unknown>) => void]>([
    ['a threshold of one', (file) => (file['threshold'] = 1)],
    ['a slot less', (file) => (file['slots'] = (file['slots'] as unknown[]).slice(0, 2))],
    ['a set less', (file) => (file['quorums'] = (file['quorums'] as unknown[]).slice(0, 1))],
    [
      'a set twice',
      (file) => (file['quorums'] as unknown[]).push((file['quorums'] as unknown[])[0]),
    ],
  ])('is invalid with %s', async (_, edit) => {
    await make(2, ['alice', 'bob', 'carol']);
    const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    edit(file);
    writeFileSync(path, JSON.stringify(file));
    expect(await openedBy('alice', 'bob')).toBe('key.invalid');
  });

  test('keeps no key that fewer could use: every set has as many members as it takes', async () => {
    await make(2);
    const file = JSON.parse(readFileSync(path, 'utf8')) as {
      readonly quorums: readonly { readonly unlockers: readonly string[] }[];
    };
    const sets = file.quorums.map(({ unlockers }) => unlockers.join());
    const expected = choices().filter(({ length }) => length === 2);
    expect(sets.sort()).toEqual(expected.map((who) => who.join()).sort());
  });

  test.each<[string, readonly string[], number, string]>([
    ['nobody', [], 1, 'key.unlockers.invalid'],
    ['one twice', ['alice', 'alice'], 2, 'key.unlockers.invalid'],
    ['a name with a space', ['alice b', 'bob'], 2, 'key.unlockers.invalid'],
    ['none needed', ['alice', 'bob'], 0, 'key.unlockers.invalid'],
    ['more needed than there are', ['alice', 'bob'], 3, 'key.unlockers.invalid'],
    [
      'nine',
      Array.from({ length: KEY_SLOTS + 1 }, (_, at) => `u${String(at)}`),
      2,
      'key.unlockers.invalid',
    ],
  ])('is not made for %s', async (_, who, needed, code) => {
    rmSync(path, { force: true });
    const made = await createKeyFile(path, device, unlock(...who), { names: who, needed });
    expect(codeOf(made)).toBe(code);
  });

  test('is not made with a passphrase missing, or one for two people', async () => {
    rmSync(path, { force: true });
    const two = { names: ['alice', 'bob'], needed: 2 };
    expect(codeOf(await createKeyFile(path, device, unlock('alice'), two))).toBe(
      'key.unlockers.few',
    );
    const forms = { ...unlock(), passphrase: 'pass\u00e9phrase\npasse\u0301phrase' };
    expect(codeOf(await createKeyFile(path, device, forms, two))).toBe('key.unlockers.same');
    expect(codeOf(await createKeyFile(path, device, unlock('alice', 'alice'), two))).toBe(
      'key.unlockers.same',
    );
  });

  test('of eight people, four needed, stays far below the bound of a file', async () => {
    const held = Array.from({ length: KEY_SLOTS }, (_, at) => ({
      unlocker: `u${String(at)}`,
      secret: Buffer.alloc(32, at + 1),
    }));
    expect(sealForQuorums(Buffer.alloc(32), held, 4)).toHaveLength(70);
    const who = held.map(({ unlocker }) => unlocker);
    rmSync(path, { force: true });
    await createKeyFile(path, device, unlock(...who), { names: who, needed: 4 });
    expect(readFileSync(path).length).toBeLessThan(40_000);
    expect(await openedBy('u0', 'u1', 'u2', 'u3')).toBe('ok');
  });
});

describe('the unlockers of a key file', () => {
  const change = async (
    by: readonly string[],
    next: { names: readonly string[]; needed: number; keep: readonly string[]; fresh: string },
  ): Promise<string> => {
    const { fresh, ...rest } = next;
    return codeOf(
      await changeUnlockers(path, 'device', unlock(...by), { ...rest, passphrase: fresh }),
    );
  };

  test('change while who stays is away', async () => {
    await make(2, ['alice', 'bob', 'carol']);
    const next = ['bob', 'carol', 'erin'];
    const done = await change(['alice', 'bob'], {
      names: next,
      needed: 2,
      keep: ['bob', 'carol'],
      fresh: of('erin'),
    });
    expect(done).toBe('ok');
    expect(unlockersOf(path, 'device')).toEqual({ ok: true, value: { names: next, needed: 2 } });
    expect(await openedBy('carol', 'erin')).toBe('ok');
    expect(await openedBy('bob', 'carol')).toBe('ok');
    expect(await openedBy('alice', 'bob')).toBe('key.locked');
  });

  test('change one passphrase', async () => {
    await make(2, ['alice', 'bob']);
    const renewed = { names: ['alice', 'bob'], needed: 2, keep: ['bob'], fresh: of('alice anew') };
    expect(await change(['alice', 'bob'], renewed)).toBe('ok');
    expect(await openedBy('bob', 'alice anew')).toBe('ok');
    expect(await openedBy('alice', 'bob')).toBe('key.locked');
  });

  test('do not change without those of now, nor to a passphrase that another has', async () => {
    await make(2, ['alice', 'bob']);
    const before = readFileSync(path, 'utf8');
    const added = { names: ['bob', 'erin'], needed: 2, keep: ['bob'], fresh: of('erin') };
    expect(await change(['alice'], added)).toBe('key.unlockers.few');
    expect(await change(['alice', 'erin'], added)).toBe('key.locked');
    expect(await change(['alice', 'bob'], { ...added, fresh: of('bob') })).toBe(
      'key.unlockers.same',
    );
    expect(await change(['alice', 'bob'], { ...added, fresh: '' })).toBe('key.unlockers.few');
    expect(await change(['alice', 'bob'], { ...added, fresh: 'short' })).toBe(
      'key.passphrase.short',
    );
    expect(await change(['alice', 'bob'], { ...added, needed: 3 })).toBe('key.unlockers.invalid');
    expect(
      await change(['alice', 'bob'], { ...added, keep: ['zoe'], names: ['zoe'], needed: 1 }),
    ).toBe('key.unlockers.invalid');
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});

describe('the key of a wallet that is held for others', () => {
  const hot = () => join(folder, 'hot.json');
  const made = async (module: boolean, needed: number): Promise<void> => {
    rmSync(hot(), { force: true });
    const who = { names: ['alice', 'bob'], needed };
    await createKeyFile(hot(), signer(module), unlock('alice', 'bob'), who);
  };
  const bind = (...who: readonly string[]) =>
    bindKeyFile(hot(), unlock(...who), { associated: 'y', custody: true });

  test('takes two people', async () => {
    await made(false, 1);
    expect(codeOf(await bind('alice'))).toBe('key.unlockers.custody');
    await made(false, 2);
    expect(codeOf(await bind('alice', 'bob'))).toBe('ok');
    const bound = { ...unlock('alice', 'bob'), associated: 'y' };
    expect(codeOf(await openKeyFile(hot(), 'signer', bound))).toBe('ok');
    const less = { names: ['alice', 'bob'], needed: 1, keep: ['alice', 'bob'], passphrase: '' };
    expect(codeOf(await changeUnlockers(hot(), 'signer', bound, less))).toBe(
      'key.unlockers.custody',
    );
  });

  test('takes one where a module keeps it', async () => {
    await made(true, 1);
    expect(codeOf(await bind('alice'))).toBe('ok');
  });

  test('is not opened by one whatever the file says of custody', async () => {
    await made(false, 2);
    await bind('alice', 'bob');
    copyFileSync(hot(), `${hot()}.edited`);
    const text = readFileSync(hot(), 'utf8').replace('"custody": true', '"custody": false');
    writeFileSync(`${hot()}.edited`, text);
    const bound = { ...unlock('alice', 'bob'), associated: 'y' };
    expect(codeOf(await openKeyFile(`${hot()}.edited`, 'signer', bound))).toBe('key.invalid');
  });
});
