import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { BlastInput } from '../../../../../src/core/policy/analyse/blast-radius.ts';
import { blastRadius } from '../../../../../src/core/policy/analyse/blast-radius.ts';
import type { AnalysedMember, Setting } from '../../../../../src/core/policy/analyse/setting.ts';
import { MEMBERS } from '../../../../../src/core/base/limits.ts';
import type {
  AllowRule,
  Clause,
  PolicyBody,
  Rule,
  When,
} from '../../../../../src/core/policy/body.ts';
import { clauseGroups } from '../../../../../src/core/policy/body.ts';
import { parsePolicyYaml } from '../../../../../src/core/policy/yaml.ts';
import { anInput, figures, rowsOf } from '../../../../support/blast.ts';
import { aLeaf, aMember, aSetting } from '../../../../support/comparing.ts';
import { aLimit, aRule, aWhen } from '../../../../support/policy-builder.ts';
import { tokyo } from '../../../../support/zones.ts';

const day = 86_400;
const asking = (approvals: Clause, parts: Partial<When> = {}, delaySeconds = 0): AllowRule => ({
  ...aRule('asked', parts, delaySeconds),
  require: { approvals, delaySeconds },
});
const denying = (parts: Partial<When>): Rule => ({
  name: 'no',
  when: aWhen(parts),
  deny: true,
  require: null,
});
const amount = (parts: Partial<NonNullable<When['amount']>>): Partial<When> => ({
  amount: { above: null, atMost: null, windowSeconds: day, of: 'wallet', ...parts },
});
/** No fees, so that a test about amounts is about nothing else. */
const free = { rateSatPerVbyte: null, sharePerMille: 0, selfSats: 0 };
const daily = aLimit({ most: 1_000 });
const policy = (parts: Partial<PolicyBody>): Partial<PolicyBody> => ({
  fees: free,
  limits: [daily],
  ...parts,
});
const input = (
  parts: Partial<PolicyBody> = {},
  setting: Partial<Setting> = {},
  rest: Partial<BlastInput> = {},
): BlastInput => anInput(aSetting(policy(parts), setting), rest);
/** Everybody may propose. */
const open = { initiators: ['operators', 'treasury', 'compliance'] };
const two = aLeaf('treasury', 2);

describe('one person alone', () => {
  test('moves nothing under a rule of one approver, for his own does not count', () => {
    expect(figures(input({}, open), day, 2)).toEqual(['0', '0', '1000']);
  });

  test('moves nothing under a rule of two people', () => {
    expect(figures(input({ rules: [asking(two)] }, open), day, 3)).toEqual(['0', '0', '0', '1000']);
  });

  test('in two groups counts once', () => {
    const both: Clause = { all: [aLeaf('treasury'), aLeaf('compliance')] };
    const members = [
      aMember('dave', ['treasury', 'compliance']),
      aMember('operator', ['operators']),
    ];
    const found = figures(input({ rules: [asking(both)] }, { members }), day, 3);
    expect(found).toEqual(['0', '0', '0', '0']);
    const more = [...members, aMember('erin', ['treasury', 'compliance'])];
    expect(figures(input({ rules: [asking(both)] }, { members: more }), day, 3)).toEqual([
      ...['0', '0', '0', '1000'],
    ]);
  });

  test('behind a service account does not approve what it proposes', () => {
    const members = [
      aMember('alice', ['treasury']),
      aMember('bob', ['treasury']),
      aMember('payouts', ['operators'], { operators: ['alice'] }),
    ];
    const [, one, both] = rowsOf(input({}, { members }), day, 2);
    expect(one?.sats).toBe(0n);
    expect(both).toMatchObject({ sats: 1_000n, exact: true, who: ['alice', 'bob'] });
    expect(both?.schedule[0]).toMatchObject({
      approvals: ['bob'],
      facts: { initiator: 'payouts' },
    });
  });

  test('who has an account whose people are somebody else needs one of the approvers', () => {
    const members = [
      aMember('alice', ['treasury']),
      aMember('zoe', []),
      aMember('payouts', ['operators'], { operators: ['zoe'] }),
    ];
    expect(figures(input({}, { members }), day, 2)).toEqual(['0', '0', '1000']);
  });
});

describe('a clause', () => {
  test('that asks for nobody authorises nothing', () => {
    expect(figures(input({ rules: [asking(aLeaf('treasury', 0))] }, open), day, 3)).toEqual([
      ...['0', '0', '0', '0'],
    ]);
  });

  test('that asks for a kind is not filled by people without such a device', () => {
    const shown = input({ rules: [asking(aLeaf('treasury', 1, ['message']))] }, open);
    expect(figures(shown, day, 3)).toEqual(['0', '0', '0', '0']);
    const members = [
      aMember('alice', ['treasury']),
      aMember('bob', ['treasury'], { kinds: ['webauthn', 'message'] }),
      aMember('operator', ['operators']),
    ];
    const [, , found] = rowsOf(anInput({ ...shown.setting, members }), day, 2);
    expect(found).toMatchObject({ sats: 1_000n, who: ['alice', 'bob'] });
    expect(found?.schedule[0]).toMatchObject({ approvals: ['bob'], facts: { initiator: 'alice' } });
  });

  test('with a delay is no comfort: the approvals may be old', () => {
    expect(figures(input({ rules: [asking(aLeaf('treasury'), {}, 7_200)] }), 3_600, 2)).toEqual([
      ...['0', '0', '1000'],
    ]);
  });
});

describe('a tier', () => {
  const tiers = {
    rules: [
      asking(aLeaf('treasury'), amount({ atMost: 100 })),
      asking(two, amount({ above: 100 })),
    ],
  };

  test('is not walked past by forty spends', () => {
    const limits = [daily, aLimit({ name: 'one', most: 5, windowSeconds: null })];
    const rows = rowsOf(input({ ...tiers, limits }), day, 3);
    expect(rows.map(({ sats }) => sats)).toEqual([0n, 0n, 100n, 1_000n]);
    expect(rows[2]?.schedule).toHaveLength(20);
  });

  test('that does not count what went before is walked past', () => {
    const single = { windowSeconds: null };
    const rules = [
      asking(aLeaf('treasury'), amount({ atMost: 100, ...single })),
      asking(two, amount({ above: 100, ...single })),
    ];
    expect(figures(input({ rules }), day, 2)).toEqual(['0', '0', '1000']);
  });

  test('is told sat by sat', () => {
    const of = (most: number) =>
      figures(input({ ...tiers, limits: [aLimit({ most })] }), day, 2)[2];
    expect([of(99), of(100), of(101)]).toEqual(['99', '100', '100']);
  });

  test('between two others stops who can fill all but it', () => {
    const rules = [
      asking(aLeaf('treasury'), amount({ atMost: 100 })),
      asking(aLeaf('compliance', 9), amount({ above: 100, atMost: 500 })),
      asking(aLeaf('treasury'), amount({ above: 500 })),
    ];
    // Not in small steps, but in one large one.
    expect(figures(input({ rules }), day, 2)).toEqual(['0', '0', '1000']);
    const limits = [aLimit({ most: 500 })];
    expect(figures(input({ rules, limits }), day, 2)).toEqual(['0', '0', '100']);
  });

  test('above what the limits ever let through stands for nothing', () => {
    const rules = [asking(aLeaf('treasury'), amount({ above: 1_000 }))];
    expect(figures(input({ rules }), day, 2)).toEqual(['0', '0', '0']);
    const limits = [aLimit({ most: 1_001 })];
    expect(figures(input({ rules, limits }), day, 2)).toEqual(['0', '0', '1001']);
  });

  test('that nothing but an earlier spend of others can open is told, and told not to be exact', () => {
    const limits = [daily, aLimit({ name: 'one', most: 10, windowSeconds: null })];
    const rules = [
      asking(aLeaf('compliance', 9), amount({ atMost: 100 })),
      asking(aLeaf('treasury'), amount({ above: 100 })),
    ];
    expect(figures(input({ rules, limits }), day, 2)).toEqual(['0', '0', '~1000']);
  });
});

describe('a window', () => {
  test('of a limit lets as much through again from its last second on', () => {
    const most = (seconds: number) => figures(input(), seconds, 2)[2];
    expect([1, day - 1, day, day + 1, 2 * day, 2 * day + 1].map(most)).toEqual([
      ...['1000', '1000', '1000', '2000', '2000', '3000'],
    ]);
  });

  test('of several limits is as tight as they are together', () => {
    const week = aLimit({ name: 'weekly', most: 2_500, windowSeconds: 7 * day });
    const most = (seconds: number) => figures(input({ limits: [daily, week] }), seconds, 2)[2];
    expect([day, 2 * day, 3 * day, 7 * day, 7 * day + 1, 14 * day].map(most)).toEqual([
      ...['1000', '2000', '2500', '2500', '3500', '5000'],
    ]);
  });

  test('of a tier frees up as one of a limit does', () => {
    const rules = [
      asking(aLeaf('treasury'), amount({ atMost: 100, windowSeconds: 3_600 })),
      asking(two, amount({ above: 100, windowSeconds: 3_600 })),
    ];
    const most = (seconds: number) => figures(input({ rules }), seconds, 2)[2];
    expect([3_599, 3_600, 3_601, day].map(most)).toEqual(['100', '100', '200', '1000']);
  });

  test('of any length holds everything as soon as 1 sat can leave', () => {
    expect(figures(input(), null, 2)).toEqual(['0', '0', 'everything']);
    expect(figures(input({ limits: [aLimit({ most: 1 })] }), null, 2)[2]).toBe('everything');
    expect(figures(input({ limits: [aLimit({ most: 0 })] }), null, 2)[2]).toBe('0');
  });

  test('of a second summed up over a year ends in time, and is not too low', () => {
    const limits = [aLimit({ most: 1, windowSeconds: 1 })];
    expect(figures(input({ limits }), 366 * day, 2)[2]).toBe(`~${String(366 * day)}`);
  });
});

describe('a limit', () => {
  test('of each initiator counts as often as initiators are compromised', () => {
    const limits = [aLimit({ most: 300, of: 'initiator' })];
    const found = figures(input({ limits }, open), day, 4);
    expect(found).toEqual(['0', '0', '600', '900', '1200']);
    const wallet = aLimit({ name: 'all', most: 1_000 });
    expect(figures(input({ limits: [...limits, wallet] }, open), day, 4)).toEqual([
      ...['0', '0', '600', '900', '1000'],
    ]);
  });

  test('of each initiator counts for a service account, too', () => {
    const limits = [aLimit({ most: 300, of: 'initiator' })];
    const members = [
      aMember('alice', ['treasury']),
      aMember('bob', ['treasury', 'operators']),
      aMember('payouts', ['operators'], { operators: ['bob'] }),
    ];
    expect(figures(input({ limits }, { members }), day, 2)).toEqual(['0', '0', '600']);
  });

  test('of each destination counts as often as the book has owners, and once for all strangers', () => {
    const limits = [aLimit({ most: 300, of: 'destination' })];
    const entry = (owner: string, n: number) => ({
      script: `0014${String(n).repeat(40)}`,
      owner,
      tags: [],
    });
    const book = [entry('acme', 1), entry('acme', 2), entry('bravo', 3)];
    expect(figures(input({ limits }, { book }), day, 2)).toEqual(['0', '0', '900']);
    expect(figures(input({ limits }, { book: [] }), day, 2)).toEqual(['0', '0', '300']);
    const rules = [asking(aLeaf('treasury'), { destinations: { all: ['listed'], any: null } })];
    expect(figures(input({ limits, rules }, { book }), day, 2)).toEqual(['0', '0', '600']);
  });

  test('of each destination holds nothing back while the book is not known', () => {
    const limits = [aLimit({ most: 300, of: 'destination' })];
    expect(figures(input({ limits }), day, 2)).toEqual(['0', '0', 'everything']);
    const counted = [...limits, aLimit({ name: 'spends', measure: 'count', most: 2 })];
    // Two spends of 250 payments each.
    expect(figures(input({ limits: counted }), day, 2)).toEqual(['0', '0', '150000']);
    expect(figures(input({ limits: [...limits, daily] }), day, 2)).toEqual(['0', '0', '1000']);
  });

  test('of the organisation counts as the share of the wallet', () => {
    const limits = [aLimit({ most: 300, of: 'organisation', here: 70 })];
    expect(figures(input({ limits }), day, 2)).toEqual(['0', '0', '70']);
  });

  test('on the number of spends holds back what one spend may pay', () => {
    const limits = [
      aLimit({ name: 'one', most: 100, windowSeconds: null }),
      aLimit({ name: 'spends', measure: 'count', most: 3 }),
    ];
    const found = (seconds: number) => figures(input({ limits }), seconds, 2)[2];
    expect([day, day + 1].map(found)).toEqual(['300', '600']);
    const more = [...limits, aLimit({ most: 250 })];
    expect(figures(input({ limits: more }), day, 2)[2]).toBe('250');
  });

  test('on the number of spends is not wasted on remainders', () => {
    const limits = [
      aLimit({ name: 'one', most: 3, windowSeconds: null }),
      aLimit({ name: 'spends', measure: 'count', most: 2, windowSeconds: 10 }),
      aLimit({ name: 'short', most: 4, windowSeconds: 5 }),
    ];
    expect(figures(input({ limits }), 10, 2)[2]).toBe('6');
  });

  test('that is missing leaves everything', () => {
    const [, , row] = rowsOf(input({ limits: [] }), 1, 2);
    expect(row).toMatchObject({ sats: 'everything', exact: true, how: 'spends' });
    const one = [aLimit({ name: 'one', most: 5, windowSeconds: null })];
    const [, , repeated] = rowsOf(input({ limits: one }), 1, 2);
    expect(repeated).toMatchObject({ sats: 'everything', exact: true });
    expect(repeated?.schedule).toHaveLength(2);
  });
});

describe('fees', () => {
  test('of payments count as far as share and rate go', () => {
    const fees = { ...free, sharePerMille: 100 };
    expect(figures(input({ fees }), day, 2)[2]).toBe('1100');
    expect(figures(input({ fees: { ...fees, rateSatPerVbyte: 1 } }), day, 2)[2]).toBe('1100');
    const limits = [aLimit({ most: 1_000_000_000 })];
    // 100,000 vbytes at 1 sat each are the fee of the largest payment; more of them carry more.
    const capped = input({ fees: { ...fees, rateSatPerVbyte: 1 }, limits });
    expect(figures(capped, day, 2)[2]).toBe('1100000000');
    const once = [...limits, aLimit({ name: 'n', measure: 'count', most: 3 })];
    expect(figures(input({ fees: { ...fees, rateSatPerVbyte: 1 }, limits: once }), day, 2)[2]).toBe(
      '1000300000',
    );
  });

  test('without a cap are everything', () => {
    const fees = { ...free, sharePerMille: null };
    expect(figures(input({ fees }), day, 2)[2]).toBe('everything');
    const limits = [daily, aLimit({ name: 'fees', measure: 'fee', most: 70 })];
    expect(figures(input({ fees, limits }), day, 2)[2]).toBe('1070');
  });

  test('of spends without payments are burnt, too', () => {
    const fees = { ...free, selfSats: 10 };
    const own = aRule('own', { payments: 'none' });
    expect(figures(input({ fees, rules: [own], limits: [] }), 1, 2)[2]).toBe('everything');
    const budget = aLimit({ name: 'fees', measure: 'fee', most: 35 });
    const rows = rowsOf(input({ fees, rules: [own], limits: [budget] }), day, 2);
    expect(rows[2]).toMatchObject({ sats: 35n, exact: true });
    expect(rows[2]?.schedule.map(({ facts }) => facts.feeSats)).toEqual([10n, 10n, 10n, 5n]);
    const spends = aLimit({ name: 'spends', measure: 'count', most: 3 });
    const counted = { fees, rules: [own], limits: [budget, spends] };
    expect(figures(input(counted), day, 2)[2]).toBe('30');
    expect(figures(input({ ...counted, fees: free }), day, 2)[2]).toBe('0');
  });

  test('of a year do not use up the spends that payments need', () => {
    const fees = { ...free, selfSats: 10 };
    const rules = [aRule('pay'), aRule('own', { payments: 'none' })];
    const limits = [
      aLimit({ name: 'one', most: 100, windowSeconds: null }),
      aLimit({ name: 'spends', measure: 'count', most: 3 }),
      aLimit({ most: 200 }),
    ];
    expect(figures(input({ fees, rules, limits }), day, 2)[2]).toBe('210');
  });

  test('are not wasted when payments must be spread to carry them', () => {
    const fees = { ...free, sharePerMille: 100 };
    const limits = [
      aLimit({ name: 'weekly', most: 700, windowSeconds: 7 * day }),
      aLimit({ name: 'fees', measure: 'fee', most: 10 }),
    ];
    expect(figures(input({ fees, limits }), 7 * day, 2)[2]).toBe('770');
  });
});

describe('a condition', () => {
  test('on who initiates tells apart in whose name money leaves', () => {
    const rules = [
      asking(aLeaf('treasury'), {
        initiator: { any: ['group:operators'] },
        ...amount({ atMost: 50 }),
      }),
      asking(aLeaf('treasury'), { initiator: { any: ['member:bob'] }, ...amount({ atMost: 80 }) }),
    ];
    const rows = rowsOf(input({ rules }, open), day, 2);
    expect(rows[2]).toMatchObject({ sats: 80n, who: ['alice', 'bob'] });
  });

  test('on destinations is got round by whom the book does not know', () => {
    const rules = [
      aRule('all'),
      denying({ destinations: { all: null, any: ['unlisted'] } }),
      denying({ destinations: { all: null, any: ['tag:blocked'] } }),
    ];
    const blocked = [{ script: `0014${'1'.repeat(40)}`, owner: 'acme', tags: ['blocked'] }];
    expect(figures(input({ rules }, { book: blocked }), day, 2)[2]).toBe('0');
    expect(figures(input({ rules }, { book: null }), day, 2)[2]).toBe('1000');
    expect(figures(input({ rules: rules.slice(0, 1) }, { book: [] }), day, 2)[2]).toBe('1000');
  });

  test('on all destinations is got round by one more payment', () => {
    const rules = [
      asking(aLeaf('compliance', 9), { destinations: { all: ['unlisted'], any: null } }),
      asking(aLeaf('treasury'), { destinations: { all: null, any: ['listed'] } }),
    ];
    const book = [{ script: `0014${'1'.repeat(40)}`, owner: 'acme', tags: [] }];
    const limits = [daily, aLimit({ name: 'acme', most: 1, of: 'destination' })];
    // One each: whom the book knows and strangers.
    expect(figures(input({ rules, limits }, { book }), day, 2)[2]).toBe('2');
    expect(figures(input({ rules, limits }, { book: [] }), day, 2)[2]).toBe('0');
  });

  test('on the number of payments is met by as many', () => {
    const rules = [asking(aLeaf('treasury'), { outputs: { any: null, above: 2, atMost: 4 } })];
    const rows = rowsOf(input({ rules }), day, 2);
    expect(rows[2]).toMatchObject({ sats: 1_000n, exact: true });
    expect(rows[2]?.schedule[0]?.facts.payments).toHaveLength(3);
  });

  test('on kinds of output is met by such an output', () => {
    const rules = [
      asking(aLeaf('treasury'), { outputs: { any: ['data-value'], above: null, atMost: null } }),
    ];
    const rows = rowsOf(input({ rules }), day, 2);
    expect(rows[2]).toMatchObject({ sats: 1_000n, exact: true });
    expect(rows[2]?.schedule[0]?.facts.payments[0]?.script).toMatch(/^6a/);
  });

  test('on a reference is met by making one up', () => {
    const rules = [asking(aLeaf('treasury'), { reference: 'present' })];
    expect(figures(input({ rules }), day, 2)[2]).toBe('1000');
  });

  test('on hours is met by waiting for them', () => {
    const days = ['mon', 'tue', 'wed', 'thu', 'fri'] as const;
    const hours = {
      is: 'within',
      spans: [{ days: [...days], fromMinute: 540, toMinute: 1_080 }],
    } as const;
    const rules = [
      asking(aLeaf('treasury'), { hours }),
      asking(two, { hours: { ...hours, is: 'outside' } }),
    ];
    const found = input({ rules, zone: tokyo });
    expect(figures(found, 1, 2)).toEqual(['0', '0', '1000']);
    expect(figures(found, day + 1, 2)).toEqual(['0', '0', '2000']);
    // Nine hours open, fifteen closed.
    const limits = [aLimit({ windowSeconds: 3_600 })];
    expect(figures(input({ rules, zone: tokyo, limits }), 9 * 3_600, 2)).toEqual([
      '0',
      '0',
      '9000',
    ]);
  });
});

describe('around the policy', () => {
  const governance = { clause: aLeaf('governors', 2), group: 'governors', delaySeconds: day };
  const members = [
    aMember('alice', ['treasury', 'governors']),
    aMember('bob', ['governors']),
    aMember('carol', ['governors']),
    aMember('robot', ['governors'], { operators: [] }),
    aMember('operator', ['operators']),
  ];
  const governed = (parts: Partial<BlastInput> = {}) =>
    input({ limits: [aLimit({ most: 5 })] }, { members }, { governance, ...parts });

  test('the governance clauses move everything once their delay fits the window', () => {
    const found = (seconds: number | null) => figures(governed(), seconds, 3);
    expect(found(day - 1)).toEqual(['0', '0', '5', '5']);
    expect(found(day)).toEqual(['0', '0', 'everything', 'everything']);
    expect(found(day + 1)).toEqual(['0', '0', 'everything', 'everything']);
    expect(found(null)).toEqual(['0', '0', 'everything', 'everything']);
    const [, one, both] = rowsOf(governed(), day, 2);
    expect(one).toMatchObject({ sats: 0n, how: 'spends' });
    expect(both).toMatchObject({ how: 'governance', exact: true, who: ['alice', 'bob'] });
  });

  test('whoever the governance clauses name governs, of whatever group', () => {
    const board = [...members, aMember('dan', ['board']), aMember('eve', ['board'])];
    const clause = aLeaf('board', 2);
    const found = input(
      { limits: [aLimit({ most: 5 })] },
      { members: board },
      { governance: { ...governance, clause } },
    );
    expect(rowsOf(found, day, 2)[2]).toMatchObject({ how: 'governance', who: ['dan', 'eve'] });
  });

  test('the governance clauses take kinds', () => {
    const clause = aLeaf('governors', 2, ['message']);
    const found = governed({ governance: { ...governance, clause } });
    expect(figures(found, null, 3)).toEqual(['0', '0', 'everything', 'everything']);
    expect(figures(found, day, 3)).toEqual(['0', '0', '5', '5']);
  });

  test('a set of keys without the hot key moves everything, at once', () => {
    const wallet = { outside: [['bob', 'carol'], ['zoe']], unlockers: [] };
    expect(rowsOf(governed({ wallet }), 1, 2)[2]).toMatchObject({
      ...{ sats: 'everything', how: 'outside', who: ['bob', 'carol'], schedule: [] },
    });
  });

  test('a set of keys of which nobody is known counts as in every hand', () => {
    const wallet = { outside: [[]], unlockers: [] };
    expect(figures(governed({ wallet }), 1, 0)).toEqual(['everything']);
  });

  test('whoever unlocks the signer moves everything', () => {
    const wallet = { outside: [], unlockers: ['carol'] };
    expect(
      rowsOf(governed({ wallet }), 1, 2).map(({ sats, how, who }) => [sats, how, who]),
    ).toEqual([
      [0n, 'spends', []],
      ['everything', 'signer', ['carol']],
      ['everything', 'signer', ['alice', 'carol']],
    ]);
  });

  test('signatures made and not yet seen leave with nobody', () => {
    const rows = rowsOf(governed({ unseenSats: 7n }), 1, 2);
    expect(rows.map(({ sats, how }) => [sats, how])).toEqual([
      [7n, 'unseen'],
      [7n, 'unseen'],
      [12n, 'spends'],
    ]);
  });
});

describe('the rows', () => {
  test('name as many people as there are, and never decrease', () => {
    const members = [aMember('alice', ['treasury']), aMember('operator', ['operators'])];
    const rows = rowsOf(input({}, { members }), day, 4);
    expect(rows.map(({ compromised, who }) => [compromised, who.length])).toEqual([
      ...[
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 2],
        [4, 2],
      ],
    ]);
    expect(rows.map(({ sats }) => sats)).toEqual([0n, 0n, 1_000n, 1_000n, 1_000n]);
  });

  test('are for five people and no more', () => {
    expect(rowsOf(input(), day, 5)).toHaveLength(6);
    expect(blastRadius(input(), day, 6)).toMatchObject({
      refusal: { code: 'policy.analysis.toolarge', facts: { upTo: 6, most: 5 } },
    });
  });

  test('of a thousand members of a few kinds are found by kind', () => {
    const members: AnalysedMember[] = Array.from({ length: MEMBERS }, (_, i) =>
      aMember(
        `m${String(i)}`,
        [['treasury'], ['compliance'], ['operators'], ['board']][i % 4] ?? [],
      ),
    );
    const rules = [asking({ all: [two, aLeaf('compliance', 1)] })];
    expect(figures(input({ rules }, { members }), day, 5)).toEqual([
      ...['0', '0', '0', '0', '1000', '1000'],
    ]);
  });

  test('of more kinds of people than can be looked at are refused', () => {
    const members = Array.from({ length: 200 }, (_, i) =>
      aMember(`m${String(i)}`, ['operators', 'treasury']),
    );
    const rules = members
      .slice(0, 64)
      .map(({ id }) => asking(aLeaf('treasury'), { initiator: { any: [`member:${id}`] } }));
    expect(blastRadius(input({ rules }, { members }), day, 5)).toMatchObject({
      refusal: { code: 'policy.analysis.toolarge' },
    });
  });

  test('of more forms of spend than can be looked at are refused', () => {
    const tags = Array.from({ length: 20 }, (_, i) => `tag:t${String(i)}` as const);
    const rules = tags.map((tag) =>
      asking(aLeaf('treasury'), { destinations: { all: null, any: [tag] } }),
    );
    expect(blastRadius(input({ rules }), day, 1)).toMatchObject({
      refusal: { code: 'policy.analysis.toolarge' },
    });
  });
});

const folder = new URL('../../../../../policies/', import.meta.url);
const read = (text: string): PolicyBody => {
  // The hours of any zone: what they are is not what these tests are about.
  const body = parsePolicyYaml(text, () => tokyo);
  if (!body.ok) throw new Error(body.refusal.code);
  return body.value;
};
const btc = (sats: string): string => String(Number(sats) / 100_000_000);

describe('a policy that comes with the product', () => {
  const members = [
    aMember('alice', ['treasury']),
    aMember('bob', ['treasury']),
    aMember('carol', ['compliance']),
    aMember('operator', ['operators']),
  ];
  const file = (name: string): PolicyBody =>
    read(readFileSync(new URL(`${name}.policy.yaml`, folder), 'utf8'));

  test('of the demonstration moves this much, exactly', () => {
    const moved = (name: string, seconds: number) => {
      const setting = { members, initiators: ['operators'], policy: file(name), book: null };
      return figures(anInput(setting), seconds, 4).map(btc);
    };
    expect(moved('demo-hot-1', day)).toEqual(['0', '0', '0', '0.05', '15.05']);
    expect(moved('demo-hot-1', 7 * day)).toEqual(['0', '0', '0', '0.35', '105.35']);
    expect(moved('demo-hot-2', day)).toEqual(['0', '0', '1.02', '2.02', '2.02']);
    expect(moved('demo-hot-2', day + 1)).toEqual(['0', '0', '2.04', '4.04', '4.04']);
  });

  test.each(readdirSync(folder).flatMap((name) => /^(.*)\.policy\.yaml$/.exec(name)?.[1] ?? []))(
    'is known exactly, over an hour, a day, a week and a month: %s',
    (name) => {
      const policy_ = file(name);
      const groups = new Set(
        policy_.rules.flatMap((rule) => (rule.deny ? [] : clauseGroups(rule.require.approvals))),
      );
      const kinds = ['secp256k1', 'message'] as const;
      const staff = [...groups].flatMap((group) =>
        [1, 2, 3].map((n) => aMember(`${group}-${String(n)}`, [group], { kinds })),
      );
      const initiators = ['operators', 'robots'];
      const service = aMember('service', initiators, { operators: [staff[0]?.id ?? ''] });
      const setting = { members: [...staff, service], initiators, policy: policy_, book: null };
      for (const seconds of [3_600, day, day + 1, 7 * day, 30 * day])
        for (const row of rowsOf(anInput(setting), seconds, 4)) expect(row.exact).toBe(true);
    },
  );
});

test('the policy of the design moves this much, exactly', () => {
  const example = read(`
    policy: hot-1
    timezone: Asia/Tokyo
    limits:
      - { name: per payment, amount: 5 BTC, per: transaction }
      - { name: daily, amount: 20 BTC, per: 24h }
      - { name: per customer, amount: 10 BTC, per: 7d, of: destination }
      - { name: per operator, amount: 10 BTC, per: 24h, of: initiator }
      - { name: number of spends, count: 50, per: 24h }
      - { name: fee budget, fee: 0.05 BTC, per: 24h }
    fees: { rate: 300 sat/vB, share: 2%, selfSats: 100000 }
    expires: { approve: 48h, sign: 24h }
    rules:
      - name: known customers
        when: { amount: { atMost: 2 BTC, per: 24h }, destinations: { all: [listed] } }
        require: { approvals: { from: treasury, atLeast: 1 } }
      - name: large
        when: { amount: { above: 2 BTC, per: 24h } }
        require:
          approvals:
            all:
              - { from: treasury, atLeast: 2 }
              - { from: compliance, atLeast: 1, kinds: [message, psbt, secp256k1] }
          delay: 6h
      - name: strangers
        when: { destinations: { any: [unlisted] } }
        deny: true
  `);
  const setting = aSetting({}, { policy: example });
  const moved = (seconds: number) => figures(anInput(setting), seconds, 4).map(btc);
  expect(moved(day)).toEqual(['0', '0', '2.04', '2.04', '10.05']);
  expect(moved(day + 1)).toEqual(['0', '0', '4.08', '4.08', '20.1']);
  const book = [1, 2].map((n) => ({
    script: `0014${String(n).repeat(40)}`,
    owner: `customer-${String(n)}`,
    tags: [],
  }));
  // The two of them take 10 BTC a week each; only spread over the week does that carry every day's fees.
  const known = figures(anInput({ ...setting, book }), 7 * day, 4).map(btc);
  expect(known).toEqual(['0', '0', '14.28', '14.28', '20.35']);
});
