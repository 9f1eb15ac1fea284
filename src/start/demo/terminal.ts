import { spawn } from 'node:child_process';
import { builtProgram } from '../program.ts';

/** Runs `countersign` as its users do: the real program, its exit status and its JSON. */
export class Terminal {
  readonly #home: string;
  readonly #passphrase: string;
  readonly #server: string;

  /** `home`: the CLI's home with profile and keys. The passphrase goes by the environment, never by the command line. */
  constructor(home: string, passphrase: string, server: string) {
    this.#home = home;
    this.#passphrase = passphrase;
    this.#server = server;
  }

  /** What a call printed as JSON. Throws when it printed none: a crash, never a refusal. */
  async call(member: string, words: readonly string[]): Promise<Answer> {
    const typed = ['countersign', ...words, '--as', member].map(quoted).join(' ');
    const { status, out, err } = await this.#run([
      ...words,
      ...['--as', member, '--server', this.#server, '--json'],
    ]);
    const json = lastObject(out);
    if (json === null) throw new Error(`${typed} ended with ${String(status)}: ${err.trim()}`);
    return { typed, status, json, said: err };
  }

  /** As {@link call}, without a member: for what needs neither key nor server. */
  async plain(words: readonly string[]): Promise<Answer> {
    const typed = ['countersign', ...words].map(quoted).join(' ');
    const { status, out, err } = await this.#run([...words, '--json']);
    const json = lastObject(out);
    if (json === null) throw new Error(`${typed} ended with ${String(status)}: ${err.trim()}`);
    return { typed, status, json, said: err };
  }

  #run(
    args: readonly string[],
  ): Promise<{ readonly status: number; readonly out: string; readonly err: string }> {
    return new Promise((resolve, reject) => {
      const main = builtProgram('cli/main.js');
      const child = spawn(process.execPath, [main, ...args], {
        env: {
          ...process.env,
          COUNTERSIGN_HOME: this.#home,
          COUNTERSIGN_PASSPHRASE: this.#passphrase,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let out = '';
      let err = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
      child.once('error', reject);
      child.once('close', (status) => {
        resolve({ status: status ?? 1, out, err });
      });
    });
  }
}

export interface Answer {
  /** As a person would have typed it. */
  readonly typed: string;
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  /** What a person would have read besides. */
  readonly said: string;
}

function lastObject(out: string): Answer['json'] | null {
  const line = out.trim().split('\n').at(-1) ?? '';
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Answer['json']) : null;
  } catch {
    return null;
  }
}

function quoted(word: string): string {
  return /^[\w./:=@-]+$/.test(word) ? word : `'${word}'`;
}
