import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { applyReceipt, createLedger } from '../../../src/core/log/ledger.ts';
import type { Receipt } from '../../../src/core/log/receipt.ts';
import { receiptDigest } from '../../../src/core/log/receipt.ts';
import { compareWithLog, Journal } from '../../../src/signer/journal.ts';
import type { JournalIdentity } from '../../../src/signer/journal-identity.ts';
import { receiptKeyOf } from '../../../src/signer/receipt-key.ts';

const hash = (text: string): string => toHex(sha256(utf8(text)));
const key = receiptKeyOf(sha256(utf8('receipt key')));
const identity: JournalIdentity = {
  id: hash('journal'),
  wallet: 'hot-1',
  walletDigest: hash('wallet'),
  genesis: hash('genesis'),
  signer: key.publicKey,
};

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-journal-'));
  path = join(folder, 'journal.sqlite');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function opened(): Journal {
  const journal = Journal.open(path);
  if (!journal.ok) throw new Error(journal.refusal.code);
  return journal.value;
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}

function frameOf(journal: Journal, at: string): Omit<Receipt, 'record'> {
  return {
    org: identity.genesis,
    wallet: identity.wallet,
    signer: identity.signer,
    epoch: 1,
    position: journal.ledger.position,
    previous: journal.ledger.previous,
    at,
    log: { size: 3, root: hash('root') },
  };
}

function start(journal: Journal): void {
  const receipt = {
    ...frameOf(journal, '2026-11-22T10:00:00Z'),
    record: 'started',
    walletDigest: identity.walletDigest,
    firstAddress: 'bcrt1q',
    keyProof: { key: `02${hash('key')}`, signature: hash('a') + hash('b') },
  } as Receipt;
  journal.append(key.sign(receipt));
}

function sight(journal: Journal, object: string): void {
  const at = '2026-11-22T10:00:01Z';
  const receipt = {
    ...frameOf(journal, at),
    record: 'sight',
    kind: 'approval',
    object: hash(object),
  } as Receipt;
  journal.append(key.sign(receipt));
}

/** A journal of four receipts, closed. */
function written(): void {
  Journal.create(path, identity);
  const journal = opened();
  start(journal);
  for (const object of ['one', 'two', 'three']) sight(journal, object);
  journal.close();
}

/** Edits the file as its thief would: past the triggers. */
function edit(...statements: readonly [string, ...(string | number | Uint8Array)[]][]): void {
  const database = new DatabaseSync(path);
  for (const table of ['receipts', 'identity'])
    for (const verb of ['update', 'delete']) database.exec(`DROP TRIGGER ${table}_no_${verb}`);
  for (const [sql, ...values] of statements) database.prepare(sql).run(...values);
  database.close();
}

function refusalOfOpen(): { code: string; facts: Readonly<Record<string, unknown>> } {
  const found = Journal.open(path);
  if (!found.ok) return found.refusal;
  found.value.close();
  return { code: 'ok', facts: {} };
}

describe('a journal', () => {
  test('is read back as it was written', () => {
    written();
    const journal = opened();
    expect(journal.identity).toEqual(identity);
    expect(journal.ledger.position).toBe(4);
    expect([...journal.ledger.sights.keys()]).toEqual(['one', 'two', 'three'].map(hash));
    const receipts = journal.receiptsFrom(1, 2);
    expect(receipts.map(({ receipt }) => receipt.position)).toEqual([1, 2]);
    journal.close();
    journal.close();
  });

  test('is created once', () => {
    expect(codeOf(Journal.create(path, identity))).toBe('ok');
    expect(codeOf(Journal.create(path, identity))).toBe('journal.exists');
  });

  test('opens for one process at a time', () => {
    written();
    const first = opened();
    expect(codeOf(Journal.open(path))).toBe('journal.locked');
    first.close();
    const second = opened();
    second.close();
  });

  test('refuses to be changed or shortened even by its own process', () => {
    written();
    const database = new DatabaseSync(path);
    expect(() => database.exec(`UPDATE receipts SET signature = '${'0'.repeat(128)}'`)).toThrow(
      'append-only',
    );
    expect(() => database.exec('DELETE FROM receipts WHERE position = 3')).toThrow('append-only');
    expect(() =>
      database.exec('INSERT INTO receipts SELECT 9, receipt, signature, digest FROM receipts'),
    ).toThrow('no gaps');
    database.close();
  });

  test('that is missing or is no database is journal.invalid', () => {
    expect(refusalOfOpen().code).toBe('journal.invalid');
    writeFileSync(path, 'no database at all, but long enough to be read as one'.repeat(100));
    expect(refusalOfOpen().code).toBe('journal.invalid');
  });

  test('keeps leaves, blobs and the newest checkpoint of the log', () => {
    written();
    const journal = opened();
    expect(journal.log.head()).toBeNull();
    journal.log.append(0, ['a', 'b'].map(utf8), 'two');
    journal.log.append(2, [utf8('c')], 'three');
    journal.log.putBlobs(new Map([[hash('blob'), utf8('blob')]]));
    expect(journal.log.head()).toEqual({ size: 3, note: 'three' });
    expect([...journal.log.leaves(3)].map((leaf) => Buffer.from(leaf).toString())).toEqual([
      'a',
      'b',
      'c',
    ]);
    expect(journal.log.blob(hash('blob'))).toEqual(utf8('blob'));
    expect(journal.log.blob(hash('other'))).toBeUndefined();
    journal.close();
  });

  test('takes a blob whose bytes were edited for missing', () => {
    written();
    const journal = opened();
    journal.log.putBlobs(new Map([[hash('blob'), utf8('blob')]]));
    journal.close();
    const database = new DatabaseSync(path);
    database.exec('DROP TRIGGER blobs_no_update');
    database.prepare('UPDATE blobs SET bytes = ?').run(utf8('other'));
    database.close();
    const again = opened();
    expect(again.log.blob(hash('blob'))).toBeUndefined();
    again.close();
  });
});

describe('a journal that was edited names the first wrong position', () => {
  const at = (change: (receipt: Record<string, unknown>) => void): void => {
    const database = new DatabaseSync(path);
    const row = database.prepare('SELECT receipt FROM receipts WHERE position = 2').get();
    database.close();
    const receipt = JSON.parse(Buffer.from(row?.['receipt'] as Uint8Array).toString()) as Record<
      string,
      unknown
    >;
    change(receipt);
    const bytes = canonicalBytes(receipt);
    // The thief recomputes the digest too: only the signature is out of his reach.
    edit([
      'UPDATE receipts SET receipt = ?, digest = ? WHERE position = 2',
      bytes,
      receiptDigest(receipt as unknown as Receipt),
    ]);
  };
  const changes: readonly (readonly [string, string, unknown])[] = [
    ['org', 'org', hash('x')],
    ['wallet', 'wallet', 'hot-2'],
    ['signer', 'signer', hash('x')],
    ['epoch', 'epoch', 2],
    ['position', 'position', 7],
    ['previous', 'previous', hash('x')],
    ['time', 'at', '2026-11-22T10:00:09Z'],
    ['log', 'log', { size: 4, root: hash('root') }],
    ['kind', 'kind', 'document'],
    ['object', 'object', hash('x')],
    ['an unknown field', 'note', 'x'],
  ];
  test.each(changes)('%s', (_, field, value) => {
    written();
    at((receipt) => {
      receipt[field] = value;
    });
    expect(refusalOfOpen()).toMatchObject({ code: 'journal.invalid', facts: { position: 2 } });
  });

  test('signature', () => {
    written();
    edit(['UPDATE receipts SET signature = ? WHERE position = 1', '0'.repeat(128)]);
    expect(refusalOfOpen()).toMatchObject({ code: 'journal.invalid', facts: { position: 1 } });
  });

  test('digest', () => {
    written();
    edit(['UPDATE receipts SET digest = ? WHERE position = 0', hash('x')]);
    expect(refusalOfOpen()).toMatchObject({ code: 'journal.invalid', facts: { position: 0 } });
  });

  test('a record taken out of the middle', () => {
    written();
    edit(['DELETE FROM receipts WHERE position = 1']);
    expect(refusalOfOpen()).toMatchObject({ code: 'journal.invalid', facts: { position: 1 } });
  });

  test('a record taken out and the later ones moved up', () => {
    written();
    edit(
      ['DELETE FROM receipts WHERE position = 1'],
      ['UPDATE receipts SET position = position - 1 WHERE position > 1'],
    );
    expect(refusalOfOpen()).toMatchObject({ code: 'journal.invalid', facts: { position: 1 } });
  });

  test.each(Object.keys(identity))('the identity has no %s', (name) => {
    written();
    edit(['DELETE FROM identity WHERE name = ?', name]);
    expect(refusalOfOpen()).toMatchObject({
      code: 'journal.invalid',
      facts: { reason: 'identity' },
    });
  });

  test.each(['genesis', 'signer'])('the identity has another %s', (name) => {
    written();
    edit(['UPDATE identity SET value = ? WHERE name = ?', hash('x'), name]);
    expect(refusalOfOpen()).toMatchObject({ code: 'journal.invalid', facts: { position: 0 } });
  });
});

describe('a journal beside the log', () => {
  test('passes when the log holds as much or less', () => {
    written();
    const journal = opened();
    const inLog = createLedger();
    expect(codeOf(compareWithLog(journal, undefined))).toBe('ok');
    for (const { receipt } of journal.receiptsFrom(0, 10)) {
      expect(codeOf(compareWithLog(journal, inLog))).toBe('ok');
      applyReceipt(inLog, receipt);
    }
    expect(codeOf(compareWithLog(journal, inLog))).toBe('ok');
    journal.close();
  });

  test('that is an older copy is journal.rolledback', () => {
    written();
    copyFileSync(path, `${path}.old`);
    const journal = opened();
    sight(journal, 'four');
    const inLog = createLedger();
    for (const { receipt } of journal.receiptsFrom(0, 10)) applyReceipt(inLog, receipt);
    journal.close();
    rmSync(path);
    copyFileSync(`${path}.old`, path);
    const older = opened();
    expect(compareWithLog(older, inLog)).toMatchObject({
      refusal: { code: 'journal.rolledback', facts: { log: 5, journal: 4 } },
    });
    // A clone that went its own way holds as many records, but others.
    sight(older, 'another');
    expect(codeOf(compareWithLog(older, inLog))).toBe('journal.rolledback');
    older.close();
  });
});
