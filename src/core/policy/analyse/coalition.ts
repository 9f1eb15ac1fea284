import type { DeviceKind } from '../../approval/device-kind.ts';
import { ANALYSIS_STEPS } from '../../base/limits.ts';
import type { Clause, Leaf } from '../body.ts';
import { clauseLeaves } from '../body.ts';
import type { Voice } from '../quorum.ts';
import { fits, isMet } from '../quorum.ts';
import type { AnalysedMember, Setting } from './setting.ts';
import { Steps } from './steps.ts';

/**
 * By member, what a setting can tell him by: two with the same text can be exchanged and no verdict changes. It holds
 * his groups and kinds, the service accounts he stands behind, and, where a rule names him or he is a service account,
 * who he is.
 */
export function likeness(setting: Setting): ReadonlyMap<string, string> {
  const named = new Set<string>(
    setting.policy.rules.flatMap(({ when }) => when.initiator?.any ?? []),
  );
  const behind = new Map<string, string[]>();
  for (const { id, operators } of setting.members)
    for (const person of operators ?? []) {
      const accounts = behind.get(person);
      if (accounts === undefined) behind.set(person, [id]);
      else accounts.push(id);
    }
  const isOwn = ({ id, operators }: AnalysedMember): boolean =>
    operators !== null || named.has(`member:${id}`);
  return new Map(
    setting.members.map((member) => [
      member.id,
      JSON.stringify([
        [...member.groups].sort(),
        [...member.kinds].sort(),
        (behind.get(member.id) ?? []).sort(),
        isOwn(member) ? member.id : null,
      ]),
    ]),
  );
}

/** Members, each once, put together with those like them under every likeness given. */
export function alike(
  members: Iterable<string>,
  likenesses: readonly ReadonlyMap<string, string>[],
): readonly (readonly string[])[] {
  const types = new Map<string, string[]>();
  for (const member of new Set(members)) {
    const key = JSON.stringify(likenesses.map((one) => one.get(member) ?? null));
    const type = types.get(key);
    if (type === undefined) types.set(key, [member]);
    else type.push(member);
  }
  return [...types.values()];
}

/** Every set of exactly `size` people, but of sets that differ by an exchange of people alike only one. */
export function* coalitions(
  types: readonly (readonly string[])[],
  size: number,
): Generator<readonly string[], undefined> {
  const [first, ...others] = types;
  if (first === undefined) {
    if (size === 0) yield [];
    return undefined;
  }
  for (let count = Math.min(size, first.length); count >= 0; count--)
    for (const rest of coalitions(others, size - count)) yield [...first.slice(0, count), ...rest];
  return undefined;
}

/** Clauses and the people as they are seen there: those who count, each with all his kinds. */
export interface Quorum {
  readonly clauses: readonly Clause[];
  readonly people: readonly Voice[];
}

/**
 * Approvals that meet every clause of one quorum and not every clause of another; null when there are none such, which
 * is to say that the first implies the second. The same approvals are seen by both: who is missing among the people of
 * a quorum does not count there, and a person's devices count as far as he has their kinds there. Exact: neither
 * quorum is ever lost by one more approval, so that sets in between need not be looked at once the smaller meets the
 * second or the larger does not meet the first. 'unknown' when the steps are used up.
 */
export function findEscape(
  met: Quorum,
  unmet: Quorum,
  steps: Steps,
): readonly Voice[] | null | 'unknown' {
  let isKnown = true;
  for (const clause of unmet.clauses) {
    const found = escapeOne(met, { clauses: [clause], people: unmet.people }, steps);
    if (found === 'unknown') isKnown = false;
    else if (found !== null) return found;
  }
  return isKnown ? null : 'unknown';
}

/**
 * Whether whoever meets a clause meets another one, too, whoever of these people approves with whatever devices. False
 * when that takes too long to find out.
 */
export function implies(
  clause: Clause,
  other: Clause,
  members: readonly AnalysedMember[],
): boolean {
  const people = members
    .filter(({ operators }) => operators === null)
    .map(({ id, groups, kinds }) => ({ member: id, groups, kinds }));
  const steps = new Steps(ANALYSIS_STEPS);
  return findEscape({ clauses: [clause], people }, { clauses: [other], people }, steps) === null;
}

/** What solving a clause takes, in steps: each way to choose branches is a matching of its leaves. */
export function stepsOf(clause: Clause): number {
  return 5 + Math.ceil((ways(clause) * clauseLeaves(clause).length) / 4);
}

function ways(clause: Clause): number {
  if ('from' in clause) return 1;
  return 'any' in clause
    ? clause.any.reduce((sum, one) => sum + ways(one), 0)
    : clause.all.reduce((product, one) => product * ways(one), 1);
}

/** What a person may do: approve with devices of these kinds, which helps with these leaves of either side. */
interface Choice {
  readonly kinds: readonly DeviceKind[];
  readonly helps: bigint;
  readonly harms: bigint;
}

interface Chooser {
  readonly voice: Voice;
  readonly choices: readonly Choice[];
}

/** People of whom each choice does the same: any so many of them are as good as any others. */
type Company = readonly Chooser[];

interface Escape {
  readonly met: Quorum;
  readonly unmet: Quorum;
  readonly seenThere: ReadonlyMap<string, Voice>;
  /** The choices of each company, in the order in which it is decided how many take them. */
  readonly slots: readonly { readonly company: number; readonly choice: number }[];
  readonly companies: readonly Company[];
  readonly steps: Steps;
  /** Of one decision. */
  readonly cost: number;
}

function escapeOne(met: Quorum, unmet: Quorum, steps: Steps): ReturnType<typeof findEscape> {
  const { seenThere, types } = peopleOf(met.people, unmet.people);
  const leaves = {
    here: met.clauses.flatMap(clauseLeaves),
    there: unmet.clauses.flatMap(clauseLeaves),
  };
  if (!steps.take(types.length * (leaves.here.length + leaves.there.length))) return 'unknown';
  // Nobody needs more people of one company than all clauses have seats.
  const seats = leaves.here.reduce((sum, leaf) => sum + leaf.atLeast, 0);
  const companies = companiesOf(types, leaves).map((one) => one.slice(0, seats));
  const slots = companies.flatMap(([first], company) =>
    (first?.choices ?? []).map((_, choice) => ({ company, choice })),
  );
  const cost = [...met.clauses, ...unmet.clauses].reduce((sum, one) => sum + stepsOf(one), 0);
  return decide({ met, unmet, seenThere, slots, companies, steps, cost }, 0, []);
}

/** Voices that are the same in groups and kinds, here and there. */
interface VoiceType {
  readonly voices: readonly Voice[];
  readonly there: Voice | undefined;
}

interface People {
  readonly seenThere: ReadonlyMap<string, Voice>;
  readonly types: readonly VoiceType[];
}

const knownPeople = new WeakMap<readonly Voice[], WeakMap<readonly Voice[], People>>();

function peopleOf(here: readonly Voice[], there: readonly Voice[]): People {
  const mates = knownPeople.get(here) ?? new WeakMap<readonly Voice[], People>();
  knownPeople.set(here, mates);
  const known = mates.get(there);
  if (known !== undefined) return known;
  const seenThere = new Map(there.map((voice) => [voice.member, voice]));
  const types = new Map<string, { voices: Voice[]; there: Voice | undefined }>();
  for (const voice of here) {
    const other = seenThere.get(voice.member);
    const look = JSON.stringify([voice.groups, voice.kinds, other?.groups, other?.kinds]);
    const type = types.get(look);
    if (type === undefined) types.set(look, { voices: [voice], there: other });
    else type.voices.push(voice);
  }
  const made = { seenThere, types: [...types.values()] };
  mates.set(there, made);
  return made;
}

interface Leaves {
  readonly here: readonly Leaf[];
  readonly there: readonly Leaf[];
}

/** Who is of no use is left out. */
function companiesOf(types: readonly VoiceType[], leaves: Leaves): readonly Company[] {
  const companies = new Map<string, Chooser[]>();
  for (const type of types) {
    const choices = choicesOf(type, leaves);
    if (choices.length === 0) continue;
    const key = choices.map(bitsOf).join();
    const company = companies.get(key) ?? [];
    companies.set(key, company);
    for (const voice of type.voices) company.push({ voice, choices });
  }
  return [...companies.values()];
}

/** A choice that another one betters is left out; they are in the order of what they do. */
function choicesOf({ voices: [voice], there }: VoiceType, leaves: Leaves): readonly Choice[] {
  if (voice === undefined) return [];
  const made = kindSubsets(distinctKinds(voice, there, leaves)).map((kinds) => ({
    kinds,
    helps: leafBits({ ...voice, kinds }, leaves.here),
    harms: there === undefined ? 0n : leafBits(seen({ ...voice, kinds }, there), leaves.there),
  }));
  const betters = (a: Choice, b: Choice): boolean =>
    (b.helps & ~a.helps) === 0n && (a.harms & ~b.harms) === 0n;
  return made
    .filter(
      (one, i) =>
        one.helps !== 0n &&
        !made.some((two, j) => i !== j && betters(two, one) && (!betters(one, two) || j < i)),
    )
    .sort((a, b) => (bitsOf(a) < bitsOf(b) ? -1 : 1));
}

/** Of kinds that no leaf tells apart, one. */
function distinctKinds(
  { kinds }: Voice,
  there: Voice | undefined,
  leaves: Leaves,
): readonly DeviceKind[] {
  const found = new Map<string, DeviceKind>();
  for (const kind of kinds) {
    const isIn = (leaf: Leaf): string => (leaf.kinds?.includes(kind) === false ? '0' : '1');
    const key = [
      ...leaves.here.map(isIn),
      there?.kinds.includes(kind) === true ? 'there' : 'here',
      ...leaves.there.map(isIn),
    ].join('');
    if (!found.has(key)) found.set(key, kind);
  }
  return [...found.values()];
}

function bitsOf({ helps, harms }: Choice): string {
  return `${String(helps)}/${String(harms)}`;
}

function kindSubsets(kinds: readonly DeviceKind[]): readonly (readonly DeviceKind[])[] {
  return Array.from({ length: 2 ** kinds.length - 1 }, (_, i) =>
    kinds.filter((_kind, bit) => ((i + 1) >> bit) & 1),
  );
}

function leafBits(voice: Voice, leaves: readonly Leaf[]): bigint {
  return leaves.reduce(
    (bits, leaf, i) => (fits(voice, leaf) ? bits | (1n << BigInt(i)) : bits),
    0n,
  );
}

/** An approval as it is seen where its author stands otherwise. */
function seen(voice: Voice, there: Voice): Voice {
  return { ...there, kinds: voice.kinds.filter((kind) => there.kinds.includes(kind)) };
}

/** From the slot on; `chosen` are the approvals decided before, one a person. */
function decide(
  escape: Escape,
  slot: number,
  chosen: readonly Voice[],
): ReturnType<typeof findEscape> {
  const { slots, companies, steps } = escape;
  const decided = new Set(chosen.map(({ member }) => member));
  const undecided = (company: Company): Company =>
    company.filter(({ voice }) => !decided.has(voice.member));
  const next = slots[slot];
  const open = companies
    .slice(next?.company ?? companies.length)
    .flatMap((company) => undecided(company).map(({ voice }) => voice));
  const everybody = [...chosen, ...open];
  if (!steps.take(escape.cost + everybody.length)) return 'unknown';
  if (isMetThere(escape, chosen) || !isMetHere(escape, everybody)) return null;
  if (!isMetThere(escape, everybody)) return everybody;
  if (next === undefined) return null;
  const free = undecided(companies[next.company] ?? []);
  const [first] = free;
  // A single choice that harms nothing is everybody's.
  const isFree = first?.choices.length === 1 && first.choices[0]?.harms === 0n;
  for (let count = isFree ? free.length : 0; count <= free.length; count++) {
    const more = free
      .slice(0, count)
      .map(({ voice, choices }) => ({ ...voice, kinds: choices[next.choice]?.kinds ?? [] }));
    const found = decide(escape, slot + 1, [...chosen, ...more]);
    if (found !== null) return found;
  }
  return null;
}

function isMetHere({ met }: Escape, voices: readonly Voice[]): boolean {
  return met.clauses.every((clause) => isMet(clause, voices));
}

function isMetThere({ unmet, seenThere }: Escape, voices: readonly Voice[]): boolean {
  const there = voices.flatMap((voice) => {
    const other = seenThere.get(voice.member);
    return other === undefined ? [] : [seen(voice, other)];
  });
  return unmet.clauses.every((clause) => isMet(clause, there));
}
