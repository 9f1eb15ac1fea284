import { sha256 } from '@noble/hashes/sha2.js';
import { concat, toHex, utf8 } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';

export { sha256 };

/** Everything that is signed or referred to by digest. The tag keeps a digest of one kind from passing as another. */
export type DigestKind =
  | 'document'
  | 'proposal'
  | 'approval'
  | 'freeze'
  | 'session'
  | 'receipt'
  | 'spend'
  | 'text'
  | 'key-proof'
  | 'document-statement';

/**
 * The tagged hash of BIP 340 over the canonical JSON of an object:
 * SHA-256(SHA-256(tag) || SHA-256(tag) || JCS(object)), tag = "countersign/<kind>/v1". Returns 32 bytes.
 */
export function digestBytes(kind: DigestKind, object: unknown): Uint8Array {
  const tag = sha256(utf8(`countersign/${kind}/v1`));
  return sha256(concat(tag, tag, canonicalBytes(object)));
}

/** {@link digestBytes} as 64 lower-case hex digits. */
export function digest(kind: DigestKind, object: unknown): string {
  return toHex(digestBytes(kind, object));
}

/** SHA-256 as hex: the address of a blob. */
export function blobAddress(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}
