import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { copyFileSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import type { Ledger } from '../../../src/core/log/ledger.ts';
import { applyReceipt, createLedger } from '../../../src/core/log/ledger.ts';
import type { Receipt } from '../../../src/core/log/receipt.ts';
import { receiptDigest } from '../../../src/core/log/receipt.ts';
import { compareWithLog, Journal } from '../../../src/signer/journal.ts';
import type { JournalIdentity } from '../../../src/signer/journal-identity.ts';
import type { SignedReceipt } from '../../../src/signer/receipt-key.ts';
import { receiptKeyOf } from '../../../src/signer/receipt-key.ts';
import { noteOver, rootOver } from '../../support/kept-log.ts';

const hash = (text: string): string => toHex(sha256(utf8(text)));
const key = receiptKeyOf(sha256(utf8('receipt key')));
const identity: JournalIdentity = {
  id: hash('journal'),
  wallet: 'hot-1',
  walletDigest: hash('wallet'),
  genesis: hash('genesis'),
  signer: key.publicKey,
};

/** What is kept of the log: three leaves of one checkpoint, two of the next. */
const leaves = ['a', 'b', 'c', 'd', 'e'].map(utf8);
const blob = utf8('blob');

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
    log: { size: 3, root: rootOver(leaves.slice(0, 3)) },
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
  journal.log.append(0, leaves.slice(0, 3), noteOver(leaves.slice(0, 3)));
  journal.log.append(3, leaves.slice(3), noteOver(leaves));
  journal.log.putBlobs(new Map([[hash('blob'), blob]]));
  start(journal);
  for (const object of ['one', 'two', 'three']) sight(journal, object);
  journal.close();
}

/** Edits the file as its thief would: past the triggers. */
type Edit = readonly [string, ...(string | number | Uint8Array)[]];
function edit(...statements: readonly Edit[]): void {
  const database = new DatabaseSync(path);
  for (const table of ['receipts', 'identity', 'leaves', 'blobs', 'checkpoints'])
    for (const verb of ['update', 'delete'])
      database.exec(`DROP TRIGGER IF EXISTS ${table}_no_${verb}`);
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
    expect(journal.log.head()).toEqual({ size: 5, note: noteOver(leaves) });
    const kept = [...journal.log.leaves(5)].map((leaf) => Buffer.from(leaf).toString());
    expect(kept.join('')).toBe('abcde');
    expect(journal.log.blob(hash('blob'))).toEqual(blob);
    expect(journal.log.blob(hash('other'))).toBeUndefined();
    journal.close();
  });
});

describe('a journal whose copy of the log was edited names the place', () => {
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 1);
  const edits: readonly (readonly [string, Edit, object])[] = [
    [
      'a leaf',
      ['UPDATE leaves SET leaf = ? WHERE position = 1', flip(utf8('b'))],
      { from: 0, to: 2 },
    ],
    [
      'a later leaf',
      ['UPDATE leaves SET leaf = ? WHERE position = 4', utf8('E')],
      { from: 3, to: 4 },
    ],
    ['the last leaf is gone', ['DELETE FROM leaves WHERE position = 4'], { leaf: 4 }],
    ['a leaf in the middle is gone', ['DELETE FROM leaves WHERE position = 2'], { leaf: 2 }],
    ['all leaves are gone', ['DELETE FROM leaves'], { leaf: 0 }],
    ['the last checkpoint is gone', ['DELETE FROM checkpoints WHERE size = 5'], { leaf: 3 }],
    ['the checkpoints are gone', ['DELETE FROM checkpoints'], { leaf: 0 }],
    [
      'a checkpoint is of another size',
      ['UPDATE checkpoints SET size = 4 WHERE size = 5'],
      { checkpoint: 4 },
    ],
    [
      'a checkpoint is none',
      ["UPDATE checkpoints SET note = 'x' WHERE size = 3"],
      { checkpoint: 3 },
    ],
    ['a blob', ['UPDATE blobs SET bytes = ?', flip(blob)], { blob: hash('blob') }],
  ];
  test.each(edits)('%s', (_, change, facts) => {
    written();
    edit(change);
    expect(refusalOfOpen()).toMatchObject({ code: 'journal.invalid', facts });
  });

  test('what receipts name of it is gone, with its checkpoints', () => {
    written();
    edit(['DELETE FROM leaves WHERE position > 1'], ['DELETE FROM checkpoints']);
    edit(['INSERT INTO checkpoints VALUES (2, ?)', noteOver(leaves.slice(0, 2))]);
    expect(refusalOfOpen()).toMatchObject({ code: 'journal.invalid', facts: { leaf: 2 } });
  });
});

describe('a journal whose file was cut says how far it can be read', () => {
  test.each([0.3, 0.6, 0.9])('at %d of its length', (part) => {
    written();
    truncateSync(path, Math.floor(statSync(path).size * part));
    const { code, facts } = refusalOfOpen();
    expect(code).toBe('journal.invalid');
    expect(Object.keys(facts).length).toBeGreaterThan(0);
  });

  test('to nothing', () => {
    written();
    truncateSync(path, 0);
    expect(refusalOfOpen().code).toBe('journal.invalid');
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
  /** Lets the log hold receipts, as the journal keeps it, behind what it held before. */
  const inLogOf = (journal: Journal, receipts: readonly SignedReceipt[]): Ledger => {
    const ledger = createLedger();
    for (const { receipt } of receipts) applyReceipt(ledger, receipt);
    const more = receipts.map((signed) => entryBytes({ type: 'receipt', ...signed }));
    journal.log.append(5, more, noteOver([...leaves, ...more]));
    return ledger;
  };

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

  test('that is an older copy is journal.rolledback, from the first record that it lacks', () => {
    written();
    copyFileSync(path, `${path}.old`);
    const journal = opened();
    for (const object of ['four', 'five']) sight(journal, object);
    const receipts = journal.receiptsFrom(0, 10);
    journal.close();
    rmSync(path);
    copyFileSync(`${path}.old`, path);
    const older = opened();
    expect(compareWithLog(older, inLogOf(older, receipts))).toMatchObject({
      refusal: {
        code: 'journal.rolledback',
        facts: { position: 4, log: 6, journal: 4, reason: 'records are missing' },
      },
    });
    older.close();
  });

  test('that lost its last records, or those that were not yet in its main file, is journal.rolledback', () => {
    written();
    const journal = opened();
    const receipts = journal.receiptsFrom(0, 10);
    journal.close();
    edit(['DELETE FROM receipts WHERE position > 1']);
    const shorter = opened();
    expect(compareWithLog(shorter, inLogOf(shorter, receipts))).toMatchObject({
      refusal: { code: 'journal.rolledback', facts: { position: 2, log: 4, journal: 2 } },
    });
    shorter.close();
  });

  test('whose write-ahead file is gone is journal.rolledback', () => {
    written();
    const journal = opened();
    for (const object of ['four', 'five']) sight(journal, object);
    const receipts = journal.receiptsFrom(0, 10);
    // As a power cut leaves it: the newest records stand in the write-ahead file alone.
    const cut = `${path}.cut`;
    copyFileSync(path, cut);
    journal.close();
    const left = Journal.open(cut);
    if (!left.ok) throw new Error(left.refusal.code);
    expect(compareWithLog(left.value, inLogOf(left.value, receipts))).toMatchObject({
      refusal: { code: 'journal.rolledback', facts: { position: 4, log: 6, journal: 4 } },
    });
    left.value.close();
  });

  test('that a clone has run beside is journal.rolledback, from the first record that differs', () => {
    written();
    const clone = `${path}.clone`;
    copyFileSync(path, clone);
    const journal = opened();
    for (const object of ['four', 'five']) sight(journal, object);
    const receipts = journal.receiptsFrom(0, 10);
    journal.close();
    const second = Journal.open(clone);
    if (!second.ok) throw new Error(second.refusal.code);
    // It went its own way and holds even more records.
    for (const object of ['4', '5', '6']) sight(second.value, object);
    expect(compareWithLog(second.value, inLogOf(second.value, receipts))).toMatchObject({
      refusal: {
        code: 'journal.rolledback',
        facts: { position: 4, log: 6, journal: 7, reason: 'another record stands in the log' },
      },
    });
    second.value.close();
  });

  test('does not take what others laid into the log for its own records', () => {
    written();
    const journal = opened();
    const [first, ...others] = journal.receiptsFrom(0, 10);
    if (first === undefined) throw new Error('no record');
    const forged = { ...first, signature: '0'.repeat(128) };
    const ledger = inLogOf(journal, [first, ...others]);
    const more = entryBytes({ type: 'receipt', ...forged });
    const before = [...journal.log.leaves(9)];
    journal.log.append(9, [more], noteOver([...before, more]));
    expect(codeOf(compareWithLog(journal, ledger))).toBe('ok');
    journal.close();
  });
});
