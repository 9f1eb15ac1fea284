import { z } from 'zod';
import {
  NOTE_BYTES,
  RECEIPT_LENGTH,
  RECEIPTS_POSTED,
  SIGNATURES_BASE64_LENGTH,
  STATEMENT_BYTES,
} from '../core/base/limits.ts';
import { deviceSignature, hex64 } from '../core/base/schema.ts';

/** What the requests of a sentinel carry. */

/** A message of a signer: core/sentinel/messages.ts says what is in it. */
export const messageBody = z.strictObject({
  text: z
    .string()
    .min(2)
    .max(2 * NOTE_BYTES),
  signature: hex64,
});

export const statementBody = z.strictObject({
  /** Exact canonical JSON. */
  statement: z.string().min(2).max(STATEMENT_BYTES),
  signature: deviceSignature,
});

/** Receipts of a signer, as the server takes them. */
export const receiptsBody = z.strictObject({
  receipts: z
    .array(
      z.strictObject({
        receipt: z.string().min(2).max(RECEIPT_LENGTH),
        signature: hex64,
        /** Base64 of the blob that a `signed` receipt names. */
        blobs: z.array(z.string().max(SIGNATURES_BASE64_LENGTH)).max(1),
      }),
    )
    .min(1)
    .max(RECEIPTS_POSTED),
});
export type PostedReceipts = z.infer<typeof receiptsBody>;
