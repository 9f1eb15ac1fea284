import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTime, parseTime } from '../../../../src/core/base/time.ts';

const first = Date.UTC(2000, 0, 1) / 1000;
const last = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

/** What the runtime's calendar makes of a text and writes again in the same way. */
function slowly(text: string): number | undefined {
  if (!/^[2-9][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(text)) return undefined;
  const seconds = Date.parse(text) / 1000;
  const again = Number.isNaN(seconds) ? '' : new Date(seconds * 1000).toISOString();
  return again.replace('.000Z', 'Z') === text ? seconds : undefined;
}

describe('a time', () => {
  test('is read and written as UTC seconds', () => {
    expect(parseTime('2026-11-22T14:05:09Z')).toBe(Date.UTC(2026, 10, 22, 14, 5, 9) / 1000);
    expect(parseTime('2000-01-01T00:00:00Z')).toBe(first);
    expect(parseTime('9999-12-31T23:59:59Z')).toBe(last);
    expect(parseTime('2028-02-29T12:00:00Z')).toBeDefined();
  });

  test.each([
    '1999-12-31T23:59:59Z',
    '2026-02-29T12:00:00Z',
    '2026-04-31T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-11-22T24:00:00Z',
    '9999-12-31T24:00:00Z',
    '2026-12-31T23:59:60Z',
    '2026-11-22T14:05:09.5Z',
    '2026-11-22T14:05:09+00:00',
    '2026-11-22T14:05Z',
    '2026-11-22t14:05:09z',
    '2026-11-22 14:05:09Z',
    '+02026-11-22T14:05:09Z',
    '2026-11-22T14:05:09Z\n',
    '',
  ])('%j is none', (text) => {
    expect(parseTime(text)).toBeUndefined();
  });

  test('has one way to be written', () => {
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (seconds) => {
        expect(parseTime(formatTime(seconds))).toBe(seconds);
      }),
    );
  });

  test('is read as the calendar of the runtime reads it, and nothing else is', () => {
    const padded = (number: number) => String(number).padStart(2, '0');
    const two = fc.nat(99).map(padded);
    const century = fc.constantFrom('19', '20', '21', '99');
    // Often with a day or hour that there is not, sometimes with one wrong character.
    const nearly = fc
      .tuple(century, two, two, two, two, two, two)
      .map(([c, y, m, d, h, i, s]) => `${c}${y}-${m}-${d}T${h}:${i}:${s}Z`);
    const days = fc
      .tuple(century, two, fc.nat(13), fc.nat(32))
      .map(([c, y, m, d]) => `${c}${y}-${padded(m)}-${padded(d)}T12:00:00Z`);
    const character = fc.constantFrom('0', '9', '/', ':', '-', 'T', 'Z', ' ', '+', 'é', '٣');
    const bent = fc
      .tuple(nearly, fc.nat(20), character)
      .map(([text, at, put]) => text.slice(0, at) + put + text.slice(at + 1));
    const near = fc
      .integer({ min: first, max: last })
      .map((seconds) => new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'));
    fc.assert(
      fc.property(fc.oneof(nearly, days, bent, near, fc.string()), (text) => {
        expect(parseTime(text)).toBe(slowly(text));
      }),
      { numRuns: 2_000 },
    );
  });

  test('of half a second, before 1970 or after 9999 is a bug', () => {
    for (const seconds of [0.5, -1, last + 1, Number.NaN])
      expect(() => formatTime(seconds)).toThrow(/^bug: /);
    expect(formatTime(0)).toBe('1970-01-01T00:00:00Z');
  });
});
