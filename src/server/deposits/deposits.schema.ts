import { z } from 'zod';
import { isPlainText } from '../../core/base/canonical.ts';
import { COIN_LABEL_LENGTH } from '../../core/base/limits.ts';
import { count, hex32, label, outpoint, satsJson, time } from '../../core/base/schema.ts';
import { pageCursor, pageLimit } from '../http/bodies.ts';

/** A member wants a receive address that was never used. */
export const askAddressBody = z
  .strictObject({
    /** Made up by the device, so that it knows the answer for its own; the same one again gets the same address. */
    request: hex32,
    /** What the address is for; it never enters the log. */
    label: z
      .string()
      .min(1)
      .max(COIN_LABEL_LENGTH)
      .refine(isPlainText, 'not plain text')
      .optional(),
  })
  .meta({ id: 'AskAddressBody' });
export type AskAddressBody = z.output<typeof askAddressBody>;

const attestedView = z.object({
  /** Index of the signer's receipt in the log. */
  entry: count,
  /** Of that receipt among the signer's. */
  position: count,
  at: time,
  /** Ed25519 key of the signer. */
  signer: hex32,
});

const address = z.object({
  index: count,
  address: z.string(),
  /** Index of the entry that asks for it. */
  entry: count,
  askedAt: time,
  /** Null when the server asked on the way to an unused index. */
  request: hex32.nullable(),
  /** Null until the signer has attested it. It must not be used before, nor on this server's word: follow the log. */
  attested: attestedView.nullable(),
  label: z.string().nullable(),
  /** In blocks. */
  receivedSats: satsJson,
  deposits: count,
});

export const askedView = address
  .extend({
    wallet: label,
    /** Index of the highest address that was paid, or -1. */
    highestPaid: z.int(),
    gapLimit: count,
  })
  .meta({ id: 'AskedAddress' });
export type AskedView = z.infer<typeof askedView>;

// Without an id: as a component it would be named and its parameters left out of the description.
export const addressesQuery = z.strictObject({ cursor: pageCursor, limit: pageLimit });
export type AddressesQuery = z.output<typeof addressesQuery>;

export const addressesView = z
  .object({ items: z.array(address), next: z.string().nullable() })
  .meta({ id: 'Addresses' });
export type AddressesView = z.infer<typeof addressesView>;

/** A cursor names the last deposit of the page before: new ones come ahead of it and move nothing. */
export const depositsQuery = z.strictObject({
  cursor: z.string().max(100).optional(),
  limit: pageLimit,
});
export type DepositsQuery = z.output<typeof depositsQuery>;

/**
 * `dust`: not worth the input that spends it. `unattested`: paid to an address that the signer has not attested. `change`:
 * somebody else paid to a change address. `own`: it comes from a spend of the same wallet.
 */
export const depositFlags = ['dust', 'unattested', 'change', 'own'] as const;

const deposit = z.object({
  outpoint,
  sats: satsJson,
  address: z.string(),
  branch: z.int(),
  index: count,
  /** Unconfirmed are only payments from this server's own wallets; of others it knows by blocks. */
  state: z.enum(['unconfirmed', 'confirmed', 'settled']),
  confirmations: count,
  height: count.nullable(),
  /** Of the header of its block; null where there is none, or where it was not kept. */
  time: time.nullable(),
  spent: z.enum(['no', 'pending', 'yes']),
  /** The transaction that spends it. */
  spentBy: hex32.nullable(),
  attested: z.boolean(),
  labels: z.object({
    output: z.string().nullable(),
    address: z.string().nullable(),
    transaction: z.string().nullable(),
  }),
  flags: z.array(z.enum(depositFlags)),
});
export type DepositView = z.infer<typeof deposit>;

export const depositsView = z
  .object({
    items: z.array(deposit),
    next: z.string().nullable(),
    /** Confirmations from which a deposit is settled. */
    settledConfirmations: count,
  })
  .meta({ id: 'Deposits' });
export type DepositsView = z.infer<typeof depositsView>;
