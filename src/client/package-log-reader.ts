import { assert } from '../core/base/assert.ts';
import { ok, refuse } from '../core/base/result.ts';
import { TILE_WIDTH } from '../core/log/tiles.ts';
import type { LogReader } from './log-reader.ts';
import type { PackageContent } from './package-content.ts';

/**
 * A package as a log to follow, for hosts without network. `known` is how many leaves its reader has before: a segment that
 * begins later leaves a gap. Codes: `package.incomplete`, `log.blob.missing`. Whatever it holds is proven by the follower.
 */
export function packageLogReader(content: PackageContent, known: number): LogReader {
  const { note, from, leaves, blobs } = content;
  return {
    checkpoint: () =>
      Promise.resolve(from > known ? refuse('package.incomplete', { from, known }) : ok(note)),
    entries({ index, width }) {
      const first = index * TILE_WIDTH;
      // What lies before the segment its reader has, and takes from there.
      const wanted = Array.from({ length: width }, (_, i) => {
        const at = first + i;
        return at < from ? new Uint8Array() : leaves[at - from];
      });
      const found = wanted.filter((leaf) => leaf !== undefined);
      assert(from <= known, 'its checkpoint was asked for before');
      return Promise.resolve(
        found.length === width
          ? ok(found)
          : refuse('package.incomplete', { from, to: from + leaves.length, wanted: first + width }),
      );
    },
    blob(sha256) {
      const bytes = blobs.get(sha256);
      return Promise.resolve(
        bytes === undefined ? refuse('log.blob.missing', { sha256 }) : ok(bytes),
      );
    },
  };
}
