import { assert } from '../base/assert.ts';
import { ENTRY_BYTES } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { MerkleTree, Subtrees } from './merkle.ts';
import { HASH_BYTES, consistencyPath, inclusionPath, nodeHash, rootOf } from './merkle.ts';

/** Hashes of a full tile and entries of a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;
/** Heights of the tree between a tile and the one above. */
const TILE_HEIGHT = 8;

/**
 * A place in the layout of C2SP tlog-tiles: `level` 0 upwards holds hashes of subtrees of 256^level leaves, 'entries' the
 * entries themselves. `width` 1 to 256 is the number of hashes or entries; below 256 the tile is partial.
 */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

/** The path below the log's prefix: `tile/<L>/<N>[.p/<W>]`, N in groups of three digits, all but the last with an x. */
export function tilePath(tile: Tile): string {
  const digits = String(tile.index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/g) ?? [];
  const number = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group));
  const partial = tile.width < TILE_WIDTH ? `.p/${String(tile.width)}` : '';
  return `tile/${String(tile.level)}/${number.join('/')}${partial}`;
}

/** The tile of a path that {@link tilePath} writes, or undefined for any other spelling. Says not whether it exists. */
export function parseTilePath(path: string): Tile | undefined {
  const match =
    /^tile\/(entries|[0-9]{1,2})\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) return undefined;
  const [, level = '', number = '', width = String(TILE_WIDTH)] = match;
  const tile: Tile = {
    level: level === 'entries' ? level : Number(level),
    index: Number(number.replace(/[x/]/g, '')),
    width: Number(width),
  };
  if (tile.width < 1 || tile.width > TILE_WIDTH || !Number.isSafeInteger(tile.index))
    return undefined;
  // Leading zeros, a spelled-out full width, more groups than needed: all of them are other spellings.
  return tilePath(tile) === path ? tile : undefined;
}

/** How many hashes (entries) a level of a tree holds in all: floor(size / 256^level). */
function levelWidth(level: Tile['level'], size: number): number {
  return level === 'entries' ? size : Math.floor(size / 256 ** level);
}

/** True when a tree of `size` leaves has all that the tile, full or partial of any width, holds. */
export function hasTile(tile: Tile, size: number): boolean {
  return tile.index * TILE_WIDTH + tile.width <= levelWidth(tile.level, size);
}

/**
 * The tiles of hashes, level by level, that a tree of `size` leaves has and one of `oldSize` had not: what a log writes
 * before it publishes the checkpoint of `size`. From 0 it is the whole layout. Requires oldSize <= size.
 */
export function newTiles(oldSize: number, size: number): readonly Tile[] {
  assert(oldSize <= size, 'a log never shrinks');
  const tiles: Tile[] = [];
  for (let level = 0; levelWidth(level, size) > 0; level++)
    tiles.push(...newOfLevel(level, oldSize, size));
  return tiles;
}

/** The bundles of entries that come with {@link newTiles}. Requires oldSize <= size. */
export function newBundles(oldSize: number, size: number): readonly Tile[] {
  assert(oldSize <= size, 'a log never shrinks');
  return newOfLevel('entries', oldSize, size);
}

function newOfLevel(level: Tile['level'], oldSize: number, size: number): readonly Tile[] {
  const before = levelWidth(level, oldSize);
  const count = levelWidth(level, size);
  const tiles: Tile[] = [];
  if (count === before) return tiles;
  for (let index = Math.floor(before / TILE_WIDTH); index * TILE_WIDTH < count; index++)
    tiles.push({ level, index, width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH) });
  return tiles;
}

/** The bytes of a tile of hashes. Requires {@link hasTile} of the tree's size. Returns 32 bytes for each of its width. */
export function tileBytes(tree: MerkleTree, tile: Tile): Uint8Array {
  assert(tile.level !== 'entries', 'a tree holds hashes, not entries');
  assert(hasTile(tile, tree.size), 'only tiles that exist are written');
  return tree.hashes(tile.level * TILE_HEIGHT, tile.index * TILE_WIDTH, tile.width);
}

/** A bundle of entries: each with its length before it, 16 bits, big endian. Requires each within ENTRY_BYTES, at most 256. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  assert(entries.length <= TILE_WIDTH, 'a bundle holds at most 256 entries');
  const bundle = new Uint8Array(entries.reduce((sum, entry) => sum + 2 + entry.length, 0));
  let at = 0;
  for (const entry of entries) {
    assert(entry.length <= ENTRY_BYTES, 'entries are bounded before they are numbered');
    bundle[at] = entry.length >> 8;
    bundle[at + 1] = entry.length & 0xff;
    bundle.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bundle;
}

/**
 * The entries of a bundle, exactly `width` of them to the last byte. They are believed only once their hashes
 * lead to a checkpoint's root. Refuses with `log.tile.invalid`, `log.entry.size`.
 */
export function decodeBundle(bundle: Uint8Array, width: number): Result<readonly Uint8Array[]> {
  const entries: Uint8Array[] = [];
  let at = 0;
  for (let n = 0; n < width; n++) {
    const high = bundle[at];
    const low = bundle[at + 1];
    if (high === undefined || low === undefined)
      return refuse('log.tile.invalid', { reason: 'the bundle ends early', entries: n });
    const size = high * 256 + low;
    if (size > ENTRY_BYTES) return refuse('log.entry.size', { size, most: ENTRY_BYTES });
    if (at + 2 + size > bundle.length)
      return refuse('log.tile.invalid', { reason: 'the bundle ends early', entries: n });
    entries.push(bundle.slice(at + 2, at + 2 + size));
    at += 2 + size;
  }
  if (at !== bundle.length)
    return refuse('log.tile.invalid', { reason: 'bytes after the last entry', entries: width });
  return ok(entries);
}

/** Reads a tile by its path, undefined where there is none. Its content is not believed. */
export type TileReader = (path: string) => Uint8Array | undefined;

/** A computation over subtrees of which tiles can be the source: a root or a proof. */
type Walk<T> = (subtrees: Subtrees) => T;

/** Where the hash of a complete subtree is in the tiles of a tree: `count` hashes of one tile from `offset` on. */
function locate(size: number, height: number, index: number) {
  const level = Math.floor(height / TILE_HEIGHT);
  const count = 2 ** (height % TILE_HEIGHT);
  const first = index * count;
  const at = Math.floor(first / TILE_WIDTH);
  const width = Math.min(TILE_WIDTH, levelWidth(level, size) - at * TILE_WIDTH);
  return { path: tilePath({ level, index: at, width }), width, count, offset: first % TILE_WIDTH };
}

/**
 * The paths that a walk over a tree of `size` leaves reads, each once: to fetch them all before a walk. Which
 * subtrees a walk reads depends on sizes alone, so it is run once over zeros.
 */
function pathsOf(size: number, walk: Walk<unknown>): ReadonlyMap<string, number> {
  const paths = new Map<string, number>();
  walk((height, index) => {
    const { path, width } = locate(size, height, index);
    paths.set(path, width);
    return new Uint8Array(HASH_BYTES);
  });
  return paths;
}

function walkTiles<T>(size: number, read: TileReader, walk: Walk<T>): Result<T> {
  const tiles = new Map<string, Uint8Array>();
  for (const [path, width] of pathsOf(size, walk)) {
    const bytes = read(path);
    if (bytes?.length !== width * HASH_BYTES) return refuse('log.tile.invalid', { path });
    tiles.set(path, bytes);
  }
  const subtrees: Subtrees = (height, index) => {
    const { path, count, offset } = locate(size, height, index);
    const tile = tiles.get(path);
    assert(tile !== undefined, 'every tile of the walk was read');
    let row: readonly Uint8Array[] = Array.from({ length: count }, (_, at) =>
      tile.slice((offset + at) * HASH_BYTES, (offset + at + 1) * HASH_BYTES),
    );
    while (row.length > 1) row = pairUp(row);
    const [hash] = row;
    assert(hash !== undefined, 'a subtree has at least one hash');
    return hash;
  };
  return ok(walk(subtrees));
}

function pairUp(row: readonly Uint8Array[]): readonly Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let at = 0; at < row.length; at += 2) {
    const [left, right] = row.slice(at, at + 2);
    assert(left !== undefined && right !== undefined, 'a complete subtree has pairs');
    above.push(nodeHash(left, right));
  }
  return above;
}

/** The paths of the tiles that {@link consistencyFromTiles} reads: a client over HTTP fetches them first. */
export function consistencyTiles(oldSize: number, size: number): readonly string[] {
  return [...pathsOf(size, (subtrees) => consistencyPath(subtrees, oldSize, size)).keys()];
}

/**
 * The consistency proof between two sizes from tiles; worth as much as verifyConsistency then says. Requires
 * 0 < oldSize <= size. Refuses with `log.tile.invalid`, naming the path.
 */
export function consistencyFromTiles(
  oldSize: number,
  size: number,
  read: TileReader,
): Result<readonly Uint8Array[]> {
  return walkTiles(size, read, (subtrees) => consistencyPath(subtrees, oldSize, size));
}

/** The paths of the tiles that {@link inclusionFromTiles} reads. */
export function inclusionTiles(index: number, size: number): readonly string[] {
  return [...pathsOf(size, (subtrees) => inclusionPath(subtrees, index, size)).keys()];
}

/**
 * The audit path of a leaf from tiles; worth as much as verifyInclusion then says. Requires index < size.
 * Refuses with `log.tile.invalid`, naming the path.
 */
export function inclusionFromTiles(
  index: number,
  size: number,
  read: TileReader,
): Result<readonly Uint8Array[]> {
  return walkTiles(size, read, (subtrees) => inclusionPath(subtrees, index, size));
}

/** The root that the tiles of a tree of `size` leaves lead to. Refuses with `log.tile.invalid`, naming the path. */
export function rootFromTiles(size: number, read: TileReader): Result<Uint8Array> {
  return walkTiles(size, read, (subtrees) => rootOf(subtrees, size));
}
