import { Injectable, Logger } from '@nestjs/common';
import { SPENDERS_ASKED } from '../../core/base/limits.ts';
import type { Guard, SeenTransaction, UnexplainedSpend } from '../../core/watch/watchman.ts';
import { guardOf, standingAlerts, unexplainedSpends } from '../../core/watch/watchman.ts';
import { ChainService } from '../chain/chain.service.ts';
import { LogService } from '../log/log.service.ts';
import { FactWriter } from '../signing/fact-writer.ts';
import type { BlockSpend, OpenCoin } from './spend.store.ts';
import { SpendStore } from './spend.store.ts';

/** How often the mempool is asked: of a node 240,000 coins have had their turn within a minute. */
const MEMPOOL_MS = 5_000;
/** Spends in blocks that one look judges. */
const SPENDS_AT_ONCE = 500;
/** How long a receipt may be under way between processes while its transaction is seen already. */
const GRACE_MS = 5_000;
/** Transactions in the mempool that are known to be explained. */
const EXPLAINED_KEPT = 10_000;

interface Suspect {
  readonly seen: SeenTransaction;
  readonly coins: ReadonlyMap<string, string>;
  readonly noticedAt: number;
}

const start: Pick<BlockSpend, 'height' | 'txid' | 'wallet'> = { height: -1, txid: '', wallet: '' };

/**
 * Asks of every spend of our coins, in the mempool and in blocks, which receipt explains it; for one process at a time. What is
 * due follows from the log and the followed coins, so that a killed process misses nothing: who begins anew reads all
 * spends again. The alert is told here at once and stands in the log.
 */
@Injectable()
export class WatchmanService {
  readonly #logger = new Logger('watchman');
  readonly #suspects = new Map<string, Suspect>();
  readonly #explained = new Set<string>();
  readonly #told = new Set<string>();
  #counted = { size: -1, alerts: 0 };
  #mempoolAt = 0;
  #openAfter = '';
  #judged = start;
  #judgedBlock: { readonly height: number; readonly hash: string } | null = null;

  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    private readonly spends: SpendStore,
    private readonly facts: FactWriter,
  ) {}

  /** How many alerts no receipt has explained since, and hot keys that are lost. */
  get standing(): number {
    const state = this.log.state();
    const { size } = state.tree;
    const alerts = (): number => standingAlerts(state).length + state.leaks.length;
    if (this.#counted.size !== size) this.#counted = { size, alerts: alerts() };
    return this.#counted.alerts;
  }

  /** One look at what the node and the follower know. */
  async look(): Promise<void> {
    const guard = guardOf(this.log.state());
    if (performance.now() >= this.#mempoolAt) {
      await this.#lookAtMempool(guard);
      this.#mempoolAt = performance.now() + MEMPOOL_MS;
    }
    await this.#lookAtBlocks(guard);
    await this.#settle();
    for (const { wallet, proposal, earlier } of this.log.state().leaks)
      this.#tell(
        `ALERT: the hot key of ${wallet} is lost: its signatures of ${proposal} and ${earlier} share a nonce`,
      );
  }

  async #lookAtMempool(guard: Guard): Promise<void> {
    const { view } = this.chain;
    for (let left = view.spendersALook; left > 0; left -= SPENDERS_ASKED) {
      const most = Math.min(left, SPENDERS_ASKED);
      const open = await this.spends.open(this.#openAfter, most);
      const spenders = await view.spenders(open.map(({ outpoint }) => outpoint));
      for (const txid of new Set(spenders.values())) {
        const spent = open.filter(({ outpoint }) => spenders.get(outpoint) === txid);
        if (!this.#explained.has(txid)) await this.#judgeWaiting(txid, spent, guard);
      }
      // Behind the last coin the first has its turn again, with the next look.
      const last = open.at(-1);
      this.#openAfter = last === undefined || open.length < most ? '' : last.outpoint;
      if (open.length < most) return;
    }
  }

  async #judgeWaiting(txid: string, spent: readonly OpenCoin[], guard: Guard): Promise<void> {
    const found = await this.chain.view.transaction(txid);
    if (found === null) return; // it left the mempool meanwhile; a block tells if it is there
    const seen = { raw: found.raw, block: null };
    const coins = new Map(spent.map(({ outpoint, wallet }) => [outpoint, wallet]));
    const alerts = unexplainedSpends(seen, coins, guard);
    if (alerts === null) return;
    if (alerts.length === 0) {
      this.#keepExplained(txid); // a fee bump or a cancel proposal of ours takes another's place, too
      return;
    }
    for (const rival of await this.spends.rivals([...coins.keys()], txid))
      this.#tell(`${txid} takes the place of our ${rival} in the mempool: one of them can confirm`);
    this.#suspect(`${txid}/mempool`, seen, coins);
  }

  async #lookAtBlocks(guard: Guard): Promise<void> {
    // A reorganisation puts other spends into blocks that were looked at: all are looked at again.
    const last = this.#judgedBlock;
    if (last !== null && !(await this.spends.stands(last))) this.#judged = start;
    const tip = await this.spends.tip();
    for (;;) {
      const found = await this.spends.spends(this.#judged, SPENDS_AT_ONCE);
      for (const spend of found) this.#judgeConfirmed(spend, guard);
      const end = found.at(-1);
      if (end !== undefined) this.#judged = end;
      if (found.length < SPENDS_AT_ONCE) break;
    }
    this.#judgedBlock = tip;
  }

  #judgeConfirmed(spend: BlockSpend, guard: Guard): void {
    const { height, txid, wallet, outpoints, raw, time } = spend;
    const seen = { raw, block: { height, time } };
    const coins = new Map(outpoints.map((outpoint) => [outpoint, wallet]));
    const alerts = unexplainedSpends(seen, coins, guard) ?? [];
    if (alerts.length > 0) this.#suspect(`${txid}/${wallet}/${String(height)}`, seen, coins);
  }

  #suspect(key: string, seen: SeenTransaction, coins: ReadonlyMap<string, string>): void {
    const known = this.#suspects.get(key);
    const noticedAt = known?.noticedAt ?? performance.now();
    const all = new Map([...(known?.coins ?? []), ...coins]);
    this.#suspects.set(key, { seen, coins: all, noticedAt });
  }

  /** Raises the alert of what no receipt has explained in the time of grace. */
  async #settle(): Promise<void> {
    for (const [key, { seen, coins, noticedAt }] of this.#suspects) {
      if (performance.now() - noticedAt < GRACE_MS) continue;
      const alerts = unexplainedSpends(seen, coins, guardOf(this.log.state())) ?? [];
      for (const alert of alerts) await this.#raise(alert);
      this.#suspects.delete(key);
    }
  }

  async #raise(alert: UnexplainedSpend): Promise<void> {
    const { wallet, txid, outpoints, height } = alert;
    const known = this.log.state().alerts.get(`${wallet}/${txid}`);
    if (known !== undefined && (known.height !== null || height === null)) return;
    const where = height === null ? 'in the mempool' : `in block ${String(height)}`;
    this.#tell(
      `ALERT: ${txid} ${where} spends ${outpoints.join(', ')} of wallet ${wallet}, and no receipt explains it`,
    );
    await this.facts.write({ fact: 'alert', ...alert, outpoints: [...outpoints] });
  }

  /** Each line once. */
  #tell(line: string): void {
    if (this.#told.has(line)) return;
    if (this.#told.size >= EXPLAINED_KEPT) this.#told.clear();
    this.#told.add(line);
    this.#logger.error(line);
  }

  #keepExplained(txid: string): void {
    if (this.#explained.size >= EXPLAINED_KEPT) this.#explained.clear();
    this.#explained.add(txid);
  }
}
