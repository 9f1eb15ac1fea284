import { z } from 'zod';
import {
  CONSOLIDATION_INPUTS,
  FEE_RATE_SAT_PER_VBYTE,
  LONG_TERM_FEE_RATE,
  PAYMENT_URI_LENGTH,
  PSBT_BYTES,
  SMALL_COIN_SATS,
  SPEND_INPUTS,
  SPEND_OUTPUTS,
  TEXT_LENGTH,
} from '../../core/base/limits.ts';
import { count, hex32, label, satsJson, time } from '../../core/base/schema.ts';
import { coinsSchema } from '../../core/log/entry.ts';
import { proposalSchema, spendSchema } from '../../core/approval/statement.ts';

const common = {
  wallet: label,
  /** Shown to nobody and kept nowhere: the text is sent with the proposal, under its digest. */
  purpose: z.string().max(TEXT_LENGTH).optional(),
  reference: proposalSchema.shape.reference.optional(),
  /** The most fee of the envelope that the proposal will have: the policy judges it. */
  feeSatsMax: satsJson.optional(),
};
const amount = satsJson.min(1);

const payment = z.union([
  /** An address, or a payment URI (BIP 21) whose amount, if it names one, is the same. */
  z.strictObject({ address: z.string().max(PAYMENT_URI_LENGTH), sats: amount }),
  /** An id of the address book. */
  z.strictObject({ destination: label, sats: amount }),
]);
export type AskedPayment = z.output<typeof payment>;

const rate = z.int().min(1).max(FEE_RATE_SAT_PER_VBYTE);
/** Satoshi a virtual byte; without it the node's estimate, no higher than the policy's cap. */
const feeRate = rate.optional();

/** Which small coins are merged into one while fees are low. */
const merging = z.strictObject({
  /** Satoshi a virtual byte: above it fees are not low. */
  ceilingRate: rate.default(LONG_TERM_FEE_RATE),
  mostInputs: z.int().min(2).max(SPEND_INPUTS).default(CONSOLIDATION_INPUTS),
  /** Coins above are not small. */
  mostCoinSats: amount.default(SMALL_COIN_SATS),
  /** Instead, at any size and price: the coins whose recovery path is open or opens within thirty days. */
  refresh: z.boolean().default(false),
});

export const draftBody = z
  .union([
    z.strictObject({
      ...common,
      payments: z.array(payment).min(1).max(SPEND_OUTPUTS),
      feeRate,
    }),
    z.strictObject({ ...common, consolidate: merging, feeRate }),
    /** The coins of a signed proposal that waits, back to the wallet. */
    z.strictObject({ ...common, cancels: hex32, feeRate }),
    /** The change of a signed proposal that waits, back to the wallet: the fee rate is that of both together. */
    z.strictObject({ ...common, childOf: hex32, feeRate }),
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

const feeView = z.object({
  rate,
  /** `capped`: the node's estimate is above the policy's cap. `assumed`: a network of one's own, where nobody pays fees. */
  why: z.enum(['asked', 'estimated', 'capped', 'assumed']),
  estimate: rate.nullable(),
  /** Blocks that the estimate is for. */
  blocks: count.nullable(),
});

const algorithm = z.enum(['branch-and-bound', 'single-random-draw', 'largest-first']);
/** Coins that were not chosen from. */
const leftOut = z.object({
  frozen: count,
  /** Their inputs cost as much as they bring. */
  uneconomic: count,
  /** Worth less than their inputs cost later: never spent with change. */
  dust: count,
});
const weighed = {
  algorithm,
  /** Inputs × (fee rate − long-term fee rate), and the cost of change or, without change, what goes to the fee. */
  wasteSats: z.int(),
  /** Addresses of which coins are left, so that they are linked to this spend. */
  partialAddresses: count,
};
const selectionView = z.object({
  ...weighed,
  feeRate: rate,
  longTermFeeRate: rate,
  /** What each way to choose came to, the chosen one among them. */
  considered: z.array(
    z.object({ ...weighed, inputs: count, feeSats: satsJson, changeSats: satsJson.nullable() }),
  ),
  leftOut,
});
const consolidationView = z.object({
  /** What the coins and the one that comes of them save at the long-term rate, this fee counted. */
  savingSats: satsJson,
  longTermFeeRate: rate,
  /** Different ones among the coins: who looks on learns that they belong together. */
  addresses: count,
  leftOut,
});

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
    /** Null for a PSBT, which fixes its fee itself. */
    fee: feeView.nullable(),
    /** Why these coins; null where they were not chosen for payments here. */
    selection: selectionView.nullable(),
    /** What merging coins gains; null where none were merged. */
    consolidation: consolidationView.nullable(),
    warnings: z.array(reason),
  })
  .meta({ id: 'Draft' });
export type DraftView = z.input<typeof draftView>;

export const draftDropped = z.object({ draft: z.string() }).meta({ id: 'DraftDropped' });
export type DraftDropped = z.infer<typeof draftDropped>;
