import { Transaction } from 'bitcoinjs-lib';
import { concat } from '../base/bytes.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { compactSize } from './fields.ts';
import type { ProvenSpend } from './sighash.ts';

/**
 * The txid, as shown, that a spend will have when it is final: signatures in witnesses do not count, and P2SH around
 * segwit adds but its redeem script (BIP 141). For legacy inputs, whose signatures are part of what is hashed, that of the
 * unsigned transaction. Requires transaction and coins as readSpend proved them.
 */
export function txidBeforeSigning(wallet: Wallet, { transaction, coins }: ProvenSpend): string {
  const final = Transaction.fromBuffer(transaction);
  for (const [input, { branch, index }] of coins.entries()) {
    const { redeemScript } = wallet.scripts(branch, index);
    // 22 or 34 bytes: one push
    if (redeemScript !== null)
      final.setInputScript(input, concat(compactSize(redeemScript.length), redeemScript));
  }
  return final.getId();
}
