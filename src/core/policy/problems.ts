import type { Facts } from '../base/result.ts';
import type { BlastInput } from './analyse/blast-radius.ts';
import type { AssertionResult } from './analyse/prove.ts';
import { proveAssertions } from './analyse/prove.ts';
import type { Place, Problem } from './check.ts';
import { policyProblems } from './check.ts';

/**
 * Everything that keeps a policy from being published, its assertions included (design 4, point 17). Requires `input` and
 * `place` of the same charter. Codes: those of {@link policyProblems}, `policy.assertion.failed` with the most that can
 * leave and by whom. May take seconds.
 */
export function allProblems(input: BlastInput, place: Place): readonly Problem[] {
  const failed = [...proveAssertions(input)].flatMap((result, i): readonly Problem[] =>
    result.holds
      ? []
      : [
          {
            code: 'policy.assertion.failed',
            where: `assert[${i}]`,
            example: counterexample(result),
          },
        ],
  );
  return [...policyProblems(input.setting.policy, place), ...failed];
}

/** What an assertion that is not proven claims, and what moves more. */
export function counterexample({ assertion, row, refusal }: AssertionResult): Facts {
  const { compromised, windowSeconds, movesAtMost } = assertion;
  const claim = { compromised, windowSeconds, movesAtMost };
  if (row === null) return { ...claim, because: refusal?.code ?? null };
  const sats = row.sats === 'everything' ? row.sats : Number(row.sats);
  return { ...claim, sats, exact: row.exact, who: row.who, how: row.how };
}
