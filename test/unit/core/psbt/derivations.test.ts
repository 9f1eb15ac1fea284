import { expect, test } from '@jest/globals';
import { claimedPlaces } from '../../../../src/core/psbt/derivations.ts';

const claim = (...path: number[]) => ({
  fingerprint: '00000000',
  path,
});

test('the places that claims name are distinct, of our branches and within bounds', () => {
  const claims = [claim(84, 0, 7), claim(48, 0, 7), claim(1, 3), claim(2, 3), claim(0, 1_000_001)];
  expect(claimedPlaces(claims)).toEqual([
    { branch: 0, index: 7 },
    { branch: 1, index: 3 },
  ]);
});

test('a map full of different claims costs no more than a few derivations', () => {
  const claims = Array.from({ length: 128 }, (_, index) => claim(0, index));
  expect(claimedPlaces(claims)).toHaveLength(4);
});
