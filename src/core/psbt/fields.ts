import { concat, equalBytes, toHex } from '../base/bytes.ts';
import { PSBT_MAP_FIELDS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';

/** One key-value pair of a PSBT map (BIP 174): the key is its type followed by `keyData`. */
export interface Field {
  readonly type: number;
  readonly keyData: Uint8Array;
  readonly value: Uint8Array;
}

export type FieldMap = readonly Field[];

/** `psbt` and 0xff. */
export const PSBT_MAGIC = Uint8Array.of(0x70, 0x73, 0x62, 0x74, 0xff);

/** Field types of BIP 174 and 370 that Countersign knows by meaning. */
export const globalType = {
  unsignedTransaction: 0x00,
  xpub: 0x01,
  version: 0xfb,
  proprietary: 0xfc,
};
export const inputType = {
  nonWitnessUtxo: 0x00,
  witnessUtxo: 0x01,
  partialSignature: 0x02,
  sighash: 0x03,
  redeemScript: 0x04,
  witnessScript: 0x05,
  derivation: 0x06,
  finalScriptSig: 0x07,
  finalScriptWitness: 0x08,
  proprietary: 0xfc,
};
export const outputType = {
  redeemScript: 0x00,
  witnessScript: 0x01,
  derivation: 0x02,
  proprietary: 0xfc,
};

/**
 * Splits a PSBT into its maps, global first, then as many as follow. Strict: minimal sizes, no key twice in a map,
 * nothing cut off. How many maps there must be is judged by the caller, who knows the transaction.
 * Refuses with `psbt.malformed`, `psbt.field.count`.
 */
export function readMaps(bytes: Uint8Array): Result<readonly FieldMap[]> {
  if (!equalBytes(bytes.slice(0, PSBT_MAGIC.length), PSBT_MAGIC))
    return refuse('psbt.malformed', { reason: 'it does not begin as a PSBT' });
  const maps: FieldMap[] = [];
  let at = PSBT_MAGIC.length;
  while (at < bytes.length) {
    const map = readMap(bytes, at);
    if (!map.ok) return map;
    maps.push(map.value.fields);
    at = map.value.end;
  }
  return ok(maps);
}

function readMap(bytes: Uint8Array, start: number): Result<{ fields: FieldMap; end: number }> {
  const fields: Field[] = [];
  const seen = new Set<string>();
  let at = start;
  for (;;) {
    const key = readSized(bytes, at);
    if (key === null) return refuse('psbt.malformed', { reason: 'a key is cut off', at });
    at = key.end;
    if (key.value.length === 0) return ok({ fields, end: at });
    const value = readSized(bytes, at);
    if (value === null) return refuse('psbt.malformed', { reason: 'a value is cut off', at });
    at = value.end;
    const type = readSize(key.value, 0);
    if (type === null) return refuse('psbt.malformed', { reason: 'a key has no type', at });
    const name = toHex(key.value);
    if (seen.has(name)) return refuse('psbt.malformed', { reason: 'a key occurs twice', at });
    seen.add(name);
    if (fields.length === PSBT_MAP_FIELDS)
      return refuse('psbt.field.count', { most: PSBT_MAP_FIELDS });
    fields.push({ type: type.value, keyData: key.value.slice(type.end), value: value.value });
  }
}

function readSized(bytes: Uint8Array, at: number): { value: Uint8Array; end: number } | null {
  const size = readSize(bytes, at);
  if (size === null) return null;
  const end = size.end + size.value;
  return end <= bytes.length ? { value: bytes.slice(size.end, end), end } : null;
}

/** A CompactSize below 2^32 in its shortest form, or null. */
function readSize(bytes: Uint8Array, at: number): { value: number; end: number } | null {
  const first = bytes[at];
  if (first === undefined) return null;
  if (first < 0xfd) return { value: first, end: at + 1 };
  const width = first === 0xfd ? 2 : 4;
  const end = at + 1 + width;
  if (first === 0xff || end > bytes.length) return null;
  let value = 0;
  for (let i = width; i > 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value >= (width === 2 ? 0xfd : 0x10000) ? { value, end } : null;
}

/** The bytes of a PSBT of these maps, fields in the order given. */
export function writeMaps(maps: readonly FieldMap[]): Uint8Array {
  const parts: Uint8Array[] = [PSBT_MAGIC];
  for (const map of maps) {
    for (const { type, keyData, value } of map) {
      const key = concat(compactSize(type), keyData);
      parts.push(compactSize(key.length), key, compactSize(value.length), value);
    }
    parts.push(Uint8Array.of(0));
  }
  return concat(...parts);
}

/** Bitcoin's CompactSize in its shortest form. Requires 0 <= value < 2^32. */
export function compactSize(value: number): Uint8Array {
  if (value < 0xfd) return Uint8Array.of(value);
  const width = value <= 0xffff ? 2 : 4;
  return concat(Uint8Array.of(width === 2 ? 0xfd : 0xfe), littleEndian(value, width));
}

/** An unsigned integer, least byte first. Requires 0 <= value < 256^bytes. */
export function littleEndian(value: bigint | number, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  let rest = BigInt(value);
  for (let i = 0; i < bytes; i++) {
    out[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return out;
}
