import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import type { WriteStream } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { builtProgram } from '../../../src/start/program.ts';

/** How long a process may take to be ready, and to end when asked. */
const READY_MS = 150_000;
const END_MS = 10_000;
/** Lines of a process that are kept to be looked at: what a signer says in minutes. */
const LINES = 5_000;

const running = new Set<Program>();

/** A real program of the product, as it was built, and what it says on standard error. */
export class Program {
  readonly #child: ChildProcess;
  readonly lines: string[] = [];
  readonly #ended: Promise<number | null>;
  #isReady = false;

  constructor(given: {
    readonly program: string;
    readonly args?: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
    /** Modules to be loaded before it. */
    readonly before?: readonly string[];
    readonly log: string;
  }) {
    const { PATH = '', TMPDIR = '/tmp' } = process.env;
    this.#child = fork(builtProgram(given.program), [...(given.args ?? [])], {
      env: { PATH, TMPDIR, ...given.environment },
      execArgv: (given.before ?? []).flatMap((module) => ['--import', module]),
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    running.add(this);
    let rest = '';
    const file: WriteStream = createWriteStream(given.log, { flags: 'a' });
    file.on('error', () => undefined); // its folder may be gone before its last word
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      file.write(text);
      const found = `${rest}${text}`.split('\n');
      rest = found.pop() ?? '';
      if (this.lines.length < LINES) this.lines.push(...found);
    });
    this.#child.once('message', () => {
      this.#isReady = true;
    });
    this.#ended = new Promise((done) => {
      this.#child.once('close', (code) => {
        if (rest !== '') this.lines.push(rest);
        file.end();
        running.delete(this);
        done(code);
      });
    });
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Waits until it says that it is ready. Throws where it ends before. */
  async ready(): Promise<void> {
    const end = performance.now() + READY_MS;
    while (!this.#isReady) {
      if (this.hasEnded) throw new Error(`it ended: ${this.lines.join('; ')}`);
      if (performance.now() > end) throw new Error(`not ready: ${this.lines.join('; ')}`);
      await pause(20);
    }
  }

  /** Its exit status, once it has ended by itself. */
  async ended(withinMs = READY_MS): Promise<number | null> {
    const late = pause(withinMs, undefined, { ref: false }).then(() => {
      throw new Error(`it runs on: ${this.lines.join('; ')}`);
    });
    return Promise.race([this.#ended, late]);
  }

  /** Whether a line that it wrote holds the words. */
  said(words: string): boolean {
    return this.lines.some((line) => line.includes(words));
  }

  /** Asks it to end, and kills it where it does not listen. */
  async stop(): Promise<void> {
    if (!running.has(this)) return;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
    this.#child.kill('SIGTERM');
    await this.#ended;
    clearTimeout(timer);
  }

  /** No time to end in order. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/** For the end of everything: what still runs is killed. */
export function killAll(): void {
  for (const program of running) void program.kill();
}
