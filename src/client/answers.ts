import { z } from 'zod';
import type { RefusalCode } from '../core/base/codes.ts';
import { codes } from '../core/base/codes.ts';
import { coinsSchema } from '../core/log/entry.ts';
import { RECONCILED_ROWS, TEXT_LENGTH } from '../core/base/limits.ts';
import { count, hex32, outpoint, satsJson, time } from '../core/base/schema.ts';

/**
 * What the server answers, as far as a client uses it. Fields beyond these are let pass, so that an older client
 * reads a newer server. Nothing here is believed where money moves: what is signed is decoded from bytes.
 */

const hexBytes = z
  .string()
  .regex(/^([0-9a-f]{2})+$/)
  .max(2_000_000);

export const sessionAnswer = z.object({ expiresAt: time, member: z.string() });

export const organisationAnswer = z.object({
  genesis: hex32,
  network: z.string(),
  origin: z.string(),
  logKey: hex32,
  demonstration: z.boolean(),
  members: z.array(z.object({ id: z.string(), groups: z.array(z.string()) })),
  wallets: z.array(z.string()),
  size: count,
});
export type OrganisationAnswer = z.infer<typeof organisationAnswer>;

export const walletAnswer = z.object({
  id: z.string(),
  digest: hex32,
  network: z.string(),
  descriptor: z.string(),
  address: z.string(),
  balance: z.object({ confirmedSats: satsJson, pendingSats: z.int() }),
  open: z.boolean(),
  frozen: z.boolean(),
});
export type WalletAnswer = z.infer<typeof walletAnswer>;

/** Why the server chose as it did: numbers and names that people read, and nothing is decided by. */
const algorithm = z.enum(['branch-and-bound', 'single-random-draw', 'largest-first']);
const draftFee = z.object({
  rate: count,
  why: z.enum(['asked', 'estimated', 'capped', 'assumed']),
  estimate: count.nullable(),
  blocks: count.nullable(),
});
const weighed = { algorithm, wasteSats: z.int(), partialAddresses: count };
const draftSelection = z.object({
  ...weighed,
  longTermFeeRate: count,
  considered: z
    .array(
      z.object({ ...weighed, inputs: count, feeSats: satsJson, changeSats: satsJson.nullable() }),
    )
    .max(16),
  leftOut: z.object({ frozen: count, uneconomic: count, dust: count }),
});
const draftConsolidation = z.object({
  savingSats: satsJson,
  longTermFeeRate: count,
  addresses: count,
  leftOut: draftSelection.shape.leftOut,
});

const fact = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.string()),
  z.array(z.number()),
]);

export const draftAnswer = z.object({
  draft: z.string(),
  fee: draftFee.nullable().default(null),
  selection: draftSelection.nullable().default(null),
  consolidation: draftConsolidation.nullable().default(null),
  transaction: hexBytes,
  /** One for each input: the claim as it goes into the coins blob, and the previous transaction that it names. */
  coins: z
    .array(coinsSchema.element.extend({ transaction: hexBytes }).strip())
    .min(1)
    .max(250),
  /** What looks odd and refuses nothing. */
  warnings: z
    .array(z.object({ code: z.string().max(100), facts: z.record(z.string(), fact) }))
    .max(1_000)
    .default([]),
});
export type DraftAnswer = z.infer<typeof draftAnswer>;

export const proposedAnswer = z.object({ proposal: hex32, index: count, name: z.string() });
export type ProposedAnswer = z.infer<typeof proposedAnswer>;

export const bumpedAnswer = z.object({ version: count, index: count });
export type BumpedAnswer = z.infer<typeof bumpedAnswer>;

export const approvedAnswer = z.object({
  digest: hex32,
  index: count,
  signatureExists: z.boolean(),
});
export type ApprovedAnswer = z.infer<typeof approvedAnswer>;

export const frozenAnswer = z.object({ digest: hex32, index: count });
export type FrozenAnswer = z.infer<typeof frozenAnswer>;

export const proposalAnswer = z.object({
  proposal: hex32,
  /** The text beside the log, with the salt of its digest. */
  purpose: z
    .object({ salt: z.string().max(64), text: z.string().max(TEXT_LENGTH) })
    .nullable()
    .default(null),
  facts: z.unknown().optional(),
});
export type ProposalAnswer = z.infer<typeof proposalAnswer>;

const code = z
  .string()
  .refine((text): text is RefusalCode => Object.hasOwn(codes, text), 'not a code');

/** How the server says it is. */
export const readinessAnswer = z.object({
  status: z.string(),
  log: z.object({ size: count.nullable(), sequencer: z.string() }),
  chain: z.object({
    source: z.string(),
    fault: code.nullable(),
    warnings: z.array(code).max(16),
    tip: z.object({ height: count, hash: hex32, age: z.int(), behind: count }).nullable(),
    follower: z.object({ process: z.string(), height: count.nullable() }),
  }),
  screening: z.object({
    configured: z.boolean(),
    required: z.boolean(),
    fault: code.nullable(),
  }),
  alerts: count.nullable(),
  recovery: z.object({ open: count, soon: count }).nullable().default(null),
});
export type ReadinessAnswer = z.infer<typeof readinessAnswer>;

/** A wallet's day on the chain, as the server read it. */
export const reconciliationAnswer = z.object({
  wallet: z.string(),
  day: z.string(),
  readTo: count,
  openingSats: satsJson,
  closingSats: satsJson,
  deposits: z.array(z.object({ outpoint, sats: satsJson, height: count })).max(RECONCILED_ROWS),
  spends: z
    .array(
      z.object({
        ...{ txid: hex32, height: count, leftSats: satsJson },
        ...{ transaction: hex32, proposal: hex32.nullable() },
      }),
    )
    .max(RECONCILED_ROWS),
  open: z
    .array(z.object({ proposal: hex32, txid: hex32, signedAt: time, conflict: hex32.nullable() }))
    .max(RECONCILED_ROWS),
  allSats: satsJson,
});
export type ReconciliationAnswer = z.infer<typeof reconciliationAnswer>;

export const acceptedAnswer = z.unknown();

const outcome = z.object({
  outcome: z.string(),
  code: z.string().nullable(),
  rule: z.string().nullable(),
  facts: z.record(z.string(), z.unknown()),
  notBefore: time.nullable(),
});

export const shadowAnswer = z.object({
  wallet: z.string(),
  shadow: z.object({ policy: z.unknown(), by: z.string(), at: time }).nullable(),
  proposals: count,
  agreeing: count,
  faults: count,
  differing: z.array(
    z.object({
      proposal: hex32,
      name: z.string(),
      initiator: z.string(),
      amountSats: satsJson,
      at: time,
      change: z.string().nullable(),
      happened: outcome,
      instead: outcome,
    }),
  ),
  next: z.string().nullable(),
});
export type ShadowAnswer = z.infer<typeof shadowAnswer>;
