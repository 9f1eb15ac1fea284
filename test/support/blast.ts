import { expect } from '@jest/globals';
import type { BlastInput, BlastRow } from '../../src/core/policy/analyse/blast-radius.ts';
import { blastRadius } from '../../src/core/policy/analyse/blast-radius.ts';
import type { Setting } from '../../src/core/policy/analyse/setting.ts';
import { usageOfRecords } from '../../src/core/policy/budget.ts';
import type { UsageRecord } from '../../src/core/policy/evaluate.ts';
import { passes } from './attacker.ts';
import { aRecord } from './policy-builder.ts';

/** A setting with no way around its policy. */
export function anInput(setting: Setting, parts: Partial<BlastInput> = {}): BlastInput {
  const wallet = { outside: [], unlockers: [] };
  return { setting, governance: null, wallet, unseenSats: 0n, ...parts };
}

/** What the spends of a row move when they are judged anew, one after the other; none may be refused. */
export function replayed(setting: Setting, { who, schedule }: BlastRow): bigint {
  const spent: UsageRecord[] = [];
  let sum = 0n;
  for (const { at, facts } of schedule) {
    const usage = usageOfRecords(spent);
    expect(passes({ setting, compromised: who }, facts, usage, at)).toBe(true);
    const { payments, initiator, feeSats } = facts;
    spent.push(aRecord(at, payments, { initiator, feeSats }));
    sum += facts.amountSats + feeSats;
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
    const moved = replayed(input.setting, row) + input.unseenSats;
    if (row.sats !== 'everything' && row.exact) expect(moved).toBe(row.sats);
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
