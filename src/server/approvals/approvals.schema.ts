import { z } from 'zod';
import { count, hex32, label, time } from '../../core/base/schema.ts';
import { missing } from '../documents/missing.ts';
import { pageCursor, pageLimit, saltedText, statementFields } from '../http/bodies.ts';

export const approvalBody = z
  .strictObject({ ...statementFields, reason: saltedText.nullable().default(null) })
  .meta({ id: 'ApprovalBody' });
export type ApprovalBody = z.output<typeof approvalBody>;

export const freezeBody = z
  .strictObject({ ...statementFields, reason: saltedText })
  .meta({ id: 'FreezeBody' });
export type FreezeBody = z.output<typeof freezeBody>;

export const approvedView = z
  .object({
    digest: hex32,
    index: count,
    /** Stage of the proposal after it. */
    status: z.string(),
    /** The signer may have signed already: a "no" came too late. */
    signatureExists: z.boolean(),
  })
  .meta({ id: 'Approved' });
export type ApprovedView = z.infer<typeof approvedView>;

export const frozenView = z.object({ digest: hex32, index: count }).meta({ id: 'Frozen' });
export type FrozenView = z.infer<typeof frozenView>;

// Without an id: as a component it would be named and its parameters left out of the description.
export const freezesQuery = z.strictObject({
  wallet: label.optional(),
  cursor: pageCursor,
  limit: pageLimit,
});
export type FreezesQuery = z.output<typeof freezesQuery>;

const freeze = z.object({
  /** Digest of the statement: what a lifting names. */
  freeze: hex32,
  index: count,
  /** As it was signed: a wallet, or "*" for all. */
  wallet: z.string(),
  by: label,
  issuedAt: time,
  /** The text beside the log with the salt of its digest; null when it was erased or never sent. */
  reason: z.object({ salt: z.string(), text: z.string() }).nullable(),
  /** Governors who signed that it be lifted. */
  liftedBy: z.array(label),
  /** The wallets that it stops, each with what its signer still asks for; nothing: its next round lifts it. */
  stops: z.array(z.object({ wallet: label, missing: z.array(missing) })),
});

export const freezesView = z
  .object({ items: z.array(freeze), next: z.string().nullable() })
  .meta({ id: 'Freezes' });
export type FreezesView = z.infer<typeof freezesView>;
