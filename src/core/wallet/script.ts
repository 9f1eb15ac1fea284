import { compileMiniscript } from '@bitcoinerlab/miniscript';
import { crypto, opcodes } from 'bitcoinjs-lib';
import { assert } from '../base/assert.ts';
import { concat, fromHex } from '../base/bytes.ts';
import type { Fragment } from './fragment.ts';
import { fragmentsOf, textOf } from './fragment.ts';

/** Where a script stands, in P2WSH or as a leaf of taproot: the rules of BIP 379 differ. */
export type ScriptContext = 'wsh' | 'leaf';

/** The keys of one address as a script holds them: 33 bytes, x-only in taproot. */
export type KeyBytes = (key: number) => Uint8Array;

type Piece =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'key' | 'keyHash'; readonly key: number };

/** Keys as the descriptor has them, or by their bytes at each address (BIP 67): the latter only of a multi that stands alone. */
export type KeyOrder = 'written' | 'sorted';

/** A script in which only the keys of the address are still open. */
export interface ScriptTemplate {
  readonly order: KeyOrder;
  readonly fragment: Fragment;
  readonly pieces: readonly Piece[];
  /** Opcodes that are no pushes, and the keys that OP_CHECKMULTISIG counts as such: consensus bounds them in P2WSH. */
  readonly opcodeCount: number;
}

/** Compiles a miniscript, or a multi that stands alone. Requires that it is well-typed. */
export function compileScript(fragment: Fragment, order: KeyOrder): ScriptTemplate {
  const words = compileMiniscript(textOf(fragment)).asm.split(' ');
  const checked = [...fragmentsOf(fragment)].reduce(
    (sum, part) => sum + (part.type === 'multi' ? part.keys.length : 0),
    0,
  );
  const operations = words.filter((word) => word.startsWith('OP_')).length;
  return { order, fragment, pieces: words.map(pieceOf), opcodeCount: operations + checked };
}

/** The script of one address. */
export function fillScript(template: ScriptTemplate, keyOf: KeyBytes): Uint8Array {
  const place = placesOf(template, keyOf);
  const parts = template.pieces.map((piece) => {
    if (piece.type === 'bytes') return piece.bytes;
    const key = keyOf(place(piece.key));
    return push(piece.type === 'key' ? key : crypto.hash160(key));
  });
  return concat(...parts);
}

/** Its length in bytes, the same at every address. */
export function scriptBytes({ pieces }: ScriptTemplate, context: ScriptContext): number {
  const ofKey = context === 'leaf' ? 33 : 34;
  const ofHash = 21;
  return pieces.reduce((sum, piece) => {
    if (piece.type === 'bytes') return sum + piece.bytes.length;
    return sum + (piece.type === 'key' ? ofKey : ofHash);
  }, 0);
}

/** By a key as written, the one that stands in its place at one address: itself, save in a sorted multi. */
export function placesOf(
  { order, fragment }: ScriptTemplate,
  keyOf: KeyBytes,
): (key: number) => number {
  if (order === 'written' || !('keys' in fragment)) return (key) => key;
  const { keys } = fragment;
  const byBytes = [...keys].sort((a, b) => compareBytes(keyOf(a), keyOf(b)));
  return (key) => {
    const found = byBytes[keys.indexOf(key)];
    assert(found !== undefined, 'a sorted multi has the keys of its script');
    return found;
  };
}

/** The order of BIP 67. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Bytes behind their length. Requires at most 75: keys, hashes and numbers are shorter. */
export function push(bytes: Uint8Array): Uint8Array {
  assert(bytes.length <= 75, 'a key, hash or number has below 76 bytes');
  return concat(Uint8Array.of(bytes.length), bytes);
}

const codes = new Map<string, unknown>(Object.entries(opcodes));
const numberShape = /^(?:[0-9]|1[0-6])$/;
const bytesShape = /^<((?:[0-9a-f]{2}){1,5})>$/;
const keyShape = /^<@([0-9]+)>$/;
const keyHashShape = /^<HASH160\(@([0-9]+)\)>$/;

/** One word of the compiler: `0` to `16`, an opcode's name, `<hex>` of a number, `<@key>`, `<HASH160(@key)>`. */
function pieceOf(word: string): Piece {
  const key = keyShape.exec(word)?.[1];
  if (key !== undefined) return { type: 'key', key: Number(key) };
  const hashed = keyHashShape.exec(word)?.[1];
  if (hashed !== undefined) return { type: 'keyHash', key: Number(hashed) };
  if (numberShape.test(word)) {
    const number = Number(word);
    return { type: 'bytes', bytes: Uint8Array.of(number === 0 ? 0 : 0x50 + number) };
  }
  const bytes = bytesShape.exec(word)?.[1];
  if (bytes !== undefined) return { type: 'bytes', bytes: push(fromHex(bytes)) };
  const code = codes.get(word);
  assert(typeof code === 'number', 'the compiler names opcodes, numbers and keys');
  return { type: 'bytes', bytes: Uint8Array.of(code) };
}
