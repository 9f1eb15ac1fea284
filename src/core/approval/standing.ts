import { assert } from '../base/assert.ts';
import { ISSUED_AHEAD_SECONDS } from '../base/limits.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import { groupsAt, isIn, memberOf } from '../governance/charter.ts';
import { kindsLent } from '../governance/devices.ts';
import type { CharterBody } from '../governance/document.ts';
import type { InForce } from '../governance/in-force.ts';
import {
  chartersAfter,
  chartersSince,
  cooledAt,
  livingDevice,
  recordOf,
} from '../governance/in-force.ts';
import { shownWallet } from '../governance/outside.ts';
import { withdrawnBy } from '../log/heard.ts';
import type { Ledger } from '../log/ledger.ts';
import type { ApprovalRecord, ProposalRecord, State } from '../log/state.ts';
import { eligibleVoices } from '../policy/quorum.ts';
import type { Voice } from '../policy/quorum.ts';
import { nonceOf } from '../psbt/signatures.ts';
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

/**
 * An approval by one device with its times: good for a quorum first seen from `from` (inclusive) until `until` (exclusive).
 * Where a wallet device made its partial signatures it stands a second time, by that device, which lends its kind while the
 * approval stands by the device that made the statement.
 */
export interface Standing {
  readonly approval: ApprovalRecord;
  /** The device that signed the statement; of kind `psbt` the one that signed the coins. */
  readonly device: string;
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
  const withdrawn = withdrawnBy(bench.ledger, bench.proposal.digest);
  const kept = bench.proposal.approvals.filter(({ member }) => !withdrawn.has(member));
  return kept.flatMap((approval) => {
    const charters = chartersOf(bench, approval);
    const devices = [approval.device, ...walletDevice(bench, approval, charters)];
    return devices.map((device) => standing(bench, { approval, device, charters }, approveSeconds));
  });
}

function chartersOf(
  { state, ledger }: Bench,
  { digest, index }: ApprovalRecord,
): Standing['charters'] {
  const held = chartersSince(state, ledger, ledger.sights.get(digest) ?? Number.MAX_SAFE_INTEGER);
  const missed = chartersAfter(state, ledger, index).filter(
    ({ forced }) => !held.some((one) => one.forced === forced),
  );
  return [...missed, ...held].map(({ forced: { at }, body }) => ({ at, body }));
}

function standing(
  { state, ledger }: Bench,
  by: Pick<Standing, 'approval' | 'device' | 'charters'>,
  approveSeconds: number,
): Standing {
  const { statement, digest } = by.approval;
  const issued = parseTime(statement.issuedAt);
  const expires = parseTime(statement.expiresAt);
  assert(issued !== undefined && expires !== undefined, 'times are checked in the fold');
  const seen = ledger.sights.get(digest) ?? null;
  const cooled = cooledAt(state, ledger, authorOf(by), Number.MAX_SAFE_INTEGER);
  return {
    ...by,
    seen,
    ...life(state, by.charters, authorOf(by)),
    from:
      seen === null || cooled === null
        ? null
        : Math.max(seen, cooled, issued - ISSUED_AHEAD_SECONDS),
    earliest: issued - ISSUED_AHEAD_SECONDS,
    until: Math.min(expires, issued + approveSeconds),
  };
}

function authorOf({ approval, device }: Pick<Standing, 'approval' | 'device'>) {
  return { member: approval.member, device };
}

/**
 * The wallet device that made the partial signatures of an approval: enrolled with the very key that signed, for this
 * wallet, when the signer first saw the approval. None where that key is held elsewhere, where none signs before the verdict,
 * or where the signatures are from before a "no".
 */
function walletDevice(
  { state, force, proposal }: Bench,
  approval: ApprovalRecord,
  [first]: Standing['charters'],
): readonly string[] {
  const { member, cosignerIndex } = approval;
  if (isOutdated(state, proposal, approval)) return [];
  const { id, body } = force.wallet.document;
  const keys = state.wallets.get(proposal.statement.wallet.id)?.wallet.keys;
  const key = cosignerIndex === null ? undefined : keys?.[cosignerIndex]?.xpub;
  if (first === undefined || key === undefined || shownWallet(id, [body]) === null) return [];
  const devices = memberOf(first.body, member)?.devices ?? [];
  return devices.flatMap((device) =>
    device.kind === 'psbt' && device.wallet === id && device.key === key ? [device.id] : [],
  );
}

/**
 * Whether the signatures stood with an earlier proposal of the same transaction, and with such a one the member took his word
 * back, or somebody rejected it. Devices sign the same bytes alike: nobody can tell that he was shown them again.
 */
function isOutdated(
  state: State,
  proposal: ProposalRecord,
  { member, partialSignatures }: ApprovalRecord,
): boolean {
  const [signature] = partialSignatures ?? [];
  const used = signature === undefined ? undefined : state.nonces.get(nonceOf(signature));
  if (used === undefined || used.proposal === proposal.digest) return false;
  const { transaction } = proposal.statement.spend;
  return [...state.proposals.values()].some(
    ({ statement, ended, final }) =>
      statement.spend.transaction === transaction &&
      (ended?.code === 'proposal.rejected' || final.has(member)),
  );
}

function life(
  state: State,
  charters: Standing['charters'],
  { member, device }: { readonly member: string; readonly device: string },
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
    const cooled = cooledAt(state, ledger, authorOf(one), at);
    if (one.seen === null || cooled === null || at >= one.until) return [];
    const from = Math.max(one.seen, cooled, one.earliest);
    const then = { ...one, charters, ...life(state, charters, authorOf(one)) };
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
  // What a wallet showed counts for nothing without the word of him who holds it.
  const said = new Set(held.flatMap((one) => (isLent(one) ? [] : one.approval.digest)));
  const counted = held.filter(({ approval }) => said.has(approval.digest));
  const byMember = Map.groupBy(counted, ({ approval }) => approval.member);
  const made = [...byMember].map(([member, theirs]) => {
    const each = theirs.map((one) => ({ kind: one.kind, groups: groupsHeld(one, at) }));
    const groups = [...new Set(each.flatMap((one) => one.groups))];
    // The later an approval, the fewer charters it had to outlive: one of them holds all the groups.
    const whole = each.filter((one) => groups.every((group) => one.groups.includes(group)));
    return { member, groups, kinds: [...new Set(whole.map(({ kind }) => kind))] };
  });
  return eligible(bench, made);
}

/** Whether it is not by the device that made the statement. */
function isLent({ approval, device }: Standing): boolean {
  return device !== approval.device;
}

/** Everybody who may approve the proposal at a time, with every kind that his living, confirmed devices lend. */
export function candidates(bench: Bench, at: Seconds): readonly Voice[] {
  const { state, force, proposal } = bench;
  const charter = force.charter.document.body;
  const { id, body } = force.wallet.document;
  const everyone = charter.members.flatMap((member) => {
    if (member.suspended || proposal.final.has(member.id)) return [];
    const living = member.devices.filter(
      ({ key, suspended }) => !suspended && state.confirmed.has(key),
    );
    const kinds = kindsLent(living, shownWallet(id, [body]));
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
