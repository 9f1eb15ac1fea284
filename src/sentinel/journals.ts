import { assert } from '../core/base/assert.ts';
import { fromBase64 } from '../core/base/bytes.ts';
import { parseCanonical } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import { insertBlob } from '../client/sqlite-log.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { parseWith } from '../core/base/schema.ts';
import type { Seconds } from '../core/base/time.ts';
import { verifyReceipt } from '../core/log/admit-receipt.ts';
import type { Receipt } from '../core/log/receipt.ts';
import { receiptDigest, receiptSchema } from '../core/log/receipt.ts';
import type { State } from '../core/log/state.ts';
import type { Answer } from '../core/sentinel/messages.ts';
import type { PostedReceipts } from './bodies.ts';
import { signerKeys } from './signers.ts';
import type { StateFile } from './state-file.ts';

/** A receipt as it was handed in. */
export interface KeptReceipt {
  readonly receipt: Receipt;
  readonly signature: string;
}

/** Of a receipt that was handed in: kept now, or here before. */
export interface TakenReceipt {
  readonly receipt: Receipt;
  readonly isNew: boolean;
}

/**
 * The journals of the signers as they hand them in, receipt by receipt: who restores an older copy of one, or runs a second
 * signer, shows himself here.
 */
export class Journals {
  readonly #file: StateFile;
  /** Told of two receipts of one position, both signed. */
  readonly #second: (ours: Receipt, theirs: Receipt) => void;

  constructor(file: StateFile, second: (ours: Receipt, theirs: Receipt) => void) {
    this.#file = file;
    this.#second = second;
  }

  /** The next position of a wallet's journal, and the digest before it. */
  head(wallet: string): Answer['journal'] {
    const row = this.#file.database
      .prepare(
        'SELECT position, digest FROM receipts WHERE wallet = ? ORDER BY position DESC LIMIT 1',
      )
      .get(wallet);
    return row === undefined
      ? { position: 0, previous: null }
      : { position: Number(row['position']) + 1, previous: String(row['digest']) };
  }

  /** Wallets whose signers handed something in. */
  wallets(): readonly string[] {
    const rows = this.#file.database.prepare('SELECT DISTINCT wallet FROM receipts').all();
    return rows.map((row) => String(row['wallet']));
  }

  /** All receipts of a wallet, in order. */
  *receipts(wallet: string): Generator<KeptReceipt> {
    const rows = this.#file.database
      .prepare('SELECT receipt, signature FROM receipts WHERE wallet = ? ORDER BY position')
      .iterate(wallet);
    for (const row of rows)
      yield { receipt: receiptOf(row['receipt']), signature: String(row['signature']) };
  }

  /**
   * Takes one receipt of a signer that a charter names. One that is here already is no refusal. Codes: `json.*`,
   * `schema.mismatch`, `statement.organisation`, `receipt.unauthorised`, `receipt.position` with the position that is expected,
   * `receipt.second`, `log.blob.missing`.
   */
  take(
    posted: PostedReceipts['receipts'][number],
    state: State,
    now: Seconds,
  ): Result<TakenReceipt> {
    const json = parseCanonical(posted.receipt);
    if (!json.ok) return json;
    const parsed = parseWith(receiptSchema, json.value);
    if (!parsed.ok) return parsed;
    const receipt = parsed.value;
    const { wallet, signer, position, org } = receipt;
    if (org !== state.genesis)
      return refuse('statement.organisation', { org, genesis: state.genesis });
    const { signature } = posted;
    const isKnown = signerKeys(state, wallet).has(signer);
    if (!isKnown || !verifyReceipt({ type: 'receipt', receipt, signature }))
      return refuse('receipt.unauthorised', { wallet, signer });
    const head = this.head(wallet);
    if (position < head.position) return this.#compare(receipt, signature, now);
    if (position > head.position || receipt.previous !== head.previous)
      return refuse('receipt.position', { position, expected: head.position });
    const blob = blobOf(receipt, posted.blobs);
    if (!blob.ok) return blob;
    this.#file.inOneUnit(() => {
      if (blob.value !== null) insertBlob(this.#file.database, blob.value);
      this.#file.database
        .prepare(
          'INSERT INTO receipts (wallet, position, digest, receipt, signature, at) VALUES (?, ?, ?, ?, ?, ?)',
        )
        .run(wallet, position, receiptDigest(receipt), Buffer.from(posted.receipt), signature, now);
    });
    return ok({ receipt, isNew: true });
  }

  #compare(receipt: Receipt, signature: string, now: Seconds): Result<TakenReceipt> {
    const { wallet, position } = receipt;
    const row = this.#file.database
      .prepare('SELECT receipt, digest FROM receipts WHERE wallet = ? AND position = ?')
      .get(wallet, position);
    assert(row !== undefined, 'a journal has no gaps');
    const digest = receiptDigest(receipt);
    if (row['digest'] === digest) return ok({ receipt, isNew: false });
    const ours = receiptOf(row['receipt']);
    const theirs = JSON.stringify({ receipt, signature });
    const { changes } = this.#file.database
      .prepare(
        'INSERT OR IGNORE INTO evidence (digest, at, kind, ours, theirs) VALUES (?, ?, ?, ?, ?)',
      )
      .run(digest, now, 'receipts', JSON.stringify(ours), theirs);
    if (changes > 0) this.#second(ours, receipt);
    return refuse('receipt.second', { wallet, position });
  }
}

function receiptOf(bytes: unknown): Receipt {
  assert(bytes instanceof Uint8Array, 'receipts are bytes');
  const json = parseCanonical(bytes);
  assert(json.ok, 'what is kept is canonical');
  return receiptSchema.parse(json.value);
}

/** The hot key's signatures, where the receipt names them. */
function blobOf(receipt: Receipt, blobs: readonly string[]): Result<Uint8Array | null> {
  if (receipt.record !== 'signed') return ok(null);
  const bytes = fromBase64(blobs[0] ?? '');
  return bytes !== undefined && blobAddress(bytes) === receipt.signatures
    ? ok(bytes)
    : refuse('log.blob.missing', { sha256: receipt.signatures });
}
