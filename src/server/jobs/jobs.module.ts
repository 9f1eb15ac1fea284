import { Global, Module } from '@nestjs/common';
import { HousekeepingService } from './housekeeping.service.ts';
import { JobsService } from './jobs.service.ts';

@Global()
@Module({
  providers: [HousekeepingService, JobsService],
  exports: [HousekeepingService, JobsService],
})
export class JobsModule {}
