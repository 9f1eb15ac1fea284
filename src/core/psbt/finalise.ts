import { Transaction } from 'bitcoinjs-lib';
import { assert } from '../base/assert.ts';
import { equalBytes, fromHex, toHex } from '../base/bytes.ts';
import { TRANSACTION_WEIGHT } from '../base/limits.ts';
import type { Refusal, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { PartialSignature } from './signatures.ts';
import { verifyPartialSignatures } from './signatures.ts';
import type { Coin } from './spend.ts';

/** A transaction ready for broadcast. */
export interface FinalTransaction {
  /** With witnesses. */
  readonly raw: Uint8Array;
  /** Display order; that of the unsigned transaction. */
  readonly txid: string;
}

/**
 * Puts cosigners' signatures together into the final transaction: of the verified ones exactly `threshold`, those
 * first in the descriptor, in the order of the script. Verifies every set again; a set that fails is left out, so
 * that one bad signer does not block the others. Requires transaction and coins as {@link readSpend} proved them.
 * Refuses with the code of the first bad set, or `psbt.signatures.missing`, when too few are left;
 * `psbt.transaction.weight`. Source: BIP 141, 147.
 */
export function finalise(
  wallet: Wallet,
  transaction: Uint8Array,
  coins: readonly Coin[],
  signers: readonly (readonly PartialSignature[])[],
): Result<FinalTransaction> {
  const byKey = new Map<number, readonly PartialSignature[]>();
  let bad: Refusal | null = null;
  for (const signatures of signers) {
    const verified = verifyPartialSignatures(wallet, { transaction, coins }, signatures);
    if (verified.ok) byKey.set(verified.value.keyIndex, signatures);
    else bad ??= verified.refusal;
  }
  if (byKey.size < wallet.threshold) {
    if (bad !== null) return refuse(bad.code, bad.facts);
    return refuse('psbt.signatures.missing', { found: byKey.size, needed: wallet.threshold });
  }
  const chosen = [...byKey.keys()].sort((a, b) => a - b).slice(0, wallet.threshold);
  const final = Transaction.fromBuffer(transaction);
  for (const [input, coin] of coins.entries()) {
    const signatures = chosen.flatMap((keyIndex) => byKey.get(keyIndex)?.[input] ?? []);
    final.setWitness(input, [...witnessOf(wallet, coin, signatures)]);
  }
  if (final.weight() > TRANSACTION_WEIGHT)
    return refuse('psbt.transaction.weight', { weight: final.weight(), most: TRANSACTION_WEIGHT });
  const raw = final.toBuffer();
  const stripped = Transaction.fromBuffer(raw);
  stripped.stripWitnesses();
  assert(equalBytes(stripped.toBuffer(), transaction), 'signing changes nothing but witnesses');
  return ok({ raw, txid: final.getId() });
}

function witnessOf(
  wallet: Wallet,
  { branch, index }: Coin,
  signatures: readonly PartialSignature[],
): readonly Uint8Array[] {
  const witnessScript = wallet.witnessScript(branch, index);
  const inScriptOrder = wallet
    .publicKeys(branch, index)
    .map(toHex)
    .flatMap((key) => signatures.filter((signature) => signature.key === key))
    .map(({ signature }) => fromHex(signature));
  assert(
    inScriptOrder.length === wallet.threshold,
    'exactly as many signatures as the script takes',
  );
  if (witnessScript === null) return [...inScriptOrder, ...wallet.publicKeys(branch, index)];
  // OP_CHECKMULTISIG takes one element more than it uses; BIP 147 wants it empty.
  return [new Uint8Array(0), ...inScriptOrder, witnessScript];
}
