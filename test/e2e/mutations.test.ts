import { expect, test } from '@jest/globals';
import { fuzzPackages } from '../../src/start/fuzz/package.ts';

/** 5,000 of the 100,000 that `npm run fuzz -- package` looks at, by another seed each day. */
const COUNT = 5_000;
const seed = Math.floor(Date.now() / 86_400_000);

test(`whatever one field of a package says, the signer signs what was approved or nothing (seed ${String(seed)})`, () => {
  const { looked, signed, skipped, fault } = fuzzPackages({ count: COUNT, seed });
  expect(fault).toBeNull();
  expect(looked).toBe(COUNT);
  // Some changes do not matter, and most do: else the run would look at nothing.
  expect(signed).toBeGreaterThan(COUNT / 20);
  expect(signed).toBeLessThan(COUNT / 2);
  expect(skipped.size).toBeGreaterThan(20);
}, 900_000);
