import { authorise } from '../../core/authorise.ts';
import { assert } from '../../core/base/assert.ts';
import type { Seconds } from '../../core/base/time.ts';
import { parseTime } from '../../core/base/time.ts';
import { createLedger } from '../../core/log/ledger.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import { paidScripts } from '../../core/screening.ts';

/**
 * Whether the service is asked about a proposal, for the first time or again: it pays somebody, is not denied, and neither
 * refused already, for then nobody need know of it, nor handed to the network, for then nothing can be held. One that has
 * expired is judged only where its signer holds budget for it: of those there are few, however long the log.
 */
export function isAsked(state: State, proposal: ProposalRecord, clock: Seconds): boolean {
  const { digest, statement, view } = proposal;
  if (state.screenings.get(digest)?.answer === 'deny') return false;
  if ((state.facts.get(digest)?.broadcastAt ?? null) !== null) return false;
  const ledger = state.ledgers.get(statement.wallet.id) ?? createLedger();
  const expires = parseTime(statement.expiresAt);
  assert(expires !== undefined, 'times are checked in the fold');
  const isHeld = ledger.reservations.has(digest) || ledger.signed.has(digest);
  if (clock >= expires && !isHeld) return false;
  if (paidScripts(view.spend).length === 0) return false;
  const { outcome } = authorise(state, ledger, digest, Math.max(clock, ledger.at));
  return outcome !== 'refused' && outcome !== 'invalidated';
}
