import { z } from 'zod';
import { isPlainText } from '../base/canonical.ts';
import {
  LABEL_LENGTH,
  MEMBERS,
  PROPOSAL_SECONDS,
  SPEND_FILE_SPENDS,
  SPEND_OUTPUTS,
  WINDOW_SECONDS,
  ZONE_UNTIL,
} from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Sats } from '../base/sats.ts';
import { parseAmount, sumSats } from '../base/sats.ts';
import { label, parseWith, time } from '../base/schema.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import type { AnalysedMember } from './analyse/setting.ts';
import { deviceKinds } from './body.ts';
import { readDataFile } from './data-file.ts';
import type { SpendFacts } from './inquiry.ts';
import type { Voice } from './quorum.ts';
import type { Movement, Payment, UsageRecord } from './usage.ts';
import type { ScreeningAnswer } from '../screening.ts';
import { screeningAnswers } from '../screening.ts';
import { toSeconds } from './yaml.ts';
import { amount, duration } from './yaml-form.ts';

/** The script of a payment that names none: an ordinary P2WPKH. */
const ordinaryScript = `0014${'11'.repeat(20)}`;

/** Our times begin with the year 2000; and what is told of a spend, ends of windows and delays, must be times as well. */
const FIRST = 946_684_800;
const LAST = ZONE_UNTIL - WINDOW_SECONDS - 2 * PROPOSAL_SECONDS;

const payment = z
  .strictObject({
    /** The owner of the address-book entry; left out: an unlisted address. */
    to: label.optional(),
    tags: z.array(label).max(16).optional(),
    script: z
      .string()
      .regex(/^([0-9a-f]{2}){1,42}$/)
      .optional(),
    amount,
    /** So many payments alike. */
    times: z.int().min(1).max(SPEND_OUTPUTS).optional(),
  })
  .refine(
    (found) => found.tags === undefined || found.to !== undefined,
    'only who is listed has tags',
  );
type WrittenPayment = z.infer<typeof payment>;

const payments = z
  .array(payment)
  .max(SPEND_OUTPUTS)
  .refine(
    (list) => list.reduce((sum, { times = 1 }) => sum + times, 0) <= SPEND_OUTPUTS,
    `more than ${SPEND_OUTPUTS} payments`,
  );

const moved = { initiator: label, pay: payments, fee: amount };

function isOne(...found: readonly unknown[]): boolean {
  return found.filter((one) => one !== undefined).length === 1;
}

/** The fields of a spend file (policies/README.md). */
export const spendFileShape = {
  spend: z.strictObject({
    ...moved,
    vbytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
    /** A ticket; left out: none is named. */
    reference: z.string().min(1).max(LABEL_LENGTH).refine(isPlainText).optional(),
  }),
  /** Who approved; a member alone: with every kind of device that he has. */
  approvals: z
    .array(
      z.union([
        label,
        z.strictObject({ member: label, kinds: z.array(z.enum(deviceKinds)).min(1) }),
      ]),
    )
    .max(MEMBERS),
  /** Since when these approvals suffice; left out: just now. */
  quorum: z
    .strictObject({ ago: duration.optional(), at: time.optional() })
    .refine(({ ago, at }) => isOne(ago, at), 'needs one of ago, at')
    .optional(),
  /** Spends of the wallet before: signed so long ago or at a time, or reserved and not signed. */
  usage: z
    .array(
      z
        .strictObject({
          ...moved,
          ago: duration.optional(),
          at: time.optional(),
          reserved: z.literal(true).optional(),
          /** So many spends alike. */
          times: z.int().min(1).max(SPEND_FILE_SPENDS).optional(),
        })
        .refine(
          ({ ago, at, reserved }) => isOne(ago, at, reserved),
          'needs one of ago, at, reserved',
        ),
    )
    .max(SPEND_FILE_SPENDS)
    .refine(
      (list) => list.reduce((sum, { times = 1 }) => sum + times, 0) <= SPEND_FILE_SPENDS,
      `more than ${SPEND_FILE_SPENDS} spends`,
    )
    .optional(),
  /** What the screening service answered of the worst destination; left out: nothing yet. */
  screening: z.enum(screeningAnswers).optional(),
  /** When it is judged; left out: now. */
  at: time.optional(),
};
const spendFile = z.strictObject(spendFileShape);
export type SpendFile = z.infer<typeof spendFile>;

/** A spend before a policy: what the evaluation and the quorum are asked about. */
export interface SpendCase {
  readonly facts: SpendFacts;
  readonly usage: readonly UsageRecord[];
  readonly voices: readonly Voice[];
  readonly now: Seconds;
  /** Since when the approvals suffice, should they. */
  readonly quorumAt: Seconds;
  /** Null: no answer yet. */
  readonly screening: ScreeningAnswer | null;
}

/** A spend file as it is written. Refuses with `file.syntax`, `json.*`, `schema.mismatch`. */
export function parseSpendFile(text: string): Result<SpendFile> {
  const data = readDataFile(text);
  return data.ok ? parseWith(spendFile, data.value) : data;
}

/**
 * The case of a spend file among these members at a time (`file.at`, unless the caller asks about another). Refuses who
 * is no member (`member.unknown`), a kind of device that a member does not have (`device.unknown`), approvals and usage
 * of the future or before 2000 (`statement.time`), more than all bitcoin (`amount.invalid`).
 */
export function spendCase(
  { spend, approvals, quorum, screening, usage = [] }: SpendFile,
  members: readonly AnalysedMember[],
  now: Seconds,
): Result<SpendCase> {
  const { initiator, vbytes, reference } = spend;
  if (!(now >= FIRST && now <= LAST)) return refuse('statement.time', { field: 'at' });
  const proposer = members.find(({ id }) => id === initiator);
  if (proposer === undefined) return refuse('member.unknown', { member: initiator });
  const movement = movementOf(spend);
  if (!movement.ok) return movement;
  const voices = voicesOf(approvals, members);
  if (!voices.ok) return voices;
  const records = recordsOf(usage, now);
  if (!records.ok) return records;
  const quorumAt = quorum === undefined ? now : timeOf(quorum, now);
  if (quorumAt < FIRST || quorumAt > now) return refuse('statement.time', { field: 'quorum' });
  const facts = {
    ...movement.value,
    vbytes,
    initiatorGroups: proposer.groups,
    hasReference: reference !== undefined,
  };
  return ok({
    facts,
    usage: records.value,
    voices: voices.value,
    now,
    quorumAt,
    screening: screening ?? null,
  });
}

function recordsOf(
  usage: NonNullable<SpendFile['usage']>,
  now: Seconds,
): Result<readonly UsageRecord[]> {
  const records: UsageRecord[] = [];
  for (const [i, one] of usage.entries()) {
    const movement = movementOf(one);
    if (!movement.ok) return movement;
    const isReserved = one.reserved === true;
    const at = isReserved ? now : timeOf(one, now);
    if (at < FIRST || at > now) return refuse('statement.time', { field: `usage.${i}` });
    const state = isReserved ? 'reserved' : 'committed';
    for (let n = 0; n < (one.times ?? 1); n++)
      records.push({ ...movement.value, proposal: `usage ${i + 1}.${n + 1}`, state, at });
  }
  return ok(records);
}

function timeOf(
  { ago, at }: { readonly ago?: string | undefined; readonly at?: string | undefined },
  now: Seconds,
): Seconds {
  if (ago !== undefined) return now - toSeconds(ago);
  // The schema has matched the time; without one it lies ahead of all times, and is refused.
  return parseTime(at ?? '') ?? Number.POSITIVE_INFINITY;
}

function movementOf({
  initiator,
  pay,
  fee,
}: Pick<SpendFile['spend'], 'initiator' | 'pay' | 'fee'>): Result<Movement> {
  const feeSats = parseAmount(fee);
  if (!feeSats.ok) return feeSats;
  const made: Payment[] = [];
  for (const one of pay) {
    const sats = parseAmount(one.amount);
    if (!sats.ok) return sats;
    for (let i = 0; i < (one.times ?? 1); i++) made.push(paymentOf(one, sats.value));
  }
  const amountSats = sumSats(made.map(({ sats }) => sats));
  if (!amountSats.ok) return amountSats;
  return ok({ payments: made, amountSats: amountSats.value, feeSats: feeSats.value, initiator });
}

function paymentOf(
  { to, tags = [], script = ordinaryScript }: WrittenPayment,
  sats: Sats,
): Payment {
  return { script, sats, destination: to === undefined ? null : { owner: to, tags } };
}

function voicesOf(
  approvals: SpendFile['approvals'],
  members: readonly AnalysedMember[],
): Result<readonly Voice[]> {
  const voices = new Map<string, Voice>();
  for (const approval of approvals) {
    const id = typeof approval === 'string' ? approval : approval.member;
    const member = members.find((one) => one.id === id);
    if (member === undefined) return refuse('member.unknown', { member: id });
    const kinds = typeof approval === 'string' ? member.kinds : approval.kinds;
    const missing = kinds.filter((kind) => !member.kinds.includes(kind));
    if (missing.length > 0) return refuse('device.unknown', { member: id, kinds: missing });
    const before = voices.get(id)?.kinds ?? [];
    voices.set(id, {
      member: id,
      groups: member.groups,
      kinds: [...new Set([...before, ...kinds])],
    });
  }
  return ok([...voices.values()]);
}
