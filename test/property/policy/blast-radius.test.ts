import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { blastRadius } from '../../../src/core/policy/analyse/blast-radius.ts';
import { parsePolicyBody } from '../../../src/core/policy/body.ts';
import { mostWithin, rampage } from '../../support/attacker.ts';
import { anInput, rowsOf } from '../../support/blast.ts';
import { policies, records, settings } from '../../support/setting-arbitrary.ts';

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
          const rows = blastRadius(anInput(found), seconds, who.compromised.length);
          if (!rows.ok) throw new Error(rows.refusal.code);
          const row = rows.value.at(-1);
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
        for (const { who, sats, exact, compromised } of rowsOf(anInput(found), seconds, 3)) {
          expect(who).toHaveLength(compromised);
          if (sats === 'everything') seen.everything++;
          else if (sats > 0n) seen[exact ? 'exact' : 'not']++;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(seen.exact).toBeGreaterThan(5 * seen.not);
    expect(seen.everything).toBeGreaterThan(20);
  });
});
