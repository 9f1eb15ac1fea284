import { Global, Module } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.ts';
import { ServerConfig } from '../config.ts';
import { RateLimiter } from '../http/rate-limiter.ts';
import { createDataSource } from './data-source.ts';
import { UnitOfWork } from './unit-of-work.ts';

/** Connections of the runtime role, for every store. They outlive the modules and are closed last: app.ts. */
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
  ],
  exports: [Clock, DataSource, RateLimiter, UnitOfWork],
})
export class DatabaseModule {}
