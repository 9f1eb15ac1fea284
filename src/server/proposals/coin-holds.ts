import { Injectable } from '@nestjs/common';
import { DRAFT_SECONDS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import type { State } from '../../core/log/state.ts';
import { CoinStore } from '../chain/coin.store.ts';
import { Clock } from '../clock.ts';
import type { Sql } from '../database/sql.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import type { NumberedEntry } from '../log/projection.store.ts';
import { holdChangedBy, holdOf, pairsOf } from './coin-hold.ts';
import type { DraftRow } from './draft.store.ts';
import { DraftStore } from './draft.store.ts';

/**
 * Keeps drafts and proposals from taking one another's coins. A courtesy of the server: that no coin is spent twice
 * rests on the signer.
 */
@Injectable()
export class CoinHolds {
  constructor(
    private readonly work: UnitOfWork,
    private readonly drafts: DraftStore,
    private readonly clock: Clock,
  ) {}

  /** Holds the coins of a new draft until it lapses. Codes: `coin.spent`, `coin.locked`. */
  async holdDraft(draft: DraftRow): Promise<Result<null>> {
    const pairs = pairsOf(draft.outpoints);
    if (!pairs.ok) return pairs;
    return this.work.run(async (sql) => {
      const held = await this.#coins(sql).lock(pairs.value, draft.id, draft.expiresAt);
      if (held.ok) await this.drafts.add(sql, draft);
      return held;
    });
  }

  /** Lets the coins of a member's draft go. Code `draft.unknown`. */
  async dropDraft(member: string, id: string): Promise<Result<null>> {
    return this.work.run(async (sql) => {
      if (!(await this.drafts.remove(sql, member, id)))
        return refuse('draft.unknown', { draft: id });
      await this.#coins(sql).release(id);
      return ok(null);
    });
  }

  /**
   * Hands coins over from the member's drafts to his proposal, for as long as it takes to log it: then {@link settle}
   * prolongs the hold. Codes: `coin.spent`, `coin.locked`.
   */
  async holdProposal(proposal: {
    readonly digest: string;
    readonly member: string;
    readonly outpoints: readonly string[];
  }): Promise<Result<null>> {
    const { digest, member, outpoints } = proposal;
    const pairs = pairsOf(outpoints);
    if (!pairs.ok) return pairs;
    return this.work.run(async (sql) => {
      const coins = this.#coins(sql);
      for (const id of await this.drafts.holding(sql, member, outpoints)) {
        await coins.release(id);
        await this.drafts.remove(sql, member, id);
      }
      return coins.lock(pairs.value, digest, this.clock.now() + DRAFT_SECONDS);
    });
  }

  /** The proposal did not enter the log. */
  release(digest: string): Promise<void> {
    return this.#coins(this.work.plain).release(digest);
  }

  /** In the unit of work that numbers entries: holds of the proposals that they begin, move or end. */
  async settle(sql: Sql, entries: readonly NumberedEntry[], state: State): Promise<void> {
    const changed = new Set(entries.flatMap(({ entry }) => holdChangedBy(state, entry) ?? []));
    const coins = this.#coins(sql);
    for (const proposal of changed) {
      const hold = holdOf(state, proposal);
      if (hold === 'released') await coins.release(proposal.digest);
      else await coins.handOver(proposal.digest, proposal.digest, hold.until);
    }
  }

  #coins(sql: Sql): CoinStore {
    return new CoinStore(sql, () => this.clock.now());
  }
}
