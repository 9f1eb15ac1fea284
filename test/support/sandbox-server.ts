import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../../src/client/api.ts';
import type { ProofKey } from '../../src/client/proof-key.ts';
import { es256ProofKey } from '../../src/client/proof-key.ts';
import { apiOf, openSession } from '../../src/client/session.ts';
import type { Device } from '../../src/client/statements.ts';
import { emptyLog } from '../../src/client/statements.ts';
import { toHex } from '../../src/core/base/bytes.ts';
import { sats } from '../../src/core/base/sats.ts';
import { formatPackageLine } from '../../src/core/log/package.ts';
import type { State, WalletRecord } from '../../src/core/log/state.ts';
import type { RunningServer } from '../../src/server/app.ts';
import { startServer } from '../../src/server/app.ts';
import { ChainService } from '../../src/server/chain/chain.service.ts';
import { LogService } from '../../src/server/log/log.service.ts';
import { foundOrganisation } from '../../src/start/founding.ts';
import type { TestDatabase } from './postgres.ts';
import { startTestDatabase } from './postgres.ts';
import { configOf, worldLogSeed } from './sequencers.ts';
import type { WorldOptions } from './world.ts';
import { World } from './world.ts';

/** A member's way to the server: the API with his session, and the key for requests that the API does not make. */
export interface Caller {
  readonly api: Api;
  readonly key: ProofKey;
  readonly device: Device;
}

/** A server in this process on the sandbox chain: the world's organisation founded there, with a PostgreSQL of its own. */
export class SandboxServer {
  readonly server: RunningServer;
  readonly genesis: string;
  readonly #world = new World();
  readonly #database: TestDatabase;
  readonly #folder: string;

  private constructor(
    server: RunningServer,
    genesis: string,
    parts: { readonly database: TestDatabase; readonly folder: string },
  ) {
    this.server = server;
    this.genesis = genesis;
    this.#database = parts.database;
    this.#folder = parts.folder;
  }

  /** The world's organisation, or one of another policy. */
  static async start(options: WorldOptions = {}): Promise<SandboxServer> {
    const at = Math.floor(Date.now() / 1000) - 3_600;
    const founded = foundOrganisation({ ...new World(options).spec, network: 'sandbox', at });
    if (!founded.ok) throw new Error(JSON.stringify(founded.refusal));
    const { genesis, lines } = founded.value;
    const folder = mkdtempSync(join(tmpdir(), 'countersign-sandbox-'));
    const founding = join(folder, 'founding.jsonl');
    const key = join(folder, 'log-key');
    writeFileSync(founding, lines.map((line) => `${formatPackageLine(line)}\n`).join(''));
    writeFileSync(key, `${toHex(worldLogSeed)}\n`);
    const database = await startTestDatabase();
    const config = configOf({
      ...{ NETWORK: 'sandbox', CHAIN: 'sandbox', GENESIS: genesis, FOUNDING: founding },
      ...{ LOG_KEY_FILE: key, DATABASE_URL: database.runtimeUrl, PORT: '0' },
      ...{ RATE_PER_SECOND: '100000', LOG_LEVEL: 'error' },
    });
    try {
      return new SandboxServer(await startServer(config), genesis, { database, folder });
    } catch (error) {
      await database.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get url(): string {
    return this.server.url;
  }

  get ownerUrl(): string {
    return this.#database.ownerUrl;
  }

  /** As the server folded it. */
  get state(): State {
    return this.server.app.get(LogService).state();
  }

  get wallet(): WalletRecord {
    const wallet = this.state.wallets.get('hot-1');
    if (wallet === undefined) throw new Error('the wallet is in force');
    return wallet;
  }

  async stop(): Promise<void> {
    await this.server.close();
    await this.#database.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A session of a member by his device. */
  async caller(member: string): Promise<Caller> {
    const found = this.#world.members.get(member)?.device;
    if (found === undefined) throw new Error(`no member ${member}`);
    const device = { member, device: found.id, secretKey: found.secretKey };
    const now = Math.floor(Date.now() / 1000);
    const opened = await openSession({
      ...{ server: this.url, org: this.genesis, device, log: emptyLog, now },
    });
    if (!opened.ok) throw new Error(`session refused: ${opened.refusal.code}`);
    const { key } = opened.value;
    return { api: apiOf(this.url, key), key: es256ProofKey(key), device };
  }

  /** A confirmed coin of the wallet at a receive address. Returns its outpoint. */
  async fund(amount: number, index = 0): Promise<string> {
    const chain = this.server.app.get(ChainService);
    return chain.fund(this.wallet.wallet.script(0, index), sats(amount));
  }
}
