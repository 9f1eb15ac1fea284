import { genesisBlock } from '../core/wallet/network.ts';
import { ChainFault } from './chain-fault.ts';
import type { ChainView } from './chain-view.ts';
import { checkIdentity } from './chain-view.ts';

/** Passes a chain that begins with the first block of its network. Throws a ChainFault `chain.network` on any other. */
export async function requireIdentity(
  view: Pick<ChainView, 'network' | 'identity'>,
): Promise<void> {
  const checked = await checkIdentity(view, genesisBlock(view.network));
  if (!checked.ok) throw new ChainFault('chain.network', checked.refusal.facts);
}
