import { setTimeout as pause } from 'node:timers/promises';
import type { Api } from '../client/api.ts';
import { HttpFault } from '../client/http.ts';
import type { LogFollower } from '../client/log-follower.ts';
import { SENTINEL_SECONDS, STATEMENT_SECONDS } from '../core/base/limits.ts';
import type { Refusal, Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import type { Sentinel } from './sentinel.ts';
import { awayLines, withheldLines } from './tidings.ts';

export interface LogWatchParts {
  readonly sentinel: Sentinel;
  readonly follower: LogFollower;
  readonly api: Pick<Api, 'freeze'>;
  readonly now: () => Seconds;
}

/** What a look at the log came to. */
export type Looked = Result<null> | { readonly fault: string };

/** How long a notice waits for the log: its signer waits for the acknowledgement. */
const REFRESH_MS = 2_000;
/** How long the server may show less than a signer has proven: a checkpoint takes a second to be everywhere. */
const WITHHELD_SECONDS = 60;
/** Between two attempts to lay a freeze into the log: a checkpoint follows within a second. */
const LAY_SECONDS = 5;

/**
 * Follows the log, tells when it cannot be followed, and lays this sentinel's own freezes into it. Nothing else of a sentinel
 * depends on it: the mailbox takes and gives while the server is away, or lies.
 */
export class LogWatch {
  readonly #parts: LogWatchParts;
  #followedAt: Seconds;
  #behindSince: Seconds | null = null;
  #why = '';
  #laidAt = 0;
  #readAtMs: number | null = null;
  #running: Promise<Looked> | null = null;

  constructor(parts: LogWatchParts) {
    this.#parts = parts;
    this.#followedAt = parts.now();
  }

  /** For the status. */
  following(): Readonly<Record<string, unknown>> {
    return { at: formatTime(this.#followedAt), ...(this.#why === '' ? {} : { why: this.#why }) };
  }

  /** Takes in what is kept here, before anything is asked for. */
  async restore(): Promise<void> {
    const { sentinel, follower } = this.#parts;
    const kept = await follower.kept();
    if (kept.ok) sentinel.read(kept.value.state, kept.value.note);
  }

  /** When the log was read to its end last, by `performance.now()`; null before the first time. */
  get readAtMs(): number | null {
    return this.#readAtMs;
  }

  /** Reads what has come since this was called, or gives up soon. */
  async refresh(): Promise<void> {
    const read = async () => {
      const joined = this.#running !== null;
      await this.follow();
      if (joined) await this.follow();
    };
    await Promise.race([read(), pause(REFRESH_MS)]);
  }

  /** Once; who calls meanwhile gets the same. Codes: those of the follower; `log.fork`. What the network does is no refusal. */
  follow(): Promise<Looked> {
    this.#running ??= this.#look().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #look(): Promise<Looked> {
    try {
      const done = await this.#follow();
      if (done.ok) await this.#layFreezes();
      this.#why = done.ok ? '' : done.refusal.code;
      return done;
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      this.#why = error.message;
      return { fault: error.message };
    } finally {
      this.#tell();
    }
  }

  async #follow(): Promise<Result<null>> {
    const { sentinel, follower, now } = this.#parts;
    const began = performance.now();
    const followed = await follower.follow();
    if (!followed.ok) {
      if (followed.refusal.code === 'log.fork') this.#forked(followed.refusal);
      return followed;
    }
    const read = sentinel.read(followed.value.state, followed.value.note);
    if (!read.ok) return read;
    this.#followedAt = now();
    this.#readAtMs = began;
    const behind = followed.value.log.size < sentinel.witness.head().size;
    this.#behindSince = behind ? (this.#behindSince ?? now()) : null;
    return ok(null);
  }

  /** The follower keeps its own log; the server shows another, by the same key. */
  #forked({ facts }: Refusal): void {
    const text =
      'The server shows another log than before\nBoth are signed by its key. Freeze every wallet, and look into the server.';
    this.#parts.sentinel.alarm('fork', text, facts);
  }

  #tell(): void {
    const { sentinel, now } = this.#parts;
    const size = sentinel.state()?.tree.size ?? 0;
    const head = sentinel.witness.head().size;
    if (this.#behindSince !== null && now() - this.#behindSince > WITHHELD_SECONDS)
      sentinel.alarm('withheld', withheldLines(head, size), { head, size });
    if (now() - this.#followedAt > SENTINEL_SECONDS) {
      const since = this.#followedAt;
      sentinel.alarm('away', awayLines(since, this.#why), { since });
    }
  }

  /** Again until the log holds them, or they have expired. */
  async #layFreezes(): Promise<void> {
    const { sentinel, api, now } = this.#parts;
    if (now() < this.#laidAt + LAY_SECONDS) return;
    const state = sentinel.state();
    for (const { digest, text, signature, reason, at } of sentinel.ownFreezes()) {
      if (at + STATEMENT_SECONDS < now() || state?.statements.has(digest) !== false) continue;
      this.#laidAt = now();
      await api.freeze({ digest, statement: text, signature }, reason);
    }
  }
}
