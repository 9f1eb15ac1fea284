import { equalBytes } from '../base/bytes.ts';
import type { Facts, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { FieldMap } from './fields.ts';
import { globalType, inputType, littleEndian, outputType, readItems, single } from './fields.ts';
import type { OpenedPsbt } from './open.ts';
import { isTaproot } from './spend.ts';
import { globalOfVersion2, inputOfVersion2, outputOfVersion2 } from './version2.ts';

/** Lengths that the rest of a key, behind its type, and a value must have. */
interface Form {
  readonly key: (bytes: number) => boolean;
  readonly value: (bytes: number) => boolean;
}

const any = (): boolean => true;
const exactly =
  (...lengths: readonly number[]) =>
  (bytes: number): boolean =>
    lengths.includes(bytes);
const alone = (value: Form['value'] = any): Form => ({ key: exactly(0), value });
const PUBLIC_KEYS = exactly(33, 65);
/** Fingerprint and steps of 4 bytes each. */
const isPath = (bytes: number): boolean => bytes >= 4 && bytes % 4 === 0;
const SIGNATURE = exactly(64, 65);
/** Version, internal key and a path of at most 128 hashes (BIP 341). */
const isControlBlock = (bytes: number): boolean => bytes >= 33 && bytes <= 4129 && bytes % 32 === 1;

/** What is read of a PSBT, or ignored as a mere claim (BIP 174, 370, 371); others with a meaning are refused. */
const globalForms: ReadonlyMap<number, Form> = new Map([
  [globalType.unsignedTransaction, alone()],
  [globalType.xpub, { key: exactly(78), value: isPath }],
  [globalType.version, alone(exactly(4))],
  [globalType.transactionVersion, alone(exactly(4))],
  [globalType.fallbackLockTime, alone(exactly(4))],
  [globalType.inputCount, alone()],
  [globalType.outputCount, alone()],
  [globalType.modifiable, alone(exactly(1))],
]);
const inputForms: ReadonlyMap<number, Form> = new Map([
  [inputType.nonWitnessUtxo, alone()],
  [inputType.witnessUtxo, alone()],
  [inputType.partialSignature, { key: PUBLIC_KEYS, value: any }],
  [inputType.sighash, alone(exactly(4))],
  [inputType.redeemScript, alone()],
  [inputType.witnessScript, alone()],
  [inputType.derivation, { key: PUBLIC_KEYS, value: isPath }],
  [inputType.previousTxid, alone(exactly(32))],
  [inputType.outputIndex, alone(exactly(4))],
  [inputType.sequence, alone(exactly(4))],
  [inputType.requiredTime, alone(exactly(4))],
  [inputType.requiredHeight, alone(exactly(4))],
  [inputType.taprootKeySignature, alone(SIGNATURE)],
  [inputType.taprootLeafSignature, { key: exactly(64), value: SIGNATURE }],
  [inputType.taprootLeaf, { key: isControlBlock, value: (bytes) => bytes > 0 }],
  [inputType.taprootDerivation, { key: exactly(32), value: any }],
  [inputType.taprootInternalKey, alone(exactly(32))],
  [inputType.taprootRoot, alone(exactly(32))],
]);
const outputForms: ReadonlyMap<number, Form> = new Map([
  [outputType.redeemScript, alone()],
  [outputType.witnessScript, alone()],
  [outputType.derivation, { key: PUBLIC_KEYS, value: isPath }],
  [outputType.amount, alone(exactly(8))],
  [outputType.script, alone()],
  [outputType.taprootInternalKey, alone(exactly(32))],
  [outputType.taprootTree, alone((bytes) => bytes > 0)],
  [outputType.taprootDerivation, { key: exactly(32), value: any }],
  [outputType.musigParticipants, { key: exactly(33), value: any }],
]);

/** Highest types assigned a meaning by a BIP when this was written; a new one must be understood first. */
const HIGHEST_GLOBAL = 0x09;
const HIGHEST_INPUT = 0x20;
const HIGHEST_OUTPUT = 0x0a;
/** BIP 375: shares and proofs of payments to silent payment addresses, which have no script yet. */
const SILENT_GLOBAL = [0x07, 0x08];
const SILENT_INPUT = [0x1d, 0x1e];
const SILENT_OUTPUT = [0x09, 0x0a];
const SIGHASH_ALL = 1;
const SIGHASH_DEFAULT = 0;
const ANNEX = 0x50;

/**
 * Refuses fields of a wrong form, final fields, and fields with a meaning that is not ours to ignore. Returns how many are
 * dropped: unknown and proprietary ones. Refuses with `psbt.malformed`, `psbt.field.unsupported`, `psbt.silentpayment`,
 * `psbt.final`, `psbt.annex`, `psbt.sighash`.
 */
export function checkFields(
  { version, global, inputs, outputs }: OpenedPsbt,
  wallet: Wallet,
): Result<number> {
  const never = version === 2 ? [] : globalOfVersion2;
  const known = { forms: globalForms, highest: HIGHEST_GLOBAL, silent: SILENT_GLOBAL, never };
  const found = checkMap(global, known, { map: 'global' });
  if (!found.ok) return found;
  let dropped = found.value;
  for (const [input, map] of inputs.entries()) {
    const checked = checkInput(map, { version, input, wallet });
    if (!checked.ok) return checked;
    dropped += checked.value;
  }
  for (const [output, map] of outputs.entries()) {
    const checked = checkMap(
      map,
      {
        forms: outputForms,
        highest: HIGHEST_OUTPUT,
        silent: SILENT_OUTPUT,
        never: version === 2 ? [] : outputOfVersion2,
      },
      { output },
    );
    if (!checked.ok) return checked;
    dropped += checked.value;
  }
  return ok(dropped);
}

interface Where {
  readonly version: 0 | 2;
  readonly input: number;
  readonly wallet: Wallet;
}

function checkInput(map: FieldMap, { version, input, wallet }: Where): Result<number> {
  const witness = single(map, inputType.finalScriptWitness);
  if (witness !== null && hasAnnex(witness)) return refuse('psbt.annex', { input });
  if (witness !== null || single(map, inputType.finalScriptSig) !== null)
    return refuse('psbt.final', { input });
  const sighash = single(map, inputType.sighash);
  const isWhole =
    sighash === null ||
    equalBytes(sighash, littleEndian(SIGHASH_ALL, 4)) ||
    (isTaproot(wallet) && equalBytes(sighash, littleEndian(SIGHASH_DEFAULT, 4)));
  if (!isWhole) return refuse('psbt.sighash', { input, sighash: sighash[0] ?? null });
  const known = {
    forms: inputForms,
    highest: HIGHEST_INPUT,
    silent: SILENT_INPUT,
    never: version === 2 ? [] : inputOfVersion2,
  };
  return checkMap(map, known, { input });
}

/** The last of at least two items of a witness begins with 0x50 (BIP 341). Items as they stand, sizes of one byte or more. */
function hasAnnex(witness: Uint8Array): boolean {
  const items = readItems(witness);
  return items !== null && items.length >= 2 && items.at(-1)?.[0] === ANNEX;
}

interface Known {
  readonly forms: ReadonlyMap<number, Form>;
  readonly highest: number;
  readonly silent: readonly number[];
  /** Types that this version does not have. */
  readonly never: readonly number[];
}

function checkMap(
  map: FieldMap,
  { forms, highest, silent, never }: Known,
  where: Facts,
): Result<number> {
  let dropped = 0;
  for (const { type, keyData, value } of map) {
    const form = forms.get(type);
    if (never.includes(type))
      return refuse('psbt.malformed', { reason: 'a field of version 2', field: type, ...where });
    if (form === undefined) {
      if (silent.includes(type)) return refuse('psbt.silentpayment', { field: type, ...where });
      if (type <= highest) return refuse('psbt.field.unsupported', { field: type, ...where });
      dropped += 1;
    } else if (!form.key(keyData.length) || !form.value(value.length))
      return refuse('psbt.malformed', {
        reason: 'a field has a wrong length',
        field: type,
        ...where,
      });
  }
  return ok(dropped);
}
