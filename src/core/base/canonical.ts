import canonicalize from 'canonicalize';
import { assert } from './assert.ts';
import { fromUtf8, utf8 } from './bytes.ts';
import { JSON_DEPTH, JSON_TEXT_LENGTH } from './limits.ts';
import type { Result } from './result.ts';
import { ok, refuse } from './result.ts';

/**
 * Control, bidirectional, zero-width and other characters without a shape of their own: they change what a text is
 * without changing what a person sees, or the order in which he sees it. Listed rather than asked of the runtime by
 * property: a newer Unicode must not change what was once valid. Lone surrogates are caught by isWellFormed.
 */
const shapelessRanges = [
  '\\u0000-\\u001f\\u007f-\\u009f', // controls
  '\\u00ad\\u034f', // soft hyphen, grapheme joiner
  '\\u061c\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u206f\\ufeff', // zero width, line separators, bidirectional
  '\\u115f\\u1160\\u3164\\uffa0\\u17b4\\u17b5\\u2800\\u{16fe4}\\u{1d159}', // fillers and blanks
  '\\u180b-\\u180f\\ufe00-\\ufe0f', // variation selectors
  '\\ufff0-\\uffff', // unassigned, annotations, replacement character
  '\\u{13430}-\\u{1343f}\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}', // controls of hieroglyphs, shorthand, music
  '\\u{e0000}-\\u{e0fff}', // tags and variation selectors
];
const shapeless = new RegExp(shapelessRanges.map((range) => `[${range}]`).join('|'), 'u');

const printableAscii = /^[ -~]*$/;

/** True for a text that may stand in a signed or logged object: NFC, well-formed, nothing invisible. */
export function isPlainText(text: string): boolean {
  if (printableAscii.test(text)) return true; // as most are, and at once
  return text.isWellFormed() && text.normalize('NFC') === text && !shapeless.test(text);
}

/** {@link canonicalText} in UTF-8. */
export function canonicalBytes(object: unknown): Uint8Array {
  return utf8(canonicalText(object));
}

/**
 * RFC 8785 canonical JSON. Requires JSON data: undefined, functions, cycles and numbers or texts that JSON cannot hold are
 * bugs and throw. An undefined field is left out, as JSON.stringify does.
 */
export function canonicalText(object: unknown): string {
  // The built-in serialiser writes what has its keys in order just as RFC 8785 does, and many times as fast.
  const text: unknown = isOrdered(object) ? JSON.stringify(object) : canonicalize(object);
  assert(typeof text === 'string', 'only JSON data has a canonical form');
  return text;
}

/** JSON data whose keys stand in the order of RFC 8785: by UTF-16 units. Anything unusual is none. */
function isOrdered(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'object') return value === null || isOrderedObject(value);
  return typeof value === 'boolean';
}

function isOrderedObject(object: object): boolean {
  if (Array.isArray(object)) return object.every(isOrdered);
  if (Object.getPrototypeOf(object) !== Object.prototype) return false;
  let before: string | null = null;
  for (const [key, item] of Object.entries(object)) {
    if ((before !== null && before >= key) || !key.isWellFormed() || !isOrdered(item)) return false;
    before = key;
  }
  return true;
}

/**
 * The value of canonical JSON bytes (RFC 8785 narrowed by our protocol: integers 0..2^53-1, plain texts).
 * Requires that the caller has bounded the size. Accepted only if the bytes are exactly what {@link canonicalBytes}
 * writes again, before any schema looks at it.
 * Refuses with `json.malformed`, `json.noncanonical`, `json.number`, `json.text`, `json.depth`.
 */
export function parseCanonical(bytes: Uint8Array | string): Result<unknown> {
  const text = typeof bytes === 'string' ? bytes : fromUtf8(bytes);
  if (text === undefined) return refuse('json.malformed', { reason: 'not UTF-8' });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('json.malformed', { reason: 'not JSON' });
  }
  const shape = checkValue(value, 0);
  if (!shape.ok) return shape;
  if (canonicalText(value) !== text) return refuse('json.noncanonical');
  return ok(value);
}

function checkValue(value: unknown, depth: number): Result<null> {
  if (depth > JSON_DEPTH) return refuse('json.depth', { most: JSON_DEPTH });
  if (value === null || typeof value === 'boolean') return ok(null);
  if (typeof value === 'number') return checkNumber(value);
  if (typeof value === 'string') return checkText(value);
  assert(typeof value === 'object', 'JSON.parse makes no other types');
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = checkValue(item, depth + 1);
      if (!found.ok) return found;
    }
    return ok(null);
  }
  for (const [key, item] of Object.entries(value)) {
    const named = checkText(key);
    if (!named.ok) return named;
    const found = checkValue(item, depth + 1);
    if (!found.ok) return found;
  }
  return ok(null);
}

function checkNumber(value: number): Result<null> {
  if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0))
    return refuse('json.number', { value: String(value) });
  return ok(null);
}

function checkText(text: string): Result<null> {
  if (text.length > JSON_TEXT_LENGTH) return refuse('json.text', { length: text.length });
  if (!isPlainText(text)) return refuse('json.text', { length: text.length });
  return ok(null);
}
