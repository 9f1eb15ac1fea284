import type { Refusal } from '../../base/result.ts';
import type { Assertion } from '../body.ts';
import type { BlastInput, BlastRow } from './blast-radius.ts';
import { blastRadius } from './blast-radius.ts';

/** Whether an assertion is proven. */
export interface AssertionResult {
  readonly assertion: Assertion;
  /** Proven: whoever is compromised, no more can leave. */
  readonly holds: boolean;
  /** The most that can leave; what moves more is the counterexample, unless it is not exact: then it is not proven. */
  readonly row: BlastRow | null;
  /** Why it could not be looked at; it then does not hold. */
  readonly refusal: Refusal | null;
}

/**
 * Every assertion of the policy, proven or not, in their order. What could not be analysed within bounds
 * (`policy.analysis.toolarge`) is not proven.
 */
export function proveAssertions(input: BlastInput): readonly AssertionResult[] {
  return input.setting.policy.assert.map((assertion) => {
    const { compromised, windowSeconds, movesAtMost } = assertion;
    const rows = blastRadius(input, windowSeconds, compromised);
    if (!rows.ok) return { assertion, holds: false, row: null, refusal: rows.refusal };
    const row = rows.value.at(-1) ?? null;
    const holds = row !== null && row.sats !== 'everything' && row.sats <= BigInt(movesAtMost);
    return { assertion, holds, row, refusal: null };
  });
}
