import { equalBytes } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { toPsbt } from './build.ts';
import type { VerifiedSignature } from './found-signatures.ts';
import type { InspectedPsbt } from './inspect.ts';
import { findReusedNonce } from './signatures.ts';
import type { ClaimedCoin } from './spend.ts';

/** What several PSBTs of one transaction have between them. */
export interface Combined {
  readonly transaction: Uint8Array;
  /** Each with its previous transaction where one of them brought it. */
  readonly coins: readonly ClaimedCoin[];
  /** By input, one of each key, in the order of the descriptor. */
  readonly signatures: readonly (readonly VerifiedSignature[])[];
  /** Of version 0. */
  readonly psbt: Uint8Array;
}

/**
 * Puts the signatures of several PSBTs of one transaction together (BIP 174, Combiner): into a PSBT of our own making, so
 * that of theirs nothing is taken but verified signatures (document 7, D15). Requires PSBTs inspected by this wallet, one at
 * least. Refuses with `psbt.transaction.changed`, `psbt.signature.nonce`.
 */
export function combine(
  wallet: Wallet,
  [first, ...others]: readonly [InspectedPsbt, ...InspectedPsbt[]],
): Result<Combined> {
  const { transaction, view } = first;
  const other = others.findIndex((one) => !equalBytes(one.transaction, transaction));
  if (other >= 0) return refuse('psbt.transaction.changed', { file: other + 1 });
  const all = [first, ...others];
  const coins = first.coins.map(
    (coin, at) =>
      all.map((one) => one.coins[at]).find((one) => one !== undefined && one.parent !== null) ??
      coin,
  );
  const signatures = coins.map((_, at) => {
    const byKey = new Map<number, VerifiedSignature>();
    for (const one of all.flatMap(({ partialSignatures }) => partialSignatures[at] ?? []))
      if (!byKey.has(one.keyIndex)) byKey.set(one.keyIndex, one);
    return [...byKey.values()].sort((a, b) => a.keyIndex - b.keyIndex);
  });
  const reused = findReusedNonce(
    signatures.flatMap((by, input) => by.map((s) => ({ ...s, input }))),
  );
  if (reused !== null) return refuse('psbt.signature.nonce', reused);
  const change = view.spend.outputs.map((output) => output.change);
  const psbt = toPsbt({ wallet, transaction, coins, change, signatures });
  return ok({ transaction, coins, signatures, psbt });
}
