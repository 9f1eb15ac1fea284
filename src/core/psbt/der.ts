import { script as bitcoinScript } from 'bitcoinjs-lib';
import { assert } from '../base/assert.ts';
import { concat, equalBytes, fromHex, toHex } from '../base/bytes.ts';

const SIGHASH_ALL = 1;
/** Order of the curve, and half of it, as 64 hex digits: texts of one length compare as their numbers do. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const ORDER_HEX = ORDER.toString(16);
const HALF_HEX = (ORDER >> 1n).toString(16);
const ZERO_HEX = '0'.repeat(64);

/** DER with the sighash byte of SIGHASH_ALL, as hex, of 64 bytes r || s. A high s is turned low (BIP 146). */
export function encodeSignature(compact: Uint8Array): string {
  return toHex(bitcoinScript.signature.encode(lowS(compact), SIGHASH_ALL));
}

/** The 64 bytes r || s of strict DER (BIP 66) and sighash byte with low S (BIP 146), both within the order, or null. */
export function decodeSignature(bytes: Uint8Array): Uint8Array | null {
  try {
    const { signature } = bitcoinScript.signature.decode(bytes);
    const again = bitcoinScript.signature.encode(signature, SIGHASH_ALL);
    const inRange = isScalar(signature.subarray(0, 32)) && isScalar(signature.subarray(32));
    return equalBytes(again, bytes) && inRange && isLowS(signature) ? signature : null;
  } catch {
    return null; // the library says no by throwing
  }
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
