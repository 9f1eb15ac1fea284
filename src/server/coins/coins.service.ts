import { Injectable } from '@nestjs/common';
import { RESCAN_ADDRESSES } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { formatTime } from '../../core/base/time.ts';
import { isIn } from '../../core/governance/charter.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import type { LabelRecord } from '../../core/wallet/labels.ts';
import type { MemberCaller } from '../access/caller.ts';
import type { Sql } from '../database/sql.ts';
import { ChainService } from '../chain/chain.service.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { readCursor } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import type {
  FreezeCoinBody,
  FrozenCoinView,
  FrozenCoinsView,
  LabelledView,
  LabelsBody,
  LabelsView,
  NotesQuery,
  RescanBody,
  RescanView,
} from './coins.schema.ts';
import type { CoinFreeze } from './freeze.store.ts';
import { FreezeStore } from './freeze.store.ts';
import { LabelStore } from './label.store.ts';

/** The reason of a freeze that a file of labels brings. */
const IMPORTED = 'imported with labels (BIP 329)';

/** What people say of coins, and what they call things. */
@Injectable()
export class CoinNotes {
  constructor(
    readonly freezes: FreezeStore,
    readonly labels: LabelStore,
  ) {}
}

/**
 * Coins that people want left alone, and what they call things. A courtesy of the server, as its holds are: drafts
 * leave frozen coins, and no signer knows of it. Who may propose may freeze, free and label. Codes of all:
 * `wallet.unknown`, of what writes also `member.role`.
 */
@Injectable()
export class CoinsService {
  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    private readonly work: UnitOfWork,
    private readonly notes: CoinNotes,
  ) {}

  /** Freezes a coin or frees it; frozen again it stays as it is. Codes: `coin.unknown`, `coin.unfrozen`. */
  async freeze(
    wallet: string,
    { outpoint, frozen, reason }: FreezeCoinBody,
    caller: MemberCaller,
  ): Promise<Result<FrozenCoinView>> {
    const allowed = this.#checkMember(wallet, caller);
    if (!allowed.ok) return allowed;
    const word = { ...pairOf(outpoint), frozen, reason, member: caller.member };
    const noted = await this.work.run((sql) => this.notes.freezes.note(sql, wallet, word));
    if (noted === 'unknown') return refuse('coin.unknown', { outpoint });
    if (noted === 'same' && !frozen) return refuse('coin.unfrozen', { outpoint });
    return ok(viewOf(await this.notes.freezes.newest(word.txid, word.vout)));
  }

  /** The frozen coins that no block has spent. Code `cursor.invalid`. */
  async frozen(wallet: string, { cursor, limit }: NotesQuery): Promise<Result<FrozenCoinsView>> {
    const from = this.#pageFrom(wallet, cursor);
    if (!from.ok) return from;
    const found = await this.notes.freezes.frozen(wallet, { from: from.value, limit: limit + 1 });
    const items = found.slice(0, limit).map(viewOf);
    return ok({ items, next: found.length > limit ? String(from.value + limit) : null });
  }

  /** Has a wallet read anew, at most RESCAN_ADDRESSES beyond what is used. Code `wallet.rescan.range`. */
  async rescan(
    wallet: string,
    { receive, change }: RescanBody,
    caller: MemberCaller,
  ): Promise<Result<RescanView>> {
    const allowed = this.#checkMember(wallet, caller);
    if (!allowed.ok) return allowed;
    const record = this.log.state().wallets.get(wallet);
    if (record === undefined) return refuse('wallet.unknown', { wallet });
    const { coins } = this.chain;
    const most = {
      receive: (await coins.nextReceiveIndex(wallet)) + RESCAN_ADDRESSES,
      change: (await coins.nextChangeIndex(wallet)) + RESCAN_ADDRESSES,
    };
    if (receive > most.receive || change > most.change) return refuse('wallet.rescan.range', most);
    await this.chain.rescan(record, [receive, change]);
    return ok({ wallet, receive, change, from: record.body.birth });
  }

  /** Gives labels, takes them away, freezes and frees what they say: all in one unit of work. */
  async label(
    wallet: string,
    { labels }: LabelsBody,
    caller: MemberCaller,
  ): Promise<Result<LabelledView>> {
    const allowed = this.#checkMember(wallet, caller);
    if (!allowed.ok) return allowed;
    const done = { labels: 0, freezes: 0, unknown: 0 };
    await this.work.run(async (sql) => {
      for (const record of labels) {
        if (record.label !== undefined) {
          const { type, ref, label } = record;
          await this.notes.labels.put(sql, wallet, { type, ref, label, member: caller.member });
          done.labels++;
        }
        const change = await this.#import(sql, wallet, { record, member: caller.member });
        if (change === 'noted') done.freezes++;
        if (change === 'unknown') done.unknown++;
      }
    });
    return ok(done);
  }

  /** Labels by type and reference. Code `cursor.invalid`. */
  async list(wallet: string, { cursor, limit }: NotesQuery): Promise<Result<LabelsView>> {
    const from = this.#pageFrom(wallet, cursor);
    if (!from.ok) return from;
    const found = await this.notes.labels.list(wallet, { from: from.value, limit: limit + 1 });
    const items = found.slice(0, limit).map(({ type, ref, label, member, at }) => ({
      ...{ type, ref, label },
      by: member,
      at: timeOf(at),
    }));
    return ok({ items, next: found.length > limit ? String(from.value + limit) : null });
  }

  async #import(
    sql: Sql,
    wallet: string,
    { record, member }: { readonly record: LabelRecord; readonly member: string },
  ): Promise<'noted' | 'same' | 'unknown'> {
    if (record.type !== 'output' || record.spendable === undefined) return 'same';
    const frozen = !record.spendable;
    return this.notes.freezes.note(sql, wallet, {
      ...pairOf(record.ref),
      frozen,
      reason: IMPORTED,
      member,
    });
  }

  #pageFrom(wallet: string, cursor: string | undefined): Result<number> {
    if (!this.log.state().wallets.has(wallet)) return refuse('wallet.unknown', { wallet });
    return readCursor(cursor, 0);
  }

  #checkMember(wallet: string, { member }: MemberCaller): Result<null> {
    const state = this.log.state();
    const charter = currentDocuments(state, wallet)?.charter.document.body;
    if (charter === undefined) return refuse('wallet.unknown', { wallet });
    const author = state.members.get(member)?.member;
    return author !== undefined && isIn(author, charter.initiators)
      ? ok(null)
      : refuse('member.role', { member, needs: [...charter.initiators] });
  }
}

function pairOf(outpoint: string): { readonly txid: string; readonly vout: number } {
  const [txid = '', vout = ''] = outpoint.split(':');
  return { txid, vout: Number(vout) };
}

function timeOf(at: Date): string {
  return formatTime(Math.floor(at.getTime() / 1_000));
}

function viewOf({ txid, vout, frozen, reason, member, at }: CoinFreeze): FrozenCoinView {
  return { outpoint: `${txid}:${String(vout)}`, frozen, reason, by: member, at: timeOf(at) };
}
