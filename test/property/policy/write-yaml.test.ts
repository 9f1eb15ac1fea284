import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync, readdirSync } from 'node:fs';
import { zoneOf } from '../../../src/client/time-zone.ts';
import type { Clause, PolicyBody } from '../../../src/core/policy/body.ts';
import { deviceKinds, outputKinds, parsePolicyBody } from '../../../src/core/policy/body.ts';
import { weekdays } from '../../../src/core/policy/body.ts';
import { policyYaml } from '../../../src/core/policy/write-yaml.ts';
import { parsePolicyYaml } from '../../../src/core/policy/yaml.ts';

const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.option(arbitrary, { nil: null });
const name = fc.oneof(
  fc.constantFrom(
    'daily',
    'true',
    '007',
    'null',
    '- x',
    'a: b',
    '#',
    '日本',
    '"quoted"',
    "o'clock",
    '{',
    'a, b',
  ),
  fc.stringMatching(/^[!-~]{1,20}$/),
);
const label = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,10}$/);
const sats = fc.oneof(
  fc.integer({ min: 0, max: 2_100_000_000_000_000 }),
  fc.integer({ min: 0, max: 21_000_000_000 }).map((milli) => milli * 100_000),
);
const seconds = fc.oneof(
  fc.integer({ min: 1, max: 31_622_400 }),
  fc.integer({ min: 1, max: 366 }).map((days) => days * 86_400),
  fc.integer({ min: 1, max: 48 }).map((hours) => hours * 3_600),
);
const delay = fc.constantFrom(0, 1, 59, 60, 61, 3_600, 86_400, 172_800, 2_592_000);
const scope = fc.constantFrom('wallet' as const, 'destination' as const, 'initiator' as const);
const leaf: fc.Arbitrary<Clause> = fc.record({
  from: label,
  atLeast: fc.nat(9),
  kinds: orNull(fc.uniqueArray(fc.constantFrom(...deviceKinds), { minLength: 1 })),
});
const clause: fc.Arbitrary<Clause> = fc.oneof(
  leaf,
  fc.array(leaf, { minLength: 1, maxLength: 3 }).map((all) => ({ all })),
  fc.tuple(leaf, leaf).map(([one, other]) => ({ any: [one, { all: [other] }] })),
);
const terms = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom('listed' as const, 'unlisted' as const),
    label.map((tag) => `tag:${tag}` as const),
    label.map((owner) => `owner:${owner}` as const),
  ),
  { minLength: 1, maxLength: 4 },
);
const hours = fc.record({
  is: fc.constantFrom('within' as const, 'outside' as const),
  spans: fc.array(
    fc
      .record({
        days: fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1 }),
        fromMinute: fc.nat(1_438),
        toMinute: fc.integer({ min: 1, max: 1_440 }),
      })
      .filter(({ fromMinute, toMinute }) => fromMinute < toMinute),
    { minLength: 1, maxLength: 3 },
  ),
});
const when = fc.record({
  payments: fc.constantFrom('none' as const, 'some' as const),
  amount: orNull(
    fc.record({ above: orNull(sats), atMost: sats, windowSeconds: orNull(seconds), of: scope }),
  ),
  destinations: orNull(fc.record({ all: terms, any: orNull(terms) })),
  outputs: orNull(
    fc.record({
      any: orNull(fc.uniqueArray(fc.constantFrom(...outputKinds), { minLength: 1 })),
      above: orNull(fc.nat(250)),
      atMost: fc.nat(250),
    }),
  ),
  initiator: orNull(
    fc.record({
      any: fc.uniqueArray(
        label.map((id) => `member:${id}` as const),
        { minLength: 1, maxLength: 3 },
      ),
    }),
  ),
  hours: orNull(hours),
  reference: orNull(fc.constantFrom('present' as const, 'absent' as const)),
});
const limit = fc.oneof(
  fc.record({
    name,
    measure: fc.constantFrom('amount' as const, 'fee' as const),
    most: sats,
    windowSeconds: orNull(seconds),
    of: fc.constantFrom('wallet' as const, 'initiator' as const),
    here: fc.constant(null),
  }),
  fc.record({
    name,
    measure: fc.constantFrom('count' as const, 'amount' as const),
    most: fc.constant(100_000_000),
    windowSeconds: seconds,
    of: fc.constant('organisation' as const),
    here: fc.nat(100_000_000),
  }),
);
const rule = fc.oneof(
  fc.record({ name, when, deny: fc.constant(true as const), require: fc.constant(null) }),
  fc.record({
    name,
    when,
    deny: fc.constant(false as const),
    require: fc.record({ approvals: clause, delaySeconds: delay }),
  }),
);
const tokyo = zoneOf('Asia/Tokyo') ?? null;
const body: fc.Arbitrary<PolicyBody> = fc
  .record({
    wallet: label,
    timezone: fc.constant('Asia/Tokyo'),
    limits: fc.array(limit, { maxLength: 4 }),
    fees: fc.record({
      rateSatPerVbyte: orNull(fc.integer({ min: 1, max: 10_000 })),
      sharePerMille: orNull(fc.nat(1_000)),
      selfSats: fc.nat(1_000_000),
    }),
    expires: fc.record({
      approveSeconds: fc.integer({ min: 1, max: 2_592_000 }),
      signSeconds: fc.constantFrom(1, 60, 86_400, 172_800),
    }),
    screening: orNull(fc.constant('required' as const)),
    rules: fc.array(rule, { maxLength: 4 }),
    assert: fc.array(
      fc.record({ compromised: fc.nat(5), windowSeconds: orNull(seconds), movesAtMost: sats }),
      { maxLength: 2 },
    ),
  })
  .map((made) => ({
    ...made,
    zone: made.rules.some((one) => one.when.hours !== null) ? tokyo : null,
  }));

describe('a policy written as a file', () => {
  test('reads back as the same body, whatever it says', () => {
    fc.assert(
      fc.property(body, (found) => {
        // What the language itself refuses needs no file.
        fc.pre(parsePolicyBody(found).ok);
        expect(parsePolicyYaml(policyYaml(found), zoneOf)).toEqual({ ok: true, value: found });
      }),
      { numRuns: 500 },
    );
  });

  test('reads back as the ready policies do', () => {
    const files = readdirSync('policies').filter((file) => file.endsWith('.policy.yaml'));
    expect(files.length).toBeGreaterThan(1);
    for (const file of files) {
      const parsed = parsePolicyYaml(readFileSync(`policies/${file}`, 'utf8'), zoneOf);
      if (!parsed.ok) throw new Error(parsed.refusal.code);
      expect(parsePolicyYaml(policyYaml(parsed.value), zoneOf)).toEqual(parsed);
    }
  });
});
