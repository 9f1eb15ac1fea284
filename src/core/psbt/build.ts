import { Transaction } from 'bitcoinjs-lib';
import { assert } from '../base/assert.ts';
import { concat, fromHex, reversed } from '../base/bytes.ts';
import type { Sats } from '../base/sats.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { writeDerivations } from './derivations.ts';
import type { FieldMap } from './fields.ts';
import {
  compactSize,
  globalType,
  inputType,
  littleEndian,
  outputType,
  writeMaps,
} from './fields.ts';
import type { Coin } from './spend.ts';
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

/**
 * A PSBT of version 0 for other programs and hardware wallets: previous transactions, witness UTXOs, scripts and
 * derivations of our inputs and change. Requires transaction and coins as readSpend proved them; `change` is by
 * output the index on branch 1, or undefined for payments. The order of fields is Bitcoin Core's.
 */
export function toPsbt(
  wallet: Wallet,
  transaction: Uint8Array,
  coins: readonly Coin[],
  change: readonly (number | undefined)[] = [],
): Uint8Array {
  const parsed = parseUnsigned(transaction);
  assert(
    parsed.ok && parsed.value.inputs.length === coins.length,
    'the transaction was read before',
  );
  const global: FieldMap = [field(globalType.unsignedTransaction, transaction)];
  const outputs = parsed.value.outputs.map((_, at) => {
    const index = change[at];
    return index === undefined ? [] : changeFields(wallet, index);
  });
  return writeMaps([global, ...coins.map((coin) => inputFields(wallet, coin)), ...outputs]);
}

function inputFields(wallet: Wallet, coin: Coin): FieldMap {
  const { parent, script, sats, branch, index } = coin;
  const utxo = concat(littleEndian(sats, 8), compactSize(script.length), script);
  const witness = wallet.witnessScript(branch, index);
  return [
    field(inputType.nonWitnessUtxo, parent),
    field(inputType.witnessUtxo, utxo),
    ...(witness === null ? [] : [field(inputType.witnessScript, witness)]),
    ...writeDerivations(wallet, coin, inputType.derivation),
  ];
}

function changeFields(wallet: Wallet, index: number): FieldMap {
  const witness = wallet.witnessScript(1, index);
  return [
    ...(witness === null ? [] : [field(outputType.witnessScript, witness)]),
    ...writeDerivations(wallet, { branch: 1, index }, outputType.derivation),
  ];
}

function field(type: number, value: Uint8Array): FieldMap[number] {
  return { type, keyData: new Uint8Array(0), value };
}
