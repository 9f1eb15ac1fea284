import type { PartialSignature } from './signatures.ts';
import { nonceOf } from './signatures.ts';

/** A signature that stands in the log, known by its nonce. */
export interface UsedNonce {
  readonly signature: string;
  readonly proposal: string;
}

/** By nonce (64 hex digits at most): of every signature by a key of a wallet, about 150 bytes each. */
export type Nonces = Map<string, UsedNonce>;

/**
 * The first of these signatures whose nonce an earlier, other one has: whoever sees both computes the private key, and from
 * keys without hardening those of all the wallet (document 7, C8). Null when none. The same signature again tells nobody
 * anything: devices that sign by RFC 6979 or BIP 340 repeat it.
 */
export function reusedNonce(
  nonces: Nonces,
  signatures: readonly PartialSignature[],
): { readonly input: number; readonly proposal: string } | null {
  for (const [input, one] of signatures.entries()) {
    const used = nonces.get(nonceOf(one));
    if (used !== undefined && used.signature !== one.signature)
      return { input, proposal: used.proposal };
  }
  return null;
}

/** Remembers signatures that took effect. The first of a nonce stays. */
export function rememberNonces(
  nonces: Nonces,
  signatures: readonly PartialSignature[],
  proposal: string,
): void {
  for (const one of signatures) {
    const nonce = nonceOf(one);
    if (!nonces.has(nonce)) nonces.set(nonce, { signature: one.signature, proposal });
  }
}
