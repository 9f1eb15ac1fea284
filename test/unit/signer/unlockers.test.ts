import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../../../src/core/base/result.ts';
import { bindKeyFile, openKeyFile, unlockersOf } from '../../../src/keys/key-file.ts';
import { preparedAssociatedData, signerFolder } from '../../../src/signer/folder.ts';
import { Journal } from '../../../src/signer/journal.ts';
import type { JournalIdentity } from '../../../src/signer/journal-identity.ts';
import { journalAssociatedData } from '../../../src/signer/journal-identity.ts';
import { prepareSigner } from '../../../src/signer/prepare.ts';
import { changeSignerUnlockers, questionsOf } from '../../../src/signer/unlockers.ts';

let folder = '';
let identity: JournalIdentity;
const of = (...who: readonly string[]): string =>
  who.map((name) => `passphrase of ${name}`).join('\n');

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-signer-unlockers-'));
  const place = signerFolder(folder);
  const prepared = await prepareSigner({
    wallet: 'hot-1',
    network: 'regtest',
    use: 'wsh',
    keyFile: place.keys,
    passphrase: of('alice', 'bob', 'carol'),
    unlockers: { names: ['alice', 'bob', 'carol'], needed: 2 },
    cost: 'worthless',
  });
  if (!prepared.ok) throw new Error(prepared.refusal.code);
  const hash = (digit: string): string => digit.repeat(64);
  identity = {
    id: hash('1'),
    wallet: 'hot-1',
    walletDigest: hash('2'),
    genesis: hash('3'),
    signer: prepared.value.receiptKey,
  };
  Journal.create(place.journal, identity);
  const bound = await bindKeyFile(
    place.keys,
    { passphrase: of('alice', 'bob'), associated: preparedAssociatedData('hot-1') },
    { associated: journalAssociatedData(identity), custody: false },
  );
  if (!bound.ok) throw new Error(bound.refusal.code);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function change(
  environment: string,
  names: readonly string[],
  renew: readonly string[] = [],
): Promise<Result<unknown>> {
  const sources = { environment, descriptors: [], ask: null };
  return changeSignerUnlockers({ folder, names, needed: 2, renew }, sources);
}

async function openedBy(...who: readonly string[]): Promise<string> {
  const unlock = { passphrase: of(...who), associated: journalAssociatedData(identity) };
  const opened = await openKeyFile(signerFolder(folder).keys, 'signer', unlock);
  return opened.ok ? 'ok' : opened.refusal.code;
}

describe('the unlockers of a signer', () => {
  test('are asked for by their names, as many as are needed', () => {
    expect(questionsOf(signerFolder(folder).keys)).toEqual({
      ok: true,
      value: [
        'Passphrase of the first unlocker (alice, bob, carol)',
        'Passphrase of the second unlocker (alice, bob, carol)',
      ],
    });
  });

  test('are replaced while one is away', async () => {
    const done = await change(of('alice', 'bob', 'dave'), ['alice', 'carol', 'dave']);
    expect(done.ok).toBe(true);
    expect(await openedBy('carol', 'dave')).toBe('ok');
    expect(await openedBy('alice', 'bob')).toBe('key.locked');
  });

  test('renew a passphrase', async () => {
    const names = ['alice', 'bob', 'carol'];
    expect((await change(of('alice', 'carol', 'bob anew'), names, ['bob'])).ok).toBe(true);
    expect(await openedBy('alice', 'bob anew')).toBe('ok');
    expect(await openedBy('alice', 'bob')).toBe('key.locked');
  });

  test('do not change while the signer runs', async () => {
    const journal = Journal.open(signerFolder(folder).journal);
    if (!journal.ok) throw new Error(journal.refusal.code);
    expect(await change(of('alice', 'bob', 'dave'), ['alice', 'dave'])).toMatchObject({
      refusal: { code: 'journal.locked' },
    });
    journal.value.close();
    expect(unlockersOf(signerFolder(folder).keys, 'signer')).toMatchObject({
      value: { names: ['alice', 'bob', 'carol'] },
    });
  });

  test('are people who are asked on a terminal, the new ones twice', async () => {
    const asked: string[] = [];
    const typed = of('bob', 'carol', 'dave', 'dave').split('\n');
    const sources = {
      environment: undefined,
      descriptors: [],
      ask: (question: string) => {
        asked.push(question);
        return Promise.resolve(typed[asked.length - 1] ?? null);
      },
    };
    const next = { folder, names: ['bob', 'dave'], needed: 2, renew: [] };
    expect((await changeSignerUnlockers(next, sources)).ok).toBe(true);
    expect(asked).toHaveLength(4);
    expect(await openedBy('bob', 'dave')).toBe('ok');
  });
});
