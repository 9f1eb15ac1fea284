import { Global, Module } from '@nestjs/common';
import { Clock } from '../clock.ts';
import { RateLimiter } from '../http/rate-limiter.ts';
import { VerifyPool } from '../verify/verify-pool.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** What every room uses: units of work, clock, rates, threads. The threads outlive the modules: app.ts closes them. */
@Global()
@Module({
  providers: [Clock, RateLimiter, UnitOfWork, VerifyPool],
  exports: [Clock, RateLimiter, UnitOfWork, VerifyPool],
})
export class DatabaseModule {}
