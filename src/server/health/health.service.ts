import { Injectable } from '@nestjs/common';
import { ChainService } from '../chain/chain.service.ts';
import { Clock } from '../clock.ts';
import { RecoveryWatch } from '../coins/recovery-watch.ts';
import { locks } from '../database/session-lock.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { LogService } from '../log/log.service.ts';
import { SequencerService } from '../log/sequencer.service.ts';
import { ScreeningService } from '../screening/screening.service.ts';
import { WatchmanService } from '../watchman/watchman.service.ts';
import type { ReadinessView } from './health.schema.ts';

type Place = ReadinessView['log']['sequencer'];

interface Database {
  readonly followed: number | null;
  /** Keys of the locks of singletons that some process holds. */
  readonly held: ReadonlySet<number>;
  /** Code of what was wrong with the last question to the screening service. */
  readonly screening: string | null;
}

interface DatabaseRow {
  readonly followed: number | null;
  readonly held: readonly string[] | null;
  readonly screening: string | null;
}

/** How long an answer serves whoever asks next: the route is open, and each answer costs a query. */
const KEPT_MS = 500;

/** Who watches the coins: spends that no receipt explains, and recovery paths that open. */
@Injectable()
export class Lookouts {
  constructor(
    readonly watchman: WatchmanService,
    readonly recovery: RecoveryWatch,
  ) {}
}

/** The log, who writes it, who watches the coins for it, and who is asked about payees. */
@Injectable()
export class LogWriter {
  constructor(
    readonly log: LogService,
    readonly sequencer: SequencerService,
    readonly lookouts: Lookouts,
    readonly screening: ScreeningService,
  ) {}
}

/** Says whether this process can do its work. The node is not asked here: the follower does so all the time. */
@Injectable()
export class HealthService {
  #asked: { readonly at: number; readonly database: Promise<Database | null> } | null = null;

  constructor(
    private readonly work: UnitOfWork,
    private readonly writer: LogWriter,
    private readonly chain: ChainService,
    private readonly clock: Clock,
  ) {}

  async readiness(): Promise<ReadinessView> {
    const database = await this.#database();
    const { status } = this.chain;
    const { log, sequencer: writer } = this.writer;
    const placeOf = (key: number): Place => (database?.held.has(key) ? 'elsewhere' : 'nowhere');
    const size = log.ready ? log.head('organisation').size : null;
    const sequencer = writer.leading ? 'here' : placeOf(locks.sequencer);
    const follower = status.following ? 'here' : placeOf(locks.follower);
    const writes = database !== null && size !== null && sequencer !== 'nowhere';
    const sees = status.trouble === null && follower !== 'nowhere';
    const screening = this.writer.screening.status(database?.screening ?? null);
    const clears = !screening.required || screening.fault === null;
    return {
      status: writes ? (sees && clears ? 'ready' : 'degraded') : 'unready',
      database: database === null ? 'down' : 'up',
      log: { size, sequencer },
      chain: {
        source: status.source,
        fault: status.trouble?.code ?? null,
        warnings: [...status.warnings],
        tip: this.#tip(),
        follower: { process: follower, height: database?.followed ?? null },
      },
      screening: { ...screening },
      alerts: log.ready ? this.writer.lookouts.watchman.standing : null,
      recovery: this.writer.lookouts.recovery.maturing,
    };
  }

  #tip(): ReadinessView['chain']['tip'] {
    const { tip } = this.chain.status;
    if (tip === null) return null;
    const { height, hash, behind } = tip;
    return { height, hash, age: this.clock.now() - tip.time, behind };
  }

  #database(): Promise<Database | null> {
    const now = performance.now();
    if (this.#asked === null || now - this.#asked.at > KEPT_MS)
      this.#asked = { at: now, database: this.#askDatabase() };
    return this.#asked.database;
  }

  async #askDatabase(): Promise<Database | null> {
    try {
      // An advisory lock of one bigint shows with its upper half as classid and its lower as objid.
      const [row] = await this.work.plain.query<DatabaseRow>(
        `SELECT (SELECT max(height) FROM chain_block) AS followed,
           (SELECT failure FROM screening_contact) AS screening,
           (SELECT array_agg(objid::text) FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND classid = 0 AND objsubid = 1
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS held`,
      );
      const { followed = null, held = null, screening = null } = row ?? {};
      return { followed, held: new Set(held?.map(Number)), screening };
    } catch {
      return null;
    }
  }
}
