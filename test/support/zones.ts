import type { Zone } from '../../src/core/policy/body.ts';

/** Zones written by hand, so that tests of core ask nobody for them. */

export const tokyo: Zone = {
  version: '2026a',
  offsets: [{ from: 0, seconds: 32_400 }],
  until: 2_398_377_600, // 2046-01-01
};

/** America/New_York in 2026 and 2027; what came before is flattened. */
export const newYork: Zone = {
  version: '2026a',
  offsets: [
    { from: 0, seconds: 18_000, west: true },
    { from: 1_772_953_200, seconds: 14_400, west: true }, // 2026-03-08T07:00:00Z: 02:00 becomes 03:00
    { from: 1_793_512_800, seconds: 18_000, west: true }, // 2026-11-01T06:00:00Z: 02:00 becomes 01:00
    { from: 1_805_007_600, seconds: 14_400, west: true }, // 2027-03-14T07:00:00Z
    { from: 1_825_567_200, seconds: 18_000, west: true }, // 2027-11-07T06:00:00Z
  ],
  until: 1_830_297_600, // 2028-01-01
};

/** The zones of tests by name: what `parsePolicyYaml` asks for. */
export function testZones(name: string): Zone | undefined {
  const zones: Readonly<Record<string, Zone>> = {
    'Asia/Tokyo': tokyo,
    'America/New_York': newYork,
    UTC: { ...tokyo, offsets: [{ from: 0, seconds: 0 }] },
  };
  return Object.hasOwn(zones, name) ? zones[name] : undefined;
}
