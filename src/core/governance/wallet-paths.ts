import type { WalletRecord } from '../log/state.ts';
import { describeLock, recoveriesOf } from '../wallet/recovery.ts';
import { holdersOutside } from './outside.ts';

/** Who can move the coins of a wallet without the signer or its policy, by name. */
export interface WalletPaths {
  /** Sets of members whose keys spend without the hot key. */
  readonly outside: readonly (readonly string[])[];
  /** What opens by waiting, all locks of one together; null when there is too much to list. */
  readonly recovery: readonly RecoveryView[] | null;
}

export interface RecoveryView {
  /** When, for people: all must be open. */
  readonly after: readonly string[];
  /** Each set spends alone; the hot key is `the signer`. */
  readonly by: readonly (readonly string[])[];
}

/** Reads the paths of a wallet from its descriptor, and who holds its keys from its document. */
export function walletPaths({ wallet, body, hotKeyIndex }: WalletRecord): WalletPaths {
  const nameOf = (at: number): string => {
    const holder = body.holders.find(({ key }) => key === wallet.keys[at]?.xpub);
    return at === hotKeyIndex ? 'the signer' : (holder?.member ?? `key ${String(at + 1)}`);
  };
  const recovery = recoveriesOf(wallet.condition)?.map(({ locks, keySets }) => ({
    after: locks.map(describeLock),
    by: keySets.map((keys) => keys.map(nameOf)),
  }));
  return { outside: holdersOutside(body), recovery: recovery ?? null };
}

/** The same as lines; none where the signer is in every path and nothing opens by waiting. */
export function renderPaths(record: WalletRecord): readonly string[] {
  const { outside, recovery } = walletPaths(record);
  const sets = (found: readonly (readonly string[])[]): string =>
    found.map((names) => names.join(' with ')).join('; or ');
  return [
    ...(outside.length === 0 ? [] : [`Spend without the signer and its policy: ${sets(outside)}`]),
    ...(recovery === null
      ? ['More paths than can be listed: read the descriptor']
      : recovery.map(({ after, by }) => `From ${after.join(' and ')}: ${sets(by)}`)),
  ];
}
