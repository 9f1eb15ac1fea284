import { assert } from '../core/base/assert.ts';

/** What a follower has verified and keeps: leaves from 0 on without gaps, blobs, and the checkpoint over exactly these leaves. */
export interface LogStore {
  /** Leaves kept, and the note that vouches for them; null before the first. */
  head(): { readonly size: number; readonly note: string } | null;
  /** The leaves in order, `head().size` of them. */
  leaves(): Iterable<Uint8Array>;
  blob(sha256: string): Uint8Array | undefined;
  /** Keeps blobs, already hashed. May be called before the entries that name them are verified. */
  putBlobs(blobs: ReadonlyMap<string, Uint8Array>): void;
  /** Adds leaves after the last and the note over all of them: both or, after a crash, neither. */
  append(leaves: readonly Uint8Array[], note: string): void;
}

/** A store that forgets: for tests and for reading a package once. */
export class MemoryLogStore implements LogStore {
  readonly #leaves: Uint8Array[] = [];
  readonly #blobs = new Map<string, Uint8Array>();
  #note: string | null = null;

  head(): { size: number; note: string } | null {
    return this.#note === null ? null : { size: this.#leaves.length, note: this.#note };
  }

  leaves(): Iterable<Uint8Array> {
    return this.#leaves;
  }

  blob(sha256: string): Uint8Array | undefined {
    return this.#blobs.get(sha256);
  }

  putBlobs(blobs: ReadonlyMap<string, Uint8Array>): void {
    for (const [sha256, bytes] of blobs) this.#blobs.set(sha256, bytes);
  }

  append(leaves: readonly Uint8Array[], note: string): void {
    assert(note !== '', 'leaves are kept with the checkpoint over them');
    for (const leaf of leaves) this.#leaves.push(leaf);
    this.#note = note;
  }
}
