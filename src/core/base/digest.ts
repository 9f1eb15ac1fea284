import { sha256 as noble } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';

type Hash = ReturnType<typeof noble.create>;

const unbegun = noble.create();
/** Where all hashes are made, one after the other: to set up a new one costs as much as to hash a block. */
const workspace = noble.create();

/** The hash that was begun, which stays as it is, gone on with these bytes. Returns 32 bytes. */
function finish(begun: Hash, parts: readonly Uint8Array[]): Uint8Array {
  begun._cloneInto(workspace);
  for (const part of parts) workspace.update(part);
  return workspace.digest();
}

/** SHA-256 of the parts, one behind the other. Returns 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return finish(unbegun, parts);
}

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
  | 'document-statement'
  | 'sentinel-poll'
  | 'sentinel-answer'
  | 'sentinel-notice'
  | 'sentinel-told'
  | 'sentinel-taken';

/** SHA-256 after its first block, the tag twice, by kind: so a tag is hashed once and not with every object. */
const begun = new Map<DigestKind, Hash>();

function beginDigest(kind: DigestKind): Hash {
  const known = begun.get(kind);
  if (known !== undefined) return known;
  const tag = sha256(utf8(`countersign/${kind}/v1`));
  const made = noble.create().update(tag).update(tag);
  begun.set(kind, made);
  return made;
}

/**
 * The tagged hash of BIP 340 over the canonical JSON of an object:
 * SHA-256(SHA-256(tag) || SHA-256(tag) || JCS(object)), tag = "countersign/<kind>/v1". Returns 32 bytes.
 */
export function digestBytes(kind: DigestKind, object: unknown): Uint8Array {
  return finish(beginDigest(kind), [canonicalBytes(object)]);
}

/** {@link digestBytes} as 64 lower-case hex digits. */
export function digest(kind: DigestKind, object: unknown): string {
  return toHex(digestBytes(kind, object));
}

/** SHA-256 as hex: the address of a blob. */
export function blobAddress(bytes: Uint8Array): string {
  return toHex(sha256(bytes));
}
