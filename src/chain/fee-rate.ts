import { FEE_RATE_ESTIMATE } from '../core/base/limits.ts';

/** An estimate in whole satoshi a virtual byte, rounded up; bounded, because a wild estimate must not become a wild fee. */
export function boundedRate(satsPerVbyte: number): number {
  return Math.min(Math.max(Math.ceil(satsPerVbyte), 1), FEE_RATE_ESTIMATE);
}
