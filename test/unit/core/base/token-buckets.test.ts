import { describe, expect, test } from '@jest/globals';
import { TokenBuckets } from '../../../../src/core/base/token-buckets.ts';

const taken = (buckets: TokenBuckets, key: string, times: number, now: number): number =>
  Array.from({ length: times }, () => buckets.take(key, now)).filter(Boolean).length;

describe('token buckets', () => {
  test('let a burst through and then the rate', () => {
    const buckets = new TokenBuckets(2, 5);
    expect(taken(buckets, 'a', 10, 0)).toBe(5);
    expect(taken(buckets, 'a', 10, 1_000)).toBe(2);
    expect(taken(buckets, 'a', 10, 60_000)).toBe(5);
  });

  test('count each key by itself', () => {
    const buckets = new TokenBuckets(1, 1);
    expect(taken(buckets, 'a', 2, 0)).toBe(1);
    expect(taken(buckets, 'b', 2, 0)).toBe(1);
  });

  test('a clock that goes back gives nothing', () => {
    const buckets = new TokenBuckets(1, 1);
    expect(taken(buckets, 'a', 1, 5_000)).toBe(1);
    expect(taken(buckets, 'a', 1, 1_000)).toBe(0);
  });
});
