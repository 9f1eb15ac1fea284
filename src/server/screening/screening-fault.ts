import type { RefusalCode } from '../../core/base/codes.ts';
import type { Facts } from '../../core/base/result.ts';

export type ScreeningFaultCode = Extract<
  RefusalCode,
  'screening.unreachable' | 'screening.credentials' | 'screening.answer.invalid'
>;

/**
 * The screening service gave no answer: thrown, because nothing is wrong with what was asked. Never holds an address, the
 * token, or anything that the service wrote.
 */
export class ScreeningFault extends Error {
  override readonly name = 'ScreeningFault';
  readonly code: ScreeningFaultCode;
  readonly facts: Facts;

  constructor(code: ScreeningFaultCode, facts: Facts, cause?: unknown) {
    super(`${code} ${JSON.stringify(facts)}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.facts = facts;
  }
}
