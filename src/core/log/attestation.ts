import { z } from 'zod';
import { fromHex } from '../base/bytes.ts';
import { canonicalText, parseCanonical } from '../base/canonical.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { hex64, parseWith } from '../base/schema.ts';
import { verifyEd25519 } from './ed25519.ts';
import type { ReceiptOf } from './receipt.ts';
import { receiptDigestBytes, receiptSchema } from './receipt.ts';

/**
 * A signer's attestation of a receive address, taken out of its log: the receipt and its signature. By itself it proves that
 * the holder of the key said so; that the key is the signer's of the wallet, only the log of the organisation shows.
 */
export interface Attestation {
  readonly receipt: ReceiptOf<'address'>;
  /** Ed25519 over the digest of the receipt, hex. */
  readonly signature: string;
}

const attestationSchema = z.strictObject({ receipt: receiptSchema, signature: hex64 });

/** As a file has it: canonical JSON on one line, with its end. */
export function formatAttestation({ receipt, signature }: Attestation): string {
  return `${canonicalText({ receipt, signature })}\n`;
}

/** The attestation of a file's text, with or without the end of its line. Codes: those of parseCanonical, `schema.mismatch`. */
export function parseAttestation(text: string): Result<Attestation> {
  const json = parseCanonical(text.endsWith('\n') ? text.slice(0, -1) : text);
  if (!json.ok) return json;
  const parsed = parseWith(attestationSchema, json.value);
  if (!parsed.ok) return parsed;
  const { receipt, signature } = parsed.value;
  return receipt.record === 'address'
    ? ok({ receipt, signature })
    : refuse('schema.mismatch', { path: 'receipt.record', reason: 'not of an address' });
}

/** Whether this key, 64 hex digits, signed the attestation. Not checked here: whose the key is. */
export function isAttestedBy({ receipt, signature }: Attestation, key: string): boolean {
  return (
    receipt.signer === key &&
    verifyEd25519(fromHex(key), receiptDigestBytes(receipt), fromHex(signature))
  );
}
