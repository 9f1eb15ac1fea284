import { assert } from '../base/assert.ts';
import { FEE_RATE_SAT_PER_VBYTE, SPEND_INPUTS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Sats } from '../base/sats.ts';
import { sats, sumSats } from '../base/sats.ts';
import { estimateVbytes } from '../psbt/size.ts';
import { dustSats, outputTypeOf } from '../wallet/output-type.ts';
import type { Wallet } from '../wallet/wallet.ts';

/** What is to be paid from which coins. */
export interface SelectionInput<C extends { readonly sats: Sats }> {
  readonly wallet: Wallet;
  /** Free coins in any order. */
  readonly coins: readonly C[];
  readonly payments: readonly { readonly script: Uint8Array; readonly sats: Sats }[];
  /** Whole satoshi a virtual byte, 1 to FEE_RATE_SAT_PER_VBYTE. */
  readonly feeRate: number;
  /** Where change would go. */
  readonly changeScript: Uint8Array;
}

export interface Selection<C> {
  /** Largest first. */
  readonly coins: readonly C[];
  readonly feeSats: Sats;
  /** Null when what is left over is not worth an output: it is then part of the fee. */
  readonly changeSats: Sats | null;
}

/** Change is spent when there is time to wait for a low rate: satoshi a virtual byte that its input then costs. */
const LATER_RATE = 2;

/**
 * Chooses coins, the largest first, until they cover the payments and the fee at worst-case size: so the fewest are
 * spent. A coin whose own input costs as much as it brings is left. What is left over becomes change when it is above
 * dust and worth spending later; else it goes to the fee.
 *
 * Requires payments and change of types that may be paid. Returns amounts in satoshi, coins = payments + change + fee.
 * Codes: `amount.invalid`, `coin.insufficient`, `psbt.transaction.count` when more than SPEND_INPUTS coins would be
 * needed. Not checked here: dust among the payments, weight and number of outputs (readSpend).
 */
export function selectCoins<C extends { readonly sats: Sats }>(
  input: SelectionInput<C>,
): Result<Selection<C>> {
  const { wallet, payments, feeRate } = input;
  assert(
    Number.isInteger(feeRate) && feeRate >= 1 && feeRate <= FEE_RATE_SAT_PER_VBYTE,
    'a fee rate is a bounded whole number of satoshi',
  );
  const paid = sumSats(payments.map((payment) => payment.sats));
  if (!paid.ok) return paid;
  const neededFor = (inputs: number): bigint =>
    paid.value + BigInt(feeRate * estimateVbytes(wallet, inputs, payments));
  const chosen: C[] = [];
  let held = 0n;
  for (const coin of worthSpending(input)) {
    chosen.push(coin);
    held += coin.sats;
    if (held < neededFor(chosen.length)) continue;
    return chosen.length <= SPEND_INPUTS
      ? ok(settle(input, chosen, { held, paid: paid.value }))
      : refuse('psbt.transaction.count', { inputs: chosen.length, most: SPEND_INPUTS });
  }
  return refuse('coin.insufficient', {
    availableSats: Number(held),
    neededSats: Number(neededFor(Math.max(1, chosen.length))),
  });
}

/** The coins that bring more than their own input costs, largest first. */
function worthSpending<C extends { readonly sats: Sats }>(input: SelectionInput<C>): readonly C[] {
  const cost = BigInt(input.feeRate * input.wallet.inputVbytes);
  return input.coins
    .filter((coin) => coin.sats > cost)
    .sort((a, b) => (a.sats < b.sats ? 1 : a.sats > b.sats ? -1 : 0));
}

function settle<C extends { readonly sats: Sats }>(
  { wallet, payments, feeRate, changeScript }: SelectionInput<C>,
  coins: readonly C[],
  { held, paid }: { readonly held: bigint; readonly paid: bigint },
): Selection<C> {
  const outputs = [...payments, { script: changeScript }];
  const fee = BigInt(feeRate * estimateVbytes(wallet, coins.length, outputs));
  const change = held - paid - fee;
  if (change < leastChange(wallet, feeRate, changeScript))
    return { coins, feeSats: sats(held - paid), changeSats: null };
  return { coins, feeSats: sats(fee), changeSats: sats(change) };
}

function leastChange(wallet: Wallet, feeRate: number, script: Uint8Array): bigint {
  const type = outputTypeOf(script);
  assert(type !== null, 'change goes to a script of the wallet');
  const dust = dustSats[type];
  const input = BigInt(Math.min(feeRate, LATER_RATE) * wallet.inputVbytes);
  return input > dust ? input : dust;
}
