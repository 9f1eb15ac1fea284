import { Injectable } from '@nestjs/common';
import { Clock } from '../clock.ts';
import { RateLimiter } from '../http/rate-limiter.ts';

/** Time and rates, for whoever judges a call. */
@Injectable()
export class CallLimits {
  constructor(
    readonly clock: Clock,
    readonly rates: RateLimiter,
  ) {}
}
