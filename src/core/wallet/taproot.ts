import { crypto } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { assert } from '../base/assert.ts';
import { concat, fromHex } from '../base/bytes.ts';
import { compareBytes } from './script.ts';
import type { TaprootLeaf, TaprootScripts } from './scripts.ts';

/** The point of BIP 341 whose discrete logarithm nobody knows: an internal key that disables the key path. */
export const unspendableKey = fromHex(
  '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0',
);

/** A script tree as written; leaves in the order of the descriptor. */
export type TapTree<T> =
  | { readonly type: 'leaf'; readonly leaf: T }
  | { readonly type: 'branch'; readonly left: TapTree<T>; readonly right: TapTree<T> };

export function leavesOf<T>(tree: TapTree<T>): readonly T[] {
  return tree.type === 'leaf' ? [tree.leaf] : [...leavesOf(tree.left), ...leavesOf(tree.right)];
}

export function mapLeaves<T, U>(tree: TapTree<T>, to: (leaf: T) => U): TapTree<U> {
  return tree.type === 'leaf'
    ? { type: 'leaf', leaf: to(tree.leaf) }
    : { type: 'branch', left: mapLeaves(tree.left, to), right: mapLeaves(tree.right, to) };
}

const LEAF_VERSION = 0xc0;

/** A leaf with the hashes beside its way to the root, the lowest first. */
interface Proven {
  readonly script: Uint8Array;
  readonly hash: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/**
 * What stands behind a taproot output (BIP 341), without the leaf that we sign by. `internalKey` is x-only and on the
 * curve. Scripts are below 253 bytes or carry the longer size as CompactSize of three bytes.
 */
export function taprootScripts(
  internalKey: Uint8Array,
  tree: TapTree<Uint8Array> | null,
): Omit<TaprootScripts, 'leaf'> {
  const built = tree === null ? null : build(tree);
  const merkleRoot = built?.hash ?? null;
  const tweak = crypto.taggedHash('TapTweak', concat(internalKey, merkleRoot ?? new Uint8Array(0)));
  const tweaked = ecc.xOnlyPointAddTweak(internalKey, tweak);
  assert(tweaked !== null, 'a hash is no discrete logarithm that anybody could choose');
  const head = concat(Uint8Array.of(LEAF_VERSION | tweaked.parity), internalKey);
  const leaves = (built?.leaves ?? []).map(({ script, hash, path }): TaprootLeaf => ({
    script,
    version: LEAF_VERSION,
    controlBlock: concat(head, ...path),
    hash,
  }));
  return { internalKey, merkleRoot, outputKey: tweaked.xOnlyPubkey, leaves };
}

function build(tree: TapTree<Uint8Array>): {
  readonly hash: Uint8Array;
  readonly leaves: readonly Proven[];
} {
  if (tree.type === 'leaf') {
    const hash = leafHash(tree.leaf);
    return { hash, leaves: [{ script: tree.leaf, hash, path: [] }] };
  }
  const left = build(tree.left);
  const right = build(tree.right);
  const beside = (leaves: readonly Proven[], hash: Uint8Array): readonly Proven[] =>
    leaves.map((leaf) => ({ ...leaf, path: [...leaf.path, hash] }));
  const [lower, higher] =
    compareBytes(left.hash, right.hash) < 0 ? [left.hash, right.hash] : [right.hash, left.hash];
  return {
    hash: crypto.taggedHash('TapBranch', concat(lower, higher)),
    leaves: [...beside(left.leaves, right.hash), ...beside(right.leaves, left.hash)],
  };
}

function leafHash(script: Uint8Array): Uint8Array {
  const { length } = script;
  assert(length <= 0xffff, 'the keys of a descriptor are bounded');
  const size =
    length < 0xfd ? Uint8Array.of(length) : Uint8Array.of(0xfd, length & 0xff, length >> 8);
  return crypto.taggedHash('TapLeaf', concat(Uint8Array.of(LEAF_VERSION), size, script));
}
