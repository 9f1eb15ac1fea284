import { MerkleTree } from '../../core/log/merkle.ts';
import type { Sql } from '../database/sql.ts';
import { PAGE_ENTRIES } from './bounds.ts';
import type { EntryStore, LogHead } from './entry.store.ts';

/** The tree of the access log: it is numbered and signed like the other, and folded by nobody. */
export class AccessLog {
  #tree = new MerkleTree();

  get tree(): MerkleTree {
    return this.#tree;
  }

  /** Reads it up to its head; what was appended and not committed is forgotten. */
  async load(sql: Sql, entries: EntryStore, head: LogHead): Promise<void> {
    this.#tree = new MerkleTree();
    while (this.#tree.size < head.size) {
      const from = this.#tree.size;
      const page = await entries.read(sql, { origin: head.origin, from, limit: PAGE_ENTRIES });
      if (page.length === 0)
        throw new Error(`entries of ${head.origin} are missing from ${from} on`);
      for (const { leafHash } of page) this.#tree.append(leafHash);
    }
  }
}
