import { assert } from '../base/assert.ts';
import { SPEND_INPUTS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { refuse, ok } from '../base/result.ts';
import type { Sats } from '../base/sats.ts';
import { sats } from '../base/sats.ts';
import type { SpendCost, SpendTerms } from './spend-cost.ts';
import { spendCost } from './spend-cost.ts';
import type { FreeCoin, Sorted } from './unit.ts';
import { singleUnits, sortOut } from './unit.ts';

/** Which small coins are merged at most, and at what price. */
export interface ConsolidationInput<C extends FreeCoin> extends Omit<SpendTerms, 'payments'> {
  readonly coins: readonly C[];
  /**
   * `saving`: coins merge while that saves something. `moving`: all of them go to one new address at any price, be it one
   * alone, so that their recovery paths close again.
   */
  readonly aim: 'saving' | 'moving';
  /** Fees count as low up to it: whole satoshi a virtual byte. */
  readonly ceilingRate: number;
  /** Coins above are left: they are not small. */
  readonly mostCoinSats: Sats;
  /** Coins merged at once, 2 to SPEND_INPUTS. */
  readonly mostInputs: number;
  /** What the spend may cost, satoshi; null: anything. */
  readonly mostFeeSats: number | null;
}

/** A spend without payments, with what is gained by it. */
export interface Consolidation<C> {
  /** The smallest first. */
  readonly coins: readonly C[];
  readonly feeSats: Sats;
  /** The one coin that comes of it. */
  readonly mergedSats: Sats;
  /** Fee that spending the coins at the long-term rate would cost, less this fee and that of spending the merged coin; 0 where it costs more. */
  readonly savingSats: Sats;
  /** Different addresses among them: onlookers learn that they belong together. */
  readonly addresses: number;
  /** Of the small ones. */
  readonly leftOut: Sorted<never>['leftOut'] & {
    /** Worth so little that a stranger may have sent it to have coins spent together. */
    readonly dust: number;
  };
}

/**
 * Proposes to merge the smallest coins while fees are low, or to move coins whose recovery path opens. Frozen coins, dust, and coins that cost what they bring are
 * left. As many coins as the caller, one spend and the cap on its fee allow.
 *
 * Codes: `consolidation.fees.high` above the ceiling; `consolidation.pointless` with fewer than two such coins, or where it
 * would not save anything at the long-term rate.
 */
export function consolidate<C extends FreeCoin>(
  input: ConsolidationInput<C>,
): Result<Consolidation<C>> {
  const { feeRate, longTermFeeRate, ceilingRate, mostInputs } = input;
  assert(mostInputs >= 2 && mostInputs <= SPEND_INPUTS, 'the number of merged coins is bounded');
  if (feeRate > ceilingRate) return refuse('consolidation.fees.high', { feeRate, ceilingRate });
  const priced = spendCost({ ...input, payments: [] });
  if (!priced.ok) return priced;
  const cost = priced.value;
  const little = input.coins.filter((coin) => coin.sats <= input.mostCoinSats);
  const { coins, leftOut } = sortOut(little, feeRate * input.wallet.inputVbytes);
  const units = singleUnits(coins, cost);
  const small = units.filter((unit) => !unit.isDust).toSorted((a, b) => a.sats - b.sats);
  const merged = small.slice(0, Math.min(affordable(input, cost), cost.mostInputs));
  const held = merged.reduce((sum, unit) => sum + unit.sats, 0);
  const settled = cost.settle({ sats: sats(held), inputs: merged.length });
  const pointless = (savingSats: number): Result<never> =>
    refuse('consolidation.pointless', { coins: merged.length, feeRate, savingSats });
  const { feeSats, changeSats } = settled ?? { feeSats: null, changeSats: null };
  const least = input.aim === 'moving' ? 1 : 2;
  if (merged.length < least || feeSats === null || changeSats === null) return pointless(0);
  const fewer = (merged.length - 1) * longTermFeeRate * input.wallet.inputVbytes;
  const saving = fewer - Number(feeSats);
  if (input.aim === 'saving' && saving <= 0) return pointless(saving);
  return ok({
    coins: merged.flatMap((unit) => unit.coins),
    feeSats,
    mergedSats: changeSats,
    savingSats: sats(Math.max(0, saving)),
    addresses: new Set(merged.map(({ address }) => address)).size,
    leftOut: { ...leftOut, dust: units.length - small.length },
  });
}

/** Inputs that the cap on the fee leaves room for, mostInputs at most. */
function affordable(
  { mostInputs, mostFeeSats }: ConsolidationInput<FreeCoin>,
  cost: SpendCost,
): number {
  if (mostFeeSats === null) return mostInputs;
  let inputs = mostInputs;
  // Without coins what is missing is the fee.
  while (inputs > 0 && cost.changeFeeSats - cost.excessSats(0, inputs) > mostFeeSats) inputs--;
  return inputs;
}
