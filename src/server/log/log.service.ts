import { Injectable } from '@nestjs/common';
import type { State } from '../../core/log/state.ts';
import { UnitOfWork } from '../database/unit-of-work.ts';
import type { Sql } from '../database/sql.ts';
import { Unavailable } from '../http/unavailable.ts';
import { BlobStore } from './blob.store.ts';
import type { LogHead, LogKind, NumberedLeaf } from './entry.store.ts';
import { EntryStore } from './entry.store.ts';
import { Fold } from './fold.ts';

/**
 * The log as this process knows it. The state may be some milliseconds ahead of the last commit while a batch is being
 * written; heads, tiles and entries never are. When a batch fails, nothing is served until the log was read again.
 */
@Injectable()
export class LogService {
  readonly #heads = new Map<LogKind, LogHead>();
  #ready = false;

  constructor(
    private readonly fold: Fold,
    private readonly entries: EntryStore,
    private readonly blobs: BlobStore,
    private readonly work: UnitOfWork,
  ) {}

  get ready(): boolean {
    return this.#ready;
  }

  /** The state of the organisation. Throws Unavailable while the log is being read. */
  state(): State {
    if (!this.#ready) throw new Unavailable('the log is being read');
    return this.fold.state;
  }

  /** The last committed head. Throws Unavailable while there is none. */
  head(kind: LogKind): LogHead {
    const head = this.#heads.get(kind);
    if (head === undefined || !this.#ready) throw new Unavailable('the log is being read');
    return head;
  }

  /** Whether this process has read all that any process had committed when it was asked. Throws Unavailable. */
  async isCurrent(): Promise<boolean> {
    const heads = await this.entries.heads(this.work.plain);
    const committed = heads.find(({ kind }) => kind === 'organisation')?.size ?? 0;
    return this.head('organisation').size >= committed;
  }

  /** Committed entries from an index on. Requires from + limit within the head's size. */
  leaves(from: number, limit: number): Promise<readonly NumberedLeaf[]> {
    const { origin } = this.head('organisation');
    return this.entries.read(this.work.plain, { origin, from, limit });
  }

  /** A blob by its address, or undefined. */
  async blob(sha256: string): Promise<Uint8Array | undefined> {
    const known = this.fold.cache.get(sha256);
    if (known !== undefined) return known;
    const [found] = await this.blobs.read(this.work.plain, [sha256]);
    return found?.bytes;
  }

  /**
   * Reads what the log holds beyond this process's state. False when there is no log yet. For the owner of the fold only:
   * the sequencer's loop.
   */
  async follow(sql: Sql, seen: (leafHash: string, index: number) => void): Promise<boolean> {
    const heads = await this.entries.heads(sql);
    const head = heads.find(({ kind }) => kind === 'organisation');
    if (head === undefined) return false;
    try {
      await this.fold.catchUp(sql, head, seen);
    } catch (error) {
      this.lose();
      throw error;
    }
    this.committed(heads);
    this.#ready = true;
    return true;
  }

  /** New heads were committed. */
  committed(heads: readonly LogHead[]): void {
    for (const head of heads) this.#heads.set(head.kind, head);
  }

  /** What was folded may not be in the log: it is forgotten, and nothing is served until it was read again. */
  lose(): void {
    this.#ready = false;
    this.fold.reset();
  }
}
