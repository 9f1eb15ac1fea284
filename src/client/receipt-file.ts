import { z } from 'zod';
import { fromBase64, toBase64 } from '../core/base/bytes.ts';
import { canonicalText } from '../core/base/canonical.ts';
import { RECEIPT_LENGTH, SIGNATURES_BASE64_LENGTH } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { hex64 } from '../core/base/schema.ts';
import type { PostedReceipt } from './api.ts';

/**
 * Receipts that a signer without network wrote, to be carried to its server: JSON Lines, each a receipt as it is posted. They
 * prove themselves; whoever carries them can do no more than leave some out.
 */

const lineSchema = z.strictObject({
  receipt: z.string().max(RECEIPT_LENGTH),
  signature: hex64,
  blobs: z.array(z.string().max(SIGNATURES_BASE64_LENGTH)).max(1),
});

/** One line, with its end. */
export function formatPostedReceipt({ receipt, signature, blobs }: PostedReceipt): string {
  return `${canonicalText({ blobs: blobs.map(toBase64), receipt, signature })}\n`;
}

/** The receipts of a file's text. Code `schema.mismatch`, with the number of the line. */
export function parsePostedReceipts(text: string): Result<readonly PostedReceipt[]> {
  const found: PostedReceipt[] = [];
  const lines = text.split('\n').filter((line) => line !== '');
  for (const [i, line] of lines.entries()) {
    const one = parseLine(line);
    if (one === null)
      return refuse('schema.mismatch', { path: `line ${String(i + 1)}`, reason: 'no receipt' });
    found.push(one);
  }
  return ok(found);
}

function parseLine(line: string): PostedReceipt | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null; // no JSON
  }
  const parsed = lineSchema.safeParse(value);
  if (!parsed.success) return null;
  const { receipt, signature } = parsed.data;
  const blobs = parsed.data.blobs.map(fromBase64);
  const whole = blobs.filter((blob) => blob !== undefined);
  return whole.length === blobs.length ? { receipt, signature, blobs: whole } : null;
}
