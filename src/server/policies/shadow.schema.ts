import { z } from 'zod';
import { count, hex32, label } from '../../core/base/schema.ts';
import { changes } from '../../core/policy/replay-policy.ts';
import { pageCursor, pageLimit } from '../http/bodies.ts';
import { postedPolicy } from './policy-body.ts';

/** A normalised body, or a policy document of the wallet that stands in the log, signed or not. */
export const shadowBody = z
  .union([z.strictObject({ policy: postedPolicy }), z.strictObject({ document: hex32 })])
  .meta({ id: 'ShadowBody' });
export type ShadowBody = z.output<typeof shadowBody>;

// Without an id: as a component it would be named and its parameters left out of the description.
export const shadowQuery = z.strictObject({ cursor: pageCursor, limit: pageLimit });
export type ShadowQuery = z.output<typeof shadowQuery>;

const outcome = z.object({
  outcome: z.enum(['refused', 'invalidated', 'pending', 'waiting', 'authorised', 'signed']),
  code: z.string().nullable(),
  rule: z.string().nullable(),
  facts: z.record(z.string(), z.unknown()),
  notBefore: z.string().nullable(),
});

/** One proposal on which the shadow says otherwise. */
export const faredView = z.object({
  proposal: hex32,
  name: z.string(),
  initiator: label,
  amountSats: count,
  at: z.string(),
  change: z.enum(changes).nullable(),
  happened: outcome,
  instead: outcome,
});

export const shadowView = z
  .object({
    wallet: label,
    /** Null: none is attached. */
    shadow: z
      .object({ policy: z.record(z.string(), z.unknown()).nullable(), by: label, at: z.string() })
      .nullable(),
    /** Judged by it since it was attached. */
    proposals: count,
    agreeing: count,
    /** On which it could not be judged: it decides nothing, so nothing came of it. */
    faults: count,
    differing: z.array(faredView),
    next: z.string().nullable(),
  })
  .meta({ id: 'Shadow' });
export type ShadowView = z.infer<typeof shadowView>;
