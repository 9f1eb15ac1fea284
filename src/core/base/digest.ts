import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from './bytes.ts';
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

/** SHA-256 after its first block, the tag twice, by kind: so a tag is hashed once and not with every object. */
const begun = new Map<DigestKind, ReturnType<typeof sha256.create>>();

function beginDigest(kind: DigestKind): ReturnType<typeof sha256.create> {
  const known = begun.get(kind);
  if (known !== undefined) return known;
  const tag = sha256(utf8(`countersign/${kind}/v1`));
  const made = sha256.create().update(tag).update(tag);
  begun.set(kind, made);
  return made;
}

/**
 * The tagged hash of BIP 340 over the canonical JSON of an object:
 * SHA-256(SHA-256(tag) || SHA-256(tag) || JCS(object)), tag = "countersign/<kind>/v1". Returns 32 bytes.
 */
export function digestBytes(kind: DigestKind, object: unknown): Uint8Array {
  return beginDigest(kind).clone().update(canonicalBytes(object)).digest();
}

/** {@link digestBytes} as 64 lower-case hex digits. */
export function digest(kind: DigestKind, object: unknown): string {
  return toHex(digestBytes(kind, object));
}

/** SHA-256 as hex: the address of a blob. */
export function blobAddress(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}
