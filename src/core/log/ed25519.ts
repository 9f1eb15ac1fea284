import type { EdwardsPoint } from '@noble/curves/abstract/edwards.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat } from '../base/bytes.ts';

/** Bytes of an Ed25519 public key and of a signature (RFC 8032, section 5.1). */
export const ED25519_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;

const { Point } = ed25519;

/**
 * The point of its canonical encoding (y < p, no negative zero: RFC 8032, section 5.1.3), or undefined when the
 * bytes are no point, another spelling of one, or a point of order 1, 2, 4 or 8.
 */
function strictPoint(bytes: Uint8Array): EdwardsPoint | undefined {
  try {
    const point = Point.fromBytes(bytes, false);
    return point.isSmallOrder() ? undefined : point;
  } catch {
    return undefined;
  }
}

/**
 * True for 32 bytes that may be enrolled as an Ed25519 key: a canonical point that is not of small order.
 * Does not prove that anyone holds its secret.
 */
export function isEd25519Key(publicKey: Uint8Array): boolean {
  return publicKey.length === ED25519_KEY_BYTES && strictPoint(publicKey) !== undefined;
}

/**
 * Verifies an Ed25519 signature (RFC 8032, section 5.1.7) with one verdict for everyone: canonical A and R, s < L,
 * neither A nor R of small order, and the equation without cofactor, [s]B = R + [k]A, as OpenSSL and Go compute
 * it. So whatever passes here passes with stock tools, and no signature has a second form or fits two messages.
 * Returns false, never throws, for any bytes of any length.
 */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES) return false;
  if (signature.length !== ED25519_SIGNATURE_BYTES) return false;
  const s = bytesToNumberLE(signature.subarray(32));
  if (s >= Point.Fn.ORDER) return false;
  const A = strictPoint(publicKey);
  const R = strictPoint(signature.subarray(0, 32));
  if (A === undefined || R === undefined) return false;
  const k = bytesToNumberLE(sha512(concat(signature.subarray(0, 32), publicKey, message)));
  const kA = A.multiplyUnsafe(Point.Fn.create(k));
  return Point.BASE.multiplyUnsafe(s).equals(R.add(kA));
}
