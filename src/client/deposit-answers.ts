import { z } from 'zod';
import { isPlainText } from '../core/base/canonical.ts';
import { TEXT_LENGTH } from '../core/base/limits.ts';
import { count, hex32, outpoint, satsJson, time } from '../core/base/schema.ts';

/** What the server answers of receive addresses and deposits. An address is believed only where the log and its signer say it. */

/** Printed as it is: a line break in a label would print a line that nobody attested. */
const text = z.string().max(TEXT_LENGTH).refine(isPlainText, 'not plain text');

const address = z.object({
  index: count,
  address: text,
  label: text.nullable(),
  receivedSats: satsJson,
  deposits: count,
});

export const askedAnswer = address.extend({ highestPaid: z.int(), gapLimit: count });
export type AskedAnswer = z.infer<typeof askedAnswer>;

export const addressesAnswer = z.object({
  items: z.array(address).max(200),
  next: z.string().max(16).nullable(),
});
export type AddressesAnswer = z.infer<typeof addressesAnswer>;

const deposit = z.object({
  outpoint,
  sats: satsJson,
  address: text,
  branch: z.union([z.literal(0), z.literal(1)]),
  index: count,
  state: z.enum(['unconfirmed', 'confirmed', 'settled']),
  confirmations: count,
  height: count.nullable(),
  time: time.nullable(),
  spent: z.enum(['no', 'pending', 'yes']),
  spentBy: hex32.nullable(),
  labels: z.object({
    output: text.nullable(),
    address: text.nullable(),
    transaction: text.nullable(),
  }),
  flags: z.array(z.enum(['dust', 'unattested', 'change', 'own'])).max(4),
});
export type DepositAnswer = z.infer<typeof deposit>;

export const depositsAnswer = z.object({
  items: z.array(deposit).max(200),
  next: z.string().max(100).nullable(),
  settledConfirmations: count,
});
export type DepositsAnswer = z.infer<typeof depositsAnswer>;
