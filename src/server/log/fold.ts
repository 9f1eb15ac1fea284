import { Injectable } from '@nestjs/common';
import { toHex } from '../../core/base/bytes.ts';
import type { SignatureCheck } from '../../core/approval/verify.ts';
import { verifyDeviceSignature } from '../../core/approval/verify.ts';
import type { Entry } from '../../core/log/entry.ts';
import { blobsOf, blobsOfCoins, parseEntry } from '../../core/log/entry.ts';
import type { Admission, BlobSource, State } from '../../core/log/state.ts';
import { admit, advance, createState } from '../../core/log/state.ts';
import { ServerConfig } from '../config.ts';
import type { Sql } from '../database/sql.ts';
import { VerifyPool } from '../verify/verify-pool.ts';
import { BlobCache } from './blob-cache.ts';
import { BlobStore } from './blob.store.ts';
import { PAGE_ENTRIES } from './bounds.ts';
import type { LogHead } from './entry.store.ts';
import { EntryStore } from './entry.store.ts';

/** Signatures that a handler verified, until the sequencer asks for them: nothing is verified twice in one process. */
const MEMO = 4_096;

export interface Admitted {
  readonly entry: Entry;
  readonly effect: Admission;
}

/** Core failed on an entry: a bug that another entry need not meet. */
export class EntryFault extends Error {
  constructor(cause: unknown) {
    super(`the fold failed on an entry: ${cause instanceof Error ? cause.message : ''}`, { cause });
    this.name = 'EntryFault';
  }
}

const nothing: BlobSource = () => undefined;

/** The state of this process, folded from the log. Only its owner, log.service or the sequencer, moves it. */
@Injectable()
export class Fold {
  #state: State;
  /** By key, what was signed and signature together: whether they match. */
  readonly #verified = new Map<string, boolean>();
  readonly cache = new BlobCache();

  constructor(
    private readonly config: ServerConfig,
    private readonly entries: EntryStore,
    private readonly blobs: BlobStore,
    private readonly pool: VerifyPool,
  ) {
    this.#state = createState(config.genesis);
  }

  get state(): State {
    return this.#state;
  }

  /** Forgets everything: what was folded may not have been committed. */
  reset(): void {
    this.#state = createState(this.config.genesis);
  }

  /** Verifies a device's signature and remembers the outcome for the fold. */
  readonly verify: SignatureCheck = (key, said, signature) => {
    const id = memoId(key, said, signature);
    const known = this.#verified.get(id);
    if (known !== undefined) return known;
    const matches = verifyDeviceSignature(key, said, signature);
    this.#verified.set(id, matches);
    this.#forgetOldest();
    return matches;
  };

  /** Has a device's signature verified in another thread, where there is one, so that {@link verify} knows it. */
  async verifyAhead(key: string, said: string, signature: string): Promise<void> {
    const id = memoId(key, said, signature);
    if (this.#verified.has(id)) return;
    this.#verified.set(id, await this.pool.verify(['device', key, said, signature]));
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = this.#verified.keys().next();
    if (this.#verified.size > MEMO && oldest.done !== true) this.#verified.delete(oldest.value);
  }

  /**
   * What a leaf would do, after its blobs were fetched: those beside it, which need not be stored yet, or those that are.
   * `missing` names one that is nowhere. Throws EntryFault.
   */
  async admit(sql: Sql, leaf: Uint8Array, beside = nothing): Promise<Admission> {
    // Kept for this entry: it may name more than the cache holds at once.
    const fetched = new Map<string, Uint8Array>();
    const blobs: BlobSource = (sha256) =>
      beside(sha256) ?? fetched.get(sha256) ?? this.cache.get(sha256);
    const tools = { blobs, verify: this.verify };
    for (;;) {
      const admission = orEntryFault(() => admit(this.#state, leaf, tools));
      if (admission.kind !== 'missing') return admission;
      const [found] = await this.blobs.read(sql, [admission.blob]);
      if (found === undefined) return admission;
      fetched.set(found.sha256, found.bytes);
      this.cache.put(found.sha256, found.bytes);
    }
  }

  /** Lets an admission take effect. Returns the index of the entry. Throws EntryFault: the state is to be forgotten then. */
  advance(leaf: Uint8Array, admission: Admission): number {
    return orEntryFault(() => advance(this.#state, leaf, admission));
  }

  /**
   * Folds what the log holds beyond the state, up to a head. `seen` is told of every leaf. Throws when the entries do not
   * lead to the root of the head or a blob that the fold needs is gone: then the database was edited, and this process
   * serves nothing from it.
   */
  async catchUp(
    sql: Sql,
    head: LogHead,
    seen: (leafHash: string, index: number) => void,
  ): Promise<void> {
    while (this.#state.tree.size < head.size) {
      const from = this.#state.tree.size;
      const limit = Math.min(PAGE_ENTRIES, head.size - from);
      const page = await this.entries.read(sql, { origin: head.origin, from, limit });
      if (page.length !== limit || page.some(({ index }, at) => index !== from + at))
        throw new Error(`bug or tampering: entries are missing from index ${from} on`);
      await this.#fetch(
        sql,
        page.map(({ leaf }) => leaf),
      );
      for (const { leaf, leafHash, index } of page) {
        const admission = await this.admit(sql, leaf);
        if (admission.kind === 'missing')
          throw new Error(
            `bug or tampering: entry ${index} names blob ${admission.blob}, not here`,
          );
        this.advance(leaf, admission);
        seen(toHex(leafHash), index);
      }
    }
    const root = toHex(this.#state.tree.rootAt(head.size));
    if (root !== toHex(head.root))
      throw new Error(`bug or tampering: the entries do not lead to the root of size ${head.size}`);
  }

  /** Fetches the blobs of several leaves in two reads instead of one a blob. */
  async #fetch(sql: Sql, leaves: readonly Uint8Array[]): Promise<void> {
    const entries = leaves.map(parseEntry).flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
    await this.#bring(sql, entries.flatMap(blobsOf));
    const coins = entries.flatMap((entry) =>
      entry.type === 'statement' && entry.coins !== null ? [entry.coins] : [],
    );
    const lists = coins
      .map((sha256) => this.cache.get(sha256))
      .filter((list) => list !== undefined);
    await this.#bring(sql, lists.flatMap(blobsOfCoins));
  }

  async #bring(sql: Sql, addresses: readonly string[]): Promise<void> {
    const missing = [...new Set(addresses)].filter((sha256) => !this.cache.has(sha256));
    for (const { sha256, bytes } of await this.blobs.read(sql, missing))
      this.cache.put(sha256, bytes);
  }
}

/** None of the three has a line break: so no two questions share an answer. */
function memoId(key: string, said: string, signature: string): string {
  return `${key}\n${said}\n${signature}`;
}

function orEntryFault<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new EntryFault(error);
  }
}
