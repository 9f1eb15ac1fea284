import type { Zone, ZoneOffset } from '../core/policy/body.ts';
import type { Seconds } from '../core/base/time.ts';

/** Policies are signed from now on: what was before 2020 is flattened to the first offset kept. */
const FIRST = Date.UTC(2020, 0, 1) / 1_000;
/** Beyond, no law is known well enough to bind money to it; two changes a year until then fit ZONE_OFFSETS. */
const UNTIL = Date.UTC(2046, 0, 1) / 1_000;
/** No zone keeps an offset for less than a day. */
const STEP = 86_400;

const known = new Map<string, Zone>();

/**
 * The time zone of an IANA name as data, from the zone database of this Node: what parsePolicyYaml asks for, so that the
 * policy pins it. Undefined for a name that the database does not have. Throws when Node does not tell the version of
 * its database.
 */
export function zoneOf(name: string): Zone | undefined {
  const found = known.get(name) ?? readZone(name);
  if (found !== undefined) known.set(name, found);
  return found;
}

function readZone(name: string): Zone | undefined {
  const version = process.versions['tz'];
  if (version === undefined) throw new Error('this Node has no time zones');
  const offsetAt = offsetReader(name);
  if (offsetAt === undefined) return undefined;
  let seconds = offsetAt(FIRST);
  const offsets = [offsetFrom(0, seconds)];
  for (let at = FIRST; at < UNTIL; at += STEP) {
    const end = Math.min(at + STEP, UNTIL - 1);
    const next = offsetAt(end);
    if (next === seconds) continue;
    offsets.push(offsetFrom(firstWith(next, at, end, offsetAt), next));
    seconds = next;
  }
  return { version, offsets, until: UNTIL };
}

function offsetFrom(from: Seconds, east: number): ZoneOffset {
  return { from, seconds: Math.abs(east), ...(east < 0 ? { west: true } : {}) };
}

/** The first second in (before, end] from which the offset is `seconds`: found by halving. */
function firstWith(
  seconds: number,
  before: Seconds,
  end: Seconds,
  offsetAt: (at: Seconds) => number,
): Seconds {
  let old = before;
  let changed = end;
  while (changed - old > 1) {
    const middle = Math.floor((old + changed) / 2);
    if (offsetAt(middle) === seconds) changed = middle;
    else old = middle;
  }
  return changed;
}

/** Reads offsets east of UTC in seconds, or undefined when there is no such zone. */
function offsetReader(name: string): ((at: Seconds) => number) | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return (at) => {
    // 7/20/2026, 18:00:00
    const numbers =
      format
        .format(at * 1_000)
        .match(/\d+/g)
        ?.map(Number) ?? [];
    const [month = NaN, day, year = NaN, hour, minute, second] = numbers;
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1_000 - at;
  };
}
