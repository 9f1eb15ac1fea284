import { describe, expect, test } from '@jest/globals';
import { POLICY_TEXT_LENGTH } from '../../../../src/core/base/limits.ts';
import { parsePolicyBody } from '../../../../src/core/policy/body.ts';
import { parsePolicyYaml, renderPolicy } from '../../../../src/core/policy/yaml.ts';
import { testZones, tokyo } from '../../../support/zones.ts';

const good = `policy: hot-1
timezone: Asia/Tokyo
limits:
  - { name: per payment, amount: 5 BTC, per: transaction }
  - { name: everyone, amount: 100 BTC, per: 7d, of: organisation, here: 20 BTC }
  - { name: number of spends, count: 50, per: 24h }
  - { name: fee budget, fee: 0.05 BTC, per: 24h }
fees: { rate: 300 sat/vB, share: 2.5%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: known customers
    when: { amount: { atMost: 2 BTC, per: 24h }, destinations: { all: [listed, tag:vip] } }
    require: { approvals: { from: treasury, atLeast: 1 } }
  - name: large
    when: { amount: { above: 200000000 sat } }
    require:
      approvals:
        all:
          - { from: treasury, atLeast: 2 }
          - { from: compliance, atLeast: 1, kinds: [message, psbt] }
      delay: 6h
  - name: strangers
    when: { destinations: { any: [unlisted] }, outputs: { any: [zero-value] } }
    deny: true
`;

/** The parts of the language that `good` leaves out. */
const more = good.replace(
  'when: { amount: { above: 200000000 sat } }',
  `when:
      amount: { above: 200000000 sat }
      initiator: { any: [member:alice, group:operators] }
      hours:
        within:
          - { days: [mon, tue], from: 09:00, to: "18:00" }
          - { days: [sat], from: "00:00", to: 24:00 }
      outputs: { above: 3, atMost: 10 }
      reference: present`,
).concat(`assert:
  - { compromised: 1, movesAtMost: 0 BTC }
  - { compromised: 2, per: 24h, movesAtMost: 10 BTC }
`);

const refusalOf = (text: string) => {
  const found = parsePolicyYaml(text, testZones);
  if (found.ok) throw new Error('parsed');
  return { code: found.refusal.code, ...found.refusal.facts };
};

describe('a policy file', () => {
  test('becomes the normalised body', () => {
    const found = parsePolicyYaml(good, testZones);
    expect(found).toEqual({
      ok: true,
      value: {
        wallet: 'hot-1',
        timezone: 'Asia/Tokyo',
        zone: null,
        limits: [
          {
            name: 'per payment',
            measure: 'amount',
            most: 500_000_000,
            windowSeconds: null,
            of: 'wallet',
            here: null,
          },
          {
            name: 'everyone',
            measure: 'amount',
            most: 10_000_000_000,
            windowSeconds: 604_800,
            of: 'organisation',
            here: 2_000_000_000,
          },
          {
            name: 'number of spends',
            measure: 'count',
            most: 50,
            windowSeconds: 86_400,
            of: 'wallet',
            here: null,
          },
          {
            name: 'fee budget',
            measure: 'fee',
            most: 5_000_000,
            windowSeconds: 86_400,
            of: 'wallet',
            here: null,
          },
        ],
        fees: { rateSatPerVbyte: 300, sharePerMille: 25, selfSats: 100_000 },
        expires: { approveSeconds: 172_800, signSeconds: 86_400 },
        rules: [
          {
            name: 'known customers',
            when: {
              payments: 'some',
              amount: { above: null, atMost: 200_000_000, windowSeconds: 86_400, of: 'wallet' },
              destinations: { all: ['listed', 'tag:vip'], any: null },
              outputs: null,
              initiator: null,
              hours: null,
              reference: null,
            },
            deny: false,
            require: {
              approvals: { from: 'treasury', atLeast: 1, kinds: null },
              delaySeconds: 0,
            },
          },
          {
            name: 'large',
            when: {
              payments: 'some',
              amount: { above: 200_000_000, atMost: null, windowSeconds: null, of: 'wallet' },
              destinations: null,
              outputs: null,
              initiator: null,
              hours: null,
              reference: null,
            },
            deny: false,
            require: {
              approvals: {
                all: [
                  { from: 'treasury', atLeast: 2, kinds: null },
                  { from: 'compliance', atLeast: 1, kinds: ['message', 'psbt'] },
                ],
              },
              delaySeconds: 21_600,
            },
          },
          {
            name: 'strangers',
            when: {
              payments: 'some',
              amount: null,
              destinations: { all: null, any: ['unlisted'] },
              outputs: { any: ['zero-value'], above: null, atMost: null },
              initiator: null,
              hours: null,
              reference: null,
            },
            deny: true,
            require: null,
          },
        ],
        screening: null,
        assert: [],
      },
    });
    if (found.ok) expect(parsePolicyBody(found.value)).toEqual(found);
  });

  test('with conditions on initiator, hours, outputs and reference and with assertions, too', () => {
    const found = parsePolicyYaml(more, testZones);
    if (!found.ok) throw new Error(JSON.stringify(found.refusal));
    expect(found.value.zone).toEqual(tokyo);
    expect(found.value.rules[1]?.when).toEqual({
      payments: 'some',
      amount: { above: 200_000_000, atMost: null, windowSeconds: null, of: 'wallet' },
      destinations: null,
      outputs: { any: null, above: 3, atMost: 10 },
      initiator: { any: ['member:alice', 'group:operators'] },
      hours: {
        is: 'within',
        spans: [
          { days: ['mon', 'tue'], fromMinute: 540, toMinute: 1_080 },
          { days: ['sat'], fromMinute: 0, toMinute: 1_440 },
        ],
      },
      reference: 'present',
    });
    expect(found.value.assert).toEqual([
      { compromised: 1, windowSeconds: null, movesAtMost: 0 },
      { compromised: 2, windowSeconds: 86_400, movesAtMost: 1_000_000_000 },
    ]);
    expect(parsePolicyBody(found.value)).toEqual(found);
    const outside = parsePolicyYaml(more.replace('within:', 'outside:'), testZones);
    expect(outside).toMatchObject({
      value: { rules: [{}, { when: { hours: { is: 'outside' } } }, {}] },
    });
  });

  test('may do without caps of the fee only by saying so', () => {
    const found = parsePolicyYaml(
      good.replace('300 sat/vB', 'none').replace('2.5%', 'none'),
      testZones,
    );
    expect(found).toMatchObject({
      ok: true,
      value: { fees: { rateSatPerVbyte: null, sharePerMille: null } },
    });
  });

  test('is rendered as sentences that hold every value', () => {
    const found = parsePolicyYaml(good, testZones);
    if (!found.ok) throw new Error(found.refusal.code);
    expect(renderPolicy(found.value)).toEqual([
      'Policy of wallet hot-1; time zone Asia/Tokyo.',
      'Limit "per payment": at most 5.00000000 BTC in one transaction.',
      'Limit "everyone": at most 100.00000000 BTC of the whole organisation in any 7 days, of which this wallet 20.00000000 BTC.',
      'Limit "number of spends": at most 50 spends in any 24 hours.',
      'Limit "fee budget": at most 0.05000000 BTC in fees in any 24 hours.',
      'Fee of one transaction: at most 300 sat/vB, at most 2.5% of the payments; without payments at most 100000 sat.',
      'An approval holds for 2 days; once approved and past any delay, a spend must be signed within 24 hours.',
      'Rule "known customers": when something is paid out and the amount in any 24 hours, this spend included, is at most 2.00000000 BTC and every payment is to the address book or tagged vip, it needs 1 of treasury, without delay.',
      'Rule "large": when something is paid out and the amount is above 2.00000000 BTC, it needs 2 of treasury and 1 of compliance (by message or psbt), then wait 6 hours before signing.',
      'Rule "strangers": when something is paid out and some payment is to an unlisted address and some payment is of 0 sat, the spend is denied.',
      'Every rule that applies must be satisfied. What no rule allows is refused.',
    ]);
  });
});

describe('the sentences of a policy', () => {
  test('name the zone, every condition and every assertion', () => {
    const found = parsePolicyYaml(more, testZones);
    if (!found.ok) throw new Error(found.refusal.code);
    const sentences = renderPolicy(found.value);
    expect(sentences[1]).toBe(
      'Hours are read from version 2026a of the time zone: UTC+09:00; from 2046-01-01T00:00:00Z on nothing is allowed.',
    );
    expect(sentences[9]).toBe(
      'Rule "large": when something is paid out and the amount is above 2.00000000 BTC and the payments are more than 3 and at most 10 and it is proposed by alice or somebody of operators and it is signed within mon tue 09:00-18:00 or sat 00:00-24:00 and it names a reference, it needs 2 of treasury and 1 of compliance (by message or psbt), then wait 6 hours before signing.',
    );
    expect(sentences.slice(-2)).toEqual([
      'Asserted: 1 compromised person can move at most 0.00000000 BTC, fees included, however long.',
      'Asserted: 2 compromised people can move at most 10.00000000 BTC, fees included, in any 24 hours.',
    ]);
  });

  test('name every change of offset', () => {
    const text = more.replace('Asia/Tokyo', 'America/New_York');
    const found = parsePolicyYaml(text, testZones);
    if (!found.ok) throw new Error(found.refusal.code);
    expect(renderPolicy(found.value)[1]).toContain(
      ': UTC-05:00, from 2026-03-08T07:00:00Z UTC-04:00, from 2026-11-01T06:00:00Z UTC-05:00, ',
    );
  });
});

describe('the YAML of a policy file', () => {
  const cases: [string, string, number][] = [
    ['an alias', good.replace('Asia/Tokyo', '&tz UTC').replace('per payment', '*tz'), 2],
    ['an alias', 'policy: a\ntimezone: *tz\n', 2],
    ['an anchor', good.replace('Asia/Tokyo', '&tz Asia/Tokyo'), 2],
    ['a tag', good.replace('Asia/Tokyo', '!!str Asia/Tokyo'), 2],
    ['a tag of its own', good.replace('Asia/Tokyo', '!zone Asia/Tokyo'), 2],
    ['a merge key', `${good}<<: { a: 1 }\n`, 25],
    ['a key __proto__', `${good}__proto__: { a: 1 }\n`, 25],
    ['a key that is a map', `${good}? { a: 1 }\n: 2\n`, 25],
    ['a duplicate key', `${good}policy: hot-2\n`, 25],
    ['two documents', `${good}---\n${good}`, 1],
    ['a directive', `%YAML 1.1\n---\n${good}`, 1],
    ['an empty value', good.replace('Asia/Tokyo', ''), 2],
    ['null', good.replace('Asia/Tokyo', 'null'), 2],
    ['a block text', good.replace('Asia/Tokyo', '|\n  Asia/Tokyo'), 2],
    ['an invisible character', good.replace('per payment', 'per\u200bpayment'), 4],
    ['a text that is not NFC', good.replace('per payment', 'cafe\u0301'), 4],
    ['an open bracket', 'policy: [a\n', 2],
    ['very deep nesting', `policy: ${'['.repeat(50_000)}`, 1],
    ['nothing', '', 1],
    ['only a comment', '# nothing\n', 1],
    ['a list', '- a\n', 1],
    ['a text', 'hot-1', 1],
    ['too much', `${good}#${'x'.repeat(POLICY_TEXT_LENGTH)}`, 1],
  ];
  test.each(cases)('with %s is refused, and the line is named', (_, text, line) => {
    expect(refusalOf(text)).toMatchObject({ code: 'policy.syntax', line });
  });

  test('is not refused for being exactly as long as allowed', () => {
    const text = `${good}#`;
    expect(parsePolicyYaml(text.padEnd(POLICY_TEXT_LENGTH, 'x'), testZones).ok).toBe(true);
    expect(parsePolicyYaml(text.padEnd(POLICY_TEXT_LENGTH + 1, 'x'), testZones).ok).toBe(false);
  });

  test('knows no yes, no octal and no exponent', () => {
    for (const value of ['yes', '0o17', '0x10', '1e3', '1.0', '+5', '-1', '"50"', '1_000'])
      expect(refusalOf(good.replace('count: 50', `count: ${value}`))).toMatchObject({
        code: 'policy.syntax',
        line: 6,
      });
  });
});

describe('the form of a policy file', () => {
  const wrong: [string, string, string, string, number][] = [
    ['an amount without unit', 'amount: 5 BTC', 'amount: 5', 'policy.syntax', 4],
    ['a negative amount', 'amount: 5 BTC', 'amount: -5 BTC', 'policy.syntax', 4],
    ['a ninth decimal', 'amount: 5 BTC', 'amount: 5.000000001 BTC', 'policy.syntax', 4],
    ['more than all bitcoin', 'amount: 5 BTC', 'amount: 21000001 BTC', 'policy.syntax', 4],
    ['two measures', 'amount: 5 BTC,', 'amount: 5 BTC, count: 3,', 'policy.syntax', 4],
    ['no measure', 'amount: 5 BTC, ', '', 'policy.syntax', 4],
    ['no window', ', per: 7d', '', 'policy.field.missing', 5],
    ['a window without unit', 'per: 7d', 'per: 7', 'policy.syntax', 5],
    ['an endless window', 'per: 7d', 'per: 367d', 'policy.syntax', 5],
    ['no share of the wallet', ', here: 20 BTC', '', 'policy.syntax', 5],
    ['a share above the limit', 'here: 20 BTC', 'here: 101 BTC', 'policy.syntax', 5],
    ['a share where none belongs', 'of: organisation', 'of: wallet', 'policy.syntax', 5],
    ['a share of another measure', 'here: 20 BTC', 'here: 20', 'policy.syntax', 5],
    [
      'a count of a transaction',
      'count: 50, per: 24h',
      'count: 5, per: transaction',
      'policy.syntax',
      6,
    ],
    ['fees of a destination', 'fee: 0.05 BTC,', 'fee: 1 BTC, of: destination,', 'policy.syntax', 7],
    ['a fractional rate', '300 sat/vB', '1.5 sat/vB', 'policy.syntax', 8],
    ['a rate of 0', '300 sat/vB', '0 sat/vB', 'policy.syntax', 8],
    ['a share above all', '2.5%', '100.1%', 'policy.syntax', 8],
    ['no cap on own spends', ', selfSats: 100000', '', 'policy.field.missing', 8],
    ['no expiry of signing', ', sign: 24h', '', 'policy.field.missing', 9],
    ['an expiry of nothing', 'approve: 48h', 'approve: 0s', 'policy.syntax', 9],
    ['an expiry beyond proposals', 'approve: 48h', 'approve: 31d', 'policy.syntax', 9],
    ['an unknown key of a condition', 'atMost: 2 BTC', 'atmost: 2 BTC', 'policy.field.unknown', 12],
    ['an unknown destination', 'listed, tag:vip', 'known', 'policy.syntax', 12],
    ['a term twice', 'listed, tag:vip', 'listed, listed', 'policy.syntax', 12],
    [
      'an amount of the organisation',
      'per: 24h }, d',
      'of: organisation }, d',
      'policy.syntax',
      12,
    ],
    [
      'an unknown key of a quorum',
      'treasury, atLeast: 1',
      'treasury, atleast: 1',
      'policy.field.missing',
      13,
    ],
    ['an unknown kind', '[message, psbt]', '[message, totp]', 'policy.syntax', 20],
    ['a kind twice', '[message, psbt]', '[psbt, psbt]', 'policy.syntax', 20],
    ['a deny that is false', 'deny: true', 'deny: false', 'policy.syntax', 24],
    ['neither deny nor require', '    deny: true\n', '', 'policy.syntax', 22],
    ['an unknown output', 'zero-value', 'dust', 'policy.syntax', 23],
    ['a long name', 'per payment', 'x'.repeat(65), 'policy.syntax', 4],
    ['a misspelt time zone', 'Asia/Tokyo', 'Asia/Tokio', 'policy.timezone.unknown', 2],
    ['a time zone that is none', 'Asia/Tokyo', 'Asia Tokyo', 'policy.timezone.unknown', 2],
    ['an unknown key', 'timezone:', 'timeZone:', 'policy.field.missing', 1],
    ['a wallet that is no label', 'hot-1', 'Hot 1', 'policy.syntax', 1],
  ];
  test.each(wrong)('refuses %s', (_, from, to, code, line) => {
    const text = good.replace(from, to);
    expect(text).not.toBe(good);
    expect(refusalOf(text)).toMatchObject({ code, line });
  });

  test('refuses a quorum nested beyond the bound', () => {
    const nest = (depth: number): string =>
      depth === 0 ? '{ from: treasury, atLeast: 1 }' : `{ any: [${nest(depth - 1)}] }`;
    const text = (depth: number): string =>
      good.replace('{ from: treasury, atLeast: 1 }', nest(depth));
    expect(parsePolicyYaml(text(4), testZones).ok).toBe(true);
    expect(refusalOf(text(5))).toMatchObject({ code: 'policy.syntax', line: 13 });
  });

  const span = '{ days: [mon, tue], from: 09:00, to: "18:00" }';
  const wrongMore: [string, string, string, string, number][] = [
    ['a span over midnight', span, '{ days: [mon], from: 22:00, to: 06:00 }', 'policy.syntax', 20],
    ['a span of nothing', span, '{ days: [mon], from: 09:00, to: 09:00 }', 'policy.syntax', 20],
    ['the minute 60', span, '{ days: [mon], from: 09:60, to: 18:00 }', 'policy.syntax', 20],
    ['the hour 24 as a beginning', '"00:00"', '24:00', 'policy.syntax', 21],
    ['a minute after 24:00', 'to: 24:00', 'to: 24:01', 'policy.syntax', 21],
    ['an hour of one digit', 'from: 09:00', 'from: 9:00', 'policy.syntax', 20],
    ['a day in full', 'days: [sat]', 'days: [saturday]', 'policy.syntax', 21],
    ['a day twice', 'days: [sat]', 'days: [sat, sat]', 'policy.syntax', 21],
    ['a span of no day', 'days: [sat]', 'days: []', 'policy.syntax', 21],
    ['hours of neither kind', 'within:', 'during:', 'policy.field.unknown', 19],
    ['an initiator of no kind', 'member:alice', 'alice', 'policy.syntax', 17],
    ['an initiator twice', 'member:alice', 'group:operators', 'policy.syntax', 17],
    ['no bound of the outputs', '{ above: 3, atMost: 10 }', '{}', 'policy.syntax', 22],
    ['a number of outputs as text', 'above: 3', 'above: three', 'policy.syntax', 22],
    ['more outputs than a spend has', 'atMost: 10', 'atMost: 251', 'policy.syntax', 22],
    ['a reference of its own', 'present', 'ticket-5', 'policy.syntax', 23],
    ['an assertion without people', '{ compromised: 1, ', '{ ', 'policy.field.missing', 34],
    ['an assertion on six people', 'compromised: 1,', 'compromised: 6,', 'policy.syntax', 34],
    ['an assertion without amount', ', movesAtMost: 0 BTC', '', 'policy.field.missing', 34],
    [
      'an assertion per transaction',
      'per: 24h, moves',
      'per: transaction, moves',
      'policy.syntax',
      35,
    ],
    ['an assertion on no time', 'per: 24h, moves', 'per: 0h, moves', 'policy.syntax', 35],
  ];
  test.each(wrongMore)('refuses %s', (_, from, to, code, line) => {
    const text = more.replace(from, to);
    expect(text).not.toBe(more);
    expect(refusalOf(text)).toMatchObject({ code, line });
  });

  test('refuses hours that are within and outside at once', () => {
    const text = more.replace(
      'hours:\n',
      'hours:\n        outside: [{ days: [sun], from: 00:00, to: 24:00 }]\n',
    );
    expect(refusalOf(text)).toMatchObject({ code: 'policy.syntax', line: 18 });
  });

  test('says of a span over midnight that it is written as two', () => {
    const found = refusalOf(more.replace(span, '{ days: [mon], from: 22:00, to: 06:00 }'));
    expect(found).toMatchObject({ reason: expect.stringContaining('as two') });
  });

  test.each([
    [10, true],
    [250, true],
    [251, false],
  ])('takes a bound of %d outputs: %s', (most, expected) => {
    const text = more.replace('atMost: 10', `atMost: ${most}`);
    expect(parsePolicyYaml(text, testZones).ok).toBe(expected);
  });
});

describe('the body of a policy document', () => {
  const found = parsePolicyYaml(good, testZones);
  const body = found.ok ? found.value : undefined;

  test.each([
    ['a missing key', { ...body, limits: undefined }],
    ['an unknown key', { ...body, asserts: [] }],
    ['a zone that no rule needs', { ...body, zone: tokyo }],
    ['a fraction', { ...body, fees: { ...body?.fees, selfSats: 0.5 } }],
    ['a text for a number', { ...body, fees: { ...body?.fees, selfSats: '5' } }],
    ['nothing', null],
  ])('with %s is refused', (_, value) => {
    expect(parsePolicyBody(value)).toMatchObject({
      ok: false,
      refusal: { code: 'schema.mismatch' },
    });
  });
});
