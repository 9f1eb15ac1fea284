import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { ProposalRecord, State } from '../core/log/state.ts';
import { UsageError } from './command.ts';

/** Hex digits of a digest's beginning that are enough to look it up: people copy and paste them. */
const PREFIX_DIGITS = 8;

/**
 * The proposal of a digest, of its beginning, or of its four words. Words and beginnings are a way to look up, and
 * only while they fit one proposal; what is signed is shown in full and names the whole digest.
 * Code `proposal.unknown`.
 */
export function findProposal(state: State, named: string): Result<ProposalRecord> {
  const exact = state.proposals.get(named);
  if (exact !== undefined) return ok(exact);
  const isPrefix = named.length >= PREFIX_DIGITS && /^[0-9a-f]+$/.test(named);
  const fits = [...state.proposals.values()].filter(
    ({ digest, name }) => name === named || (isPrefix && digest.startsWith(named)),
  );
  const [found] = fits;
  if (fits.length > 1) throw new UsageError(`"${named}" fits several proposals: give the digest`);
  return found === undefined ? refuse('proposal.unknown', { proposal: named }) : ok(found);
}
