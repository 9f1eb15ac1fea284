import { equalBytes, toHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { checkFields } from './field-check.ts';
import type { Field } from './fields.ts';
import { inputType } from './fields.ts';
import type { OpenedPsbt } from './open.ts';
import { openPsbt } from './open.ts';
import { passParsers } from './parsers.ts';
import type { ProvenSpend } from './sighash.ts';
import { hashesOf } from './sighash.ts';
import type { PartialSignature } from './signatures.ts';
import { findReusedNonce, verifyInput } from './signatures.ts';
import type { ClaimedCoin } from './spend.ts';
import type { PlainTransaction } from './transaction.ts';
import { parseUnsigned } from './transaction.ts';

/** A verified partial signature and the key of the descriptor it is by. */
export interface VerifiedSignature extends PartialSignature {
  readonly keyIndex: number;
}

/** All signatures of one key, by input, to be handed on as one cosigner's. */
export interface SignatureSet {
  readonly keyIndex: number;
  readonly signatures: readonly PartialSignature[];
}

export interface FoundSignatures {
  /** By input. */
  readonly partialSignatures: readonly (readonly VerifiedSignature[])[];
  /** Of other paths than the one we sign by. */
  readonly dropped: number;
}

/**
 * The signatures that a device put into a PSBT of a spend, of each key that signed all inputs. Nothing but signatures is
 * taken: what they cover is what was proven before. Refuses with `psbt.transaction.changed` where another transaction was
 * signed, `psbt.signature.incomplete` where a key signed some inputs only or none did, and the codes of reading a PSBT.
 */
export function takeSignatures(
  bytes: Uint8Array,
  wallet: Wallet,
  spend: ProvenSpend,
): Result<readonly SignatureSet[]> {
  const opened = openPsbt(bytes);
  if (!opened.ok) return opened;
  const fields = checkFields(opened.value, wallet);
  if (!fields.ok) return fields;
  const gate = passParsers(opened.value);
  if (!gate.ok) return gate;
  if (!equalBytes(opened.value.transaction, spend.transaction))
    return refuse('psbt.transaction.changed', { differs: difference(opened.value.plain, spend) });
  const found = readSignatures(wallet, opened.value, spend.coins);
  if (!found.ok) return found;
  const { partialSignatures } = found.value;
  const sets = completeSignatures(found.value);
  const keys = new Set(partialSignatures.flatMap((by) => by.map(({ keyIndex }) => keyIndex)));
  if (sets.length > 0 && sets.length === keys.size) return ok(sets);
  const signed = partialSignatures.filter((by) => by.length > 0).length;
  return refuse('psbt.signature.incomplete', { signed, inputs: spend.coins.length });
}

/** The first part that is not the same. */
function difference(other: PlainTransaction, { transaction }: ProvenSpend): string {
  const parsed = parseUnsigned(transaction);
  if (!parsed.ok) return 'all';
  const { inputs, outputs, lockTime } = parsed.value;
  const input = inputs.findIndex(
    ({ outpoint, sequence }, at) =>
      other.inputs[at]?.outpoint !== outpoint || other.inputs[at].sequence !== sequence,
  );
  if (input >= 0) return `input ${String(input)}`;
  const output = outputs.findIndex(({ script, value }, at) => {
    const there = other.outputs[at];
    return there?.value !== value || !equalBytes(there.script, script);
  });
  if (output >= 0) return `output ${String(output)}`;
  if (other.lockTime !== lockTime) return 'lock time';
  return 'what was added';
}

/** Of the signatures found those of every key that signed each input. */
export function completeSignatures({
  partialSignatures,
}: Pick<FoundSignatures, 'partialSignatures'>): readonly SignatureSet[] {
  const [first = []] = partialSignatures;
  return first.flatMap(({ keyIndex }) => {
    const signatures = partialSignatures.flatMap((byKey) =>
      byKey
        .filter((signature) => signature.keyIndex === keyIndex)
        .map(({ key, signature }) => ({ key, signature })),
    );
    return signatures.length === partialSignatures.length ? [{ keyIndex, signatures }] : [];
  });
}

/**
 * The signatures in a PSBT, which must all be right: a wrong one tells that something else was signed.
 * Refuses with `psbt.signature.*`.
 */
export function readSignatures(
  wallet: Wallet,
  { plain, inputs }: OpenedPsbt,
  coins: readonly ClaimedCoin[],
): Result<FoundSignatures> {
  const hashes = hashesOf(wallet, plain, coins);
  const all: VerifiedSignature[][] = [];
  let dropped = 0;
  for (const input of coins.keys()) {
    const verified: VerifiedSignature[] = [];
    for (const field of inputs[input] ?? []) {
      const signature = signatureIn(wallet, coins[input], field);
      if (signature === null) continue;
      if (signature === 'elsewhere') {
        dropped += 1;
        continue;
      }
      const found = verifyInput(wallet, { coins, hashes, input }, signature);
      if (!found.ok) return found;
      verified.push({ ...signature, keyIndex: found.value.keyIndex });
    }
    all.push(verified.sort((a, b) => a.keyIndex - b.keyIndex));
  }
  const reused = findReusedNonce(all.flatMap((by, input) => by.map((one) => ({ ...one, input }))));
  if (reused !== null) return refuse('psbt.signature.nonce', reused);
  return ok({ partialSignatures: all, dropped });
}

/** The signature in a field, null where it is none; `elsewhere` by a path of taproot that we do not sign by. */
function signatureIn(
  wallet: Wallet,
  coin: ClaimedCoin | undefined,
  { type, keyData, value }: Field,
): PartialSignature | 'elsewhere' | null {
  if (type === inputType.partialSignature) return { key: toHex(keyData), signature: toHex(value) };
  const isLeaf = type === inputType.taprootLeafSignature;
  if (!isLeaf && type !== inputType.taprootKeySignature) return null;
  const taproot = coin === undefined ? null : wallet.scripts(coin.branch, coin.index).taproot;
  if (taproot === null) return 'elsewhere';
  const { leaf, internalKey } = taproot;
  if (!isLeaf)
    return leaf === null ? { key: toHex(internalKey), signature: toHex(value) } : 'elsewhere';
  const isOurs = leaf !== null && equalBytes(leaf.hash, keyData.subarray(32));
  return isOurs ? { key: toHex(keyData.subarray(0, 32)), signature: toHex(value) } : 'elsewhere';
}
