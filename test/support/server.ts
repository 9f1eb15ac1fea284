import type { ProofKey } from '../../src/client/proof-key.ts';
import { dpopProof, es256ProofKey } from '../../src/client/proof-key.ts';
import { openSession } from '../../src/client/session.ts';
import { emptyLog } from '../../src/client/statements.ts';
import type { RunningServer } from '../../src/server/app.ts';
import { startServer } from '../../src/server/app.ts';
import type { TestDatabase } from './postgres.ts';
import { startTestDatabase } from './postgres.ts';
import type { FoundingFiles } from './sequencers.ts';
import { configOf, foundingFiles } from './sequencers.ts';
import type { World } from './world.ts';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** What a test sends; `key` proves it. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly key?: ProofKey;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server in this process over a world's founding, its node away, with a PostgreSQL of its own. */
export class TestServer {
  readonly server: RunningServer;
  readonly world: World;
  readonly #database: TestDatabase;
  readonly #files: FoundingFiles;

  private constructor(
    server: RunningServer,
    world: World,
    parts: { readonly database: TestDatabase; readonly files: FoundingFiles },
  ) {
    this.server = server;
    this.world = world;
    this.#database = parts.database;
    this.#files = parts.files;
  }

  static async start(
    world: World,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<TestServer> {
    const database = await startTestDatabase();
    const files = foundingFiles(world);
    const started = startServer(
      configOf({
        ...files.environment,
        DATABASE_URL: database.runtimeUrl,
        PORT: '0',
        RATE_PER_SECOND: '100000',
        LOG_LEVEL: 'error',
        ...environment,
      }),
    );
    try {
      return new TestServer(await started, world, { database, files });
    } catch (error) {
      await database.stop();
      files.remove();
      throw error;
    }
  }

  get url(): string {
    return this.server.url;
  }

  get ownerUrl(): string {
    return this.#database.ownerUrl;
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.#database.stop();
    this.#files.remove();
  }

  /** A session of a member of the world, opened by his device. */
  async session(member: string, now = Math.floor(Date.now() / 1000)): Promise<ProofKey> {
    const device = this.world.members.get(member)?.device;
    if (device === undefined) throw new Error(`no member ${member}`);
    const opened = await openSession({
      server: this.url,
      org: this.world.genesis,
      device: { member, device: device.id, secretKey: device.secretKey },
      log: emptyLog,
      now,
    });
    if (!opened.ok) throw new Error(`session refused: ${opened.refusal.code}`);
    return es256ProofKey(opened.value.key);
  }

  async send(sent: Sent): Promise<Answer> {
    const { method, path, key, body } = sent;
    const url = `${this.url}${path}`;
    const headers = new Headers(sent.headers);
    const now = Math.floor(Date.now() / 1000);
    if (key !== undefined && !headers.has('dpop'))
      headers.set('dpop', dpopProof(key, { method, url, now }));
    if (body !== undefined && !headers.has('content-type'))
      headers.set('content-type', 'application/json');
    const init: RequestInit = { method, headers };
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(url, init);
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const json = type.includes('json') && !type.includes('jsonl');
    return {
      status: response.status,
      type,
      headers: response.headers,
      body: json ? JSON.parse(text) : text,
    };
  }
}

/** The code of an answer that is a problem, else its status. */
export function codeOf(answer: Answer): string {
  const { body } = answer;
  if (typeof body !== 'object' || body === null || !('code' in body)) return String(answer.status);
  return String(body.code);
}
