import { assert } from '../core/base/assert.ts';

/** What a follower has verified and keeps: leaves from 0 on without gaps, blobs, and the checkpoint over exactly these leaves. */
export interface LogStore {
  /** Leaves kept, and the note that vouches for them; null before the first. */
  head(): { readonly size: number; readonly note: string } | null;
  /** The first leaves, in order. Requires that a head of at least this size was read. */
  leaves(size: number): Iterable<Uint8Array>;
  blob(sha256: string): Uint8Array | undefined;
  /** Keeps blobs, already hashed. May be called before the entries that name them are verified. */
  putBlobs(blobs: ReadonlyMap<string, Uint8Array>): void;
  /**
   * Adds the leaves from an index on and the note over all up to their end: both or, after a crash, neither. Does nothing when
   * another process kept as many meanwhile, or fewer than `from`: what is not kept is fetched again.
   */
  append(from: number, leaves: readonly Uint8Array[], note: string): void;
}

/** The leaves from an index on that a store of this size lacks; none where they would leave a gap. */
export function leavesBeyond(
  size: number,
  from: number,
  leaves: readonly Uint8Array[],
): readonly Uint8Array[] {
  return from <= size ? leaves.slice(size - from) : [];
}

/** A store that forgets: for tests and for reading a package once. */
export class MemoryLogStore implements LogStore {
  readonly #leaves: Uint8Array[] = [];
  readonly #blobs = new Map<string, Uint8Array>();
  #note: string | null = null;

  head(): { size: number; note: string } | null {
    return this.#note === null ? null : { size: this.#leaves.length, note: this.#note };
  }

  leaves(size: number): Iterable<Uint8Array> {
    return this.#leaves.slice(0, size);
  }

  blob(sha256: string): Uint8Array | undefined {
    return this.#blobs.get(sha256);
  }

  putBlobs(blobs: ReadonlyMap<string, Uint8Array>): void {
    for (const [sha256, bytes] of blobs) this.#blobs.set(sha256, bytes);
  }

  append(from: number, leaves: readonly Uint8Array[], note: string): void {
    assert(note !== '', 'leaves are kept with the checkpoint over them');
    const added = leavesBeyond(this.#leaves.length, from, leaves);
    if (added.length === 0) return;
    this.#leaves.push(...added);
    this.#note = note;
  }
}
