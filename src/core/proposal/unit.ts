import { toHex } from '../base/bytes.ts';
import { ADDRESS_COINS } from '../base/limits.ts';
import type { Sats } from '../base/sats.ts';
import type { SpendCost } from './spend-cost.ts';

/** A coin that may be chosen. */
export interface FreeCoin {
  readonly sats: Sats;
  readonly script: Uint8Array;
  /** Somebody wants it left alone. */
  readonly isFrozen: boolean;
}

/** Coins that are spent together or not at all: satoshi as plain numbers, see SpendCost. */
export interface Unit {
  readonly sats: number;
  readonly inputs: number;
  /** What they add beyond what their inputs cost now, above zero. */
  readonly effective: number;
  /** What they are worth beyond what their inputs will cost later; below zero for dust alone. */
  readonly later: number;
}

export interface CoinUnit<C> extends Unit {
  readonly coins: readonly C[];
  /** Hex of the output script that all of them share. */
  readonly address: string;
  /** A coin too small to be made as change: never spent with change. */
  readonly isDust: boolean;
}

/** What may be spent, and how many coins were left out. */
export interface Sorted<C> {
  readonly coins: readonly C[];
  readonly leftOut: {
    readonly frozen: number;
    /** Their inputs cost as much as they bring. */
    readonly uneconomic: number;
  };
}

/** Leaves out what is frozen, and what costs as much as it brings. The order stays. */
export function sortOut<C extends FreeCoin>(coins: readonly C[], inputFeeSats: number): Sorted<C> {
  const free = coins.filter((coin) => !coin.isFrozen);
  const worth = free.filter((coin) => coin.sats > BigInt(inputFeeSats));
  const frozen = coins.length - free.length;
  return { coins: worth, leftOut: { frozen, uneconomic: free.length - worth.length } };
}

/** Each coin by itself, in the order given. */
export function singleUnits<C extends FreeCoin>(
  coins: readonly C[],
  cost: SpendCost,
): readonly CoinUnit<C>[] {
  return coins.map((coin) => unitOf([coin], toHex(coin.script), cost));
}

/**
 * Coins of one address together, up to ADDRESS_COINS a unit, in the order of their first ones: who pays with a part
 * links the rest to it all the same. Dust stays by itself: strangers send it to have coins spent together.
 */
export function addressUnits<C extends FreeCoin>(
  single: readonly CoinUnit<C>[],
  cost: SpendCost,
): readonly CoinUnit<C>[] {
  const groups: { readonly address: string; readonly coins: C[] }[] = [];
  const open = new Map<string, C[]>();
  for (const { coins, address, isDust } of single) {
    const group = open.get(address);
    if (!isDust && group !== undefined && group.length < ADDRESS_COINS) group.push(...coins);
    else {
      const begun = [...coins];
      if (!isDust) open.set(address, begun);
      groups.push({ address, coins: begun });
    }
  }
  return groups.map(({ address, coins }) => unitOf(coins, address, cost));
}

function unitOf<C extends FreeCoin>(
  coins: readonly C[],
  address: string,
  cost: SpendCost,
): CoinUnit<C> {
  const held = coins.reduce((sum, coin) => sum + Number(coin.sats), 0);
  const inputs = coins.length;
  return {
    coins,
    address,
    sats: held,
    inputs,
    effective: held - inputs * cost.inputSats,
    later: held - inputs * cost.laterSats,
    isDust: inputs === 1 && held < cost.leastChangeSats,
  };
}
