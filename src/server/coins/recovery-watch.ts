import { Injectable, Logger } from '@nestjs/common';
import { z } from 'zod';
import { RECOVERY_WARNING_SECONDS } from '../../core/base/limits.ts';
import { recoveryOpensIn } from '../../core/wallet/maturity.ts';
import { recoveriesOf } from '../../core/wallet/recovery.ts';
import { ChainService } from '../chain/chain.service.ts';
import { Clock } from '../clock.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { LogService } from '../log/log.service.ts';

/** Coins that fewer or other keys can spend by a recovery path: now, or within RECOVERY_WARNING_SECONDS. */
export interface Maturing {
  readonly open: number;
  readonly soon: number;
}

/** How often coins are counted, and how often people are told of the same wallet. */
const LOOK_MS = 60_000;
const TELL_SECONDS = 86_400;

const heightRow = z.object({ height: z.int(), coins: z.int() });

/**
 * Tells in time that the recovery path of a coin opens: from then on the keys of that path spend it without the signer and
 * its policy. Moving the coin closes the path again.
 */
@Injectable()
export class RecoveryWatch {
  readonly #logger = new Logger('recovery');
  readonly #counts = new Map<string, Maturing>();
  readonly #told = new Map<string, number>();
  #lookAt = 0;

  constructor(
    private readonly log: LogService,
    private readonly chain: ChainService,
    private readonly work: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** Over all wallets. Of the process that follows the chain; null in the others, which count no more, and before the first look. */
  get maturing(): Maturing | null {
    if (this.#lookAt === 0 || !this.chain.status.following) return null;
    const all = [...this.#counts.values()];
    const sum = (of: keyof Maturing): number => all.reduce((total, one) => total + one[of], 0);
    return { open: sum('open'), soon: sum('soon') };
  }

  /** Counts anew when it is time. */
  async look(): Promise<void> {
    if (performance.now() < this.#lookAt) return;
    const tip = await this.chain.followedTip();
    if (tip === null) return;
    for (const { id, wallet } of this.log.state().wallets.values()) {
      const recoveries = recoveriesOf(wallet.condition);
      // More paths than can be listed: nobody can tell when one opens.
      if (recoveries === null || recoveries.length === 0) continue;
      const counts = { open: 0, soon: 0 };
      const now = { height: tip.height, time: this.clock.now() };
      for (const { height, coins } of await this.#heights(id)) {
        const seconds = recoveryOpensIn(recoveries, height, now);
        if (seconds === 0) counts.open += coins;
        else if (seconds !== null && seconds <= RECOVERY_WARNING_SECONDS) counts.soon += coins;
      }
      this.#counts.set(id, counts);
      this.#tell(id, counts);
    }
    this.#lookAt = performance.now() + LOOK_MS;
  }

  async #heights(wallet: string): Promise<readonly z.output<typeof heightRow>[]> {
    const rows = await this.work.plain.query(
      `SELECT height, count(*)::integer AS coins FROM wallet_coin
       WHERE wallet = $1 AND spent_height IS NULL AND height IS NOT NULL GROUP BY height`,
      [wallet],
    );
    return rows.map((row) => heightRow.parse(row));
  }

  #tell(wallet: string, { open, soon }: Maturing): void {
    const now = this.clock.now();
    if (open + soon === 0 || now < (this.#told.get(wallet) ?? 0)) return;
    this.#told.set(wallet, now + TELL_SECONDS);
    this.#logger.error(
      `ALERT: of the coins of ${wallet} recovery keys can spend ${String(open)} now and ${String(soon)} within ${String(RECOVERY_WARNING_SECONDS / 86_400)} days: move them (propose --consolidate --refresh)`,
    );
  }
}
