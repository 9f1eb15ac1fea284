import { assert } from '../base/assert.ts';
import { fromBase64, toBase64, utf8 } from '../base/bytes.ts';
import { canonicalText, parseCanonical } from '../base/canonical.ts';
import { blobAddress } from '../base/digest.ts';
import { BLOB_BYTES, ENTRY_BYTES, PACKAGE_LINE_LENGTH } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';

/**
 * One line of a package: a segment of the log as JSON Lines, to be carried to a host without network or kept as
 * evidence. The checkpoint comes first, a blob stands before the first entry that names it, or nowhere when nobody
 * has it: whether an entry needed it only the fold knows, for a line knows nothing of its neighbours.
 */
export type PackageLine =
  | { readonly type: 'checkpoint'; readonly note: string }
  | { readonly type: 'blob'; readonly sha256: string; readonly bytes: Uint8Array }
  | { readonly type: 'entry'; readonly index: number; readonly bytes: Uint8Array };

/**
 * The line of a package, canonical JSON (RFC 8785) without the newline. Requires an entry's bytes to be canonical JSON within
 * ENTRY_BYTES, a blob within BLOB_BYTES under its own hash.
 */
export function formatPackageLine(line: PackageLine): string {
  return canonicalText(shapeOf(line));
}

function shapeOf(line: PackageLine): Readonly<Record<string, unknown>> {
  switch (line.type) {
    case 'checkpoint':
      return { note: line.note, type: line.type };
    case 'blob':
      assert(line.bytes.length <= BLOB_BYTES, 'blobs are bounded before they are stored');
      assert(blobAddress(line.bytes) === line.sha256, 'a blob is kept under its own hash');
      return { base64: toBase64(line.bytes), sha256: line.sha256, type: line.type };
    case 'entry': {
      assert(line.bytes.length <= ENTRY_BYTES, 'entries are bounded before they are numbered');
      const entry = parseCanonical(line.bytes);
      assert(entry.ok, 'entries of the log are canonical JSON');
      return { entry: entry.value, index: line.index, type: line.type };
    }
  }
}

/** With what the JSON of an entry says. */
export type ParsedLine =
  | Exclude<PackageLine, { readonly type: 'entry' }>
  | (Extract<PackageLine, { readonly type: 'entry' }> & { readonly value: unknown });

/**
 * Reads one line of a package (without its newline), strictly: canonical JSON, exactly the keys of its type, canonical base64, a blob
 * that has the hash it claims, an entry whose JSON may stand in the log. An entry's `bytes` are its leaf. Refuses
 * with `package.invalid`, `log.blob.size`, `log.entry.size`, and `json.number`, `json.text`, `json.depth` for what is
 * inside an entry. Checkpoint signatures, schemas and the tree are not checked here.
 */
export function parsePackageLine(line: string): Result<ParsedLine> {
  if (line.length > PACKAGE_LINE_LENGTH) return invalid('a line is too long');
  if (line.startsWith(entryHead)) return parseEntryLine(line);
  const parsed = parseObject(line);
  if (parsed === undefined) return invalid('a line is no JSON object');
  switch (parsed['type']) {
    case 'checkpoint':
      return parseCheckpointLine(line, parsed);
    case 'blob':
      return parseBlobLine(line, parsed);
    case 'entry':
      return invalid('a line is not in canonical form');
    default:
      return invalid('a line of unknown type');
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(line: string): Fields | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return value as Fields;
}

/**
 * True when the line is, byte for byte, canonical and made of these fields alone: unknown or repeated keys and other spellings
 * would let two readers see two things.
 */
function isExactly(line: string, fields: Fields): boolean {
  return line === canonicalText(fields);
}

function parseCheckpointLine(line: string, { type, note }: Fields): Result<ParsedLine> {
  if (typeof note !== 'string' || !note.isWellFormed()) return invalid('a checkpoint has a note');
  if (!isExactly(line, { note, type })) return invalid('a line is not in canonical form');
  return ok({ type: 'checkpoint', note });
}

function parseBlobLine(line: string, { type, sha256, base64 }: Fields): Result<ParsedLine> {
  if (typeof sha256 !== 'string' || typeof base64 !== 'string')
    return invalid('a blob has sha256 and base64');
  const bytes = fromBase64(base64);
  if (bytes === undefined) return invalid('base64');
  if (bytes.length > BLOB_BYTES)
    return refuse('log.blob.size', { size: bytes.length, most: BLOB_BYTES });
  if (blobAddress(bytes) !== sha256) return invalid('a blob has another hash');
  if (!isExactly(line, { base64, sha256, type })) return invalid('a line is not in canonical form');
  return ok({ type: 'blob', sha256, bytes });
}

const entryHead = '{"entry":';
const entryTail = /,"index":(0|[1-9][0-9]{0,15}),"type":"entry"\}$/;
/** Longer than any such tail. */
const TAIL_LENGTH = 50;

/** The entry's own text is cut out of the line, so that its rules are those of a leaf and its bytes are not rewritten. */
function parseEntryLine(line: string): Result<ParsedLine> {
  const [tail = '', digits = ''] = entryTail.exec(line.slice(-TAIL_LENGTH)) ?? [];
  const index = Number(digits);
  if (tail === '' || !Number.isSafeInteger(index)) return invalid('an entry has an index');
  const leaf = line.slice(entryHead.length, line.length - tail.length);
  if (!leaf.startsWith('{')) return invalid('an entry is an object');
  const bytes = utf8(leaf);
  if (bytes.length > ENTRY_BYTES)
    return refuse('log.entry.size', { size: bytes.length, most: ENTRY_BYTES });
  const canonical = parseCanonical(leaf);
  if (canonical.ok) return ok({ type: 'entry', index, bytes, value: canonical.value });
  const { code } = canonical.refusal;
  const spelling = code === 'json.malformed' || code === 'json.noncanonical';
  return spelling ? invalid('a line is not in canonical form') : canonical;
}

function invalid(reason: string): ReturnType<typeof refuse> {
  return refuse('package.invalid', { reason });
}
