/* eslint max-lines: ["error", 450] -- the types of the language and their schemas are read side by side */
import { z } from 'zod';
import type { DeviceKind } from '../approval/device-kind.ts';
import { isPlainText } from '../base/canonical.ts';
import {
  CLAUSE_DEPTH,
  CLAUSE_LEAVES,
  COMPROMISED,
  FEE_RATE_SAT_PER_VBYTE,
  LABEL_LENGTH,
  MEMBERS,
  MINUTES_OF_DAY,
  POLICY_ASSERTIONS,
  POLICY_LIMITS,
  POLICY_RULES,
  POLICY_SPANS,
  POLICY_TERMS,
  PROPOSAL_SECONDS,
  SPEND_OUTPUTS,
  WINDOW_SECONDS,
  ZONE_OFFSET,
  ZONE_OFFSETS,
  ZONE_UNTIL,
} from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { label, parseWith, satsJson } from '../base/schema.ts';

/**
 * The normalised policy: the body of a policy document (design 4). Satoshi, seconds, ids; every key always present,
 * so that one policy has one form and one digest. YAML (yaml.ts) is only a way to write it.
 */
export interface PolicyBody {
  /** The wallet it governs. */
  readonly wallet: string;
  /** An IANA time-zone name. */
  readonly timezone: string;
  /** What `hours` are judged by; null when no rule names hours. */
  readonly zone: Zone | null;
  /** Each always applies. */
  readonly limits: readonly Limit[];
  readonly fees: FeeCaps;
  readonly expires: { readonly approveSeconds: number; readonly signSeconds: number };
  /** `required`: a spend waits until the screening service has cleared every destination (screening.ts); null: it does not wait. */
  readonly screening: 'required' | null;
  /** Empty: everything is denied. */
  readonly rules: readonly Rule[];
  /** Proven whenever the policy is checked (analyse.ts). */
  readonly assert: readonly Assertion[];
}

/**
 * A time zone as data, so that every reader of a policy turns the same time into the same hour for ever, whatever
 * version of the zone database he has. The governor's device looks it up; a reader without one takes it as signed.
 */
/** So many seconds east of UTC; west of it where that is said, for canonical JSON has no number below zero. */
export interface ZoneOffset {
  readonly from: number;
  readonly seconds: number;
  readonly west?: true;
}

/** Seconds east of UTC, negative in the west. */
export function eastSeconds({ seconds, west }: Pick<ZoneOffset, 'seconds' | 'west'>): number {
  return west === true ? -seconds : seconds;
}

export interface Zone {
  /** Of the zone database it was taken from, such as `2026b`. */
  readonly version: string;
  /**
   * Offsets from UTC, each from a time on (Unix seconds), ascending; the first is from 0. Beyond `until` nobody knows the law
   * yet: a rule that names hours then denies (`policy.hours.unknown`).
   */
  readonly offsets: readonly ZoneOffset[];
  readonly until: number;
}

/** That so many compromised people move at most so much within any stretch of the window; null: however long. */
export interface Assertion {
  readonly compromised: number;
  readonly windowSeconds: number | null;
  /** Satoshi, payments and fees. */
  readonly movesAtMost: number;
}

/** What a limit or a condition on the amount is counted over. All unlisted scripts share one destination. */
export type Scope = 'wallet' | 'destination' | 'initiator' | 'organisation';

export interface Limit {
  readonly name: string;
  readonly measure: 'amount' | 'count' | 'fee';
  /** Satoshi; a number of spends for `count`. Exactly this much passes. */
  readonly most: number;
  /** The sliding window; null: of each transaction by itself. */
  readonly windowSeconds: number | null;
  readonly of: Scope;
  /** The share of this wallet, enforced at its signer; set for `of: organisation` and for nothing else. */
  readonly here: number | null;
}

/** Caps of one transaction; null: no such cap. */
export interface FeeCaps {
  /** Satoshi a virtual byte. */
  readonly rateSatPerVbyte: number | null;
  /** Thousandths of the payments. */
  readonly sharePerMille: number | null;
  /** Satoshi that a spend without payments may cost. */
  readonly selfSats: number;
}

/** Holds when every condition that is not null holds. */
export interface When {
  /** `none` matches only spends without payments, `some` only spends with at least one. */
  readonly payments: 'none' | 'some';
  readonly amount: AmountCondition | null;
  readonly destinations: DestinationCondition | null;
  readonly outputs: OutputCondition | null;
  /** Holds when the initiator is one of these. */
  readonly initiator: { readonly any: readonly InitiatorTerm[] } | null;
  /** Judged at the time of signing. */
  readonly hours: HoursCondition | null;
  /** Whether the proposal names a ticket; null: either way. */
  readonly reference: 'present' | 'absent' | null;
}

/**
 * `any`: a payment is one of these; without a matching rule that names it such a payment is refused. `above < number
 * of payments <= atMost`, change not counted. Holds when all that is not null holds.
 */
export interface OutputCondition {
  readonly any: readonly OutputKind[] | null;
  readonly above: number | null;
  readonly atMost: number | null;
}

export type InitiatorTerm = `member:${string}` | `group:${string}`;

/** Holds when the local time lies within one of the spans, or outside all of them. */
export interface HoursCondition {
  readonly is: 'within' | 'outside';
  readonly spans: readonly HoursSpan[];
}
/** From a minute of the day (inclusive) to another (exclusive, at most 1440), on days of the week in the policy's zone. */
export interface HoursSpan {
  readonly days: readonly Weekday[];
  readonly fromMinute: number;
  readonly toMinute: number;
}
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** `above < amount <= atMost`, satoshi; with a window: what it holds plus this spend. */
export interface AmountCondition {
  readonly above: number | null;
  readonly atMost: number | null;
  readonly windowSeconds: number | null;
  /** Of several destinations the one with the largest amount is compared. */
  readonly of: AmountScope;
}
/** The organisation is missing: a signer knows the spends of its own wallet only. */
export type AmountScope = 'wallet' | 'destination' | 'initiator';

/** `all`: every payment is one of the terms. `any`: at least one payment is one of the terms. */
export interface DestinationCondition {
  readonly all: readonly DestinationTerm[] | null;
  readonly any: readonly DestinationTerm[] | null;
}
export type DestinationTerm = 'listed' | 'unlisted' | `tag:${string}` | `owner:${string}`;

/** An OP_RETURN that burns value; a witness program without meaning today; an output of 0 sat. */
export type OutputKind = 'data-value' | 'witness-unknown' | 'zero-value';

export type Rule = AllowRule | DenyRule;
export interface AllowRule {
  readonly name: string;
  readonly when: When;
  readonly deny: false;
  readonly require: { readonly approvals: Clause; readonly delaySeconds: number };
}
export interface DenyRule {
  readonly name: string;
  readonly when: When;
  readonly deny: true;
  readonly require: null;
}

/** Who must approve. Within one rule a person fills one leaf. */
export type Clause =
  Leaf | { readonly all: readonly Clause[] } | { readonly any: readonly Clause[] };
export interface Leaf {
  readonly from: string;
  /** A quorum of 0 is never met. */
  readonly atLeast: number;
  /** null: a device of any kind. */
  readonly kinds: readonly DeviceKind[] | null;
}

/** The device kinds of a clause, in the order of the language. */
export const deviceKinds = [
  'secp256k1',
  'webauthn',
  'message',
  'psbt',
] as const satisfies readonly DeviceKind[];
export const outputKinds = [
  'data-value',
  'witness-unknown',
  'zero-value',
] as const satisfies readonly OutputKind[];

const name = z
  .string()
  .min(1)
  .max(LABEL_LENGTH)
  .refine((text) => isPlainText(text) && text.trim() === text, 'not a plain name');

function isUnique(items: readonly string[]): boolean {
  return new Set(items).size === items.length;
}

const windowSeconds = z.int().min(1).max(WINDOW_SECONDS).nullable();

const limit = z
  .strictObject({
    name,
    measure: z.enum(['amount', 'count', 'fee']),
    most: satsJson,
    windowSeconds,
    of: z.enum(['wallet', 'destination', 'initiator', 'organisation']),
    here: satsJson.nullable(),
  })
  .refine(
    (found) => found.measure !== 'count' || found.windowSeconds !== null,
    'a count of spends needs a window',
  )
  .refine(
    (found) => found.measure !== 'fee' || found.of !== 'destination',
    'a fee has no destination',
  )
  .refine(
    (found) => (found.of === 'organisation') === (found.here !== null),
    'of: organisation, and nothing else, names the share of this wallet under here',
  )
  .refine((found) => (found.here ?? 0) <= found.most, 'here is larger than the limit');

const fees = z.strictObject({
  rateSatPerVbyte: z.int().min(1).max(FEE_RATE_SAT_PER_VBYTE).nullable(),
  sharePerMille: z.int().min(0).max(1_000).nullable(),
  selfSats: satsJson,
});

const amountCondition = z
  .strictObject({
    above: satsJson.nullable(),
    atMost: satsJson.nullable(),
    windowSeconds,
    of: z.enum(['wallet', 'destination', 'initiator']),
  })
  .refine((found) => found.above !== null || found.atMost !== null, 'needs above or atMost');

const initiatorPattern = /^(member|group):[a-z0-9][a-z0-9._-]{0,63}$/;
const initiatorTerms = z
  .array(
    z.custom<InitiatorTerm>(
      (v) => typeof v === 'string' && initiatorPattern.test(v),
      'not member:ID or group:ID',
    ),
  )
  .min(1)
  .max(POLICY_TERMS)
  .refine(isUnique, 'a term occurs twice');

const minute = z.int().min(0).max(MINUTES_OF_DAY);
const span = z
  .strictObject({
    days: z.array(z.enum(weekdays)).min(1).refine(isUnique, 'a day occurs twice'),
    fromMinute: minute,
    toMinute: minute,
  })
  .refine((found) => found.fromMinute < found.toMinute, 'a span ends after it begins');

const outputCount = z.int().min(0).max(SPEND_OUTPUTS).nullable();
const outputCondition = z
  .strictObject({
    any: z.array(z.enum(outputKinds)).min(1).refine(isUnique, 'a kind occurs twice').nullable(),
    above: outputCount,
    atMost: outputCount,
  })
  .refine(
    (found) => found.any !== null || found.above !== null || found.atMost !== null,
    'needs any, above or atMost',
  );

const termPattern = /^(listed|unlisted|(tag|owner):[a-z0-9][a-z0-9._-]{0,63})$/;
const terms = z
  .array(z.custom<DestinationTerm>((v) => typeof v === 'string' && termPattern.test(v)))
  .min(1)
  .max(POLICY_TERMS)
  .refine(isUnique, 'a term occurs twice')
  .nullable();

const destinationCondition = z
  .strictObject({ all: terms, any: terms })
  .refine((found) => found.all !== null || found.any !== null, 'needs all or any');

const when = z.strictObject({
  payments: z.enum(['none', 'some']),
  amount: amountCondition.nullable(),
  destinations: destinationCondition.nullable(),
  outputs: outputCondition.nullable(),
  initiator: z.strictObject({ any: initiatorTerms }).nullable(),
  hours: z
    .strictObject({
      is: z.enum(['within', 'outside']),
      spans: z.array(span).min(1).max(POLICY_SPANS),
    })
    .nullable(),
  reference: z.enum(['present', 'absent']).nullable(),
});

const leaf = z.strictObject({
  from: label,
  atLeast: z.int().min(0).max(MEMBERS),
  kinds: z.array(z.enum(deviceKinds)).min(1).refine(isUnique, 'a kind occurs twice').nullable(),
});
const clauses: z.ZodType<readonly Clause[]> = z.lazy(() =>
  z.array(clause).min(1).max(CLAUSE_LEAVES),
);
const clause: z.ZodType<Clause> = z.union([
  leaf,
  z.strictObject({ all: clauses }),
  z.strictObject({ any: clauses }),
]);

/**
 * The schema of a quorum, also of the governance clauses. `atLeast: 0` has the form of a clause: it is refused with
 * its own code when the policy is checked, and never met when it is solved.
 */
export const clauseSchema: z.ZodType<Clause> = clause
  .refine((found) => clauseDepth(found) <= CLAUSE_DEPTH, 'the quorum is nested too deep')
  .refine((found) => clauseLeaves(found).length <= CLAUSE_LEAVES, 'the quorum has too many parts');

const rule = z.discriminatedUnion('deny', [
  z.strictObject({
    name,
    when,
    deny: z.literal(false),
    require: z.strictObject({
      approvals: clauseSchema,
      delaySeconds: z.int().min(0).max(PROPOSAL_SECONDS),
    }),
  }),
  z.strictObject({ name, when, deny: z.literal(true), require: z.null() }),
]);

const zone = z
  .strictObject({
    version: z.string().regex(/^[0-9]{4}[a-z]{1,2}$/),
    offsets: z
      .array(
        z
          .strictObject({
            from: z.int().min(0).max(ZONE_UNTIL),
            seconds: z.int().min(0).max(ZONE_OFFSET),
            west: z.exactOptional(z.literal(true)),
          })
          .refine(({ seconds, west }) => seconds > 0 || west === undefined, 'UTC has one spelling'),
      )
      .min(1)
      .max(ZONE_OFFSETS),
    until: z.int().min(1).max(ZONE_UNTIL),
  })
  .refine(
    ({ offsets, until }) =>
      offsets[0]?.from === 0 &&
      offsets.every(({ from }, i) => from < (offsets[i + 1]?.from ?? until)),
    'offsets ascend from 0 to until',
  );

const assertion = z.strictObject({
  compromised: z.int().min(0).max(COMPROMISED),
  windowSeconds,
  movesAtMost: satsJson,
});

const expiry = z.int().min(1).max(PROPOSAL_SECONDS);

/** The schema of the normalised body: form and bounds. What it means together is checked by check.ts. */
export const policyBodySchema: z.ZodType<PolicyBody> = z
  .strictObject({
    wallet: label,
    timezone: z
      .string()
      .max(LABEL_LENGTH)
      .regex(/^[A-Z][A-Za-z_]*(\/[A-Za-z][A-Za-z0-9_+-]*){0,2}$/),
    zone: zone.nullable(),
    limits: z.array(limit).max(POLICY_LIMITS),
    fees,
    expires: z.strictObject({ approveSeconds: expiry, signSeconds: expiry }),
    screening: z.literal('required').nullable(),
    rules: z.array(rule).max(POLICY_RULES),
    assert: z.array(assertion).max(POLICY_ASSERTIONS),
  })
  .refine(
    (found) => found.rules.some(({ when: { hours } }) => hours !== null) === (found.zone !== null),
    'a policy pins its time zone when, and only when, a rule names hours',
  );

/**
 * The policy body in a document. Requires JSON data, nested no deeper than {@link JSON_DEPTH}. Refuses what has
 * another form, unknown and missing keys included, with `schema.mismatch`. What no charter can satisfy is refused by
 * {@link checkPolicy}, not here.
 */
export function parsePolicyBody(value: unknown): Result<PolicyBody> {
  return parseWith(policyBodySchema, value);
}

/** Every leaf of a clause, from left to right. */
export function clauseLeaves(found: Clause): readonly Leaf[] {
  if ('from' in found) return [found];
  return ('all' in found ? found.all : found.any).flatMap(clauseLeaves);
}

/** Nesting of a clause: 0 for a leaf. */
export function clauseDepth(found: Clause): number {
  if ('from' in found) return 0;
  return 1 + Math.max(0, ...('all' in found ? found.all : found.any).map(clauseDepth));
}

/** The groups that a clause names, each once, sorted. */
export function clauseGroups(found: Clause): readonly string[] {
  return [...new Set(clauseLeaves(found).map((one) => one.from))].sort();
}
