import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BlastInput, BlastRow } from '../../../src/core/policy/analyse/blast-radius.ts';
import { blastRadius } from '../../../src/core/policy/analyse/blast-radius.ts';
import type { Setting } from '../../../src/core/policy/analyse/setting.ts';
import { parsePolicyBody } from '../../../src/core/policy/body.ts';
import { usageOfRecords } from '../../../src/core/policy/budget.ts';
import type { UsageRecord } from '../../../src/core/policy/evaluate.ts';
import { mostWithin, passes, puppets, rampage } from '../../support/attacker.ts';
import { aRecord } from '../../support/policy-builder.ts';
import { policies, records, settings } from '../../support/setting-arbitrary.ts';

const nothingElse: Omit<BlastInput, 'setting'> = {
  governance: null,
  wallet: { outside: [], unlockers: [] },
  unseenSats: 0n,
};

function rowsOf(setting: Setting, windowSeconds: number, upTo: number): readonly BlastRow[] {
  const rows = blastRadius({ setting, ...nothingElse }, windowSeconds, upTo);
  if (!rows.ok) throw new Error(rows.refusal.code);
  return rows.value;
}

describe('a blast radius', () => {
  test('is of policies that the schema accepts', () => {
    fc.assert(
      fc.property(policies, (body) =>
        expect(parsePolicyBody(body)).toEqual({ ok: true, value: body }),
      ),
    );
  });

  test('is passed by no attacker, whoever he is, whatever was spent before', () => {
    let reached = 0;
    let moved = 0;
    fc.assert(
      fc.property(
        settings,
        fc.constantFrom(1, 2, 3, 4, 9, 10, 11, 25, 60),
        fc.record({
          compromised: fc.shuffledSubarray(['ann', 'ben', 'cat', 'dan', 'bot'], {
            minLength: 1,
            maxLength: 3,
          }),
          seed: fc.nat(),
        }),
        fc.record({
          history: fc.oneof(fc.constant([]), fc.array(records, { maxLength: 3 })),
          start: fc.constantFrom(1_000, 400_000),
          turns: fc.constant(20),
        }),
        (found, seconds, who, course) => {
          const row = rowsOf(found, seconds, who.compromised.length).at(-1);
          if (row === undefined || row.sats === 'everything') return;
          const most = mostWithin(rampage({ setting: found, ...who }, course), seconds);
          expect(most).toBeLessThanOrEqual(row.sats);
          if (most > 0n) moved++;
          if (most > 0n && most === row.sats) reached++;
        },
      ),
      { numRuns: 4_000 },
    );
    expect(moved).toBeGreaterThan(200);
    expect(reached).toBeGreaterThan(50);
  });

  test('that is exact has a schedule that passes and moves all of it', () => {
    const seen = { exact: 0, not: 0, everything: 0 };
    fc.assert(
      fc.property(settings, fc.constantFrom(1, 2, 3, 4, 9, 10, 11, 25, 60), (found, seconds) => {
        for (const { who, sats: most, exact, schedule, compromised } of rowsOf(found, seconds, 3)) {
          expect(who).toHaveLength(compromised);
          const attacker = { setting: found, compromised: who };
          const hands = puppets(attacker).map(({ id }) => id);
          const spent: UsageRecord[] = [];
          let sum = 0n;
          for (const { at, facts, approvals } of schedule) {
            expect(hands).toContain(facts.initiator);
            const usage = usageOfRecords(spent);
            expect(passes(attacker, facts, usage, at)).toBe(true);
            expect(passes({ ...attacker, compromised: approvals }, facts, usage, at)).toBe(true);
            expect(who).toEqual(expect.arrayContaining([...approvals]));
            sum += facts.amountSats + facts.feeSats;
            spent.push(
              aRecord(at, facts.payments, { initiator: facts.initiator, feeSats: facts.feeSats }),
            );
          }
          const first = schedule[0]?.at ?? 0;
          expect((schedule.at(-1)?.at ?? 0) - first).toBeLessThan(seconds);
          if (most === 'everything') seen.everything++;
          else if (exact) {
            expect(sum).toBe(most);
            if (most > 0n) seen.exact++;
          } else {
            expect(sum).toBeLessThan(most);
            seen.not++;
          }
        }
      }),
      { numRuns: 1_000 },
    );
    expect(seen.exact).toBeGreaterThan(5 * seen.not);
    expect(seen.everything).toBeGreaterThan(20);
  });
});
