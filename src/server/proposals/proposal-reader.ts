import { Injectable } from '@nestjs/common';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { parseEntry } from '../../core/log/entry.ts';
import type { ProposalRecord } from '../../core/log/state.ts';
import { readCursor } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import { ChainFacts } from './chain-facts.ts';
import { ProposalStore } from './proposal.store.ts';
import type { ProposalView, ProposalsQuery, ProposalsView } from './proposals.schema.ts';
import { detailOf, summaryOf } from './views.ts';

/** Shows proposals: from the fold, with the texts beside the log and what the chain says. */
@Injectable()
export class ProposalReader {
  constructor(
    private readonly log: LogService,
    private readonly store: ProposalStore,
    private readonly chain: ChainFacts,
  ) {}

  /** A page, the newest first. Code `cursor.invalid`. */
  async list(query: ProposalsQuery): Promise<Result<ProposalsView>> {
    const before = readCursor(query.cursor, Number.MAX_SAFE_INTEGER);
    if (!before.ok) return before;
    const { limit } = query;
    const range = { before: before.value, limit: limit + 1 };
    const digests = await this.store.page(query, range);
    const state = this.log.state();
    const found = digests.flatMap((digest) => state.proposals.get(digest) ?? []);
    const now = this.chain.now();
    const items = found.slice(0, limit).map((proposal) => summaryOf(state, proposal, now));
    const last = items.at(-1);
    const isMore = found.length > limit && last !== undefined;
    return ok({ items, next: isMore ? String(last.index) : null });
  }

  /** One proposal with its verdict. Code `proposal.unknown`. */
  async show(digest: string): Promise<Result<ProposalView>> {
    const proposal = this.log.state().proposals.get(digest);
    if (proposal === undefined) return refuse('proposal.unknown', { proposal: digest });
    const endReason = await this.#endReason(proposal);
    const digests = [
      proposal.statement.purposeDigest,
      ...proposal.approvals.flatMap(({ statement }) => statement.reasonDigest ?? []),
      ...(endReason === null ? [] : [endReason]),
    ];
    const texts = await this.store.texts(digests);
    const tip = await this.chain.tip();
    const state = this.log.state();
    return ok(detailOf(state, proposal, { clock: this.chain.now(), tip, texts, endReason }));
  }

  /** The digest of the reason that stands in the entry which ended it. */
  async #endReason({ ended }: ProposalRecord): Promise<string | null> {
    if (ended === null || ended.index >= this.log.head('organisation').size) return null;
    const [found] = await this.log.leaves(ended.index, 1);
    const entry = found === undefined ? undefined : parseEntry(found.leaf);
    if (entry?.ok !== true || entry.value.type !== 'statement') return null;
    const { statement } = entry.value;
    return statement.type === 'approval' ? statement.reasonDigest : null;
  }
}
