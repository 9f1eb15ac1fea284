import { Injectable } from '@nestjs/common';
import type { Result } from '../../core/base/result.ts';
import { ok } from '../../core/base/result.ts';
import type { OpenFreeze } from '../../core/governance/standings.ts';
import { openFreezesOf } from '../../core/governance/standings.ts';
import { Clock } from '../clock.ts';
import { missingView } from '../documents/missing.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { readCursor } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import type { TextNote } from '../log/pending.store.ts';
import { PendingStore } from '../log/pending.store.ts';
import type { FreezesQuery, FreezesView } from './approvals.schema.ts';

/** Shows the freezes that stand, with the reasons beside the log. */
@Injectable()
export class FreezeReader {
  constructor(
    private readonly log: LogService,
    private readonly clock: Clock,
    private readonly work: UnitOfWork,
    private readonly pending: PendingStore,
  ) {}

  /** A page in the order of the log. Code `cursor.invalid`. */
  async list({ wallet, cursor, limit }: FreezesQuery): Promise<Result<FreezesView>> {
    const from = readCursor(cursor, 0);
    if (!from.ok) return from;
    const found = openFreezesOf(this.log.state(), this.clock.now()).filter(
      ({ freeze, wallets }) =>
        freeze.index >= from.value &&
        (wallet === undefined || wallets.some((one) => one.wallet === wallet)),
    );
    const page = found.slice(0, limit);
    const digests = page.map(({ freeze }) => freeze.statement.reasonDigest);
    const texts = await this.pending.texts(this.work.plain, digests);
    const next = found[limit];
    return ok({
      items: page.map((one) => freezeView(one, texts)),
      next: next === undefined ? null : String(next.freeze.index),
    });
  }
}

function freezeView(
  { freeze, wallets }: OpenFreeze,
  texts: ReadonlyMap<string, TextNote>,
): FreezesView['items'][number] {
  const { digest, index, statement, lifts } = freeze;
  const reason = texts.get(statement.reasonDigest);
  return {
    freeze: digest,
    index,
    wallet: statement.wallet,
    by: statement.member,
    issuedAt: statement.issuedAt,
    reason: reason === undefined ? null : { salt: reason.salt, text: reason.text },
    liftedBy: [...lifts.keys()].sort(),
    stops: wallets.map(({ wallet, missing }) => ({ wallet, missing: missing.map(missingView) })),
  };
}
