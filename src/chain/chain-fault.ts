import type { RefusalCode } from '../core/base/codes.ts';
import type { Facts } from '../core/base/result.ts';

export type ChainFaultCode = Extract<
  RefusalCode,
  | 'chain.unreachable'
  | 'chain.credentials'
  | 'chain.answer.invalid'
  | 'chain.block.unavailable'
  | 'chain.network'
>;

/**
 * The chain source failed: thrown, because nothing is wrong with what was asked. Carries a code of the registry
 * so that the HTTP filter can answer 503 with it. Never holds a URL, user name or password.
 */
export class ChainFault extends Error {
  override readonly name = 'ChainFault';
  readonly code: ChainFaultCode;
  readonly facts: Facts;

  constructor(code: ChainFaultCode, facts: Facts, cause?: unknown) {
    super(`${code} ${JSON.stringify(facts)}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.facts = facts;
  }
}
