import type { Sats } from '../../src/core/base/sats.ts';
import { sats } from '../../src/core/base/sats.ts';
import type { FreeCoin } from '../../src/core/proposal/unit.ts';
import { utf8 } from '../../src/core/base/bytes.ts';

/** A coin to choose from, known by its number. */
export interface TestCoin extends FreeCoin {
  readonly at: number;
}

/** A coin on an address of its own, or on one that others share. Which script it is matters to nobody here. */
export function coinOf(at: number, amount: number, address = `own ${String(at)}`): TestCoin {
  return { at, sats: sats(amount), script: utf8(address), isFrozen: false };
}

export const amountsOf = (coins: readonly { readonly sats: Sats }[]): readonly number[] =>
  coins.map((coin) => Number(coin.sats));
