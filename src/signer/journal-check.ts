import type { DatabaseSync } from 'node:sqlite';
import { toHex } from '../core/base/bytes.ts';
import { parseCanonical } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import type { Facts, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { parseWith } from '../core/base/schema.ts';
import { parseCheckpoint } from '../core/log/checkpoint.ts';
import type { Ledger } from '../core/log/ledger.ts';
import { applyReceipt, checkReceipt, createLedger } from '../core/log/ledger.ts';
import { leafHash, MerkleTree } from '../core/log/merkle.ts';
import { parseNote } from '../core/log/note.ts';
import type { Receipt } from '../core/log/receipt.ts';
import { receiptDigest, receiptDigestBytes, receiptSchema } from '../core/log/receipt.ts';
import type { JournalIdentity } from './journal-identity.ts';
import { parseIdentity } from './journal-identity.ts';
import { ownReceiptVerifier } from './receipt-key.ts';
import type { SignedReceipt } from './receipt-key.ts';

type Row = Readonly<Record<string, unknown>>;

/** Refuses with `journal.invalid`: where the first thing stands that is not as it was written, and why. */
export function invalid(facts: Facts): ReturnType<typeof refuse> {
  return refuse('journal.invalid', facts);
}

/** What the journal belongs to. Code `journal.invalid`. */
export function readIdentity(database: DatabaseSync): Result<JournalIdentity> {
  const rows = database.prepare('SELECT name, value FROM identity').all();
  const identity = parseIdentity(
    Object.fromEntries(rows.map((row) => [String(row['name']), row['value']])),
  );
  return identity.ok ? identity : invalid({ reason: 'identity' });
}

/** The receipt of a row, its form checked, or undefined. */
export function parseReceiptRow(row: Row): SignedReceipt | undefined {
  const { receipt: bytes, signature } = row;
  if (!(bytes instanceof Uint8Array) || typeof signature !== 'string') return undefined;
  const json = parseCanonical(bytes);
  if (!json.ok) return undefined;
  const receipt = parseWith(receiptSchema, json.value);
  return receipt.ok ? { receipt: receipt.value, signature } : undefined;
}

/**
 * Folds every receipt and checks form, owner, chain, digest and signature, in that order. Code `journal.invalid` with the first
 * `position`.
 */
export function verifyReceipts(database: DatabaseSync, identity: JournalIdentity): Result<Ledger> {
  const ledger = createLedger();
  const isSigned = ownReceiptVerifier(identity.signer);
  const rows = database.prepare('SELECT * FROM receipts ORDER BY position');
  return whileReadable(
    () => ({ position: ledger.position }),
    () => {
      for (const row of rows.iterate()) {
        const wrong = reasonAgainst(row, { identity, ledger, isSigned });
        if (typeof wrong === 'string') return invalid({ position: ledger.position, reason: wrong });
        applyReceipt(ledger, wrong);
      }
      return ok(ledger);
    },
  );
}

interface Expected {
  readonly identity: JournalIdentity;
  readonly ledger: Ledger;
  readonly isSigned: ReturnType<typeof ownReceiptVerifier>;
}

/** The receipt, or what speaks against it. */
function reasonAgainst(row: Row, { identity, ledger, isSigned }: Expected): Receipt | string {
  if (row['position'] !== ledger.position) return 'a record is missing';
  const signed = parseReceiptRow(row);
  if (signed === undefined) return 'a record is malformed';
  const { receipt, signature } = signed;
  if (
    receipt.org !== identity.genesis ||
    receipt.wallet !== identity.wallet ||
    receipt.signer !== identity.signer
  )
    return 'a record of another signer';
  if (row['digest'] !== receiptDigest(receipt)) return 'a record has another digest';
  if (!isSigned(receiptDigestBytes(receipt), signature)) return 'a record has another signature';
  const next = checkReceipt(ledger, receipt);
  return next.ok ? receipt : `a record breaks the chain: ${next.refusal.code}`;
}

/**
 * Whether the log beside the receipts is as it was read: every leaf leads to the checkpoints that were verified over it, reaches
 * as far as the receipts say that it was read, and every blob has its hash. Code `journal.invalid` with the first `leaf` that is
 * missing; the leaves `from` `to`, between two checkpoints, of which one was edited; or the `blob`.
 */
export function verifyKeptLog(database: DatabaseSync, { logSize }: Ledger): Result<null> {
  const tree = new MerkleTree();
  const rows = database.prepare('SELECT position, leaf FROM leaves ORDER BY position');
  const leaves = whileReadable(
    () => ({ leaf: tree.size }),
    () => {
      for (const { position, leaf } of rows.iterate()) {
        if (position !== tree.size || !(leaf instanceof Uint8Array))
          return invalid({ leaf: tree.size, reason: 'a leaf is missing' });
        tree.append(leafHash(leaf));
      }
      return ok(null);
    },
  );
  if (!leaves.ok) return leaves;
  const headed = verifyCheckpoints(database, tree);
  if (!headed.ok) return headed;
  if (headed.value < tree.size)
    return invalid({ leaf: headed.value, reason: 'no checkpoint stands over the leaves' });
  if (tree.size < logSize)
    return invalid({ leaf: tree.size, reason: 'leaves that receipts name are missing', logSize });
  return verifyBlobs(database);
}

/** The size of the newest checkpoint. Whose signature it bears the follower asks. */
function verifyCheckpoints(database: DatabaseSync, tree: MerkleTree): Result<number> {
  const rows = database.prepare('SELECT size, note FROM checkpoints ORDER BY size');
  let verified = 0;
  return whileReadable(
    () => ({ from: verified }),
    () => {
      for (const { size, note } of rows.iterate()) {
        const head = headOf(String(note));
        if (head === undefined || head.size !== size)
          return invalid({ checkpoint: Number(size), reason: 'edited' });
        if (head.size > tree.size)
          return invalid({ leaf: tree.size, reason: 'a leaf is missing', checkpoint: head.size });
        if (toHex(tree.rootAt(head.size)) !== toHex(head.root))
          return invalid({ from: verified, to: head.size - 1, reason: 'a leaf was edited' });
        verified = head.size;
      }
      return ok(verified);
    },
  );
}

function headOf(note: string): { readonly size: number; readonly root: Uint8Array } | undefined {
  const parsed = parseNote(note);
  const head = parsed.ok ? parseCheckpoint(parsed.value.text) : parsed;
  return head.ok ? head.value : undefined;
}

function verifyBlobs(database: DatabaseSync): Result<null> {
  const rows = database.prepare('SELECT sha256, bytes FROM blobs ORDER BY sha256');
  let last = '';
  return whileReadable(
    () => ({ after: last }),
    () => {
      for (const { sha256, bytes } of rows.iterate()) {
        if (typeof sha256 !== 'string' || !(bytes instanceof Uint8Array))
          return invalid({ after: last, reason: 'a blob is malformed' });
        if (blobAddress(bytes) !== sha256)
          return invalid({ blob: sha256, reason: 'a blob was edited' });
        last = sha256;
      }
      return ok(null);
    },
  );
}

/** A file that was cut or overwritten stops being readable somewhere: how far it could be read is said. */
function whileReadable<T>(reached: () => Facts, read: () => Result<T>): Result<T> {
  try {
    return read();
  } catch (error) {
    const { errcode } = error as { errcode?: number };
    if (errcode === undefined) throw error;
    return invalid({ ...reached(), reason: 'the file is damaged', sqlite: errcode });
  }
}
