import { assert } from '../../core/base/assert.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { SignedTransaction } from '../../core/log/admit-version.ts';
import { signedTransactions } from '../../core/log/admit-version.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import type { Rescue, RescueTerms } from '../../core/proposal/rescue.ts';
import { planCancel, planChild, waitingChange } from '../../core/proposal/rescue.ts';
import type { ParentClaim } from '../../core/psbt/spend.ts';
import { readSpend } from '../../core/psbt/spend.ts';
import type { Ask, Plan } from './draft-plan.ts';
import { changeScriptOf } from './draft-plan.ts';

/** Ways out for a signed proposal that waits: core/proposal/rescue.ts plans them, this proves what was planned. */

/** A signed proposal of a wallet that is not confirmed, with the transaction of it that waits. */
export interface Waiting {
  readonly proposal: ProposalRecord;
  readonly newest: SignedTransaction;
}

/** The waiting proposal of a digest. Codes: `proposal.unknown`, `proposal.unsigned`, `proposal.confirmed`, `proposal.cancelled`. */
export function waitingOf(state: State, wallet: string, digest: string): Result<Waiting> {
  const proposal = state.proposals.get(digest);
  if (proposal?.statement.wallet.id !== wallet)
    return refuse('proposal.unknown', { proposal: digest });
  const newest = signedTransactions(state, proposal).at(-1);
  if (newest === undefined) return refuse('proposal.unsigned', { proposal: digest });
  const { confirmed } = state.facts.get(digest) ?? { confirmed: null };
  if (confirmed !== null) return refuse('proposal.confirmed', { ...confirmed });
  return ok({ proposal, newest });
}

/** Why the fee of a waiting proposal is not raised by a replacement: what spends its change would be lost. Code `version.child`. */
export function childOf(state: State, { proposal }: Waiting): Refusal | null {
  const txids = signedTransactions(state, proposal).map(({ txid }) => txid);
  const signed =
    state.ledgers.get(proposal.statement.wallet.id)?.signed ?? new Map<string, never>();
  for (const digest of signed.keys()) {
    const inputs = state.proposals.get(digest)?.statement.spend.inputs ?? [];
    if (inputs.some(({ outpoint }) => txids.some((txid) => outpoint.startsWith(txid))))
      return { code: 'version.child', facts: { proposal: digest } };
  }
  return null;
}

/** Its coins back to the wallet. Codes: those of planCancel and readSpend. */
export function buildCancel(ask: Ask, { newest }: Waiting): Result<Plan> {
  const planned = planCancel(termsOf(ask), newest.of.view);
  if (!planned.ok) return planned;
  return proven(ask, planned.value, newest.of.coins);
}

/**
 * Its change back to the wallet, at a fee for both. `parent` is its transaction without witness, as its txid hashes it.
 * Codes: those of planChild and readSpend.
 */
export function buildChild(ask: Ask, { newest }: Waiting, parent: Uint8Array): Result<Plan> {
  const { txid, of } = newest;
  const change = waitingChange(txid, of.view.spend);
  const planned = planChild(termsOf(ask), of.view, change);
  if (!planned.ok) return planned;
  const claims = change.map(({ index }) => ({ parent, branch: 1 as const, index }));
  return proven(ask, planned.value, claims);
}

function termsOf(ask: Ask): RescueTerms {
  const { wallet, feeRate, lockTime } = ask;
  return { wallet: wallet.wallet, changeScript: changeScriptOf(ask), feeRate, lockTime };
}

function proven(
  { wallet, highestChange }: Ask,
  { transaction, feeSats }: Rescue,
  claims: readonly ParentClaim[],
): Result<Plan> {
  const view = readSpend(wallet.wallet, transaction, claims, { highestChange });
  if (!view.ok) return view;
  assert(view.value.feeSats === feeSats, 'what is planned is what is built');
  const chosen = { selection: null, consolidation: null };
  return ok({ transaction, view: view.value, warnings: [], chosen });
}
