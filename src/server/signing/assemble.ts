import { assert } from '../../core/base/assert.ts';
import type { Result } from '../../core/base/result.ts';
import { refuse } from '../../core/base/result.ts';
import type { SignedTransaction } from '../../core/log/admit-version.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import type { FinalTransaction } from '../../core/psbt/finalise.ts';
import { finalise } from '../../core/psbt/finalise.ts';
import { parsePartialSignatures } from '../../core/psbt/signatures.ts';

/**
 * The final transaction of a signed proposal, or of a fee bump of it: the hot key's signatures with those of the
 * cosigners. Codes: `psbt.signatures.missing` when a cosigner withdrew meanwhile, those of finalise.
 */
export function assemble(
  state: State,
  proposal: ProposalRecord,
  { version, txid, of }: SignedTransaction,
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
  const final = finalise(wallet.wallet, of, [hot.value, ...cosigners]);
  if (final.ok) assert(final.value.txid === txid, 'what was approved is what is broadcast');
  return final;
}
