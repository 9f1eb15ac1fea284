import { Injectable } from '@nestjs/common';
import { UnitOfWork } from '../database/unit-of-work.ts';
import type { TextNote } from '../log/pending.store.ts';
import { PendingStore } from '../log/pending.store.ts';
import { ProjectionStore } from '../log/projection.store.ts';
import type { ProposalsQuery } from './proposals.schema.ts';

/** Which proposals there are, and the texts beside them. What they are stands in the fold. */
@Injectable()
export class ProposalStore {
  constructor(
    private readonly work: UnitOfWork,
    private readonly projections: ProjectionStore,
    private readonly pending: PendingStore,
  ) {}

  /** Digests of proposals before an index of the log, the newest first. */
  page(
    query: Pick<ProposalsQuery, 'wallet' | 'stage'>,
    range: { readonly before: number; readonly limit: number },
  ): Promise<readonly string[]> {
    const { wallet, stage } = query;
    const filters = { wallet: wallet ?? null, stage: stage ?? null };
    return this.projections.proposals(this.work.plain, { ...filters, ...range });
  }

  texts(digests: readonly string[]): Promise<ReadonlyMap<string, TextNote>> {
    return this.pending.texts(this.work.plain, digests);
  }
}
