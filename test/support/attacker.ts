import { sats } from '../../src/core/base/sats.ts';
import type { AnalysedMember, Setting } from '../../src/core/policy/analyse/setting.ts';
import type { PolicyBody } from '../../src/core/policy/body.ts';
import { usageOfRecords } from '../../src/core/policy/budget.ts';
import type { Payment, SpendFacts, UsageRecord } from '../../src/core/policy/evaluate.ts';
import { evaluate } from '../../src/core/policy/evaluate.ts';
import { solveClause } from '../../src/core/policy/quorum.ts';
import type { Usage } from '../../src/core/policy/usage.ts';
import { aRecord, aRule, aSpend, ordinaryScript } from './policy-builder.ts';

/**
 * Compromised people who try whatever comes to their mind, judged by nothing but the evaluator and the quorum. Shares
 * no code with the analysis that it is held against.
 */
export interface Attacker {
  readonly setting: Setting;
  readonly compromised: readonly string[];
  readonly seed: number;
}

export interface Move {
  readonly at: number;
  readonly sats: bigint;
}

/** In whose name they can propose. */
export function puppets({ setting, compromised }: Omit<Attacker, 'seed'>): AnalysedMember[] {
  return setting.members.filter(
    ({ id, groups, operators }) =>
      (compromised.includes(id) || operators?.some((one) => compromised.includes(one)) === true) &&
      groups.some((group) => setting.initiators.includes(group)),
  );
}

/** Whether a spend passes with all the approvals that the compromised can give. */
export function passes(
  { setting, compromised }: Omit<Attacker, 'seed'>,
  facts: SpendFacts,
  usage: Usage,
  now: number,
): boolean {
  const found = evaluate(setting.policy, facts, usage, now);
  if (found.refusals.length > 0 || found.waiting.length > 0) return false;
  const behind = setting.members.find(({ id }) => id === facts.initiator)?.operators ?? [];
  const voices = setting.members
    .filter(({ id, operators }) => operators === null && compromised.includes(id))
    .filter(({ id }) => id !== facts.initiator && !behind.includes(id))
    .map(({ id, groups, kinds }) => ({ member: id, groups, kinds }));
  return found.matched.every(({ clause }) => solveClause(clause, voices).met);
}

/** Those of some records that the limits let through, one after the other, whoever approved them. */
export function lawful(policy: PolicyBody, records: readonly UsageRecord[]): UsageRecord[] {
  const open = { ...policy, rules: [aRule('some'), aRule('none', { payments: 'none' })] };
  const kept: UsageRecord[] = [];
  for (const record of records.toSorted((a, b) => a.at - b.at)) {
    const { payments, feeSats, initiator, at } = record;
    const facts = aSpend(payments, { feeSats, initiator });
    const { refusals, waiting } = evaluate(open, facts, usageOfRecords(kept), at);
    if (refusals.length === 0 && waiting.length === 0) kept.push(record);
  }
  return kept;
}

/** What left in `turns` tries, after `history`. */
export function rampage(
  attacker: Attacker,
  { start, turns, history }: { start: number; turns: number; history: readonly UsageRecord[] },
): readonly Move[] {
  const { setting } = attacker;
  const dice = diceOf(attacker.seed);
  const hands = puppets(attacker);
  const records = lawful(setting.policy, history);
  const moves: Move[] = [];
  const waits = [0, 0, 0, 0, 1, ...windowsOf(setting.policy).flatMap((w) => [w - 1, w])];
  let usage = usageOfRecords(records);
  let at = start;
  for (let turn = 0; turn < turns && hands.length > 0; turn++) {
    at += dice(waits);
    const initiator = dice(hands);
    const details = { vbytes: dice([1, 4, 100]), hasReference: dice([true, false]) };
    const [first, ...others] = Array.from({ length: dice([0, 1, 1, 1, 2, 3]) }, () => ({
      ...payeeFor(setting, dice),
      sats: sats(dice([0, 1, 1, 1, 2, 3, 7])),
    }));
    const spend = (amount: number, fee: number): SpendFacts | null => {
      const facts = aSpend(
        first === undefined ? [] : [{ ...first, sats: sats(amount) }, ...others],
        {
          ...details,
          feeSats: sats(fee),
          initiator: initiator.id,
          initiatorGroups: initiator.groups,
        },
      );
      return passes(attacker, facts, usage, at) ? facts : null;
    };
    const fee = dice([0, 0, 1, 3]);
    const amount = downFrom(first === undefined ? 0 : dice([3, 12, 12, 40]), (n) => spend(n, fee));
    if (amount === null) continue;
    const found = spend(amount, downFrom(12, (n) => spend(amount, n)) ?? fee);
    if (found === null) continue;
    const { payments, amountSats, feeSats } = found;
    records.push(aRecord(at, payments, { initiator: initiator.id, feeSats }));
    usage = usageOfRecords(records);
    moves.push({ at, sats: amountSats + feeSats });
  }
  return moves;
}

/** The largest number from `most` down to 0 that works. */
function downFrom(most: number, works: (n: number) => unknown): number | null {
  for (let n = most; n >= 0; n--) if (works(n) !== null) return n;
  return null;
}

/** The most that left in any stretch `[t, t + seconds)`. */
export function mostWithin(moves: readonly Move[], seconds: number): bigint {
  return moves.reduce((most, { at }) => {
    const sum = moves
      .filter((move) => move.at >= at && move.at < at + seconds)
      .reduce((all, move) => all + move.sats, 0n);
    return sum > most ? sum : most;
  }, 0n);
}

function payeeFor({ book }: Setting, dice: Dice): Omit<Payment, 'sats'> {
  const script = dice([
    ordinaryScript,
    ordinaryScript,
    ordinaryScript,
    '6a0101',
    `5220${'22'.repeat(32)}`,
  ]);
  const unknown = { script, destination: null };
  if (book === null) {
    const owner = dice(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    const tags = dice([[], ['vip'], ['bad'], ['vip', 'bad']]);
    return dice([unknown, { script, destination: { owner, tags } }]);
  }
  const listed = book.map(({ script: known, owner, tags }) => ({
    script: known,
    destination: { owner, tags },
  }));
  return dice([unknown, ...listed]);
}

function windowsOf({ limits, rules }: PolicyBody): number[] {
  const found = [
    ...limits.map(({ windowSeconds }) => windowSeconds),
    ...rules.map(({ when }) => when.amount?.windowSeconds ?? null),
  ];
  return found.filter((window) => window !== null);
}

type Dice = <T>(faces: readonly T[]) => T;

/** The minimal standard generator (Park and Miller). */
function diceOf(seed: number): Dice {
  let state = (seed % 2_147_483_646) + 1;
  return (faces) => {
    state = (state * 48_271) % 2_147_483_647;
    const face = faces[state % faces.length];
    if (face === undefined) throw new Error('a die has faces');
    return face;
  };
}
