import { assert } from '../../base/assert.ts';
import { MINUTES_OF_DAY } from '../../base/limits.ts';
import type { Refusal } from '../../base/result.ts';
import type { Clause, PolicyBody } from '../body.ts';
import type { Evaluation } from '../evaluate.ts';
import type { Voice } from '../quorum.ts';
import { solveClause } from '../quorum.ts';
import type { Obligation } from './atoms.ts';
import type { Case } from './cases.ts';
import { evaluateCase, objections } from './cases.ts';
import { findEscape, stepsOf } from './coalition.ts';
import type { Ground } from './ground.ts';
import { never } from './ground.ts';
import type { Solution } from './solution.ts';
import type { Reason } from './reasons.ts';
import { buildCase } from './witness.ts';

/** A case with what one side has against it; the other has nothing. */
export interface Difference {
  readonly found: Case;
  readonly because: Refusal;
}

/**
 * The case of a solution, with approvals and times at which one side permits it and the other does not, both asked for
 * their real verdicts. A lesson, when approvals that suffice for all rules that match on the one side suffice for the
 * rule of the other, too: then not all of those may match. Null when the solution cannot be told as such a case.
 */
export function judgeSolution(
  ground: Ground,
  reason: Reason,
  solution: Solution,
): Case | { readonly lesson: Obligation } | null {
  const { scene, settings, terms, steps } = ground;
  const built = buildCase(scene, terms, solution, reason.extra);
  if (built === null || !steps.take(judgingSteps(ground, built.history.length))) return null;
  const open: Case = { ...built, approvals: [], ...noTime };
  const judged = evaluateCase(open, 'yes', settings.yes);
  if (judged.refusals.length > 0 || judged.waiting.length > 0) return null;
  const clauses = judged.matched.map(({ clause }) => clause);
  const approvals = fewest(clauses, scene.people.yes);
  if (approvals === null) return null;
  const { approveSeconds, signSeconds } = settings.yes.policy.expires;
  const { delaySeconds } = judged;
  const timely: Case = { ...open, approvals, elapsedSeconds: delaySeconds };
  const late = {
    ...timely,
    elapsedSeconds: delaySeconds + signSeconds,
    overdueSeconds: signSeconds,
  };
  const old = { ...timely, approvalAgeSeconds: approveSeconds - 1 };
  for (const found of [timely, late, old])
    if (objections(found, 'no', settings.no).length > 0) return found;
  return escape(ground, reason, { timely, judged });
}

const noTime = { elapsedSeconds: 0, overdueSeconds: 0, approvalAgeSeconds: 0 };

/** Evaluations of either side, the clauses of every rule that lives, and when the hours open. */
function judgingSteps({ live, settings }: Ground, spends: number): number {
  const { yes, no } = settings;
  const limits = yes.policy.limits.length + no.policy.limits.length;
  const clauses = [...live.yes, ...live.no].reduce(
    (sum, { rule }) => sum + (rule.deny ? 1 : stepsOf(rule.require.approvals)),
    0,
  );
  return 50 + limits + clauses + spends + openingSteps(no.policy);
}

/** Each of two weeks has an edge a minute at most, and at each every span is looked at. */
function openingSteps({ rules }: PolicyBody): number {
  const spans = rules.flatMap(({ when }) => when.hours?.spans ?? []);
  const edges = spans.reduce((sum, { days }) => sum + 2 * days.length, 0);
  return Math.ceil((Math.min(edges, 7 * MINUTES_OF_DAY) * spans.length) / 20);
}

/** Other approvals, that meet what one side asks and not what the other does. */
function escape(
  ground: Ground,
  reason: Reason,
  { timely, judged }: { readonly timely: Case; readonly judged: Evaluation },
): ReturnType<typeof judgeSolution> {
  const { scene, settings, live, steps } = ground;
  const met = live.yes.filter(({ index }) => judged.rules[index]?.matched === true);
  const clausesOf = (rules: typeof met): readonly Clause[] =>
    rules.flatMap(({ rule }) => (rule.deny ? [] : [rule.require.approvals]));
  const asked = evaluateCase(timely, 'no', settings.no).matched.map(({ clause }) => clause);
  const from = (rules: typeof met, clauses: readonly Clause[]): ReturnType<typeof findEscape> =>
    findEscape(
      { clauses: clausesOf(rules), people: scene.people.yes },
      { clauses, people: scene.people.no },
      steps,
    );
  const found = from(met, asked);
  if (found === 'unknown') return null;
  if (found !== null) return { ...timely, approvals: trimmed(clausesOf(met), found) };
  const lacking = settings.no.policy.rules[reason.lacking ?? -1];
  if (lacking === undefined || lacking.deny) return null;
  let core = met;
  for (const rule of met) {
    const others = core.filter((other) => other !== rule);
    if (from(others, [lacking.require.approvals]) === null) core = others;
  }
  return { lesson: core.flatMap(never).flat() };
}

/** A few approvals that meet every clause; null when all together do not. */
function fewest(clauses: readonly Clause[], people: readonly Voice[]): readonly Voice[] | null {
  const chosen = new Map<string, Voice>();
  for (const clause of clauses) {
    if (solveClause(clause, [...chosen.values()]).met) continue;
    const { met, filled } = solveClause(clause, people);
    if (!met) return null;
    const members = new Set(filled.flatMap((leaf) => leaf.members));
    for (const voice of people) if (members.has(voice.member)) chosen.set(voice.member, voice);
  }
  return trimmed(clauses, [...chosen.values()]);
}

/** Approvals without those that are not needed. */
function trimmed(clauses: readonly Clause[], voices: readonly Voice[]): readonly Voice[] {
  let left = voices;
  for (const voice of voices) {
    const others = left.filter((other) => other !== voice);
    if (clauses.every((clause) => solveClause(clause, others).met)) left = others;
  }
  return left;
}

/** What a case shows. That one side permits it and the other does not is asked once more: an example must hold. */
export function differenceOf({ settings }: Ground, reason: Reason, found: Case): Difference {
  const against = objections(found, 'no', settings.no);
  const because = against.find(reason.is) ?? against[0];
  assert(because !== undefined, 'an example is refused by one setting');
  assert(
    objections(found, 'yes', settings.yes).length === 0,
    'an example is permitted by the other setting',
  );
  return { found, because };
}
