import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { LogStore } from '../client/log-store.ts';
import { leavesBeyond } from '../client/log-store.ts';
import { utf8 } from '../core/base/bytes.ts';
import { blobAddress } from '../core/base/digest.ts';
import { NOTE_BYTES } from '../core/base/limits.ts';
import { count } from '../core/base/schema.ts';
import { replaceFile } from '../keys/file.ts';
import { Fault } from './command.ts';
import { jsonOf } from './files.ts';

const headSchema = z.strictObject({
  size: count,
  /** Bytes of `leaves` that hold them. */
  bytes: count,
  note: z.string().max(NOTE_BYTES),
});
type Head = z.infer<typeof headSchema>;

/**
 * The followed log in a folder: `leaves` (each after its length, 16 bits), `blobs/<sha256>`, and `head.json`, which
 * is replaced in one step and says how much of `leaves` counts. Several processes may follow at a time: a log never
 * changes, so all write the same bytes to the same places, and the file is never cut. The last head to be written
 * may be the shorter one; what it does not count is fetched again.
 */
export class FileLogStore implements LogStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  head(): Head | null {
    const path = join(this.#folder, 'head.json');
    if (!existsSync(path)) return null;
    const parsed = headSchema.safeParse(jsonOf(readFileSync(path, 'utf8')));
    if (!parsed.success) throw damaged(this.#folder);
    return parsed.data;
  }

  *leaves(size: number): Iterable<Uint8Array> {
    if (size === 0) return;
    const all = readFileSync(join(this.#folder, 'leaves'));
    let at = 0;
    for (let index = 0; index < size; index++) {
      if (at + 2 > all.length) throw damaged(this.#folder);
      const end = at + 2 + all.readUInt16BE(at);
      if (end > all.length) throw damaged(this.#folder);
      yield all.subarray(at + 2, end);
      at = end;
    }
  }

  /** Hashed again on reading: what a disk gives back is not more to be believed than what a server sends. */
  blob(sha256: string): Uint8Array | undefined {
    const path = this.#blobPath(sha256);
    if (!existsSync(path)) return undefined;
    const bytes = new Uint8Array(readFileSync(path));
    return blobAddress(bytes) === sha256 ? bytes : undefined;
  }

  putBlobs(blobs: ReadonlyMap<string, Uint8Array>): void {
    for (const [sha256, bytes] of blobs) replaceFile(this.#blobPath(sha256), bytes);
  }

  append(from: number, leaves: readonly Uint8Array[], note: string): void {
    const { size, bytes } = this.head() ?? { size: 0, bytes: 0 };
    const added = leavesBeyond(size, from, leaves);
    if (added.length === 0) return;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const framed = Buffer.concat(
      added.flatMap((leaf) => [Uint8Array.of(leaf.length >> 8, leaf.length & 0xff), leaf]),
    );
    const { O_CREAT, O_RDWR } = constants;
    const file = openSync(join(this.#folder, 'leaves'), O_CREAT | O_RDWR, 0o600);
    try {
      for (let written = 0; written < framed.length;)
        written += writeSync(file, framed, written, framed.length - written, bytes + written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const head: Head = { size: size + added.length, bytes: bytes + framed.length, note };
    replaceFile(join(this.#folder, 'head.json'), utf8(JSON.stringify(head)));
  }

  #blobPath(sha256: string): string {
    return join(this.#folder, 'blobs', sha256);
  }
}

function damaged(folder: string): Fault {
  return new Fault(`What was kept of the log is damaged: remove ${folder} and try again.`);
}
