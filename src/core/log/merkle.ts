import { assert } from '../base/assert.ts';
import { equalBytes } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';

/** Bytes of every hash of the tree. */
export const HASH_BYTES = 32;

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** The root of the tree without leaves: SHA-256 of nothing (RFC 6962, section 2.1). A fresh copy on each call. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0));
}

/** The hash of an entry: SHA-256(0x00 || entry) (RFC 6962, section 2.1). Returns 32 bytes. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(leafPrefix, entry);
}

/** The hash above two hashes: SHA-256(0x01 || left || right) (RFC 6962, section 2.1). Returns 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(nodePrefix, left, right);
}

/**
 * Reads the hash of a complete subtree: the 2^height leaves from index * 2^height on. What has it (memory, tiles)
 * differs; roots and proofs are made from it alike.
 */
export type Subtrees = (height: number, index: number) => Uint8Array;

/**
 * MTH of RFC 6962, section 2.1, over the leaves [start, start + size). Requires start to be a multiple of the
 * smallest power of two that is not below size, which every split of the RFC keeps. Reads O(log size) subtrees.
 */
function rangeHash(subtrees: Subtrees, start: number, size: number): Uint8Array {
  let left = size;
  let hash: Uint8Array | undefined;
  // From the right: the lowest bit of what is left is the smallest and last complete subtree.
  for (let height = 0, width = 1; left > 0; height++, width *= 2) {
    if (left % (width * 2) === 0) continue;
    left -= width;
    const subtree = subtrees(height, (start + left) / width);
    hash = hash === undefined ? subtree : nodeHash(subtree, hash);
  }
  return hash ?? emptyRoot();
}

/** The largest power of two below n: where RFC 6962 splits a tree of n leaves. Requires n > 1. */
function split(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The root of the first `size` leaves (RFC 6962, section 2.1). Returns 32 bytes. */
export function rootOf(subtrees: Subtrees, size: number): Uint8Array {
  return rangeHash(subtrees, 0, size);
}

/**
 * The audit path of a leaf, lowest hash first: PATH(index, D[size]) of RFC 6962, section 2.1.1.
 * Requires index < size.
 */
export function inclusionPath(
  subtrees: Subtrees,
  index: number,
  size: number,
): readonly Uint8Array[] {
  assert(isSize(index) && isSize(size) && index < size, 'a proven leaf stands in its tree');
  const path: Uint8Array[] = [];
  let start = 0;
  let left = size;
  while (left > 1) {
    const k = split(left);
    if (index - start < k) {
      path.push(rangeHash(subtrees, start + k, left - k));
      left = k;
    } else {
      path.push(rangeHash(subtrees, start, k));
      start += k;
      left -= k;
    }
  }
  return path.reverse();
}

/**
 * The proof that the tree of `oldSize` leaves is a prefix of that of `size`: PROOF(oldSize, D[size]) of RFC 6962,
 * section 2.1.2. Requires 0 < oldSize <= size: from the empty tree there is nothing to prove.
 */
export function consistencyPath(
  subtrees: Subtrees,
  oldSize: number,
  size: number,
): readonly Uint8Array[] {
  assert(
    isSize(oldSize) && isSize(size) && oldSize > 0 && oldSize <= size,
    'a tree is consistent only with a longer one',
  );
  const path: Uint8Array[] = [];
  let start = 0;
  let left = size;
  // SUBPROOF's flag: true while the old tree's own root is the subtree in hand, which its holder knows.
  let whole = true;
  while (oldSize - start < left) {
    const k = split(left);
    if (oldSize - start <= k) {
      path.push(rangeHash(subtrees, start + k, left - k));
      left = k;
    } else {
      path.push(rangeHash(subtrees, start, k));
      start += k;
      left -= k;
      whole = false;
    }
  }
  if (!whole) path.push(rangeHash(subtrees, start, left));
  return path.reverse();
}

/** A claim that a leaf stands in a tree. `root` and `size` must come from a verified checkpoint. */
export interface Inclusion {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Verifies that the leaf hash stands at the index of the tree (RFC 9162, section 2.1.3.2). The proof does not
 * bind the size: that is the checkpoint's. Refuses with `log.proof.invalid`.
 */
export function verifyInclusion(claim: Inclusion): Result<null> {
  const { index, size, proof } = claim;
  const facts = { proof: 'inclusion', index, size };
  if (!isSize(index) || !isSize(size) || index >= size) return refuse('log.proof.invalid', facts);
  if (claim.leaf.length !== HASH_BYTES || !areHashes(proof))
    return refuse('log.proof.invalid', facts);
  let node = index;
  let last = size - 1;
  let hash = claim.leaf;
  for (const sibling of proof) {
    if (last === 0) return refuse('log.proof.invalid', facts);
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  if (last !== 0 || !equalBytes(hash, claim.root)) return refuse('log.proof.invalid', facts);
  return ok(null);
}

/** A claim that one tree is the prefix of another. Both roots and sizes must come from verified checkpoints. */
export interface Consistency {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/**
 * Verifies that the old tree is a prefix of the new one (RFC 9162, section 2.1.4.2). The empty tree is refused
 * as the old one: it is a prefix of everything, so nobody who holds it needs a proof.
 * Refuses with `log.proof.invalid`.
 */
export function verifyConsistency(claim: Consistency): Result<null> {
  const { oldSize, size, proof } = claim;
  const facts = { proof: 'consistency', oldSize, size };
  if (!isSize(oldSize) || !isSize(size) || oldSize === 0 || oldSize > size)
    return refuse('log.proof.invalid', facts);
  if (oldSize === size) {
    const same = proof.length === 0 && equalBytes(claim.oldRoot, claim.root);
    return same ? ok(null) : refuse('log.proof.invalid', facts);
  }
  if (proof.length === 0 || claim.oldRoot.length !== HASH_BYTES || !areHashes(proof))
    return refuse('log.proof.invalid', facts);
  return climb(claim) ? ok(null) : refuse('log.proof.invalid', facts);
}

/** Steps 2 to 7 of RFC 9162, section 2.1.4.2: both roots rebuilt from one path. */
function climb(claim: Consistency): boolean {
  let node = claim.oldSize - 1;
  let last = claim.size - 1;
  while (node % 2 === 1) {
    node = half(node);
    last = half(last);
  }
  // node is 0 now only if the old size is a power of two: its root is then a node of the new tree, left out.
  const [first, ...rest] = node === 0 ? [claim.oldRoot, ...claim.proof] : claim.proof;
  if (first === undefined) return false;
  let oldHash = first;
  let hash = first;
  for (const sibling of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(sibling, oldHash);
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = half(last);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = half(node);
    last = half(last);
  }
  return last === 0 && equalBytes(oldHash, claim.oldRoot) && equalBytes(hash, claim.root);
}

// Sizes reach 2^53 and bit operators cut to 32 bits, so shifts are divisions.
function half(n: number): number {
  return Math.floor(n / 2);
}

function isSize(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

function areHashes(proof: readonly Uint8Array[]): boolean {
  return proof.every((hash) => hash.length === HASH_BYTES);
}

/** The hashes of one height side by side in one buffer: a million leaves cost 64 MB, not a million objects. */
class Row {
  #bytes = new Uint8Array(64 * HASH_BYTES);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(hash: Uint8Array): void {
    const end = (this.#count + 1) * HASH_BYTES;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(hash, end - HASH_BYTES);
    this.#count++;
  }

  read(start: number, count: number): Uint8Array {
    assert(start >= 0 && count >= 0 && start + count <= this.#count, 'only known hashes are read');
    return this.#bytes.slice(start * HASH_BYTES, (start + count) * HASH_BYTES);
  }

  truncate(count: number): void {
    this.#count = count;
  }
}

/**
 * An append-only Merkle tree in memory (RFC 6962). It keeps the hash of every complete subtree, so that the root
 * of any former size and any proof cost O(log size) hashes. Not thread-safe; holds no entries, only hashes.
 */
export class MerkleTree {
  readonly #rows: Row[] = [new Row()];

  readonly #subtrees: Subtrees = (height, index) => this.hashes(height, index, 1);

  /** The root that was asked for last: entries in a row often name the same one. */
  #asked = { size: 0, root: emptyRoot() };

  /** A tree of leaf hashes in order. Requires 32 bytes each. */
  static of(leaves: Iterable<Uint8Array>): MerkleTree {
    const tree = new MerkleTree();
    for (const leaf of leaves) tree.append(leaf);
    return tree;
  }

  /** The number of leaves. */
  get size(): number {
    return this.#rows[0]?.count ?? 0;
  }

  /** Appends a leaf hash, see {@link leafHash}. Requires 32 bytes. Returns its index. */
  append(leaf: Uint8Array): number {
    assert(leaf.length === HASH_BYTES, 'a leaf hash has 32 bytes');
    const index = this.size;
    let hash = leaf;
    for (let height = 0; ; height++) {
      const row = (this.#rows[height] ??= new Row());
      row.push(hash);
      if (row.count % 2 === 1) return index;
      hash = nodeHash(row.read(row.count - 2, 1), row.read(row.count - 1, 1));
    }
  }

  /** Forgets every leaf from `size` on, as if never appended: undoes a batch that failed. Requires size <= this.size. */
  truncate(size: number): void {
    assert(isSize(size) && size <= this.size, 'a tree is cut, never stretched');
    if (this.#asked.size > size) this.#asked = { size: 0, root: emptyRoot() };
    let count = size;
    for (const row of this.#rows) {
      row.truncate(count);
      count = half(count);
    }
  }

  /** The root of all leaves. Returns 32 bytes. */
  root(): Uint8Array {
    return this.rootAt(this.size);
  }

  /** The root when the tree had `size` leaves. Requires size <= this.size. Returns 32 bytes. */
  rootAt(size: number): Uint8Array {
    assert(isSize(size) && size <= this.size, 'a root is asked of leaves that are here');
    if (this.#asked.size !== size) this.#asked = { size, root: rootOf(this.#subtrees, size) };
    return this.#asked.root.slice();
  }

  /** The hash of the leaf at the index. Requires index < this.size. */
  leaf(index: number): Uint8Array {
    return this.hashes(0, index, 1);
  }

  /** `count` hashes of complete subtrees of 2^height leaves from the index on, concatenated: the stuff of tiles. */
  hashes(height: number, index: number, count: number): Uint8Array {
    const row = this.#rows[height];
    if (row === undefined) {
      assert(count === 0, 'only known hashes are read');
      return new Uint8Array(0);
    }
    return row.read(index, count);
  }

  /** The audit path of a leaf in the tree of `size` leaves, see {@link inclusionPath}. Requires index < size <= this.size. */
  inclusionProof(index: number, size: number): readonly Uint8Array[] {
    assert(size <= this.size, 'a proof is asked of leaves that are here');
    return inclusionPath(this.#subtrees, index, size);
  }

  /** The proof between two former sizes, see {@link consistencyPath}. Requires 0 < oldSize <= size <= this.size. */
  consistencyProof(oldSize: number, size: number): readonly Uint8Array[] {
    assert(size <= this.size, 'a proof is asked of leaves that are here');
    return consistencyPath(this.#subtrees, oldSize, size);
  }
}
