import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { zoneOf } from '../../../../src/client/time-zone.ts';
import { codes } from '../../../../src/core/base/codes.ts';
import type { Facts } from '../../../../src/core/base/result.ts';
import type { Explanation } from '../../../../src/core/policy/explain.ts';
import { english } from '../../../../src/core/policy/explain-en.ts';
import { japanese } from '../../../../src/core/policy/explain-ja.ts';
import type { ExplainedCode } from '../../../../src/core/policy/explain-phrases.ts';
import { explainedCodes, formatSats } from '../../../../src/core/policy/explain-phrases.ts';
import type { Language } from '../../../../src/core/policy/explain-text.ts';
import { explanationLines, languages } from '../../../../src/core/policy/explain-text.ts';
import { explainCase, policyFiles, readTable } from '../../../support/policy-table.ts';

const phrases = { en: english, ja: japanese };

/** Words of the language that each tongue has its own word for. */
const translated = ['measure', 'as', 'of', 'cap', 'asks', 'is', 'condition', 'outcome', 'code'];

/** What a line must hold, any one of each list, for a value to be told. */
function shown(name: string, value: unknown, language: Language): readonly (readonly string[])[] {
  if (value === null || typeof value === 'boolean' || translated.includes(name)) return [];
  if (Array.isArray(value)) return value.flatMap((item) => shown(name, item, language));
  if (typeof value === 'object')
    return Object.entries(value).flatMap(([key, item]) => shown(key, item, language));
  if (typeof value === 'number') {
    if (name === 'delaySeconds' && value === 0) return [];
    const { duration } = phrases[language];
    return [
      [
        formatSats(value),
        String(value),
        name.endsWith('Seconds') ? duration(value) : formatSats(value),
      ],
    ];
  }
  if (typeof value !== 'string') throw new Error(`what is ${name}?`);
  const text = value;
  const { uncounted } = phrases[language];
  if (name === 'why') return [[uncounted[text as keyof typeof uncounted]]];
  if (text === 'listed' || text === 'unlisted') return [];
  // A term by its name, a time of the week by its hours, a lack by its group.
  return [[text.replace(/^(tag|owner|member|group):/, '').replace(/^.* /, '')]];
}

function untold(
  explanation: Explanation,
  language: Language,
  clock: Parameters<typeof explanationLines>[2],
) {
  const text = explanationLines(explanation, language, clock).join('\n');
  return shown('', explanation, language).filter((ways) => !ways.some((way) => text.includes(way)));
}

const tables = policyFiles.map(readTable);
const explained = tables.flatMap(({ policy, charter, cases }) =>
  cases.map((one) => ({ policy, explanation: explainCase(policy, charter, one) })),
);

describe.each(languages)('in %s', (language) => {
  test('every value of an explanation stands in a sentence, for each case of the ready policies', () => {
    const missing = explained.flatMap(({ policy, explanation }) =>
      untold(explanation, language, policy),
    );
    expect(missing).toEqual([]);
    expect(explained.length).toBeGreaterThan(400);
  });

  test('every line is a sentence without holes', () => {
    const end = { en: '.', ja: '。' }[language];
    for (const { policy, explanation } of explained)
      for (const line of explanationLines(explanation, language, policy)) {
        expect(line.endsWith(end)).toBe(true);
        expect(line).not.toMatch(/undefined|null|NaN|\[object/);
      }
  });

  test('every outcome, and every cause why an approval does not count, has a sentence of its own', () => {
    const { outcome, uncounted } = phrases[language];
    for (const table of [outcome, uncounted]) {
      const sentences = Object.values(table);
      expect(new Set(sentences).size).toBe(sentences.length);
    }
  });
});

describe('the words', () => {
  test('are the same facts in both languages, and Japanese is Japanese', () => {
    for (const { policy, explanation } of explained) {
      const [en, ja] = languages.map((language) => explanationLines(explanation, language, policy));
      expect(ja).toHaveLength(en?.length ?? 0);
      for (const line of ja ?? []) expect(line).toMatch(/[ぁ-ん]/);
      for (const line of en ?? []) expect(line).not.toMatch(/[ぁ-ん]/);
    }
  });

  test.each([
    ['en', 'Mon 2027-03-29 08:00:00 in Europe/Berlin (2027-03-29T06:00:00Z)'],
    ['ja', '2027年3月29日（月）08:00:00（Europe/Berlin、UTCでは 2027-03-29T06:00:00Z）'],
  ] as const)(
    'of a time are in %s those of the zone that is pinned, and UTC',
    (language, expected) => {
      const zone = zoneOf('Europe/Berlin');
      if (zone === undefined) throw new Error('no zone');
      const lines = (clock: Parameters<typeof explanationLines>[2]) =>
        explanationLines(
          sampleOf('policy.hours.closed', { opensAt: '2027-03-29T06:00:00Z' }),
          language,
          clock,
        ).join('\n');
      expect(lines({ timezone: 'Europe/Berlin', zone })).toContain(expected);
      for (const clock of [null, { timezone: 'Europe/Berlin', zone: null }]) {
        expect(lines(clock)).toContain('2027-03-29T06:00:00Z');
        expect(lines(clock)).not.toContain('Berlin');
      }
    },
  );

  test.each([
    [0, '0.00000000 BTC (0 sat)'],
    [999, '0.00000999 BTC (999 sat)'],
    [1_000, '0.00001000 BTC (1,000 sat)'],
    [2_100_000_000_000_000, '21000000.00000000 BTC (2,100,000,000,000,000 sat)'],
  ])('of %d sat are %s', (amount, expected) => {
    expect(formatSats(amount)).toBe(expected);
  });
});

const at = '2027-01-15T08:00:00Z';
const limit = { limit: 'daily', of: 'wallet', key: null, windowSeconds: 90, most: 7, spent: 5 };
/** Facts as the code is given with, one or more for each. */
const samples: Readonly<Record<ExplainedCode, readonly Facts[]>> = {
  'policy.facts.inconsistent': [{ reason: 'no-sum' }],
  'policy.hours.unknown': [{ timezone: 'Asia/Tokyo', at }],
  'policy.rules.empty': [{}],
  'policy.none.matched': [{}],
  'policy.denied': [{ rule: 'never' }],
  'policy.quorum.zero': [{ rule: 'nobody' }],
  'policy.output.unnamed': [
    { kind: 'data-value' },
    { kind: 'witness-unknown' },
    { kind: 'zero-value' },
  ],
  'policy.fee.exceeded': [
    { cap: 'rate', most: 300, fee: 60_001, vbytes: 200 },
    { cap: 'self', most: 1_000, fee: 1_001 },
    { cap: 'share', most: 20, fee: 21, amount: 1_000 },
  ],
  'policy.fee.budget': [
    { ...limit, measure: 'fee', of: 'initiator', key: 'olga', reserved: 1, asked: 3, fitsAt: null },
  ],
  'policy.limit.exceeded': [
    { ...limit, measure: 'amount', reserved: 1, asked: 3, fitsAt: at },
    { ...limit, measure: 'count', reserved: 1, asked: 3, fitsAt: null },
    {
      ...limit,
      measure: 'amount',
      of: 'destination',
      key: 'acme',
      reserved: 1,
      asked: 3,
      fitsAt: at,
    },
    { ...limit, measure: 'amount', of: 'destination', reserved: 1, asked: 3, fitsAt: at },
    { ...limit, measure: 'amount', of: 'organisation', reserved: 1, asked: 3, fitsAt: at },
  ],
  'policy.hours.closed': [{ opensAt: at }],
  'policy.quorum.missing': [
    { missing: ['2 of treasury', '1 of compliance'], may: ['alice', 'bob'] },
    { missing: ['1 of treasury'], may: [] },
  ],
  'policy.delay.waiting': [{ notBefore: at }],
  'policy.sign.expired': [{ signBy: at }],
  'member.role': [{ member: 'eve' }],
  'proposal.unknown': [{ proposal: 'abcd' }],
  'proposal.rejected': [{ by: 'carol' }],
  'proposal.withdrawn': [{ by: 'carol' }],
  'proposal.expired': [{ expiresAt: at }],
  'proposal.initiator.gone': [{ initiator: 'olga' }],
  'approval.lost': [{ members: ['alice', 'bob'], causes: ['member.unknown', 'group'] }],
  'wallet.frozen': [{ wallet: 'hot-1', by: 'officer', freeze: 'abcd' }],
  'wallet.unconfirmed': [{ wallet: 'hot-1' }],
  'document.waiting': [{ kind: 'policy', named: 'abcd' }],
  'document.stale': [{ kind: 'destinations', named: 'abcd' }],
  'address.lookalike': [
    { output: 3, address: 'bc1qxy', like: 'bc1qxz', as: 'listed', id: 'acme-1', owner: 'acme' },
  ],
  'coin.signed': [{ coin: 'ab:0', proposal: 'abcd' }],
  'coin.reserved': [{ coin: 'ab:0', proposal: 'abcd' }],
  'spend.repeated': [{ proposal: 'abcd', name: 'calm-lake' }],
  'statement.early': [{ at }],
  'signer.pending': [{ wallet: 'hot-1' }],
  'psbt.signatures.missing': [{ lacking: 1 }],
  'screening.unanswered': [{}],
  'screening.held': [
    { outputs: [], references: [] },
    { outputs: [3], references: ['case-17'] },
  ],
  'screening.denied': [{ outputs: [3, 11], references: ['a/1', 'b/2'] }],
};

function sampleOf(code: Explanation['refusals'][number]['code'], facts: Facts): Explanation {
  return {
    ...{ outcome: 'denied', refusals: [{ code, facts }], rules: [], limits: [], clauses: [] },
    ...{
      approvals: [],
      screening: null,
      delaySeconds: 0,
      quorumAt: null,
      notBefore: null,
      signBy: null,
    },
  };
}

describe.each(languages)('the codes in %s', (language) => {
  test.each(explainedCodes)('%s has a sentence with all its facts', (code) => {
    for (const facts of samples[code]) {
      // The kind of a document has a word of its own in Japanese.
      const { kind: _kind, ...rest } = facts;
      const told = code.startsWith('document.') ? rest : facts;
      const text = explanationLines(sampleOf(code, facts), language, null).join('\n');
      const missing = shown('', told, language).filter(
        (ways) => !ways.some((way) => text.includes(way)),
      );
      expect(missing).toEqual([]);
      expect(text).not.toContain(code);
    }
  });

  test('a code without a sentence of its own is told with its facts', () => {
    const text = explanationLines(
      sampleOf('psbt.malformed', { offset: 7, parts: ['a', 'b'] }),
      language,
      null,
    ).join('\n');
    expect(text).toContain('psbt.malformed');
    expect(text).toContain('offset: 7; parts: a, b');
  });
});

describe.each(languages)('screening in %s', (language) => {
  const destinations = [
    { output: 3, answer: 'clear' as const, reference: null },
    { output: 11, answer: 'hold' as const, reference: 'case-17' },
  ];
  const told = (screening: Explanation['screening']) =>
    explanationLines({ ...sampleOf('policy.none.matched', {}), screening }, language, null).slice(
      2,
    );

  test('is told with each output, its case and the time', () => {
    const lines = told({ required: true, answer: 'hold', at, destinations });
    expect(lines).toHaveLength(4);
    const text = lines.join('\n');
    for (const part of ['3', '11', 'case-17', at]) expect(text).toContain(part);
    const end = { en: '.', ja: '。' }[language];
    for (const line of lines) expect(line.endsWith(end)).toBe(true);
  });

  test('has a sentence of its own for each answer, and none where nobody asks', () => {
    const answers = (['clear', 'hold', 'deny'] as const).map((answer) =>
      told({ required: false, answer, at: null, destinations: [] }).join(),
    );
    expect(new Set(answers).size).toBe(3);
    const none = { answer: null, at: null, destinations: [] };
    expect(told({ required: false, ...none })).toEqual([]);
    expect(told({ required: true, ...none })).toHaveLength(1);
    expect(told(null)).toEqual([]);
  });
});

describe('no code is forgotten', () => {
  const folder = resolve(import.meta.dirname, '../../../../src/core');
  /** Where refusals of spends and proposals are made. */
  const files = [
    ...['policy/evaluate.ts', 'policy/explain.ts', 'policy/facts.ts'],
    ...['screening.ts', 'authorise.ts', 'proposal/known-addresses.ts'],
  ];
  const registered: readonly string[] = Object.keys(codes);
  const given = files.flatMap((file) =>
    [...readFileSync(resolve(folder, file), 'utf8').matchAll(/'([a-z]+(?:\.[a-z]+)+)'/g)]
      .map(([, code = '']) => code)
      .filter((code) => registered.includes(code)),
  );
  /** Causes of approvals that do not count, which have a table of their own. */
  const causes = Object.keys(english.uncounted);

  test('that a verdict can give', () => {
    const known: readonly string[] = [...explainedCodes, ...causes];
    expect(given.filter((code) => !known.includes(code))).toEqual([]);
    expect(given.length).toBeGreaterThan(20);
  });

  test('and none is explained that no verdict gives, but how a proposal ends', () => {
    const ends = ['proposal.rejected', 'proposal.withdrawn'];
    expect(explainedCodes.filter((code) => !given.includes(code))).toEqual(ends);
  });
});

test.each(languages)('a rule that only asks is told apart (%s)', (language) => {
  const rule = (is: Parameters<(typeof english)['rule']>[1]) => phrases[language].rule('risky', is);
  const told = (['applies', 'asks', 'denies', 'idle'] as const).map(rule);
  expect(new Set(told).size).toBe(4);
  for (const line of told) expect(line).toContain('risky');
});
