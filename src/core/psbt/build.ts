import { Transaction } from 'bitcoinjs-lib';
import { assert } from '../base/assert.ts';
import { concat, fromHex, reversed, toHex } from '../base/bytes.ts';
import type { Sats } from '../base/sats.ts';
import type { TaprootLeaf, Wallet } from '../wallet/wallet.ts';
import { writeDerivations, writeTaprootDerivations } from './derivations.ts';
import type { FieldMap } from './fields.ts';
import {
  compactSize,
  globalType,
  inputType,
  littleEndian,
  outputType,
  writeMaps,
} from './fields.ts';
import type { PartialSignature } from './signatures.ts';
import type { ClaimedCoin } from './spend.ts';
import { parseUnsigned } from './transaction.ts';

export { estimateVbytes } from './size.ts';

/** Signals replaceability (BIP 125), enables the lock time, disables relative lock times (BIP 68). */
export const SEQUENCE_REPLACEABLE = 0xfffffffd;

export interface TransactionPlan {
  /** `txid:vout`, txid in display order. */
  readonly inputs: readonly { readonly outpoint: string; readonly sequence?: number }[];
  readonly outputs: readonly { readonly script: Uint8Array; readonly sats: Sats }[];
  /** A height, or 0. */
  readonly lockTime: number;
}

/**
 * Serialises an unsigned transaction of version 2 in the given order. Inputs signal replaceability unless a
 * sequence is given. Requires well-formed outpoints; whether the spend may be made is judged by readSpend.
 */
export function buildTransaction({ inputs, outputs, lockTime }: TransactionPlan): Uint8Array {
  const transaction = new Transaction();
  transaction.version = 2;
  transaction.locktime = lockTime;
  for (const { outpoint, sequence = SEQUENCE_REPLACEABLE } of inputs) {
    const [txid = '', vout = ''] = outpoint.split(':');
    assert(/^[0-9a-f]{64}:[0-9]{1,10}$/.test(outpoint), 'an outpoint is txid:vout');
    transaction.addInput(reversed(fromHex(txid)), Number(vout), sequence);
  }
  for (const { script, sats } of outputs) transaction.addOutput(script, sats);
  return transaction.toBuffer();
}

/** What a PSBT is made of. */
export interface PsbtContent {
  readonly wallet: Wallet;
  readonly transaction: Uint8Array;
  /** As readSpend proved them. */
  readonly coins: readonly ClaimedCoin[];
  /** By output the index on branch 1, undefined for payments. */
  readonly change?: readonly (number | undefined)[];
  /** By input, verified. */
  readonly signatures?: readonly (readonly PartialSignature[])[];
}

/**
 * A PSBT of version 0 (BIP 174, 371) for other programs and hardware wallets: previous transactions, witness UTXOs, scripts
 * and derivations of our inputs and change. Field for field what Bitcoin Core writes.
 */
export function toPsbt(content: PsbtContent): Uint8Array {
  const { inputs, outputs } = mapsOf(content);
  const global = [field(globalType.unsignedTransaction, content.transaction)];
  return writeMaps([global, ...inputs, ...outputs]);
}

/** The same in version 2 (BIP 370). Nothing in it may be modified. */
export function toPsbt2(content: PsbtContent): Uint8Array {
  const { plain, inputs, outputs } = mapsOf(content);
  const global = [
    field(globalType.transactionVersion, littleEndian(plain.version, 4)),
    field(globalType.fallbackLockTime, littleEndian(plain.lockTime, 4)),
    field(globalType.inputCount, compactSize(inputs.length)),
    field(globalType.outputCount, compactSize(outputs.length)),
    field(globalType.version, littleEndian(2, 4)),
  ];
  const spending = plain.inputs.map(({ txid, vout, sequence }, at) => [
    ...(inputs[at] ?? []),
    field(inputType.previousTxid, reversed(fromHex(txid))),
    field(inputType.outputIndex, littleEndian(vout, 4)),
    field(inputType.sequence, littleEndian(sequence, 4)),
  ]);
  const paying = plain.outputs.map(({ script, value }, at) => [
    ...(outputs[at] ?? []),
    field(outputType.amount, littleEndian(value, 8)),
    field(outputType.script, script),
  ]);
  return writeMaps([global, ...spending, ...paying.map(inOrder)]);
}

function mapsOf({ wallet, transaction, coins, change = [], signatures = [] }: PsbtContent) {
  const parsed = parseUnsigned(transaction);
  assert(
    parsed.ok && parsed.value.inputs.length === coins.length,
    'the transaction was read before',
  );
  const plain = parsed.value;
  const outputs = plain.outputs.map((_, at) => {
    const index = change[at];
    return index === undefined ? [] : inOrder(changeFields(wallet, index));
  });
  const inputs = coins.map((coin, at) => {
    const signed = (signatures[at] ?? []).map((one) => signatureField(wallet, coin, one));
    return inOrder([...inputFields(wallet, coin), ...signed]);
  });
  return { plain, inputs, outputs };
}

/** By type, then by key. */
function inOrder(map: FieldMap): FieldMap {
  return [...map].sort((a, b) => a.type - b.type || (toHex(a.keyData) < toHex(b.keyData) ? -1 : 1));
}

function inputFields(wallet: Wallet, coin: ClaimedCoin): FieldMap {
  const { parent, script, sats, branch, index } = coin;
  const utxo = concat(littleEndian(sats, 8), compactSize(script.length), script);
  const { redeemScript, witnessScript, taproot } = wallet.scripts(branch, index);
  if (taproot !== null)
    return [
      field(inputType.witnessUtxo, utxo),
      ...taproot.leaves.map((leaf) => ({
        type: inputType.taprootLeaf,
        keyData: leaf.controlBlock,
        value: concat(leaf.script, Uint8Array.of(leaf.version)),
      })),
      ...writeTaprootDerivations(wallet, coin, inputType.taprootDerivation),
      field(inputType.taprootInternalKey, taproot.internalKey),
      ...optional(inputType.taprootRoot, taproot.merkleRoot),
    ];
  return [
    ...optional(inputType.nonWitnessUtxo, parent),
    ...(wallet.signing === 'legacy' ? [] : [field(inputType.witnessUtxo, utxo)]),
    ...optional(inputType.redeemScript, redeemScript),
    ...optional(inputType.witnessScript, witnessScript),
    ...writeDerivations(wallet, coin, inputType.derivation),
  ];
}

function signatureField(
  wallet: Wallet,
  { branch, index }: ClaimedCoin,
  { key, signature }: PartialSignature,
): FieldMap[number] {
  const value = fromHex(signature);
  if (wallet.signing === 'taproot-key') return field(inputType.taprootKeySignature, value);
  if (wallet.signing !== 'taproot-leaf')
    return { type: inputType.partialSignature, keyData: fromHex(key), value };
  const leaf = wallet.scripts(branch, index).taproot?.leaf;
  assert(leaf !== null && leaf !== undefined, 'a wallet that signs by a leaf has one');
  const keyData = concat(fromHex(key), leaf.hash);
  return { type: inputType.taprootLeafSignature, keyData, value };
}

function changeFields(wallet: Wallet, index: number): FieldMap {
  const place = { branch: 1, index } as const;
  const { redeemScript, witnessScript, taproot } = wallet.scripts(1, index);
  if (taproot !== null)
    return [
      field(outputType.taprootInternalKey, taproot.internalKey),
      ...(taproot.leaves.length === 0
        ? []
        : [field(outputType.taprootTree, treeBytes(taproot.leaves))]),
      ...writeTaprootDerivations(wallet, place, outputType.taprootDerivation),
    ];
  return [
    ...optional(outputType.redeemScript, redeemScript),
    ...optional(outputType.witnessScript, witnessScript),
    ...writeDerivations(wallet, place, outputType.derivation),
  ];
}

/** BIP 371: of each leaf, depth first, its depth, version and script. A control block has 33 bytes and 32 a step. */
function treeBytes(leaves: readonly TaprootLeaf[]): Uint8Array {
  return concat(
    ...leaves.flatMap(({ controlBlock, version, script }) => [
      Uint8Array.of((controlBlock.length - 33) / 32, version),
      compactSize(script.length),
      script,
    ]),
  );
}

function field(type: number, value: Uint8Array): FieldMap[number] {
  return { type, keyData: new Uint8Array(0), value };
}

function optional(type: number, value: Uint8Array | null): FieldMap {
  return value === null ? [] : [field(type, value)];
}
