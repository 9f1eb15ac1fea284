import { describe, expect, test } from '@jest/globals';
import type { AnalysedMember } from '../../../../src/core/policy/analyse/setting.ts';
import { parseSpendFile, spendCase } from '../../../../src/core/policy/spend-file.ts';

const now = 1_800_000_000;
const members: readonly AnalysedMember[] = [
  { id: 'olga', groups: ['operations'], kinds: ['secp256k1'], operators: null },
  { id: 'aiko', groups: ['treasury'], kinds: ['secp256k1', 'psbt'], operators: null },
];

const whole = `
spend:
  initiator: olga
  pay:
    - { to: acme, tags: [supplier], amount: 1.5 BTC }
    - { amount: 20000 sat, script: 6a0101, times: 2 }
  fee: 12000 sat
  vbytes: 350
  reference: INV-1
approvals: [olga, { member: aiko, kinds: [psbt] }]
quorum: { ago: 6h }
usage:
  - { initiator: olga, pay: [{ to: acme, amount: 1 BTC }], fee: 0 sat, ago: 3h, times: 2 }
  - { initiator: gone, pay: [], fee: 5 sat, at: 2027-01-15T00:00:00Z }
  - { initiator: olga, pay: [], fee: 5 sat, reserved: true }
at: 2027-01-15T08:00:00Z
`;

function read(text: string) {
  const file = parseSpendFile(text);
  return file.ok ? spendCase(file.value, members, now) : file;
}

/** A small spend with some lines of its own. */
const small = (rest: string, spend = '') =>
  `spend: { initiator: olga, pay: [{ amount: 1 sat }], fee: 0 sat, vbytes: 100${spend} }\napprovals: []\n${rest}`;

describe('a spend file', () => {
  test('says all that a verdict asks for', () => {
    const found = read(whole);
    expect(found).toMatchObject({
      ok: true,
      value: {
        now,
        quorumAt: now - 21_600,
        facts: {
          amountSats: 150_040_000n,
          feeSats: 12_000n,
          vbytes: 350,
          initiator: 'olga',
          initiatorGroups: ['operations'],
          hasReference: true,
        },
        voices: [
          { member: 'olga', groups: ['operations'], kinds: ['secp256k1'] },
          { member: 'aiko', groups: ['treasury'], kinds: ['psbt'] },
        ],
        usage: [
          { state: 'committed', at: now - 10_800, amountSats: 100_000_000n },
          { state: 'committed', at: now - 10_800 },
          { state: 'committed', at: 1_799_971_200, initiator: 'gone' },
          { state: 'reserved', feeSats: 5n },
        ],
      },
    });
    if (!found.ok) throw new Error(found.refusal.code);
    const { payments } = found.value.facts;
    expect(payments.map(({ script, sats }) => [script.slice(0, 4), sats])).toEqual([
      ['0014', 150_000_000n],
      ['6a01', 20_000n],
      ['6a01', 20_000n],
    ]);
    expect(payments.map(({ destination }) => destination)).toEqual([
      { owner: 'acme', tags: ['supplier'] },
      null,
      null,
    ]);
  });

  test('may be JSON as well', () => {
    const spend = { initiator: 'olga', pay: [], fee: '0 sat', vbytes: 100 };
    expect(read(JSON.stringify({ spend, approvals: [] }, null, 2))).toMatchObject({
      ok: true,
      value: { facts: { payments: [], hasReference: false }, quorumAt: now },
    });
  });

  test.each([
    ['an unknown field', small('colour: red')],
    ['a field that is missing', 'approvals: []'],
    ['an answer that no service gives', small('screening: maybe')],
    ['a fee without a unit', small('').replace('0 sat', '0')],
    ['tags of a stranger', small('').replace('1 sat', '1 sat, tags: [a]')],
    ['a quorum with two times', small('quorum: { ago: 1h, at: 2027-01-15T00:00:00Z }')],
    ['a spend before without a time', small('usage: [{ initiator: olga, pay: [], fee: 0 sat }]')],
    [
      '251 payments',
      small('').replace('1 sat', '1 sat, times: 250').replace('[{', '[{ amount: 1 sat }, {'),
    ],
    [
      '2001 spends before',
      small(
        'usage: [{ initiator: a, pay: [], fee: 0 sat, ago: 1h, times: 2000 }, { initiator: a, pay: [], fee: 0 sat, ago: 1h }]',
      ),
    ],
  ])('with %s is refused', (_what, text) => {
    expect(read(text)).toMatchObject({ ok: false, refusal: { code: 'schema.mismatch' } });
  });

  test.each([
    ['', null],
    ['screening: clear', 'clear'],
    ['screening: hold', 'hold'],
    ['screening: deny', 'deny'],
  ])('with "%s" is answered so by the screening service', (line, screening) => {
    expect(read(small(line))).toMatchObject({ ok: true, value: { screening } });
  });

  test('holds 250 payments and 2000 spends before', () => {
    const text = small('usage: [{ initiator: a, pay: [], fee: 0 sat, ago: 1h, times: 2000 }]');
    expect(read(text.replace('1 sat', '1 sat, times: 250'))).toMatchObject({ ok: true });
  });

  test.each([
    ['file.syntax', 'spend: ['],
    ['file.syntax', 'a: *b'],
    ['json.number', '{"spend":1.5}'],
    ['json.depth', `${'['.repeat(40)}${']'.repeat(40)}`],
    ['member.unknown', small('').replace('olga', 'nobody')],
    ['member.unknown', small('').replace('approvals: []', 'approvals: [nobody]')],
    [
      'device.unknown',
      small('').replace('approvals: []', 'approvals: [{ member: olga, kinds: [psbt] }]'),
    ],
    ['amount.invalid', small('').replace('1 sat', '21000000 BTC, times: 2')],
    ['statement.time', small('quorum: { at: 2027-01-15T08:00:01Z }')],
    [
      'statement.time',
      small('usage: [{ initiator: a, pay: [], fee: 0 sat, at: 2027-01-15T08:00:01Z }]'),
    ],
    ['statement.time', small('quorum: { ago: 20000d }')],
  ])('is refused with %s', (code, text) => {
    expect(read(text)).toMatchObject({ ok: false, refusal: { code } });
  });

  test.each([
    [946_684_799, false],
    [946_684_800, true],
    [253_365_494_399, true],
    [253_365_494_400, false],
  ])('is judged at %d: %s', (at, passes) => {
    const file = parseSpendFile(small(''));
    expect(file.ok && spendCase(file.value, members, at).ok).toBe(passes);
  });
});
