import { createInterface } from 'node:readline';
import { concat } from '../core/base/bytes.ts';
import type { Seconds } from '../core/base/time.ts';
import { askHidden, lineOf } from '../keys/ask-hidden.ts';

/** Everything a command does with the outside besides files and the server, so that tests stand in for a terminal. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative names are of. */
  readonly folder: string;
  readonly now: () => Seconds;
  /** A line of the result, on standard output. */
  readonly out: (line: string) => void;
  /** What a person reads meanwhile, on standard error. */
  readonly say: (line: string) => void;
  /** One line typed by a person or piped in; null at the end of the input. */
  readonly ask: (question: string) => Promise<string | null>;
  /** Asks without echo; null where there is no terminal. */
  readonly askHidden: ((question: string) => Promise<string | null>) | null;
  /** All of standard input, or undefined when it is larger. */
  readonly readInput: (mostBytes: number) => Promise<Uint8Array | undefined>;
}

/** The terminal and the process. */
export function processIo(): Io {
  const { stdin, stdout, stderr } = process;
  return {
    env: process.env,
    folder: process.cwd(),
    now: () => Math.floor(Date.now() / 1000),
    out: (line) => void stdout.write(`${line}\n`),
    say: (line) => void stderr.write(`${line}\n`),
    ask: askLine,
    askHidden: stdin.isTTY && stderr.isTTY ? askHidden : null,
    readInput: async (mostBytes) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of stdin as AsyncIterable<Uint8Array>) {
        size += chunk.length;
        if (size > mostBytes) return undefined;
        chunks.push(chunk);
      }
      return concat(...chunks);
    },
  };
}

function askLine(question: string): Promise<string | null> {
  process.stderr.write(question);
  return lineOf(createInterface({ input: process.stdin }));
}
