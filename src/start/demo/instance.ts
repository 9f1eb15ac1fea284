import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { builtProgram } from '../program.ts';
import { WELCOME } from '../welcome.ts';

/** How long a fresh start may take on a slow machine before it is called failed. */
const READY_MILLISECONDS = 90_000;

/** A whole service as `npm start` brings it up: database, server and signers below one supervisor. */
export class Instance {
  readonly #child: ChildProcess;
  readonly url: string;
  #isReady = false;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
    // The welcome is said last: server, sentinel and signers run, and the CLI's profile is there.
    child.stdout?.on('data', (text: Buffer) => {
      this.#isReady ||= text.includes(WELCOME);
    });
  }

  /** Starts in a home and waits until it is ready. What it prints goes to `log`. */
  static async start(given: {
    readonly home: string;
    readonly port: number;
    readonly environment: Readonly<Record<string, string>>;
    readonly log: string;
  }): Promise<Instance> {
    const log = createWriteStream(given.log, { flags: 'a' });
    const child = spawn(process.execPath, [builtProgram('start/main.js')], {
      env: {
        ...process.env,
        ...given.environment,
        COUNTERSIGN_HOME: given.home,
        PORT: String(given.port),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once('close', () => log.end());
    const instance = new Instance(child, `http://127.0.0.1:${String(given.port)}`);
    try {
      await instance.#ready();
    } catch (error) {
      await instance.stop();
      throw new Error(`the service did not start; see ${given.log}`, { cause: error });
    }
    return instance;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Ends it as Ctrl-C does. */
  async stop(): Promise<void> {
    if (this.ended) return;
    const gone = new Promise((done) => this.#child.once('exit', done));
    this.#child.kill('SIGTERM');
    await gone;
  }

  async #ready(): Promise<void> {
    const until = Date.now() + READY_MILLISECONDS;
    while (Date.now() < until) {
      if (this.ended) throw new Error(`it ended with ${String(this.#child.exitCode)}`);
      if (this.#isReady) return;
      await sleep(100);
    }
    throw new Error('it was not ready in time');
  }
}
