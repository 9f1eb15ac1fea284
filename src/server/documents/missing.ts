import { z } from 'zod';
import { count, label } from '../../core/base/schema.ts';
import type { LeafMissing } from '../../core/policy/quorum.ts';

/** What the governance clauses still ask for. */
export const missing = z.object({
  from: label,
  count,
  kinds: z.array(z.string()).nullable(),
  /** Whose signature would help. */
  may: z.array(label),
});

export function missingView({ from, count: lacking, kinds, may }: LeafMissing) {
  return { from, count: lacking, kinds: kinds === null ? null : [...kinds], may: [...may] };
}
