import type { RefusalCode } from '../../core/base/codes.ts';
import type { Facts, Refusal, Result } from '../../core/base/result.ts';

/**
 * Refusals are returned everywhere; here, at the edge, one is thrown, because Nest's guards, pipes and handlers have no other
 * way to answer differently. Nothing but the problem filter catches it.
 */
export class RefusalException extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.code);
    this.name = 'RefusalException';
    this.refusal = refusal;
  }
}

/** The value of a passed check; a refusal ends the request with its problem. */
export function valueOf<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new RefusalException(result.refusal);
}

/** The exception of a code. */
export function refusal(code: RefusalCode, facts: Facts = {}): RefusalException {
  return new RefusalException({ code, facts });
}
