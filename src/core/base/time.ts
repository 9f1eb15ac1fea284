import { assert } from './assert.ts';

/** Whole seconds since 1970-01-01T00:00:00Z. Core never reads a clock: time is always handed in. */
export type Seconds = number;

/** The last second that has four digits of year. */
const END_OF_9999 = 253_402_300_799;

const shape = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/;

const daysOf = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Seconds of `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, UTC, no fraction, no leap second), or undefined. Years 2000 to 9999. */
export function parseTime(text: string): Seconds | undefined {
  const found = shape.exec(text);
  if (found === null) return undefined;
  // Date.parse shifts a day or hour that there is not on to the next month or day.
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
    .slice(1)
    .map(Number);
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = (daysOf[month - 1] ?? 0) + (isLeap && month === 2 ? 1 : 0);
  const isTime = day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
  if (year < 2000 || !isTime) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** `YYYY-MM-DDTHH:MM:SSZ` of whole seconds. Requires an integer from 0 to the end of the year 9999. */
export function formatTime(seconds: Seconds): string {
  assert(
    Number.isInteger(seconds) && seconds >= 0 && seconds <= END_OF_9999,
    'a time is whole seconds before the year 10000',
  );
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
