import { assert } from './assert.ts';

/** Whole seconds since 1970-01-01T00:00:00Z. Core never reads a clock: time is always handed in. */
export type Seconds = number;

/** The last second that has four digits of year. */
const END_OF_9999 = 253_402_300_799;

const daysOf = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Two digits from a place on, or NaN, which is in no range. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Whether the marks between the numbers of `YYYY-MM-DDTHH:MM:SSZ` stand, and nothing else does. */
function hasMarks(text: string): boolean {
  return (
    text.length === 20 &&
    text[4] === '-' &&
    text[7] === '-' &&
    text[10] === 'T' &&
    text[13] === ':' &&
    text[16] === ':' &&
    text[19] === 'Z'
  );
}

/** Seconds of `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, UTC, no fraction, no leap second), or undefined. Years 2000 to 9999. */
export function parseTime(text: string): Seconds | undefined {
  if (!hasMarks(text)) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const [month, day] = [twoDigits(text, 5), twoDigits(text, 8)];
  const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  // Date.UTC shifts a day or hour that there is not on to the next month or day.
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = (daysOf[month - 1] ?? 0) + (isLeap && month === 2 ? 1 : 0);
  const isTime = day >= 1 && day <= days && hour < 24 && minute < 60 && second < 60;
  if (!(year >= 2000) || !isTime) return undefined;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
}

/** `YYYY-MM-DDTHH:MM:SSZ` of whole seconds. Requires an integer from 0 to the end of the year 9999. */
export function formatTime(seconds: Seconds): string {
  assert(
    Number.isInteger(seconds) && seconds >= 0 && seconds <= END_OF_9999,
    'a time is whole seconds before the year 10000',
  );
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`;
}
