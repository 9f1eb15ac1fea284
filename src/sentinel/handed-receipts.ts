import type { DatabaseSync } from 'node:sqlite';
import { parseCanonical } from '../core/base/canonical.ts';
import { receiptSchema } from '../core/log/receipt.ts';
import type { State } from '../core/log/state.ts';
import type { HandedIntent } from '../core/watch/watchman.ts';
import type { HandedSignature } from './watch-parts.ts';

interface Kept {
  readonly position: number;
  readonly intent: HandedIntent;
}

/**
 * What the watchman takes of the receipts that signers handed in: that a signature may exist, and the signatures. Reads each receipt
 * once, as it comes.
 */
export class HandedReceipts {
  readonly #database: DatabaseSync;
  /** By wallet, the first position that was not read yet. */
  readonly #read = new Map<string, number>();
  #intents: readonly Kept[] = [];
  readonly #signatures: HandedSignature[] = [];

  /** `database` holds the tables `receipts` and `blobs` of a sentinel's state. */
  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Those that the log of this state lacks; the others are forgotten. */
  intents(state: State): readonly HandedIntent[] {
    this.#readOn(state);
    this.#intents = this.#intents.filter(
      ({ position, intent }) => position >= (state.ledgers.get(intent.wallet)?.position ?? 0),
    );
    return this.#intents.map(({ intent }) => intent);
  }

  /** All of this state's wallets, in the order of each. */
  signatures(state: State): readonly HandedSignature[] {
    this.#readOn(state);
    return this.#signatures;
  }

  #readOn({ wallets }: State): void {
    const newest = this.#database.prepare(
      'SELECT coalesce(max(position), -1) AS last FROM receipts WHERE wallet = ?',
    );
    for (const wallet of wallets.keys()) {
      const last = Number(newest.get(wallet)?.['last']);
      const from = this.#read.get(wallet) ?? 0;
      if (from > last) continue;
      this.#readFrom(wallet, from);
      this.#read.set(wallet, last + 1);
    }
  }

  #readFrom(wallet: string, from: number): void {
    const rows = this.#database
      .prepare(
        `SELECT r.position, r.receipt, b.bytes FROM receipts r
         LEFT JOIN blobs b ON b.sha256 = json_extract(CAST(r.receipt AS TEXT), '$.signatures')
         WHERE r.wallet = ? AND r.position >= ?
           AND json_extract(CAST(r.receipt AS TEXT), '$.record') IN ('intent', 'signed')
         ORDER BY r.position`,
      )
      .iterate(wallet, from);
    const intents: Kept[] = [];
    for (const row of rows) {
      const json = parseCanonical(row['receipt'] as Uint8Array);
      const receipt = receiptSchema.parse(json.ok ? json.value : undefined);
      if (receipt.record !== 'intent' && receipt.record !== 'signed') continue;
      const { proposal, version = 0, position } = receipt;
      const intent = { wallet, proposal, version };
      intents.push({ position, intent });
      const bytes = row['bytes'];
      if (bytes instanceof Uint8Array) this.#signatures.push({ ...intent, signatures: bytes });
    }
    this.#intents = [...this.#intents, ...intents];
  }
}
