import { LRU_BYTES } from './bounds.ts';

/** Blobs in memory, for the fold asks synchronously. The one unused for longest goes first. */
export class BlobCache {
  readonly #blobs = new Map<string, Uint8Array>();
  #bytes = 0;

  get(sha256: string): Uint8Array | undefined {
    return this.#blobs.get(sha256);
  }

  has(sha256: string): boolean {
    return this.#blobs.has(sha256);
  }

  /** Requires that the bytes have this hash: who brings them has hashed them. */
  put(sha256: string, bytes: Uint8Array): void {
    const known = this.#blobs.get(sha256);
    if (known !== undefined) {
      this.#blobs.delete(sha256);
      this.#blobs.set(sha256, known);
      return;
    }
    this.#blobs.set(sha256, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, { length }] of this.#blobs) {
      if (this.#bytes <= LRU_BYTES || oldest === sha256) return;
      this.#blobs.delete(oldest);
      this.#bytes -= length;
    }
  }
}
