import { concat, equalBytes } from '../base/bytes.ts';
import { PSBT_MAP_FIELDS } from '../base/limits.ts';
import type { Facts, Result } from '../base/result.ts';
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

/** Field types of BIP 174, 370, 371 and 373 that Countersign knows by meaning. */
export const globalType = {
  unsignedTransaction: 0x00,
  xpub: 0x01,
  transactionVersion: 0x02,
  fallbackLockTime: 0x03,
  inputCount: 0x04,
  outputCount: 0x05,
  modifiable: 0x06,
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
  previousTxid: 0x0e,
  outputIndex: 0x0f,
  sequence: 0x10,
  requiredTime: 0x11,
  requiredHeight: 0x12,
  taprootKeySignature: 0x13,
  taprootLeafSignature: 0x14,
  taprootLeaf: 0x15,
  taprootDerivation: 0x16,
  taprootInternalKey: 0x17,
  taprootRoot: 0x18,
  proprietary: 0xfc,
};
export const outputType = {
  redeemScript: 0x00,
  witnessScript: 0x01,
  derivation: 0x02,
  amount: 0x03,
  script: 0x04,
  taprootInternalKey: 0x05,
  taprootTree: 0x06,
  taprootDerivation: 0x07,
  musigParticipants: 0x08,
  proprietary: 0xfc,
};

/**
 * Splits a PSBT into its maps, global first, then as many as follow, at most `most`. Strict: minimal sizes, no key twice in
 * a map, nothing cut off. How many maps there must be is judged by the caller, who knows the transaction.
 * Refuses with `psbt.malformed`, `psbt.encoding`, `psbt.field.duplicate`, `psbt.field.count`, `psbt.transaction.count`.
 */
export function readMaps(bytes: Uint8Array, most = Infinity): Result<readonly FieldMap[]> {
  if (!equalBytes(bytes.subarray(0, PSBT_MAGIC.length), PSBT_MAGIC))
    return refuse('psbt.malformed', { reason: 'it does not begin as a PSBT' });
  const maps: FieldMap[] = [];
  let at = PSBT_MAGIC.length;
  while (at < bytes.length) {
    if (maps.length >= most) return refuse('psbt.transaction.count', { maps: maps.length, most });
    const map = readMap(bytes, at);
    if (!map.ok) return map;
    maps.push(map.value.fields);
    at = map.value.end;
  }
  return ok(maps);
}

function readMap(bytes: Uint8Array, start: number): Result<{ fields: FieldMap; end: number }> {
  const fields: Field[] = [];
  let at = start;
  for (;;) {
    const key = readSized(bytes, at);
    if (key === null) return refuse(...unreadable(bytes, at, 'key'));
    at = key.end;
    if (key.value.length === 0) return ok({ fields, end: at });
    const value = readSized(bytes, at);
    if (value === null) return refuse(...unreadable(bytes, at, 'value'));
    const type = readSize(key.value, 0);
    if (type === null) return refuse('psbt.malformed', { reason: 'a key has no type', at });
    const keyData = key.value.slice(type.end);
    if (fields.some((one) => one.type === type.value && equalBytes(one.keyData, keyData)))
      return refuse('psbt.field.duplicate', { field: type.value, at });
    if (fields.length === PSBT_MAP_FIELDS)
      return refuse('psbt.field.count', { most: PSBT_MAP_FIELDS });
    fields.push({ type: type.value, keyData, value: value.value });
    at = value.end;
  }
}

/** Cut off, or a size that has a shorter form. */
function unreadable(
  bytes: Uint8Array,
  at: number,
  part: string,
): ['psbt.malformed' | 'psbt.encoding', Facts] {
  const first = bytes[at] ?? 0;
  const isCut =
    first === 0xff ||
    readSize(bytes, at) !== null ||
    at + 1 + (first === 0xfd ? 2 : 4) > bytes.length;
  return isCut
    ? ['psbt.malformed', { reason: `a ${part} is cut off`, at }]
    : ['psbt.encoding', { reason: `the size of a ${part} is not minimal`, at }];
}

function readSized(bytes: Uint8Array, at: number): { value: Uint8Array; end: number } | null {
  const size = readSize(bytes, at);
  if (size === null) return null;
  const end = size.end + size.value;
  return end <= bytes.length ? { value: bytes.slice(size.end, end), end } : null;
}

/** A CompactSize below 2^32 in its shortest form, or null. */
export function readSize(bytes: Uint8Array, at: number): { value: number; end: number } | null {
  const first = bytes[at];
  if (first === undefined) return null;
  if (first < 0xfd) return { value: first, end: at + 1 };
  const width = first === 0xfd ? 2 : 4;
  const end = at + 1 + width;
  if (first === 0xff || end > bytes.length) return null;
  const value = readNumber(bytes.subarray(at + 1, end));
  return value >= (width === 2 ? 0xfd : 0x10000) ? { value, end } : null;
}

/** An unsigned integer, least byte first. Requires at most 6 bytes. */
export function readNumber(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

/** The items of a serialised witness, or null when it is none, or more than 10,000. */
export function readItems(witness: Uint8Array): readonly Uint8Array[] | null {
  const count = readSize(witness, 0);
  if (count === null || count.value > 10_000) return null;
  const items: Uint8Array[] = [];
  let at = count.end;
  for (let i = 0; i < count.value; i++) {
    const item = readSized(witness, at);
    if (item === null) return null;
    items.push(item.value);
    at = item.end;
  }
  return at === witness.length ? items : null;
}

/** The one field of a type without key data, or null. */
export function single(map: FieldMap, type: number): Uint8Array | null {
  const found = map.find((field) => field.type === type && field.keyData.length === 0);
  return found?.value ?? null;
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

/** An unsigned integer, least byte first. Requires 0 <= value < 256^bytes, below 2^53 where it is a number. */
export function littleEndian(value: bigint | number, bytes: number): Uint8Array {
  const out = new Uint8Array(bytes);
  let rest = Number(value);
  if (Number.isSafeInteger(rest)) {
    for (let i = 0; i < bytes; i++) {
      out[i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return out;
  }
  let large = BigInt(value);
  for (let i = 0; i < bytes; i++) {
    out[i] = Number(large & 0xffn);
    large >>= 8n;
  }
  return out;
}
