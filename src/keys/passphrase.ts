import { readSync } from 'node:fs';
import { PASSPHRASE_MOST } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';

/**
 * Passphrases, one a line in the order in which they are given; bytes where their reader could avoid a string, which
 * JavaScript cannot wipe. Whoever reads bytes wipes them.
 */
export type Passphrases = string | Uint8Array;

/**
 * Where passphrases may come from. Never a command line argument: those stand in the process list and in the
 * history of the shell.
 */
export interface PassphraseSources {
  /** Value of COUNTERSIGN_PASSPHRASE: a line each. */
  readonly environment: string | undefined;
  /** Inherited file descriptors: one line of each, or of the only one as many as are needed. */
  readonly descriptors: readonly number[];
  /** Asks on the terminal without echo; null where there is none. */
  readonly ask: ((question: string) => Promise<string | null>) | null;
}

const LINE_FEED = 0x0a;

/**
 * As many passphrases as questions: of the descriptors where some are named, else of the environment, else each asked for, one
 * after the other. Code `key.passphrase.missing`. Throws when a descriptor cannot be read.
 */
export async function readPassphrases(
  sources: PassphraseSources,
  questions: readonly string[],
): Promise<Result<Buffer>> {
  const { environment, descriptors, ask } = sources;
  const [only, ...more] = descriptors;
  if (only !== undefined) {
    const read = more.length === 0 ? [linesOf(only, questions.length)] : descriptors.map(lineOf);
    return given(join(read), questions.length);
  }
  if (environment !== undefined && environment !== '')
    return given(Buffer.from(environment), questions.length);
  if (ask === null) return refuse('key.passphrase.missing');
  const typed: Buffer[] = [];
  for (const question of questions) typed.push(Buffer.from((await ask(question)) ?? ''));
  return given(join(typed), questions.length);
}

/**
 * Passphrases for new slots: typed twice where people type them, since nobody can restore a mistyped one. Codes:
 * `key.passphrase.missing`, `key.passphrase.differs`.
 */
export async function readNewPassphrases(
  sources: PassphraseSources,
  questions: readonly string[],
): Promise<Result<Buffer>> {
  const { environment, descriptors, ask } = sources;
  const isTyped = descriptors.length === 0 && (environment ?? '') === '' && ask !== null;
  if (!isTyped) return readPassphrases(sources, questions);
  const typed: Buffer[] = [];
  for (const question of questions) {
    const first = await readPassphrases(sources, [question]);
    if (!first.ok) return first;
    const again = await readPassphrases(sources, ['The same again']);
    if (!again.ok) return again;
    if (!first.value.equals(again.value)) return refuse('key.passphrase.differs');
    again.value.fill(0);
    typed.push(first.value);
  }
  return ok(join(typed));
}

/** The lines of passphrases, each a copy that its reader wipes. */
export function linesOfPassphrases(passphrases: Passphrases): readonly Buffer[] {
  const bytes = Buffer.from(passphrases);
  const lines: Buffer[] = [];
  let start = 0;
  while (start < bytes.length) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed;
    lines.push(Buffer.from(bytes.subarray(start, end)));
    start = end + 1;
  }
  bytes.fill(0);
  return lines;
}

/** Characters of UTF-8, without making a string of them. */
export function charactersOf(utf8: Uint8Array): number {
  return utf8.reduce((count, byte) => ((byte & 0xc0) === 0x80 ? count : count + 1), 0);
}

/** As many lines as are needed, none of them empty. */
function given(text: Buffer, needed: number): Result<Buffer> {
  const lines = linesOfPassphrases(text);
  text.fill(0);
  const wanted = lines.slice(0, needed);
  const isWhole = wanted.length === needed && wanted.every(({ length }) => length > 0);
  return isWhole ? ok(join(wanted)) : refuse('key.passphrase.missing');
}

/** Joins the lines, and wipes them. */
function join(lines: readonly Buffer[]): Buffer {
  const feed = Buffer.of(LINE_FEED);
  const text = Buffer.concat(lines.flatMap((line, at) => (at === 0 ? [line] : [feed, line])));
  for (const line of lines) line.fill(0);
  return text;
}

const lineOf = (descriptor: number): Buffer => linesOf(descriptor, 1);

/** The first lines of a descriptor, without their ends. One character may take four bytes. */
function linesOf(descriptor: number, most: number): Buffer {
  const bytes = Buffer.alloc(most * (PASSPHRASE_MOST * 4 + 2));
  let length = 0;
  while (length < bytes.length && feedsIn(bytes.subarray(0, length)) < most) {
    const count = readSync(descriptor, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  const lines = linesOfPassphrases(bytes.subarray(0, length)).slice(0, most);
  bytes.fill(0);
  return join(lines.map((line) => (line.at(-1) === 0x0d ? line.subarray(0, -1) : line)));
}

function feedsIn(bytes: Uint8Array): number {
  return bytes.reduce((count, byte) => (byte === LINE_FEED ? count + 1 : count), 0);
}
