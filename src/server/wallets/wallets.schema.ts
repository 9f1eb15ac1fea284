import { z } from 'zod';
import { count, hex32, label, outpoint, satsJson, time } from '../../core/base/schema.ts';
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

/** A coin that a draft may take now, unless it is frozen. */
const coin = z.object({
  outpoint,
  sats: satsJson,
  address: z.string(),
  branch: z.int(),
  index: count,
  height: count,
  confirmations: count,
  /** By SETTLED_CONFIRMATIONS of them. */
  settled: z.boolean(),
  /** Somebody wants it left alone: no draft takes it. */
  frozen: z.boolean(),
  /** About how long until a recovery path spends it without the signer: 0 when it does now, null when none ever does. */
  recoverySeconds: count.nullable(),
  /** What people call it, or its address. */
  label: z.string().nullable(),
});

export const coinsView = z
  .object({ items: z.array(coin), next: z.string().nullable() })
  .meta({ id: 'Coins' });
export type CoinsView = z.infer<typeof coinsView>;

export const walletView = z
  .object({
    ...summary,
    descriptor: z.string(),
    /**
     * The next unused receive address by this server's word alone. Give it to nobody: ask for an address by
     * `POST /v1/wallets/{id}/addresses`, which the signer attests.
     */
    address: z.string(),
    addressIndex: count,
    holders: z.array(label),
    /** Sets of members whose keys spend without the hot key. */
    outside: z.array(z.array(z.string())),
    /** What opens by waiting, and to whom; null when there is too much to list. */
    recovery: z
      .array(z.object({ after: z.array(z.string()), by: z.array(z.array(z.string())) }))
      .nullable(),
    birth: count,
    gapLimit: count,
    /** Digests in force at the wallet's signer, or the newest where it has not begun: what a proposal names. */
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

const limit = z.object({
  name: z.string(),
  /** `count`: numbers of spends; else satoshi. */
  measure: z.enum(['amount', 'count', 'fee']),
  of: z.enum(['wallet', 'destination', 'initiator', 'organisation']),
  /** The owner (null: all unlisted addresses) or the initiator; null for wallet and organisation. */
  key: z.string().nullable(),
  windowSeconds: count.nullable(),
  /** Of an organisation's limit the share of this wallet. */
  most: count,
  spent: count,
  reserved: count,
  /** By proposals that nobody has approved, for an hour from their time. It holds nothing. */
  asked: count,
  /** Beside what is spent and reserved. */
  free: count,
  /** When more frees up by age; null when nothing will. */
  freesAt: time.nullable(),
  /** The row of all initiators or destinations that used and ask for nothing: `key` is null, and all of it is free. */
  everybodyElse: z.boolean(),
});

export const budgetView = z
  .object({
    wallet: label,
    /** Digest of the policy in force at the signer. */
    policy: hex32,
    /** The signer's time, or ours where that is later. */
    at: time,
    limits: z.array(limit),
    /** Initiators and destinations left out: those who used the least. */
    omitted: count,
  })
  .meta({ id: 'Budget' });
export type BudgetView = z.infer<typeof budgetView>;
