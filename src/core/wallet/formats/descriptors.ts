import type { Result } from '../../base/result.ts';
import { refuse } from '../../base/result.ts';
import type { Network } from '../network.ts';
import type { Wallet } from '../wallet.ts';
import { parseWallet } from '../wallet.ts';
import { linesOf } from './lines.ts';
import { withKeys } from './with-keys.ts';

/**
 * Reads a file of one descriptor with `<0;1>/*` (BIP 389), or of the two that wallets without multipath write for
 * receiving and change. Checksums are required. Codes: `wallet.file.malformed`, `wallet.file.pair`, those of parseWallet.
 */
export function readDescriptors(text: string, network: Network): Result<Wallet> {
  const [one, other, ...more] = linesOf(text);
  if (one === undefined || more.length > 0)
    return refuse('wallet.file.malformed', { reason: 'one descriptor, or one for each branch' });
  return other === undefined
    ? parseWallet(one.text, network)
    : joinDescriptors(one.text, other.text, network);
}

/**
 * The wallet of two descriptors that end in `/0/*` and `/1/*`, in either order, and are the same otherwise. Codes:
 * `wallet.file.pair`, those of parseWallet.
 */
export function joinDescriptors(one: string, other: string, network: Network): Result<Wallet> {
  const first = parseWallet(one, network, { branches: 'any' });
  if (!first.ok) return first;
  const second = parseWallet(other, network, { branches: 'any' });
  if (!second.ok) return second;
  const branches = [...first.value.branches, ...second.value.branches].sort().join();
  const joined = multipathOf(first.value);
  if (branches !== '0,1' || joined !== multipathOf(second.value)) return refuse('wallet.file.pair');
  return parseWallet(joined, network, { checksum: 'optional' });
}

function multipathOf(wallet: Wallet): string {
  return withKeys(wallet, ({ expression }) => expression.replace(/\/[01]\/\*$/, '/<0;1>/*'));
}
