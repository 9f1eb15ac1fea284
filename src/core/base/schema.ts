import { z } from 'zod';
import { LABEL_LENGTH, MAX_MONEY_SATS, MESSAGE_SIGNATURE_LENGTH } from './limits.ts';
import type { Result } from './result.ts';
import { ok, refuse } from './result.ts';
import { parseTime } from './time.ts';

/** 32 bytes as lower-case hex: a digest, a blob address, a txid, an x-only key. */
export const hex32 = z.string().regex(/^[0-9a-f]{64}$/);
/** 33 bytes as lower-case hex: a compressed public key. */
export const hex33 = z.string().regex(/^0[23][0-9a-f]{64}$/);
/** 64 bytes as lower-case hex: a BIP 340 or Ed25519 signature. */
export const hex64 = z.string().regex(/^[0-9a-f]{128}$/);
/** A signature of a message as wallets show it: base64, of BIP 322 with or without its prefix `smp`. */
export const messageSignature = z
  .string()
  .max(MESSAGE_SIGNATURE_LENGTH)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/);
/** Of a device: BIP 340 as hex, or of a message. Which one its kind makes is the fold's to say. */
export const deviceSignature = z.union([hex64, messageSignature]);
/** A label: lower-case letters, digits, dot, hyphen, underscore; starts with a letter or digit. Unique without case folding. */
export const label = z
  .string()
  .max(LABEL_LENGTH)
  .regex(/^[a-z0-9][a-z0-9._-]*$/);
/** `YYYY-MM-DDTHH:MM:SSZ`. */
export const time = z.string().refine((text) => parseTime(text) !== undefined, 'not a UTC time');
/** Satoshi as a JSON integer. */
export const satsJson = z.int().min(0).max(Number(MAX_MONEY_SATS));
/** A count, a position, a size. */
export const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** `txid:vout`, the txid as shown. */
export const outpoint = z.string().regex(/^[0-9a-f]{64}:(0|[1-9][0-9]{0,9})$/);

/** The value in the form of the schema, or `schema.mismatch` with the path of the first mismatch and what it is. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown): Result<T> {
  const found = schema.safeParse(value);
  if (found.success) return ok(found.data);
  const issue = found.error.issues[0];
  return refuse('schema.mismatch', {
    path: (issue?.path ?? []).map(String).join('.').slice(0, 200),
    reason: (issue?.message ?? 'unknown').slice(0, 200),
  });
}
