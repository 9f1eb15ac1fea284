import { fromHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import { isEd25519Key } from '../log/ed25519.ts';
import type { AnalysedMember } from '../policy/analyse/setting.ts';
import { clauseGroups, satisfiable } from '../policy/quorum.ts';
import { kindsLent } from './devices.ts';
import { checkDistinctKeys } from './distinct-keys.ts';
import type { CharterBody, CharterDevice, CharterMember } from './document.ts';

/** The name under which recovery keys sign: no member may bear it. */
export const RECOVERY = 'recovery';
/** The name under which sentinels freeze: no member may bear it. */
export const SENTINEL = 'sentinel';

/** The member of an id, or undefined. */
export function memberOf(charter: CharterBody, id: string): CharterMember | undefined {
  return charter.members.find((member) => member.id === id);
}

/** True when the member stands in one of the groups by himself, deputies left out. */
export function isIn(member: CharterMember, groups: readonly string[]): boolean {
  return member.groups.some((group) => groups.includes(group));
}

/** A person, not a service account: only persons govern and approve. */
export function isPerson(member: CharterMember): boolean {
  return member.operators === null;
}

/**
 * The groups in which a member counts at a time: his own, but not those where a deputy stands in for him, and those
 * where he stands in for another. A seat is never filled twice. `at` null: whenever, so with every group he may have.
 */
export function groupsAt(
  charter: CharterBody,
  member: CharterMember,
  at: Seconds | null,
): readonly string[] {
  const standing = charter.deputies.filter(({ until }) => {
    const end = parseTime(until);
    return at === null || (end !== undefined && at < end);
  });
  const lent =
    at === null
      ? []
      : standing.flatMap((deputy) => (deputy.for === member.id ? deputy.groups : []));
  const borrowed = standing.flatMap((deputy) => (deputy.member === member.id ? deputy.groups : []));
  const own = member.groups.filter((group) => !lent.includes(group));
  return [...new Set([...own, ...borrowed])];
}

/**
 * The members as an analysis sees them at a time, with the kinds that their devices lend to spends of a wallet (`wallet` as
 * {@link kindsLent} takes it): who is suspended is left out.
 */
export function analysedMembers(
  charter: CharterBody,
  at: Seconds,
  wallet: string | null,
): readonly AnalysedMember[] {
  return charter.members
    .filter(({ suspended }) => !suspended)
    .map((member) => ({
      id: member.id,
      groups: groupsAt(charter, member, at),
      kinds: kindsLent(living(member), wallet),
      operators: member.operators,
    }));
}

/**
 * The members without their deputies: those who stay. Who is suspended stands in his groups and has no device that
 * counts.
 */
export function lastingMembers(
  { members }: CharterBody,
  wallet: string | null,
): readonly AnalysedMember[] {
  return members.map((member) => {
    const { id, groups, operators, suspended } = member;
    return { id, groups, kinds: suspended ? [] : kindsLent(living(member), wallet), operators };
  });
}

function living({ devices }: CharterMember): readonly CharterDevice[] {
  return devices.filter(({ suspended }) => !suspended);
}

/** A person whose word on documents counts: of the governing group, or of a group that the clauses name. */
export function isGovernor(charter: CharterBody, member: CharterMember): boolean {
  const { group, clause } = charter.governance;
  return isPerson(member) && isIn(member, [group, ...clauseGroups(clause)]);
}

/** Whether all living governors together could meet the governance clauses. */
export function isGovernable(charter: CharterBody): boolean {
  return isGovernableWithout(charter, null);
}

/** The same while one of them does not agree, and only such devices count. */
export function isGovernableWithout(
  charter: CharterBody,
  absent: string | null,
  counts: (member: string, device: CharterDevice) => boolean = () => true,
): boolean {
  const { clause } = charter.governance;
  const voices = charter.members
    .filter((member) => member.id !== absent && !member.suspended && isGovernor(charter, member))
    .map((member) => ({
      member: member.id,
      groups: member.groups,
      // A document is no PSBT: a wallet device has nothing to lend.
      kinds: kindsLent(
        living(member).filter((device) => counts(member.id, device)),
        null,
      ),
    }))
    .filter(({ kinds }) => kinds.length > 0);
  return satisfiable(clause, voices);
}

/**
 * Whether a charter can be one: unique labels and keys, known groups, clauses that its members can fill.
 * Codes: `charter.invalid`, `charter.unsatisfiable`, `device.kind.unsupported`, those of checkDistinctKeys.
 * Not checked here: its keys beside those of the wallets (content.ts), their network ({@link checkCharterNetwork}),
 * what may follow what (change.ts), and who signed it.
 */
export function checkCharter(charter: CharterBody): Result<null> {
  const members = checkMembers(charter);
  if (!members.ok) return members;
  const keys = checkDistinctKeys(charter, []);
  if (!keys.ok) return keys;
  const signed = charter.signers.map((signer) => signer.wallet);
  if (new Set(signed).size !== signed.length) return invalid('two signers of one wallet');
  const recovery = checkRecovery(charter);
  if (!recovery.ok) return recovery;
  const sentinels = checkSentinels(charter);
  if (!sentinels.ok) return sentinels;
  const groups = new Set(charter.members.flatMap((member) => member.groups));
  const { governance, initiators, officers } = charter;
  const named = [
    governance.group,
    ...clauseGroups(governance.clause),
    ...initiators,
    ...officers,
    ...charter.deputies.flatMap((deputy) => deputy.groups),
  ];
  const unknown = [...new Set(named.filter((group) => !groups.has(group)))];
  if (unknown.length > 0) return invalid('an empty group', { groups: unknown });
  const deputies = checkDeputies(charter);
  if (!deputies.ok) return deputies;
  return isGovernable(charter) ? ok(null) : refuse('charter.unsatisfiable');
}

function invalid(reason: string, facts: Readonly<Record<string, string | readonly string[]>> = {}) {
  return refuse('charter.invalid', { reason, ...facts });
}

function isTwice(names: readonly string[]): boolean {
  return new Set(names).size !== names.length;
}

function checkMembers(charter: CharterBody): Result<null> {
  const ids = charter.members.map((member) => member.id);
  if (isTwice(ids)) return invalid('a member twice');
  if (ids.includes(RECOVERY)) return invalid('a name that recovery keys sign under');
  if (ids.includes(SENTINEL)) return invalid('a name that sentinels sign under');
  for (const member of charter.members) {
    if (isTwice(member.devices.map((device) => device.id)))
      return invalid('a device twice', { member: member.id });
    const other = member.devices.find(({ kind }) => kind === 'webauthn');
    if (other !== undefined)
      return refuse('device.kind.unsupported', { member: member.id, kind: other.kind });
    const strangers = (member.operators ?? []).filter((id) => !ids.includes(id));
    if (strangers.length > 0) return invalid('an unknown operator', { members: strangers });
  }
  return ok(null);
}

function checkRecovery({ recovery }: CharterBody): Result<null> {
  if (recovery === null) return ok(null);
  if (isTwice(recovery.keys.map(({ id }) => id))) return invalid('a recovery key twice');
  return recovery.needed <= recovery.keys.length
    ? ok(null)
    : invalid('more recovery keys are needed than there are');
}

function checkSentinels({ sentinels, sentinelsNeeded }: CharterBody): Result<null> {
  if (isTwice(sentinels.map(({ id }) => id))) return invalid('a sentinel twice');
  if (sentinels.some(({ key }) => !isEd25519Key(fromHex(key))))
    return invalid('a sentinel whose key is none');
  return sentinelsNeeded <= sentinels.length
    ? ok(null)
    : invalid('more sentinels are needed than there are');
}

/**
 * A deputy is a person who takes the place of another, for approving alone: he neither governs nor proposes for
 * him, and nobody stands in for a deputy.
 */
function checkDeputies(charter: CharterBody): Result<null> {
  const { governance, initiators, deputies } = charter;
  const barred = [governance.group, ...clauseGroups(governance.clause), ...initiators];
  for (const deputy of deputies) {
    const { member, for: absent, groups } = deputy;
    const facts = { member, for: absent };
    const [one, other] = [memberOf(charter, member), memberOf(charter, absent)];
    if (one === undefined || other === undefined) return invalid('an unknown deputy', facts);
    if (!isPerson(one) || !isPerson(other)) return invalid('a deputy is a person', facts);
    if (member === absent) return invalid('a deputy of himself', facts);
    if (groups.some((group) => !other.groups.includes(group)))
      return invalid('a deputy in a group where the absent person does not stand', facts);
    if (groups.some((group) => barred.includes(group)))
      return invalid('a deputy neither governs nor proposes', facts);
    const clash = deputies.some(
      (second) =>
        second !== deputy &&
        second.groups.some((group) => groups.includes(group)) &&
        (second.for === absent || second.for === member || second.member === member),
    );
    if (clash) return invalid('two deputies for one place', facts);
  }
  return ok(null);
}

/** Whether a charter may hold a wallet of a network: real coins want cool-downs, delay and no demonstration. Codes: `charter.network`, `demonstration.network`. */
export function checkCharterNetwork(charter: CharterBody, network: string): Result<null> {
  if (network === 'sandbox' || network === 'regtest') return ok(null);
  if (charter.demonstration) return refuse('demonstration.network', { network });
  const { deviceSeconds, destinationSeconds } = charter.coolDowns;
  if (deviceSeconds === 0 || destinationSeconds === 0 || charter.governance.delaySeconds === 0)
    return refuse('charter.network', { network });
  return ok(null);
}
