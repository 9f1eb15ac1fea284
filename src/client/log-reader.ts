import { blobAddress } from '../core/base/digest.ts';
import { BLOB_BYTES, ENTRY_BYTES, NOTE_BYTES } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { fromUtf8 } from '../core/base/bytes.ts';
import type { Tile } from '../core/log/tiles.ts';
import { decodeBundle, tilePath } from '../core/log/tiles.ts';
import type { Http } from './http.ts';

/** Where a log is read: over HTTP here, from a package file elsewhere. What it gives is believed by nobody. */
export interface LogReader {
  /** The newest checkpoint, a signed note. */
  checkpoint(): Promise<Result<string>>;
  /** The entries of a bundle, exactly as many as its width. */
  entries(bundle: Tile): Promise<Result<readonly Uint8Array[]>>;
  /** A blob that has this hash. Code `log.blob.missing` when there is none. */
  blob(sha256: string): Promise<Result<Uint8Array>>;
}

/** C2SP tlog-tiles below /log of a server. Codes: the server's, `log.checkpoint.invalid`, those of decodeBundle, `log.blob.missing`. */
export function httpLogReader(http: Http): LogReader {
  return {
    async checkpoint() {
      const found = await http.bytes(get('/log/checkpoint', NOTE_BYTES));
      if (!found.ok) return found;
      const note = fromUtf8(found.value);
      return note === undefined
        ? refuse('log.checkpoint.invalid', { reason: 'not UTF-8' })
        : ok(note);
    },
    async entries(bundle) {
      const most = bundle.width * (ENTRY_BYTES + 2);
      const found = await http.bytes(get(`/log/${tilePath(bundle)}`, most));
      return found.ok ? decodeBundle(found.value, bundle.width) : found;
    },
    async blob(sha256) {
      const found = await http.bytes(get(`/log/blob/${sha256}`, BLOB_BYTES));
      if (!found.ok && found.refusal.code !== 'http.unknown') return found;
      const isIt = found.ok && blobAddress(found.value) === sha256;
      return isIt ? found : refuse('log.blob.missing', { sha256 });
    },
  };
}

function get(path: string, mostBytes: number) {
  return { method: 'GET', path, mostBytes } as const;
}
