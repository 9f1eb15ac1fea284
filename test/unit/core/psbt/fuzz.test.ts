import { expect, test } from '@jest/globals';
import { fuzzPsbt } from '../../../../src/start/fuzz/psbt.ts';

const COUNT = 20_000;

test('no mutated PSBT crashes, hangs, or is accepted with facts that the parsers do not share', () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 0x100000000);
  process.stderr.write(`fuzz: seed ${String(seed)} (FUZZ_SEED repeats it)\n`);
  const { fault, looked, accepted, refused } = fuzzPsbt({ count: COUNT, seed });
  expect(fault).toBeNull();
  expect(looked).toBe(COUNT);
  // Mutations reach every layer: some are still in order, and many codes are met.
  expect(accepted).toBeGreaterThan(COUNT / 100);
  expect(refused.size).toBeGreaterThan(20);
}, 300_000);
