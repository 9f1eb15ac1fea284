import type { RefusalCode } from '../../../src/core/base/codes.ts';
import { codes } from '../../../src/core/base/codes.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { Breach, must } from '../drill.ts';

/** The code of what was refused; a breach where it passed. */
export function refusedBy(
  result: Result<unknown>,
  ...expected: readonly RefusalCode[]
): RefusalCode {
  if (result.ok) throw new Breach(`it passed, where ${expected.join(' or ')} was due`);
  const { code } = result.refusal;
  must(expected.includes(code), `refused by ${code}, not by ${expected.join(' or ')}`);
  return code;
}

/** The code by which the queue refused an entry; a breach where it was numbered. */
export function laidIn(
  outcome: string | undefined,
  ...expected: readonly RefusalCode[]
): RefusalCode {
  const code = expected.find((one) => one === outcome);
  if (code !== undefined) return code;
  const isCode = outcome !== undefined && Object.hasOwn(codes, outcome);
  throw new Breach(
    isCode
      ? `refused by ${outcome}, not by ${expected.join(' or ')}`
      : 'it was numbered in the log',
  );
}
