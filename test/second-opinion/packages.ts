import { ed25519 } from '@noble/curves/ed25519.js';
import { utf8 } from '../../src/core/base/bytes.ts';
import { canonicalBytes, parseCanonical } from '../../src/core/base/canonical.ts';
import { blobAddress, sha256 } from '../../src/core/base/digest.ts';
import { formatCheckpoint } from '../../src/core/log/checkpoint.ts';
import { leafHash, MerkleTree } from '../../src/core/log/merkle.ts';
import { assembleNote, noteToSign } from '../../src/core/log/note.ts';
import { formatPackageLine } from '../../src/core/log/package.ts';
import type { World } from '../support/world.ts';
import type { Dice } from './dice.ts';
import { spoiled } from './spoil.ts';

/** What a package is made of. */
export interface Parts {
  readonly leaves: readonly Uint8Array[];
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

const logSeed = sha256(utf8('world/log'));
const origin = 'world.example/log';

/** The checkpoint of some leaves, signed by the world's log. */
export function noteOf(leaves: readonly Uint8Array[], name = origin): string {
  const tree = MerkleTree.of(leaves.map(leafHash));
  const text = formatCheckpoint({ origin: name, size: tree.size, root: tree.root() });
  const signature = ed25519.sign(noteToSign(text), logSeed);
  return assembleNote(text, { name, key: ed25519.getPublicKey(logSeed), signature });
}

/** The lines of a package: checkpoint, blobs, entries from an index on. */
export function packageOf({ leaves, blobs }: Parts, note = noteOf(leaves), from = 0): string {
  const lines = [
    formatPackageLine({ type: 'checkpoint', note }),
    ...[...blobs].map(([name, bytes]) => formatPackageLine({ type: 'blob', sha256: name, bytes })),
    ...leaves
      .slice(from)
      .map((bytes, i) => formatPackageLine({ type: 'entry', index: from + i, bytes })),
  ];
  return `${lines.join('\n')}\n`;
}

export function partsOf(world: World): Parts {
  return { leaves: world.leaves, blobs: world.store };
}

/** A package of the parts in which one thing is another: an entry, a blob, the checkpoint, a line. */
export function spoiledPackage(dice: Dice, parts: Parts): string {
  const { leaves, blobs } = parts;
  // The founding is the same in all of them: what comes later tells more.
  const at = dice.in(6)
    ? dice.whole(0, leaves.length - 1)
    : dice.whole(Math.floor(leaves.length / 3), leaves.length - 1);
  const put = (...other: readonly Uint8Array[]) =>
    packageOf({ blobs, leaves: [...leaves.slice(0, at), ...other, ...leaves.slice(at + 1)] });
  const leaf = leaves[at] ?? new Uint8Array();
  return dice.one<() => string>([
    () => put(spoiledLeaf(dice, leaf)),
    () => put(spoiledLeaf(dice, leaf)),
    () => put(spoiledLeaf(dice, leaf)),
    () => put(),
    () => put(leaf, leaf),
    () => put(leaf, dice.one(leaves)),
    () => packageOf({ blobs, leaves: [...leaves.slice(0, at), ...leaves.slice(at).toReversed()] }),
    // The last entry alone: whatever is said before is of this log still.
    () =>
      packageOf({
        blobs,
        leaves: [...leaves.slice(0, -1), spoiledLeaf(dice, leaves.at(-1) ?? leaf)],
      }),
    () => packageOf({ blobs, leaves: [...leaves, spoiledLeaf(dice, leaf)] }),
    () => packageOf({ blobs, leaves: [...leaves, leaf] }),
    () => packageOf({ leaves: leaves.slice(0, at + 1), blobs }),
    () => withoutBlob(dice, parts),
    () => packageOf(parts, spoiledNote(dice, leaves)),
    () => spoiledLine(dice, packageOf(parts)),
  ])();
}

function spoiledLeaf(dice: Dice, leaf: Uint8Array): Uint8Array {
  const entry = parseCanonical(leaf);
  return entry.ok ? canonicalBytes(spoiled(dice, entry.value)) : leaf;
}

function withoutBlob(dice: Dice, { leaves, blobs }: Parts): string {
  const name = dice.one([...blobs.keys()]);
  const left = new Map(blobs);
  const bytes = left.get(name) ?? new Uint8Array();
  left.delete(name);
  const changed = Uint8Array.from(bytes);
  const place = dice.whole(0, Math.max(0, changed.length - 1));
  changed[place] = (changed[place] ?? 0) ^ (1 << dice.whole(0, 7));
  left.set(blobAddress(changed), changed);
  return packageOf({ leaves, blobs: left });
}

function spoiledNote(dice: Dice, leaves: readonly Uint8Array[]): string {
  const note = noteOf(leaves);
  return dice.one<() => string>([
    () => noteOf(leaves.slice(0, -1)),
    () => noteOf(leaves, 'other.example/log'),
    () => note.replace(/\n[0-9]+\n/, (size) => size.replace(/[0-9]\n/, '0\n')),
    () => note.slice(0, -10) + (note.at(-10) === 'A' ? 'B' : 'A') + note.slice(-9),
    () => `${note}${note.slice(note.indexOf('\u2014'))}`,
    () => `${note}\u2014 witness.example ${'AAAA'.repeat(20)}\n`,
    () => note.slice(0, -1),
    () => note.replace('\n\n', '\n'),
  ])();
}

function spoiledLine(dice: Dice, text: string): string {
  const lines = text.slice(0, -1).split('\n');
  const at = dice.whole(0, lines.length - 1);
  const line = lines[at] ?? '';
  const changed = dice.one<() => readonly string[]>([
    () => [],
    () => [line, line],
    () => [line.replace('{', '{ ')],
    () => [line.replace(/"index":([0-9]+)/, '"index":1$1')],
    () => [line.slice(0, -1)],
    () => [line.replace('"type"', '"kind"')],
    () => [`${line}${line}`],
  ])();
  return `${[...lines.slice(0, at), ...changed, ...lines.slice(at + 1)].join('\n')}\n`;
}
