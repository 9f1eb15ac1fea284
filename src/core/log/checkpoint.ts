import { assert } from '../base/assert.ts';
import { equalBytes, fromBase64, toBase64 } from '../base/bytes.ts';
import { CHECKPOINT_EXTENSIONS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { verifyEd25519 } from './ed25519.ts';
import { HASH_BYTES, emptyRoot } from './merkle.ts';
import type { Note } from './note.ts';
import { isKeyName, keyId, noteToSign, parseNote } from './note.ts';

/** What a checkpoint states: the log called `origin` has `size` leaves with this root (32 bytes). */
export interface TreeHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** A tree head with the note that vouches for it, other parties' signature lines included. */
export interface Checkpoint extends TreeHead {
  readonly note: Note;
}

/** The one key whose signature makes a note a checkpoint of the log: origin and Ed25519 public key, 32 bytes. */
export interface LogKey {
  readonly origin: string;
  readonly key: Uint8Array;
}

/** Sizes below 2^53, written without leading zeros. */
const sizePattern = /^(0|[1-9][0-9]{0,15})$/;

/** The text of a checkpoint, to be signed as a note: three lines, no extensions (C2SP tlog-checkpoint). */
export function formatCheckpoint(head: TreeHead): string {
  assert(isKeyName(head.origin), 'a log has a plain name');
  assert(Number.isSafeInteger(head.size) && head.size >= 0, 'a size counts leaves');
  assert(head.root.length === HASH_BYTES, 'a root has 32 bytes');
  return `${head.origin}\n${String(head.size)}\n${toBase64(head.root)}\n`;
}

/** The tree head in a checkpoint's text. Requires nothing; refuses with `log.checkpoint.invalid`. Proves nothing. */
export function parseCheckpoint(text: string): Result<TreeHead> {
  const lines = text.split('\n');
  const [origin = '', size = '', encoded = '', ...extensions] = lines;
  if (extensions.pop() !== '') return invalid('fewer than three lines');
  if (origin === '') return invalid('no origin');
  if (extensions.length > CHECKPOINT_EXTENSIONS || extensions.includes(''))
    return invalid('extension lines');
  if (!sizePattern.test(size) || !Number.isSafeInteger(Number(size))) return invalid('size');
  const root = fromBase64(encoded);
  if (root?.length !== HASH_BYTES) return invalid('root');
  if (size === '0' && !equalBytes(root, emptyRoot())) return invalid('root of the empty tree');
  return ok({ origin, size: Number(size), root });
}

/**
 * Verifies a checkpoint (C2SP tlog-checkpoint) against the log's pinned name and key: exactly one signature line is
 * by that key and it verifies. Lines by others (witnesses, former keys) are kept in `note`, unverified. Whether
 * the tree extends what was seen before is not checked here but by verifyConsistency or by hashing the entries.
 * Refuses with `log.checkpoint.origin` (another log), `log.checkpoint.invalid` (all else).
 */
export function verifyCheckpoint(noteText: string, log: LogKey): Result<Checkpoint> {
  const note = parseNote(noteText);
  if (!note.ok) return note;
  const head = parseCheckpoint(note.value.text);
  if (!head.ok) return head;
  if (head.value.origin !== log.origin)
    return refuse('log.checkpoint.origin', { expected: log.origin });
  const id = keyId(log.origin, log.key);
  const own = note.value.signatures.filter(
    (line) => line.name === log.origin && equalBytes(line.keyId, id),
  );
  const [line] = own;
  // A second line by the same key is refused: each note has one form, and stock clients differ on what to do with it.
  if (line === undefined || own.length > 1) return invalid('not signed once by the log key');
  if (!verifyEd25519(log.key, noteToSign(note.value.text), line.signature))
    return invalid('signature');
  return ok({ ...head.value, note: note.value });
}

function invalid(reason: string): ReturnType<typeof refuse> {
  return refuse('log.checkpoint.invalid', { reason });
}
