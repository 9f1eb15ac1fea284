import {
  ANALYSIS_ATTACKS,
  ANALYSIS_STEPS,
  COMPROMISED,
  MAX_MONEY_SATS,
} from '../../base/limits.ts';
import { assert } from '../../base/assert.ts';
import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import type { Clause } from '../body.ts';
import { clauseGroups } from '../body.ts';
import { solveClause } from '../quorum.ts';
import type { Attack, ScheduledSpend } from './attack.ts';
import { attack, noAttack } from './attack.ts';
import { coalitions } from './coalition.ts';
import type { Company } from './company.ts';
import { companyOf } from './company.ts';
import { mostMoved } from './most-moved.ts';
import type { Initiator } from './reach.ts';
import { Reach } from './reach.ts';
import type { Setting } from './setting.ts';
import { Steps } from './steps.ts';

export type { ScheduledSpend } from './attack.ts';

/** A setting with every way around its policy. */
export interface BlastInput {
  readonly setting: Setting;
  /** Who can change documents, after what delay; null: not known, and left out. */
  readonly governance: {
    readonly clause: Clause;
    readonly group: string;
    readonly delaySeconds: number;
  } | null;
  readonly wallet: {
    /** By key set that spends without the hot key (design 3), the members who hold its keys; none: anybody has it. */
    readonly outside: readonly (readonly string[])[];
    /** The members who together unlock the signer; empty: not known. */
    readonly unlockers: readonly string[];
  };
  /** Signatures made, but not yet seen on the chain: they can leave at any time. */
  readonly unseenSats: bigint;
}

/** The most that so many compromised people move. */
export interface BlastRow {
  readonly compromised: number;
  /** Payments and fees. Never too low: where it is not exact, the truth lies between the schedule and this. */
  readonly sats: bigint | 'everything';
  /** Whether the schedule moves all of it, or what is named in `how` leaves no doubt. */
  readonly exact: boolean;
  /** One worst set of exactly so many members, or everybody where there are fewer; sorted. */
  readonly who: readonly string[];
  readonly how: 'spends' | 'governance' | 'outside' | 'signer' | 'unseen';
  /**
   * Spends that pass, one after the other, and move it; of 'everything' the beginning. Times are the signer's; where no
   * rule names hours any time will do and they begin at 0.
   */
  readonly schedule: readonly ScheduledSpend[];
}

/**
 * For 0, 1, .. `upTo` compromised people the most that can leave in any stretch of `windowSeconds` (half open: a spend at
 * its end is not in it; null: however long), when nobody honest objects in time. Each of these people acts with all his
 * devices and with the service accounts behind which he stands; server, database, web bundle, node and log are in the
 * same hands, which can delay, hide and order, but turn no clock and sign for nobody else. Approvals may have been
 * collected before the stretch, so that a delay is no comfort. Exact where it says so, and never too low: it is held
 * against whatever was spent before, while the schedules start from empty windows. Rows never decrease.
 *
 * Refuses with `policy.analysis.toolarge` more than COMPROMISED people, and what would take too long.
 */
export function blastRadius(
  input: BlastInput,
  windowSeconds: number | null,
  upTo: number,
): Result<readonly BlastRow[]> {
  if (upTo > COMPROMISED) return refuse('policy.analysis.toolarge', { upTo, most: COMPROMISED });
  const opened = openSearch(input, new Steps(ANALYSIS_STEPS));
  if (!opened.ok) return opened;
  const rows: BlastRow[] = [];
  for (let compromised = 0; compromised <= upTo; compromised++) {
    const bound = boundOf(opened.value, windowSeconds, compromised);
    if (!bound.ok) return bound;
    rows.push(nextRow(opened.value, bound.value, rows.at(-1)));
  }
  return ok(rows);
}

/** A bound and what it is of: cheap to find, while the schedules that reach it are not. */
export interface Bound {
  readonly compromised: number;
  readonly windowSeconds: number | null;
  /** As in {@link BlastRow}, of exactly so many: fewer may move more. */
  readonly sats: BlastRow['sats'];
  /** Who goes around the policy, and how; null: the bound is of spends. */
  readonly around: { readonly set: readonly string[]; readonly how: BlastRow['how'] } | null;
  /** Sets of people with what each moves at most, those who move most first; none when somebody goes around. */
  readonly suspects: readonly Suspect[];
}

/** What one look at a setting finds out once for all windows and numbers of people. */
export interface Search {
  readonly input: BlastInput;
  readonly reach: Reach;
  readonly company: Company;
  readonly steps: Steps;
  /** By number of people, and whether the delay of governance fits the window. */
  readonly around: Map<string, Bound['around']>;
  /** By number of people: sets that can do different things. */
  readonly crowds: Map<number, readonly Crowd[]>;
  /** By window and what a set can do. */
  readonly ceilings: Map<string, bigint>;
}

/** Opens a search within these steps. Code `policy.analysis.toolarge`. */
export function openSearch(input: BlastInput, steps: Steps): Result<Search> {
  const reach = Reach.of(input.setting);
  if (!reach.ok) return reach;
  const found = { around: new Map(), crowds: new Map(), ceilings: new Map() };
  return ok({ input, reach: reach.value, company: companyOf(input), steps, ...found });
}

/** What a look at one set of people takes, in steps. */
const STEPS_OF_SET = 20;
/** What summing up one mode of spending takes. */
const STEPS_OF_MODE = 50;

/**
 * The most that exactly so many compromised people, COMPROMISED at most, can move in a window, never too low. Code
 * `policy.analysis.toolarge` when the steps are used up.
 */
export function boundOf(
  search: Search,
  windowSeconds: number | null,
  compromised: number,
): Result<Bound> {
  const tooLarge = refuse('policy.analysis.toolarge', { compromised });
  const size = Math.min(compromised, search.company.types.flat().length);
  const around = aroundOf(search, windowSeconds, size);
  if (around === undefined) return tooLarge;
  const common = { compromised, windowSeconds, around };
  if (around !== null) return ok({ ...common, sats: 'everything', suspects: [] });
  const suspects = suspectsOf(search, windowSeconds, size);
  if (suspects === undefined) return tooLarge;
  const sats = (suspects[0]?.most ?? 0n) + search.input.unseenSats;
  return ok({ ...common, sats: sats >= MAX_MONEY_SATS ? 'everything' : sats, suspects });
}

/** Plays a bound through. The tries are those of each set of people, or of all that they are handed to. */
export function rowOf(search: Search, bound: Bound, tries?: Steps): BlastRow {
  const { input, company } = search;
  const { compromised, sats, around, suspects } = bound;
  const who = (members: readonly string[]): readonly string[] =>
    filledUp(members, company.all, compromised);
  if (around !== null)
    return { compromised, sats, exact: true, who: who(around.set), how: around.how, schedule: [] };
  const worst = worstOf(search, bound, tries);
  const { unseenSats } = input;
  return {
    compromised,
    sats,
    exact: worst.exact,
    who: who(worst.set),
    how: (suspects[0]?.most ?? 0n) === 0n && unseenSats > 0n ? 'unseen' : 'spends',
    schedule: worst.schedule,
  };
}

/** The row of a bound, told by a former one where fewer people do as much. */
function nextRow(search: Search, bound: Bound, before: BlastRow | undefined): BlastRow {
  if (before === undefined) return rowOf(search, bound);
  // Whoever can do it with fewer can do it with more.
  const asBefore = asMore(search, before, bound.compromised);
  if (asBefore.sats === 'everything') return asBefore;
  const row = rowOf(search, bound);
  if (row.sats === 'everything' || asBefore.sats < row.sats) return row;
  return asBefore.sats > row.sats || asBefore.exact ? asBefore : row;
}

/** What some people do, as done by more of them. */
export function asMore({ company }: Search, row: BlastRow, compromised: number): BlastRow {
  return { ...row, compromised, who: filledUp(row.who, company.all, compromised) };
}

function filledUp(
  members: readonly string[],
  all: readonly string[],
  size: number,
): readonly string[] {
  const others = all.filter((member) => !members.includes(member));
  return [...members, ...others].slice(0, Math.max(size, members.length)).sort();
}

/** So many people who move everything without asking the policy, null when there are none; undefined: no steps left. */
function aroundOf(
  search: Search,
  windowSeconds: number | null,
  size: number,
): Bound['around'] | undefined {
  const { company, steps, input } = search;
  const { delaySeconds } = input.governance ?? { delaySeconds: Infinity };
  const governance =
    windowSeconds === null || delaySeconds <= windowSeconds ? input.governance : null;
  const key = `${String(size)}/${governance === null ? 'late' : 'timely'}`;
  const known = search.around.get(key);
  if (known !== undefined) return known;
  let found: Bound['around'] = null;
  for (const set of coalitions(company.types, size)) {
    if (!steps.take(company.types.length + STEPS_OF_SET)) return undefined;
    const how = wayAround(search, set, governance);
    if (how === null) continue;
    found = { set, how };
    break;
  }
  search.around.set(key, found);
  return found;
}

/** How these people move everything without asking the policy, governance given where it fits the window; or null. */
function wayAround(
  search: Search,
  set: readonly string[],
  governance: BlastInput['governance'],
): BlastRow['how'] | null {
  const { wallet } = search.input;
  const held = search.reach.inHand(set);
  const holds = (members: readonly string[]): boolean =>
    members.every((member) => held.some(({ id }) => id === member));
  if (wallet.outside.some(holds)) return 'outside';
  if (wallet.unlockers.length > 0 && holds(wallet.unlockers)) return 'signer';
  if (governance === null) return null;
  const { clause, group } = governance;
  const governing = [group, ...clauseGroups(clause)];
  const voices = held
    .filter(({ operators }) => operators === null)
    .filter(({ groups }) => groups.some((one) => governing.includes(one)))
    .map(({ id, groups, kinds }) => ({ member: id, groups, kinds }));
  return solveClause(clause, voices).met ? 'governance' : null;
}

/** A set of people, and in whose name they can spend how. */
interface Crowd {
  readonly set: readonly string[];
  readonly initiators: readonly Initiator[];
  /** What they can do; sets that can do the same are told once. */
  readonly key: string;
}

interface Suspect extends Crowd {
  readonly most: bigint;
}

/** The crowds of a size, those who move most first; undefined: no steps left. */
function suspectsOf(
  search: Search,
  windowSeconds: number | null,
  size: number,
): readonly Suspect[] | undefined {
  const crowds = search.crowds.get(size) ?? crowdsOf(search, size);
  if (crowds === undefined) return undefined;
  search.crowds.set(size, crowds);
  const suspects: Suspect[] = [];
  for (const crowd of crowds) {
    const most = ceiling(search, windowSeconds, crowd);
    if (most === null) return undefined;
    suspects.push({ ...crowd, most });
  }
  return suspects.sort((a, b) => (a.most > b.most ? -1 : a.most < b.most ? 1 : 0));
}

function crowdsOf(search: Search, size: number): readonly Crowd[] | undefined {
  const crowds = new Map<string, Crowd>();
  for (const set of coalitions(search.company.types, size)) {
    const initiators = search.reach.initiators(set);
    if (!search.steps.take(stepsOf(initiators))) return undefined;
    const key = initiators
      .map((one) => one.key)
      .sort()
      .join('|');
    if (!crowds.has(key)) crowds.set(key, { set, initiators, key });
  }
  return [...crowds.values()];
}

/** Which of the sets moves most by spends that were played through, and whether none can move more. */
function worstOf(
  search: Search,
  { suspects, windowSeconds }: Bound,
  tries: Steps | undefined,
): {
  readonly set: readonly string[];
  readonly exact: boolean;
  readonly schedule: Attack['schedule'];
} {
  const [first] = suspects;
  assert(first !== undefined, 'there is at least one set of every size');
  let best: { readonly suspect: Suspect; readonly found: Attack } = {
    suspect: first,
    found: noAttack,
  };
  for (const suspect of suspects.slice(0, ANALYSIS_ATTACKS)) {
    if (suspect.most <= best.found.sats) break;
    const found = attackBy(search, suspect, { windowSeconds, tries });
    if (found.sats > best.found.sats) best = { suspect, found };
  }
  const exact = best.found.sats >= first.most;
  return { set: best.suspect.set, exact, schedule: best.found.schedule };
}

/** Null when the steps are used up. However long: what can move once can move again, so that anything is everything. */
function ceiling(
  search: Search,
  windowSeconds: number | null,
  { key, initiators }: Crowd,
): bigint | null {
  const place = `${String(windowSeconds)}|${key}`;
  const known = search.ceilings.get(place);
  if (known !== undefined) return known;
  const modes = initiators.reduce((sum, one) => sum + one.modes.length, 0);
  if (!search.steps.take(STEPS_OF_MODE * modes)) return null;
  const { policy } = search.input.setting;
  const most = mostMoved(policy, initiators, windowSeconds ?? 1);
  const found = windowSeconds === null && most > 0n ? MAX_MONEY_SATS : most;
  search.ceilings.set(place, found);
  return found;
}

function attackBy(
  search: Search,
  { initiators, most }: Suspect,
  {
    windowSeconds,
    tries,
  }: { readonly windowSeconds: number | null; readonly tries?: Steps | undefined },
): Attack {
  const { policy } = search.input.setting;
  if (windowSeconds !== null)
    return attack({ policy, initiators, seconds: windowSeconds, most }, tries);
  const once = attack({ policy, initiators, seconds: 1, most: 1n }, tries);
  return once.sats > 0n ? { ...once, sats: most } : once;
}

/** Who of a set can initiate what, and what the others fill. */
function stepsOf(initiators: readonly Initiator[]): number {
  return STEPS_OF_SET * (1 + initiators.length);
}
