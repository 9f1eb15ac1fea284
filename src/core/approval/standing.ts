import { assert } from '../base/assert.ts';
import { ISSUED_AHEAD_SECONDS } from '../base/limits.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import { groupsAt, isIn, memberOf } from '../governance/charter.ts';
import type { CharterBody } from '../governance/document.ts';
import type { InForce } from '../governance/in-force.ts';
import {
  chartersAfter,
  chartersSince,
  cooledAt,
  livingDevice,
  recordOf,
} from '../governance/in-force.ts';
import type { Ledger } from '../log/ledger.ts';
import type { ApprovalRecord, ProposalRecord, State } from '../log/state.ts';
import { eligibleVoices } from '../policy/quorum.ts';
import type { Voice } from '../policy/quorum.ts';
import type { DeviceKind } from './device-kind.ts';

/** Which approvals of a proposal stand at a time, and since when their quorum does. */

/** A proposal at the signer of its wallet, with what is in force there. */
export interface Bench {
  readonly state: State;
  readonly ledger: Ledger;
  readonly force: InForce;
  readonly proposal: ProposalRecord;
}

/** Why an approval counts no more: its author or device was not living in every charter since. */
export type Lost =
  | 'member.unknown'
  | 'member.suspended'
  | 'device.unknown'
  | 'device.suspended'
  | 'device.unconfirmed';

/** An approval with its times: good for a quorum first seen from `from` (inclusive) until `until` (exclusive). */
export interface Standing {
  readonly approval: ApprovalRecord;
  readonly kind: DeviceKind;
  /**
   * The latest of the signer's first sight, the end of the device's cool-down and two minutes before the device
   * says it signed; null while the signer has not seen it.
   */
  readonly from: Seconds | null;
  readonly until: Seconds;
  /** Two minutes before the device says that it signed. */
  readonly earliest: Seconds;
  /** The signer's first sight. */
  readonly seen: Seconds | null;
  readonly lost: Lost | null;
  /**
   * The charters in force since the signer's first sight or the approval's entry, the newest last: a group counts that
   * he held in each.
   */
  readonly charters: readonly { readonly at: Seconds; readonly body: CharterBody }[];
}

/**
 * The approvals of a proposal, each with the times between which a quorum may be first seen with it: expiry is
 * min(expiresAt, issuedAt + `approveSeconds`) (design 3, step 7). A person or device that was missing or suspended in
 * any charter since does not stand: who comes back signs again.
 */
export function standings(bench: Bench, approveSeconds: number): readonly Standing[] {
  const { state, ledger, proposal } = bench;
  return proposal.approvals.map((approval) => {
    const issued = parseTime(approval.statement.issuedAt);
    const expires = parseTime(approval.statement.expiresAt);
    assert(issued !== undefined && expires !== undefined, 'times are checked in the fold');
    const seen = ledger.sights.get(approval.digest) ?? null;
    const since = seen ?? Number.MAX_SAFE_INTEGER;
    const held = chartersSince(state, ledger, since);
    const missed = chartersAfter(state, ledger, approval.index).filter(
      ({ forced }) => !held.some((one) => one.forced === forced),
    );
    const charters = [...missed, ...held].map(({ forced: { at }, body }) => ({ at, body }));
    const cooled = cooledAt(state, ledger, approval, Number.MAX_SAFE_INTEGER);
    return {
      approval,
      seen,
      charters,
      ...life(state, charters, approval),
      from:
        seen === null || cooled === null
          ? null
          : Math.max(seen, cooled, issued - ISSUED_AHEAD_SECONDS),
      earliest: issued - ISSUED_AHEAD_SECONDS,
      until: Math.min(expires, issued + approveSeconds),
    };
  });
}

function life(
  state: State,
  charters: Standing['charters'],
  { member, device }: ApprovalRecord,
): Pick<Standing, 'kind' | 'lost'> {
  let key: string | null = null;
  let kind: DeviceKind = 'secp256k1';
  for (const { body } of charters) {
    const living = livingDevice(body, member, device);
    if (typeof living === 'string') return { kind, lost: living };
    if (key !== null && living.device.key !== key) return { kind, lost: 'device.unknown' };
    ({ key, kind } = living.device);
  }
  const isConfirmed = key !== null && state.confirmed.has(key);
  return { kind, lost: isConfirmed ? null : 'device.unconfirmed' };
}

/** The voices of the approvals that hold at `at`, one a person; the initiator and those behind him left out. */
export function voicesAt(
  bench: Bench,
  standing: readonly Standing[],
  at: Seconds,
): readonly Voice[] {
  const held = standing.filter(
    ({ from, until, lost }) => lost === null && from !== null && from <= at && at < until,
  );
  return voices(bench, held, at);
}

/** As {@link voicesAt}, counting what the signer has yet to see as if it saw it at `at`. */
export function voicesIfSeen(
  bench: Bench,
  standing: readonly Standing[],
  at: Seconds,
): readonly Voice[] {
  const held = standing.filter(
    ({ from, until, lost, seen }) =>
      lost === null && (from === null ? seen === null : from <= at) && at < until,
  );
  return voices(bench, held, at);
}

/** As {@link voicesAt}, by the charters in force until then alone: what counted before a later one took it away. */
export function voicesThen(
  bench: Bench,
  standing: readonly Standing[],
  at: Seconds,
): readonly Voice[] {
  const { state, ledger } = bench;
  const held = standing.flatMap((one) => {
    const charters = one.charters.filter((charter, i) => i === 0 || charter.at <= at);
    const cooled = cooledAt(state, ledger, one.approval, at);
    if (one.seen === null || cooled === null || at >= one.until) return [];
    const from = Math.max(one.seen, cooled, one.earliest);
    const then = { ...one, charters, ...life(state, charters, one.approval) };
    return from <= at && then.lost === null ? [then] : [];
  });
  return voices(bench, held, at);
}

/** Whether a later charter took something of an approval away: all of it, or one of its author's groups. */
export function isLessened(standing: Standing, at: Seconds): boolean {
  const { lost, charters } = standing;
  const first = { ...standing, charters: charters.slice(0, 1) };
  return lost !== null || groupsHeld(first, at).length > groupsHeld(standing, at).length;
}

/** The groups that the author of an approval held in every charter since, at a time. */
function groupsHeld({ approval, charters }: Standing, at: Seconds): readonly string[] {
  const [first = [], ...rest] = charters.map(({ body }) => {
    const member = memberOf(body, approval.member);
    return member === undefined ? [] : groupsAt(body, member, at);
  });
  return first.filter((group) => rest.every((groups) => groups.includes(group)));
}

/**
 * One voice a person. Where he approved more than once, the approvals that hold all of the groups that any of them
 * holds lend their kinds.
 */
function voices(bench: Bench, held: readonly Standing[], at: Seconds): readonly Voice[] {
  const byMember = Map.groupBy(held, ({ approval }) => approval.member);
  const made = [...byMember].map(([member, theirs]) => {
    const each = theirs.map((one) => ({ kind: one.kind, groups: groupsHeld(one, at) }));
    const groups = [...new Set(each.flatMap((one) => one.groups))];
    // The later an approval, the fewer charters it had to outlive: one of them holds all the groups.
    const whole = each.filter((one) => groups.every((group) => one.groups.includes(group)));
    return { member, groups, kinds: [...new Set(whole.map(({ kind }) => kind))] };
  });
  return eligible(bench, made);
}

/** Everybody who may approve the proposal at a time, with every kind of his living, confirmed devices. */
export function candidates(bench: Bench, at: Seconds): readonly Voice[] {
  const { state, force, proposal } = bench;
  const charter = force.charter.document.body;
  const everyone = charter.members.flatMap((member) => {
    if (member.suspended || proposal.final.has(member.id)) return [];
    const living = member.devices.filter(
      ({ key, suspended }) => !suspended && state.confirmed.has(key),
    );
    const kinds = [...new Set<DeviceKind>(living.map(({ kind }) => kind))];
    return [{ member: member.id, groups: groupsAt(charter, member, at), kinds }];
  });
  return eligible(bench, everyone);
}

/** Who initiated, or stood behind who initiated, by the named charter or by the one in force, never counts. */
function eligible({ state, force, proposal }: Bench, made: readonly Voice[]): readonly Voice[] {
  const { charter, initiator } = proposal.statement;
  const named = recordOf(state, 'charter', charter)?.document.body;
  const behind = named === undefined ? [] : (memberOf(named, initiator)?.operators ?? []);
  const counted = made.filter(({ member }) => !behind.includes(member));
  return eligibleVoices(counted, initiator, force.charter.document.body.members);
}

/** Whether the initiator and the device that proposed were living, and he might propose, in every charter since. */
export function initiatorStands({ state, ledger, proposal }: Bench): boolean {
  const { initiator, device, charter } = proposal.statement;
  const named = ledger.forced.charter.find(({ document }) => document === charter);
  return chartersSince(state, ledger, named?.at ?? 0).every(({ body }) => {
    const living = livingDevice(body, initiator, device);
    return typeof living !== 'string' && isIn(living.member, body.initiators);
  });
}

/**
 * The earliest time at which the approvals that still stand, and had been seen by then, met every clause
 * (`met`); null when they never did. Sights and ends of cool-downs can begin a quorum, and the end of a deputy's time.
 */
export function earliestQuorum(
  { force }: Bench,
  standing: readonly Standing[],
  met: (at: Seconds) => boolean,
): Seconds | null {
  const ends = force.charter.document.body.deputies.flatMap(({ until }) => parseTime(until) ?? []);
  const times = new Set(standing.flatMap(({ from }) => (from === null ? [] : [from])));
  for (const at of [...new Set([...times, ...ends])].sort((a, b) => a - b)) if (met(at)) return at;
  return null;
}
