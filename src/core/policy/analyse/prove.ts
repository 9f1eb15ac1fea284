import { ANALYSIS_STEPS, ANALYSIS_TRIES } from '../../base/limits.ts';
import type { Refusal, Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { Assertion } from '../body.ts';
import type { BlastInput, BlastRow, Bound, Search } from './blast-radius.ts';
import { asMore, boundOf, openSearch, rowOf } from './blast-radius.ts';
import { Steps } from './steps.ts';

/** Whether an assertion is proven. */
export interface AssertionResult {
  readonly assertion: Assertion;
  /** Proven: whoever is compromised, no more can leave. */
  readonly holds: boolean;
  /**
   * Where it does not hold, the most that can leave: the counterexample, unless it is not exact: then it is not proven.
   * Null where it holds.
   */
  readonly row: BlastRow | null;
  /** Why it could not be looked at; it then does not hold. */
  readonly refusal: Refusal | null;
}

/** How much the proofs of one policy may do in all: as much as one analysis, whatever it asserts how often. */
export interface ProofBudget {
  readonly steps: Steps;
  /** Of playing counterexamples through. Without any left they are not exact; what is proven does not rest on them. */
  readonly tries: Steps;
}

export function proofBudget(): ProofBudget {
  return { steps: new Steps(ANALYSIS_STEPS), tries: new Steps(ANALYSIS_TRIES) };
}

/**
 * Every assertion of the policy, proven or not, in their order, one after the other: who wants the first that fails does
 * not pay for the others. What could not be analysed within the budget (`policy.analysis.toolarge`) is not proven.
 */
export function* proveAssertions(
  input: BlastInput,
  { steps, tries }: ProofBudget = proofBudget(),
): Generator<AssertionResult, undefined> {
  const claims = input.setting.policy.assert;
  if (claims.length === 0) return undefined;
  const search = openSearch(input, steps);
  for (const assertion of claims)
    yield search.ok ? prove(search.value, assertion, tries) : unproven(assertion, search.refusal);
  return undefined;
}

function prove(search: Search, assertion: Assertion, tries: Steps): AssertionResult {
  const { compromised, movesAtMost } = assertion;
  const worst = worstBound(search, assertion);
  if (!worst.ok) return unproven(assertion, worst.refusal);
  const { sats } = worst.value;
  if (sats !== 'everything' && sats <= BigInt(movesAtMost))
    return { assertion, holds: true, row: null, refusal: null };
  const row = asMore(search, rowOf(search, worst.value, tries), compromised);
  return { assertion, holds: false, row, refusal: null };
}

function unproven(assertion: Assertion, refusal: Refusal): AssertionResult {
  return { assertion, holds: false, row: null, refusal };
}

/** The largest bound of so many people or fewer: more can do what fewer can. */
function worstBound(search: Search, { compromised, windowSeconds }: Assertion): Result<Bound> {
  let worst = boundOf(search, windowSeconds, 0);
  for (let count = 1; count <= compromised && worst.ok; count++) {
    if (worst.value.sats === 'everything') break;
    const next = boundOf(search, windowSeconds, count);
    if (!next.ok || next.value.sats === 'everything' || next.value.sats > worst.value.sats)
      worst = next;
  }
  return worst.ok ? ok(worst.value) : worst;
}
