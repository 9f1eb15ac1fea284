import { DESCRIPTOR_DEPTH } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';

/** A descriptor as a tree of text (BIP 380, 386, 379): what a name, a number or a key means is told elsewhere. */
export type Expression =
  /** `wrappers:name(args)`; wrappers without their colon, empty in most places. */
  | {
      readonly type: 'call';
      readonly wrappers: string;
      readonly name: string;
      readonly args: readonly Expression[];
    }
  /** A key, a number, or a miniscript `0` or `1` with its wrappers. */
  | { readonly type: 'word'; readonly wrappers: string; readonly text: string }
  /** `{left,right}` of a script tree. */
  | { readonly type: 'branch'; readonly left: Expression; readonly right: Expression };

/** Letters of miniscript wrappers: more than its eleven in a row say nothing. */
const WRAPPERS = 11;
const headShape = new RegExp(`^(?:([a-z]{1,${String(WRAPPERS)}}):)?([^:(){},]*)$`);

/**
 * The tree of a descriptor's body, without checksum. Code `wallet.descriptor.malformed`: brackets that do not fit,
 * nesting beyond DESCRIPTOR_DEPTH. The text is never repeated: it may hold a mistyped secret.
 */
export function parseExpression(text: string): Result<Expression> {
  const reader = { text, at: 0 };
  const found = readExpression(reader, 0);
  return found !== null && reader.at === text.length
    ? ok(found)
    : refuse('wallet.descriptor.malformed', { reason: 'brackets and commas do not fit' });
}

interface Reader {
  readonly text: string;
  at: number;
}

function readExpression(reader: Reader, depth: number): Expression | null {
  if (depth > DESCRIPTOR_DEPTH) return null;
  if (reader.text[reader.at] === '{') return readBranch(reader, depth);
  const start = reader.at;
  while (reader.at < reader.text.length && !'(){},'.includes(reader.text.charAt(reader.at)))
    reader.at += 1;
  const head = headShape.exec(reader.text.slice(start, reader.at));
  if (head === null) return null;
  const [, wrappers = '', name = ''] = head;
  if (reader.text[reader.at] !== '(') return { type: 'word', wrappers, text: name };
  const args = readList(reader, depth, ')');
  return args === null ? null : { type: 'call', wrappers, name, args };
}

function readBranch(reader: Reader, depth: number): Expression | null {
  const parts = readList(reader, depth, '}');
  const [left, right, ...more] = parts ?? [];
  if (left === undefined || right === undefined || more.length > 0) return null;
  return { type: 'branch', left, right };
}

/** From the opening bracket, which stands at the reader, to behind the closing one. */
function readList(reader: Reader, depth: number, closing: string): readonly Expression[] | null {
  const found: Expression[] = [];
  do {
    reader.at += 1;
    const part = readExpression(reader, depth + 1);
    if (part === null) return null;
    found.push(part);
  } while (reader.text[reader.at] === ',');
  if (reader.text[reader.at] !== closing) return null;
  reader.at += 1;
  return found;
}
