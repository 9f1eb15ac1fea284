import { Injectable } from '@nestjs/common';
import type { Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import { LogService } from '../log/log.service.ts';
import { StatementService } from '../log/statement.service.ts';
import type { PostedReceipt } from './receipt-check.ts';
import { readReceipt } from './receipt-check.ts';
import { ReceiptStore } from './receipt.store.ts';
import type { ReceiptsBody } from './signing.schema.ts';

/** Takes receipts of signers into the log. They prove themselves: nothing of a stranger is stored. */
@Injectable()
export class ReceiptsService {
  constructor(
    private readonly log: LogService,
    private readonly statements: StatementService,
    private readonly store: ReceiptStore,
  ) {}

  /**
   * Of each receipt, in order, its index in the log or its refusal. One that stands there already answers with its index, so
   * that a signer may post again whatever it has not seen in the log. Codes: those of readReceipt and of the fold.
   */
  async take(posted: ReceiptsBody['receipts']): Promise<readonly Result<number>[]> {
    const state = this.log.state();
    const read = posted.map((one) => readReceipt(state, one));
    const before = await this.#standing(read);
    // Handed in all at once: the sequencer numbers them in the order in which they come.
    const outcomes = await Promise.all(
      read.map(async (receipt): Promise<Result<number>> => {
        if (!receipt.ok) return receipt;
        const { entry, leafHash, blobs } = receipt.value;
        const index = before.get(leafHash);
        return index === undefined ? this.statements.submitEntry(entry, blobs) : ok(index);
      }),
    );
    if (!outcomes.some(isOvertaken)) return outcomes;
    // Posted twice at the same time: those of the other request were numbered first.
    const after = await this.#standing(read);
    return outcomes.map((outcome, at) => {
      const receipt = read[at];
      if (!isOvertaken(outcome) || receipt?.ok !== true) return outcome;
      const index = after.get(receipt.value.leafHash);
      return index === undefined ? outcome : ok(index);
    });
  }

  #standing(read: readonly Result<PostedReceipt>[]): Promise<ReadonlyMap<string, number>> {
    const receipts = read.flatMap((receipt) => (receipt.ok ? [receipt.value] : []));
    return this.store.standing(this.log.head('organisation').origin, receipts);
  }
}

function isOvertaken(outcome: Result<number>): boolean {
  return !outcome.ok && outcome.refusal.code === 'receipt.position';
}
