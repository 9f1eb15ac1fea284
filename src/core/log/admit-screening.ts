import { assert } from '../base/assert.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { parseTime } from '../base/time.ts';
import type { ScreenedDestination } from '../screening.ts';
import { paidScripts, worstAnswer } from '../screening.ts';
import type { Fact } from './entry.ts';
import type { State } from './state.ts';

type ScreeningFact = Extract<Fact, { fact: 'screening' }>;

/**
 * An answer stands until another one comes; a denial is the last. Signed or not: who signed before the answer shall
 * know it, and the server broadcasts nothing that is held or denied.
 * Codes: `proposal.unknown`, `fact.invalid`, `fact.duplicate`.
 */
export function admitScreening(state: State, fact: ScreeningFact): Result<(index: number) => void> {
  const { proposal: digest, destinations } = fact;
  const proposal = state.proposals.get(digest);
  if (proposal === undefined) return refuse('proposal.unknown', { proposal: digest });
  const paid = paidScripts(proposal.view.spend);
  const isEach =
    paid.length === destinations.length &&
    paid.every(({ output }, i) => output === destinations[i]?.output);
  if (paid.length === 0) return refuse('fact.invalid', { reason: 'it pays nobody' });
  if (!isEach) return refuse('fact.invalid', { reason: 'not each destination once' });
  const known = state.screenings.get(digest);
  if (known !== undefined && isSameAnswer(known.destinations, destinations))
    return refuse('fact.duplicate', { proposal: digest, fact: fact.fact });
  if (known?.answer === 'deny') return refuse('fact.invalid', { reason: 'it is denied' });
  const at = parseTime(fact.at);
  assert(at !== undefined, 'the schema admits only times');
  return ok((index) => {
    state.screenings.set(digest, { index, at, answer: worstAnswer(destinations), destinations });
  });
}

/** A new reference alone is no news: a service that gives one to each question must not fill the log. */
function isSameAnswer(
  known: readonly ScreenedDestination[],
  next: readonly ScreenedDestination[],
): boolean {
  return known.every(({ answer }, i) => answer === next[i]?.answer);
}
