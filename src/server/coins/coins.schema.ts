import { z } from 'zod';
import { isPlainText } from '../../core/base/canonical.ts';
import { ADDRESS_INDEX, LABELS_POSTED, TEXT_LENGTH } from '../../core/base/limits.ts';
import { count, label, outpoint, time } from '../../core/base/schema.ts';
import { labelRecord, labelTypes } from '../../core/wallet/labels.ts';
import { pageCursor, pageLimit } from '../http/bodies.ts';

/** A person wants a coin left alone, or free again, and says why. */
export const freezeCoinBody = z
  .strictObject({
    outpoint,
    frozen: z.boolean(),
    reason: z.string().min(1).max(TEXT_LENGTH).refine(isPlainText, 'not plain text'),
  })
  .meta({ id: 'FreezeCoinBody' });
export type FreezeCoinBody = z.output<typeof freezeCoinBody>;

/** Addresses below these indices count as used: coins are looked for up to a gap beyond. */
export const rescanBody = z
  .strictObject({
    receive: count.max(ADDRESS_INDEX).default(0),
    change: count.max(ADDRESS_INDEX).default(0),
  })
  .meta({ id: 'RescanBody' });
export type RescanBody = z.output<typeof rescanBody>;

export const rescanView = z
  .object({
    wallet: label,
    receive: count,
    change: count,
    /** Height from which blocks are read again. */
    from: count,
  })
  .meta({ id: 'Rescan' });
export type RescanView = z.infer<typeof rescanView>;

const frozenCoin = z.object({
  outpoint,
  frozen: z.boolean(),
  reason: z.string(),
  by: label,
  at: time,
});
export const frozenCoinView = frozenCoin.meta({ id: 'FrozenCoin' });
export type FrozenCoinView = z.infer<typeof frozenCoinView>;

// Without an id: as a component it would be named and its parameters left out of the description.
export const notesQuery = z.strictObject({ cursor: pageCursor, limit: pageLimit });
export type NotesQuery = z.output<typeof notesQuery>;

export const frozenCoinsView = z
  .object({ items: z.array(frozenCoin), next: z.string().nullable() })
  .meta({ id: 'FrozenCoins' });
export type FrozenCoinsView = z.infer<typeof frozenCoinsView>;

/** Records of BIP 329. An empty label takes it away; `spendable` freezes a coin or frees it. */
export const labelsBody = z
  .strictObject({ labels: z.array(labelRecord).min(1).max(LABELS_POSTED) })
  .meta({ id: 'LabelsBody' });
export type LabelsBody = z.output<typeof labelsBody>;

export const labelledView = z
  .object({
    labels: count,
    /** Coins whose freeze changed. */
    freezes: count,
    /** Outputs that are no coins of the wallet: nothing there to freeze. */
    unknown: count,
  })
  .meta({ id: 'Labelled' });
export type LabelledView = z.infer<typeof labelledView>;

export const labelsView = z
  .object({
    items: z.array(
      z.object({
        type: z.enum(labelTypes),
        ref: z.string(),
        label: z.string(),
        by: label,
        at: time,
      }),
    ),
    next: z.string().nullable(),
  })
  .meta({ id: 'Labels' });
export type LabelsView = z.infer<typeof labelsView>;
