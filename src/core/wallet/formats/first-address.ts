import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import type { Wallet } from '../wallet.ts';

/**
 * Whether the first address that a file names is that of its descriptor: other keys, another threshold or order would have
 * another one. Code `wallet.address.mismatch`; what the file says is not repeated. Source: BIP 129.
 */
export function checkFirstAddress(wallet: Wallet, found: string): Result<null> {
  const derived = wallet.address(0, 0);
  return found === derived ? ok(null) : refuse('wallet.address.mismatch', { derived });
}
