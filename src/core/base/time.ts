import { assert } from './assert.ts';

/** Whole seconds since 1970-01-01T00:00:00Z. Core never reads a clock: time is always handed in. */
export type Seconds = number;

/** The last second that has four digits of year. */
const END_OF_9999 = 253_402_300_799;

const shape = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/;

/** Seconds of `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, UTC, no fraction, no leap second), or undefined. Years 2000 to 9999. */
export function parseTime(text: string): Seconds | undefined {
  if (!shape.test(text) || text < '2000') return undefined;
  const milliseconds = Date.parse(text);
  const seconds = milliseconds / 1000;
  // Date.parse takes the hour 24, which ends the year 9999 in another one, and shifts it on; written again it differs.
  if (Number.isNaN(seconds) || seconds > END_OF_9999) return undefined;
  return formatTime(seconds) === text ? seconds : undefined;
}

/** `YYYY-MM-DDTHH:MM:SSZ` of whole seconds. Requires an integer from 0 to the end of the year 9999. */
export function formatTime(seconds: Seconds): string {
  assert(
    Number.isInteger(seconds) && seconds >= 0 && seconds <= END_OF_9999,
    'a time is whole seconds before the year 10000',
  );
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
