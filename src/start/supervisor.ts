import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { chainVariables } from '../chain/settings.ts';
import type { Refusal } from '../core/base/result.ts';
import { EXIT_CONFIG } from '../server/config.ts';
import { migrate } from '../server/database/migrate.ts';
import { ESPLORA_PATH } from '../server/sandbox/esplora-routes.ts';
import { Child } from './child.ts';
import type { StartConfiguration } from './configuration.ts';
import type { Database } from './database.ts';
import { openDatabase } from './database.ts';
import { DEMONSTRATION_PASSPHRASE } from './demonstration.ts';
import type { OrganisationSummary } from './organisation.ts';
import { fundSandbox } from './sandbox-funds.ts';
import { ensureOrganisation, writeDemonstrationProfile } from './organisation.ts';
import { welcomeText } from './welcome.ts';

/** sysexits' EX_TEMPFAIL: it runs already. */
export const EXIT_RUNNING = 75;

/** Where the supervisor writes. */
export interface Output {
  /** To whoever started it. */
  readonly say: (text: string) => void;
  /** One line about what went wrong. */
  readonly complain: (line: string) => void;
}

/** Of signers and the sentinel. Nothing of the server's: they know no database. */
const unlocked = {
  PATH: process.env['PATH'],
  COUNTERSIGN_PASSPHRASE: DEMONSTRATION_PASSPHRASE,
};

/** The start must end, for a reason that a person can mend. */
class StartEnded extends Error {
  readonly status: number;

  constructor(status: number, line: string) {
    super(line);
    this.status = status;
  }
}

/**
 * Everything of one installation: database, server, sentinel, signers. Started in this order, ended in the opposite one,
 * whatever happens: asked by a signal, or when any part of it ends by itself.
 */
export class Supervisor {
  readonly #configuration: StartConfiguration;
  readonly #output: Output;
  #database: Database | null = null;
  readonly #children: Child[] = [];
  #hasEnded = false;
  #asked: (status: number) => void = () => undefined;
  /** Settles with the exit status once an end is asked for. */
  readonly #ending: Promise<number>;

  constructor(configuration: StartConfiguration, output: Output) {
    this.#configuration = configuration;
    this.#output = output;
    this.#ending = new Promise((done) => {
      this.#asked = done;
    });
  }

  /** Asks for the end. The first asking decides the status. */
  end(status: number): void {
    this.#hasEnded = true;
    this.#asked(status);
  }

  /** Runs until the end is asked for or a part ends. Returns the exit status. */
  async run(): Promise<number> {
    const started = this.#start().catch((error: unknown) => {
      if (!this.#hasEnded)
        this.#output.complain(error instanceof Error ? error.message : String(error));
      this.end(error instanceof StartEnded ? error.status : 1);
    });
    const status = await this.#ending;
    await started; // a step that is under way ends before anything is taken away from it
    await this.#stop();
    return status;
  }

  async #start(): Promise<void> {
    const began = performance.now();
    const { home, server } = this.#configuration;
    makeFolder(home.folder);
    const database = await openDatabase(home.postgres, this.#configuration.databaseUrl);
    if (database === null)
      throw new StartEnded(EXIT_RUNNING, `already running from ${home.folder}`);
    this.#database = database;
    void database.lost.then((line) => {
      this.#fail(line);
    });
    this.#continue();
    const [runtimeUrl, organisation] = await Promise.all([
      migrate(database.ownerUrl),
      this.#organisation(),
    ]);
    this.#continue();
    await this.#startServer(runtimeUrl, organisation.genesis);
    this.#continue();
    const sentinel = await this.#startSentinel();
    this.#continue();
    writeDemonstrationProfile(home, organisation, { server, sentinel });
    const sentinels = `${organisation.sentinel}=${sentinel}`;
    await Promise.all(organisation.wallets.map((wallet) => this.#startSigner(wallet, sentinels)));
    this.#continue();
    await this.#fund(organisation);
    this.#continue();
    const seconds = (performance.now() - began) / 1000;
    this.#output.say(welcomeText({ server, folder: home.folder, organisation, seconds }));
  }

  async #organisation(): Promise<OrganisationSummary> {
    const { home, network } = this.#configuration;
    const policies = join(import.meta.dirname, projectRoot(), 'policies');
    const organisation = await ensureOrganisation(home, { network, policies });
    if (!organisation.ok) throw new StartEnded(1, lineOf(organisation.refusal));
    if (organisation.value.network !== network)
      throw new StartEnded(
        EXIT_CONFIG,
        `${home.folder} holds an organisation on ${organisation.value.network}: ` +
          `name another folder by COUNTERSIGN_HOME for ${network}`,
      );
    return organisation.value;
  }

  /** Without coins there would be nothing to try. */
  async #fund(organisation: OrganisationSummary): Promise<void> {
    const { home, network, server } = this.#configuration;
    if (network !== 'sandbox') return;
    const funded = await fundSandbox(home, server, organisation);
    if (!funded.ok) throw new StartEnded(1, lineOf(funded.refusal));
  }

  #startServer(databaseUrl: string, genesis: string): Promise<unknown> {
    const { serverEnvironment } = this.#configuration;
    return this.#startChild(
      new Child({
        name: 'server',
        program: 'server/main',
        args: [],
        environment: { ...serverEnvironment, DATABASE_URL: databaseUrl, GENESIS: genesis },
      }),
    );
  }

  /** Returns where it answers. A real one runs on a machine of its own; here it is a process like the others. */
  async #startSentinel(): Promise<string> {
    const { home, server, sentinelPort } = this.#configuration;
    const port = ['--port', String(sentinelPort)];
    const said = await this.#startChild(
      new Child({
        name: 'sentinel',
        program: 'sentinel/main',
        args: ['run', '--folder', home.sentinel, '--server', server, ...port],
        environment: { ...unlocked, ...this.#chainOfSentinel() },
      }),
    );
    const listening = z.object({ port: z.int() }).safeParse(said);
    return `http://127.0.0.1:${String(listening.data?.port ?? sentinelPort)}`;
  }

  /** The server's own sandbox has no other source; a node is asked by both, where there is only one. */
  #chainOfSentinel(): Readonly<Record<string, string | undefined>> {
    const { network, server, serverEnvironment: given } = this.#configuration;
    if (network === 'sandbox')
      return { CHAIN: 'esplora', NETWORK: network, ESPLORA_URL: `${server}${ESPLORA_PATH}` };
    const names = ['CHAIN', ...Object.keys(chainVariables)];
    return Object.fromEntries(names.map((name) => [name, given[name]]));
  }

  #startSigner(wallet: string, sentinels: string): Promise<unknown> {
    const { home, server } = this.#configuration;
    const folder = join(home.signers, wallet);
    return this.#startChild(
      new Child({
        name: `signer of ${wallet}`,
        program: 'signer/main',
        args: ['run', '--folder', folder, '--server', server, '--sentinels', sentinels],
        environment: unlocked,
      }),
    );
  }

  /** What it says when it is ready; the exit status when the end was asked for before. */
  async #startChild(child: Child): Promise<unknown> {
    this.#children.push(child);
    void child.ended.then((line) => {
      this.#fail(line);
    });
    return Promise.race([child.ready, this.#ending]);
  }

  /** A part has ended by itself: after the end was asked for that is as it should be. */
  #fail(line: string): void {
    if (this.#hasEnded) return;
    this.#output.complain(`${line}; ending everything`);
    this.end(1);
  }

  /** Between two steps: nothing new is begun once the end was asked for. */
  #continue(): void {
    if (this.#hasEnded) throw new StartEnded(0, 'ended while starting');
  }

  async #stop(): Promise<void> {
    for (const child of this.#children.toReversed()) await child.stop();
    if (this.#database === null) return;
    await this.#database.stop();
    this.#output.say('stopped cleanly');
  }
}

/** Step by step: where a folder can never be made, such as below /proc, mkdir's own recursion does not end. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** From this file to the project's root: built, it lies one folder deeper. */
function projectRoot(): string {
  return import.meta.url.endsWith('.ts') ? '../..' : '../../..';
}

function lineOf({ code, facts }: Refusal): string {
  return `${code} ${JSON.stringify(facts)}`;
}
