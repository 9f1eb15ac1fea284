import type { DeviceKind } from '../approval/device-kind.ts';
import { MAX_MONEY_SATS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Clause, DestinationTerm, PolicyBody, When } from './body.ts';
import { clauseGroups, clauseLeaves, deviceKinds } from './body.ts';
import type { Voice } from './quorum.ts';
import { satisfiable } from './quorum.ts';

/** What the check must know of a member of the charter. */
export interface PolicyMember {
  readonly id: string;
  readonly groups: readonly string[];
  /** The kinds of all his devices. */
  readonly kinds: readonly DeviceKind[];
  /** True for a service account. */
  readonly service: boolean;
  /** The people behind a service account. */
  readonly operators?: readonly string[] | null;
}

/**
 * Whether a policy can be published for a charter (design 4, points 1 and 17, as far as this version goes). Returns the
 * first of: `policy.rules.empty`, `policy.name.duplicate`, `policy.quorum.zero`, `policy.group.unknown`,
 * `policy.delay.outlives`, `policy.rule.unreachable`, `policy.quorum.unsatisfiable`, `policy.governance.weaker`.
 *
 * `initiators` are the groups whose members may propose: the quorum must hold out whoever of them proposes. When it is
 * not known who may propose (undefined), it must hold out for one member at least. `governanceClause` absent: not
 * compared. Not checked here: the time zone against a database of zones, the wallet, tags and owners.
 */
export function checkPolicy(
  body: PolicyBody,
  charterMembers: readonly PolicyMember[],
  governanceClause?: Clause,
  initiators?: readonly string[],
): Result<null> {
  const form = checkForm(body);
  if (!form.ok) return form;
  const known = new Set(charterMembers.flatMap((member) => member.groups));
  for (const rule of body.rules) {
    if (rule.deny) continue;
    const { approvals } = rule.require;
    const unknown = clauseGroups(approvals).filter((group) => !known.has(group));
    if (unknown.length > 0)
      return refuse('policy.group.unknown', { rule: rule.name, groups: unknown });
    const blocked = blockedInitiators(approvals, charterMembers, initiators);
    if (blocked !== undefined)
      return refuse('policy.quorum.unsatisfiable', { rule: rule.name, initiators: blocked });
    if (governanceClause !== undefined && asksMore(approvals, governanceClause))
      return refuse('policy.governance.weaker', { rule: rule.name });
  }
  return ok(null);
}

/** What the policy alone tells. */
function checkForm(body: PolicyBody): Result<null> {
  if (body.rules.length === 0) return refuse('policy.rules.empty');
  for (const list of [body.limits, body.rules]) {
    const twice = duplicateName(list.map((one) => one.name));
    if (twice !== undefined) return refuse('policy.name.duplicate', { name: twice });
  }
  for (const rule of body.rules) {
    const reason = unreachable(rule.when);
    if (reason !== undefined) return refuse('policy.rule.unreachable', { rule: rule.name, reason });
    if (rule.deny) continue;
    if (clauseLeaves(rule.require.approvals).some((leaf) => leaf.atLeast < 1))
      return refuse('policy.quorum.zero', { rule: rule.name });
    const { delaySeconds } = rule.require;
    const { approveSeconds } = body.expires;
    if (delaySeconds > approveSeconds)
      return refuse('policy.delay.outlives', { rule: rule.name, delaySeconds, approveSeconds });
  }
  return ok(null);
}

/** A name as it is compared: NFKC and case folded, so that names that look alike are alike. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

function duplicateName(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    const folded = foldName(name);
    if (seen.has(folded)) return name;
    seen.add(folded);
  }
  return undefined;
}

/** Why no spend whatever can match, or undefined. Exact for what it names; it does not look at other rules. */
function unreachable(when: When): string | undefined {
  const { amount, destinations, outputs } = when;
  const { above = null, atMost = null } = amount ?? {};
  if (above !== null && atMost !== null && above >= atMost) return 'above is not below atMost';
  if (above === Number(MAX_MONEY_SATS) && amount?.windowSeconds === null)
    return 'above is all bitcoin there will ever be';
  if (when.payments === 'none') {
    if (destinations !== null) return 'without payments there are no destinations';
    if (outputs !== null) return 'without payments there are no outputs to name';
    const isAlone = amount?.windowSeconds === null || amount?.of === 'destination';
    if (isAlone && above !== null) return 'without payments the amount is 0';
  }
  const { all = null, any = null } = destinations ?? {};
  if (all !== null && any !== null && !any.some((one) => all.some((other) => meet(one, other))))
    return 'no payment can be of both all and any';
  return undefined;
}

/** Whether one payment can be both: an address is listed or not, and of one owner; it may have many tags. */
function meet(a: DestinationTerm, b: DestinationTerm): boolean {
  if (a === 'unlisted' || b === 'unlisted') return a === b;
  return !(a.startsWith('owner:') && b.startsWith('owner:')) || a === b;
}

/** The possible initiators with whom the quorum cannot be met (all members, when one would do); undefined: all is well. */
function blockedInitiators(
  clause: Clause,
  members: readonly PolicyMember[],
  initiators: readonly string[] | undefined,
): readonly string[] | undefined {
  const solved = new Map<string, boolean>();
  const holdsOut = (initiator: PolicyMember): boolean => {
    const gone = new Set([initiator.id, ...(initiator.operators ?? [])]);
    const left = members.filter((member) => !member.service && !gone.has(member.id));
    // Members alike in groups and kinds are interchangeable: each kind of gap is solved once.
    const key = members.filter((member) => gone.has(member.id) && !member.service).map(likeness);
    const known = solved.get(key.sort().join('|'));
    const met = known ?? satisfiable(clause, left.map(voice));
    solved.set(key.join('|'), met);
    return met;
  };
  if (initiators === undefined)
    return members.some(holdsOut) ? undefined : members.map((member) => member.id);
  const possible = members.filter((member) => member.groups.some((g) => initiators.includes(g)));
  const blocked = possible.filter((member) => !holdsOut(member)).map((member) => member.id);
  return blocked.length === 0 ? undefined : blocked;
}

function likeness(member: PolicyMember): string {
  return `${[...member.groups].sort().join()}/${[...member.kinds].sort().join()}`;
}

function voice(member: PolicyMember): Voice {
  return { member: member.id, groups: member.groups, kinds: member.kinds };
}

/** Whether a policy's quorum needs more persons, or a kind of device that changing the policy can do without. */
function asksMore(clause: Clause, governance: Clause): boolean {
  if (fewestPersons(clause) > fewestPersons(governance)) return true;
  return kindSets.some((held) => !fillable(clause, held) && fillable(governance, held));
}

function fewestPersons(clause: Clause): number {
  if ('from' in clause) return clause.atLeast;
  return 'all' in clause
    ? clause.all.reduce((sum, one) => sum + fewestPersons(one), 0)
    : Math.min(...clause.any.map(fewestPersons));
}

/** Every set of kinds that people might hold, the empty one left out. */
const kindSets: readonly (readonly DeviceKind[])[] = Array.from({ length: 15 }, (_, i) =>
  deviceKinds.filter((_kind, bit) => ((i + 1) >> bit) & 1),
);

/** Whether people who hold only these kinds can fill a clause, however many they are. */
function fillable(clause: Clause, held: readonly DeviceKind[]): boolean {
  if ('from' in clause)
    return clause.kinds === null || clause.kinds.some((kind) => held.includes(kind));
  return 'all' in clause
    ? clause.all.every((one) => fillable(one, held))
    : clause.any.some((one) => fillable(one, held));
}
