import { z } from 'zod';
import { statementSchema } from '../approval/statement.ts';
import { canonicalBytes, parseCanonical } from '../base/canonical.ts';
import { ADDRESS_INDEX, ENTRY_BYTES, SPEND_INPUTS, SPEND_OUTPUTS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import {
  count,
  deviceSignature,
  hex32,
  hex64,
  label,
  outpoint,
  parseWith,
  time,
} from '../base/schema.ts';
import { screeningAnswers } from '../screening.ts';
import { receiptSchema } from './receipt.ts';

/** What a screening service calls a case: nothing that a terminal or a page could take for something else. */
export const screeningReference = z.string().regex(/^[A-Za-z0-9._/-]{1,64}$/);

/** What the server saw of the world: it may refuse, never pass; nothing the signer allows rests on it. */
export const factSchema = z.discriminatedUnion('fact', [
  z.strictObject({ fact: z.literal('broadcast'), at: time, proposal: hex32, txid: hex32 }),
  z.strictObject({
    fact: z.literal('confirmed'),
    at: time,
    proposal: hex32,
    txid: hex32,
    height: count,
    block: hex32,
  }),
  /** Six confirmations. */
  z.strictObject({ fact: z.literal('settled'), at: time, proposal: hex32, txid: hex32 }),
  /** A reorganisation took the confirmation away. */
  z.strictObject({ fact: z.literal('unconfirmed'), at: time, proposal: hex32, txid: hex32 }),
  /** A coin of the wallet was spent and no receipt says why (core/watch/watchman.ts); once more when a block holds it. */
  z.strictObject({
    fact: z.literal('alert'),
    at: time,
    wallet: label,
    txid: hex32,
    /** SHA-256 of the transaction without signatures. */
    transaction: hex32,
    outpoints: z.array(outpoint).min(1).max(SPEND_INPUTS),
    /** Of the block, or null in the mempool. */
    height: count.nullable(),
  }),
  /** Somebody wants a receive address (branch 0): its signer attests it (log/addresses.ts). What it is called is no part of the log. */
  z.strictObject({
    fact: z.literal('address-asked'),
    at: time,
    wallet: label,
    index: z.int().min(0).max(ADDRESS_INDEX),
    /** Made up by the device that asks; null when the server asks on the way to an unused index. */
    request: hex32.nullable(),
  }),
  /** What the screening service answered about each script that the proposal pays (core/screening.ts). */
  z.strictObject({
    fact: z.literal('screening'),
    at: time,
    proposal: hex32,
    destinations: z
      .array(
        z.strictObject({
          /** The first output that pays it, ascending. */
          output: count.max(SPEND_OUTPUTS - 1),
          answer: z.enum(screeningAnswers),
          reference: screeningReference.nullable(),
        }),
      )
      .min(1)
      .max(SPEND_OUTPUTS),
  }),
]);

/** A leaf of the log is the canonical JSON of an entry. */
export const entrySchema = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('statement'),
    statement: statementSchema,
    /** BIP 340 over the statement's digest; of a `message` device that of its line, in base64. */
    signature: deviceSignature,
    /** SHA-256 of the coins blob; on proposals only. */
    coins: hex32.nullable(),
  }),
  z.strictObject({ type: z.literal('document'), document: hex32 }),
  /** A fee bump of a signed proposal inside its envelope: SHA-256 of the unsigned transaction. Anybody may lay it in. */
  z.strictObject({ type: z.literal('version'), proposal: hex32, transaction: hex32 }),
  z.strictObject({ type: z.literal('receipt'), receipt: receiptSchema, signature: hex64 }),
  z.strictObject({ type: z.literal('fact'), fact: factSchema }),
]);

export type Fact = z.infer<typeof factSchema>;
export type Entry = z.infer<typeof entrySchema>;
export type StatementEntry = Extract<Entry, { type: 'statement' }>;

/** Where the coins of a proposal come from: one for each input, in order. Claims, all re-derived by whoever reads them. */
export const coinsSchema = z
  .array(
    z.strictObject({
      /** SHA-256 of the previous transaction, stripped of its witness. */
      parent: hex32,
      branch: z.union([z.literal(0), z.literal(1)]),
      index: z.int().min(0).max(ADDRESS_INDEX),
    }),
  )
  .min(1)
  .max(SPEND_INPUTS);
export type CoinClaims = z.infer<typeof coinsSchema>;

/** The leaf of an entry. */
export function entryBytes(entry: Entry): Uint8Array {
  return canonicalBytes(entry);
}

/** The entry of a leaf. Codes: `log.entry.size`, those of parseCanonical, `log.entry.invalid`. */
export function parseEntry(leaf: Uint8Array): Result<Entry> {
  if (leaf.length > ENTRY_BYTES) return refuse('log.entry.size', { bytes: leaf.length });
  const json = parseCanonical(leaf);
  if (!json.ok) return json;
  const parsed = parseWith(entrySchema, json.value);
  return parsed.ok ? ok(parsed.value) : refuse('log.entry.invalid', parsed.refusal.facts);
}

/**
 * The blobs that an entry itself names. A coins blob names the parents in turn: {@link blobsOfCoins}.
 * Who follows the log may fetch them ahead; one that nobody has matters only when the fold asks for it.
 */
export function blobsOf(entry: Entry): readonly string[] {
  switch (entry.type) {
    case 'document':
      return [entry.document];
    case 'version':
      return [entry.transaction];
    case 'receipt':
      return entry.receipt.record === 'signed' ? [entry.receipt.signatures] : [];
    case 'fact':
      return [];
    case 'statement': {
      const { statement } = entry;
      const own = entry.coins === null ? [] : [entry.coins];
      if (statement.type === 'proposal') return [...own, statement.spend.transaction];
      if (statement.type === 'approval' && statement.partialSignatures !== null)
        return [...own, statement.partialSignatures];
      return own;
    }
  }
}

/** The claims of a coins blob, canonical. Codes: those of parseCanonical, `schema.mismatch`. */
export function parseCoins(bytes: Uint8Array): Result<CoinClaims> {
  const json = parseCanonical(bytes);
  return json.ok ? parseWith(coinsSchema, json.value) : json;
}

/** The parents that a coins blob names, each once. Empty when the blob is malformed: the fold refuses it then. */
export function blobsOfCoins(bytes: Uint8Array): readonly string[] {
  const coins = parseCoins(bytes);
  return coins.ok ? [...new Set(coins.value.map((coin) => coin.parent))] : [];
}
