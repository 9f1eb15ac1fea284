import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NewKeys } from '../../../src/keys/key-format.ts';
import type { Unlock } from '../../../src/keys/key-file.ts';
import {
  bindKeyFile,
  createKeyFile,
  openKeyFile,
  peekKeyFile,
} from '../../../src/keys/key-file.ts';

const xprv =
  'tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK';
const xpub =
  'tpubD6NzVbkrYhZ4XgiXtGrdW5XDAPFCL9h7we1vwNCpn8tGbBcgfVYjXyhWo4E1xkh56hjod1RhGjxbaTLV3X4FyWuejifB9jusQ46QzG87VKp';
const device: NewKeys = {
  purpose: 'device',
  public: { member: 'alice', device: 'laptop', key: 'ab'.repeat(32), cosigner: xpub },
  secret: { member: 'alice', device: 'laptop', secretKey: '01'.repeat(32), cosigner: xprv },
};
const signer: NewKeys = {
  purpose: 'signer',
  public: { hotKey: xpub, receiptKey: 'cd'.repeat(32), module: false, custody: false },
  secret: { hotKey: xprv, receiptKey: '02'.repeat(32) },
};
const unlock: Unlock = { passphrase: 'correct horse', associated: '', cost: 'worthless' };

describe('an encrypted key file', () => {
  let folder: string;
  let path: string;
  let original: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-keys-'));
    path = join(folder, 'deep', 'alice.json');
    expect(await createKeyFile(path, device, unlock)).toEqual({ ok: true, value: null });
    original = readFileSync(path, 'utf8');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('gives back what was sealed, to its passphrase', async () => {
    const opened = await openKeyFile(path, 'device', unlock);
    expect(opened).toEqual({ ok: true, value: device.secret });
  });

  test('shows its public part without a passphrase', () => {
    expect(peekKeyFile(path, 'device')).toEqual({ ok: true, value: device.public });
  });

  test('holds no secret in the clear, is of mode 600, and leaves no temporary file', () => {
    expect(original).not.toContain('01'.repeat(32));
    expect(original).not.toContain(xprv);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['alice.json']);
  });

  test('is locked to another passphrase', async () => {
    const opened = await openKeyFile(path, 'device', { ...unlock, passphrase: 'correct hors' });
    expect(opened).toMatchObject({ ok: false, refusal: { code: 'key.locked' } });
  });

  test('opens by the same characters typed in another Unicode form', async () => {
    const other = join(folder, 'forms.json');
    await createKeyFile(other, device, { passphrase: 'pass\u00e9phrase', associated: '' });
    const opened = await openKeyFile(other, 'device', {
      passphrase: 'passe\u0301phrase',
      associated: '',
    });
    expect(opened.ok).toBe(true);
  });

  test('is never overwritten', async () => {
    expect(await createKeyFile(path, device, unlock)).toMatchObject({
      ok: false,
      refusal: { code: 'key.exists' },
    });
    expect(readFileSync(path, 'utf8')).toBe(original);
  });

  test('wants a passphrase of at least eight characters', async () => {
    const short = await createKeyFile(join(folder, 'short.json'), device, {
      passphrase: '1234567',
      associated: '',
    });
    expect(short).toMatchObject({ ok: false, refusal: { code: 'key.passphrase.short' } });
  });

  const flips = {
    'public.member': ['"alice"', '"mallo"', 'key.invalid'],
    'public.key': ['ab'.repeat(32), 'ac'.repeat(32), 'key.invalid'],
    format: ['countersign-keys/2', 'countersign-keys/3', 'key.invalid'],
    threshold: ['"threshold": 1', '"threshold": 0', 'key.invalid'],
    'an unlocker of a slot': ['"unlocker": "holder"', '"unlocker": "mallory"', 'key.locked'],
    'an unlocker of a quorum': [
      '"unlockers": [\n        "holder"',
      '"unlockers": [\n        "mallory"',
      'key.invalid',
    ],
    purpose: ['"purpose": "device"', '"purpose": "signer"', 'key.invalid'],
    'kdf.N': ['"N": 16384', '"N": 65536', 'key.locked'],
    'kdf.N below the bound': ['"N": 16384', '"N": 8192', 'key.invalid'],
    'kdf.N above the bound': ['"N": 16384', '"N": 2097152', 'key.invalid'],
    'kdf.N no power of two': ['"N": 16384', '"N": 16383', 'key.invalid'],
    'kdf.r': ['"r": 8', '"r": 16', 'key.invalid'],
    'kdf.p': ['"p": 1', '"p": 2', 'key.invalid'],
    'kdf.name': ['"scrypt"', '"pbkdf2"', 'key.invalid'],
  } as const;
  test.each(Object.entries(flips))('refuses an edited %s', async (_field, [from, to, code]) => {
    expect(original).toContain(from);
    const edited = join(folder, 'edited.json');
    writeFileSync(edited, original.replace(from, to));
    expect(await openKeyFile(edited, 'device', unlock)).toMatchObject({
      ok: false,
      refusal: { code },
    });
  });

  const sealedFields = [
    ['slots.0.kdf.salt', 'key.locked'],
    ['slots.0.secret.nonce', 'key.locked'],
    ['slots.0.secret.text', 'key.locked'],
    ['slots.0.secret.tag', 'key.locked'],
    ['quorums.0.key.nonce', 'key.invalid'],
    ['quorums.0.key.text', 'key.invalid'],
    ['quorums.0.key.tag', 'key.invalid'],
    ['held.nonce', 'key.invalid'],
    ['held.text', 'key.invalid'],
    ['held.tag', 'key.invalid'],
    ['payload.nonce', 'key.invalid'],
    ['payload.text', 'key.invalid'],
    ['payload.tag', 'key.invalid'],
  ] as const;
  test.each(sealedFields)('refuses a changed digit of %s', async (field, code) => {
    const file: unknown = JSON.parse(original);
    const steps = field.split('.');
    const last = steps.pop() ?? '';
    let at = file as Record<string, unknown>;
    for (const step of steps) at = at[step] as Record<string, unknown>;
    const value = String(at[last]);
    at[last] = (value.startsWith('0') ? '1' : '0') + value.slice(1);
    const edited = join(folder, 'digit.json');
    writeFileSync(edited, JSON.stringify(file));
    expect(await openKeyFile(edited, 'device', unlock)).toMatchObject({
      ok: false,
      refusal: { code },
    });
  });

  test.each([
    ['no JSON', '{'],
    ['another object', '{"format":"countersign-keys/2"}'],
    ['a field more', ''],
    ['more than 64 KiB', ' '.repeat(65_537)],
  ])('is invalid when it is %s', async (name, text) => {
    const other = join(folder, 'other.json');
    writeFileSync(other, name === 'a field more' ? original.replace('{', '{"x":1,') : text);
    expect(await openKeyFile(other, 'device', unlock)).toMatchObject({
      ok: false,
      refusal: { code: 'key.invalid' },
    });
  });

  test('of a signer opens only bound to what it was bound to last, by the same passphrase', async () => {
    const hot = join(folder, 'hot1.json');
    await createKeyFile(hot, signer, unlock);
    const bound = { ...unlock, associated: 'journal|wallet|genesis' };
    const binding = { associated: bound.associated, custody: false };
    expect(await bindKeyFile(hot, unlock, binding)).toEqual({ ok: true, value: null });
    expect(await openKeyFile(hot, 'signer', bound)).toEqual({ ok: true, value: signer.secret });
    const refused = { ok: false, refusal: { code: 'key.invalid' } };
    expect(await openKeyFile(hot, 'signer', unlock)).toMatchObject(refused);
    expect(await bindKeyFile(hot, unlock, binding)).toMatchObject(refused);
    expect(statSync(hot).mode & 0o777).toBe(0o600);
    expect(peekKeyFile(hot, 'device')).toMatchObject(refused);
  });
});
