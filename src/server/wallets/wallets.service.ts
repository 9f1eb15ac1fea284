import { Injectable } from '@nestjs/common';
import { ADDRESS_INDEX } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { satsToJson } from '../../core/base/sats.ts';
import { openFreezes, walletOpen } from '../../core/authorise.ts';
import { formatTime } from '../../core/base/time.ts';
import { walletPaths } from '../../core/governance/wallet-paths.ts';
import { currentDocuments } from '../../core/governance/current.ts';
import { createLedger } from '../../core/log/ledger.ts';
import type { State, WalletRecord } from '../../core/log/state.ts';
import { walletBudget } from '../../core/policy/wallet-budget.ts';
import type { Tip } from '../../core/wallet/maturity.ts';
import { recoveryOpensIn } from '../../core/wallet/maturity.ts';
import { recoveriesOf } from '../../core/wallet/recovery.ts';
import { ChainService } from '../chain/chain.service.ts';
import type { Balance, Coin } from '../chain/coin.store.ts';
import { confirmedBy } from '../chain/confirmations.ts';
import { Clock } from '../clock.ts';
import { LabelStore } from '../coins/label.store.ts';
import { readCursor } from '../http/bodies.ts';
import { LogService } from '../log/log.service.ts';
import { limitView } from '../proposals/views.ts';
import type {
  BudgetView,
  CoinsQuery,
  CoinsView,
  WalletSummary,
  WalletView,
  WalletsView,
} from './wallets.schema.ts';

/** Free coins shown with their wallet. */
const FIRST_COINS = 50;

/** Shows wallets: what the log says of them, and their coins on the chain that is followed. */
@Injectable()
export class WalletsService {
  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    private readonly clock: Clock,
    private readonly labels: LabelStore,
  ) {}

  /** All of them: an organisation has few. */
  async list(): Promise<WalletsView> {
    const items: WalletSummary[] = [];
    for (const wallet of this.log.state().wallets.values()) {
      const balance = await this.chain.coins.balance(wallet.id);
      items.push(summaryOf(this.log.state(), wallet, balance));
    }
    return { items, next: null };
  }

  /** Code `wallet.unknown`. */
  async show(id: string): Promise<Result<WalletView>> {
    const wallet = this.#wallet(id);
    if (!wallet.ok) return wallet;
    const { coins } = this.chain;
    const balance = await coins.balance(id);
    const next = Math.min(ADDRESS_INDEX, await coins.nextReceiveIndex(id));
    const page = await this.#page(wallet.value, 0, FIRST_COINS);
    const state = this.log.state();
    const current = currentDocuments(state, id);
    const { body, record, wallet: derived } = wallet.value;
    return ok({
      ...summaryOf(state, wallet.value, balance),
      descriptor: derived.descriptor,
      address: derived.address(0, next),
      addressIndex: next,
      holders: body.holders.map(({ member }) => member),
      ...pathsView(wallet.value),
      birth: body.birth,
      gapLimit: body.gapLimit,
      documents: {
        charter: current?.charter.digest ?? null,
        wallet: current?.wallet.digest ?? record.digest,
        policy: current?.policy?.digest ?? null,
        destinations: current?.destinations?.digest ?? null,
      },
      coins: page,
    });
  }

  /** A page of the free coins, the largest first. Codes: `wallet.unknown`, `cursor.invalid`. */
  async coins(id: string, query: CoinsQuery): Promise<Result<CoinsView>> {
    const wallet = this.#wallet(id);
    if (!wallet.ok) return wallet;
    const from = readCursor(query.cursor, 0);
    return from.ok ? ok(await this.#page(wallet.value, from.value, query.limit)) : from;
  }

  /** What the limits of a wallet's policy leave. Codes: `wallet.unknown`, `policy.unknown`, `policy.facts.inconsistent`. */
  budget(id: string): Result<BudgetView> {
    const found = walletBudget(this.log.state(), id, this.clock.now());
    if (!found.ok) return found;
    const { policy, at, limits, omitted } = found.value;
    const rows = limits.map((row) => ({ ...limitView(row), everybodyElse: row.everybodyElse }));
    return ok({ wallet: id, policy, at: formatTime(at), limits: rows, omitted });
  }

  #wallet(id: string): Result<WalletRecord> {
    const wallet = this.log.state().wallets.get(id);
    return wallet === undefined ? refuse('wallet.unknown', { wallet: id }) : ok(wallet);
  }

  async #page(wallet: WalletRecord, from: number, limit: number): Promise<CoinsView> {
    const height = (await this.chain.followedTip())?.height ?? 0;
    const tip = { height, time: this.clock.now() };
    // One more tells whether there is a next page.
    const found = await this.chain.coins.spendable(wallet.id, height, { from, limit: limit + 1 });
    const page = found.slice(0, limit).map((coin) => coinView(wallet, coin, tip));
    const refs = page.flatMap(({ outpoint, address }) => [outpoint, address]);
    const labels = await this.labels.of(wallet.id, refs);
    return {
      items: page.map((coin) => ({
        ...coin,
        label: labels.get(coin.outpoint) ?? labels.get(coin.address) ?? null,
      })),
      next: found.length > limit ? String(from + limit) : null,
    };
  }
}

function summaryOf(state: State, wallet: WalletRecord, balance: Balance): WalletSummary {
  const { id, record, body } = wallet;
  const ledger = state.ledgers.get(id) ?? createLedger();
  return {
    id,
    network: body.network,
    digest: record.digest,
    open: walletOpen(state, ledger, wallet),
    frozen: openFreezes(state, ledger, id).length > 0,
    balance: {
      confirmedSats: satsToJson(balance.confirmedSats),
      pendingSats: Number(balance.unconfirmedSats - balance.spendingSats),
      lockedSats: satsToJson(balance.lockedSats),
    },
  };
}

/** As the schema has it: lists that a caller may change. */
function pathsView(wallet: WalletRecord): Pick<WalletView, 'outside' | 'recovery'> {
  const { outside, recovery } = walletPaths(wallet);
  const lists = (found: readonly (readonly string[])[]): string[][] => found.map((one) => [...one]);
  return {
    outside: lists(outside),
    recovery: recovery?.map(({ after, by }) => ({ after: [...after], by: lists(by) })) ?? null,
  };
}

function coinView(
  wallet: WalletRecord,
  coin: Coin,
  tip: Tip,
): Omit<CoinsView['items'][number], 'label'> {
  const { txid, vout, sats, branch, index, height, isFrozen } = coin;
  return {
    outpoint: `${txid}:${vout}`,
    sats: satsToJson(sats),
    address: wallet.wallet.address(branch, index),
    branch,
    index,
    height,
    ...confirmedBy(tip.height, height),
    frozen: isFrozen,
    recoverySeconds: recoveryOpensIn(recoveriesOf(wallet.wallet.condition) ?? [], height, tip),
  };
}
