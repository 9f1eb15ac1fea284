import type { Seconds } from '../base/time.ts';
import { inForce, recordOf } from '../governance/in-force.ts';
import { listingAt } from '../governance/listing.ts';
import type { Ledger } from '../log/ledger.ts';
import type { ProposalRecord, State } from '../log/state.ts';
import type { Destination, Payment, Recipients } from './usage.ts';

/**
 * How the address books make a spend's payments look: whom it pays as listed, and what is merely said of whom it pays.
 * Spend and usage are seen by the same look, so that a limit of one owner finds all that went to him under the same
 * key.
 */
export interface Look {
  readonly listed: Recipients;
  /** What either book says of a script, cooled or not. */
  readonly said: ReadonlyMap<string, Destination>;
}

/** The look of a proposal at its signer at a time, by the book that it names and the one in force. */
export function lookAt(state: State, ledger: Ledger, proposal: ProposalRecord, now: Seconds): Look {
  const named = recordOf(state, 'destinations', proposal.statement.destinations);
  return look(state, ledger, { named, current: inForce(state, ledger)?.destinations ?? null }, now);
}

/** As {@link lookAt}, as if the book that the proposal names were in force still. */
export function lookAsProposed(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  now: Seconds,
): Look {
  const named = recordOf(state, 'destinations', proposal.statement.destinations);
  return look(state, ledger, { named, current: named }, now);
}

function look(
  state: State,
  ledger: Ledger,
  books: Parameters<typeof listingAt>[2],
  now: Seconds,
): Look {
  if (inForce(state, ledger) === null) return { listed: new Map(), said: new Map() };
  return listingAt(state, ledger, books, now);
}

/** What a look says of the script of a payment. */
export function seenAs(
  { listed, said }: Look,
  script: string,
): Pick<Payment, 'destination' | 'inert'> {
  const destination = listed.get(script) ?? null;
  return { destination, inert: said.get(script) ?? null };
}
