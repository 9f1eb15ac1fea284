import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.ts';
import { RateLimiter } from '../http/rate-limiter.ts';
import { VerifyPool } from '../verify/verify-pool.ts';

/** Time, rates and signatures, for whoever judges a call. */
@Injectable()
export class CallLimits {
  constructor(
    readonly clock: Clock,
    readonly rates: RateLimiter,
    readonly pool: VerifyPool,
  ) {}
}
