import { unreachable } from '../../base/assert.ts';
import type { Atom, Obligation, Store, Terms } from './atoms.ts';
import { ask, isEntailed, opposite } from './atoms.ts';
import { at } from './bounds.ts';
import type { Case } from './cases.ts';
import type { Solution } from './solution.ts';
import { solutions } from './plan.ts';
import type { Steps } from './steps.ts';

/** What is to be found: a case within a store that meets obligations and that its asker accepts. */
export interface Quest {
  readonly terms: Terms;
  readonly steps: Steps;
  /**
   * The case of a solution that meets all obligations; or what must be met besides, which this solution does not; or
   * null when the solution cannot be told as a case.
   */
  readonly judge: (solution: Solution) => Case | { readonly lesson: Obligation } | null;
}

/** A case; null when there is certainly none; 'unknown' when that was not found out. */
export type Finding = Case | null | 'unknown';

/** Spends of one store that are tried before a rule is decided on which they fail. */
const TRIES = 3;

/**
 * Searches by trial: what follows from the store is followed; of the spends it holds one is tried; where that fails an
 * obligation, each of its alternatives is searched by itself. So nothing is decided that no spend depends on, and every
 * spend lies in one of the stores that were searched.
 */
export function search(quest: Quest, store: Store, obligations: readonly Obligation[]): Finding {
  const { terms, steps } = quest;
  const narrowed = follow(quest, store, obligations);
  if (narrowed === null || narrowed === 'unknown') return narrowed;
  const found = solutions(narrowed.store, terms, steps);
  let violated: Obligation | undefined;
  let isOpen = true;
  for (let tries = 0; tries < TRIES || violated === undefined;) {
    const next = found.next();
    if (next.done === true) {
      isOpen = next.value;
      break;
    }
    if (!steps.take(narrowed.obligations.length + 3 * narrowingSteps(terms))) return 'unknown';
    const failed = narrowed.obligations.find((one) => !isMet(one, next.value));
    if (failed !== undefined) {
      violated ??= failed;
      tries++;
      continue;
    }
    const judged = quest.judge(next.value);
    if (judged === null) continue;
    if (!('lesson' in judged)) return judged;
    return search(quest, narrowed.store, [...narrowed.obligations, judged.lesson]);
  }
  if (violated === undefined) return isOpen ? 'unknown' : null;
  return branch(quest, narrowed, violated);
}

interface Narrowed {
  readonly store: Store;
  readonly obligations: readonly Obligation[];
}

function branch(quest: Quest, { store, obligations }: Narrowed, violated: Obligation): Finding {
  const others = obligations.filter((one) => one !== violated);
  let isKnown = true;
  let left = store;
  for (const alternative of violated) {
    if (!quest.steps.take(2 * narrowingSteps(quest.terms))) return 'unknown';
    const chosen = ask(left, alternative, quest.terms);
    if (chosen !== null) {
      const found = search(quest, chosen, others);
      if (found === 'unknown') isKnown = false;
      else if (found !== null) return found;
    }
    // What was searched needs not be searched again.
    const [atom] = alternative;
    if (alternative.length !== 1 || atom === undefined) continue;
    const rest = ask(left, [opposite(atom, quest.terms)], quest.terms);
    if (rest === null) break;
    left = rest;
  }
  return isKnown ? null : 'unknown';
}

/** Asks what has one alternative left, until nothing more follows; null when something has none. */
function follow(
  { terms, steps }: Quest,
  asked: Store,
  obligations: readonly Obligation[],
): Narrowed | null | 'unknown' {
  let store = asked;
  let open = obligations;
  for (let isNew = true; isNew;) {
    isNew = false;
    const left: Obligation[] = [];
    for (const obligation of open) {
      if (!steps.take(1 + obligation.length)) return 'unknown';
      const now = store;
      const possible = obligation.filter((atoms) => atoms.every((atom) => isPossible(now, atom)));
      if (possible.some((atoms) => atoms.every((atom) => isEntailed(now, atom)))) continue;
      const [only] = possible;
      if (only === undefined) return null;
      if (possible.length > 1) {
        left.push(possible);
        continue;
      }
      if (!steps.take(narrowingSteps(terms))) return 'unknown';
      const next = ask(store, only, terms);
      if (next === null) return null;
      store = next;
      isNew = true;
    }
    open = left;
  }
  return { store, obligations: open };
}

/** Each pair of windows may bound the other. */
function narrowingSteps({ windows }: Terms): number {
  return 10 + Math.ceil(windows.length ** 2 / 16);
}

/** False only when no spend of the store meets the atom. */
function isPossible({ bounds, allowed, needed, payments }: Store, atom: Atom): boolean {
  switch (atom.is) {
    case 'atMost':
      return at(bounds.low[atom.sum], atom.window) <= atom.sats;
    case 'above':
      return at(bounds.high[atom.sum], atom.window) > atom.sats;
    case 'within':
      return (
        (allowed & atom.classes) !== 0n &&
        needed.every((classes) => (classes & atom.classes) !== 0n)
      );
    case 'some':
      return (allowed & atom.classes) !== 0n;
    case 'paymentsAtMost':
      return payments.least <= atom.count;
    case 'paymentsAbove':
      return payments.most > atom.count;
    default:
      return unreachable(atom);
  }
}

function isMet(obligation: Obligation, solution: Solution): boolean {
  return obligation.some((atoms) => atoms.every((atom) => holds(solution, atom)));
}

function holds({ payments, sums }: Solution, atom: Atom): boolean {
  switch (atom.is) {
    case 'atMost':
      return at(sums[atom.sum], atom.window) <= atom.sats;
    case 'above':
      return at(sums[atom.sum], atom.window) > atom.sats;
    case 'within':
      return payments.every(({ of }) => (of.bit & atom.classes) !== 0n);
    case 'some':
      return payments.some(({ of }) => (of.bit & atom.classes) !== 0n);
    case 'paymentsAtMost':
      return payments.length <= atom.count;
    case 'paymentsAbove':
      return payments.length > atom.count;
    default:
      return unreachable(atom);
  }
}
