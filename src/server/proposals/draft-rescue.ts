import { assert } from '../../core/base/assert.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { SignedTransaction } from '../../core/log/admit-version.ts';
import { newestSigned } from '../../core/log/admit-version.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import { evictedSats, signedCancel } from '../../core/policy/facts.ts';
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

/** The waiting proposal of a digest. Codes: `proposal.unknown`, `proposal.unsigned`, `proposal.confirmed`. */
export function waitingOf(state: State, wallet: string, digest: string): Result<Waiting> {
  const proposal = state.proposals.get(digest);
  if (proposal?.statement.wallet.id !== wallet)
    return refuse('proposal.unknown', { proposal: digest });
  const newest = newestSigned(state, proposal);
  if (newest === undefined) return refuse('proposal.unsigned', { proposal: digest });
  const { confirmed } = state.facts.get(digest) ?? { confirmed: null };
  if (confirmed !== null) return refuse('proposal.confirmed', { ...confirmed });
  return ok({ proposal, newest });
}

/** Why neither a fee bump nor a child helps a waiting proposal, or null. Codes: `proposal.cancelled`, and what ended it. */
export function whyNotHelped(state: State, { proposal }: Waiting): Refusal | null {
  const cancel = signedCancel(state, proposal);
  if (cancel !== null) return { code: 'proposal.cancelled', facts: { by: cancel } };
  const { ended } = proposal;
  return ended === null ? null : { code: ended.code, facts: { by: ended.by } };
}

/** Its coins back to the wallet. Codes: those of planCancel and readSpend. */
export function buildCancel(ask: Ask, { newest, proposal }: Waiting, state: State): Result<Plan> {
  const ledger = state.ledgers.get(ask.wallet.id);
  assert(ledger !== undefined, 'a signed proposal has its receipts');
  const evicted = evictedSats(state, ledger, proposal);
  const planned = planCancel(termsOf(ask), newest.of.view, evicted);
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
