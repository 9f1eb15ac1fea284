import { z } from 'zod';
import { FEE_RATE_SAT_PER_VBYTE } from '../../core/base/limits.ts';
import { count, hex32, hex64, label, satsJson, time } from '../../core/base/schema.ts';
import { screeningAnswers } from '../../core/screening.ts';
import { pageCursor, pageLimit, saltedText, statementFields } from '../http/bodies.ts';
import { reason } from './drafts.schema.ts';

export const proposeBody = z
  .strictObject({
    ...statementFields,
    /** SHA-256 of the coins blob. */
    coins: hex32,
    purpose: saltedText,
  })
  .meta({ id: 'ProposeBody' });
export type ProposeBody = z.output<typeof proposeBody>;

export const proposedView = z
  .object({ proposal: hex32, index: count, name: z.string() })
  .meta({ id: 'Proposed' });
export type ProposedView = z.infer<typeof proposedView>;

export const bumpBody = z
  .strictObject({
    /** Satoshi a virtual byte at worst size; without it the node's estimate, no higher than the policy's cap. */
    feeRate: z.int().min(1).max(FEE_RATE_SAT_PER_VBYTE).optional(),
  })
  .meta({ id: 'BumpBody' });
export type BumpBody = z.output<typeof bumpBody>;

/** A fee bump as it stands in the log; its signer decides. */
export const bumpedView = z
  .object({ proposal: hex32, version: count, index: count, txid: hex32, feeSats: satsJson })
  .meta({ id: 'Bumped' });
export type BumpedView = z.infer<typeof bumpedView>;

export const proposalDigest = hex32.meta({ id: 'ProposalDigest' });

const stages = [
  'open',
  'ended',
  'signed',
  'broadcast',
  'confirmed',
  'settled',
  'cancelled',
] as const;
const stage = z.enum(stages);

// Without an id: as a component it would be named and its parameters left out of the description.
export const proposalsQuery = z.strictObject({
  wallet: label.optional(),
  stage: stage.optional(),
  cursor: pageCursor,
  limit: pageLimit,
});
export type ProposalsQuery = z.output<typeof proposalsQuery>;

const summary = {
  proposal: hex32,
  index: count,
  /** Four words to talk about it; they prove nothing. */
  name: z.string(),
  wallet: label,
  initiator: label,
  stage,
  /** What the rule says now, and why. */
  outcome: z.enum(['refused', 'invalidated', 'pending', 'waiting', 'authorised', 'signed']),
  code: z.string().nullable(),
  amountSats: satsJson,
  feeSats: satsJson,
  reference: z.string().nullable(),
  txid: hex32,
  issuedAt: time,
  expiresAt: time,
};
/** A text beside the log with the salt of its digest; null when it was erased or never sent. */
const text = z.object({ salt: z.string(), text: z.string() }).nullable();

const proposalSummary = z
  .object({ ...summary, approvals: z.array(label) })
  .meta({ id: 'ProposalSummary' });
export type ProposalSummary = z.infer<typeof proposalSummary>;

export const proposalsView = z
  .object({ items: z.array(proposalSummary), next: z.string().nullable() })
  .meta({ id: 'Proposals' });
export type ProposalsView = z.infer<typeof proposalsView>;

export const proposalView = z
  .object({
    ...summary,
    /** As it was signed. */
    statement: z.looseObject({}),
    signature: hex64,
    purpose: text,
    verdict: z.object({
      outcome: summary.outcome,
      refusal: reason.nullable(),
      notBefore: time.nullable(),
      /** Limits, rules, clauses filled and missing, approvals as they count. */
      trace: z.looseObject({}),
    }),
    approvals: z.array(
      z.object({
        digest: hex32,
        index: count,
        member: label,
        device: label,
        issuedAt: time,
        partialSignatures: hex32.nullable(),
        reason: text,
      }),
    ),
    /** By whose word it can never be signed. */
    ended: z.object({ code: z.string(), by: label, reason: text }).nullable(),
    /** What the screening service answered about each script that it pays; null: nothing yet, or nobody is paid. */
    screening: z
      .object({
        answer: z.enum(screeningAnswers),
        at: time,
        destinations: z.array(
          z.object({
            /** The first output that pays it. */
            output: count,
            answer: z.enum(screeningAnswers),
            /** What the service calls the case. */
            reference: z.string().nullable(),
          }),
        ),
      })
      .nullable(),
    facts: z
      .object({
        broadcastAt: time.nullable(),
        broadcasts: z.array(hex32),
        confirmed: z.object({ height: count, block: hex32, txid: hex32 }).nullable(),
        confirmations: count,
        settledAt: time.nullable(),
      })
      .nullable(),
    /** Fee bumps inside its envelope, the newest last. */
    versions: z.array(
      z.object({
        version: count,
        index: count,
        txid: hex32,
        feeSats: satsJson,
        /** Virtual bytes at worst. */
        vbytes: count,
        /** Members whose keys signed it. */
        cosigners: z.array(label),
        signed: z.boolean(),
        /** Why it is not, or null. */
        code: z.string().nullable(),
      }),
    ),
    /** The proposal that makes this one void once it is confirmed: signed, or about to be. */
    cancelledBy: hex32.nullable(),
    /** SHA-256 of what stands beside the log. */
    blobs: z.object({
      transaction: hex32,
      coins: hex32,
      parents: z.array(hex32),
      /** Of the signer's signatures. */
      signatures: hex32.nullable(),
    }),
  })
  .meta({ id: 'Proposal' });
export type ProposalView = z.infer<typeof proposalView>;
