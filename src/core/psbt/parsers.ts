import { Psbt } from 'bitcoinjs-lib';
import { Transaction as SecondParser } from '@scure/btc-signer';
import { equalBytes } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { FieldMap } from './fields.ts';
import { globalType, inputType, outputType, writeMaps } from './fields.ts';
import type { OpenedPsbt } from './open.ts';
import { globalOfVersion2, inputOfVersion2, outputOfVersion2 } from './version2.ts';

/**
 * The strict gate: both libraries read the PSBT and see the same unsigned transaction as we do. bitcoinjs-lib knows
 * version 0 only, so it reads the same fields in that version. Refuses with `psbt.malformed`, `psbt.parsers.differ`.
 */
export function passParsers(opened: OpenedPsbt): Result<null> {
  const { transaction } = opened;
  let second: Uint8Array;
  try {
    second = readBySecond(opened).unsignedTx;
  } catch {
    return refuse('psbt.malformed', { reason: 'the strict parser refuses it' });
  }
  let first: Uint8Array;
  try {
    first = Psbt.fromBuffer(asVersion0(opened)).data.getTransaction();
  } catch {
    return refuse('psbt.parsers.differ');
  }
  if (!equalBytes(first, transaction) || !equalBytes(second, transaction))
    return refuse('psbt.parsers.differ');
  return ok(null);
}

/**
 * Fields that hold keys: all of them mere claims. Ours and our scripts are derived again, and signatures verified by those.
 * And previous transactions, which both libraries have read by then (parseParent).
 */
const leftOut = {
  global: [globalType.xpub],
  input: [
    inputType.nonWitnessUtxo,
    inputType.partialSignature,
    inputType.redeemScript,
    inputType.witnessScript,
    inputType.derivation,
    inputType.taprootKeySignature,
    inputType.taprootLeafSignature,
    inputType.taprootLeaf,
    inputType.taprootDerivation,
    inputType.taprootInternalKey,
    inputType.taprootRoot,
  ],
  output: [
    outputType.redeemScript,
    outputType.witnessScript,
    outputType.derivation,
    outputType.taprootInternalKey,
    outputType.taprootTree,
    outputType.taprootDerivation,
    outputType.musigParticipants,
  ],
};

/**
 * What @scure/btc-signer reads, which may throw: all but fields that hold keys, each of which it looks for on the curve, at
 * more cost than verifying a signature, and previous transactions, which it would read twice more.
 */
export function readBySecond({ global, inputs, outputs }: OpenedPsbt): SecondParser {
  const bytes = writeMaps([
    without(leftOut.global, global),
    ...inputs.map((map) => without(leftOut.input, map)),
    ...outputs.map((map) => without(leftOut.output, map)),
  ]);
  return SecondParser.fromPSBT(bytes, { unknown: 'ignore', proprietary: 'ignore' });
}

/** The same PSBT in version 0. */
export function asVersion0({
  version,
  bytes,
  transaction,
  global,
  inputs,
  outputs,
}: OpenedPsbt): Uint8Array {
  if (version === 0) return bytes;
  const unsigned = {
    type: globalType.unsignedTransaction,
    keyData: new Uint8Array(0),
    value: transaction,
  };
  return writeMaps([
    [unsigned, ...without([globalType.version, ...globalOfVersion2], global)],
    ...inputs.map((map) => without(inputOfVersion2, map)),
    ...outputs.map((map) => without(outputOfVersion2, map)),
  ]);
}

function without(types: readonly number[], map: FieldMap): FieldMap {
  return map.filter(({ type }) => !types.includes(type));
}
