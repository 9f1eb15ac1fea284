import { z } from 'zod';
import { count, hex32, label, outpoint, satsJson, time } from '../../core/base/schema.ts';
import { parseTime } from '../../core/base/time.ts';

/** A day of UTC; left out: today. */
export const reconciliationQuery = z.strictObject({
  day: z
    .string()
    .refine((text) => parseTime(`${text}T00:00:00Z`) !== undefined, 'not a day as YYYY-MM-DD')
    .optional(),
});
export type ReconciliationQuery = z.output<typeof reconciliationQuery>;

export const reconciliationView = z
  .object({
    wallet: label,
    /** `YYYY-MM-DD`, UTC: a block belongs to the day of its header's time. */
    day: z.string(),
    /** Block that was read last: a day that is not over may still grow. */
    readTo: count,
    openingSats: satsJson,
    closingSats: satsJson,
    deposits: z.array(z.object({ outpoint, sats: satsJson, height: count })),
    spends: z.array(
      z.object({
        txid: hex32,
        height: count,
        /** With the fee, without what came back. */
        leftSats: satsJson,
        /** SHA-256 of the transaction without signatures. */
        transaction: hex32,
        /** The signed proposal that explains it, or null. */
        proposal: hex32.nullable(),
      }),
    ),
    /** Signed by the end of the day and in no block by then. */
    open: z.array(
      z.object({
        proposal: hex32,
        txid: hex32,
        signedAt: time,
        /** The transaction in a block that took one of its coins, so that it can never confirm; null: it waits. */
        conflict: hex32.nullable(),
      }),
    ),
    /** All wallets together at the end of the day. */
    allSats: satsJson,
  })
  .meta({ id: 'Reconciliation' });
export type ReconciliationView = z.infer<typeof reconciliationView>;
