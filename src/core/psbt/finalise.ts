import { Transaction } from 'bitcoinjs-lib';
import { assert } from '../base/assert.ts';
import { equalBytes, fromHex } from '../base/bytes.ts';
import { TRANSACTION_WEIGHT } from '../base/limits.ts';
import type { Refusal, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Wallet } from '../wallet/wallet.ts';
import type { ProvenSpend } from './sighash.ts';
import type { PartialSignature } from './signatures.ts';
import { verifyPartialSignatures } from './signatures.ts';

/** A transaction ready for broadcast. */
export interface FinalTransaction {
  /** With witnesses. */
  readonly raw: Uint8Array;
  /** Display order; that of the unsigned transaction save where inputs carry a scriptSig. */
  readonly txid: string;
}

/**
 * Puts cosigners' signatures together into the final transaction: of the verified ones exactly as many as it takes, as
 * the wallet satisfies its scripts. Verifies every set again; a set that fails is left out, so that one bad signer does
 * not block the others. Requires transaction and coins as readSpend proved them.
 * Refuses with the code of the first bad set, or `psbt.signatures.missing`, when too few are left;
 * `psbt.transaction.weight`. Source: BIP 141, 147, 341, 342.
 */
export function finalise(
  wallet: Wallet,
  spend: ProvenSpend,
  signers: readonly (readonly PartialSignature[])[],
): Result<FinalTransaction> {
  const byKey = new Map<number, readonly PartialSignature[]>();
  let bad: Refusal | null = null;
  for (const signatures of signers) {
    const verified = verifyPartialSignatures(wallet, spend, signatures);
    if (verified.ok) byKey.set(verified.value.keyIndex, signatures);
    else bad ??= verified.refusal;
  }
  const missing = wallet.missing(new Set(byKey.keys()));
  if (missing > 0) {
    if (bad !== null) return refuse(bad.code, bad.facts);
    return refuse('psbt.signatures.missing', { found: byKey.size, missing });
  }
  const final = Transaction.fromBuffer(spend.transaction);
  for (const [input, { branch, index }] of spend.coins.entries()) {
    const signatures = new Map(
      [...byKey].map(([keyIndex, all]) => [keyIndex, fromHex(all[input]?.signature ?? '')]),
    );
    const satisfaction = wallet.satisfy(branch, index, signatures);
    assert(satisfaction !== null, 'no key is missing');
    final.setInputScript(input, satisfaction.scriptSig);
    final.setWitness(input, [...satisfaction.witness]);
  }
  if (final.weight() > TRANSACTION_WEIGHT)
    return refuse('psbt.transaction.weight', { weight: final.weight(), most: TRANSACTION_WEIGHT });
  assert(equalBytes(unsigned(final), spend.transaction), 'signing changes nothing but signatures');
  return ok({ raw: final.toBuffer(), txid: final.getId() });
}

function unsigned(final: Transaction): Uint8Array {
  const stripped = final.clone();
  stripped.stripWitnesses();
  for (const input of stripped.ins) input.script = new Uint8Array(0);
  return stripped.toBuffer();
}
