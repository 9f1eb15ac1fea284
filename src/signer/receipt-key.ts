import { createPublicKey, verify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, fromHex, toHex } from '../core/base/bytes.ts';
import type { Receipt } from '../core/log/receipt.ts';
import { receiptDigestBytes } from '../core/log/receipt.ts';

/** A receipt with the signer's Ed25519 signature over its digest, as the journal holds it and the log receives it. */
export interface SignedReceipt {
  readonly receipt: Receipt;
  /** 64 bytes, hex. */
  readonly signature: string;
}

/** The key that signs receipts; the charter names its public half. */
export interface ReceiptKey {
  readonly publicKey: string;
  sign(receipt: Receipt): SignedReceipt;
  /** Signs 32 bytes of another tagged digest: what the signer says to its sentinels. Hex. */
  readonly signDigest: (digest: Uint8Array) => string;
}

/** The receipt key of a 32-byte Ed25519 seed (RFC 8032). */
export function receiptKeyOf(seed: Uint8Array): ReceiptKey {
  const signDigest = (digest: Uint8Array) => toHex(ed25519.sign(digest, seed));
  return {
    publicKey: toHex(ed25519.getPublicKey(seed)),
    sign: (receipt) => ({ receipt, signature: signDigest(receiptDigestBytes(receipt)) }),
    signDigest,
  };
}

/** DER of SubjectPublicKeyInfo before the 32 bytes of an Ed25519 key (RFC 8410). */
const spkiPrefix = fromHex('302a300506032b6570032100');

/**
 * Verifies our own receipts when the journal is opened: OpenSSL through node:crypto, ten times as fast as the
 * strict function of core. That one judges what others send; here we ask whether our own bytes are unchanged.
 */
export function ownReceiptVerifier(
  publicKey: string,
): (digest: Uint8Array, signature: string) => boolean {
  const key = createPublicKey({
    key: Buffer.from(concat(spkiPrefix, fromHex(publicKey))),
    format: 'der',
    type: 'spki',
  });
  return (digest, signature) =>
    /^[0-9a-f]{128}$/.test(signature) && verify(null, digest, key, fromHex(signature));
}
