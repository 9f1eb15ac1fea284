import { z } from 'zod';
import { count } from '../core/base/schema.ts';

/** What the analyses of the API answer, as far as a client uses it. */
const facts = z.record(z.string(), z.unknown());
const example = z.object({
  spend: facts,
  approvals: z.array(z.object({ member: z.string() })),
  because: z.object({ code: z.string(), facts }),
});

export const checkAnswer = z.object({
  ok: z.boolean(),
  problems: z.array(z.object({ code: z.string(), where: z.string(), example: facts })),
});
export type CheckAnswer = z.infer<typeof checkAnswer>;

export const explainAnswer = z.object({ outcome: z.string(), notBefore: z.string().nullable() });
export type ExplainAnswer = z.infer<typeof explainAnswer>;

export const diffAnswer = z.object({
  verdict: z.enum(['tightens', 'loosens', 'both', 'same']),
  easier: z.array(example),
  harder: z.array(example),
});
export type DiffAnswer = z.infer<typeof diffAnswer>;

export const blastAnswer = z.object({
  window: count.nullable(),
  rows: z.array(
    z.object({
      compromised: count,
      sats: z.union([count, z.literal('everything')]),
      who: z.array(z.string()),
      how: z.string(),
    }),
  ),
});
export type BlastAnswer = z.infer<typeof blastAnswer>;

const sums = z.object({ proposals: count, sats: count });

export const replayAnswer = z.object({
  proposals: count,
  agreeing: count,
  signed: sums,
  changes: z.record(z.string(), sums),
  differing: z.array(
    z.object({ proposal: z.string(), change: z.string().nullable(), instead: facts }),
  ),
});
export type ReplayAnswer = z.infer<typeof replayAnswer>;
