import { assert } from '../../core/base/assert.ts';
import type { Result } from '../../core/base/result.ts';
import { refuse } from '../../core/base/result.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import type { FinalTransaction } from '../../core/psbt/finalise.ts';
import { finalise } from '../../core/psbt/finalise.ts';
import { parsePartialSignatures } from '../../core/psbt/signatures.ts';

/** The address of the hot key's signatures of a proposal, or undefined while no receipt says that it was signed. */
export function signaturesOf(state: State, proposal: ProposalRecord): string | undefined {
  const ledger = state.ledgers.get(proposal.statement.wallet.id);
  return ledger?.signed.get(proposal.digest)?.signatures;
}

/**
 * The final transaction of a signed proposal: the hot key's signatures with those of the cosigners' approvals.
 * Codes: `psbt.signatures.missing` when a cosigner withdrew meanwhile, those of finalise.
 */
export function assemble(
  state: State,
  proposal: ProposalRecord,
  hotSignatures: Uint8Array,
): Result<FinalTransaction> {
  const wallet = state.wallets.get(proposal.statement.wallet.id);
  if (wallet === undefined)
    return refuse('wallet.unknown', { wallet: proposal.statement.wallet.id });
  const hot = parsePartialSignatures(hotSignatures);
  if (!hot.ok) return hot;
  const cosigners = proposal.approvals.flatMap(({ partialSignatures }) =>
    partialSignatures === null ? [] : [partialSignatures],
  );
  const final = finalise(wallet.wallet, proposal, [hot.value, ...cosigners]);
  if (final.ok)
    assert(final.value.txid === proposal.txid, 'what was approved is what is broadcast');
  return final;
}
