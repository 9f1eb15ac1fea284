import type { Result } from '../base/result.ts';
import { refuse } from '../base/result.ts';
import type { FinalTransaction } from '../psbt/finalise.ts';
import { finalise } from '../psbt/finalise.ts';
import { parsePartialSignatures } from '../psbt/signatures.ts';
import type { SignedTransaction } from './admit-version.ts';
import type { ProposalRecord, State } from './state.ts';

/**
 * The final transaction of a signed proposal, or of a fee bump of it: the hot key's signatures with those of the
 * cosigners, all verified again. Codes: `wallet.unknown`; `psbt.signatures.missing` when a cosigner withdrew meanwhile;
 * those of parsePartialSignatures and of finalise.
 */
export function assemble(
  state: State,
  proposal: ProposalRecord,
  { version, of }: Pick<SignedTransaction, 'version' | 'of'>,
  hotSignatures: Uint8Array,
): Result<FinalTransaction> {
  const wallet = state.wallets.get(proposal.statement.wallet.id);
  if (wallet === undefined)
    return refuse('wallet.unknown', { wallet: proposal.statement.wallet.id });
  const hot = parsePartialSignatures(hotSignatures);
  if (!hot.ok) return hot;
  const cosigned = proposal.versions[version - 1]?.cosignatures ?? proposal.approvals;
  const cosigners = cosigned.flatMap(({ partialSignatures }) =>
    partialSignatures === null ? [] : [partialSignatures],
  );
  return finalise(wallet.wallet, of, [hot.value, ...cosigners]);
}
