import { z } from 'zod';
import { count, hex32 } from '../../core/base/schema.ts';
import { saltedText, statementFields } from '../http/bodies.ts';

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
