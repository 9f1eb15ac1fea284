import { z } from 'zod';
import {
  RECEIPTS_POSTED,
  RECEIPT_LENGTH,
  SIGNATURES_BASE64_LENGTH,
} from '../../core/base/limits.ts';
import { count, hex32, hex64 } from '../../core/base/schema.ts';

/** Receipts of a signer, in the order of its journal. */
export const receiptsBody = z
  .strictObject({
    receipts: z
      .array(
        z.strictObject({
          /** Exact canonical JSON. */
          receipt: z.string().min(2).max(RECEIPT_LENGTH),
          signature: hex64,
          /** Base64 of the blob that a `signed` receipt names. */
          blobs: z.array(z.string().max(SIGNATURES_BASE64_LENGTH)).max(1),
        }),
      )
      .min(1)
      .max(RECEIPTS_POSTED),
  })
  .meta({ id: 'ReceiptsBody' });
export type ReceiptsBody = z.infer<typeof receiptsBody>;

/** Of each receipt, in order: its index in the log, or why it is not there. */
export const receiptsView = z
  .object({
    receipts: z.array(
      z.union([
        z.object({ index: count }),
        z.object({ code: z.string(), facts: z.record(z.string(), z.unknown()) }),
      ]),
    ),
  })
  .meta({ id: 'ReceiptsTaken' });
export type ReceiptsView = z.infer<typeof receiptsView>;

export const signedProposal = hex32.meta({ id: 'SignedProposalDigest' });

export const broadcastView = z
  .object({ proposal: hex32, txid: hex32 })
  .meta({ id: 'BroadcastAsked' });
export type BroadcastView = z.infer<typeof broadcastView>;
