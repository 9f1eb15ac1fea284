import { outpointsOf, readTransaction } from '../chain/transactions.ts';
import { SPENDERS_ASKED } from '../core/base/limits.ts';
import type { Guard, SeenTransaction, UnexplainedSpend } from '../core/watch/watchman.ts';
import { guardOf, unexplainedSpends } from '../core/watch/watchman.ts';
import type { WatchParts } from './watch-parts.ts';
import type { OpenCoin, StoredSpend } from './watch-store.ts';

/** Spends in blocks of one wallet that one look judges. */
const SPENDS_AT_ONCE = 500;
/** How long a receipt may be under way while its transaction is seen already. */
const GRACE_MS = 5_000;
/** Until the log was read once more, but no longer: whoever withholds it gains this much of the minute that is promised. */
const LOG_GRACE_MS = 20_000;
/** Transactions in the mempool that are known to be explained. */
const EXPLAINED_KEPT = 10_000;

interface Suspect {
  readonly seen: SeenTransaction;
  readonly coins: ReadonlyMap<string, string>;
  readonly noticedAt: number;
}

/**
 * Asks of every spend of the wallets' coins, in the mempool and in blocks of our own node, which receipt explains it. What none
 * explains after the time of grace is told once, and freezes its wallet. Judgements on blocks are kept; what
 * was under suspicion when the process was killed is judged anew.
 */
export class Watchman {
  readonly #parts: WatchParts;
  readonly #suspects = new Map<string, Suspect>();
  readonly #explained = new Set<string>();
  #openAfter: readonly [string, number] = ['', -1];

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** Looks at the mempool: at all coins, or as many as the source answers for at once; the others have their turn next. */
  async lookAtMempool(): Promise<void> {
    const { chain, store } = this.#parts;
    for (let left = chain.spendersALook; left > 0; left -= SPENDERS_ASKED) {
      const most = Math.min(left, SPENDERS_ASKED);
      const open = store.open(this.#openAfter, most);
      const spenders = await chain.spenders(open.map(({ outpoint }) => outpoint));
      for (const txid of new Set(spenders.values()))
        if (!this.#explained.has(txid)) await this.#judgeWaiting(txid);
      this.#openAfter = open.length < most ? ['', -1] : outpointOf(open.at(-1));
      if (open.length < most) return;
    }
  }

  /** Judges what blocks brought, tells of what stayed unexplained, and freezes. */
  async settle(): Promise<void> {
    const guard = this.#guard();
    if (guard === null) return;
    for (const { id } of this.#parts.store.wallets())
      if (guard.since(id) !== null)
        for (const spend of this.#parts.store.unjudged(id, SPENDS_AT_ONCE))
          this.#judgeConfirmed(id, spend, guard);
    this.#settleSuspects(guard);
    for (const { wallet, spends, txid } of this.#parts.store.toFreeze()) {
      const others = spends === 1 ? '' : ` So do ${String(spends - 1)} others.`;
      const reason = `${txid} spends coins of this wallet, and no receipt of its signer explains it.${others}`;
      await this.#parts.freeze(wallet, reason);
      this.#parts.store.frozen(wallet);
    }
  }

  #guard(): Guard | null {
    const log = this.#parts.log();
    return log === null ? null : guardOf(log.state, this.#parts.intents(log.state));
  }

  async #judgeWaiting(txid: string): Promise<void> {
    const guard = this.#guard();
    const found = guard === null ? null : await this.#parts.chain.transaction(txid);
    if (guard === null || found === null) return; // it left the mempool meanwhile; a block tells if it is there
    const coins = new Map<string, string>();
    for (const outpoint of outpointsOf(readTransaction(found.raw).transaction)) {
      const coin = this.#parts.store.coin(outpoint);
      if (coin !== undefined) coins.set(nameOf(outpoint), coin.wallet);
    }
    const seen = { raw: found.raw, block: null };
    const alerts = unexplainedSpends(seen, coins, guard) ?? [];
    if (alerts.length === 0) this.#keepExplained(txid);
    for (const alert of alerts) this.#suspect(alert, seen, coins);
  }

  #judgeConfirmed(wallet: string, spend: StoredSpend, guard: Guard): void {
    const { txid, height, time, raw, outpoints } = spend;
    const seen = { raw, block: { height, time } };
    const coins = new Map(outpoints.map((outpoint) => [outpoint, wallet]));
    const alerts = unexplainedSpends(seen, coins, guard) ?? [];
    if (alerts.length === 0) this.#parts.store.judge(wallet, txid);
    for (const alert of alerts) this.#suspect(alert, seen, coins);
  }

  /** A block's word takes the place of the mempool's; the time of grace runs from the first. */
  #suspect(
    { wallet, transaction }: UnexplainedSpend,
    seen: SeenTransaction,
    coins: ReadonlyMap<string, string>,
  ): void {
    const key = `${wallet}/${transaction}`;
    const known = this.#suspects.get(key);
    if (known !== undefined && (known.seen.block !== null || seen.block === null)) return;
    this.#suspects.set(key, {
      seen,
      coins,
      noticedAt: known?.noticedAt ?? this.#parts.elapsedMs(),
    });
  }

  #settleSuspects(guard: Guard): void {
    for (const [key, suspect] of this.#suspects) {
      if (!this.#isRipe(suspect)) continue;
      for (const alert of unexplainedSpends(suspect.seen, suspect.coins, guard) ?? [])
        if (key === `${alert.wallet}/${alert.transaction}`) this.#raise(alert);
      this.#suspects.delete(key);
    }
  }

  #isRipe({ noticedAt }: Suspect): boolean {
    const waitedMs = this.#parts.elapsedMs() - noticedAt;
    const readAt = this.#parts.log()?.readAt ?? 0;
    return waitedMs >= LOG_GRACE_MS || (waitedMs >= GRACE_MS && readAt > noticedAt);
  }

  #raise(alert: UnexplainedSpend): void {
    const { store, alarm, now } = this.#parts;
    const { wallet, txid, transaction, outpoints, height } = alert;
    if (store.alert(alert) === null) {
      const where = height === null ? 'in the mempool' : `in block ${String(height)}`;
      const coins = outpoints.length === 1 ? 'a coin' : `${String(outpoints.length)} coins`;
      alarm(
        'spend',
        `${coins} of wallet ${wallet} spent without a receipt of its signer\n${txid} ${where}: somebody has the keys of this wallet. It is frozen from here.`,
        { wallet, transaction, txid, outpoints },
      );
    }
    store.inOneUnit(() => {
      store.addAlert(alert, now());
      if (height !== null) store.judge(wallet, txid);
    });
  }

  #keepExplained(txid: string): void {
    if (this.#explained.size >= EXPLAINED_KEPT) this.#explained.clear();
    this.#explained.add(txid);
  }
}

function nameOf([txid, vout]: readonly [string, number]): string {
  return `${txid}:${String(vout)}`;
}

function outpointOf(coin: OpenCoin | undefined): readonly [string, number] {
  const [txid = '', vout = '-1'] = coin?.outpoint.split(':') ?? [];
  return [txid, Number(vout)];
}
