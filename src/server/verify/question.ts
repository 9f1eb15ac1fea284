import type { JsonWebKey, KeyObject } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';
import { verifyDeviceSignature } from '../../core/approval/verify.ts';

/** A signature to be verified, as texts: so it goes to another thread and back without being copied deeply. */
export type Question =
  | readonly [kind: 'device', key: string, said: string, signature: string]
  /** `jwk` as JSON, the signed text, the signature in base64url (RFC 7515). */
  | readonly [kind: 'ES256' | 'EdDSA', jwk: string, text: string, signature: string];

/** Public keys kept parsed: parsing one takes as long as a verification. */
const KEYS = 4_096;
const JOSE_SIGNATURE_BYTES = 64;

const keys = new Map<string, KeyObject>();

/** Whether a signature matches. False for whatever is no key or no signature. */
export function answer([kind, key, message, signature]: Question): boolean {
  if (kind === 'device') return verifyDeviceSignature(key, message, signature);
  const bytes = Buffer.from(signature, 'base64url');
  const parsed = keyOf(key);
  if (parsed === undefined || bytes.length !== JOSE_SIGNATURE_BYTES) return false;
  const text = Buffer.from(message);
  return kind === 'ES256'
    ? verify('sha256', text, { key: parsed, dsaEncoding: 'ieee-p1363' }, bytes)
    : verify(null, text, parsed, bytes);
}

function keyOf(jwk: string): KeyObject | undefined {
  const known = keys.get(jwk);
  if (known !== undefined) return known;
  try {
    const key = createPublicKey({ key: JSON.parse(jwk) as JsonWebKey, format: 'jwk' });
    const oldest = keys.keys().next();
    if (keys.size >= KEYS && oldest.done !== true) keys.delete(oldest.value);
    keys.set(jwk, key);
    return key;
  } catch {
    return undefined; // no point of the curve
  }
}
