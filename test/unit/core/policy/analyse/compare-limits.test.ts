import { describe, expect, test } from '@jest/globals';
import { aSetting, becomes, verdictOf } from '../../../../support/comparing.ts';
import { aLimit, aRule, aWhen } from '../../../../support/policy-builder.ts';

const day = 86_400;
const fees = { rateSatPerVbyte: null, sharePerMille: null, selfSats: 1_000 };
const none = aRule('own coins', { payments: 'none' });

describe('a limit', () => {
  becomes([
    [
      '1 sat higher',
      { limits: [aLimit({ most: 9 })] },
      { limits: [aLimit({ most: 10 })] },
      'loosens',
    ],
    [
      '1 sat lower',
      { limits: [aLimit({ most: 10 })] },
      { limits: [aLimit({ most: 9 })] },
      'tightens',
    ],
    [
      'of a second less',
      { limits: [aLimit({ windowSeconds: day })] },
      { limits: [aLimit({ windowSeconds: day - 1 })] },
      'loosens',
    ],
    [
      'of a second more',
      { limits: [aLimit({ windowSeconds: day })] },
      { limits: [aLimit({ windowSeconds: day + 1 })] },
      'tightens',
    ],
    ['added', {}, { limits: [aLimit()] }, 'tightens'],
    ['renamed', { limits: [aLimit()] }, { limits: [aLimit({ name: 'day' })] }, 'same'],
    [
      'written twice',
      { limits: [aLimit()] },
      { limits: [aLimit(), aLimit({ name: 'again' })] },
      'same',
    ],
    [
      'that another one makes superfluous',
      { limits: [aLimit({ most: 100, windowSeconds: 2 * day })] },
      { limits: [aLimit({ most: 100, windowSeconds: 2 * day }), aLimit({ most: 100 })] },
      'same',
    ],
    [
      'higher and of more time',
      { limits: [aLimit({ most: 10 })] },
      { limits: [aLimit({ most: 11, windowSeconds: 2 * day })] },
      'both',
    ],
    [
      'of each transaction instead of the day',
      { limits: [aLimit()] },
      { limits: [aLimit({ windowSeconds: null })] },
      'loosens',
    ],
    [
      'of each destination instead of the wallet',
      { limits: [aLimit()] },
      { limits: [aLimit({ of: 'destination' })] },
      'loosens',
    ],
    [
      'of each initiator instead of the wallet',
      { limits: [aLimit()] },
      { limits: [aLimit({ of: 'initiator' })] },
      'loosens',
    ],
    [
      'of the organisation with the same share here',
      { limits: [aLimit()] },
      { limits: [aLimit({ of: 'organisation', most: 5_000, here: 1_000 })] },
      'same',
    ],
    [
      'of each destination instead of each initiator',
      { limits: [aLimit({ of: 'initiator' })] },
      { limits: [aLimit({ of: 'destination' })] },
      'both',
    ],
    [
      'of one more spend',
      { limits: [aLimit({ measure: 'count', most: 3 })] },
      { limits: [aLimit({ measure: 'count', most: 4 })] },
      'loosens',
    ],
    [
      'of more spends than any example could tell, lowered',
      { limits: [aLimit({ measure: 'count', most: 200_000 })] },
      { limits: [aLimit({ measure: 'count', most: 3 })] },
      'tightens',
    ],
    [
      'of 1 sat more of fees',
      { limits: [aLimit({ measure: 'fee', most: 500 })] },
      { limits: [aLimit({ measure: 'fee', most: 501 })] },
      'loosens',
    ],
    [
      'of the fees of each initiator',
      { limits: [aLimit({ measure: 'fee', most: 500 })] },
      { limits: [aLimit({ measure: 'fee', most: 500, of: 'initiator' })] },
      'loosens',
    ],
  ]);
});

describe('fees', () => {
  const rules = [aRule('payments'), none];
  becomes([
    [
      'of 1 sat a vbyte more',
      { fees: { ...fees, rateSatPerVbyte: 5 } },
      { fees: { ...fees, rateSatPerVbyte: 6 } },
      'loosens',
    ],
    [
      'of a thousandth less',
      { fees: { ...fees, sharePerMille: 20 } },
      { fees: { ...fees, sharePerMille: 19 } },
      'tightens',
    ],
    ['capped', {}, { fees: { ...fees, sharePerMille: 1_000 } }, 'tightens'],
    [
      'of own coins 1 sat more',
      { rules, fees },
      { rules, fees: { ...fees, selfSats: 1_001 } },
      'loosens',
    ],
    ['of own coins that never move', { fees }, { fees: { ...fees, selfSats: 1_001 } }, 'same'],
    [
      'of a share that only amounts know that a limit forbids',
      { limits: [aLimit({ most: 9, windowSeconds: null })], fees: { ...fees, sharePerMille: 100 } },
      { limits: [aLimit({ most: 9, windowSeconds: null })], fees: { ...fees, sharePerMille: 110 } },
      'same',
    ],
    [
      'of a share that one amount knows that a limit allows',
      { limits: [aLimit({ most: 10, windowSeconds: null })], fees: { ...fees, sharePerMille: 90 } },
      {
        limits: [aLimit({ most: 10, windowSeconds: null })],
        fees: { ...fees, sharePerMille: 100 },
      },
      'loosens',
    ],
  ]);
});

describe('sums that hang together', () => {
  const hour = 3_600;
  const never = (
    name: string,
    of: 'wallet' | 'initiator',
    windowSeconds: number | null,
    bounds: { readonly above?: number; readonly atMost?: number },
  ) => ({
    name,
    when: aWhen({ amount: { above: null, atMost: null, windowSeconds, of, ...bounds } }),
    deny: true as const,
    require: null,
  });

  test('grow in the wallet at least as they grow for the initiator', () => {
    // The initiator has 11 in a day and 5 of them in an hour, in which the wallet has 8: in a day it has 14.
    const rules = [
      aRule('payments'),
      never('too little', 'initiator', day, { atMost: 10 }),
      never('too fast', 'initiator', hour, { above: 5 }),
      never('too slow', 'wallet', hour, { atMost: 7 }),
    ];
    const upTo = (most: number) => aSetting({ rules, limits: [aLimit({ most })] });
    expect(verdictOf(upTo(12), upTo(13))).toBe('same');
    expect(verdictOf(upTo(13), upTo(14))).toBe('loosens');
  });

  test('grow through earlier spends alone, of which there may be so many', () => {
    const rules = [aRule('payments'), never('large', 'wallet', null, { above: 5 })];
    const upTo = (most: number, spends: number) =>
      aSetting({ rules, limits: [aLimit({ most }), aLimit({ measure: 'count', most: spends })] });
    expect(verdictOf(upTo(5, 1), upTo(6, 1))).toBe('same');
    expect(verdictOf(upTo(5, 2), upTo(6, 2))).toBe('loosens');
  });
});
