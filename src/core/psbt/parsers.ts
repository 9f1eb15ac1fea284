import { Psbt } from 'bitcoinjs-lib';
import { Transaction as SecondParser } from '@scure/btc-signer';
import { equalBytes } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { FieldMap } from './fields.ts';
import { globalType, writeMaps } from './fields.ts';
import type { OpenedPsbt } from './open.ts';
import { globalOfVersion2, inputOfVersion2, outputOfVersion2 } from './version2.ts';

/**
 * The strict gate: both libraries read the whole PSBT and see the same unsigned transaction as we do. bitcoinjs-lib knows
 * version 0 only, so it reads the same fields in that version. Refuses with `psbt.malformed`, `psbt.parsers.differ`.
 */
export function passParsers(bytes: Uint8Array, opened: OpenedPsbt): Result<null> {
  const { version, transaction } = opened;
  let second: Uint8Array;
  try {
    second = SecondParser.fromPSBT(bytes, { unknown: 'ignore', proprietary: 'ignore' }).unsignedTx;
  } catch {
    return refuse('psbt.malformed', { reason: 'the strict parser refuses it' });
  }
  let first: Uint8Array;
  try {
    const read = Psbt.fromBuffer(version === 0 ? bytes : asVersion0(opened));
    first = read.data.getTransaction();
  } catch {
    return refuse('psbt.parsers.differ');
  }
  if (!equalBytes(first, transaction) || !equalBytes(second, transaction))
    return refuse('psbt.parsers.differ');
  return ok(null);
}

/** The same PSBT in version 0. */
export function asVersion0({ transaction, global, inputs, outputs }: OpenedPsbt): Uint8Array {
  const without = (types: readonly number[]) => (map: FieldMap) =>
    map.filter(({ type }) => !types.includes(type));
  const unsigned = {
    type: globalType.unsignedTransaction,
    keyData: new Uint8Array(0),
    value: transaction,
  };
  return writeMaps([
    [
      unsigned,
      ...without([globalType.unsignedTransaction, globalType.version, ...globalOfVersion2])(global),
    ],
    ...inputs.map(without(inputOfVersion2)),
    ...outputs.map(without(outputOfVersion2)),
  ]);
}
