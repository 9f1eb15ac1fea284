import { expect, test } from '@jest/globals';
import { leavesCoreDump } from '../../../src/signer/core-dumps.ts';

const limits = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units\n` +
  `Max stack size            8388608              unlimited            bytes\n` +
  `Max core file size        ${soft.padEnd(20)} unlimited            bytes\n`;

test.each([
  ['0', false],
  ['1', true],
  ['unlimited', true],
])('a process whose core files may have %s bytes leaves a dump: %p', (soft, leaves) => {
  expect(leavesCoreDump(limits(soft))).toBe(leaves);
});

test('where the limit is not told nothing is said', () => {
  expect(leavesCoreDump('')).toBe(false);
});
