import { Global, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.ts';
import { ServerConfig } from '../config.ts';
import { RateLimiter } from '../http/rate-limiter.ts';
import { createDataSource } from './data-source.ts';
import { VerifyPool } from '../verify/verify-pool.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** What every room uses: connections of the runtime role, clock, rates, threads. It outlives the modules: app.ts closes it. */
@Global()
@Module({
  providers: [
    {
      provide: DataSource,
      useFactory: ({ databaseUrl }: ServerConfig): Promise<DataSource> =>
        createDataSource(databaseUrl).initialize(),
      inject: [ServerConfig],
    },
    Clock,
    RateLimiter,
    UnitOfWork,
    VerifyPool,
  ],
  exports: [Clock, DataSource, RateLimiter, UnitOfWork, VerifyPool],
})
export class DatabaseModule {}
