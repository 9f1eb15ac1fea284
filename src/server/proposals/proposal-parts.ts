import { Injectable } from '@nestjs/common';
import { LogService } from '../log/log.service.ts';
import { PendingStore } from '../log/pending.store.ts';
import { ProjectionStore } from '../log/projection.store.ts';
import { StatementService } from '../log/statement.service.ts';

/** What proposals need of the log. */
@Injectable()
export class ProposalParts {
  constructor(
    readonly log: LogService,
    readonly pending: PendingStore,
    readonly projections: ProjectionStore,
    readonly statements: StatementService,
  ) {}
}
