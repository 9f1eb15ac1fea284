import canonicalize from 'canonicalize';
import { assert } from './assert.ts';
import { fromUtf8, utf8 } from './bytes.ts';
import { JSON_DEPTH, JSON_TEXT_LENGTH } from './limits.ts';
import type { Result } from './result.ts';
import { ok, refuse } from './result.ts';

/**
 * Control, bidirectional, zero-width and other invisible characters that change what a person reads without
 * changing what he sees. Lone surrogates are caught by isWellFormed.
 */
const invisible =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff]|\udb40[\udc00-\udfff]/;

/** True for a text that may stand in a signed or logged object: NFC, well-formed, nothing invisible. */
export function isPlainText(text: string): boolean {
  return text.isWellFormed() && text.normalize('NFC') === text && !invisible.test(text);
}

/** The bytes of RFC 8785 canonical JSON. Requires JSON data: undefined, functions or cycles are bugs. */
export function canonicalBytes(object: unknown): Uint8Array {
  const text = canonicalize(object);
  assert(typeof text === 'string', 'only JSON data has a canonical form');
  return utf8(text);
}

/**
 * The value of canonical JSON bytes (RFC 8785 narrowed by our protocol: integers 0..10^16-1, plain texts).
 * Accepted only if the bytes are exactly what {@link canonicalBytes} writes again, before any schema looks at it.
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
  if (canonicalize(value) !== text) return refuse('json.noncanonical');
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
  if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0) || value >= 1e16)
    return refuse('json.number', { value: String(value) });
  return ok(null);
}

function checkText(text: string): Result<null> {
  if (text.length > JSON_TEXT_LENGTH) return refuse('json.text', { length: text.length });
  if (!isPlainText(text)) return refuse('json.text', { length: text.length });
  return ok(null);
}
