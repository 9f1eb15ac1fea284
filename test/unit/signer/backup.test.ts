import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LogFollower } from '../../../src/client/log-follower.ts';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { Refusal, Result } from '../../../src/core/base/result.ts';
import { parseEntry } from '../../../src/core/log/entry.ts';
import { createKeyFile } from '../../../src/keys/key-file.ts';
import { backUpSigner, keysOfBackup, restoreSigner } from '../../../src/signer/backup.ts';
import { signerFolder } from '../../../src/signer/folder.ts';
import { Journal } from '../../../src/signer/journal.ts';
import { journalAssociatedData } from '../../../src/signer/journal-identity.ts';
import { World } from '../../support/world.ts';
import { WorldLog } from '../../support/world-log.ts';

const passphrase = 'correct horse battery';
let home = '';
let folder = '';
let file = '';
let world: World;
let log: WorldLog;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-backup-'));
  folder = join(home, 'signer');
  file = join(home, 'backups', 'journal');
  world = new World();
  log = new WorldLog(world);
  const place = signerFolder(folder);
  const identity = {
    id: 'ab'.repeat(32),
    wallet: 'hot-1',
    walletDigest: world.wallet.record.digest,
    genesis: world.genesis,
    signer: world.receiptKey.publicKey,
  };
  await createKeyFile(
    place.keys,
    {
      purpose: 'signer',
      public: {
        hotKey: world.hot.xpub,
        receiptKey: world.receiptKey.publicKey,
        module: false,
        custody: false,
      },
      secret: {
        hotKey: world.hot.xprv,
        receiptKey: Buffer.from(sha256(utf8('world/receipt'))).toString('hex'),
      },
    },
    { passphrase, associated: journalAssociatedData(identity), cost: 'worthless' },
  );
  Journal.create(place.journal, identity);
  await start();
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** The signer starts: it reads the log, writes what it writes at a start, posts it and ends. */
async function start(at: string = folder): Promise<void> {
  const opened = Journal.open(signerFolder(at).journal);
  if (!opened.ok) throw new Error(opened.refusal.code);
  const journal = opened.value;
  const store = journal.log;
  const followed = await new LogFollower({ genesis: world.genesis, reader: log, store }).follow();
  if (!followed.ok) throw new Error(followed.refusal.code);
  world.now += 1;
  world.start();
  const entry = parseEntry(world.leaves.at(-1) ?? new Uint8Array());
  if (!entry.ok || entry.value.type !== 'receipt') throw new Error('no receipt');
  journal.append(entry.value);
  journal.close();
}

function restore(from: string = file, words: string = passphrase) {
  return restoreSigner({ folder, file: from, passphrase: words, readerOf: () => log });
}

function refusalOf(result: Result<unknown>): Refusal | null {
  return result.ok ? null : result.refusal;
}

describe('a backup of a signer', () => {
  test('is a whole copy of journal and keys, that nobody else reads', () => {
    const made = backUpSigner(folder, file);
    expect(made).toMatchObject({
      ok: true,
      value: { file, keys: keysOfBackup(file), wallet: 'hot-1', receipts: 1 },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(home, 'backups')).sort()).toEqual(['journal', 'journal.keys.json']);
    const copy = Journal.open(file);
    if (!copy.ok) throw new Error(copy.refusal.code);
    expect([...copy.value.log.leaves(1_000)]).toEqual(world.leaves.slice(0, -1));
    copy.value.close();
    expect(refusalOf(backUpSigner(folder, file))?.code).toBe('journal.exists');
  });

  test('is not made while the signer runs', () => {
    const running = Journal.open(signerFolder(folder).journal);
    if (!running.ok) throw new Error(running.refusal.code);
    expect(refusalOf(backUpSigner(folder, file))?.code).toBe('journal.locked');
    expect(existsSync(file)).toBe(false);
    running.value.close();
  });

  test('is put in the place of a lost journal', async () => {
    backUpSigner(folder, file);
    rmSync(folder, { recursive: true });
    expect(await restore()).toMatchObject({ ok: true, value: { receipts: 1 } });
    expect(readdirSync(folder).sort()).toEqual(['journal.sqlite', 'keys.json']);
    expect(readdirSync(join(home, 'backups')).sort()).toEqual(['journal', 'journal.keys.json']);
    await start();
    expect(world.ledger.position).toBe(2);
  });

  test('is not put in the place of a journal or of keys', async () => {
    backUpSigner(folder, file);
    expect(refusalOf(await restore())?.code).toBe('journal.exists');
    rmSync(signerFolder(folder).journal);
    expect(refusalOf(await restore())?.code).toBe('key.exists');
  });

  test('from before a later start of its signer is refused with the position that it lacks', async () => {
    backUpSigner(folder, file);
    await start();
    rmSync(folder, { recursive: true });
    expect(refusalOf(await restore())).toMatchObject({
      code: 'journal.rolledback',
      facts: { position: 1, log: 2, journal: 1 },
    });
    expect(existsSync(signerFolder(folder).journal)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('does not become a second copy beside the first, wherever that runs', async () => {
    backUpSigner(folder, file);
    await start(); // the first runs on, on another host
    const second = { folder: join(home, 'second'), file, passphrase, readerOf: () => log };
    expect(refusalOf(await restoreSigner(second))).toMatchObject({
      code: 'journal.rolledback',
      facts: { position: 1 },
    });
  });

  test('restored twice runs once: the second start finds the first in the log', async () => {
    backUpSigner(folder, file);
    const second = join(home, 'second');
    const given = { folder: second, file, passphrase, readerOf: () => log };
    expect((await restoreSigner(given)).ok).toBe(true);
    await start();
    rmSync(folder, { recursive: true });
    expect(refusalOf(await restore())?.code).toBe('journal.rolledback');
  });

  test('that was edited is refused with the place', async () => {
    backUpSigner(folder, file);
    rmSync(folder, { recursive: true });
    const database = new DatabaseSync(file);
    database.exec('DROP TRIGGER receipts_no_update');
    database.prepare('UPDATE receipts SET signature = ?').run('0'.repeat(128));
    database.close();
    expect(refusalOf(await restore())).toMatchObject({
      code: 'journal.invalid',
      facts: { position: 0 },
    });
  });

  test('opens by its own passphrases and keys alone', async () => {
    backUpSigner(folder, file);
    const keys = readFileSync(keysOfBackup(file), 'utf8');
    rmSync(folder, { recursive: true });
    expect(refusalOf(await restore(file, 'wrong horse battery'))?.code).toBe('key.locked');
    const other = keys.replace('"custody": false', '"custody": true');
    expect(other).not.toBe(keys);
    writeFileSync(keysOfBackup(file), other);
    expect(refusalOf(await restore())?.code).toBe('key.invalid');
  });
});
