import { ed25519 } from '@noble/curves/ed25519.js';
import type { Api, PostedReceipt } from '../../src/client/api.ts';
import type { LogReader } from '../../src/client/log-reader.ts';
import { utf8 } from '../../src/core/base/bytes.ts';
import { parseCanonical } from '../../src/core/base/canonical.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import type { Result } from '../../src/core/base/result.ts';
import { ok, refuse } from '../../src/core/base/result.ts';
import { parseWith } from '../../src/core/base/schema.ts';
import { formatCheckpoint } from '../../src/core/log/checkpoint.ts';
import { entryBytes } from '../../src/core/log/entry.ts';
import { assembleNote, noteToSign } from '../../src/core/log/note.ts';
import { receiptSchema } from '../../src/core/log/receipt.ts';
import { TILE_WIDTH } from '../../src/core/log/tiles.ts';
import type { World } from './world.ts';

/** The world's log as a signer meets it: read by checkpoint and bundles, written by posting receipts. */
export class WorldLog implements LogReader, Pick<Api, 'postReceipts'> {
  /** While true posted receipts are lost on the way. */
  losesReceipts = false;
  /** How many leaves it shows; null: all. */
  shows: number | null = null;
  /** Receipts that were posted, lost ones included. */
  posted = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  checkpoint(): Promise<Result<string>> {
    const { tree } = this.#world.state;
    const seed = sha256(utf8('world/log'));
    const size = this.shows ?? tree.size;
    const head = { origin: 'world.example/log', size, root: tree.rootAt(size) };
    const text = formatCheckpoint(head);
    const signature = ed25519.sign(noteToSign(text), seed);
    const key = ed25519.getPublicKey(seed);
    return Promise.resolve(ok(assembleNote(text, { name: head.origin, key, signature })));
  }

  entries(bundle: Parameters<LogReader['entries']>[0]): Promise<Result<readonly Uint8Array[]>> {
    const from = bundle.index * TILE_WIDTH;
    return Promise.resolve(ok(this.#world.leaves.slice(from, from + bundle.width)));
  }

  blob(sha256Hex: string): Promise<Result<Uint8Array>> {
    const bytes = this.#world.store.get(sha256Hex);
    return Promise.resolve(
      bytes === undefined ? refuse('log.blob.missing', { sha256: sha256Hex }) : ok(bytes),
    );
  }

  postReceipts(receipts: readonly PostedReceipt[]): Promise<Result<unknown>> {
    this.posted += receipts.length;
    if (this.losesReceipts) return Promise.resolve(ok(null));
    for (const { receipt, signature, blobs } of receipts) {
      for (const bytes of blobs) this.#world.blob(bytes);
      const json = parseCanonical(receipt);
      if (!json.ok) return Promise.resolve(json);
      const parsed = parseWith(receiptSchema, json.value);
      if (!parsed.ok) return Promise.resolve(parsed);
      const entry = entryBytes({ type: 'receipt', receipt: parsed.value, signature });
      const outcome = this.#world.append(entry);
      if (outcome !== 'applied' && outcome !== 'missing')
        return Promise.resolve(refuse(outcome, { receipt: parsed.value.position }));
    }
    return Promise.resolve(ok(null));
  }
}
