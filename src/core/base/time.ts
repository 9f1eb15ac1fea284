/** Whole seconds since 1970-01-01T00:00:00Z. Core never reads a clock: time is always handed in. */
export type Seconds = number;

const shape = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/;

/** Seconds of `YYYY-MM-DDTHH:MM:SSZ` (RFC 3339, UTC, no fraction, no leap second), or undefined. Years 2000 to 9999. */
export function parseTime(text: string): Seconds | undefined {
  if (!shape.test(text) || text < '2000') return undefined;
  const milliseconds = Date.parse(text);
  if (Number.isNaN(milliseconds)) return undefined;
  const seconds = milliseconds / 1000;
  return formatTime(seconds) === text ? seconds : undefined;
}

/** `YYYY-MM-DDTHH:MM:SSZ` of whole seconds. */
export function formatTime(seconds: Seconds): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
