import { openFreezes, walletOpen } from '../core/authorise.ts';
import { currentDocuments } from '../core/governance/current.ts';
import { walletPaths } from '../core/governance/wallet-paths.ts';
import { createLedger } from '../core/log/ledger.ts';
import { keyWarnings } from '../core/wallet/key-warnings.ts';
import type { State, WalletRecord } from '../core/log/state.ts';

/** What the log says of a wallet. */
export function walletFacts(state: State, whole: WalletRecord) {
  const { id, record, body, wallet, confirmedBy } = whole;
  const ledger = state.ledgers.get(id) ?? createLedger();
  const own = state.wallets.get(id);
  const [freeze] = openFreezes(state, ledger, id);
  const open = own !== undefined && walletOpen(state, ledger, own);
  return {
    id,
    digest: record.digest,
    network: body.network,
    kind: wallet.kind,
    descriptor: wallet.descriptor,
    firstAddress: wallet.address(0, 0),
    holders: body.holders.map(({ member }) => member),
    confirmedKeys: [...confirmedBy],
    signerStarted: ledger.startedAt !== null,
    frozenBy: freeze?.statement.member ?? null,
    standing: freeze !== undefined ? 'frozen' : open ? 'open' : 'unconfirmed',
    ...walletPaths(whole),
    keyWarnings: keyWarnings(wallet.keys),
    policy: currentDocuments(state, id)?.policy?.digest ?? null,
  };
}
