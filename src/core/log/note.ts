import { assert } from '../base/assert.ts';
import { concat, equalBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import { NOTE_BYTES, NOTE_SIGNATURES } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { isEd25519Key } from './ed25519.ts';

/** C2SP signed-note's number for plain Ed25519. */
const ED25519_TYPE = Uint8Array.of(0x01);
const KEY_ID_BYTES = 4;
const linePrefix = '\u2014 ';

/** One signature line of a note: whose it claims to be, and what was signed with. Verified by nobody yet. */
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes, see {@link keyId}. */
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** A signed note taken apart. `text` ends with a newline and is what the signatures are over. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A log's name and Ed25519 public key (32 bytes): what a client must know beforehand. */
export interface VerifierKey {
  readonly name: string;
  readonly key: Uint8Array;
}

/** True for a name that may stand in a signature line: not empty, no white space, no plus (C2SP signed-note). */
export function isKeyName(name: string): boolean {
  // U+0085 is white space to Go's unicode.IsSpace but not to \s; the other controls may not stand in a note at all.
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return name !== '' && name.isWellFormed() && !/[\s+\u0000-\u001f\u0085]/.test(name);
}

/**
 * The id of an Ed25519 key in notes: SHA-256(name || 0x0A || 0x01 || key)[:4] (C2SP signed-note). Returns 4 bytes.
 * It names a key, it does not prove one: 32 bits collide at will.
 */
export function keyId(name: string, key: Uint8Array): Uint8Array {
  return sha256(concat(utf8(`${name}\n`), ED25519_TYPE, key)).subarray(0, KEY_ID_BYTES);
}

/** The key as one line for a client's configuration: `name+hex(id)+base64(0x01 || key)` (golang.org/x/mod/sumdb/note). */
export function verifierKey(name: string, key: Uint8Array): string {
  assert(isKeyName(name), 'a log has a plain name');
  return `${name}+${toHex(keyId(name, key))}+${toBase64(concat(ED25519_TYPE, key))}`;
}

/**
 * The name and key of a line that {@link verifierKey} wrote. Refuses with `log.key.invalid` what is malformed, of
 * another algorithm, whose id does not match, or no key fit for signatures.
 */
export function parseVerifierKey(line: string): Result<VerifierKey> {
  const invalid = refuse('log.key.invalid');
  const match = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{44})$/.exec(line);
  const [, name = '', id = '', encoded = ''] = match ?? [];
  const typed = fromBase64(encoded);
  if (typed?.length !== 33 || typed[0] !== ED25519_TYPE[0] || !isKeyName(name)) return invalid;
  const key = typed.slice(1);
  if (!equalBytes(keyId(name, key), fromHex(id)) || !isEd25519Key(key)) return invalid;
  return ok({ name, key });
}

/** The bytes that a note's Ed25519 signature is over: its text as UTF-8, final newline included. */
export function noteToSign(text: string): Uint8Array {
  assert(
    isNoteText(text),
    'the text of a note ends with a newline and holds no control characters',
  );
  return utf8(text);
}

/**
 * The note of a text and Ed25519 signatures over {@link noteToSign}. Signing is done outside core, by whoever
 * holds the key. Requires at least one signer, 32-byte keys, 64-byte signatures; it does not verify them.
 */
export function assembleNote(
  text: string,
  ...signers: readonly (VerifierKey & { readonly signature: Uint8Array })[]
): string {
  assert(
    isNoteText(text),
    'the text of a note ends with a newline and holds no control characters',
  );
  assert(signers.length > 0 && signers.length <= NOTE_SIGNATURES, 'a note is signed');
  const lines = signers.map(({ name, key, signature }) => {
    assert(isKeyName(name), 'a log has a plain name');
    return `${linePrefix}${name} ${toBase64(concat(keyId(name, key), signature))}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

function isNoteText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return text.endsWith('\n') && text.isWellFormed() && !/[\u0000-\u0009\u000b-\u001f]/.test(text);
}

/**
 * Takes a signed note apart (C2SP signed-note), believing nothing: the text means nothing until a signature is
 * verified. Refuses with `log.checkpoint.invalid` what is too large, has no or too many signature lines, or is malformed.
 */
export function parseNote(note: string): Result<Note> {
  // A UTF-8 text has at least as many bytes as UTF-16 units, so the cheap check comes first.
  if (note.length > NOTE_BYTES || !isNoteText(note) || utf8(note).length > NOTE_BYTES)
    return malformed('size, control characters or no final newline');
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0) return malformed('no blank line before the signatures');
  const lines = note.slice(blank + 2, -1).split('\n');
  if (lines.length > NOTE_SIGNATURES) return malformed('too many signatures');
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const signature = parseSignature(line);
    if (signature === undefined) return malformed('a signature line');
    signatures.push(signature);
  }
  return ok({ text: note.slice(0, blank + 1), signatures });
}

function parseSignature(line: string): NoteSignature | undefined {
  if (!line.startsWith(linePrefix)) return undefined;
  const [name = '', encoded = '', ...more] = line.slice(linePrefix.length).split(' ');
  const bytes = fromBase64(encoded);
  if (more.length > 0 || !isKeyName(name) || bytes === undefined) return undefined;
  if (bytes.length <= KEY_ID_BYTES) return undefined;
  return {
    name,
    keyId: bytes.slice(0, KEY_ID_BYTES),
    signature: bytes.slice(KEY_ID_BYTES),
  };
}

function malformed(reason: string): ReturnType<typeof refuse> {
  return refuse('log.checkpoint.invalid', { reason });
}
