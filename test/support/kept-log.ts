import { ed25519 } from '@noble/curves/ed25519.js';
import { toHex, utf8 } from '../../src/core/base/bytes.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import { formatCheckpoint } from '../../src/core/log/checkpoint.ts';
import { leafHash, MerkleTree } from '../../src/core/log/merkle.ts';
import { assembleNote, noteToSign } from '../../src/core/log/note.ts';

const seed = sha256(utf8('kept log'));
const key = ed25519.getPublicKey(seed);

/** The root of leaves, hex. */
export function rootOver(leaves: readonly Uint8Array[]): string {
  return toHex(treeOf(leaves).root());
}

/** A signed checkpoint over leaves. */
export function noteOver(leaves: readonly Uint8Array[]): string {
  const tree = treeOf(leaves);
  const name = 'kept.example/log';
  const text = formatCheckpoint({ origin: name, size: tree.size, root: tree.root() });
  const signature = ed25519.sign(noteToSign(text), seed);
  return assembleNote(text, { name, key, signature });
}

function treeOf(leaves: readonly Uint8Array[]): MerkleTree {
  const tree = new MerkleTree();
  for (const leaf of leaves) tree.append(leafHash(leaf));
  return tree;
}
