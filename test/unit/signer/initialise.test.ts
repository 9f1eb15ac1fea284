import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { openKeyFile } from '../../../src/keys/key-file.ts';
import { preparedAssociatedData, signerFolder } from '../../../src/signer/folder.ts';
import type { Initialisation } from '../../../src/signer/initialise.ts';
import { initialiseSigner } from '../../../src/signer/initialise.ts';
import { Journal } from '../../../src/signer/journal.ts';
import { journalAssociatedData } from '../../../src/signer/journal-identity.ts';
import type { Prepared } from '../../../src/signer/prepare.ts';
import { prepareSigner } from '../../../src/signer/prepare.ts';
import type { Founded } from '../../../src/start/founding.ts';
import { foundOrganisation } from '../../../src/start/founding.ts';
import { World } from '../../support/world.ts';

const passphrase = 'correct horse battery';
let folder = '';
let keyFile = '';
let prepared: Prepared;
let founded: Founded;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-init-'));
  keyFile = join(folder, 'prepared.json');
  const made = await prepareSigner({
    wallet: 'hot-1',
    network: 'regtest',
    use: 'wsh',
    keyFile,
    passphrase,
    cost: 'worthless',
  });
  if (!made.ok) throw new Error(made.refusal.code);
  prepared = made.value;
  founded = foundedWith(prepared);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** The world's organisation, its wallet with the keys of this signer. */
function foundedWith({ xpub, expression, receiptKey }: Prepared): Founded {
  const { spec } = new World();
  const result = foundOrganisation({
    ...spec,
    wallets: spec.wallets.map((wallet) => ({
      ...wallet,
      hotKey: { xpub, expression },
      signerKey: receiptKey,
    })),
  });
  if (!result.ok) throw new Error(result.refusal.code);
  return result.value;
}

function given(change: Partial<Initialisation> = {}): Initialisation {
  return {
    genesis: founded.genesis,
    wallet: 'hot-1',
    folder: join(folder, 'signer'),
    keyFile,
    passphrase,
    cost: 'worthless',
    charter: canonicalBytes(founded.charter),
    walletDocument: canonicalBytes(founded.wallets.get('hot-1')),
    ...change,
  };
}

function code(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}

describe('signer prepare', () => {
  test('prints what the documents need and never overwrites a key', async () => {
    expect(prepared).toMatchObject({ wallet: 'hot-1', network: 'regtest' });
    expect(prepared.expression).toMatch(/^\[[0-9a-f]{8}\/48h\/1h\/0h\/2h\]tpub/);
    const again = await prepareSigner({
      wallet: 'hot-1',
      network: 'regtest',
      use: 'wsh',
      keyFile,
      passphrase,
      cost: 'worthless',
    });
    expect(code(again)).toBe('key.exists');
  });

  test.each([
    ['wpkh', 'regtest', '84h/1h/0h', 'tpub'],
    ['wsh', 'mainnet', '48h/0h/0h/2h', 'xpub'],
  ] as const)('derives %s on %s at %s', async (use, network, origin, prefix) => {
    const made = await prepareSigner({
      wallet: 'hot-1',
      network,
      use,
      keyFile: join(folder, 'other.json'),
      passphrase,
      cost: 'worthless',
    });
    expect(made.ok && made.value.expression).toMatch(
      new RegExp(`^\\[[0-9a-f]{8}/${origin}\\]${prefix}`),
    );
  });
});

describe('signer init', () => {
  test('creates the journal and binds the keys to it alone', async () => {
    const initialised = await initialiseSigner(given());
    if (!initialised.ok) throw new Error(initialised.refusal.code);
    const place = signerFolder(join(folder, 'signer'));
    expect(existsSync(keyFile)).toBe(false);
    const journal = Journal.open(place.journal);
    if (!journal.ok) throw new Error(journal.refusal.code);
    expect(journal.value.identity).toEqual(initialised.value);
    journal.value.close();
    const bound = journalAssociatedData(initialised.value);
    expect(code(await openKeyFile(place.keys, 'signer', { passphrase, associated: bound }))).toBe(
      'ok',
    );
    for (const associated of [
      preparedAssociatedData('hot-1'),
      journalAssociatedData({ ...initialised.value, id: '00'.repeat(32) }),
      journalAssociatedData({ ...initialised.value, walletDigest: '00'.repeat(32) }),
      journalAssociatedData({ ...initialised.value, genesis: '00'.repeat(32) }),
    ])
      expect(code(await openKeyFile(place.keys, 'signer', { passphrase, associated }))).toBe(
        'key.invalid',
      );
  });

  test('repeated before the first record changes nothing', async () => {
    const first = await initialiseSigner(given());
    const second = await initialiseSigner(given());
    expect(second).toEqual(first);
  });

  test.each<[string, () => Partial<Initialisation>, string]>([
    ['another genesis', () => ({ genesis: '00'.repeat(32) }), 'document.genesis.mismatch'],
    [
      'a wallet that the charter does not name',
      () => ({ wallet: 'hot-9' }),
      'receipt.unauthorised',
    ],
    [
      'the document of something else',
      () => ({ walletDocument: canonicalBytes(founded.charter) }),
      'wallet.unknown',
    ],
    ['a wrong passphrase', () => ({ passphrase: 'wrong horse battery' }), 'key.locked'],
    ['a charter that is no JSON', () => ({ charter: new Uint8Array([1]) }), 'json.malformed'],
  ])('refuses %s', async (_, change, expected) => {
    expect(code(await initialiseSigner(given(change())))).toBe(expected);
  });

  test('wants two people who start the signer of a wallet that is held for others', async () => {
    const document = founded.wallets.get('hot-1');
    if (document?.kind !== 'wallet') throw new Error('no wallet');
    const custody = { ...document, body: { ...document.body, custody: true } };
    const walletDocument = canonicalBytes(custody);
    expect(code(await initialiseSigner(given({ walletDocument })))).toBe('key.unlockers.custody');
    expect(existsSync(signerFolder(join(folder, 'signer')).journal)).toBe(false);
    expect(existsSync(keyFile)).toBe(true);
  });

  test('refuses an organisation that names the keys of another signer', async () => {
    const { spec } = new World();
    const other = foundOrganisation(spec);
    if (!other.ok) throw new Error(other.refusal.code);
    founded = other.value;
    expect(code(await initialiseSigner(given()))).toBe('receipt.unauthorised');
  });
});
