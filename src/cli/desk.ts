import { join } from 'node:path';
import type { Api } from '../client/api.ts';
import type { Followed } from '../client/log-follower.ts';
import { LogFollower } from '../client/log-follower.ts';
import { apiOf, openSession } from '../client/session.ts';
import type { LogPosition } from '../client/statements.ts';
import { emptyLog } from '../client/statements.ts';
import { toHex } from '../core/base/bytes.ts';
import { explainCode } from '../core/base/codes.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import { parseCheckpoint } from '../core/log/checkpoint.ts';
import { parseNote } from '../core/log/note.ts';
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
  /** Whether the session is one of a former call. */
  #kept = false;

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
    const log = this.#keptPosition();
    const opened = await openSession({ server, org: genesis, device: device.value, log, now });
    if (!opened.ok) return opened;
    keepSession(this.profile, opened.value);
    return ok((this.#api = apiOf(server, opened.value.key)));
  }

  /** The state up to the newest checkpoint, verified and folded here. Codes: of {@link api} and LogFollower. */
  async follow(): Promise<Result<Followed>> {
    const api = await this.api();
    if (!api.ok) return api;
    this.#follower ??= new LogFollower({
      genesis: this.profile.genesis,
      reader: api.value.log(),
      store: this.#store,
    });
    const followed = await this.#follower.follow();
    if (followed.ok || !this.#kept) return followed;
    if (explainCode(followed.refusal.code).status !== 401) return followed;
    // The server ended the session that was kept (a restart, a suspicion): once, it is opened anew.
    dropSession(this.profile);
    this.#api = null;
    this.#follower = null;
    return this.follow();
  }

  /**
   * Whether a statement stands in the log, under a checkpoint verified here (design 3, "Proof of delivery"). False
   * after some seconds: the server said yes, but has not shown it.
   */
  async delivered(digest: string): Promise<boolean> {
    for (let attempt = 0; attempt < DELIVERY_TRIES; attempt++) {
      const followed = await this.follow();
      if (!followed.ok) return false;
      if (followed.value.state.statements.has(digest)) return true;
      await new Promise((resolve) => setTimeout(resolve, DELIVERY_PAUSE_MS));
    }
    return false;
  }

  /** The last checkpoint kept, read without folding: a session statement proves nothing by it. */
  #keptPosition(): LogPosition {
    const note = parseNote(this.#store.head()?.note ?? '');
    const head = note.ok ? parseCheckpoint(note.value.text) : note;
    return head.ok ? { size: head.value.size, root: toHex(head.value.root) } : emptyLog;
  }
}
