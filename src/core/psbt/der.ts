import { script as bitcoinScript } from 'bitcoinjs-lib';
import { assert } from '../base/assert.ts';
import { concat, fromHex, toHex } from '../base/bytes.ts';

const SIGHASH_ALL = 1;
const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** Order of the curve, and half of it, as 64 hex digits: texts of one length compare as their numbers do. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const ORDER_HEX = ORDER.toString(16);
const HALF_HEX = (ORDER >> 1n).toString(16);
const ZERO_HEX = '0'.repeat(64);

/** DER with the sighash byte of SIGHASH_ALL, as hex, of 64 bytes r || s. A high s is turned low (BIP 146). */
export function encodeSignature(compact: Uint8Array): string {
  return toHex(bitcoinScript.signature.encode(lowS(compact), SIGHASH_ALL));
}

/**
 * The 64 bytes r || s of strict DER (BIP 66) and the byte of SIGHASH_ALL, with low S (BIP 146), both within the order; or
 * null. `30 length 02 length r 02 length s 01`, of which all is fixed but r and s.
 */
export function decodeSignature(bytes: Uint8Array): Uint8Array | null {
  const end = bytes.length - 1;
  if (bytes[end] !== SIGHASH_ALL || bytes[0] !== SEQUENCE || bytes[1] !== end - 2) return null;
  const r = readInteger(bytes, 2, end);
  const s = r === null ? null : readInteger(bytes, r.end, end);
  if (r === null || s?.end !== end) return null;
  const compact = new Uint8Array(64);
  compact.set(r.digits, 32 - r.digits.length);
  compact.set(s.digits, 64 - s.digits.length);
  const inRange = isScalar(compact.subarray(0, 32)) && isScalar(compact.subarray(32));
  return inRange && isLowS(compact) ? compact : null;
}

/** A positive integer of at most 32 bytes, in as few as it takes: a zero stands before a first bit of 1, and only there. */
function readInteger(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly digits: Uint8Array; readonly end: number } | null {
  const length = bytes[at + 1] ?? 0;
  const from = at + 2;
  const [first = 0, second = 0] = bytes.subarray(from, from + 2);
  const isWhole = bytes[at] === INTEGER && length > 0 && from + length <= end;
  if (!isWhole || first >= 0x80) return null;
  if (first === 0 && (length === 1 || second < 0x80)) return null;
  const digits = bytes.subarray(first === 0 ? from + 1 : from, from + length);
  return digits.length <= 32 ? { digits, end: from + length } : null;
}

function isLowS(compact: Uint8Array): boolean {
  return toHex(compact.subarray(32)) <= HALF_HEX;
}

function lowS(compact: Uint8Array): Uint8Array {
  assert(compact.length === 64, 'a compact signature has 64 bytes');
  if (isLowS(compact)) return compact;
  const s = ORDER - BigInt(`0x${toHex(compact.slice(32))}`);
  return concat(compact.slice(0, 32), fromHex(s.toString(16).padStart(64, '0')));
}

/** DER holds any r below 2^256; the verifier throws at one that is no scalar of the curve. */
function isScalar(bytes: Uint8Array): boolean {
  const hex = toHex(bytes);
  return hex > ZERO_HEX && hex < ORDER_HEX;
}
