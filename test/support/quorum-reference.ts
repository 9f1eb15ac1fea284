import type { Clause, Leaf, Voice } from '../../src/core/policy/quorum.ts';

/**
 * Quorums the slow way: every person is put into every leaf in turn, or into none, and a clause is read as it is
 * written. Exponential in the number of people.
 */
export function isMetSlowly(clause: Clause, voices: readonly Voice[]): boolean {
  const leaves = leavesOf(clause);
  const seats = new Map<Leaf, number>(leaves.map((leaf) => [leaf, 0]));
  const tryFrom = (i: number): boolean => {
    const voice = voices[i];
    if (voice === undefined) return reads(clause, seats);
    if (tryFrom(i + 1)) return true;
    return leaves.some((leaf) => {
      if (!mayFill(voice, leaf)) return false;
      seats.set(leaf, (seats.get(leaf) ?? 0) + 1);
      const met = tryFrom(i + 1);
      seats.set(leaf, (seats.get(leaf) ?? 0) - 1);
      return met;
    });
  };
  return tryFrom(0);
}

function leavesOf(clause: Clause): Leaf[] {
  if ('from' in clause) return [clause];
  return ('all' in clause ? clause.all : clause.any).flatMap(leavesOf);
}

function reads(clause: Clause, seats: ReadonlyMap<Leaf, number>): boolean {
  if ('from' in clause) return clause.atLeast > 0 && (seats.get(clause) ?? 0) >= clause.atLeast;
  return 'all' in clause
    ? clause.all.every((one) => reads(one, seats))
    : clause.any.some((one) => reads(one, seats));
}

function mayFill(voice: Voice, leaf: Leaf): boolean {
  const isOfGroup = voice.groups.some((group) => group === leaf.from);
  const hasKind = voice.kinds.some((kind) => leaf.kinds === null || leaf.kinds.includes(kind));
  return isOfGroup && hasKind;
}
