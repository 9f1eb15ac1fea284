import { z } from 'zod';
import { toHex } from '../base/bytes.ts';
import { digestBytes } from '../base/digest.ts';
import type { RefusalCode } from '../base/codes.ts';
import { codes } from '../base/codes.ts';
import { ADDRESS_INDEX, REPLACEMENTS, SENTINELS } from '../base/limits.ts';
import { documentKinds } from '../governance/document.ts';
import { count, hex32, hex33, hex64, label, satsJson, time } from '../base/schema.ts';
import { saidSchema } from '../sentinel/messages.ts';

/**
 * Receipts: the records of a signer's journal, as they stand in the log (design 3, "Receipts and journal").
 * Positions have no gaps and each names its predecessor, so a missing one shows; the auditor replays verdicts from them.
 */

/**
 * By whose word a document comes in force: `first` a genesis or first wallet, `one` a governor alone who tightens,
 * `undo` the quorum that takes that back, `quorum` after the delay, `recovery` the offline keys after theirs.
 */
export const authorities = ['first', 'one', 'undo', 'quorum', 'recovery'] as const;
export type Authority = (typeof authorities)[number];

const code = z
  .string()
  .refine((text): text is RefusalCode => Object.hasOwn(codes, text), 'not a code');

const frame = {
  org: hex32,
  wallet: label,
  /** Ed25519 key of the signer. */
  signer: hex32,
  epoch: z.int().min(1).max(1_000),
  /** 0, 1, 2, … */
  position: count,
  /** Digest of the receipt before, or null at position 0. */
  previous: hex32.nullable(),
  /** Signer time: never decreases. */
  at: time,
  /** The log as the signer had read it when it decided. */
  log: z.strictObject({ size: count, root: hex32 }),
};

/** Of a fee bump: 1 for the first. Absent for the transaction that the proposal itself names. */
const version = z.exactOptional(z.int().min(1).max(REPLACEMENTS));

/** What sentinels signed that a receipt rests on: by whom, when by their clock, and the signature. */
const witnessed = z.exactOptional(
  z
    .array(z.strictObject({ sentinel: label, at: time, signature: hex64 }))
    .min(1)
    .max(SENTINELS),
);

export const receiptSchema = z.discriminatedUnion('record', [
  /** A start of the process: delays begin anew. Proves that the hot key is here. */
  z.strictObject({
    record: z.literal('started'),
    ...frame,
    walletDigest: hex32,
    firstAddress: z.string().max(100),
    keyProof: z.strictObject({ key: hex33, signature: hex64 }),
  }),
  /**
   * First sight of an approval, or sight of a document that the governance clauses allow but that must wait: delays and
   * cool-downs run from it. A document is seen again when other signatures take the place of those that were seen.
   */
  z.strictObject({
    record: z.literal('sight'),
    ...frame,
    kind: z.enum(['approval', 'document']),
    object: hex32,
    /** Of an approval: the sentinels that acknowledged its notice (sentinel/messages.ts) before. */
    told: witnessed,
  }),
  /** A "no" that came by a sentinel and that the log did not hold yet: from here on it counts for this signer (log/heard.ts). */
  z.strictObject({
    record: z.literal('heard'),
    ...frame,
    sentinel: label,
    ...saidSchema.shape,
  }),
  /** From here on the document is in force for this signer, and how it came to be (governance/steps.ts). */
  z.strictObject({
    record: z.literal('force'),
    ...frame,
    kind: z.enum(documentKinds),
    document: hex32,
    by: z.enum(authorities),
  }),
  /** The governance clauses lift this freeze. Delays begin anew. */
  z.strictObject({ record: z.literal('lift'), ...frame, freeze: hex32 }),
  /** A receive address (branch 0) that was asked for, derived by the signer itself; each index once. */
  z.strictObject({
    record: z.literal('address'),
    ...frame,
    index: z.int().min(0).max(ADDRESS_INDEX),
    address: z.string().max(100),
  }),
  /** The quorum was full and every limit held: the budget is taken. */
  z.strictObject({
    record: z.literal('reserve'),
    ...frame,
    proposal: hex32,
    amountSats: satsJson,
    feeSats: satsJson,
  }),
  z.strictObject({ record: z.literal('release'), ...frame, proposal: hex32, code }),
  /** One for each change of code of a proposal or of a version of it. */
  z.strictObject({ record: z.literal('refusal'), ...frame, proposal: hex32, version, code }),
  /** Written and synced before a signature is made. */
  z.strictObject({
    record: z.literal('intent'),
    ...frame,
    proposal: hex32,
    version,
    /** Cosignatures (C2SP tlog-cosignature) of the checkpoint over `log`. */
    witnesses: witnessed,
  }),
  /** `signatures` is the SHA-256 of the blob of the hot key's signatures (form of partial signatures). */
  z.strictObject({
    record: z.literal('signed'),
    ...frame,
    proposal: hex32,
    version,
    signatures: hex32,
  }),
]);

export type Receipt = z.infer<typeof receiptSchema>;
export type ReceiptOf<R extends Receipt['record']> = Extract<Receipt, { record: R }>;

/** Receipts are data that nobody changes: each is hashed once, though several readers ask. */
const digests = new WeakMap<Receipt, Uint8Array>();

/** Digest of a receipt, 64 hex digits: the next one's `previous`. */
export function receiptDigest(receipt: Receipt): string {
  return toHex(receiptDigestBytes(receipt));
}

/** The 32 bytes that a signer's Ed25519 key signs. */
export function receiptDigestBytes(receipt: Receipt): Uint8Array {
  const known = digests.get(receipt);
  if (known !== undefined) return known;
  const made = digestBytes('receipt', receipt);
  digests.set(receipt, made);
  return made;
}
