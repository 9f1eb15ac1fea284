import { z } from 'zod';
import {
  FEE_RATE_SAT_PER_VBYTE,
  PSBT_BYTES,
  SPEND_INPUTS,
  SPEND_OUTPUTS,
  TEXT_LENGTH,
} from '../../core/base/limits.ts';
import { hex32, label, satsJson, time } from '../../core/base/schema.ts';
import { coinsSchema } from '../../core/log/entry.ts';
import { proposalSchema, spendSchema } from '../../core/approval/statement.ts';

const common = {
  wallet: label,
  /** Shown to nobody and kept nowhere: the text is sent with the proposal, under its digest. */
  purpose: z.string().max(TEXT_LENGTH).optional(),
  reference: proposalSchema.shape.reference.optional(),
};
const amount = satsJson.min(1);

const payment = z.union([
  z.strictObject({ address: z.string().max(100), sats: amount }),
  /** An id of the address book. */
  z.strictObject({ destination: label, sats: amount }),
]);
export type AskedPayment = z.output<typeof payment>;

export const draftBody = z
  .union([
    z.strictObject({
      ...common,
      payments: z.array(payment).min(1).max(SPEND_OUTPUTS),
      /** Satoshi a virtual byte; without it the node's estimate. */
      feeRate: z.int().min(1).max(FEE_RATE_SAT_PER_VBYTE).optional(),
    }),
    z.strictObject({
      ...common,
      /** Base64. */
      psbt: z.string().max(Math.ceil(PSBT_BYTES / 3) * 4),
    }),
  ])
  .meta({ id: 'DraftBody' });
export type DraftBody = z.output<typeof draftBody>;

export const draftId = z.uuid().meta({ id: 'DraftId' });

/** A code of the registry or of a warning, with what it was decided on. */
export const reason = z.object({ code: z.string(), facts: z.looseObject({}) });

const hexBytes = z.string().regex(/^([0-9a-f]{2})+$/);

export const draftView = z
  .object({
    /** Holds the coins. */
    draft: z.string(),
    expiresAt: time,
    /** The unsigned transaction, hex. */
    transaction: hexBytes,
    /** In the order of the inputs: claims of the coins blob, and the previous transaction that each names, hex. */
    coins: z
      .array(coinsSchema.element.extend({ transaction: hexBytes }))
      .min(1)
      .max(SPEND_INPUTS),
    spend: spendSchema,
    spendDigest: hex32,
    /** Digests in force. */
    documents: z.object({ charter: hex32, wallet: hex32, policy: hex32, destinations: hex32 }),
    /** What the policy says today. */
    evaluation: z.object({
      /** Windows that do not hold the spend now. */
      waiting: z.array(reason),
      limits: z.array(z.looseObject({})),
      rules: z.array(z.looseObject({})),
      /** Rules that match, with the approvals that each needs. */
      matched: z.array(z.looseObject({})),
      delaySeconds: z.int(),
    }),
    warnings: z.array(reason),
  })
  .meta({ id: 'Draft' });
export type DraftView = z.input<typeof draftView>;

export const draftDropped = z.object({ draft: z.string() }).meta({ id: 'DraftDropped' });
export type DraftDropped = z.infer<typeof draftDropped>;
