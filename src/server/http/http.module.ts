import { Module } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { Idempotency } from './idempotency.ts';
import { IdempotencyStore } from './idempotency.store.ts';
import { ProblemFilter } from './problem.filter.ts';
import { SchemaPipe } from './schema.pipe.ts';

/** What stands around every route: schemas before it, problems after it, keys that make a write happen once. */
@Module({
  providers: [
    Idempotency,
    IdempotencyStore,
    { provide: APP_FILTER, useClass: ProblemFilter },
    { provide: APP_PIPE, useClass: SchemaPipe },
  ],
  exports: [Idempotency],
})
export class HttpModule {}
