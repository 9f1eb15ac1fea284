import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { concat } from '../core/base/bytes.ts';
import { PSBT_BYTES } from '../core/base/limits.ts';
import { Fault } from './command.ts';
import type { Io } from './io.ts';

/** The bytes of a file, or of standard input for `-`. Throws when it is larger, or not there. */
export async function readInput(io: Io, name: string, mostBytes: number): Promise<Uint8Array> {
  const bytes =
    name === '-'
      ? await io.readInput(mostBytes)
      : await readBounded(resolve(io.folder, name), mostBytes);
  if (bytes === undefined) throw new Fault(`${name} is larger than ${String(mostBytes)} bytes`);
  return bytes;
}

async function readBounded(path: string, mostBytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > mostBytes) return undefined;
    chunks.push(chunk);
  }
  return concat(...chunks);
}

/** What a text says in JSON; undefined when it is none, as of a file that was damaged. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Base64 of a PSBT may have white space, so its text is at most this long. */
const PLAIN_BYTES = PSBT_BYTES * 2;

/** The ports of a command that reads its own arguments and ends its texts as it likes. */
export function plainIo(io: Io) {
  return {
    out: (text: string) => {
      io.out(text.replace(/\n$/, ''));
    },
    err: (text: string) => {
      io.say(text.replace(/\n$/, ''));
    },
    stdin: () => readInput(io, '-', PLAIN_BYTES),
    readFile: (path: string) => readInput(io, path, PLAIN_BYTES),
  };
}
