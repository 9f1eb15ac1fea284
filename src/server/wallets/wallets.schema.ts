import { z } from 'zod';
import { count, hex32, label, outpoint, satsJson } from '../../core/base/schema.ts';
import { pageCursor, pageLimit } from '../http/bodies.ts';

export const walletId = label.meta({ id: 'WalletId' });

// Without an id: as a component it would be named and its parameters left out of the description.
export const coinsQuery = z.strictObject({ cursor: pageCursor, limit: pageLimit });
export type CoinsQuery = z.output<typeof coinsQuery>;

const balance = z.object({
  /** In blocks, and not spent in one. */
  confirmedSats: satsJson,
  /** What our own transactions in the mempool will add (change) or take: below zero when they pay more than they return. */
  pendingSats: z.int(),
  /** Of the confirmed: held by drafts and proposals. */
  lockedSats: satsJson,
});

const summary = {
  id: label,
  network: z.string(),
  /** Of the wallet document. */
  digest: hex32,
  /** Every key holder and the signer have confirmed it. */
  open: z.boolean(),
  frozen: z.boolean(),
  balance,
};

const walletSummary = z.object(summary).meta({ id: 'WalletSummary' });
export type WalletSummary = z.infer<typeof walletSummary>;

export const walletsView = z
  .object({ items: z.array(walletSummary), next: z.string().nullable() })
  .meta({ id: 'Wallets' });
export type WalletsView = z.infer<typeof walletsView>;

/** A coin that a draft may take now. */
const coin = z.object({
  outpoint,
  sats: satsJson,
  address: z.string(),
  branch: z.int(),
  index: count,
  height: count,
});

export const coinsView = z
  .object({ items: z.array(coin), next: z.string().nullable() })
  .meta({ id: 'Coins' });
export type CoinsView = z.infer<typeof coinsView>;

export const walletView = z
  .object({
    ...summary,
    descriptor: z.string(),
    /** The next unused receive address. Check it on a device before it is given to anybody. */
    address: z.string(),
    addressIndex: count,
    holders: z.array(label),
    birth: count,
    gapLimit: count,
    /** Digests in force. */
    documents: z.object({
      charter: hex32.nullable(),
      wallet: hex32,
      policy: hex32.nullable(),
      destinations: hex32.nullable(),
    }),
    /** Free coins, the largest first: the first page. */
    coins: coinsView,
  })
  .meta({ id: 'Wallet' });
export type WalletView = z.infer<typeof walletView>;
