import { describe, expect, test } from '@jest/globals';
import { toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import {
  MerkleTree,
  emptyRoot,
  leafHash,
  verifyConsistency,
  verifyInclusion,
} from '../../../../src/core/log/merkle.ts';
import {
  referenceConsistency,
  referenceInclusion,
  referenceRoot,
} from '../../../support/merkle-reference.ts';

const entries = Array.from({ length: 70 }, (_, n) => utf8(`entry ${String(n)}`));
const tree = MerkleTree.of(entries.map(leafHash));

describe('the Merkle tree', () => {
  test('the empty tree has the hash of nothing as its root', () => {
    expect(toHex(emptyRoot())).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(new MerkleTree().root()).toEqual(emptyRoot());
  });

  test('one empty leaf has the root of RFC 6962', () => {
    expect(toHex(MerkleTree.of([leafHash(new Uint8Array(0))]).root())).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    );
  });

  test('the root of every former size is that of the RFC', () => {
    for (let size = 0; size <= entries.length; size++)
      expect(tree.rootAt(size)).toEqual(referenceRoot(entries.slice(0, size)));
  });

  test('every inclusion proof is that of the RFC and verifies', () => {
    for (let size = 1; size <= entries.length; size++) {
      for (let index = 0; index < size; index++) {
        const proof = tree.inclusionProof(index, size);
        expect(proof).toEqual(referenceInclusion(index, entries.slice(0, size)));
        const claim = { leaf: tree.leaf(index), index, size, root: tree.rootAt(size), proof };
        expect(verifyInclusion(claim).ok).toBe(true);
      }
    }
  });

  test('every consistency proof is that of the RFC and verifies', () => {
    for (let size = 1; size <= entries.length; size++) {
      for (let oldSize = 1; oldSize <= size; oldSize++) {
        const proof = tree.consistencyProof(oldSize, size);
        expect(proof).toEqual(referenceConsistency(oldSize, entries.slice(0, size)));
        const roots = { oldRoot: tree.rootAt(oldSize), root: tree.rootAt(size) };
        expect(verifyConsistency({ oldSize, size, ...roots, proof }).ok).toBe(true);
      }
    }
  });

  test('a truncated tree goes on as if the batch had never been', () => {
    for (let size = 0; size <= entries.length; size++) {
      const cut = MerkleTree.of(entries.map(leafHash));
      cut.truncate(size);
      expect(cut.root()).toEqual(tree.rootAt(size));
      for (const entry of entries.slice(size)) cut.append(leafHash(entry));
      expect(cut.root()).toEqual(tree.root());
    }
  });

  test('a truncated tree forgets the root of what it held', () => {
    for (const size of [1, 2, 3, 7, 8]) {
      const cut = MerkleTree.of(entries.slice(0, size).map(leafHash));
      const before = cut.root();
      cut.truncate(size - 1);
      cut.append(leafHash(utf8('another')));
      expect(cut.root()).not.toEqual(before);
      expect(cut.root()).toEqual(
        MerkleTree.of([...entries.slice(0, size - 1), utf8('another')].map(leafHash)).root(),
      );
    }
  });

  test('a hash that was handed out is a copy', () => {
    const copy = MerkleTree.of(entries.map(leafHash));
    copy.leaf(0).fill(0);
    copy.inclusionProof(1, 2).forEach((hash) => hash.fill(0));
    copy.root().fill(0);
    expect(copy.root()).toEqual(tree.root());
  });

  test('asking beyond the tree is a bug, not an answer', () => {
    expect(() => tree.rootAt(71)).toThrow('bug');
    expect(() => tree.inclusionProof(70, 70)).toThrow('bug');
    expect(() => tree.inclusionProof(0, 71)).toThrow('bug');
    expect(() => tree.consistencyProof(0, 70)).toThrow('bug');
    expect(() => tree.consistencyProof(70, 71)).toThrow('bug');
    expect(() => MerkleTree.of([new Uint8Array(31)])).toThrow('bug');
    const shorter = MerkleTree.of([leafHash(utf8('a')), leafHash(utf8('b'))]);
    expect(() => {
      shorter.truncate(3);
    }).toThrow('bug');
    shorter.truncate(1);
    expect(() => shorter.leaf(1)).toThrow('bug');
  });
});

describe('proofs from outside', () => {
  const inclusion = {
    leaf: tree.leaf(5),
    index: 5,
    size: 70,
    root: tree.root(),
    proof: tree.inclusionProof(5, 70),
  };
  const consistency = {
    oldSize: 5,
    oldRoot: tree.rootAt(5),
    size: 70,
    root: tree.root(),
    proof: tree.consistencyProof(5, 70),
  };
  const refusal = { ok: false, refusal: { code: 'log.proof.invalid' } };

  test.each([
    ['a negative index', { index: -1 }],
    ['a fractional index', { index: 5.5 }],
    ['an index at the size', { index: 70 }],
    ['a size that is no number', { size: Number.NaN }],
    ['a size beyond exact integers', { size: 2 ** 53 }],
    ['a short leaf', { leaf: tree.leaf(5).subarray(1) }],
    ['no proof', { proof: [] }],
    ['the largest size with a short proof', { size: 2 ** 53 - 1 }],
  ])('inclusion with %s is refused', (_, change) => {
    expect(verifyInclusion(inclusion)).toEqual({ ok: true, value: null });
    expect(verifyInclusion({ ...inclusion, ...change })).toMatchObject(refusal);
  });

  test.each([
    ['a shrunken log', { oldSize: 71 }],
    ['the empty tree as the old one', { oldSize: 0 }],
    ['a fractional size', { oldSize: 4.5 }],
    ['no proof', { proof: [] }],
    ['a short old root', { oldRoot: tree.rootAt(5).subarray(1) }],
    ['a size beyond exact integers', { size: 2 ** 53 }],
    ['another old root', { oldRoot: tree.rootAt(6) }],
  ])('consistency with %s is refused', (_, change) => {
    expect(verifyConsistency(consistency)).toEqual({ ok: true, value: null });
    expect(verifyConsistency({ ...consistency, ...change })).toMatchObject(refusal);
  });

  test('two roots for one size are refused, whatever the proof', () => {
    const fork = { oldSize: 70, oldRoot: tree.rootAt(69), size: 70, root: tree.root() };
    expect(verifyConsistency({ ...fork, proof: [] })).toMatchObject(refusal);
    expect(verifyConsistency({ ...fork, proof: consistency.proof })).toMatchObject(refusal);
  });
});
