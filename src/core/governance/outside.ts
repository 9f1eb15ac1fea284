import { OUTSIDE_SETS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Lock } from '../wallet/condition.ts';
import { keySetsWithout } from '../wallet/spending-paths.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { keyIndexOfXpub } from '../wallet/wallet.ts';
import type { WalletBody } from './document.ts';

/**
 * Design 3, "The hot key is in every path": every path that needs no waiting holds the hot key, or the document names,
 * under `outside`, exactly the least sets of keys that spend without it, each key as the descriptor writes it. Codes:
 * `wallet.hotkey` (it names none), `wallet.outside.missing`, `.excess`, `.bounds`, `wallet.hotkey.idle`.
 */
export function checkOutside(wallet: Wallet, body: WalletBody): Result<null> {
  const key = keyIndexOfXpub(wallet, body.hotKey);
  if (key === null || !wallet.signers.has(key)) return refuse('wallet.hotkey.idle');
  const isOpen = (lock: Lock): boolean => opensBefore(lock, body.birth);
  const sets = keySetsWithout(wallet.condition, { key, isOpen }, OUTSIDE_SETS);
  if (sets === null) return refuse('wallet.outside.bounds', { most: OUTSIDE_SETS });
  const found = sets.map((set) => [...set].map((at) => wallet.keys[at]?.expression ?? ''));
  const spending = new Set(found.map(nameOf));
  const named = body.outside.map(nameOf);
  const lacking = [...spending].filter((set) => !named.includes(set));
  if (lacking.length > 0)
    return refuse(named.length === 0 ? 'wallet.hotkey' : 'wallet.outside.missing', { lacking });
  const excess = named.filter((set, at) => !spending.has(set) || named.indexOf(set) !== at);
  return excess.length === 0 ? ok(null) : refuse('wallet.outside.excess', { excess });
}

/** One text for the same keys in any order. */
function nameOf(keys: readonly string[]): string {
  return [...keys].sort().join(' ');
}

/** A height that lay in the past when the wallet began never locked anything. */
function opensBefore(lock: Lock, birth: number): boolean {
  return 'height' in lock && lock.height <= birth;
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
