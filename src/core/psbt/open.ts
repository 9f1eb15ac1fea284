import { PSBT_BYTES, SPEND_OUTPUTS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { FieldMap } from './fields.ts';
import { globalType, readMaps, single } from './fields.ts';
import type { SizeBounds } from './spend.ts';
import { spendSize } from './spend.ts';
import type { PlainTransaction } from './transaction.ts';
import { parseUnsigned } from './transaction.ts';
import { buildUnsigned } from './version2.ts';

/** A PSBT of either version, taken apart. */
export interface OpenedPsbt {
  readonly version: 0 | 2;
  /** As they came. */
  readonly bytes: Uint8Array;
  /** Unsigned: as it stands in version 0, put together from the fields of version 2. */
  readonly transaction: Uint8Array;
  readonly plain: PlainTransaction;
  readonly global: FieldMap;
  readonly inputs: readonly FieldMap[];
  readonly outputs: readonly FieldMap[];
}

/**
 * Takes a PSBT of version 0 (BIP 174) or 2 (BIP 370) apart: sizes first, then maps, then the unsigned transaction by two
 * parsers. Refuses with `psbt.too.large`, `psbt.malformed`, `psbt.encoding`, `psbt.field.*`, `psbt.version.unsupported`,
 * `psbt.modifiable`, `psbt.locktime.conflict`, `psbt.silentpayment`, `psbt.transaction.*`, `psbt.parsers.differ`.
 */
export function openPsbt(bytes: Uint8Array, size: SizeBounds = spendSize): Result<OpenedPsbt> {
  if (bytes.length > PSBT_BYTES)
    return refuse('psbt.too.large', { bytes: bytes.length, most: PSBT_BYTES });
  const maps = readMaps(bytes, 1 + size.inputs + SPEND_OUTPUTS);
  if (!maps.ok) return maps;
  const [global = [], ...rest] = maps.value;
  const version = versionOf(global);
  if (!version.ok) return version;
  const built = version.value === 0 ? unsignedOf(global) : buildUnsigned(global, rest);
  if (!built.ok) return built;
  const transaction = built.value;
  if (transaction.length > size.weight / 4)
    return refuse('psbt.too.large', { bytes: transaction.length, most: size.weight / 4 });
  const plain = parseUnsigned(transaction);
  if (!plain.ok) return plain;
  const { inputs, outputs } = plain.value;
  const expected = inputs.length + outputs.length;
  if (rest.length !== expected)
    return refuse(rest.length > expected ? 'psbt.encoding' : 'psbt.malformed', {
      reason: 'the maps do not match the inputs and outputs',
      maps: rest.length,
    });
  return ok({
    version: version.value,
    bytes,
    transaction,
    plain: plain.value,
    global,
    inputs: rest.slice(0, inputs.length),
    outputs: rest.slice(inputs.length),
  });
}

function versionOf(global: FieldMap): Result<0 | 2> {
  const field = single(global, globalType.version);
  if (field === null) return ok(0);
  if (field.length !== 4) return refuse('psbt.malformed', { reason: 'the version has no 4 bytes' });
  const [least, ...more] = field;
  if (more.some((byte) => byte !== 0) || (least !== 0 && least !== 2))
    return refuse('psbt.version.unsupported', { version: least ?? null });
  return ok(least);
}

function unsignedOf(global: FieldMap): Result<Uint8Array> {
  const transaction = single(global, globalType.unsignedTransaction);
  return transaction === null
    ? refuse('psbt.malformed', { reason: 'there is no unsigned transaction' })
    : ok(transaction);
}
