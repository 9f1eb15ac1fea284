import { expect } from '@jest/globals';
import type { BlastInput, BlastRow } from '../../src/core/policy/analyse/blast-radius.ts';
import { blastRadius } from '../../src/core/policy/analyse/blast-radius.ts';
import type { Setting } from '../../src/core/policy/analyse/setting.ts';
import { Budget } from '../../src/core/policy/budget.ts';
import { passes, puppets } from './attacker.ts';

/** A setting with no way around its policy. */
export function anInput(setting: Setting, parts: Partial<BlastInput> = {}): BlastInput {
  const wallet = { outside: [], unlockers: [] };
  return { setting, governance: null, wallet, unseenSats: 0n, ...parts };
}

/**
 * What the spends of a row move when they are judged anew, one after the other, by nobody but the evaluator: each in the
 * name of somebody in hand, and passed by the approvals that it names, which are those of the compromised.
 */
export function replayed(setting: Setting, { who, schedule }: BlastRow): bigint {
  const known = schedule.flatMap(({ facts }) => facts.payments.map((one) => one.destination));
  // One script stands for an owner, and the empty one for all strangers.
  const script = (owner: string | undefined): string => (owner === undefined ? '' : `of ${owner}`);
  const listed = new Map(
    known.flatMap((one) => (one === null ? [] : [[script(one.owner), one] as const])),
  );
  const budget = new Budget();
  const hands = puppets({ setting, compromised: who }).map(({ id }) => id);
  let sum = 0n;
  for (const [i, { at, facts, approvals }] of schedule.entries()) {
    expect(hands).toContain(facts.initiator);
    expect(approvals.filter((one) => !who.includes(one))).toEqual([]);
    const judged = { setting, compromised: approvals };
    expect(passes(judged, facts, budget.seen(listed, null), at)).toBe(true);
    const { initiator, amountSats, feeSats } = facts;
    budget.add({
      ...{ proposal: String(i), state: 'committed', at, initiator, amountSats, feeSats },
      payments: facts.payments.map(({ sats, destination }) => ({
        script: script(destination?.owner),
        sats,
      })),
    });
    sum += amountSats + feeSats;
  }
  return sum;
}

/** The rows for 0 to `upTo` people, after every schedule was played through and every exact sum found to be reached. */
export function rowsOf(
  input: BlastInput,
  windowSeconds: number | null,
  upTo: number,
): readonly BlastRow[] {
  const rows = blastRadius(input, windowSeconds, upTo);
  if (!rows.ok) throw new Error(rows.refusal.code);
  for (const row of rows.value) {
    const { sats, exact, schedule } = row;
    const moved = replayed(input.setting, row) + input.unseenSats;
    if (sats !== 'everything' && exact) expect(moved).toBe(sats);
    if (sats !== 'everything' && !exact) expect(moved).toBeLessThan(sats);
    const lasts = (schedule.at(-1)?.at ?? 0) - (schedule[0]?.at ?? 0);
    expect(lasts).toBeLessThan(windowSeconds ?? Infinity);
  }
  return rows.value;
}

/** What each row says; `~` before what is not exact. */
export function figures(
  input: BlastInput,
  windowSeconds: number | null,
  upTo: number,
): readonly string[] {
  return rowsOf(input, windowSeconds, upTo).map(
    ({ sats, exact }) => `${exact ? '' : '~'}${String(sats)}`,
  );
}
