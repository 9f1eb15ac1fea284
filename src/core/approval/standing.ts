import { assert } from '../base/assert.ts';
import { ISSUED_AHEAD_SECONDS } from '../base/limits.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import type { Ledger } from '../log/ledger.ts';
import type { ApprovalRecord, ProposalRecord, State } from '../log/state.ts';
import { eligibleVoices } from '../policy/quorum.ts';
import type { Voice } from '../policy/quorum.ts';
import type { DeviceKind } from './device-kind.ts';

/** Which approvals of a proposal stand at a time, and since when their quorum does. */

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
  /** The signer's first sight. */
  readonly seen: Seconds | null;
}

/**
 * The approvals of a proposal whose device is living, each with the times between which a quorum may be first
 * seen with it: expiry is min(expiresAt, issuedAt + `approveSeconds`) (design 3, step 7).
 */
export function standings(
  state: State,
  ledger: Ledger,
  proposal: ProposalRecord,
  approveSeconds: number,
): readonly Standing[] {
  return proposal.approvals.flatMap((approval) => {
    const record = state.members.get(approval.member);
    const device = record?.member.devices.find(({ id }) => id === approval.device);
    if (record === undefined || device === undefined) return [];
    if (!record.confirmed.has(device.id)) return [];
    const issued = parseTime(approval.statement.issuedAt);
    const expires = parseTime(approval.statement.expiresAt);
    assert(issued !== undefined && expires !== undefined, 'times are checked in the fold');
    const seen = ledger.sights.get(approval.digest) ?? null;
    const cooled = cooledAt(state, ledger);
    return [
      {
        approval,
        kind: device.kind,
        seen,
        from:
          seen === null || cooled === null
            ? null
            : Math.max(seen, cooled, issued - ISSUED_AHEAD_SECONDS),
        until: Math.min(expires, issued + approveSeconds),
      },
    ];
  });
}

/** When the devices of the charter in force have cooled, from the signer's first sight of it; null: not seen. */
function cooledAt(state: State, ledger: Ledger): Seconds | null {
  assert(state.charter !== null, 'a proposal needs a charter in force');
  const { deviceSeconds } = state.charter.document.body.coolDowns;
  if (deviceSeconds === 0) return 0;
  const sight = ledger.sights.get(state.charter.digest);
  return sight === undefined ? null : sight + deviceSeconds;
}

/** The voices of the approvals that hold at `at`, one a person; the initiator and those behind him left out. */
export function voicesAt(
  state: State,
  proposal: ProposalRecord,
  standing: readonly Standing[],
  at: Seconds,
): readonly Voice[] {
  return voices(
    state,
    proposal,
    standing.filter(({ from, until }) => from !== null && from <= at && at < until),
  );
}

/** As {@link voicesAt}, counting what the signer has yet to see as if it saw it at `at`. */
export function voicesIfSeen(
  state: State,
  proposal: ProposalRecord,
  standing: readonly Standing[],
  at: Seconds,
): readonly Voice[] {
  return voices(
    state,
    proposal,
    standing.filter(({ from, until }) => (from === null || from <= at) && at < until),
  );
}

function voices(
  state: State,
  proposal: ProposalRecord,
  standing: readonly Standing[],
): readonly Voice[] {
  const kinds = new Map<string, Set<DeviceKind>>();
  for (const { approval, kind } of standing) {
    const known = kinds.get(approval.member) ?? new Set();
    kinds.set(approval.member, known.add(kind));
  }
  const made = [...kinds].flatMap(([member, used]) => {
    const record = state.members.get(member);
    return record === undefined ? [] : [{ member, groups: record.member.groups, kinds: [...used] }];
  });
  return eligible(state, proposal, made);
}

/** Everybody who may approve the proposal, with every kind of his confirmed devices. */
export function candidates(state: State, proposal: ProposalRecord): readonly Voice[] {
  const everyone = [...state.members.values()].flatMap(({ member, confirmed }) => {
    if (proposal.final.has(member.id)) return [];
    const kinds = member.devices.filter(({ id }) => confirmed.has(id)).map(({ kind }) => kind);
    return [{ member: member.id, groups: member.groups, kinds: [...new Set<DeviceKind>(kinds)] }];
  });
  return eligible(state, proposal, everyone);
}

function eligible(
  state: State,
  proposal: ProposalRecord,
  made: readonly Voice[],
): readonly Voice[] {
  const members = [...state.members.values()].map(({ member }) => member);
  return eligibleVoices(made, proposal.statement.initiator, members);
}

/**
 * The earliest time at which the approvals that still stand, and had been seen by then, met every clause
 * (`met`); null when they never did. Only sights and ends of cool-downs can begin a quorum, so only they are tried.
 */
export function earliestQuorum(
  standing: readonly Standing[],
  met: (at: Seconds) => boolean,
): Seconds | null {
  const times = new Set(standing.flatMap(({ from }) => (from === null ? [] : [from])));
  for (const at of [...times].sort((a, b) => a - b)) if (met(at)) return at;
  return null;
}
