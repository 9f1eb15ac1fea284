import { z } from 'zod';
import { parseWith, hex32, label } from '../core/base/schema.ts';
import type { Result } from '../core/base/result.ts';

/**
 * What a journal belongs to, fixed when it is created. The key file is sealed with the id, the wallet's digest and
 * the genesis as associated data: a key opens beside its own journal and beside no other.
 */
const identitySchema = z.strictObject({
  /** 32 random bytes. */
  id: hex32,
  wallet: label,
  /** Digest of the wallet document that was approved at `init`. */
  walletDigest: hex32,
  /** Digest of the genesis charter, typed in full at `init`. */
  genesis: hex32,
  /** Ed25519 public key of the receipts. */
  signer: hex32,
});

export type JournalIdentity = z.infer<typeof identitySchema>;

/** The identity of its rows. Code: `schema.mismatch`. */
export function parseIdentity(value: unknown): Result<JournalIdentity> {
  return parseWith(identitySchema, value);
}

/** Associated data of the resealed key file. */
export function journalAssociatedData(identity: JournalIdentity): string {
  return `countersign-signer|${identity.id}|${identity.walletDigest}|${identity.genesis}`;
}
