import { concat, equalBytes } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { FieldMap } from './fields.ts';
import {
  compactSize,
  globalType,
  inputType,
  littleEndian,
  outputType,
  readNumber,
  single,
} from './fields.ts';

const LOCKTIME_THRESHOLD = 500_000_000;
const SEQUENCE_FINAL = 0xffffffff;
const OUTPUT_SILENT_PAYMENT = 0x09;

/** The fields that only version 2 has (BIP 370). */
export const globalOfVersion2: readonly number[] = [
  globalType.transactionVersion,
  globalType.fallbackLockTime,
  globalType.inputCount,
  globalType.outputCount,
  globalType.modifiable,
];
export const inputOfVersion2: readonly number[] = [
  inputType.previousTxid,
  inputType.outputIndex,
  inputType.sequence,
  inputType.requiredTime,
  inputType.requiredHeight,
];
export const outputOfVersion2: readonly number[] = [outputType.amount, outputType.script];

/**
 * The unsigned transaction that the fields of version 2 make. Refuses with `psbt.malformed`, `psbt.modifiable`,
 * `psbt.silentpayment`, `psbt.locktime.conflict`. Source: BIP 370.
 */
export function buildUnsigned(global: FieldMap, maps: readonly FieldMap[]): Result<Uint8Array> {
  if (single(global, globalType.unsignedTransaction) !== null)
    return malformed('version 2 has no unsigned transaction');
  const version = single(global, globalType.transactionVersion);
  const inputCount = countOf(global, globalType.inputCount);
  const outputCount = countOf(global, globalType.outputCount);
  if (version?.length !== 4 || inputCount === null || outputCount === null)
    return malformed('the version of the transaction or the count of its inputs or outputs');
  if (maps.length !== inputCount + outputCount) return malformed('the maps are not as many');
  const modifiable = single(global, globalType.modifiable);
  if (modifiable !== null && !equalBytes(modifiable, Uint8Array.of(0)))
    return refuse('psbt.modifiable', { flags: modifiable[0] ?? null });
  const inputs: Uint8Array[] = [];
  for (const [input, map] of maps.slice(0, inputCount).entries()) {
    const bytes = inputBytes(map);
    if (bytes === null) return malformed('an outpoint or sequence', { input });
    inputs.push(bytes);
  }
  const outputs: Uint8Array[] = [];
  for (const [output, map] of maps.slice(inputCount).entries()) {
    const amount = single(map, outputType.amount);
    const script = single(map, outputType.script);
    if (script === null && map.some(({ type }) => type === OUTPUT_SILENT_PAYMENT))
      return refuse('psbt.silentpayment', { output });
    if (amount?.length !== 8 || script === null)
      return malformed('an amount or script', { output });
    outputs.push(concat(amount, compactSize(script.length), script));
  }
  const lockTime = lockTimeOf(global, maps.slice(0, inputCount));
  if (!lockTime.ok) return lockTime;
  const head = concat(version, compactSize(inputCount), ...inputs);
  return ok(concat(head, compactSize(outputCount), ...outputs, littleEndian(lockTime.value, 4)));
}

function malformed(
  what: string,
  where: { readonly input?: number; readonly output?: number } = {},
): Result<never> {
  return refuse('psbt.malformed', { reason: `missing or wrong: ${what}`, ...where });
}

function countOf(global: FieldMap, type: number): number | null {
  const field = single(global, type);
  if (field === null) return null;
  const [first = 0] = field;
  const value = field.length === 1 ? first : readNumber(field.slice(1));
  return equalBytes(compactSize(value), field) ? value : null;
}

function inputBytes(map: FieldMap): Uint8Array | null {
  const txid = single(map, inputType.previousTxid);
  const vout = single(map, inputType.outputIndex);
  const sequence = single(map, inputType.sequence) ?? littleEndian(SEQUENCE_FINAL, 4);
  if (txid?.length !== 32 || vout?.length !== 4 || sequence.length !== 4) return null;
  return concat(txid, vout, Uint8Array.of(0), sequence);
}

/** The algorithm of BIP 370, "Determining Lock Time": heights are preferred where all inputs know them. */
function lockTimeOf(global: FieldMap, inputs: readonly FieldMap[]): Result<number> {
  const fallback = single(global, globalType.fallbackLockTime) ?? new Uint8Array(4);
  if (fallback.length !== 4) return malformed('the fallback lock time');
  const heights: (number | null)[] = [];
  const times: (number | null)[] = [];
  for (const [input, map] of inputs.entries()) {
    const height = requiredLock(map, inputType.requiredHeight);
    const time = requiredLock(map, inputType.requiredTime);
    const isHeight = height === null || (height > 0 && height < LOCKTIME_THRESHOLD);
    const isTime = time === null || time >= LOCKTIME_THRESHOLD;
    if (!isHeight || !isTime) return malformed('a required lock time', { input });
    if (height === null && time === null) continue;
    heights.push(height);
    times.push(time);
  }
  if (heights.length === 0) return ok(readNumber(fallback));
  for (const locks of [heights, times]) {
    const known = locks.filter((lock) => lock !== null);
    if (known.length === locks.length) return ok(Math.max(...known));
  }
  return refuse('psbt.locktime.conflict', { inputs: heights.length });
}

/** Null where there is none; NaN, which is in no range, where it has no 4 bytes. */
function requiredLock(map: FieldMap, type: number): number | null {
  const field = single(map, type);
  if (field === null) return null;
  return field.length === 4 ? readNumber(field) : Number.NaN;
}
