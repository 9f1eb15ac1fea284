import { OUTSIDE_SETS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Lock } from '../wallet/condition.ts';
import { keySetsWithout } from '../wallet/spending-paths.ts';
import type { Network } from '../wallet/network.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { keyIndexOfXpub } from '../wallet/wallet.ts';
import type { WalletBody } from './document.ts';

/** The least wait that makes a path one of recovery: a day of blocks, in which people can act on an alert. */
const RECOVERY_BLOCKS = 144;
const BLOCK_SECONDS = 600;
/** What had surely passed when this was written: 2026-01-01, and the blocks of some chains until then. */
const WRITTEN = 1_767_225_600;
const MINED: Partial<Record<Network, number>> = { mainnet: 930_000 };

/**
 * Design 3, "The hot key is in every path": every path that needs no waiting, or less than a day, holds the hot key, or the document names,
 * under `outside`, exactly the least sets of keys that spend without it, each key as the descriptor writes it. Codes:
 * `wallet.hotkey` (it names none), `wallet.outside.missing`, `.excess`, `.bounds`, `wallet.hotkey.idle`.
 */
export function checkOutside(wallet: Wallet, body: WalletBody): Result<null> {
  const found = outsideOf(wallet, body);
  if (!found.ok) return found;
  const spending = new Set(found.value.map(nameOf));
  const named = body.outside.map(nameOf);
  const lacking = [...spending].filter((set) => !named.includes(set));
  if (lacking.length > 0)
    return refuse(named.length === 0 ? 'wallet.hotkey' : 'wallet.outside.missing', { lacking });
  const excess = named.filter((set, at) => !spending.has(set) || named.indexOf(set) !== at);
  return excess.length === 0 ? ok(null) : refuse('wallet.outside.excess', { excess });
}

/**
 * The least sets of keys that spend without the hot key within a day, each key as the descriptor writes it: what a wallet
 * document names under `outside`. Codes: `wallet.hotkey.idle`, `wallet.outside.bounds`.
 */
export function outsideOf(
  wallet: Wallet,
  { hotKey, birth }: Pick<WalletBody, 'hotKey' | 'birth'>,
): Result<readonly (readonly string[])[]> {
  const key = keyIndexOfXpub(wallet, hotKey);
  if (key === null || !wallet.signers.has(key)) return refuse('wallet.hotkey.idle');
  // A birth may be given too low: then more blocks are read, and no lock is taken for closed by it.
  const from = Math.max(birth, MINED[wallet.network] ?? 0);
  const isOpen = (lock: Lock): boolean => opensSoon(lock, from);
  const sets = keySetsWithout(wallet.condition, { key, isOpen }, OUTSIDE_SETS);
  if (sets === null) return refuse('wallet.outside.bounds', { most: OUTSIDE_SETS });
  return ok(sets.map((set) => [...set].map((at) => wallet.keys[at]?.expression ?? '')));
}

/** One text for the same keys in any order. */
function nameOf(keys: readonly string[]): string {
  return [...keys].sort().join(' ');
}

/**
 * A lock that is open, or opens within a day of a coin's arrival or the wallet's birth, recovers nothing: who may spend
 * by it is named. Core knows no clock: a date that lay in the past when this was written is surely open, a later one is
 * shown to whoever signs or confirms the wallet.
 */
function opensSoon(lock: Lock, birth: number): boolean {
  if ('blocks' in lock) return lock.blocks < RECOVERY_BLOCKS;
  if ('seconds' in lock) return lock.seconds < RECOVERY_BLOCKS * BLOCK_SECONDS;
  if ('height' in lock) return lock.height < birth + RECOVERY_BLOCKS;
  return lock.time < WRITTEN;
}

/**
 * The members of each set under `outside`. A key that nobody in the document holds is counted as found: what is told may
 * be too much, never too little.
 */
export function holdersOutside({
  outside,
  holders,
}: Pick<WalletBody, 'outside' | 'holders'>): readonly (readonly string[])[] {
  return outside.map((keys) =>
    keys.flatMap((key) => holders.find((holder) => key.includes(holder.key))?.member ?? []),
  );
}

/**
 * The wallet whose wallet devices lend their kind, for those who ask what people can approve with: none where keys spend
 * without the hot key, for there no partial signature is taken before the verdict.
 */
export function shownWallet(
  id: string,
  bodies: readonly Pick<WalletBody, 'outside'>[],
): string | null {
  return bodies.some(({ outside }) => outside.length > 0) ? null : id;
}
