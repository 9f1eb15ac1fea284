import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { zoneOf } from '../../../src/client/time-zone.ts';
import { canonicalBytes, parseCanonical } from '../../../src/core/base/canonical.ts';
import { parsePolicyBody } from '../../../src/core/policy/body.ts';
import { localTime } from '../../../src/core/policy/hours.ts';
import { aPolicy, aRule } from '../../support/policy-builder.ts';
import { newYork } from '../../support/zones.ts';

const names = [
  'Asia/Tokyo',
  'America/New_York',
  'Europe/Dublin',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'UTC',
];
const first = Date.UTC(2020, 0, 1) / 1_000;

function found(name: string) {
  const zone = zoneOf(name);
  if (zone === undefined) throw new Error(`no zone ${name}`);
  return zone;
}

describe.each(names)('the zone %s', (name) => {
  const zone = found(name);
  // Asked for words instead of the numbers that the code under test asks for.
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: name,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const local = (at: number) => {
    const part = Object.fromEntries(
      format.formatToParts(at * 1_000).map(({ type, value }) => [type, value]),
    );
    return {
      weekday: part['weekday']?.toLowerCase(),
      minute: Number(part['hour']) * 60 + Number(part['minute']),
    };
  };

  test('shows what Intl shows, at thousands of times and around each change', () => {
    const around = zone.offsets.flatMap(({ from }) => [from - 1, from, from + 1]);
    for (const at of around.filter((time) => time >= first))
      expect(localTime(zone, at)).toEqual(local(at));
    fc.assert(
      fc.property(fc.integer({ min: first, max: zone.until - 1 }), (at) => {
        expect(localTime(zone, at)).toEqual(local(at));
      }),
      { numRuns: 3_000 },
    );
  });

  test('can be pinned in a policy', () => {
    const hours = {
      is: 'within' as const,
      spans: [{ days: ['mon' as const], fromMinute: 0, toMinute: 1 }],
    };
    const body = aPolicy({ timezone: name, zone, rules: [aRule('r', { hours })] });
    expect(parsePolicyBody(body)).toEqual({ ok: true, value: body });
    // And stand in the log: canonical JSON has no number below zero.
    expect(parseCanonical(canonicalBytes(body))).toEqual({ ok: true, value: body });
  });
});

test('New York changes when the law says so', () => {
  const { offsets } = found('America/New_York');
  for (const change of newYork.offsets.slice(1)) expect(offsets).toContainEqual(change);
});

test.each(['Asia/Tokio', 'Mars/Olympus', 'Tokyo', ''])('%p is no zone', (name) => {
  expect(zoneOf(name)).toBeUndefined();
});
