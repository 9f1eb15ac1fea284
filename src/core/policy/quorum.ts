import { assert } from '../base/assert.ts';
import type { DeviceKind } from '../approval/device-kind.ts';
import { CLAUSE_LEAVES } from '../base/limits.ts';
import type { Clause, Leaf } from './body.ts';
import { clauseGroups, clauseLeaves } from './body.ts';
import type { Assignment } from './matching.ts';
import { assign, leavesThatHelp } from './matching.ts';

/** Up to so many leaves all 15 sets of them are looked at. */
const HALL_LEAVES = 4;

export type { Clause, Leaf };
export { clauseGroups };

/** One person's approval, or a person who might still give one. */
export interface Voice {
  readonly member: string;
  readonly groups: readonly string[];
  /** The kinds of the devices that he approved with: he fills a leaf with any one of them. */
  readonly kinds: readonly DeviceKind[];
}

/** A leaf of a clause: `path` holds the indices that lead to it through `all` and `any`. */
export interface LeafState extends Leaf {
  readonly path: readonly number[];
}
export interface LeafFilled extends LeafState {
  /** Who fills it, sorted; no member stands in two leaves. */
  readonly members: readonly string[];
}
export interface LeafMissing extends LeafState {
  /** How many approvals this leaf still lacks. */
  readonly count: number;
  /** The candidates whose approval would bring this leaf nearer, sorted. */
  readonly may: readonly string[];
}
export interface Solution {
  readonly met: boolean;
  /** The leaves of the alternative chosen: of each `any` one branch. */
  readonly filled: readonly LeafFilled[];
  /** Empty when met; when not met it names something, unless the clause is larger than the language allows. */
  readonly missing: readonly LeafMissing[];
}

/** Whether a person may fill a leaf: of the group, with a device of a kind asked for. */
export function fits(voice: Voice, leaf: Leaf): boolean {
  if (!voice.groups.includes(leaf.from)) return false;
  const { kinds } = leaf;
  return kinds === null ? voice.kinds.length > 0 : voice.kinds.some((kind) => kinds.includes(kind));
}

/**
 * Whether voices satisfy a clause, exactly (design 4, point 9): within the clause a person fills one leaf. `any` is
 * solved by choice of one branch, which is enough because more voices never hurt; the leaves of a choice are filled by
 * a maximum matching, so that an overlap of groups never wastes a person. Where several choices are open, the one that
 * the candidates can complete and that lacks the fewest is told.
 *
 * Requires voices with distinct members, without those who never count: see {@link eligibleVoices}. `candidates` are
 * the people who might still approve. The answer does not depend on the order of voices or candidates. A clause with
 * more than CLAUSE_LEAVES leaves, which no parser lets through, is never met.
 */
export function solveClause(
  clause: Clause,
  voices: readonly Voice[],
  candidates: readonly Voice[] = [],
): Solution {
  const found = alternatives(clause);
  if (found.length === 0) return { met: false, filled: [], missing: [] };
  const present = sorted(voices);
  const members = new Set(present.map((voice) => voice.member));
  assert(members.size === present.length, 'a quorum counts each member once');
  const open = sorted(candidates).filter((voice) => !members.has(voice.member));
  let best: Choice | undefined;
  for (const leaves of found) {
    const choice = judge(leaves, present, open);
    if (choice.lacks === 0) return explain(choice, open);
    if (best === undefined || isBetter(choice, best)) best = choice;
  }
  assert(best !== undefined, 'a clause has at least one choice');
  return explain(best, open);
}

/**
 * Whether voices satisfy a clause: what {@link solveClause} says, and nothing about who fills or lacks what. Requires
 * the same.
 */
export function isMet(clause: Clause, voices: readonly Voice[]): boolean {
  assert(isDistinct(voices), 'a quorum counts each member once');
  return alternatives(clause).some((leaves) => fillsAll(leaves, voices));
}

/** Whether a clause could be met if all of these members approved with every device they have. */
export function satisfiable(clause: Clause, members: readonly Voice[]): boolean {
  return isMet(clause, members);
}

/**
 * Whether every seat of the leaves can be taken. For few leaves by Hall's theorem: it can when and only when the people
 * who fit any leaf of a set are as many as its seats, for every set of leaves. For more the sets are too many.
 */
function fillsAll(leaves: readonly Leaf[], voices: readonly Voice[]): boolean {
  if (leaves.some((leaf) => leaf.atLeast < 1)) return false;
  if (leaves.length > HALL_LEAVES)
    return lacking(leaves, assign(leaves.map(seats), eligibility(leaves, voices))) === 0;
  const fitting = voices.map((voice) => leavesOf(voice, leaves));
  for (let set = 1; set < 1 << leaves.length; set++) {
    let spare = 0;
    for (const one of fitting) if ((one & set) !== 0) spare += 1;
    for (let i = 0; i < leaves.length; i++)
      if ((set & (1 << i)) !== 0) spare -= leaves[i]?.atLeast ?? 0;
    if (spare < 0) return false;
  }
  return true;
}

/** The leaves that a person may fill, one bit each. */
function leavesOf(voice: Voice, leaves: readonly Leaf[]): number {
  let found = 0;
  for (const [i, leaf] of leaves.entries()) if (fits(voice, leaf)) found |= 1 << i;
  return found;
}

function isDistinct(voices: readonly Voice[]): boolean {
  if (voices.length > 8) return new Set(voices.map(({ member }) => member)).size === voices.length;
  // So few compare faster than a set is made.
  for (const [i, { member }] of voices.entries())
    for (let j = 0; j < i; j++) if (voices[j]?.member === member) return false;
  return true;
}

/** What a quorum must know of a member: null for a person, else the people behind a service account. */
export interface Standing {
  readonly id: string;
  readonly operators: readonly string[] | null;
}

/**
 * The voices that count (design 4, point 9): not the initiator, not the people behind a service account that
 * initiates, no service account, nobody whom the charter does not know.
 */
export function eligibleVoices(
  voices: readonly Voice[],
  initiator: string,
  members: readonly Standing[],
): readonly Voice[] {
  const behind = members.find((member) => member.id === initiator)?.operators ?? [];
  const people = new Set(
    members.filter((member) => member.operators === null).map((member) => member.id),
  );
  return voices.filter(
    ({ member }) => people.has(member) && member !== initiator && !behind.includes(member),
  );
}

interface Choice {
  readonly leaves: readonly LeafState[];
  readonly assignment: Assignment;
  readonly lacks: number;
  readonly completable: boolean;
}

function sorted(voices: readonly Voice[]): readonly Voice[] {
  return [...voices].sort((a, b) => (a.member < b.member ? -1 : a.member > b.member ? 1 : 0));
}

const known = new WeakMap<Clause, readonly (readonly LeafState[])[]>();

/** Every way to fill a clause, found once for each; none for one that is larger than the language allows. */
function alternatives(clause: Clause): readonly (readonly LeafState[])[] {
  const before = known.get(clause);
  if (before !== undefined) return before;
  const made = clauseLeaves(clause).length > CLAUSE_LEAVES ? [] : choices(clause);
  known.set(clause, made);
  return made;
}

/** Every way to choose one branch of each `any`: at most 324 for 16 leaves (3·3·3·3·4). */
function choices(clause: Clause, path: readonly number[] = []): readonly (readonly LeafState[])[] {
  if ('from' in clause) return [[{ ...clause, path }]];
  if ('any' in clause) return clause.any.flatMap((one, i) => choices(one, [...path, i]));
  return clause.all.reduce<readonly (readonly LeafState[])[]>(
    (before, one, i) => {
      const here = choices(one, [...path, i]);
      return before.flatMap((left) => here.map((right) => [...left, ...right]));
    },
    [[]],
  );
}

function judge(
  leaves: readonly LeafState[],
  voices: readonly Voice[],
  candidates: readonly Voice[],
): Choice {
  const assignment = assign(leaves.map(seats), eligibility(leaves, voices));
  const lacks = lacking(leaves, assignment);
  if (lacks === 0 || candidates.length === 0)
    return { leaves, assignment, lacks, completable: lacks === 0 };
  const everyone = assign(leaves.map(seats), eligibility(leaves, [...voices, ...candidates]));
  return { leaves, assignment, lacks, completable: lacking(leaves, everyone) === 0 };
}

/** A quorum of zero has no seat and lacks one: it is never met. */
function seats(leaf: Leaf): number {
  return leaf.atLeast;
}
function lack(leaf: Leaf, filled: number): number {
  return Math.max(leaf.atLeast, 1) - filled;
}
function lacking(leaves: readonly Leaf[], assignment: Assignment): number {
  return leaves.reduce((sum, leaf, i) => sum + lack(leaf, assignment.seated[i]?.length ?? 0), 0);
}

/** By voice, the indices of the leaves that he may fill. */
function eligibility(
  leaves: readonly Leaf[],
  voices: readonly Voice[],
): readonly { readonly member: string; readonly leaves: readonly number[] }[] {
  return voices.map((voice) => ({
    member: voice.member,
    leaves: leaves.flatMap((leaf, i) => (fits(voice, leaf) ? [i] : [])),
  }));
}

function isBetter(a: Choice, b: Choice): boolean {
  if (a.completable !== b.completable) return a.completable;
  return a.lacks < b.lacks;
}

function explain(choice: Choice, candidates: readonly Voice[]): Solution {
  const { leaves, assignment } = choice;
  const filled = leaves.map((leaf, i) => ({
    ...leaf,
    members: [...(assignment.seated[i] ?? [])].sort(),
  }));
  const missing = leaves.flatMap((leaf, i) => {
    const count = lack(leaf, assignment.seated[i]?.length ?? 0);
    if (count === 0) return [];
    const help = leaf.atLeast === 0 ? [] : leavesThatHelp(assignment, i);
    const may = candidates.filter((voice) =>
      help.some((at) => {
        const target = leaves[at];
        return target !== undefined && fits(voice, target);
      }),
    );
    return [{ ...leaf, count, may: may.map((voice) => voice.member) }];
  });
  return { met: missing.length === 0, filled, missing };
}
