import { equalBytes, fromHex, toHex, utf8 } from '../core/base/bytes.ts';
import { blobAddress } from '../core/base/digest.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import type { Checkpoint, LogKey } from '../core/log/checkpoint.ts';
import { verifyCheckpoint } from '../core/log/checkpoint.ts';
import { emptyRoot, verifyConsistency } from '../core/log/merkle.ts';
import type { State } from '../core/log/state.ts';
import type { SentinelKeys } from './sentinel-keys.ts';
import type { StateFile } from './state-file.ts';

/** The largest tree that this witness has verified. */
export interface Head {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** The checkpoint over it; empty before the first. */
  readonly note: string;
}

/** A checkpoint with the proof that leads to it. */
export interface Shown {
  readonly note: string;
  /** The size that the proof begins at. */
  readonly old: number;
  readonly proof: readonly Uint8Array[];
  /** Whoever shows it: a signer's proof that leads nowhere is told, a stranger's is just wrong. */
  readonly by: 'signer' | 'stranger';
}

/** What a checkpoint is to this witness. */
export type Seen =
  | { readonly is: 'cosigned'; readonly at: Seconds; readonly signature: Uint8Array }
  /** A prefix, as far as is known here: witnesses never go back. */
  | { readonly is: 'older' }
  /** The proof begins elsewhere than at the head. */
  | { readonly is: 'unproven' }
  /** The proof begins at the head and does not lead to the checkpoint. */
  | { readonly is: 'refuted' }
  /** The log's key signed another tree of the same size. */
  | { readonly is: 'forked' };

export interface WitnessParts {
  readonly file: StateFile;
  readonly keys: SentinelKeys;
  readonly now: () => Seconds;
  /** Told of two checkpoints that cannot both be of one log; both are kept. */
  readonly forked: (ours: Head, theirs: Checkpoint) => void;
}

/**
 * A witness of the log (C2SP tlog-witness): it cosigns a checkpoint after it has verified that the log only grew, and has written
 * that down. It never cosigns two trees of one size, nor a smaller one than before.
 */
export class Witness {
  readonly #parts: WitnessParts;

  constructor(parts: WitnessParts) {
    this.#parts = parts;
  }

  head(): Head {
    const row = this.#parts.file.database
      .prepare('SELECT size, root, note FROM heads ORDER BY size DESC LIMIT 1')
      .get();
    return row === undefined
      ? { size: 0, root: toHex(emptyRoot()), note: '' }
      : { size: Number(row['size']), root: String(row['root']), note: String(row['note']) };
  }

  /**
   * Cosigns a checkpoint that extends the head, or says why not. `tree` is what was followed, to tell a fork from what is merely
   * older; null where that is another log than the head's. Codes: `log.checkpoint.invalid`, `log.checkpoint.origin`.
   */
  consider(shown: Shown, key: LogKey, tree: State['tree'] | null): Result<Seen> {
    const checkpoint = verifyCheckpoint(shown.note, key);
    if (!checkpoint.ok) return checkpoint;
    const found = this.#judge(checkpoint.value, shown, tree);
    if (found === 'forked' || (found === 'refuted' && shown.by === 'signer'))
      this.#keep(checkpoint.value, shown.note);
    if (found !== 'extends') return ok({ is: found });
    const { now, keys } = this.#parts;
    const at = now();
    this.#advance(checkpoint.value, shown.note, at);
    return ok({ is: 'cosigned', at, signature: keys.cosign(checkpoint.value.note.text, at) });
  }

  #judge(
    { size, root }: Checkpoint,
    { old, proof }: Shown,
    tree: State['tree'] | null,
  ): 'extends' | Exclude<Seen['is'], 'cosigned'> {
    const head = this.head();
    if (size === head.size) return toHex(root) === head.root ? 'extends' : 'forked';
    if (size < head.size) {
      const known = this.#rootAt(size, tree);
      return known === undefined || equalBytes(known, root) ? 'older' : 'forked';
    }
    if (old !== head.size) return 'unproven';
    if (head.size === 0) return 'extends';
    const claim = { oldSize: head.size, oldRoot: fromHex(head.root), size, root, proof };
    return verifyConsistency(claim).ok ? 'extends' : 'refuted';
  }

  /**
   * Takes the followed log for the head where it is the longer one. Code `log.fork` where it is another log than the head's: it
   * stays the head, and both checkpoints are kept.
   */
  adopt(tree: State['tree'], note: string, key: LogKey): Result<null> {
    const checkpoint = verifyCheckpoint(note, key);
    if (!checkpoint.ok) return checkpoint;
    const { size } = checkpoint.value;
    const head = this.head();
    const isSame =
      size >= head.size
        ? toHex(tree.rootAt(head.size)) === head.root
        : equalBytes(this.#rootAt(size, null) ?? checkpoint.value.root, checkpoint.value.root);
    if (!isSame) {
      this.#keep(checkpoint.value, note);
      return refuse('log.fork', { size, known: head.size });
    }
    this.#advance(checkpoint.value, note, this.#parts.now());
    return ok(null);
  }

  /** The root of a former size: one that was cosigned, or one of the followed tree. */
  #rootAt(size: number, tree: State['tree'] | null): Uint8Array | undefined {
    const row = this.#parts.file.database
      .prepare('SELECT root FROM heads WHERE size = ?')
      .get(size);
    if (row !== undefined) return fromHex(String(row['root']));
    return tree !== null && size <= tree.size ? tree.rootAt(size) : undefined;
  }

  #advance({ size, root }: Checkpoint, note: string, at: Seconds): void {
    if (size <= this.head().size) return;
    this.#parts.file.database
      .prepare('INSERT INTO heads (size, root, note, at) VALUES (?, ?, ?, ?)')
      .run(size, toHex(root), note, at);
  }

  /** Two signed checkpoints of which one cannot be of our log: for ever kept, once told. */
  #keep(theirs: Checkpoint, note: string): void {
    const { file, now, forked } = this.#parts;
    const head = this.head();
    // Lines of others on a note make no other fork of it.
    const about = `${head.note.split('\n\n')[0] ?? ''}\n\n${theirs.note.text}`;
    const { changes } = file.database
      .prepare(
        'INSERT OR IGNORE INTO evidence (digest, at, kind, ours, theirs) VALUES (?, ?, ?, ?, ?)',
      )
      .run(blobAddress(utf8(about)), now(), 'checkpoints', head.note, note);
    if (changes > 0) forked(head, theirs);
  }
}
