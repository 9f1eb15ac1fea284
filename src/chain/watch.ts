import { assert } from '../core/base/assert.ts';
import { toHex } from '../core/base/bytes.ts';
import { ADDRESS_INDEX, GAP_LIMIT } from '../core/base/limits.ts';
import type { Branch, Wallet } from '../core/wallet/wallet.ts';
import type { ReadTransaction } from './transactions.ts';

/** A wallet to be followed, as its document describes it. */
export interface WatchedWallet {
  readonly id: string;
  readonly wallet: Pick<Wallet, 'script' | 'branches'>;
  /** Height of the first block that can hold a coin of it. */
  readonly birth: number;
  /** Addresses looked ahead of the highest used one, on each branch. */
  readonly gap: number;
}

export interface WatchedPlace {
  readonly wallet: string;
  readonly branch: Branch;
  readonly index: number;
}

/** An output to a watched script. */
export interface FoundCoin {
  readonly txid: string;
  readonly vout: number;
  readonly sats: bigint;
  readonly script: Uint8Array;
  readonly place: WatchedPlace;
}

interface Range {
  readonly watched: WatchedWallet;
  /** By branch: one above the highest index used. */
  readonly next: [number, number];
  /** By branch: how many leading indices are derived. */
  readonly derived: [number, number];
}

/** The scripts of the wallets within their gaps. Grows as addresses are used; derives each script once. */
export class Watch {
  readonly #ranges = new Map<string, Range>();
  readonly #places = new Map<string, WatchedPlace>();

  /** Adds a wallet, or takes over another's finding of how far its addresses are used. */
  add(watched: WatchedWallet, receiveNext: number, changeNext: number): void {
    assert(watched.gap >= 1 && watched.gap <= GAP_LIMIT, 'a gap limit is bounded');
    const range = this.#ranges.get(watched.id) ?? { watched, next: [0, 0], derived: [0, 0] };
    this.#ranges.set(watched.id, range);
    range.next[0] = Math.max(range.next[0], receiveNext);
    range.next[1] = Math.max(range.next[1], changeNext);
    this.#derive(range);
  }

  find(script: Uint8Array): WatchedPlace | undefined {
    return this.#places.get(toHex(script));
  }

  /** Notes that an address is used. True when more addresses are watched because of it. */
  use({ wallet, branch, index }: WatchedPlace): boolean {
    const range = this.#ranges.get(wallet);
    assert(range !== undefined, 'only places of watched wallets are used');
    if (index < range.next[branch]) return false;
    range.next[branch] = index + 1;
    this.#derive(range);
    return true;
  }

  /** Outputs to watched scripts, whose use is noted. Searches again when that has made more scripts watched. */
  findIn(read: readonly ReadTransaction[]): readonly FoundCoin[] {
    for (;;) {
      let isWider = false;
      const coins: FoundCoin[] = [];
      for (const { transaction, txid } of read)
        for (const [vout, { value, script }] of transaction.outs.entries()) {
          const place = this.find(script);
          if (place === undefined) continue;
          coins.push({ txid, vout, sats: value, script, place });
          if (this.use(place)) isWider = true;
        }
      if (!isWider) return coins;
    }
  }

  /** One above the highest index used, of receive and change. */
  nextOf(wallet: string): readonly [number, number] {
    return this.#ranges.get(wallet)?.next ?? [0, 0];
  }

  #derive({ watched, next, derived }: Range): void {
    for (const branch of watched.wallet.branches) {
      const end = Math.min(next[branch] + watched.gap, ADDRESS_INDEX + 1);
      for (; derived[branch] < end; derived[branch]++) {
        const index = derived[branch];
        const script = toHex(watched.wallet.script(branch, index));
        this.#places.set(script, { wallet: watched.id, branch, index });
      }
    }
  }
}
