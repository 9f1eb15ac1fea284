import { DRAWN_CHANGE_SATS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Sats } from '../base/sats.ts';
import { sats } from '../base/sats.ts';
import { estimateVbytes } from '../psbt/size.ts';
import { branchAndBound } from './branch-and-bound.ts';
import type { Settlement, SpendCost, SpendTerms } from './spend-cost.ts';
import { spendCost } from './spend-cost.ts';
import type { CoinUnit, FreeCoin, Sorted } from './unit.ts';
import { addressUnits, singleUnits, sortOut } from './unit.ts';

/** What is to be paid from which coins. */
export interface SelectionInput<C extends FreeCoin> extends SpendTerms {
  /** In random order: the single random draw takes them as they stand, for core has no randomness. */
  readonly coins: readonly C[];
  /** What the policy allows, satoshi a virtual byte: change that is left to the fee may not push it above. */
  readonly mostFeeRate: number | null;
}

export type Algorithm = 'branch-and-bound' | 'single-random-draw' | 'largest-first';

/** What one way to choose came to. */
export interface Candidate {
  readonly algorithm: Algorithm;
  readonly inputs: number;
  readonly feeSats: Sats;
  readonly changeSats: Sats | null;
  /** {@link SpendCost.wasteSats}: what it costs more than spending these coins without haste and to the satoshi. */
  readonly wasteSats: number;
  /** Addresses of which a part is spent and a part is left, so that the rest is linked to this spend. */
  readonly partialAddresses: number;
}

/** Why these coins: everything that was weighed. */
export interface SelectionReasons {
  readonly algorithm: Algorithm;
  readonly wasteSats: number;
  readonly partialAddresses: number;
  readonly feeRate: number;
  readonly longTermFeeRate: number;
  /** What the ways came to, the chosen one among them; a way that found nothing is not there. */
  readonly considered: readonly Candidate[];
  /** Numbers of coins that no way may choose, or only without change (dust). */
  readonly leftOut: Sorted<never>['leftOut'] & { readonly dust: number };
}

export interface Selection<C> {
  /** Largest first. */
  readonly coins: readonly C[];
  readonly feeSats: Sats;
  /** Null when what is left over is not worth an output: it is then part of the fee. */
  readonly changeSats: Sats | null;
  readonly reasons: SelectionReasons;
}

/**
 * Chooses coins for payments: branch and bound, one random draw and the largest first, each over single coins and over
 * whole addresses; of these that the cap on the fee rate allows the least waste, or the least that leaves no address in part where this wastes at most a
 * thousandth of the payments more. Frozen coins and coins that cost what they bring are never chosen; dust never with
 * change.
 *
 * Requires payments and change of types that may be paid. Returns amounts in satoshi, coins = payments + change + fee.
 * Codes: `amount.invalid`, `coin.insufficient`, `psbt.transaction.count` when more coins would be needed than one spend
 * can hold. Not checked here: dust among the payments, weight and number of outputs (readSpend).
 */
export function selectCoins<C extends FreeCoin>(input: SelectionInput<C>): Result<Selection<C>> {
  const priced = spendCost(input);
  if (!priced.ok) return priced;
  const cost = priced.value;
  const { feeRate, longTermFeeRate, wallet } = input;
  const { coins, leftOut } = sortOut(input.coins, feeRate * wallet.inputVbytes);
  const single = singleUnits(coins, cost);
  const whole = addressUnits(single, cost);
  const found = [
    ...ways(single, cost),
    ...(whole.length < single.length ? ways(whole, cost) : []),
  ].map((way) => ({ ...way, partialAddresses: partialAddresses(single, way.coins) }));
  const allowed = found.filter((way) => isCheap(way, input));
  // Where every way is too dear the policy says so by its own code.
  const chosen = choose(allowed.length > 0 ? allowed : found, cost);
  if (chosen === null) return insufficient(single, cost);
  const { algorithm, coins: taken, settlement, partialAddresses: partial } = chosen;
  return ok({
    coins: taken.toSorted((a, b) => Number(b.sats - a.sats)),
    feeSats: settlement.feeSats,
    changeSats: settlement.changeSats,
    reasons: {
      algorithm,
      wasteSats: Math.round(settlement.wasteSats),
      partialAddresses: partial,
      feeRate,
      longTermFeeRate,
      considered: found.map(candidateOf),
      leftOut: { ...leftOut, dust: single.filter((unit) => unit.isDust).length },
    },
  });
}

/** What one way found. */
interface Way<C> {
  readonly algorithm: Algorithm;
  readonly coins: readonly C[];
  readonly settlement: Settlement;
}
type Weighed<C> = Way<C> & { readonly partialAddresses: number };

function candidateOf(way: Weighed<unknown>): Candidate {
  const { algorithm, coins, settlement, partialAddresses: partial } = way;
  const { feeSats, changeSats, wasteSats } = settlement;
  return {
    algorithm,
    inputs: coins.length,
    feeSats,
    changeSats,
    wasteSats: Math.round(wasteSats),
    partialAddresses: partial,
  };
}

/** What each way finds among the units. */
function ways<C>(units: readonly CoinUnit<C>[], cost: SpendCost): readonly Way<C>[] {
  const sorted = units.toSorted((a, b) => b.effective - a.effective);
  const found: readonly (readonly [Algorithm, readonly CoinUnit<C>[] | null])[] = [
    ['branch-and-bound', branchAndBound(sorted, cost)],
    ['largest-first', largestFirst(sorted, cost)],
    ['single-random-draw', singleRandomDraw(units, cost)],
  ];
  return found.flatMap(([algorithm, chosen]) => {
    if (chosen === null) return [];
    const coins = chosen.flatMap((unit) => unit.coins);
    const settlement = cost.settle({ sats: heldBy(chosen), inputs: coins.length });
    return settlement === null ? [] : [{ algorithm, coins, settlement }];
  });
}

/**
 * The fewest that cover. Requires units by falling effective value: dust comes last then, and where it is reached what is
 * left over is less than it, so that no change is made.
 */
function largestFirst<C>(
  units: readonly CoinUnit<C>[],
  cost: SpendCost,
): readonly CoinUnit<C>[] | null {
  let [held, inputs] = [0, 0];
  for (const [at, unit] of units.entries()) {
    held += unit.sats;
    inputs += unit.inputs;
    if (inputs > cost.mostInputs) return null;
    if (cost.excessSats(held, inputs) >= 0) return units.slice(0, at + 1);
  }
  return null;
}

/**
 * Units as they come until useful change is left, which tells an onlooker nothing about what else there is. Where one spend
 * cannot hold them the smallest make room.
 */
function singleRandomDraw<C>(
  units: readonly CoinUnit<C>[],
  cost: SpendCost,
): readonly CoinUnit<C>[] | null {
  const aim = cost.changeFeeSats + Math.max(DRAWN_CHANGE_SATS, cost.leastChangeSats);
  const drawn = new Set<CoinUnit<C>>();
  let [held, inputs] = [0, 0];
  for (const unit of units) {
    if (unit.isDust) continue;
    drawn.add(unit);
    held += unit.sats;
    inputs += unit.inputs;
    while (inputs > cost.mostInputs) {
      const smallest = [...drawn].reduce((a, b) => (b.effective < a.effective ? b : a));
      drawn.delete(smallest);
      held -= smallest.sats;
      inputs -= smallest.inputs;
    }
    if (cost.excessSats(held, inputs) >= aim) return [...drawn];
  }
  return null;
}

function isCheap<C extends FreeCoin>(
  { coins, settlement }: Way<C>,
  { wallet, payments, changeScript, mostFeeRate }: SelectionInput<C>,
): boolean {
  if (mostFeeRate === null) return true;
  const isBare = settlement.changeSats === null;
  const outputs = isBare ? payments : [...payments, { script: changeScript }];
  const most = mostFeeRate * estimateVbytes(wallet, coins.length, outputs);
  return settlement.feeSats <= BigInt(most);
}

function heldBy(units: readonly CoinUnit<unknown>[]): Sats {
  return sats(units.reduce((sum, unit) => sum + unit.sats, 0));
}

/** A thousandth of the payments: what it may cost that no address is left in part. */
const PRIVACY_SHARE = 1 / 1_000;

function choose<C>(found: readonly Weighed<C>[], cost: SpendCost): Weighed<C> | null {
  const least = leastWaste(found);
  const whole = leastWaste(found.filter((way) => way.partialAddresses === 0));
  if (least === null || whole === null) return least;
  const more = whole.settlement.wasteSats - least.settlement.wasteSats;
  return more <= cost.paidSats * PRIVACY_SHARE ? whole : least;
}

/** The first of those that waste the least. */
function leastWaste<C>(found: readonly Weighed<C>[]): Weighed<C> | null {
  return found.reduce<Weighed<C> | null>(
    (best, way) =>
      best === null || way.settlement.wasteSats < best.settlement.wasteSats ? way : best,
    null,
  );
}

/** Addresses of the chosen coins that hold others worth spending, dust not counted. */
function partialAddresses<C>(single: readonly CoinUnit<C>[], chosen: readonly C[]): number {
  const taken = new Set(chosen);
  const isTaken = ({ coins }: CoinUnit<C>): boolean => coins.every((coin) => taken.has(coin));
  const spent = new Set(single.filter(isTaken).map(({ address }) => address));
  const left = single.filter((unit) => !unit.isDust && !isTaken(unit) && spent.has(unit.address));
  return new Set(left.map(({ address }) => address)).size;
}

/** Codes `coin.insufficient`, and `psbt.transaction.count` where there is enough, in too many coins. */
function insufficient<C>(units: readonly CoinUnit<C>[], cost: SpendCost): Result<never> {
  const sorted = units.toSorted((a, b) => b.sats - a.sats);
  let [held, inputs] = [0, 0];
  for (const unit of sorted) {
    held += unit.sats;
    inputs++;
    if (cost.excessSats(held, inputs) >= 0)
      return refuse('psbt.transaction.count', { inputs, most: cost.mostInputs });
  }
  return refuse('coin.insufficient', {
    availableSats: held,
    neededSats: held - cost.excessSats(held, Math.max(1, inputs)),
  });
}
