import { z } from 'zod';
import {
  CLAUSE_LEAVES,
  COMPROMISED,
  LABEL_LENGTH,
  MEMBERS,
  POLICY_ASSERTIONS,
  POLICY_LIMITS,
  POLICY_RULES,
  POLICY_SPANS,
  SPEND_OUTPUTS,
} from '../base/limits.ts';
import { parseAmount } from '../base/sats.ts';
import { label } from '../base/schema.ts';
import { deviceKinds, outputKinds, weekdays } from './body.ts';

/** The YAML form of a policy, as people write it. The JSON Schema for editors is generated from these schemas. */

/** An amount as people write it. */
export const amount = z
  .string()
  .regex(/^(\d{1,8}(\.\d{1,8})? BTC|\d{1,16} sat)$/)
  .refine((text) => parseAmount(text).ok, 'not an amount up to 21,000,000 BTC')
  .describe('an amount: "0.5 BTC" or "50000 sat"');
/** A length of time as people write it. */
export const duration = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,7})[smhd]$/)
  .describe('a duration: 30s, 5m, 24h or 7d');
const per = z
  .string()
  .regex(/^(transaction|[1-9][0-9]{0,7}[smhd])$/)
  .describe('"transaction", or the length of the sliding window: 24h, 7d');
const integer = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const name = z.string().min(1).max(LABEL_LENGTH);

const limit = z
  .strictObject({
    name,
    amount: amount.optional().describe('the most that may be paid'),
    count: integer.optional().describe('the most spends'),
    fee: amount.optional().describe('the most that may be spent on fees'),
    per,
    of: z.enum(['wallet', 'destination', 'initiator', 'organisation']).optional(),
    here: z
      .union([amount, integer])
      .optional()
      .describe('of: organisation: the share of this wallet'),
  })
  .refine(
    (found) => [found.amount, found.count, found.fee].filter((v) => v !== undefined).length === 1,
    'needs one of amount, count, fee',
  )
  .refine(
    (found) =>
      found.here === undefined || (typeof found.here === 'number') === (found.count !== undefined),
    'here is an amount, or a number for a count',
  );

const terms = z
  .array(z.string().regex(/^(listed|unlisted|(tag|owner):[a-z0-9][a-z0-9._-]{0,63})$/))
  .min(1);

const initiators = z.array(z.string().regex(/^(member|group):[a-z0-9][a-z0-9._-]{0,63}$/)).min(1);

/** A time of the day, from 00:00 to 23:59. */
const timeOfDay = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;
const spans = z
  .array(
    z
      .strictObject({
        days: z
          .array(z.enum(weekdays))
          .min(1)
          .refine((days) => new Set(days).size === days.length, 'a day occurs twice'),
        from: z.string().regex(timeOfDay).describe('the first minute: "09:00"'),
        to: z
          .string()
          .regex(/^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/)
          .describe('the end, itself not included: "18:00", at most "24:00"'),
      })
      .refine(
        (found) => found.from < found.to,
        'to must be later than from: write a span over midnight as two, one of them to "24:00"',
      ),
  )
  .min(1)
  .max(POLICY_SPANS);
const outputCount = z.int().min(0).max(SPEND_OUTPUTS);

const when = z.strictObject({
  amount: z
    .strictObject({
      above: amount.optional(),
      atMost: amount.optional(),
      per: per.optional(),
      of: z.enum(['wallet', 'destination', 'initiator']).optional(),
    })
    .optional()
    .describe('this spend and, with per, what the window already holds'),
  payments: z.enum(['none', 'some']).optional(),
  destinations: z
    .strictObject({
      all: terms.optional().describe('every payment is one of these'),
      any: terms.optional().describe('at least one payment is one of these'),
    })
    .optional(),
  outputs: z
    .strictObject({
      any: z
        .array(z.enum(outputKinds))
        .min(1)
        .optional()
        .describe('unusual outputs; refused unless a matching rule names them'),
      above: outputCount.optional().describe('more payments than this'),
      atMost: outputCount.optional().describe('at most so many payments'),
    })
    .optional()
    .describe('what is paid and how many payments there are; change is not counted'),
  initiator: z.strictObject({ any: initiators }).optional().describe('who proposes'),
  hours: z
    .strictObject({ within: spans.optional(), outside: spans.optional() })
    .refine(
      (found) => (found.within === undefined) !== (found.outside === undefined),
      'needs one of within, outside',
    )
    .optional()
    .describe('the time of signing, in the time zone of the policy'),
  reference: z
    .enum(['present', 'absent'])
    .optional()
    .describe('whether the proposal names a ticket'),
});

const leaf = z.strictObject({
  from: label,
  atLeast: z.int().min(0).max(MEMBERS),
  kinds: z.array(z.enum(deviceKinds)).min(1).optional(),
});
export type YamlClause =
  | z.infer<typeof leaf>
  | { readonly all: readonly YamlClause[] }
  | { readonly any: readonly YamlClause[] };
const clauses: z.ZodType<readonly YamlClause[]> = z
  .lazy(() => z.array(clause).min(1).max(CLAUSE_LEAVES))
  .meta({ id: 'clauses' });
/** A quorum as people write it. */
export const clause: z.ZodType<YamlClause> = z
  .union([leaf, z.strictObject({ all: clauses }), z.strictObject({ any: clauses })])
  .meta({ id: 'clause' });

const rule = z
  .strictObject({
    name,
    when,
    deny: z.literal(true).optional(),
    require: z.strictObject({ approvals: clause, delay: duration.optional() }).optional(),
  })
  .refine(
    (found) => (found.deny === undefined) !== (found.require === undefined),
    'needs one of require, deny',
  );

const assertion = z.strictObject({
  compromised: z.int().min(0).max(COMPROMISED).describe('so many people, with all their devices'),
  per: duration.optional().describe('within any stretch of this length; left out: however long'),
  movesAtMost: amount.describe('payments and fees together'),
});

export const yamlPolicySchema = z.strictObject({
  policy: label.describe('the wallet'),
  timezone: z.string().describe('an IANA time-zone name'),
  limits: z.array(limit).max(POLICY_LIMITS),
  fees: z.strictObject({
    rate: z
      .string()
      .regex(/^(none|[1-9][0-9]{0,5} sat\/vB)$/)
      .describe('"300 sat/vB" or "none"'),
    share: z
      .string()
      .regex(/^(none|\d{1,3}(\.\d)?%)$/)
      .describe('of the payments: "2%", "0.5%" or "none"'),
    selfSats: integer.describe('satoshi that a spend without payments may cost'),
  }),
  expires: z.strictObject({ approve: duration, sign: duration }),
  screening: z
    .literal('required')
    .optional()
    .describe('a payment waits until the screening service has cleared every destination'),
  rules: z.array(rule).max(POLICY_RULES),
  assert: z
    .array(assertion)
    .max(POLICY_ASSERTIONS)
    .optional()
    .describe('proven whenever the policy is checked'),
});
export type YamlPolicy = z.infer<typeof yamlPolicySchema>;

/** The JSON Schema of policy files, for editors (policies/policy.schema.json). */
export function policyJsonSchema(): unknown {
  return {
    title: 'Countersign policy',
    ...z.toJSONSchema(yamlPolicySchema, { io: 'input' }),
  };
}
