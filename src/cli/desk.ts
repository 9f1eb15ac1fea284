import { join } from 'node:path';
import type { Api } from '../client/api.ts';
import type { Followed } from '../client/log-follower.ts';
import { LogFollower } from '../client/log-follower.ts';
import type { LogReader } from '../client/log-reader.ts';
import { newSessionKey } from '../client/proof-key.ts';
import { apiOf, openSession } from '../client/session.ts';
import type { LogPosition } from '../client/statements.ts';
import { emptyLog } from '../client/statements.ts';
import { assert } from '../core/base/assert.ts';
import { toHex } from '../core/base/bytes.ts';
import { explainCode } from '../core/base/codes.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { parseCheckpoint } from '../core/log/checkpoint.ts';
import { parseNote } from '../core/log/note.ts';
import type { State, WalletRecord } from '../core/log/state.ts';
import { createState } from '../core/log/state.ts';
import type { Call } from './command.ts';
import { FileLogStore } from './file-log-store.ts';
import type { Profile } from './profile.ts';
import { profileOf } from './profile.ts';
import { dropSession, keepSession, keptSession } from './session-file.ts';
import type { UnlockedDevice } from './unlock.ts';
import { unlockDevice } from './unlock.ts';

/** How often and how long to look for an entry that was just accepted: a checkpoint follows within a second. */
const DELIVERY_TRIES = 20;
const DELIVERY_PAUSE_MS = 250;

/** How long a "no" waits for the newest log, where a sentinel takes it without. */
const LOG_MS = 10_000;

/** What a "no" stands on. */
export interface Standpoint extends Followed {
  /** False when it is what this device verified before, and the log cannot be followed from there. */
  readonly isCurrent: boolean;
}

/** What a command about one wallet begins with. */
export interface AtWallet {
  readonly followed: Followed;
  readonly wallet: WalletRecord;
  readonly api: Api;
}

/**
 * Where a member works in one call: his key, unlocked when first needed; a session; and the log, followed and
 * folded here. What is shown and signed comes from the fold; the server is asked to do things, not what is true.
 */
export class Desk {
  readonly profile: Profile;
  readonly #call: Call;
  readonly #store: FileLogStore;
  #device: UnlockedDevice | null = null;
  #api: Api | null = null;
  #follower: LogFollower | null = null;
  #last: Promise<unknown> = Promise.resolve();
  /** Whether the session is one of a former call. */
  #kept = false;
  /** What a session statement names as the log. */
  #position = () => this.#keptPosition();

  constructor(call: Call) {
    this.#call = call;
    this.profile = profileOf(call);
    this.#store = new FileLogStore(join(this.profile.home, 'log', this.profile.genesis));
  }

  /** The unlocked device. Codes: `key.*`. */
  async device(): Promise<Result<UnlockedDevice>> {
    if (this.#device !== null) return ok(this.#device);
    const unlocked = await unlockDevice(this.#call, this.profile);
    if (unlocked.ok) this.#device = unlocked.value;
    return unlocked;
  }

  /** The API with an open session. Codes: `key.*`, the server's. */
  async api(): Promise<Result<Api>> {
    if (this.#api !== null) return ok(this.#api);
    const { server, genesis } = this.profile;
    const now = this.#call.io.now();
    const kept = keptSession(this.profile, now);
    this.#kept = kept !== null;
    if (kept !== null) return ok((this.#api = apiOf(server, kept.key)));
    const device = await this.device();
    if (!device.ok) return device;
    const log = this.#position();
    const opened = await openSession({ server, org: genesis, device: device.value, log, now });
    if (!opened.ok) return opened;
    keepSession(this.profile, opened.value);
    return ok((this.#api = apiOf(server, opened.value.key)));
  }

  /** The state up to the newest checkpoint, verified and folded here. Codes: of {@link api} and LogFollower. */
  follow(): Promise<Result<Followed>> {
    // One after the other: one that was given up may still be under way, and two would fold the same entries twice.
    const mine = this.#last.then(() => this.#follow());
    this.#last = mine.catch(() => undefined); // whoever asked hears of it
    return mine;
  }

  async #follow(): Promise<Result<Followed>> {
    const api = await this.api();
    if (!api.ok) return api;
    this.#follower ??= this.#followerOf(api.value.log());
    const followed = await this.#follower.follow();
    if (followed.ok || !this.#kept) return followed;
    if (explainCode(followed.refusal.code).status !== 401) return followed;
    // The server ended the session that was kept (a restart, a suspicion): once, it is opened anew.
    dropSession(this.profile);
    this.#api = null;
    this.#follower = null;
    return this.#follow();
  }

  /** A wallet of the followed log, and the API. Codes: of {@link follow}, `wallet.unknown`. */
  async atWallet(id: string): Promise<Result<AtWallet>> {
    const followed = await this.follow();
    if (!followed.ok) return followed;
    const wallet = followed.value.state.wallets.get(id);
    if (wallet === undefined) return refuse('wallet.unknown', { wallet: id });
    const api = await this.api();
    return api.ok ? ok({ followed: followed.value, wallet, api: api.value }) : api;
  }

  /**
   * What a "no" stands on: the followed log; where it cannot be followed, the last position that this device verified;
   * where there is none, the beginning. Who forks, cuts or withholds a log must not thereby silence those who object.
   * Without sentinels nothing goes on where the server is away, codes of {@link api}; with them codes `key.*`.
   */
  async followedOrKept(): Promise<Result<Standpoint>> {
    this.#position = () => emptyLog; // a session is refused to nobody for what his device has seen
    const { genesis, sentinels } = this.profile;
    // Who has no sentinel has nobody but the server; and a passphrase that is wrong is no trouble of the log.
    const ready = await (sentinels.length === 0 ? this.api() : this.#keyOrSession());
    if (!ready.ok) return ready;
    const followed = await tried(() =>
      sentinels.length === 0 ? this.follow() : inTime(this.follow()),
    );
    if (followed.ok) return ok({ ...followed.value, isCurrent: true });
    const reader = apiOf(this.profile.server, newSessionKey()).log();
    const kept = await tried(() => this.#followerOf(reader).kept());
    const last = kept.ok
      ? kept.value
      : { state: createState(genesis), log: emptyLog, note: '', skipped: [] };
    for (const line of [
      'WARNING: the log cannot be followed.',
      `  ${followed.why}`,
      `What you sign stands on what this device verified before: ${String(last.log.size)} entries.`,
      'Tell the security officer and the other members over another channel.',
    ])
      this.#call.io.say(line);
    return ok({ ...last, isCurrent: false });
  }

  /** The leaf of an entry that was followed. */
  leaf(index: number): Uint8Array {
    const [leaf] = [...this.#store.leaves(index + 1)].slice(-1);
    assert(leaf !== undefined, 'only an entry that was followed is asked for');
    return leaf;
  }

  /** The followed log, or null whatever the trouble: for a second look after something was sent. */
  async lookAgain(): Promise<Followed | null> {
    const followed = await tried(() => this.follow());
    return followed.ok ? followed.value : null;
  }

  /**
   * Whether a statement stands in the log, under a checkpoint verified here (design 3, "Proof of delivery"). False
   * after some seconds: the server said yes, but has not shown it.
   */
  delivered(digest: string): Promise<boolean> {
    return this.stands(({ statements }) => statements.has(digest));
  }

  /** As {@link delivered}, for whatever the log shall show. */
  async stands(shows: (state: State) => boolean): Promise<boolean> {
    return (await this.#shown(shows)) !== null;
  }

  /** As {@link delivered}: the size of the checkpoint under which it stands, or null. */
  async checkpointOf(digest: string): Promise<number | null> {
    const followed = await this.#shown(({ statements }) => statements.has(digest));
    return followed?.log.size ?? null;
  }

  async #shown(shows: (state: State) => boolean): Promise<Followed | null> {
    for (let attempt = 0; attempt < DELIVERY_TRIES; attempt++) {
      const followed = await this.lookAgain();
      if (followed === null) return null;
      if (shows(followed.state)) return followed;
      await new Promise((resolve) => setTimeout(resolve, DELIVERY_PAUSE_MS));
    }
    return null;
  }

  /** Something to go on with: a session of a former call, else the unlocked device. */
  async #keyOrSession(): Promise<Result<unknown>> {
    const kept = keptSession(this.profile, this.#call.io.now());
    return kept === null ? this.device() : ok(kept);
  }

  #followerOf(reader: LogReader): LogFollower {
    const { genesis } = this.profile;
    return new LogFollower({ genesis, reader, store: this.#store });
  }

  /** The last checkpoint kept, read without folding: a session statement proves nothing by it. */
  #keptPosition(): LogPosition {
    const note = parseNote(this.#store.head()?.note ?? '');
    const head = note.ok ? parseCheckpoint(note.value.text) : note;
    return head.ok ? { size: head.value.size, root: toHex(head.value.root) } : emptyLog;
  }
}

/** Whoever has a sentinel to say "no" to does not wait for a server that hangs. Throws when it takes longer. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => {
      fail(new Error(`the server shows no log within ${String(LOG_MS / 1_000)} seconds`));
    }, LOG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

type Tried<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** The value, or in words why there is none, be it a refusal, a fault or a bug: what failed here must not stop a "no". */
async function tried<T>(work: () => Promise<Result<T>>): Promise<Tried<T>> {
  try {
    const done = await work();
    if (done.ok) return done;
    const { code } = done.refusal;
    return { ok: false, why: `${code}: ${explainCode(code).meaning}` };
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
}
