import { Injectable } from '@nestjs/common';
import { LONG_TERM_FEE_RATE, SETTLED_CONFIRMATIONS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { satsToJson } from '../../core/base/sats.ts';
import { formatTime } from '../../core/base/time.ts';
import { addressesOf } from '../../core/log/addresses.ts';
import type { WalletRecord } from '../../core/log/state.ts';
import { leastUsefulSats } from '../../core/proposal/spend-cost.ts';
import { guardOf, isGuarded } from '../../core/watch/watchman.ts';
import { ChainService } from '../chain/chain.service.ts';
import { confirmedBy } from '../chain/confirmations.ts';
import { LabelStore } from '../coins/label.store.ts';
import { LogService } from '../log/log.service.ts';
import type { Deposit, DepositPlace } from './deposit.store.ts';
import { DepositStore, WAITING } from './deposit.store.ts';
import type { DepositView, DepositsQuery, DepositsView } from './deposits.schema.ts';

/** Where the first page begins: ahead of everything, for no output has this number. */
const start: DepositPlace = { height: WAITING, txid: 'g', vout: 0 };

type Flags = DepositView['flags'];

/** Shows what was paid to a wallet. A projection of the chain: a reorganisation takes a deposit back. */
@Injectable()
export class DepositsService {
  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    private readonly store: DepositStore,
    private readonly labels: LabelStore,
  ) {}

  /** A page, the newest first. Codes: `wallet.unknown`, `cursor.invalid`. */
  async list(id: string, { cursor, limit }: DepositsQuery): Promise<Result<DepositsView>> {
    const wallet = this.log.state().wallets.get(id);
    if (wallet === undefined) return refuse('wallet.unknown', { wallet: id });
    const after = cursor === undefined ? start : placeOf(cursor);
    if (after === null) return refuse('cursor.invalid', { cursor: cursor ?? null });
    const tip = (await this.chain.followedTip())?.height ?? 0;
    const found = await this.store.page(id, after, limit + 1);
    const page = found.slice(0, limit);
    const places = page.map(({ branch, index }) => wallet.wallet.address(branch, index));
    const refs = page.flatMap(({ txid, vout }) => [txid, `${txid}:${String(vout)}`]);
    const labels = await this.labels.of(id, [...refs, ...places]);
    const last = page.at(-1);
    return ok({
      items: page.map((deposit) => this.#view(wallet, deposit, { labels, tip })),
      next: found.length > limit && last !== undefined ? cursorOf(last) : null,
      settledConfirmations: SETTLED_CONFIRMATIONS,
    });
  }

  #view(
    wallet: WalletRecord,
    deposit: Deposit,
    beside: { readonly labels: ReadonlyMap<string, string>; readonly tip: number },
  ): DepositView {
    const { txid, vout, branch, index, height, time, spentBy, spendingBy } = deposit;
    const { labels, tip } = beside;
    const outpoint = `${txid}:${String(vout)}`;
    const address = wallet.wallet.address(branch, index);
    const { confirmations, settled } =
      height === null ? { confirmations: 0, settled: false } : confirmedBy(tip, height);
    const isAttested = this.#isAttested(wallet, deposit);
    return {
      ...{ outpoint, sats: satsToJson(deposit.sats), address, branch, index },
      state: height === null ? 'unconfirmed' : settled ? 'settled' : 'confirmed',
      ...{ confirmations, height },
      time: time === null ? null : formatTime(time),
      spent: spentBy !== null ? 'yes' : spendingBy !== null ? 'pending' : 'no',
      spentBy: spentBy ?? spendingBy,
      attested: isAttested,
      labels: {
        output: labels.get(outpoint) ?? null,
        address: labels.get(address) ?? null,
        transaction: labels.get(txid) ?? null,
      },
      flags: this.#flags(wallet, deposit, isAttested ? 'attested' : 'unattested'),
    };
  }

  #isAttested({ id }: WalletRecord, { branch, index }: Deposit): boolean {
    const asked = branch === 0 ? addressesOf(this.log.state(), id).get(index) : undefined;
    return asked !== undefined && asked.attested !== null;
  }

  #flags(
    { id, wallet }: WalletRecord,
    { sats, script, branch, height, time, isOwn }: Deposit,
    word: 'attested' | 'unattested',
  ): Flags {
    const flags: Flags = [];
    if (sats < leastUsefulSats(wallet, script, LONG_TERM_FEE_RATE)) flags.push('dust');
    // What was paid before the signer held the wallet nobody could have attested.
    const since = guardOf(this.log.state()).since(id);
    const isCurrent = isGuarded(since, height === null ? null : { height, time });
    if (branch === 0 && word === 'unattested' && isCurrent && !isOwn) flags.push('unattested');
    if (branch === 1) flags.push('change');
    if (isOwn) flags.push('own');
    return flags;
  }
}

function cursorOf({ height, txid, vout }: Deposit): string {
  return `${String(height ?? WAITING)}-${txid}-${String(vout)}`;
}

function placeOf(cursor: string): DepositPlace | null {
  const [, height = '', txid = '', vout = ''] =
    /^(0|[1-9]\d{0,9})-([0-9a-f]{64})-(0|[1-9]\d{0,9})$/.exec(cursor) ?? [];
  if (txid === '' || Number(height) > WAITING || Number(vout) > WAITING) return null;
  return { height: Number(height), txid, vout: Number(vout) };
}
