import { describe, expect, test } from '@jest/globals';
import { concat, utf8 } from '../../../../src/core/base/bytes.ts';
import { MerkleTree, leafHash } from '../../../../src/core/log/merkle.ts';
import type { Tile } from '../../../../src/core/log/tiles.ts';
import {
  consistencyFromTiles,
  consistencyTiles,
  decodeBundle,
  encodeBundle,
  hasTile,
  inclusionFromTiles,
  inclusionTiles,
  newBundles,
  newTiles,
  parseTilePath,
  rootFromTiles,
  tileBytes,
  tilePath,
} from '../../../../src/core/log/tiles.ts';

describe('tile paths', () => {
  test.each<[string, Tile]>([
    ['tile/0/000', { level: 0, index: 0, width: 256 }],
    ['tile/0/x001/x234/067', { level: 0, index: 1_234_067, width: 256 }],
    ['tile/63/999.p/1', { level: 63, index: 999, width: 1 }],
    ['tile/1/x001/000.p/255', { level: 1, index: 1000, width: 255 }],
    ['tile/entries/x273/001.p/112', { level: 'entries', index: 273_001, width: 112 }],
  ])('%s is written and read', (path, tile) => {
    expect(tilePath(tile)).toBe(path);
    expect(parseTilePath(path)).toEqual(tile);
  });

  test.each([
    'tile/0/0',
    'tile/00/000',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/07',
    'tile/0/000.p/999',
    'tile/0/000/',
    '/tile/0/000',
    'tile/0/../000',
    'tile/data/000',
    'tile/0/x999/x999/x999/x999/x999/999',
    'tile/0/000\n',
    'tile/0/٠٠٠',
  ])('%s is no path of a tile', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });
});

describe('the layout', () => {
  test('70,000 leaves are laid out as in the example of the specification', () => {
    const tiles = newTiles(0, 70_000);
    const count = (level: number, width: 'full' | 'partial') =>
      tiles.filter((tile) => tile.level === level && (tile.width === 256) === (width === 'full'));
    expect(count(0, 'full')).toHaveLength(273);
    expect(count(0, 'partial')).toEqual([{ level: 0, index: 273, width: 112 }]);
    expect(count(1, 'full')).toHaveLength(1);
    expect(count(1, 'partial')).toEqual([{ level: 1, index: 1, width: 17 }]);
    expect(count(2, 'partial')).toEqual([{ level: 2, index: 0, width: 1 }]);
    expect(tiles).toHaveLength(277);
    expect(newBundles(0, 70_000)).toHaveLength(274);
  });

  test('256 leaves are one full tile and one hash above', () => {
    expect(newTiles(0, 256).map(tilePath)).toEqual(['tile/0/000', 'tile/1/000.p/1']);
  });

  test('a batch brings the tiles that it changed and no others', () => {
    expect(newTiles(255, 258).map(tilePath)).toEqual([
      'tile/0/000',
      'tile/0/001.p/2',
      'tile/1/000.p/1',
    ]);
    expect(newTiles(257, 258).map(tilePath)).toEqual(['tile/0/001.p/2']);
    expect(newBundles(255, 258).map(tilePath)).toEqual([
      'tile/entries/000',
      'tile/entries/001.p/2',
    ]);
    expect(newTiles(258, 258)).toEqual([]);
    expect(newBundles(0, 0)).toEqual([]);
  });

  test('a tile exists once its last hash does', () => {
    expect(hasTile({ level: 0, index: 1, width: 2 }, 258)).toBe(true);
    expect(hasTile({ level: 0, index: 1, width: 3 }, 258)).toBe(false);
    expect(hasTile({ level: 1, index: 0, width: 1 }, 256)).toBe(true);
    expect(hasTile({ level: 1, index: 0, width: 1 }, 255)).toBe(false);
    expect(hasTile({ level: 'entries', index: 0, width: 256 }, 255)).toBe(false);
    expect(hasTile({ level: 63, index: 0, width: 1 }, Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});

describe('bundles of entries', () => {
  const entries = [utf8('first'), new Uint8Array(0), new Uint8Array(60_000).fill(9)];
  const bundle = encodeBundle(entries);

  test('each entry stands behind its length in 16 bits', () => {
    expect(encodeBundle([utf8('ab')])).toEqual(Uint8Array.of(0, 2, 0x61, 0x62));
    expect(decodeBundle(bundle, 3)).toEqual({ ok: true, value: entries });
    expect(decodeBundle(new Uint8Array(0), 0)).toEqual({ ok: true, value: [] });
  });

  test.each([
    ['ends in an entry', bundle.subarray(0, -1), 3],
    ['ends in a length', bundle.subarray(0, 8), 2],
    ['lacks an entry', bundle, 4],
    ['has one more entry', bundle, 2],
    ['has a byte more', concat(bundle, Uint8Array.of(0)), 3],
  ])('a bundle that %s is refused', (_, bytes, width) => {
    expect(decodeBundle(bytes, width)).toMatchObject({
      ok: false,
      refusal: { code: 'log.tile.invalid' },
    });
  });

  test('an entry above 60,000 bytes is refused by its size', () => {
    const large = concat(Uint8Array.of(0xea, 0x61), new Uint8Array(60_001));
    expect(decodeBundle(large, 1)).toMatchObject({ refusal: { code: 'log.entry.size' } });
    expect(() => encodeBundle([new Uint8Array(60_001)])).toThrow('bug');
    expect(() => encodeBundle(Array.from({ length: 257 }, () => new Uint8Array(0)))).toThrow('bug');
  });
});

describe('proofs from tiles', () => {
  const tree = MerkleTree.of(
    Array.from({ length: 600 }, (_, n) => leafHash(utf8(`leaf ${String(n)}`))),
  );
  const files = new Map(newTiles(0, 600).map((tile) => [tilePath(tile), tileBytes(tree, tile)]));

  test('only the tiles that were announced are read', () => {
    const read: string[] = [];
    const proof = consistencyFromTiles(300, 600, (path) => {
      read.push(path);
      return files.get(path);
    });
    expect(proof).toEqual({ ok: true, value: tree.consistencyProof(300, 600) });
    expect(read).toEqual(consistencyTiles(300, 600));
    expect(inclusionTiles(5, 600)).toContain('tile/0/000');
    expect(inclusionFromTiles(5, 600, (path) => files.get(path))).toEqual({
      ok: true,
      value: tree.inclusionProof(5, 600),
    });
  });

  test('the empty tree needs no tile', () => {
    expect(rootFromTiles(0, () => undefined)).toEqual({ ok: true, value: tree.rootAt(0) });
  });

  test('a tile that is missing or of another length is refused by its path', () => {
    const refusal = { code: 'log.tile.invalid', facts: { path: 'tile/0/002.p/88' } };
    const short = (path: string) =>
      path === 'tile/0/002.p/88' ? files.get(path)?.subarray(1) : files.get(path);
    const missing = (path: string) => (path === 'tile/0/002.p/88' ? undefined : files.get(path));
    expect(rootFromTiles(600, short)).toEqual({ ok: false, refusal });
    expect(rootFromTiles(600, missing)).toEqual({ ok: false, refusal });
  });

  test('a tile of a place that a tree has not is a bug to ask for', () => {
    expect(() => tileBytes(tree, { level: 0, index: 2, width: 89 })).toThrow('bug');
    expect(() => tileBytes(tree, { level: 'entries', index: 0, width: 1 })).toThrow('bug');
  });
});
