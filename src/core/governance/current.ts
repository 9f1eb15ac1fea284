import type { State } from '../log/state.ts';
import type { InForce } from './in-force.ts';
import { inForce } from './in-force.ts';

/**
 * The documents that a new proposal of a wallet names: each as it is in force at the wallet's signer by the receipts in
 * the log, else the newest. Null while the log has no such wallet or no charter.
 */
export function currentDocuments(state: State, wallet: string): InForce | null {
  const known = state.wallets.get(wallet);
  if (known === undefined || state.charter === null) return null;
  const ledger = state.ledgers.get(wallet);
  const force = ledger === undefined ? null : inForce(state, ledger);
  return {
    charter: force?.charter ?? state.charter,
    wallet: force?.wallet ?? known.record,
    policy: force?.policy ?? state.policies.get(wallet) ?? null,
    destinations: force?.destinations ?? state.destinations,
  };
}
