import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { utf8 } from '../../src/core/base/bytes.ts';
import {
  MerkleTree,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from '../../src/core/log/merkle.ts';
import {
  consistencyFromTiles,
  inclusionFromTiles,
  newTiles,
  rootFromTiles,
  tileBytes,
  tilePath,
} from '../../src/core/log/tiles.ts';
import { referenceRoot } from '../support/merkle-reference.ts';

/** Distinct entries, so that no two hashes of a tree are equal and every swap is a change. */
const trees = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer()).map(([size, salt]) => {
  const entries = Array.from({ length: size }, (_, n) => utf8(`${String(salt)}:${String(n)}`));
  return { size, entries, tree: MerkleTree.of(entries.map(leafHash)) };
});

type Proof = readonly Uint8Array[];

/** One way to spoil a proof; where it has nothing to spoil it adds a hash. */
const spoil = fc
  .record({
    way: fc.constantFrom('flip', 'remove', 'insert', 'swap', 'shorten', 'repeat'),
    place: fc.nat(),
    bit: fc.nat({ max: 255 }),
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map(({ way, place, bit, hash }) => (proof: Proof): Proof => {
    const out: Uint8Array[] = proof.map((node) => Uint8Array.from(node));
    const at = place % Math.max(1, out.length);
    const node = out[at];
    const next = out[at + 1];
    if (node === undefined || way === 'insert') out.splice(at, 0, hash);
    else if (way === 'flip') out[at] = flip(node, bit);
    else if (way === 'remove') out.splice(at, 1);
    else if (way === 'shorten') out[at] = node.slice(1);
    else if (way === 'swap' && next !== undefined) out.splice(at, 2, next, node);
    else out.splice(at, 0, node);
    return out;
  });

function flip(hash: Uint8Array, bit: number): Uint8Array {
  return hash.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
}

describe('random trees of up to 300 leaves', () => {
  test('the root is that of the RFC, all proofs at the size verify', () => {
    fc.assert(
      fc.property(trees, ({ size, entries, tree }) => {
        const root = tree.root();
        expect(root).toEqual(referenceRoot(entries));
        for (let n = 0; n < size; n++) {
          const inclusion = tree.inclusionProof(n, size);
          expect(
            verifyInclusion({ leaf: tree.leaf(n), index: n, size, root, proof: inclusion }).ok,
          ).toBe(true);
          const oldRoot = tree.rootAt(n + 1);
          const proof = tree.consistencyProof(n + 1, size);
          expect(verifyConsistency({ oldSize: n + 1, oldRoot, size, root, proof }).ok).toBe(true);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('any change of an inclusion proof, its leaf, index or root is refused', () => {
    fc.assert(
      fc.property(
        trees,
        fc.nat(),
        fc.nat(),
        fc.nat({ max: 255 }),
        spoil,
        (made, a, b, bit, change) => {
          const { size, tree } = made;
          const index = a % size;
          const proof = tree.inclusionProof(index, size);
          const claim = { leaf: tree.leaf(index), index, size, root: tree.root(), proof };
          expect(verifyInclusion(claim).ok).toBe(true);
          const other = (index + 1 + (b % Math.max(1, size - 1))) % size;
          const changes = [
            { proof: change(proof) },
            { leaf: flip(claim.leaf, bit) },
            { root: flip(claim.root, bit) },
            ...(other === index ? [] : [{ index: other }]),
          ];
          for (const changed of changes)
            expect(verifyInclusion({ ...claim, ...changed }).ok).toBe(false);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('any change of a consistency proof or its roots is refused', () => {
    fc.assert(
      fc.property(
        trees,
        fc.nat(),
        fc.nat({ max: 255 }),
        spoil,
        ({ size, tree }, a, bit, change) => {
          const oldSize = 1 + (a % size);
          const proof = tree.consistencyProof(oldSize, size);
          const roots = { oldRoot: tree.rootAt(oldSize), root: tree.root() };
          const claim = { oldSize, size, ...roots, proof };
          expect(verifyConsistency(claim).ok).toBe(true);
          const changes = [
            { proof: change(proof) },
            { oldRoot: flip(claim.oldRoot, bit) },
            { root: flip(claim.root, bit) },
          ];
          for (const changed of changes)
            expect(verifyConsistency({ ...claim, ...changed }).ok).toBe(false);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe('random logs of up to 70,000 leaves in tiles', () => {
  const whole = MerkleTree.of(
    Array.from({ length: 70_000 }, (_, n) => leafHash(utf8(`leaf ${String(n)}`))),
  );
  const files = new Map<string, Uint8Array>();

  let published = 0;

  function publish(size: number): void {
    for (const tile of newTiles(published, size)) files.set(tilePath(tile), tileBytes(whole, tile));
    published = size;
  }

  test('tiles written batch by batch give the roots and proofs of the tree in memory', () => {
    const steps = fc.sample(fc.integer({ min: 1, max: 70_000 }), { numRuns: 40, seed: 6962 });
    const sizes = [...steps, 1, 255, 256, 257, 65_535, 65_536, 65_537, 70_000].sort(
      (a, b) => a - b,
    );
    let oldSize = 1;
    for (const size of sizes) {
      publish(size);
      const read = (path: string) => files.get(path);
      expect(rootFromTiles(size, read)).toEqual({ ok: true, value: whole.rootAt(size) });
      expect(consistencyFromTiles(oldSize, size, read)).toEqual({
        ok: true,
        value: whole.consistencyProof(oldSize, size),
      });
      for (const index of [0, oldSize - 1, size - 1, size >> 1])
        expect(inclusionFromTiles(index, size, read)).toEqual({
          ok: true,
          value: whole.inclusionProof(index, size),
        });
      oldSize = size;
    }
  });
});
