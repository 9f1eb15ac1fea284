import { describe } from '@jest/globals';
import { becomes } from '../../../../support/comparing.ts';
import { aLimit, aRule } from '../../../../support/policy-builder.ts';

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
