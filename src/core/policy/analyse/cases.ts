import type { Refusal } from '../../base/result.ts';
import { refuse } from '../../base/result.ts';
import type { Sats } from '../../base/sats.ts';
import { sats } from '../../base/sats.ts';
import type { Seconds } from '../../base/time.ts';
import { usageOfRecords } from '../budget.ts';
import type { Evaluation, SpendFacts } from '../evaluate.ts';
import { evaluate } from '../evaluate.ts';
import type { Voice } from '../quorum.ts';
import { eligibleVoices, solveClause } from '../quorum.ts';
import type { Destination, Payment, UsageRecord } from '../usage.ts';
import type { Setting } from './setting.ts';

/** Of a comparison in one direction: the setting that shall permit a case, and the one that shall refuse it. */
export interface Sides<T> {
  readonly yes: T;
  readonly no: T;
}
export type Side = keyof Sides<unknown>;

/** Whom a script belongs to, in the address book of either side; null: unlisted. */
export interface Payee extends Sides<Destination | null> {
  readonly script: string;
}

export interface PaidTo {
  readonly payee: Payee;
  readonly sats: Sats;
}

/** What moves: one spend. */
export interface Paying {
  readonly payments: readonly PaidTo[];
  readonly feeSats: Sats;
  readonly initiator: string;
}

/** An earlier spend that holds budget. */
export interface Past extends Paying {
  readonly at: Seconds;
}

/** A spend with all that a verdict depends on, the same for both sides but for what each book says of a script. */
export interface Case extends Paying {
  readonly vbytes: number;
  readonly hasReference: boolean;
  /** Whether the screening service cleared every destination; else it has not answered. */
  readonly isCleared: boolean;
  readonly history: readonly Past[];
  readonly now: Seconds;
  readonly approvals: readonly Voice[];
  /** Since the quorum. */
  readonly elapsedSeconds: number;
  /** Since it might first have been signed. */
  readonly overdueSeconds: number;
  /** Of the oldest approval that is needed, when the quorum was met. */
  readonly approvalAgeSeconds: number;
}

/** The spend of a case as one side sees it. */
export function factsOf(found: Omit<Case, 'history'>, side: Side, setting: Setting): SpendFacts {
  const { vbytes, hasReference, initiator } = found;
  const initiatorGroups = setting.members.find(({ id }) => id === initiator)?.groups ?? [];
  return { ...movementOf(found, side), vbytes, hasReference, initiatorGroups };
}

/** The history of a case as one side sees it. */
export function usageOf({ history }: Case, side: Side): readonly UsageRecord[] {
  return history.map((past, i) => ({
    ...movementOf(past, side),
    proposal: `earlier-${String(i + 1)}`,
    state: 'committed' as const,
    at: past.at,
  }));
}

function movementOf({ payments, feeSats, initiator }: Paying, side: Side) {
  const seen = payments.map(({ payee, sats: amount }): Payment => ({
    script: payee.script,
    sats: amount,
    destination: payee[side],
  }));
  const amountSats = sats(seen.reduce((sum, payment) => sum + payment.sats, 0n));
  return { payments: seen, amountSats, feeSats, initiator };
}

/** What the policy of one side says of a case, approvals and time apart. */
export function evaluateCase(found: Case, side: Side, setting: Setting): Evaluation {
  const facts = factsOf(found, side, setting);
  return evaluate(setting.policy, facts, usageOfRecords(usageOf(found, side)), found.now);
}

/** Whether a setting lets a member propose. */
export function mayInitiate({ members, initiators }: Setting, member: string): boolean {
  const groups = members.find(({ id }) => id === member)?.groups ?? [];
  return groups.some((group) => initiators.includes(group));
}

/** The approvals that count in a setting: of its people, in their groups there, by the devices they have there. */
export function countedVoices(
  { members }: Setting,
  initiator: string,
  approvals: readonly Voice[],
): readonly Voice[] {
  const known = new Map(members.map((member) => [member.id, member]));
  const voices = approvals.flatMap(({ member, kinds }): readonly Voice[] => {
    const here = known.get(member);
    if (here === undefined) return [];
    const held = kinds.filter((kind) => here.kinds.includes(kind));
    return [{ member, groups: here.groups, kinds: held }];
  });
  return eligibleVoices(voices, initiator, members);
}

/** Whether a setting holds every payment until the screening service has cleared it. */
export function needsClearing({ policy }: Setting): boolean {
  return policy.screening === 'required';
}

/**
 * Everything that a side has against a case; nothing when it permits it. How long a delay is and how long a spend may
 * be signed after it are held apart: a longer delay makes everybody wait and does not count as more time to sign in.
 */
export function objections(found: Case, side: Side, setting: Setting): readonly Refusal[] {
  const { initiator, elapsedSeconds, overdueSeconds, approvalAgeSeconds } = found;
  const { approveSeconds, signSeconds } = setting.policy.expires;
  const judged = evaluateCase(found, side, setting);
  const against: Refusal[] = [];
  if (!mayInitiate(setting, initiator))
    against.push(objection('member.role', { member: initiator, needs: setting.initiators }));
  against.push(...judged.refusals, ...judged.waiting);
  if (needsClearing(setting) && found.payments.length > 0 && !found.isCleared)
    against.push(objection('screening.unanswered', {}));
  const voices = countedVoices(setting, initiator, found.approvals);
  for (const { name, clause } of judged.matched) {
    const { met, missing } = solveClause(clause, voices);
    if (met) continue;
    const lacks = missing.map(({ from, count }) => `${String(count)} of ${from}`);
    against.push(objection('policy.quorum.missing', { rule: name, missing: lacks }));
  }
  if (approvalAgeSeconds >= approveSeconds)
    against.push(objection('policy.quorum.missing', { approvalAgeSeconds, approveSeconds }));
  const { delaySeconds } = judged;
  if (elapsedSeconds < delaySeconds)
    against.push(objection('policy.delay.waiting', { elapsedSeconds, delaySeconds }));
  if (overdueSeconds > signSeconds)
    against.push(objection('policy.sign.expired', { overdueSeconds, signSeconds }));
  return against;
}

function objection(code: Refusal['code'], facts: Refusal['facts']): Refusal {
  return refuse(code, facts).refusal;
}
