import { Injectable } from '@nestjs/common';
import { RECONCILED_ROWS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { satsToJson, sumSats } from '../../core/base/sats.ts';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime, parseTime } from '../../core/base/time.ts';
import { createLedger } from '../../core/log/ledger.ts';
import { newestSigned } from '../../core/log/admit-version.ts';
import type { ProposalRecord, State } from '../../core/log/state.ts';
import { guardOf, unsignedDigest } from '../../core/watch/watchman.ts';
import { ChainService } from '../chain/chain.service.ts';
import { Clock } from '../clock.ts';
import { LogService } from '../log/log.service.ts';
import type { ChainSpend, Span } from './move.store.ts';
import { MoveStore } from './move.store.ts';
import type { ReconciliationQuery, ReconciliationView } from './reconciliation.schema.ts';

const DAY_SECONDS = 86_400;

interface OpenSignature {
  readonly proposal: ProposalRecord;
  readonly signedAt: Seconds;
}

/** Holds what moved on the chain against what receipts say was signed, in both directions. */
@Injectable()
export class ReconciliationService {
  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    private readonly moves: MoveStore,
    private readonly clock: Clock,
  ) {}

  /** One wallet, one day. Codes: `wallet.unknown`, `reconciliation.time.unknown`, `reconciliation.large`. */
  async reconcile(wallet: string, query: ReconciliationQuery): Promise<Result<ReconciliationView>> {
    const state = this.log.state();
    if (!state.wallets.has(wallet)) return refuse('wallet.unknown', { wallet });
    const day = query.day ?? formatTime(this.clock.now()).slice(0, 10);
    const from = parseTime(`${day}T00:00:00Z`) ?? 0;
    const span = { from, to: from + DAY_SECONDS };
    const balances = await this.moves.balances(span);
    const undated = balances.reduce((sum, one) => sum + one.undated, 0);
    if (undated > 0) return refuse('reconciliation.time.unknown', { coins: undated });
    const all = sumSats(balances.map(({ closingSats }) => closingSats));
    if (!all.ok) return all;
    const mine = balances.find((one) => one.wallet === wallet);
    const [deposits, spends] = [
      await this.moves.deposits(wallet, span),
      await this.moves.spends(wallet, span),
    ];
    const open = await this.#open(state, wallet, span);
    if ([deposits, spends, open].some(({ length }) => length > RECONCILED_ROWS))
      return refuse('reconciliation.large', { wallet, day });
    return ok({
      wallet,
      day,
      readTo: (await this.chain.followedTip())?.height ?? 0,
      openingSats: mine === undefined ? 0 : satsToJson(mine.openingSats),
      closingSats: mine === undefined ? 0 : satsToJson(mine.closingSats),
      deposits: deposits.map(({ sats, ...rest }) => ({ ...rest, sats: satsToJson(sats) })),
      spends: spendViews(state, wallet, spends),
      open,
      allSats: satsToJson(all.value),
    });
  }

  async #open(state: State, wallet: string, span: Span): Promise<ReconciliationView['open']> {
    const signed = unsettled(state, wallet, span.to);
    const outpointOf = ({ proposal }: OpenSignature): string =>
      proposal.statement.spend.inputs[0]?.outpoint ?? '';
    const spenders = await this.moves.spenders(signed.map(outpointOf), span.to);
    const open: ReconciliationView['open'][number][] = [];
    const guard = guardOf(state);
    for (const one of signed) {
      const { digest: proposal } = one.proposal;
      const spender = spenders.get(outpointOf(one));
      const by = guard.explains(wallet, unsignedDigest(spender?.raw ?? new Uint8Array()) ?? '');
      if (spender !== undefined && isDone(state, proposal, by)) continue;
      const txid = newestSigned(state, one.proposal)?.txid ?? one.proposal.txid;
      const signedAt = formatTime(one.signedAt);
      open.push({ proposal, txid, signedAt, conflict: spender?.txid ?? null });
    }
    return open;
  }
}

/** Whether what spent its coins is a transaction of the proposal itself, or of one that cancels it. */
function isDone(state: State, proposal: string, by: string | undefined): boolean {
  return by === proposal || state.proposals.get(by ?? '')?.statement.cancels === proposal;
}

/** Signed by then, and not settled by then as far as the log knows. */
function unsettled(state: State, wallet: string, end: Seconds): readonly OpenSignature[] {
  const found: OpenSignature[] = [];
  for (const [digest, { at }] of (state.ledgers.get(wallet) ?? createLedger()).signed) {
    const proposal = state.proposals.get(digest);
    const settledAt = state.facts.get(digest)?.settledAt ?? null;
    if (proposal !== undefined && at < end && (settledAt === null || settledAt >= end))
      found.push({ proposal, signedAt: at });
    if (found.length > RECONCILED_ROWS) return found;
  }
  return found;
}

function spendViews(
  state: State,
  wallet: string,
  spends: readonly ChainSpend[],
): ReconciliationView['spends'] {
  const guard = guardOf(state);
  return spends.map(({ raw, leftSats, ...rest }) => {
    const transaction = unsignedDigest(raw) ?? '';
    const proposal = guard.explains(wallet, transaction) ?? null;
    return { ...rest, leftSats: satsToJson(leftSats), transaction, proposal };
  });
}
