import { Injectable } from '@nestjs/common';
import { blobAddress } from '../../core/base/digest.ts';
import { blobsOf, blobsOfCoins, parseEntry } from '../../core/log/entry.ts';
import type { PackageLine } from '../../core/log/package.ts';
import { formatPackageLine } from '../../core/log/package.ts';
import type { LogHead } from '../log/entry.store.ts';
import { LogService } from '../log/log.service.ts';

/** Entries read at once: 100 of the largest are 6 MB. */
const PAGE = 100;
/**
 * Addresses of blobs remembered as written. Beyond them a blob that is named again after long is written a second time, which
 * costs its size and harms no reader: a blob proves itself by its hash.
 */
const REMEMBERED = 100_000;

/** Writes the log with its blobs as one file, in the memory of a page however long the log is. */
@Injectable()
export class EvidenceService {
  constructor(private readonly log: LogService) {}

  /** The head that a package is made of. Throws Unavailable while the log is being read. */
  head(): LogHead {
    return this.log.head('organisation');
  }

  /**
   * The package of a committed head, line by line, from an entry on, for readers who have what is before. Throws when entries
   * are missing: the file must not look whole then.
   */
  async *lines(head: LogHead, first = 0): AsyncGenerator<string> {
    yield lineOf({ type: 'checkpoint', note: head.note });
    const written = new Set<string>();
    for (let from = first; from < head.size; from += PAGE) {
      const limit = Math.min(PAGE, head.size - from);
      const page = await this.log.leaves(from, limit);
      if (page.length !== limit) throw new Error(`entries are missing from index ${from} on`);
      for (const { index, leaf } of page) {
        yield* this.#blobsOf(leaf, written);
        yield lineOf({ type: 'entry', index, bytes: leaf });
      }
    }
  }

  /**
   * The blobs that an entry names, and those that its list of coins names in turn, unless they were written. One that is not
   * here is left out: an entry without effect may name what never was, and who verifies the package misses what is needed.
   */
  async *#blobsOf(leaf: Uint8Array, written: Set<string>): AsyncGenerator<string> {
    const entry = parseEntry(leaf);
    if (!entry.ok) return; // it stands in the log without effect
    const coins = entry.value.type === 'statement' ? entry.value.coins : null;
    const list = coins === null ? undefined : await this.#blob(coins);
    const parents = list === undefined ? [] : blobsOfCoins(list);
    for (const sha256 of new Set([...blobsOf(entry.value), ...parents])) {
      const bytes = written.has(sha256) ? undefined : await this.#blob(sha256);
      if (bytes === undefined) continue;
      yield lineOf({ type: 'blob', sha256, bytes });
      remember(written, sha256);
    }
  }

  async #blob(sha256: string): Promise<Uint8Array | undefined> {
    const bytes = await this.log.blob(sha256);
    return bytes !== undefined && blobAddress(bytes) === sha256 ? bytes : undefined;
  }
}

function lineOf(line: PackageLine): string {
  return `${formatPackageLine(line)}\n`;
}

function remember(written: Set<string>, sha256: string): void {
  written.add(sha256);
  const oldest = written.values().next();
  if (written.size > REMEMBERED && oldest.done !== true) written.delete(oldest.value);
}
