import type { DeviceKind } from '../approval/device-kind.ts';
import type { RefusalCode } from '../base/codes.ts';
import type { Facts, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { AnalysedMember } from './analyse/setting.ts';
import type { AllowRule, Clause, InitiatorTerm, Limit, PolicyBody, When } from './body.ts';
import { clauseGroups, clauseLeaves, deviceKinds } from './body.ts';
import type { Voice } from './quorum.ts';
import { eligibleVoices, satisfiable } from './quorum.ts';
import { isInitiator, neverMatches } from './reachable.ts';

/** What a policy is published into. */
export interface Place {
  /** Of the charter; who is suspended is left out. */
  readonly members: readonly AnalysedMember[];
  /** The groups whose members may propose. */
  readonly initiators: readonly string[];
  /** Who may change the policy; null: not known, so not compared. */
  readonly governance: Clause | null;
  /** Whether the wallet holds what belongs to others. */
  readonly custody: boolean;
  /** The policies of the other wallets, as far as they are known. */
  readonly others: readonly PolicyBody[];
}

/** Why a policy cannot be published. */
export interface Problem {
  readonly code: RefusalCode;
  /** `rule "large"`, `limits[3]`, `rules`. */
  readonly where: string;
  /** The values that show it. */
  readonly example: Facts;
}

/**
 * Whether a policy can be published: ok, or the first of {@link policyProblems} with its place and example as facts.
 */
export function checkPolicy(body: PolicyBody, place: Place): Result<null> {
  const [problem] = policyProblems(body, place);
  if (problem === undefined) return ok(null);
  return refuse(problem.code, { where: problem.where, ...problem.example });
}

/**
 * Everything that keeps a policy from being published (design 4, points 1, 8, 10 and 17). `place` null: what the
 * policy alone tells. Codes: `policy.rules.empty`, `policy.name.duplicate`, `policy.quorum.zero`,
 * `policy.delay.outlives`, `policy.rule.unreachable`, `policy.group.unknown`, `policy.member.unknown`,
 * `policy.quorum.unsatisfiable`, `policy.governance.weaker`, `policy.custody.webauthn`, `policy.custody.alone`,
 * `policy.share.exceeded`. Not checked here: the assertions (analyse/prove.ts), the time zone against a database of
 * zones, the wallet, and whether tags and owners stand in an address book.
 */
export function policyProblems(body: PolicyBody, place: Place | null): readonly Problem[] {
  const found = formProblems(body);
  for (const rule of body.rules) {
    const where = `rule ${JSON.stringify(rule.name)}`;
    const named = place === null ? [] : initiatorProblems(rule.when, place, where);
    const proposers = place === null || named.length > 0 ? null : proposersOf(place);
    const never = neverMatches(rule, proposers);
    if (never !== undefined) found.push({ code: 'policy.rule.unreachable', where, example: never });
    found.push(...named);
    if (rule.deny) continue;
    found.push(...requirementProblems(body, rule, where));
    if (place === null) continue;
    found.push(...quorumProblems(rule, place, where));
    if (place.custody) found.push(...custodyProblems(body, rule, place));
  }
  if (place !== null) found.push(...shareProblems(body, place.others));
  return found;
}

function formProblems(body: PolicyBody): Problem[] {
  const found: Problem[] = [];
  if (body.rules.length === 0)
    found.push({ code: 'policy.rules.empty', where: 'rules', example: {} });
  for (const list of ['limits', 'rules'] as const) {
    const seen = new Set<string>();
    for (const [i, { name }] of body[list].entries()) {
      const folded = foldName(name);
      if (seen.has(folded))
        found.push({ code: 'policy.name.duplicate', where: `${list}[${i}]`, example: { name } });
      seen.add(folded);
    }
  }
  return found;
}

/** A name as it is compared: NFKC and case folded, so that names that look alike are alike. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');
}

/** What a rule asks for, without looking at who is there. */
function requirementProblems(body: PolicyBody, rule: AllowRule, where: string): Problem[] {
  const found: Problem[] = [];
  const { approvals, delaySeconds } = rule.require;
  const empty = clauseLeaves(approvals).filter((leaf) => leaf.atLeast < 1);
  if (empty.length > 0)
    found.push({
      code: 'policy.quorum.zero',
      where,
      example: { groups: empty.map(({ from }) => from) },
    });
  const { approveSeconds } = body.expires;
  if (delaySeconds > approveSeconds)
    found.push({
      code: 'policy.delay.outlives',
      where,
      example: { delaySeconds, approveSeconds },
    });
  return found;
}

function proposersOf({ members, initiators }: Place): readonly AnalysedMember[] {
  return members.filter(({ groups }) => groups.some((group) => initiators.includes(group)));
}

function initiatorProblems({ initiator }: When, place: Place, where: string): Problem[] {
  const nameOf = (term: InitiatorTerm): string => term.slice(term.indexOf(':') + 1);
  const missing = (prefix: 'group' | 'member', known: readonly string[]): readonly string[] =>
    (initiator?.any ?? [])
      .filter((term) => term.startsWith(`${prefix}:`) && !known.includes(nameOf(term)))
      .map(nameOf);
  const groups = missing('group', groupsOf(place));
  const members = missing(
    'member',
    place.members.map(({ id }) => id),
  );
  return [
    ...(groups.length > 0
      ? [{ code: 'policy.group.unknown' as const, where, example: { groups } }]
      : []),
    ...(members.length > 0
      ? [{ code: 'policy.member.unknown' as const, where, example: { members } }]
      : []),
  ];
}

function groupsOf({ members }: Place): readonly string[] {
  return members.flatMap(({ groups }) => groups);
}

/** What a rule asks for, held against who is there. */
function quorumProblems(rule: AllowRule, place: Place, where: string): Problem[] {
  const { approvals } = rule.require;
  const found: Problem[] = [];
  const known = new Set(groupsOf(place));
  const groups = clauseGroups(approvals).filter((group) => !known.has(group));
  if (groups.length > 0) found.push({ code: 'policy.group.unknown', where, example: { groups } });
  else {
    const initiators = blockedInitiators(rule, place);
    if (initiators.length > 0)
      found.push({ code: 'policy.quorum.unsatisfiable', where, example: { initiators } });
  }
  const weaker = place.governance === null ? undefined : asksMore(approvals, place.governance);
  if (weaker !== undefined)
    found.push({ code: 'policy.governance.weaker', where, example: weaker });
  return found;
}

/** Those who may propose what the rule matches, and with whom its quorum cannot be met. */
function blockedInitiators(rule: AllowRule, place: Place): readonly string[] {
  const { members } = place;
  const solved = new Map<string, boolean>();
  const holdsOut = (initiator: AnalysedMember): boolean => {
    const gone = new Set([initiator.id, ...(initiator.operators ?? [])]);
    // Members alike in groups and kinds are interchangeable: each kind of gap is solved once.
    const key = members
      .filter(({ id, operators }) => gone.has(id) && operators === null)
      .map(likeness)
      .sort()
      .join('|');
    const met =
      solved.get(key) ??
      satisfiable(
        rule.require.approvals,
        eligibleVoices(members.map(voice), initiator.id, members),
      );
    solved.set(key, met);
    return met;
  };
  return proposersOf(place)
    .filter((member) => isInitiator(member, rule.when.initiator?.any ?? null) && !holdsOut(member))
    .map(({ id }) => id);
}

function likeness(member: AnalysedMember): string {
  return `${[...member.groups].sort().join()}/${[...member.kinds].sort().join()}`;
}

function voice(member: AnalysedMember): Voice {
  return { member: member.id, groups: member.groups, kinds: member.kinds };
}

/**
 * What belongs to others must not be moved by devices that a hostile web page drives, nor by one person alone: a person
 * who proposes never approves, so alone is who approves what a service account proposes. A rule is helped by every
 * rule that matches whenever it does.
 */
function custodyProblems(body: PolicyBody, rule: AllowRule, place: Place): Problem[] {
  const where = `rule ${JSON.stringify(rule.name)}`;
  const found: Problem[] = [];
  const clauses = body.rules.flatMap((other) =>
    !other.deny && isAsWide(other.when, rule.when) ? [other.require.approvals] : [],
  );
  if (clauses.every((clause) => fillable(clause, ['webauthn'])))
    found.push({ code: 'policy.custody.webauthn', where, example: { kinds: ['webauthn'] } });
  const { members } = place;
  for (const { id, operators } of proposersOf(place).filter((member) =>
    isInitiator(member, rule.when.initiator?.any ?? null),
  )) {
    if (operators === null) continue;
    const alone = eligibleVoices(members.map(voice), id, members).find((one) =>
      clauses.every((clause) => satisfiable(clause, [one])),
    );
    if (alone === undefined) continue;
    const example = { initiator: id, member: alone.member };
    found.push({ code: 'policy.custody.alone', where, example });
    break;
  }
  return found;
}

/** Whether what matches `narrow` surely matches `wide`: each condition of it is absent or the same. */
function isAsWide(wide: When, narrow: When): boolean {
  const same = (key: keyof When): boolean =>
    JSON.stringify(wide[key]) === JSON.stringify(narrow[key]);
  return (
    same('payments') &&
    (['amount', 'destinations', 'outputs', 'initiator', 'hours', 'reference'] as const).every(
      (key) => wide[key] === null || same(key),
    )
  );
}

/** The shares of a limit across wallets, found by its name, sum to no more than the least that any of them calls it. */
function shareProblems(body: PolicyBody, others: readonly PolicyBody[]): Problem[] {
  const elsewhere = others.filter(({ wallet }) => wallet !== body.wallet);
  return body.limits.flatMap((limit, i): Problem[] => {
    if (limit.here === null) return [];
    const shared = elsewhere.flatMap(({ limits }) => limits.filter((one) => isShared(one, limit)));
    const most = Math.min(limit.most, ...shared.map((one) => one.most));
    const sum = shared.reduce((before, one) => before + (one.here ?? 0), limit.here);
    if (sum <= most) return [];
    const example = { name: limit.name, most, here: limit.here, sum };
    return [{ code: 'policy.share.exceeded', where: `limits[${i}]`, example }];
  });
}

function isShared(one: Limit, other: Limit): boolean {
  return (
    one.of === 'organisation' &&
    one.measure === other.measure &&
    foldName(one.name) === foldName(other.name)
  );
}

/**
 * How a policy's quorum needs more persons, or a kind of device that changing the policy can do without. A document is no
 * PSBT: where a spend is to be shown by a wallet, a `message` device shows as much of a document.
 */
function asksMore(clause: Clause, governance: Clause): Facts | undefined {
  const persons = fewestPersons(clause);
  const governors = fewestPersons(governance);
  if (persons > governors) return { persons, governors };
  const kinds = kindSets.find(
    (held) =>
      fillable(governance, held) &&
      !fillable(clause, held.includes('message') ? [...held, 'psbt'] : held),
  );
  return kinds === undefined ? undefined : { kinds };
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
