/** A person and the leaves, by index, that he may fill. */
export interface Applicant {
  readonly member: string;
  readonly leaves: readonly number[];
}

/** A maximum matching: who sits in each leaf. */
export interface Assignment {
  readonly seated: readonly (readonly string[])[];
  /** By member, the leaves he may fill. */
  readonly mayFill: ReadonlyMap<string, readonly number[]>;
}

/**
 * Seats as many applicants as possible, each in at most one leaf, at most `seats[i]` in leaf i: bipartite matching by
 * augmenting paths (Kuhn). An applicant who finds no path now never finds one later, nor does anybody with the same
 * leaves; so each distinct set of leaves fails at most once. Requires applicants with distinct members.
 */
export function assign(seats: readonly number[], applicants: readonly Applicant[]): Assignment {
  const seated: string[][] = seats.map(() => []);
  const mayFill = new Map(applicants.map((one) => [one.member, one.leaves]));
  const hopeless = new Set<string>();
  let free = seats.reduce((sum, n) => sum + n, 0);
  for (const one of applicants) {
    if (free === 0) break;
    const key = one.leaves.join();
    if (hopeless.has(key)) continue;
    if (seat(one, { seats, seated, mayFill, visited: new Set() })) free--;
    else hopeless.add(key);
  }
  return { seated, mayFill };
}

interface Search {
  readonly seats: readonly number[];
  readonly seated: string[][];
  readonly mayFill: ReadonlyMap<string, readonly number[]>;
  readonly visited: Set<number>;
}

/** Depth is bounded by the number of leaves: each is visited once. */
function seat(one: Applicant, search: Search): boolean {
  for (const leaf of one.leaves) {
    if (search.visited.has(leaf)) continue;
    search.visited.add(leaf);
    const sitting = search.seated[leaf] ?? [];
    if (sitting.length < (search.seats[leaf] ?? 0)) {
      sitting.push(one.member);
      return true;
    }
    for (const [at, member] of sitting.entries()) {
      const leaves = search.mayFill.get(member) ?? [];
      if (!seat({ member, leaves }, search)) continue;
      sitting[at] = one.member;
      return true;
    }
  }
  return false;
}

/**
 * The leaves that a newcomer may fit so that leaf `target` gains a person: the leaf itself, and every full leaf from
 * which somebody can move over, directly or in steps. Sorted.
 */
export function leavesThatHelp(assignment: Assignment, target: number): readonly number[] {
  const found = new Set([target]);
  for (const to of found) {
    assignment.seated.forEach((sitting, from) => {
      if (sitting.some((member) => assignment.mayFill.get(member)?.includes(to) === true))
        found.add(from);
    });
  }
  return [...found].sort((a, b) => a - b);
}
