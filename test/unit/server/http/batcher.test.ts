import { describe, expect, test } from '@jest/globals';
import { Batcher } from '../../../../src/server/http/batcher.ts';

describe('a batcher', () => {
  test('flushes the first at once and what came meanwhile together', async () => {
    const batches: (readonly number[])[] = [];
    const batcher = new Batcher<number, number>(async (items) => {
      batches.push(items);
      await new Promise((done) => setImmediate(done));
      return items.map((item) => item * 10);
    }, 100);
    expect(await Promise.all([1, 2, 3].map((item) => batcher.add(item)))).toEqual([10, 20, 30]);
    expect(batches).toEqual([[1], [2, 3]]);
  });

  test('flushes no more than its bound at once', async () => {
    const sizes: number[] = [];
    const batcher = new Batcher<number, null>((items) => {
      sizes.push(items.length);
      return Promise.resolve(items.map(() => null));
    }, 2);
    await Promise.all([1, 2, 3, 4, 5, 6].map((item) => batcher.add(item)));
    expect(Math.max(...sizes)).toBe(2);
  });

  test('a failure is that of its batch alone', async () => {
    const batcher = new Batcher<number, number>(
      (items) => (items.includes(1) ? Promise.reject(new Error('down')) : Promise.resolve(items)),
      100,
    );
    const outcomes = await Promise.allSettled([1, 2, 3].map((item) => batcher.add(item)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(await batcher.add(4)).toBe(4);
  });
});
