import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';

export interface ChildSpec {
  /** As it is called in messages. */
  readonly name: string;
  /** Below the folder of programs, without extension: `server/main`. */
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** How long a child may take to say that it is ready, and to end when asked. */
const READY_MS = 60_000;
const END_MS = 10_000;

/** Built programs lie in dist beside this one; from source, beside this source. */
function programUrl(program: string): URL {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  return new URL(`../${program}${extension}`, import.meta.url);
}

/**
 * A process of this installation. It has a process group of its own, so that Ctrl-C in a terminal reaches the
 * supervisor alone, which ends its children in order; they end by themselves when the supervisor is gone.
 */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  /** Settles when the process has ended, with the words for it. */
  readonly ended: Promise<string>;
  /** Settles with its first message; rejects when it ends or is silent before. */
  readonly ready: Promise<unknown>;

  constructor(spec: ChildSpec) {
    this.name = spec.name;
    this.#process = fork(programUrl(spec.program), spec.args, {
      env: spec.environment,
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.ended = new Promise((done) => {
      this.#process.once('error', (error) => {
        done(`${spec.name} could not be run: ${error.message}`);
      });
      this.#process.once('exit', (code, signal) => {
        done(`${spec.name} ended with ${signal ?? `status ${String(code)}`}`);
      });
    });
    this.ready = this.#becomeReady();
    this.ready.catch(() => undefined); // whoever awaits it hears of it; nobody may
  }

  async #becomeReady(): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined;
    const said = new Promise<unknown>((done) => {
      this.#process.once('message', done);
    });
    const failed = this.ended.then((words) => {
      throw new Error(words);
    });
    const late = new Promise<never>((_, fail) => {
      timer = setTimeout(() => {
        fail(new Error(`${this.name} was not ready within ${READY_MS / 1000} seconds`));
      }, READY_MS);
    });
    try {
      return await Promise.race([said, failed, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it: asked first, killed when it does not listen. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), END_MS);
    this.#process.kill('SIGTERM');
    await this.ended;
    clearTimeout(timer);
  }
}
