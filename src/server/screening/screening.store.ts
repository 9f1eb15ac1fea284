import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.ts';
import type { ScreeningFaultCode } from './screening-fault.ts';

/** Namespace of the advisory locks of proposals that are being asked about. */
const LOCKS = 4_711_004;

/** How the screening service answered last, for all server processes. */
@Injectable()
export class ScreeningStore {
  constructor(private readonly work: UnitOfWork) {}

  /** Does the work unless another process is at this proposal: then undefined. */
  alone<T>(proposal: string, work: () => Promise<T>): Promise<T | undefined> {
    return this.work.alone(LOCKS, proposal, work);
  }

  /** The service was asked just now, and answered where `failure` is null. Commits at once. */
  async note(failure: ScreeningFaultCode | null): Promise<void> {
    await this.work.plain.query(
      `INSERT INTO screening_contact (at, failure) VALUES (now(), $1)
       ON CONFLICT (one) DO UPDATE SET at = excluded.at, failure = excluded.failure`,
      [failure],
    );
  }
}
