import { z } from 'zod';
import { approvalSchema, documentStatementSchema, freezeSchema } from '../approval/statement.ts';
import { fromBase64, fromHex, fromUtf8 } from '../base/bytes.ts';
import { parseCanonical } from '../base/canonical.ts';
import type { DigestKind } from '../base/digest.ts';
import { digestBytes } from '../base/digest.ts';
import { MAILBOX_ITEMS, NOTICE_OBJECTS, POLLED_NOTE_LENGTH, PROOF_HASHES } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { count, deviceSignature, hex32, hex64, label, parseWith, time } from '../base/schema.ts';
import { verifyEd25519 } from '../log/ed25519.ts';

/**
 * What signers, people and a sentinel say to one another (design 3, "Sentinel"). Every message is canonical JSON with an Ed25519
 * signature over its tagged digest beside it, so that it proves itself over any channel, and on paper.
 */

/** What a person's device may hand to a sentinel: every way to say no. */
export const noSchema = z.discriminatedUnion('type', [
  approvalSchema,
  documentStatementSchema,
  freezeSchema,
]);

/** A "no" with its device's signature. */
export const saidSchema = z.strictObject({ statement: noSchema, signature: deviceSignature });
export type Said = z.infer<typeof saidSchema>;

const from = { org: hex32, sentinel: label };

/** A signer asks: what is the time, who said no, is this the log that you know. Signed by its receipt key. */
export const pollSchema = z.strictObject({
  ...from,
  wallet: label,
  /** Made up for this poll: the answer repeats it, so that no old answer passes. */
  nonce: hex32,
  /** The last item of the mailbox that this signer has read, 0 for none. */
  after: count,
  /** The checkpoint that the signer is about to decide over, as the log signed it: base64, for canonical JSON has no line breaks. */
  checkpoint: z
    .string()
    .max(POLLED_NOTE_LENGTH)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/),
  /** The size that the sentinel said last, and the proof that it is a prefix (RFC 6962); empty for 0 or an equal size. */
  old: count,
  proof: z.array(hex32).max(PROOF_HASHES),
});
export type Poll = z.infer<typeof pollSchema>;

/** The answer. Signed by the sentinel's key. */
export const answerSchema = z.strictObject({
  ...from,
  wallet: label,
  nonce: hex32,
  at: time,
  /** The largest log that the sentinel has verified. */
  log: z.strictObject({ size: count, root: hex32 }),
  /**
   * The sentinel's cosignature of the checkpoint that was asked about, by its own clock `at`; null where the proof does not lead
   * from `log` to it: ask again with `old` = log.size.
   */
  cosignature: hex64.nullable(),
  /** The next position of this wallet's journal and the digest before it, as far as receipts were handed in here. */
  journal: z.strictObject({ position: count, previous: hex32.nullable() }),
  /** In the order in which they came; at most MAILBOX_ITEMS, from the first after `after`. */
  mailbox: z.array(z.strictObject({ number: count, ...saidSchema.shape })).max(MAILBOX_ITEMS),
  /** Number of the newest item. */
  last: count,
});
export type Answer = z.infer<typeof answerSchema>;

/** A signer has seen approvals for the first time: people are to be told before they count. Signed by its receipt key. */
export const noticeSchema = z.strictObject({
  ...from,
  wallet: label,
  nonce: hex32,
  /** Digests of approvals. */
  objects: z.array(hex32).min(1).max(NOTICE_OBJECTS),
});
export type Notice = z.infer<typeof noticeSchema>;

/** The acknowledgement of one object of a notice: people were told, or are being told. Signed by the sentinel's key. */
export const toldSchema = z.strictObject({ ...from, wallet: label, object: hex32, at: time });
export type Told = z.infer<typeof toldSchema>;

/** The acknowledgement of a "no": its digest, when it came. Proof of delivery. Signed by the sentinel's key. */
export const takenSchema = z.strictObject({ ...from, statement: hex32, at: time });
export type Taken = z.infer<typeof takenSchema>;

const kinds = {
  poll: 'sentinel-poll',
  answer: 'sentinel-answer',
  notice: 'sentinel-notice',
  told: 'sentinel-told',
  taken: 'sentinel-taken',
} as const satisfies Record<string, DigestKind>;

interface Messages {
  readonly poll: Poll;
  readonly answer: Answer;
  readonly notice: Notice;
  readonly told: Told;
  readonly taken: Taken;
}
export type MessageKind = keyof Messages;

const schemas: { readonly [K in MessageKind]: z.ZodType<Messages[K]> } = {
  poll: pollSchema,
  answer: answerSchema,
  notice: noticeSchema,
  told: toldSchema,
  taken: takenSchema,
};

/** As it travels: `text` is the canonical JSON, `signature` Ed25519 over its digest. */
export const signedMessageSchema = z.strictObject({ text: z.string(), signature: hex64 });
export type SignedMessage = z.infer<typeof signedMessageSchema>;

/** The 32 bytes that are signed. */
export function messageDigest<K extends MessageKind>(kind: K, message: Messages[K]): Uint8Array {
  return digestBytes(kinds[kind], message);
}

/**
 * The message, when the key signed it. Codes: those of parseCanonical, `schema.mismatch`; `sentinel.signature`.
 * Not checked here: to whom it is said, and whether it is new.
 */
export function openMessage<K extends MessageKind>(
  kind: K,
  { text, signature }: SignedMessage,
  key: string,
): Result<Messages[K]> {
  const message = readMessage(kind, text);
  if (!message.ok) return message;
  return verifyEd25519(fromHex(key), messageDigest(kind, message.value), fromHex(signature))
    ? message
    : refuse('sentinel.signature', { kind });
}

/** The message before its signature is verified: to find out whose it claims to be. Codes: those of parseCanonical, `schema.mismatch`. */
export function readMessage<K extends MessageKind>(kind: K, text: string): Result<Messages[K]> {
  const json = parseCanonical(text);
  if (!json.ok) return json;
  const message = parseWith(schemas[kind], json.value);
  return message.ok ? ok(message.value) : message;
}

/** The note of a poll's checkpoint, or undefined where it is no UTF-8. Not verified. */
export function noteOf({ checkpoint }: Poll): string | undefined {
  const bytes = fromBase64(checkpoint);
  return bytes === undefined ? undefined : fromUtf8(bytes);
}
