import { Transaction } from 'bitcoinjs-lib';
import { RawTx } from '@scure/btc-signer';
import { equalBytes, reversed, toHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';

/** An unsigned transaction as both parsers read it. */
export interface PlainTransaction {
  readonly version: number;
  readonly lockTime: number;
  readonly inputs: readonly {
    /** `txid:vout`, the txid in display order. */
    readonly outpoint: string;
    readonly txid: string;
    readonly vout: number;
    readonly sequence: number;
  }[];
  readonly outputs: readonly { readonly script: Uint8Array; readonly value: bigint }[];
}

/** A previous transaction, without its witness. */
export interface ParentTransaction {
  /** Display order. */
  readonly txid: string;
  readonly stripped: Uint8Array;
  readonly outputs: readonly { readonly script: Uint8Array; readonly value: bigint }[];
}

/**
 * Reads an unsigned transaction by two independent parsers that must agree on every field. Accepts exactly its
 * canonical serialisation: no witness, no scriptSig, minimal sizes, nothing behind it.
 * Refuses with `psbt.transaction.malformed`, `psbt.transaction.signed`, `psbt.parsers.differ`.
 */
export function parseUnsigned(bytes: Uint8Array): Result<PlainTransaction> {
  const transaction = parseStrict(bytes);
  if (transaction === null) return refuse('psbt.transaction.malformed');
  if (transaction.hasWitnesses() || transaction.ins.some(({ script }) => script.length > 0))
    return refuse('psbt.transaction.signed');
  const first: PlainTransaction = {
    version: transaction.version,
    lockTime: transaction.locktime,
    inputs: transaction.ins.map(({ hash, index, sequence }) =>
      plainInput(reversed(hash), index, sequence),
    ),
    outputs: transaction.outs.map(({ script, value }) => ({ script, value })),
  };
  const read = parseSecond(bytes);
  if (read === null) return refuse('psbt.parsers.differ');
  const inputs = read.inputs.map(({ txid, index, sequence }) => plainInput(txid, index, sequence));
  return sameTransaction(first, { ...read, inputs }) ? ok(first) : refuse('psbt.parsers.differ');
}

/**
 * Reads a previous transaction and strips its witness, since the txid is the hash without it. Returns null for
 * bytes that are not the canonical serialisation of a transaction, and where the two parsers see other outputs in them.
 * Says nothing on whether it is in the chain.
 */
export function parseParent(bytes: Uint8Array): ParentTransaction | null {
  const transaction = parseStrict(bytes);
  const second = parseSecond(bytes);
  if (transaction === null || second === null) return null;
  const hasWitness = transaction.hasWitnesses();
  if (hasWitness) transaction.stripWitnesses();
  const outputs = transaction.outs.map(({ script, value }) => ({ script, value }));
  if (!sameOutputs(outputs, second.outputs)) return null;
  return {
    txid: transaction.getId(),
    stripped: hasWitness ? transaction.toBuffer() : bytes,
    outputs,
  };
}

/** True when both readings hold the same inputs, outputs, amounts, version and lock time, in order. */
export function sameTransaction(a: PlainTransaction, b: PlainTransaction): boolean {
  return (
    a.version === b.version &&
    a.lockTime === b.lockTime &&
    a.inputs.length === b.inputs.length &&
    a.inputs.every((input, at) => {
      const other = b.inputs[at];
      return other?.outpoint === input.outpoint && other.sequence === input.sequence;
    }) &&
    sameOutputs(a.outputs, b.outputs)
  );
}

function sameOutputs(a: PlainTransaction['outputs'], b: PlainTransaction['outputs']): boolean {
  return (
    a.length === b.length &&
    a.every((output, at) => {
      const other = b[at];
      return other?.value === output.value && equalBytes(other.script, output.script);
    })
  );
}

function plainInput(
  txid: Uint8Array,
  vout: number,
  sequence: number,
): PlainTransaction['inputs'][number] {
  const shown = toHex(txid);
  return { outpoint: `${shown}:${String(vout)}`, txid: shown, vout, sequence };
}

/** bitcoinjs reads non-minimal sizes; only what it writes back identically is accepted. */
function parseStrict(bytes: Uint8Array): Transaction | null {
  try {
    const transaction = Transaction.fromBuffer(bytes);
    return equalBytes(transaction.toBuffer(), bytes) ? transaction : null;
  } catch {
    return null; // the library says no by throwing
  }
}

/** The txid comes in display order. */
interface SecondReading extends Pick<PlainTransaction, 'version' | 'lockTime' | 'outputs'> {
  readonly inputs: readonly { txid: Uint8Array; index: number; sequence: number }[];
}

/** The decoder's own types end in `any`; this is what it returns. */
interface Decoded extends Omit<SecondReading, 'outputs'> {
  readonly outputs: readonly { amount: bigint; script: Uint8Array }[];
}

/** What @scure/btc-signer reads, or null. */
export function parseSecond(bytes: Uint8Array): SecondReading | null {
  try {
    const { outputs, ...rest }: Decoded = RawTx.decode(bytes);
    return { ...rest, outputs: outputs.map(({ amount, script }) => ({ script, value: amount })) };
  } catch {
    return null; // the library says no by throwing
  }
}
