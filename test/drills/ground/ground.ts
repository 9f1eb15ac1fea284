import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { Api } from '../../../src/client/api.ts';
import { LogFollower } from '../../../src/client/log-follower.ts';
import { MemoryLogStore } from '../../../src/client/log-store.ts';
import { apiOf, openSession } from '../../../src/client/session.ts';
import type { Device } from '../../../src/client/statements.ts';
import { emptyLog } from '../../../src/client/statements.ts';
import { blobAddress } from '../../../src/core/base/digest.ts';
import type { Entry } from '../../../src/core/log/entry.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import type { State } from '../../../src/core/log/state.ts';
import { startPostgres } from '../../../src/server/database/embedded-postgres.ts';
import { migrate } from '../../../src/server/database/migrate.ts';
import { freePort } from '../../../src/start/demo/regtest-node.ts';
import { passed } from '../../support/psbt.ts';
import type { Organisation, OrganisationPlan } from './organisation.ts';
import { found, NETWORK, PASSPHRASE } from './organisation.ts';
import { Program } from './process.ts';

/** How long anything that comes by itself may take. */
const PATIENCE_MS = 120_000;
const PROBE_MS = 100;

/** Waits for what processes do by themselves. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await pause(PROBE_MS);
  }
}

const standing = new Set<Ground>();

/** For an end before the end: databases and folders of all that still stand. */
export async function stopGrounds(): Promise<void> {
  await Promise.all([...standing].map((ground) => ground.stop()));
}

/** A founded organisation with its real server process and its real database; signers are started by the drills. */
export class Ground {
  readonly organisation: Organisation;
  readonly url: string;
  /** The database as its owner: past grants and, where he likes, past triggers. */
  readonly owner: pg.Pool;
  /** Digests of proposals that may be signed: what their approvers meant. */
  readonly allowed = new Set<string>();
  readonly #environment: Readonly<Record<string, string>>;
  readonly #turnsClock: boolean;
  readonly #ends: (() => unknown)[];
  readonly #apis = new Map<string, Promise<Api>>();
  readonly #store = new MemoryLogStore();
  #follower: LogFollower | null = null;
  #server: Program | null = null;
  #following: Promise<State> | null = null;

  private constructor(
    organisation: Organisation,
    parts: {
      readonly url: string;
      readonly owner: pg.Pool;
      readonly environment: Readonly<Record<string, string>>;
      readonly turnsClock: boolean;
      readonly ends: (() => unknown)[];
    },
  ) {
    this.organisation = organisation;
    this.url = parts.url;
    this.owner = parts.owner;
    this.#environment = parts.environment;
    this.#turnsClock = parts.turnsClock;
    this.#ends = parts.ends;
  }

  static async start(plan: OrganisationPlan, turnsClock = false): Promise<Ground> {
    const ends: (() => unknown)[] = [];
    try {
      const organisation = await found(plan);
      const { folder, genesis, files } = organisation;
      ends.push(() => {
        rmSync(folder, { recursive: true, force: true });
      });
      const postgres = await startPostgres(join(folder, 'postgres'));
      ends.push(() => postgres.stop());
      const runtimeUrl = await migrate(postgres.url);
      const port = await freePort();
      const owner = new pg.Pool({ connectionString: postgres.url, max: 4 });
      ends.push(() => owner.end());
      const ground = new Ground(organisation, {
        url: `http://127.0.0.1:${String(port)}`,
        owner,
        turnsClock,
        ends,
        environment: {
          ...{ DATABASE_URL: runtimeUrl, PORT: String(port), NETWORK, CHAIN: 'sandbox' },
          ...{ GENESIS: genesis, FOUNDING: files.founding, LOG_KEY_FILE: files.logKey },
          ...{ RATE_PER_SECOND: '100000', LOG_LEVEL: 'error' },
        },
      });
      standing.add(ground);
      await ground.startServer();
      return ground;
    } catch (error) {
      for (const end of ends.reverse()) await end();
      throw error;
    }
  }

  async stop(): Promise<void> {
    if (!standing.delete(this)) return;
    await this.stopServer();
    for (const end of this.#ends.reverse()) await end();
  }

  get server(): Program {
    if (this.#server === null) throw new Error('the server runs');
    return this.#server;
  }

  /** The server, begun and not waited for: it may refuse to start. */
  beginServer(): Program {
    const { folder } = this.organisation;
    const clock = join(folder, 'server.clock');
    if (this.#turnsClock) writeFileSync(clock, '0');
    this.#server = new Program({
      program: 'server/main.js',
      environment: { ...this.#environment, DRILL_CLOCK: clock },
      ...(this.#turnsClock ? { before: [turnedClock] } : {}),
      log: join(folder, 'server.log'),
    });
    return this.#server;
  }

  async startServer(): Promise<void> {
    await this.beginServer().ready();
  }

  /** Waits until the server answers from its log again. */
  async serves(): Promise<void> {
    await until('the server serves its log', () =>
      this.sync().then(
        () => true,
        () => undefined,
      ),
    );
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop();
  }

  /** Turns the server's clock to so many seconds ahead of ours. */
  turnServer(seconds: number): void {
    writeFileSync(join(this.organisation.folder, 'server.clock'), String(seconds));
  }

  /** Turns the clock of a signer that was begun with one. */
  async turnSigner(wallet: string, seconds: number): Promise<void> {
    writeFileSync(`${await this.signerFolder(wallet)}.clock`, String(seconds));
  }

  /** The real signer of a wallet, begun and not waited for; its log may come from another server. */
  async beginSigner(
    wallet: string,
    given: { readonly server?: string; readonly folder?: string; readonly clock?: number } = {},
  ): Promise<Program> {
    const folder = given.folder ?? (await this.signerFolder(wallet));
    const clock = `${folder}.clock`;
    if (given.clock !== undefined) writeFileSync(clock, String(given.clock));
    return new Program({
      program: 'signer/main.js',
      args: ['run', '--folder', folder, '--server', given.server ?? this.url],
      environment: { COUNTERSIGN_PASSPHRASE: PASSPHRASE, DRILL_CLOCK: clock },
      ...(given.clock !== undefined ? { before: [turnedClock] } : {}),
      log: join(this.organisation.folder, `signer-${wallet}.log`),
    });
  }

  readonly #folders = new Map<string, Promise<string>>();

  signerFolder(wallet: string): Promise<string> {
    const known = this.#folders.get(wallet);
    if (known !== undefined) return known;
    const made = this.organisation.signerFolder(wallet);
    this.#folders.set(wallet, made);
    return made;
  }

  device(member: string): Device {
    const found = this.organisation.members.get(member)?.device;
    if (found === undefined) throw new Error(`no member ${member}`);
    return { member, device: found.id, secretKey: found.secretKey };
  }

  /** The API in a member's session. */
  api(member: string, device = this.device(member)): Promise<Api> {
    const place = `${member}/${device.device}`;
    const known = this.#apis.get(place);
    if (known !== undefined) return known;
    const made = this.#openApi(device);
    this.#apis.set(place, made);
    return made;
  }

  async #openApi(device: Device): Promise<Api> {
    const now = Math.floor(Date.now() / 1000);
    const { genesis: org } = this.organisation;
    const opened = await openSession({ server: this.url, org, device, log: emptyLog, now });
    return apiOf(this.url, passed(opened).key);
  }

  /** The state of the log as an honest reader folds it now. */
  async sync(): Promise<State> {
    // One reader: who asks while it reads may have written since, so he reads again after it.
    while (this.#following !== null) await this.#following.catch(() => undefined);
    this.#following = this.#follow();
    try {
      return await this.#following;
    } finally {
      this.#following = null;
    }
  }

  async #follow(): Promise<State> {
    const { genesis } = this.organisation;
    const reader = (await this.api('auditor')).log();
    this.#follower ??= new LogFollower({ genesis, reader, store: this.#store });
    return passed(await this.#follower.follow()).state;
  }

  /** What the log holds now, as whoever reads the database has it. */
  async copyLog(): Promise<{ leaves: Uint8Array[]; blobs: Map<string, Uint8Array> }> {
    const { origin } = this.organisation;
    const rows = await this.owner.query<{ leaf: Buffer }>(
      'SELECT leaf FROM log_entry WHERE origin = $1 ORDER BY idx',
      [origin],
    );
    const blobs = await this.owner.query<{ sha256: string; bytes: Buffer }>(
      'SELECT sha256, bytes FROM blob',
    );
    return {
      leaves: rows.rows.map(({ leaf }) => new Uint8Array(leaf)),
      blobs: new Map(blobs.rows.map(({ sha256, bytes }) => [sha256, new Uint8Array(bytes)])),
    };
  }

  /**
   * C2: lays entries into the queue that the sequencer numbers from, past everything that the API checks. Returns what became of
   * each: `numbered`, or the code.
   */
  async lay(
    entries: readonly Entry[],
    blobs: Iterable<Uint8Array> = [],
  ): Promise<readonly string[]> {
    const all = [...blobs];
    await this.owner.query(
      `INSERT INTO blob (sha256, bytes) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING`,
      [all.map(blobAddress), all.map((bytes) => Buffer.from(bytes))],
    );
    const { rows } = await this.owner.query<{ id: string }>(
      `INSERT INTO pending (kind, leaf, process)
       SELECT 'organisation', leaf, $2::uuid FROM unnest($1::bytea[]) AS p (leaf) RETURNING id`,
      [entries.map((entry) => Buffer.from(entryBytes(entry))), randomUUID()],
    );
    const ids = rows.map(({ id }) => id);
    await until('the queue is worked off', async () => {
      const left = await this.owner.query('SELECT FROM pending WHERE id = ANY($1::bigint[])', [
        ids,
      ]);
      return left.rowCount === 0 ? true : undefined;
    });
    const refused = await this.owner.query<{ pending: string; code: string }>(
      'SELECT pending, code FROM pending_outcome WHERE pending = ANY($1::bigint[]) AND code IS NOT NULL',
      [ids],
    );
    const codes = new Map(refused.rows.map(({ pending, code }) => [pending, code]));
    return ids.map((id) => codes.get(id) ?? 'numbered');
  }
}

const turnedClock = new URL('turned-clock.ts', import.meta.url).href;
