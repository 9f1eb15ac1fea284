import { WINDOW_SECONDS, ZONE_UNTIL } from '../../base/limits.ts';
import { sats } from '../../base/sats.ts';
import type { Seconds } from '../../base/time.ts';
import { noUsage } from '../budget.ts';
import type { Clause, PolicyBody } from '../body.ts';
import { eastSeconds } from '../body.ts';
import { evaluate } from '../evaluate.ts';
import { hourChanges, localTime } from '../hours.ts';
import type { Voice } from '../quorum.ts';
import type { Sides } from './cases.ts';
import { countedVoices, mayInitiate } from './cases.ts';
import { alike, likeness } from './coalition.ts';
import type { Setting } from './setting.ts';
import type { Steps } from './steps.ts';

/** What is fixed before amounts and payees are looked for: who initiates, when, and whether anything is paid. */
export interface Scene {
  readonly initiator: string;
  /** Somebody else, whose earlier spends are not those of the initiator. */
  readonly another: string;
  readonly now: Seconds;
  readonly hasReference: boolean;
  readonly payments: 'none' | 'some';
  /** The rules whose conditions on all this hold, by index. */
  readonly live: Sides<readonly number[]>;
  /** Whose approvals count, each with all his kinds. */
  readonly people: Sides<readonly Voice[]>;
  /** Whether each of those counts on the refusing side, too, in all his groups and with all his kinds. */
  readonly seesAll: boolean;
  /** Whether the refusing side refuses whatever is spent: who may not initiate, hours that nobody knows. */
  readonly refused: boolean;
}

/**
 * Scenes that stand for all in which the permitting side may permit anything: of initiators alike one, of times at which
 * the same rules live one. 'unknown' when the steps are used up.
 */
export function scenesOf(settings: Sides<Setting>, steps: Steps): readonly Scene[] | 'unknown' {
  const { yes, no } = settings;
  const initiators = alike(
    yes.members.map(({ id }) => id).filter((id) => mayInitiate(yes, id)),
    [likeness(yes), likeness(no)],
  );
  const times = timesOf(settings, steps);
  if (times === 'unknown') return 'unknown';
  const references = [yes, no].some(({ policy }) =>
    policy.rules.some(({ when }) => when.reference !== null),
  )
    ? [true, false]
    : [true];
  const cost = sceneSteps(yes.policy) + sceneSteps(no.policy);
  const scenes: Scene[] = [];
  for (const [initiator] of initiators) {
    if (initiator === undefined) continue;
    const crowd = crowdOf(settings, initiator);
    const known = new Set<string>();
    for (const payments of ['some', 'none'] as const)
      for (const now of times)
        for (const hasReference of references) {
          if (!steps.take(cost)) return 'unknown';
          const outline = { initiator, now, hasReference, payments };
          const live = { yes: liveRules(yes, outline), no: liveRules(no, outline) };
          // The permitting side knows no hours then and permits nothing.
          if (live.yes === null) continue;
          const refused = live.no === null || !mayInitiate(no, initiator);
          const key = JSON.stringify([payments, live, refused]);
          if (known.has(key)) continue;
          known.add(key);
          scenes.push({
            ...outline,
            ...crowd,
            refused,
            live: { yes: live.yes, no: live.no ?? [] },
          });
        }
  }
  return scenes;
}

/** Every condition of every rule, hours span by span. */
function sceneSteps({ rules }: PolicyBody): number {
  const spans = rules.flatMap(({ when }) => when.hours?.spans ?? []);
  return 5 + rules.length + Math.ceil(spans.length / 4);
}

type Outline = Pick<Scene, 'initiator' | 'now' | 'hasReference' | 'payments'>;

/** Everybody beside an initiator. */
function crowdOf(
  { yes, no }: Sides<Setting>,
  initiator: string,
): Pick<Scene, 'another' | 'people' | 'seesAll'> {
  const counted = (setting: Setting): readonly Voice[] =>
    countedVoices(
      setting,
      initiator,
      setting.members.map(({ id, groups, kinds }) => ({ member: id, groups, kinds })),
    );
  const people = { yes: counted(yes), no: counted(no) };
  const others = new Map(people.no.map((voice) => [voice.member, voice]));
  return {
    another: yes.members.find(({ id }) => id !== initiator)?.id ?? `not-${initiator}`,
    people,
    seesAll: people.yes.every(({ member, groups, kinds }) => {
      const other = others.get(member);
      return (
        other !== undefined &&
        groups.every((group) => other.groups.includes(group)) &&
        kinds.every((kind) => other.kinds.includes(kind))
      );
    }),
  };
}

/** By index, the rules whose conditions hold but for those on amounts and payees; null when the hours are not known. */
function liveRules(
  { policy, members }: Setting,
  { initiator, now, hasReference, payments }: Outline,
): readonly number[] | null {
  const facts = {
    payments: payments === 'none' ? [] : [aPayment],
    amountSats: sats(payments === 'none' ? 0 : 1),
    feeSats: sats(0),
    vbytes: 1,
    initiator,
    initiatorGroups: members.find(({ id }) => id === initiator)?.groups ?? [],
    hasReference,
  };
  const judged = evaluate(bareOf(policy), facts, noUsage, now);
  if (judged.refusals.some(({ code }) => code === 'policy.hours.unknown')) return null;
  const matched = new Set(judged.matched.map(({ name }) => name));
  return policy.rules.flatMap((_, i) => (matched.has(String(i)) ? [i] : []));
}

const aPayment = { script: `0014${'00'.repeat(20)}`, sats: sats(1), destination: null };

const bare = new WeakMap<PolicyBody, PolicyBody>();

/** The policy without what it says on amounts and payees; something always matches, so that nobody asks when it opens. */
function bareOf(policy: PolicyBody): PolicyBody {
  const known = bare.get(policy);
  if (known !== undefined) return known;
  const plain = { deny: false, require: { approvals: anybody, delaySeconds: 0 } } as const;
  const rules = policy.rules.map(({ when }, i) => ({
    ...plain,
    name: String(i),
    when: { ...when, amount: null, destinations: null, outputs: null },
  }));
  const always = (['some', 'none'] as const).map((payments) => ({
    ...plain,
    name: payments,
    when: { ...unconditional, payments },
  }));
  const made: PolicyBody = { ...policy, limits: [], rules: [...rules, ...always] };
  bare.set(policy, made);
  return made;
}

const anybody: Clause = { from: 'anybody', atLeast: 1, kinds: null };
const unconditional = {
  amount: null,
  destinations: null,
  outputs: null,
  initiator: null,
  hours: null,
  reference: null,
};

/**
 * The first time of our protocol, 2000-01-01; the last one after which every window still ends before the year 10000;
 * and the one that examples are told at where any will do.
 */
const FIRST_TIME = 946_684_800;
const LAST_TIME = ZONE_UNTIL - 2 * WINDOW_SECONDS;
const ORDINARY_TIME = 1_900_000_000;
const WEEK = 7 * 86_400;

/**
 * Times of which one at least stands for every other: within a stretch of the same offsets, hours change at the edges of
 * spans only, and come again each week.
 */
function timesOf({ yes, no }: Sides<Setting>, steps: Steps): readonly Seconds[] | 'unknown' {
  const zones = [yes.policy, no.policy].flatMap((policy) => {
    const conditions = policy.rules.flatMap(({ when }) => when.hours ?? []);
    return policy.zone === null ? [] : [{ zone: policy.zone, conditions }];
  });
  if (zones.length === 0) return [ORDINARY_TIME];
  const cuts = new Set([FIRST_TIME, ORDINARY_TIME]);
  for (const { zone } of zones)
    for (const cut of [...zone.offsets.map(({ from }) => from), zone.until])
      if (cut > FIRST_TIME && cut <= LAST_TIME) cuts.add(cut);
  const starts = [...cuts].sort((a, b) => a - b);
  const stretches = starts.map((start, i) => ({ start, end: starts[i + 1] ?? LAST_TIME + 1 }));
  const whole = new Set<string>();
  const times = new Set<Seconds>();
  // What is yet to come is told first.
  const ahead = stretches.filter(({ start }) => start >= ORDINARY_TIME);
  for (const { start, end } of [...ahead, ...stretches]) {
    const offsets = zones.map(({ zone }) => offsetAt(zone, start));
    const key = offsets.join();
    if (whole.has(key)) continue;
    if (end - start > WEEK) whole.add(key);
    times.add(start);
    for (const { zone, conditions } of zones) {
      if (!steps.take(conditions.length)) return 'unknown';
      for (const at of hourChanges(zone, conditions, start)) {
        if (!steps.take(1)) return 'unknown';
        if (at >= end || at > start + WEEK) break;
        times.add(at);
      }
    }
  }
  return [...times];
}

function offsetAt(zone: NonNullable<PolicyBody['zone']>, at: Seconds): number | null {
  if (localTime(zone, at) === undefined) return null;
  const offset = zone.offsets.findLast(({ from }) => from <= at);
  return offset === undefined ? null : eastSeconds(offset);
}
