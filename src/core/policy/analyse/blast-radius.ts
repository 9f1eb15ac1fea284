import {
  ANALYSIS_ATTACKS,
  ANALYSIS_STEPS,
  COMPROMISED,
  MAX_MONEY_SATS,
} from '../../base/limits.ts';
import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import type { Clause } from '../body.ts';
import { clauseGroups, clauseLeaves, deviceKinds } from '../body.ts';
import { solveClause } from '../quorum.ts';
import type { Attack, ScheduledSpend } from './attack.ts';
import { attack, noAttack } from './attack.ts';
import { alike, coalitions, likeness } from './coalition.ts';
import { mostMoved } from './most-moved.ts';
import type { Initiator } from './reach.ts';
import { Reach } from './reach.ts';
import type { AnalysedMember, Setting } from './setting.ts';
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
  const reach = Reach.of(input.setting);
  if (!reach.ok) return reach;
  const search: Search = {
    ...{ input, windowSeconds, reach: reach.value, company: companyOf(input) },
    ...{ steps: new Steps(ANALYSIS_STEPS), ceilings: new Map() },
  };
  const rows: BlastRow[] = [];
  for (let compromised = 0; compromised <= upTo; compromised++) {
    const row = rowOf(search, compromised, rows.at(-1));
    if (row === null) return refuse('policy.analysis.toolarge', { compromised });
    rows.push(row);
  }
  return ok(rows);
}

/** What a look at one set of people takes, in steps. */
const STEPS_OF_SET = 20;
/** What summing up one mode of spending takes. */
const STEPS_OF_MODE = 50;

interface Search {
  readonly input: BlastInput;
  readonly windowSeconds: number | null;
  readonly reach: Reach;
  readonly company: Company;
  readonly steps: Steps;
  /** By what a set can do. */
  readonly ceilings: Map<string, bigint>;
}

/** Null when it would take too long. */
function rowOf(search: Search, compromised: number, before: BlastRow | undefined): BlastRow | null {
  const { company, input } = search;
  const who = (members: readonly string[]): readonly string[] =>
    filledUp(members, company.all, compromised);
  // Whoever can do it with fewer can do it with more.
  const asBefore = before && { ...before, compromised, who: who(before.who) };
  if (asBefore?.sats === 'everything') return asBefore;
  const sets: (readonly string[])[] = [];
  const size = Math.min(compromised, company.types.flat().length);
  for (const set of coalitions(company.types, size)) {
    if (!search.steps.take(company.types.length + STEPS_OF_SET)) return null;
    const how = wayAround(search, set);
    const all = {
      compromised,
      who: who(set),
      sats: 'everything',
      exact: true,
      schedule: [],
    } as const;
    if (how !== null) return { ...all, how };
    sets.push(set);
  }
  const worst = worstOf(search, sets);
  if (worst === null) return null;
  const { unseenSats } = input;
  const sats = worst.most + unseenSats;
  const row: BlastRow = {
    compromised,
    sats: sats >= MAX_MONEY_SATS ? 'everything' : sats,
    exact: worst.exact,
    who: who(worst.set),
    how: worst.most === 0n && unseenSats > 0n ? 'unseen' : 'spends',
    schedule: worst.schedule,
  };
  if (asBefore === undefined || row.sats === 'everything' || asBefore.sats < row.sats) return row;
  return asBefore.sats > row.sats || asBefore.exact ? asBefore : row;
}

function filledUp(
  members: readonly string[],
  all: readonly string[],
  size: number,
): readonly string[] {
  const others = all.filter((member) => !members.includes(member));
  return [...members, ...others].slice(0, Math.max(size, members.length)).sort();
}

/** How these people move everything without asking the policy, or null. */
function wayAround(search: Search, set: readonly string[]): BlastRow['how'] | null {
  const { wallet, governance } = search.input;
  const held = search.reach.inHand(set);
  const holds = (members: readonly string[]): boolean =>
    members.every((member) => held.some(({ id }) => id === member));
  if (wallet.outside.some(holds)) return 'outside';
  if (wallet.unlockers.length > 0 && holds(wallet.unlockers)) return 'signer';
  if (governance === null) return null;
  const { clause, group, delaySeconds } = governance;
  if (search.windowSeconds !== null && delaySeconds > search.windowSeconds) return null;
  const governing = [group, ...clauseGroups(clause)];
  const voices = held
    .filter(({ operators }) => operators === null)
    .filter(({ groups }) => groups.some((one) => governing.includes(one)))
    .map(({ id, groups, kinds }) => ({ member: id, groups, kinds }));
  return solveClause(clause, voices).met ? 'governance' : null;
}

interface Worst {
  readonly set: readonly string[];
  readonly most: bigint;
  readonly exact: boolean;
  readonly schedule: readonly ScheduledSpend[];
}

interface Suspect {
  readonly set: readonly string[];
  readonly initiators: readonly Initiator[];
  readonly most: bigint;
}

/** The set that moves most by spends. */
function worstOf(search: Search, sets: readonly (readonly string[])[]): Worst | null {
  const suspects = new Map<string, Suspect>();
  for (const set of sets) {
    const initiators = search.reach.initiators(set);
    if (!search.steps.take(stepsOf(initiators))) return null;
    const key = initiators
      .map((one) => one.key)
      .sort()
      .join('|');
    if (suspects.has(key)) continue;
    const most = ceiling(search, key, initiators);
    if (most === null) return null;
    suspects.set(key, { set, initiators, most });
  }
  const order = [...suspects.values()].sort((a, b) =>
    a.most > b.most ? -1 : a.most < b.most ? 1 : 0,
  );
  const [first] = order;
  if (first === undefined) return null;
  let best: { readonly suspect: Suspect; readonly found: Attack } = {
    suspect: first,
    found: noAttack,
  };
  for (const suspect of order.slice(0, ANALYSIS_ATTACKS)) {
    if (suspect.most <= best.found.sats) break;
    const found = attackBy(search, suspect);
    if (found.sats > best.found.sats) best = { suspect, found };
  }
  const exact = best.found.sats >= first.most;
  const { suspect, found } = best;
  return { set: suspect.set, most: first.most, exact, schedule: found.schedule };
}

/** Null when the steps are used up. However long: what can move once can move again, so that anything is everything. */
function ceiling(search: Search, key: string, initiators: readonly Initiator[]): bigint | null {
  const known = search.ceilings.get(key);
  if (known !== undefined) return known;
  const modes = initiators.reduce((sum, one) => sum + one.modes.length, 0);
  if (!search.steps.take(STEPS_OF_MODE * modes)) return null;
  const { policy } = search.input.setting;
  const most = mostMoved(policy, initiators, search.windowSeconds ?? 1);
  const found = search.windowSeconds === null && most > 0n ? MAX_MONEY_SATS : most;
  search.ceilings.set(key, found);
  return found;
}

function attackBy(search: Search, { initiators, most }: Suspect): Attack {
  const { policy } = search.input.setting;
  const { windowSeconds } = search;
  if (windowSeconds !== null) return attack({ policy, initiators, seconds: windowSeconds, most });
  const once = attack({ policy, initiators, seconds: 1, most: 1n });
  return once.sats > 0n ? { ...once, sats: most } : once;
}

/** Who of a set can initiate what, and what the others fill. */
function stepsOf(initiators: readonly Initiator[]): number {
  return STEPS_OF_SET * (1 + initiators.length);
}

/** The people whom it makes a difference to compromise, by type, and everybody. */
interface Company {
  readonly types: readonly (readonly string[])[];
  /** Persons first: they fill up a set. */
  readonly all: readonly string[];
}

function companyOf({ setting, governance, wallet }: BlastInput): Company {
  const { members } = setting;
  const known = new Set(members.map(({ id }) => id));
  const views = members.map(viewIn(setting, governance));
  const keys = new Map<string, string>();
  const sets = [...wallet.outside, wallet.unlockers];
  for (const { id } of members) {
    const held = sets.flatMap((set, i) => (set.includes(id) ? [i] : []));
    keys.set(id, held.join());
  }
  const behind = new Set(members.flatMap(({ operators }) => operators ?? []));
  const matters = ({ id, groups, operators }: AnalysedMember): boolean => {
    // Whoever has one of its operators has the service account, too.
    if (operators?.some((person) => known.has(person)) === true) return false;
    return groups.length > 0 || behind.has(id) || keys.get(id) !== '';
  };
  const useful = views.filter(matters).map(({ id }) => id);
  const rank = ({ operators }: AnalysedMember): number => (operators === null ? 0 : 1);
  return {
    types: alike(useful, [likeness({ ...setting, members: views }), keys]),
    all: members.toSorted((a, b) => rank(a) - rank(b)).map(({ id }) => id),
  };
}

/** Members as far as policy and governance can tell them apart: by the groups and kinds that those name. */
function viewIn(
  { policy, initiators }: Setting,
  governance: BlastInput['governance'],
): (member: AnalysedMember) => AnalysedMember {
  const clauses = policy.rules.flatMap((rule) => (rule.deny ? [] : [rule.require.approvals]));
  if (governance !== null) clauses.push(governance.clause);
  const terms = policy.rules.flatMap(({ when }) => when.initiator?.any ?? []);
  const groups = new Set([
    ...initiators,
    ...clauses.flatMap(clauseGroups),
    ...terms.flatMap((term) => (term.startsWith('group:') ? [term.slice('group:'.length)] : [])),
    ...(governance === null ? [] : [governance.group]),
  ]);
  const kinds = new Set(clauses.flatMap(clauseLeaves).flatMap((leaf) => leaf.kinds ?? []));
  const other = deviceKinds.filter((kind) => !kinds.has(kind)).slice(0, 1);
  return (member) => {
    const named = member.kinds.filter((kind) => kinds.has(kind));
    const isOther = named.length === 0 && member.kinds.length > 0;
    return {
      ...member,
      groups: member.groups.filter((group) => groups.has(group)),
      kinds: isOther ? other : named,
    };
  };
}
