import { z } from 'zod';
import { isPlainText } from '../core/base/canonical.ts';
import { TEXT_LENGTH } from '../core/base/limits.ts';
import { count, outpoint, satsJson, time } from '../core/base/schema.ts';
import { labelTypes } from '../core/wallet/labels.ts';

/** What the server answers of coins and of what people call them. Nothing here is believed where money moves. */

/** Printed as it is: a line break in a label would print lines of somebody else's. */
const text = z.string().max(TEXT_LENGTH).refine(isPlainText, 'not plain text');
/** A page of a list, and where the next begins. */
const pageOf = <T>(item: z.ZodType<T>) =>
  z.object({ items: z.array(item).max(200), next: z.string().max(16).nullable() });

export const coinsAnswer = pageOf(
  z.object({
    outpoint,
    sats: satsJson,
    address: text,
    height: count,
    confirmations: count,
    settled: z.boolean(),
    frozen: z.boolean(),
    recoverySeconds: count.nullable().default(null),
    label: text.nullable(),
  }),
);
export type CoinsAnswer = z.infer<typeof coinsAnswer>;

export const frozenCoinAnswer = z.object({
  outpoint,
  frozen: z.boolean(),
  reason: text,
  by: text,
  at: time,
});
export type FrozenCoinAnswer = z.infer<typeof frozenCoinAnswer>;
export const frozenCoinsAnswer = pageOf(frozenCoinAnswer);
export type FrozenCoinsAnswer = z.infer<typeof frozenCoinsAnswer>;

export const rescanAnswer = z.object({ receive: count, change: count, from: count });
export type RescanAnswer = z.infer<typeof rescanAnswer>;

export const labelsAnswer = pageOf(
  z.object({ type: z.enum(labelTypes), ref: text, label: text, by: text, at: time }),
);
export type LabelsAnswer = z.infer<typeof labelsAnswer>;

export const labelledAnswer = z.object({ labels: count, freezes: count, unknown: count });
export type LabelledAnswer = z.infer<typeof labelledAnswer>;
