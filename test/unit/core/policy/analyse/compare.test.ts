import { describe, expect, test } from '@jest/globals';
import { compare, loosens } from '../../../../../src/core/policy/analyse/compare.ts';
import type {
  AllowRule,
  Clause,
  DenyRule,
  When,
  Zone,
} from '../../../../../src/core/policy/body.ts';
import { aLeaf, aSetting, becomes, compared, verdictOf } from '../../../../support/comparing.ts';
import { aLimit, aRule, aWhen } from '../../../../support/policy-builder.ts';

const day = 86_400;
const deny = (name: string, parts: Partial<When>): DenyRule => ({
  name,
  when: aWhen(parts),
  deny: true,
  require: null,
});
const asking = (approvals: Clause, parts: Partial<When> = {}, delaySeconds = 0): AllowRule => ({
  ...aRule('asked', parts, delaySeconds),
  require: { approvals, delaySeconds },
});
const amount = (parts: Partial<NonNullable<When['amount']>>): Partial<When> => ({
  amount: { above: null, atMost: null, windowSeconds: null, of: 'wallet', ...parts },
});
const none = aRule('own coins', { payments: 'none' });

describe('a rule', () => {
  const [small, large] = [
    amount({ atMost: 10, windowSeconds: day }),
    amount({ above: 10, windowSeconds: day }),
  ];
  const both = [aRule('small', small), asking(aLeaf('treasury', 2), large)];
  becomes([
    [
      'added to what is allowed already',
      {},
      { rules: [aRule('payments'), aRule('more', small)] },
      'same',
    ],
    [
      'added that asks for more',
      {},
      { rules: [aRule('payments'), asking(aLeaf('treasury', 2), large)] },
      'tightens',
    ],
    ['that allows more', { rules: [aRule('small', small)] }, { rules: both }, 'loosens'],
    ['removed', { rules: both }, { rules: both.slice(0, 1) }, 'tightens'],
    ['moved', { rules: both }, { rules: both.toReversed() }, 'same'],
    ['that denies added', {}, { rules: [aRule('payments'), deny('no', large)] }, 'tightens'],
    [
      'that denies what another one denies',
      { rules: [aRule('payments'), deny('no', amount({ above: 9, windowSeconds: day }))] },
      {
        rules: [
          aRule('payments'),
          deny('no', amount({ above: 9, windowSeconds: day })),
          deny('also', large),
        ],
      },
      'same',
    ],
    [
      'divided in two at a threshold',
      {},
      { rules: [aRule('small', small), aRule('large', large)] },
      'same',
    ],
    [
      'divided in two with a gap of 1 sat',
      {},
      { rules: [aRule('small', small), aRule('large', amount({ above: 11, windowSeconds: day }))] },
      'tightens',
    ],
    [
      'whose tier begins 1 sat later',
      { rules: both },
      {
        rules: [
          aRule('small', amount({ atMost: 11, windowSeconds: day })),
          asking(aLeaf('treasury', 2), amount({ above: 11, windowSeconds: day })),
        ],
      },
      'loosens',
    ],
    [
      'whose tier forgets the day',
      { rules: both },
      {
        rules: [
          aRule('small', amount({ atMost: 10 })),
          asking(aLeaf('treasury', 2), amount({ above: 10 })),
        ],
      },
      'loosens',
    ],
    ['without rules', {}, { rules: [] }, 'tightens'],
    ['for payments of own coins', {}, { rules: [aRule('payments'), none] }, 'loosens'],
    [
      'with a quorum of zero',
      {},
      { rules: [aRule('payments'), asking(aLeaf('treasury', 0), large)] },
      'tightens',
    ],
  ]);
});

describe('times', () => {
  const delayed = (seconds: number) => ({ rules: [aRule('payments', {}, seconds)] });
  const lasting = (approveSeconds: number, signSeconds: number) => ({
    expires: { approveSeconds, signSeconds },
  });
  becomes([
    ['a delay of a second more', delayed(9), delayed(10), 'tightens'],
    ['a delay of a second less', delayed(10), delayed(9), 'loosens'],
    [
      'a delay of a second more and as much more to sign in',
      { ...delayed(9), ...lasting(100, 50) },
      { ...delayed(10), ...lasting(100, 51) },
      'both',
    ],
    [
      'a longer delay of another rule that matches, too',
      { rules: [aRule('a', {}, 10), aRule('b', {}, 8)] },
      { rules: [aRule('a', {}, 10), aRule('b', {}, 9)] },
      'same',
    ],
    ['a second more to sign in', lasting(100, 50), lasting(100, 51), 'loosens'],
    ['a second more to approve in', lasting(100, 50), lasting(101, 50), 'loosens'],
    ['a second less to approve in', lasting(101, 50), lasting(100, 50), 'tightens'],
  ]);

  const zone: Zone = { version: '2026a', offsets: [{ from: 0, seconds: 0 }], until: 2_000_000_000 };
  const at = (fromMinute: number, toMinute: number, is: 'within' | 'outside' = 'within') => ({
    rules: [aRule('hours', { hours: { is, spans: [{ days: ['mon'], fromMinute, toMinute }] } })],
    zone,
  });
  becomes([
    ['hours for all time', at(0, 60), {}, 'loosens'],
    ['hours that end a minute later', at(540, 1_020), at(540, 1_021), 'loosens'],
    ['hours that begin and end a minute later', at(540, 1_020), at(541, 1_021), 'both'],
    ['hours outside instead of within', at(540, 1_020), at(540, 1_020, 'outside'), 'both'],
    [
      'hours of a zone that is known for longer',
      at(540, 1_020),
      { ...at(540, 1_020), zone: { ...zone, until: 2_100_000_000 } },
      'loosens',
    ],
    [
      'hours of a zone that changes in ten years',
      at(540, 1_020),
      {
        ...at(540, 1_020),
        zone: { ...zone, offsets: [...zone.offsets, { from: 1_999_000_000, seconds: 3_600 }] },
      },
      'both',
    ],
    [
      'hours of a zone written in two equal parts',
      at(540, 1_020),
      {
        ...at(540, 1_020),
        zone: { ...zone, offsets: [...zone.offsets, { from: 1_999_000_000, seconds: 0 }] },
      },
      'same',
    ],
  ]);
});

describe('conditions', () => {
  const rules = (...parts: readonly Partial<When>[]) => ({
    rules: parts.map((one, i) => aRule(`r${String(i)}`, one)),
  });
  const named = (any: NonNullable<When['outputs']>['any']) => ({
    outputs: { any, above: null, atMost: null },
  });
  const counted = (above: number | null, atMost: number | null) => ({
    outputs: { any: null, above, atMost },
  });
  becomes([
    ['a kind of output named', rules({}), rules({}, named(['data-value'])), 'loosens'],
    [
      'a kind that no script is',
      rules({}),
      rules({}, { ...named(['zero-value']), ...amount({ above: 0, atMost: 0 }) }),
      'same',
    ],
    ['an empty payment named', rules({}), rules({}, named(['zero-value'])), 'loosens'],
    ['one payment more', rules(counted(null, 3)), rules(counted(null, 4)), 'loosens'],
    ['no single payments', rules({}), rules(counted(1, null)), 'tightens'],
    ['as many payments as a spend may have', rules({}), rules(counted(null, 250)), 'same'],
    ['a reference demanded', rules({}), rules({ reference: 'present' }), 'tightens'],
    [
      'with and without a reference',
      rules({}),
      rules({ reference: 'present' }, { reference: 'absent' }),
      'same',
    ],
    [
      'listed ones alone',
      rules({}),
      rules({ destinations: { all: ['listed'], any: null } }),
      'tightens',
    ],
    [
      'listed and unlisted ones, but not in one spend',
      rules({}),
      rules(
        { destinations: { all: ['listed'], any: null } },
        { destinations: { all: ['unlisted'], any: null } },
      ),
      'tightens',
    ],
    [
      'any listed one, or all unlisted',
      rules({}),
      rules(
        { destinations: { all: null, any: ['listed'] } },
        { destinations: { all: ['unlisted'], any: null } },
      ),
      'same',
    ],
    [
      'a tag instead of an owner',
      rules({ destinations: { all: ['owner:acme'], any: null } }),
      rules({ destinations: { all: ['tag:vip'], any: null } }),
      'both',
    ],
  ]);
});

describe('a comparison', () => {
  test('of a setting with itself says same and gives no example', () => {
    const setting = aSetting({ limits: [aLimit()], rules: [aRule('payments', {}, 9), none] });
    expect(compared(setting, setting)).toEqual({ verdict: 'same', easier: [], harder: [] });
  });

  test('shows the spend at the threshold and why it was refused before', () => {
    const found = loosens(
      aSetting({ limits: [aLimit({ most: 1_000 })] }),
      aSetting({ limits: [aLimit({ most: 1_001 })] }),
    );
    if (!found.ok || found.value === null) throw new Error('there is an example');
    const { spend, usage, because } = found.value;
    expect([spend, ...usage].reduce((sum, { amountSats }) => sum + amountSats, 0n)).toBe(1_001n);
    expect(because).toMatchObject({ code: 'policy.limit.exceeded', facts: { limit: 'daily' } });
  });

  test('knows that tiers over a window cannot be walked under', () => {
    const tiers = (windowSeconds: number | null) =>
      aSetting({
        limits: [aLimit({ most: 3, windowSeconds: null })],
        rules: [
          aRule('small', amount({ atMost: 10, windowSeconds })),
          asking(aLeaf('treasury', 2), amount({ above: 10, windowSeconds })),
        ],
      });
    expect(verdictOf(tiers(day), tiers(null))).toBe('loosens');
  });

  test('looks into every way round a rule that denies', () => {
    const btc = 100_000_000;
    for (const [x, y] of [
      ['tag:x', 'tag:y'],
      ['tag:y', 'tag:x'],
    ] as const) {
      const large = amount({ above: 2 * btc });
      // What pays x must be large, and nothing large is left: so y alone is paid.
      const rules = [
        aRule('either', { destinations: { all: null, any: [x, y] } }),
        deny('small', {
          ...amount({ atMost: 2 * btc }),
          destinations: { all: null, any: [x] },
        }),
        deny('large to strangers', { ...large, destinations: { all: null, any: ['unlisted'] } }),
        deny('large to others', { ...large, destinations: { all: ['listed'], any: null } }),
      ];
      const limits = [aLimit({ most: btc / 2, windowSeconds: null })];
      expect(verdictOf(aSetting({ rules, limits }), aSetting({ rules }))).toBe('loosens');
    }
  });

  test('gives one example for each reason', () => {
    const { easier } = compared(
      aSetting({
        limits: [aLimit()],
        rules: [asking(aLeaf('treasury', 2), {}, 5), deny('no', amount({ above: 9 }))],
      }),
      aSetting({ rules: [asking(aLeaf('treasury'))] }),
    );
    expect(easier.map(({ because }) => because.code).sort()).toEqual([
      'policy.delay.waiting',
      'policy.denied',
      'policy.limit.exceeded',
      'policy.quorum.missing',
    ]);
  });

  test('says that it does not know when it would take too long', () => {
    const rule = (i: number): DenyRule =>
      deny(`no ${String(i)}`, {
        ...amount({
          above: i * 7,
          windowSeconds: 3_600 * (1 + (i % 40)),
          of: i % 2 === 0 ? 'initiator' : 'destination',
        }),
        destinations: { all: null, any: [`tag:a${String(i % 9)}`, `tag:b${String(i % 7)}`] },
        outputs: { any: null, above: i % 5, atMost: 100 },
      });
    const hostile = (from: number) =>
      aSetting({
        rules: [aRule('payments'), ...Array.from({ length: 99 }, (_, i) => rule(i + from))],
      });
    const started = performance.now();
    const found = compare(hostile(0), hostile(1));
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(found).toMatchObject({ ok: false, refusal: { code: 'policy.analysis.toolarge' } });
    expect(loosens(hostile(1), hostile(0))).toMatchObject({
      ok: false,
      refusal: { code: 'policy.analysis.toolarge' },
    });
  });
});
