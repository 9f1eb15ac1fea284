import { z } from 'zod';
import { COMPROMISED, MEMBERS, WINDOW_SECONDS } from '../../core/base/limits.ts';
import { count, label } from '../../core/base/schema.ts';
import { spendFileShape } from '../../core/policy/spend-file.ts';
import { changes } from '../../core/policy/replay-policy.ts';
import { postedPolicy } from './policy-body.ts';
import { faredView } from './shadow.schema.ts';

const subject = {
  /** What is in force at this wallet's signer is what the policy is looked at with. */
  wallet: label,
};
/** The normalised body; left out: the policy in force. */
const policyOrCurrent = postedPolicy.optional();

export const checkBody = z
  .strictObject({ ...subject, policy: postedPolicy })
  .meta({ id: 'PolicyCheckBody' });
export type CheckBody = z.output<typeof checkBody>;

export const diffBody = z
  .strictObject({ ...subject, before: policyOrCurrent, after: postedPolicy })
  .meta({ id: 'PolicyDiffBody' });
export type DiffBody = z.output<typeof diffBody>;

export const blastBody = z
  .strictObject({
    ...subject,
    policy: policyOrCurrent,
    windowSeconds: z.int().min(1).max(WINDOW_SECONDS).default(86_400),
    upTo: z.int().min(0).max(COMPROMISED).default(3),
    /** The members who together unlock the signer: the log does not know them. */
    unlockers: z.array(label).max(MEMBERS).default([]),
  })
  .meta({ id: 'PolicyBlastRadiusBody' });
export type BlastBody = z.output<typeof blastBody>;

export const explainBody = z
  .strictObject({
    ...subject,
    policy: policyOrCurrent,
    /** A spend as in a spend file (policies/README.md). */
    spend: z.strictObject(spendFileShape),
  })
  .meta({ id: 'PolicyExplainBody' });
export type ExplainBody = z.output<typeof explainBody>;

export const replayBody = z
  .strictObject({ ...subject, policy: postedPolicy })
  .meta({ id: 'PolicyReplayBody' });
export type ReplayBody = z.output<typeof replayBody>;

const facts = z.record(z.string(), z.unknown());
const reason = z.object({ code: z.string(), facts });
const movement = {
  initiator: z.string(),
  amountSats: count,
  feeSats: count,
  payments: z.array(
    z.object({
      sats: count,
      to: z.object({ owner: z.string(), tags: z.array(z.string()) }).nullable(),
      script: z.string(),
    }),
  ),
};
const spend = { ...movement, vbytes: count, hasReference: z.boolean() };

export const checkView = z
  .object({
    ok: z.boolean(),
    problems: z.array(z.object({ code: z.string(), where: z.string(), example: facts })),
  })
  .meta({ id: 'PolicyCheck' });
export type CheckView = z.infer<typeof checkView>;

const example = z.object({
  spend: z.object(spend),
  earlier: z.array(z.object({ ...movement, state: z.string(), at: z.string() })),
  approvals: z.array(z.object({ member: z.string(), kinds: z.array(z.string()) })),
  screening: z.enum(['clear', 'unanswered']).nullable(),
  at: z.string(),
  elapsedSeconds: count,
  approvalAgeSeconds: count,
  because: reason,
});

export const diffView = z
  .object({
    verdict: z.enum(['tightens', 'loosens', 'both', 'same']),
    easier: z.array(example),
    harder: z.array(example),
  })
  .meta({ id: 'PolicyDiff' });

export const blastView = z
  .object({
    window: count.nullable(),
    rows: z.array(
      z.object({
        compromised: count,
        sats: z.union([count, z.literal('everything')]),
        exact: z.boolean(),
        who: z.array(z.string()),
        how: z.string(),
        spends: z.array(
          z.object({
            at: z.string(),
            afterSeconds: count,
            ...spend,
            approvals: z.array(z.string()),
          }),
        ),
      }),
    ),
  })
  .meta({ id: 'PolicyBlastRadius' });

export const explainView = z
  .object({
    outcome: z.enum(['denied', 'pending', 'waiting', 'authorised', 'signed']),
    refusals: z.array(reason),
    rules: z.array(facts),
    limits: z.array(facts),
    clauses: z.array(facts),
    approvals: z.array(facts),
    screening: facts.nullable(),
    delaySeconds: count,
    quorumAt: z.string().nullable(),
    notBefore: z.string().nullable(),
    signBy: z.string().nullable(),
  })
  .meta({ id: 'PolicyExplanation' });

const sums = z.object({ proposals: count, sats: count });

/** How the past proposals of a wallet would have fared under a policy. */
export const replayView = z
  .object({
    wallet: label,
    proposals: count,
    agreeing: count,
    signed: sums,
    changes: z.record(z.enum(changes), sums),
    differing: z.array(faredView),
  })
  .meta({ id: 'PolicyReplay' });
