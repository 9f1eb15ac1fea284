import { Injectable, Logger } from '@nestjs/common';
import { ok } from '../../core/base/result.ts';
import type { Refusal, Result } from '../../core/base/result.ts';
import { leafHash } from '../../core/log/merkle.ts';
import type { State } from '../../core/log/state.ts';
import { ServerConfig, StartRefused } from '../config.ts';
import { isDataError } from '../database/database-fault.ts';
import type { SessionLock } from '../database/session-lock.ts';
import { locks } from '../database/session-lock.ts';
import type { Sql } from '../database/sql.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import { Batcher } from '../http/batcher.ts';
import { AccessLog } from './access-log.ts';
import { ANSWER_MS, BATCH_ENTRIES, BATCH_PENDING, POLL_MS } from './bounds.ts';
import type { LogHead, LogKind, NumberedLeaf } from './entry.store.ts';
import type { Fold } from './fold.ts';
import { EntryFault } from './fold.ts';
import { checkLogKey, found } from './founding.ts';
import type { LogKey } from './log-key.ts';
import { LogParts } from './log-parts.ts';
import type { LogStores } from './log-parts.ts';
import type { LogService } from './log.service.ts';
import { Notifications, channels } from './notifications.ts';
import type { Submission } from './pending.store.ts';
import type { NumberedEntry } from './projection.store.ts';
import type { Ticket } from './tickets.ts';
import { Tickets, storedIds } from './tickets.ts';
import { Alarm } from './alarm.ts';

/** Writes more in the unit of work that numbers entries: rows, jobs. */
export type Participant = (
  sql: Sql,
  entries: readonly NumberedEntry[],
  state: State,
) => Promise<void>;

/** Told of entries once they are committed. */
export type Listener = (entries: readonly NumberedEntry[]) => void;

/** A batch on its way into the log. */
interface Batch {
  readonly leaves: Readonly<Record<LogKind, NumberedLeaf[]>>;
  readonly applied: NumberedEntry[];
  readonly numbered: { readonly ticket: Ticket; readonly index: number }[];
  readonly refused: { readonly ticket: Ticket; readonly refusal: Refusal }[];
  /** Blobs that came with the numbered ones: they are stored with the batch, and only then may other entries lean on them. */
  readonly blobs: Map<string, Uint8Array>;
}

const kinds: readonly LogKind[] = ['organisation', 'access'];
const RETRY_MS = 500;

/**
 * The one writer of the log. Of all server processes the one that holds the lock numbers pending entries in batches: it folds
 * them, writes entries, pictures, jobs and checkpoint in one unit of work, and answers after the commit. While one batch is
 * being committed the next forms. The others follow and take over when the lock is free.
 */
@Injectable()
export class SequencerService {
  readonly #logger = new Logger('sequencer');
  readonly #tickets = new Tickets();
  readonly #access = new AccessLog();
  readonly #alarm = new Alarm();
  readonly #participants: Participant[] = [];
  readonly #listeners: Listener[] = [];
  readonly #pending: Batcher<Submission, string>;
  readonly #notifications: Notifications;
  #leading = false;
  #pollAt = 0;
  #stopping = false;
  #running: Promise<void> | null = null;

  readonly #log: LogService;
  readonly #fold: Fold;
  readonly #key: LogKey;
  readonly #stores: LogStores;

  constructor(
    private readonly config: ServerConfig,
    private readonly work: UnitOfWork,
    parts: LogParts,
  ) {
    this.#log = parts.log;
    this.#fold = parts.fold;
    this.#key = parts.key;
    this.#stores = parts.stores;
    this.#pending = new Batcher(
      (items) => this.#stores.pending.add(this.work.plain, items),
      BATCH_PENDING,
    );
    this.#notifications = new Notifications(config.databaseUrl, (channel) => {
      if (channel === channels.pending) this.#pollAt = 0;
      this.#alarm.ring();
    });
  }

  /** True in the one process that writes. */
  get leading(): boolean {
    return this.#leading;
  }

  /** Registers a part of the unit of work. Called before {@link start}. */
  participate(participant: Participant): void {
    this.#participants.push(participant);
  }

  /** Registers who is told of what this process committed. What he throws is logged and is nobody else's matter. */
  afterCommit(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Begins to follow or to write. Resolves when the log was read; throws StartRefused when it must not be served. */
  async start(): Promise<void> {
    await this.#notifications.open();
    await new Promise<void>((ready, refused) => {
      this.#running = this.#run(ready, refused);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#alarm.ring();
    await this.#running;
    await this.#notifications.close();
  }

  /**
   * Hands in one entry. Resolves to its index once it is committed, or to the refusal of the fold. Throws Unavailable when
   * the log cannot be written in time.
   */
  async submit(submission: Submission): Promise<Result<number>> {
    if (this.#leading) {
      const numbered = this.#tickets.hold(submission, ANSWER_MS);
      this.#alarm.ring();
      return numbered;
    }
    const id = await this.#pending.add(submission);
    for (const { sha256, bytes } of submission.blobs) this.#fold.cache.put(sha256, bytes);
    const outcome = this.#tickets.wait({ id, ...submission }, ANSWER_MS);
    await this.work.plain.query('SELECT pg_notify($1, $2)', [channels.pending, '']);
    return outcome;
  }

  async #run(ready: () => void, refused: (error: unknown) => void): Promise<void> {
    while (!this.#stopping) {
      try {
        const lock = await this.work.lock(locks.sequencer);
        if (lock === undefined) await this.#follow(ready);
        else await this.#lead(lock, ready);
      } catch (error) {
        if (error instanceof StartRefused) {
          refused(error);
          return;
        }
        this.#logger.error(error instanceof Error ? error.message : String(error));
        await this.#alarm.sleep(RETRY_MS);
      }
    }
    refused(new StartRefused('stopped'));
  }

  /** One look at what another process wrote. */
  async #follow(ready: () => void): Promise<void> {
    if (await this.#read(this.work.plain)) ready();
    await this.#handOver();
    await this.#alarm.sleep(POLL_MS);
  }

  /** What was handed in here while this process led, and is not in the log, is left to the one that leads now. */
  async #handOver(): Promise<void> {
    const held = this.#tickets.held();
    if (held.length === 0) return;
    const ids = await this.#stores.pending.add(this.work.plain, held);
    held.forEach((ticket, at) => {
      const id = ids[at];
      if (id !== undefined) this.#tickets.stored(ticket, id);
    });
    await this.work.plain.query('SELECT pg_notify($1, $2)', [channels.pending, '']);
  }

  async #lead(lock: SessionLock, ready: () => void): Promise<void> {
    try {
      if (!(await this.#read(lock.sql))) {
        await found(lock, {
          config: this.config,
          fold: this.#fold,
          key: this.#key,
          stores: this.#stores,
        });
        await this.#read(lock.sql);
      }
      await this.#access.load(lock.sql, this.#stores.entries, this.#log.head('access'));
      this.#leading = true;
      this.#pollAt = 0;
      ready();
      while (!this.#stopping) await this.#step(lock);
    } finally {
      this.#leading = false;
      this.#tickets.dropOthers();
      await lock.release();
    }
  }

  /** Reads the log and answers those whose entries stand in it or were refused elsewhere. False: there is no log yet. */
  async #read(sql: Sql): Promise<boolean> {
    const seen: (readonly [hash: string, index: number])[] = [];
    const read = await this.#log.follow(sql, (hash, index) => {
      if (this.#tickets.size > 0) seen.push([hash, index]);
    });
    if (!read) return false;
    // Only now: whoever is answered may ask for the state at once.
    for (const [hash, index] of seen) this.#tickets.found(hash, index);
    const charter = this.#fold.state.charter?.document.body;
    if (charter === undefined) throw new StartRefused('the log is of another genesis than GENESIS');
    checkLogKey(charter.log.key, this.#key);
    const refusals = await this.#stores.pending.refusals(sql, this.#tickets.own());
    for (const [id, refusal] of refusals) this.#tickets.refuse(id, refusal);
    return true;
  }

  async #step(lock: SessionLock): Promise<void> {
    if (performance.now() >= this.#pollAt) {
      // Before the read: what is announced meanwhile is looked for again.
      this.#pollAt = performance.now() + POLL_MS;
      const others = await this.#stores.pending.ofOthers(lock.sql, BATCH_ENTRIES);
      for (const entry of others) this.#tickets.adopt(entry);
    }
    const batch = this.#tickets.next(BATCH_ENTRIES);
    if (batch.length === 0) await this.#alarm.sleep(Math.max(0, this.#pollAt - performance.now()));
    else await this.#commit(lock, batch);
  }

  async #commit(lock: SessionLock, tickets: readonly Ticket[]): Promise<void> {
    try {
      const batch = await this.#number(lock.sql, tickets);
      const heads = this.#headsOf(batch);
      await lock.run((sql) => this.#write(sql, batch, heads));
      this.#log.committed(heads);
      for (const [sha256, bytes] of batch.blobs) this.#fold.cache.put(sha256, bytes);
      for (const { ticket, index } of batch.numbered) this.#tickets.answer(ticket.id, ok(index));
      for (const { ticket, refusal } of batch.refused) this.#tickets.refuse(ticket.id, refusal);
      this.#tell(batch.applied);
    } catch (error) {
      this.#log.lose();
      for (const ticket of tickets) ticket.alone = true;
      await this.#recover(lock, tickets, error);
    }
  }

  #tell(entries: readonly NumberedEntry[]): void {
    for (const listener of this.#listeners)
      try {
        listener(entries);
      } catch (error) {
        this.#logger.error(error instanceof Error ? error.message : String(error));
      }
  }

  /** Lets each entry take effect in order; what is refused is not numbered. */
  async #number(sql: Sql, tickets: readonly Ticket[]): Promise<Batch> {
    const batch: Batch = {
      leaves: { organisation: [], access: [] },
      applied: [],
      numbered: [],
      refused: [],
      blobs: new Map(),
    };
    for (const ticket of tickets) {
      const { leaf, kind } = ticket;
      const own = new Map(ticket.beside?.blobs.map(({ sha256, bytes }) => [sha256, bytes]));
      let index: number;
      if (kind === 'access') index = this.#access.tree.append(leafHash(leaf));
      else {
        const admission = await this.#fold.admit(
          sql,
          leaf,
          (sha256) => own.get(sha256) ?? batch.blobs.get(sha256),
        );
        if (admission.kind !== 'apply') {
          const refusal: Refusal =
            admission.kind === 'skip'
              ? admission.refusal
              : { code: 'log.blob.missing', facts: { blob: admission.blob } };
          batch.refused.push({ ticket, refusal });
          continue;
        }
        index = this.#fold.advance(leaf, admission);
        batch.applied.push({ index, entry: admission.entry });
        for (const [sha256, bytes] of own) batch.blobs.set(sha256, bytes);
      }
      const { tree } = kind === 'access' ? this.#access : this.#fold.state;
      batch.leaves[kind].push({ index, leaf, leafHash: tree.leaf(index) });
      batch.numbered.push({ ticket, index });
    }
    return batch;
  }

  /** The signed heads that the batch leads to, of the logs that it extends. */
  #headsOf(batch: Batch): readonly LogHead[] {
    return kinds.flatMap((kind) => {
      if (batch.leaves[kind].length === 0) return [];
      const tree = kind === 'access' ? this.#access.tree : this.#fold.state.tree;
      const { origin } = this.#log.head(kind);
      const head = { origin, size: tree.size, root: tree.root() };
      return [{ kind, ...head, note: this.#key.checkpoint(head) }];
    });
  }

  async #write(sql: Sql, batch: Batch, heads: readonly LogHead[]): Promise<void> {
    const { entries, pending, blobs, projections } = this.#stores;
    for (const head of heads)
      await entries.extend(sql, this.#log.head(head.kind).size, head, batch.leaves[head.kind]);
    const beside = batch.numbered.flatMap(({ ticket }) => ticket.beside ?? []);
    await blobs.add(
      sql,
      beside.flatMap((one) => one.blobs),
    );
    await pending.addTexts(
      sql,
      beside.flatMap((one) => one.texts),
    );
    const all = [...batch.numbered, ...batch.refused].map(({ ticket }) => ticket);
    await pending.remove(sql, storedIds(all));
    const elsewhere = batch.refused.filter(({ ticket }) => ticket.answer === null);
    await pending.refuse(
      sql,
      elsewhere.map(({ ticket, refusal }) => ({ id: ticket.id, refusal })),
    );
    await projections.project(sql, this.#fold.state, batch.applied);
    for (const participant of this.#participants)
      await participant(sql, batch.applied, this.#fold.state);
  }

  /**
   * After a failed batch: the log is read again, because the commit may have taken place. What is still missing is tried
   * entry by entry; one that fails on its own, in PostgreSQL or in the fold, is given up: it cannot hold the others back.
   */
  async #recover(lock: SessionLock, tickets: readonly Ticket[], error: unknown): Promise<void> {
    if (!(error instanceof EntryFault) && !isDataError(error)) throw error;
    this.#logger.warn(`a batch of ${tickets.length} was refused: ${String(error)}`);
    const [only] = tickets;
    const refusal: Refusal = { code: 'log.entry.invalid', facts: { reason: 'not storable' } };
    const isGivenUp = tickets.length === 1 && only !== undefined;
    if (isGivenUp)
      await lock.run(async (sql) => {
        await this.#stores.pending.remove(sql, storedIds([only]));
        if (only.answer === null)
          await this.#stores.pending.refuse(sql, [{ id: only.id, refusal }]);
      });
    await this.#read(lock.sql);
    await this.#access.load(lock.sql, this.#stores.entries, this.#log.head('access'));
    // Only now: whoever is answered may ask for the state at once.
    if (isGivenUp) this.#tickets.refuse(only.id, refusal);
  }
}
