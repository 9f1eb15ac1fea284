import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.ts';

/** Removes what has lost its meaning, so that the tables beside the log stay small. */
@Injectable()
export class HousekeepingService {
  constructor(private readonly work: UnitOfWork) {}

  async sweep(): Promise<void> {
    const statements = [
      'DELETE FROM dpop_proof WHERE expires_at < now()',
      `DELETE FROM session WHERE expires_at < now() - interval '1 day'`,
      `DELETE FROM idempotency WHERE at < now() - interval '1 day'`,
      `DELETE FROM pending_outcome WHERE at < now() - interval '1 day'`,
      `DELETE FROM draft WHERE expires_at < now() - interval '1 day'`,
    ];
    for (const statement of statements) await this.work.plain.query(statement);
  }
}
