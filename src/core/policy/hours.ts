import { assert } from '../base/assert.ts';
import { HOURS_AHEAD_SECONDS, MINUTES_OF_DAY } from '../base/limits.ts';
import type { Seconds } from '../base/time.ts';
import type { HoursCondition, HoursSpan, Weekday, Zone } from './body.ts';
import { weekdays, eastSeconds } from './body.ts';

const MINUTE = 60;
const DAY = MINUTES_OF_DAY * MINUTE;
const WEEK = 7 * DAY;
/** 1970-01-01 was a Thursday; weeks are counted from Monday. */
const MONDAY_TO_EPOCH = 3 * DAY;

/** What a clock on the wall shows. */
export interface LocalTime {
  readonly weekday: Weekday;
  /** Of the day, 0 to 1439. */
  readonly minute: number;
}

/**
 * The local time at `at`, by the offsets pinned in the body; undefined from `zone.until` on and before 1970, where no
 * offset is known. A change of offset is taken at its very second, so hours that are skipped never occur and hours that
 * come twice hold twice.
 */
export function localTime(zone: Zone, at: Seconds): LocalTime | undefined {
  if (!(at < zone.until)) return undefined;
  const offset = zone.offsets.findLast(({ from }) => from <= at);
  if (offset === undefined) return undefined;
  const second = weekSecond(at + eastSeconds(offset));
  const weekday = weekdays[Math.floor(second / DAY)];
  assert(weekday !== undefined, 'a week has seven days');
  return { weekday, minute: Math.floor((second % DAY) / MINUTE) };
}

/** Whether the condition holds at a local time: a span holds from its first minute up to, not including, its last. */
export function hoursHold(condition: HoursCondition, local: LocalTime): boolean {
  const isWithin = condition.spans.some(
    ({ days, fromMinute, toMinute }) =>
      days.includes(local.weekday) && fromMinute <= local.minute && local.minute < toMinute,
  );
  return isWithin === (condition.is === 'within');
}

/**
 * Every time after `after` at which the answer of one of the conditions may change, ascending: edges of spans and
 * changes of offset, at most HOURS_AHEAD_SECONDS ahead and before `zone.until`.
 */
export function* hourChanges(
  zone: Zone,
  conditions: readonly HoursCondition[],
  after: Seconds,
): Generator<Seconds, undefined> {
  const edges = edgesOf(conditions);
  const end = Math.min(zone.until - 1, after + HOURS_AHEAD_SECONDS);
  for (const [i, offset] of zone.offsets.entries()) {
    const { from } = offset;
    const seconds = eastSeconds(offset);
    const next = zone.offsets[i + 1]?.from ?? zone.until;
    if (next <= after || from > end) continue;
    if (from > after) yield from;
    const start = Math.max(from, after);
    // The local week in which the stretch begins: from then on its weeks follow one another without a gap.
    const monday = start + seconds - weekSecond(start + seconds);
    for (let week = monday; week - seconds <= Math.min(end, next - 1); week += WEEK) {
      for (const edge of edges) {
        const at = week + edge - seconds;
        if (at > start && at <= end && at < next) yield at;
      }
    }
  }
  return undefined;
}

/** The seconds of the week at which a span begins or ends, ascending, each once. */
function edgesOf(conditions: readonly HoursCondition[]): readonly number[] {
  const found = new Set<number>();
  for (const { spans } of conditions)
    for (const { days, fromMinute, toMinute } of spans)
      for (const day of days)
        for (const minute of [fromMinute, toMinute])
          found.add((weekdays.indexOf(day) * DAY + minute * MINUTE) % WEEK);
  return [...found].sort((a, b) => a - b);
}

function weekSecond(local: number): number {
  return (((local + MONDAY_TO_EPOCH) % WEEK) + WEEK) % WEEK;
}

/** A span as people write it: `mon tue 09:00-18:00`. */
export function formatSpan({ days, fromMinute, toMinute }: HoursSpan): string {
  return `${days.join(' ')} ${formatMinute(fromMinute)}-${formatMinute(toMinute)}`;
}

/** `09:05` of a minute of the day; `24:00` of its end. */
export function formatMinute(minute: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minute / MINUTE))}:${two(minute % MINUTE)}`;
}
