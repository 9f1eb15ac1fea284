import { assert } from '../base/assert.ts';
import { FEE_RATE_SAT_PER_VBYTE, SPEND_INPUTS, TRANSACTION_WEIGHT } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { Sats } from '../base/sats.ts';
import { sats, sumSats } from '../base/sats.ts';
import { estimateVbytes, transactionWeight } from '../psbt/size.ts';
import { dustSats, outputTypeOf } from '../wallet/output-type.ts';
import type { Wallet } from '../wallet/wallet.ts';

/** What is to be paid, and at what price. */
export interface SpendTerms {
  readonly wallet: Wallet;
  readonly payments: readonly { readonly script: Uint8Array; readonly sats: Sats }[];
  /** Whole satoshi a virtual byte, 1 to FEE_RATE_SAT_PER_VBYTE. */
  readonly feeRate: number;
  /** The rate at which coins are expected to be spent some day, of the same unit and bounds. */
  readonly longTermFeeRate: number;
  /** Where change would go. */
  readonly changeScript: Uint8Array;
}

/** Coins without their bytes: what they hold together and how many they are. */
export interface Held {
  readonly sats: Sats;
  readonly inputs: number;
}

/** What becomes of coins that cover: held = payments + change + fee. */
export interface Settlement {
  readonly feeSats: Sats;
  /** Null when what is left over is not worth an output: it is then part of the fee. */
  readonly changeSats: Sats | null;
  /** {@link SpendCost.wasteSats} of it. */
  readonly wasteSats: number;
}

/**
 * The prices of a spend whose payments are fixed: every choice of coins is held against them. Amounts are satoshi as
 * plain numbers, exact: all bitcoin in quarters of a satoshi stay below 2^53.
 */
export interface SpendCost {
  readonly paidSats: number;
  /** Inputs that a spend of this wallet may have beside its payments and change, by number and by weight. */
  readonly mostInputs: number;
  /** Payments and the fee without any input, in quarters of a satoshi. */
  readonly targetSats: number;
  /** What one input costs now and later, in quarters of a satoshi. */
  readonly inputSats: number;
  readonly laterSats: number;
  /** The most by which rounding up to whole virtual bytes adds to a fee. */
  readonly roundingSats: number;
  /** Change below is not made: dust, or not worth more than the input that spends it later. */
  readonly leastChangeSats: number;
  /** What an output of change costs now, and with its input later. */
  readonly changeFeeSats: number;
  readonly costOfChangeSats: number;
  /** What is left of so much in so many inputs after payments and fee, without change; below zero when it does not cover. */
  excessSats(held: number, inputs: number): number;
  /**
   * Bitcoin Core's waste: inputs × (fee rate − long-term fee rate), and the cost of change or, without change, the
   * excess. Below zero where spending now is cheaper than later.
   */
  wasteSats(inputs: number, lost: number): number;
  /** Null when the coins do not cover payments and fee. */
  settle(held: Held): Settlement | null;
}

/**
 * Prices a spend. Coins, payments and change script may be those of a transaction made before: with its coins fixed and
 * another rate, settle says what its change shrinks to. Requires payments and change of types that may be paid.
 * Code `amount.invalid`. Source: Bitcoin Core, wallet/coinselection; Erhardt, "An Evaluation of Coin Selection
 * Strategies".
 */
export function spendCost(terms: SpendTerms): Result<SpendCost> {
  const { wallet, payments, feeRate, longTermFeeRate, changeScript } = terms;
  assert(isRate(feeRate) && isRate(longTermFeeRate), 'a fee rate is a bounded whole number');
  const paid = sumSats(payments.map((payment) => payment.sats));
  if (!paid.ok) return paid;
  const paidSats = Number(paid.value);
  const bareWeight = transactionWeight(wallet, 1, payments) - wallet.inputWeight;
  const withChange = [...payments, { script: changeScript }];
  const changeWeight = transactionWeight(wallet, 1, withChange) - bareWeight - wallet.inputWeight;
  // Sizes of outputs are whole virtual bytes, so that change adds the same to every fee.
  const changeFeeSats = (feeRate * changeWeight) / 4;
  const laterInput = longTermFeeRate * wallet.inputVbytes;
  const leastChangeSats = leastUsefulSats(wallet, changeScript, longTermFeeRate);
  const costOfChangeSats = changeFeeSats + laterInput;
  const feeOf = (inputs: number): number =>
    feeRate * Math.ceil((bareWeight + inputs * wallet.inputWeight) / 4);
  const excessSats = (held: number, inputs: number): number => held - paidSats - feeOf(inputs);
  const wasteSats = (inputs: number, lost: number): number =>
    ((feeRate - longTermFeeRate) * inputs * wallet.inputWeight) / 4 + lost;
  const inputRoom = TRANSACTION_WEIGHT - bareWeight - changeWeight;
  return ok({
    paidSats,
    mostInputs: Math.max(0, Math.min(SPEND_INPUTS, Math.floor(inputRoom / wallet.inputWeight))),
    targetSats: paidSats + (feeRate * bareWeight) / 4,
    inputSats: (feeRate * wallet.inputWeight) / 4,
    laterSats: (longTermFeeRate * wallet.inputWeight) / 4,
    roundingSats: (feeRate * 3) / 4,
    leastChangeSats,
    changeFeeSats,
    costOfChangeSats,
    excessSats,
    wasteSats,
    settle: ({ sats: held, inputs }) => {
      const excess = excessSats(Number(held), inputs);
      if (excess < 0) return null;
      const change = excess - changeFeeSats;
      if (change < leastChangeSats)
        return {
          feeSats: sats(Number(held) - paidSats),
          changeSats: null,
          wasteSats: wasteSats(inputs, excess),
        };
      return {
        feeSats: sats(feeRate * estimateVbytes(wallet, inputs, withChange)),
        changeSats: sats(change),
        wasteSats: wasteSats(inputs, costOfChangeSats),
      };
    },
  });
}

/**
 * Satoshi from which a coin of the wallet at this script is of use: no dust, and worth more than the input that spends it
 * without haste. Requires a script of the wallet.
 */
export function leastUsefulSats(
  { inputVbytes }: Wallet,
  script: Uint8Array,
  longTermFeeRate: number,
): number {
  return Math.max(dustOf(script), longTermFeeRate * inputVbytes + 1);
}

function isRate(rate: number): boolean {
  return Number.isInteger(rate) && rate >= 1 && rate <= FEE_RATE_SAT_PER_VBYTE;
}

function dustOf(script: Uint8Array): number {
  const type = outputTypeOf(script);
  assert(type !== null, 'it is a script of the wallet');
  return Number(dustSats[type]);
}
