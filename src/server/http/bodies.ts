import { z } from 'zod';
import { textDigest } from '../../core/approval/statement.ts';
import { fromBase64 } from '../../core/base/bytes.ts';
import { isPlainText } from '../../core/base/canonical.ts';
import { BLOB_BYTES, ENTRY_BYTES, SPEND_INPUTS, TEXT_LENGTH } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { deviceSignature } from '../../core/base/schema.ts';
import type { TextNote } from '../log/pending.store.ts';

/** Blobs in base64: a proposal brings its transaction, the list of coins and a parent for each input at most. */
const blobs = z
  .array(
    z
      .string()
      .max(Math.ceil(BLOB_BYTES / 3) * 4)
      .regex(/^[A-Za-z0-9+/]*={0,2}$/),
  )
  .max(SPEND_INPUTS + 2);

/** A statement as it was signed: the exact bytes of its canonical JSON. */
export const statementFields = {
  statement: z.string().min(2).max(ENTRY_BYTES),
  signature: deviceSignature,
  blobs: blobs.default([]),
};

/** A text whose digest stands in the statement: as plain as one that stands in it. PostgreSQL could not hold every other. */
export const saltedText = z.strictObject({
  salt: z.string().regex(/^[0-9a-f]{32}$/),
  text: z.string().min(1).max(TEXT_LENGTH).refine(isPlainText, 'not plain text'),
});

/** Entries of one page of a list. */
export const pageLimit = z.coerce.number().int().min(1).max(200).default(50);
export const pageCursor = z.string().max(16).optional();

/** The bytes of base64 texts. Code `schema.mismatch`. */
export function decodeBlobs(texts: readonly string[]): Result<readonly Uint8Array[]> {
  const found: Uint8Array[] = [];
  for (const [at, text] of texts.entries()) {
    const bytes = fromBase64(text);
    if (bytes === undefined)
      return refuse('schema.mismatch', { path: `blobs.${String(at)}`, reason: 'not base64' });
    found.push(bytes);
  }
  return ok(found);
}

/** The text behind a digest of a statement, or none where it names none. Code `text.mismatch`. */
export function noteOf(
  digest: string | null,
  given: z.infer<typeof saltedText> | null,
): Result<readonly TextNote[]> {
  if (given === null) return ok([]);
  if (digest !== textDigest(given.salt, given.text)) return refuse('text.mismatch', { digest });
  return ok([{ digest, ...given }]);
}

/** The index that a cursor stands for; without one, `start`. Code `cursor.invalid`. */
export function readCursor(cursor: string | undefined, start: number): Result<number> {
  if (cursor === undefined) return ok(start);
  if (!/^(0|[1-9][0-9]{0,14})$/.test(cursor)) return refuse('cursor.invalid', { cursor });
  return ok(Number(cursor));
}
