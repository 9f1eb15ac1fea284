import { describe, expect, test } from '@jest/globals';
import type {
  HoursCondition,
  PolicyBody,
  Rule,
  Weekday,
} from '../../../../src/core/policy/body.ts';
import { weekdays } from '../../../../src/core/policy/body.ts';
import { noUsage, usageOfRecords } from '../../../../src/core/policy/budget.ts';
import type { SpendFacts } from '../../../../src/core/policy/evaluate.ts';
import { evaluate } from '../../../../src/core/policy/evaluate.ts';
import { hourChanges, hoursHold, localTime } from '../../../../src/core/policy/hours.ts';
import {
  aLimit,
  aPayment,
  aPolicy,
  aRecord,
  aRule,
  aSpend,
  aWhen,
} from '../../../support/policy-builder.ts';
import { newYork, tokyo } from '../../../support/zones.ts';

const at = (text: string): number => Date.parse(text) / 1_000;
const workdays: readonly Weekday[] = ['mon', 'tue', 'wed', 'thu', 'fri'];
const span = (days: readonly Weekday[], fromMinute: number, toMinute: number) => ({
  days,
  fromMinute,
  toMinute,
});
const office: HoursCondition = { is: 'within', spans: [span(workdays, 540, 1_080)] };
const outside = (condition: HoursCondition): HoursCondition => ({ ...condition, is: 'outside' });

describe('local time', () => {
  test.each([
    ['2026-07-20T14:59:59Z', 'mon', 1_439],
    ['2026-07-20T15:00:00Z', 'tue', 0],
    ['2026-07-20T15:00:59Z', 'tue', 0],
    ['2026-07-20T15:01:00Z', 'tue', 1],
    ['2026-07-19T15:00:00Z', 'mon', 0],
  ])('of Tokyo at %s is %s, minute %d', (time, weekday, minute) => {
    expect(localTime(tokyo, at(time))).toEqual({ weekday, minute });
  });

  test('of the first second of 1970 is a Thursday, or a Wednesday west of Greenwich', () => {
    expect(localTime(tokyo, 0)).toEqual({ weekday: 'thu', minute: 540 });
    expect(localTime(newYork, 0)).toEqual({ weekday: 'wed', minute: 1_140 });
  });

  test('skips an hour in spring and has one twice in autumn', () => {
    const minutes = (...times: string[]) =>
      times.map((time) => localTime(newYork, at(time))?.minute);
    expect(minutes('2026-03-08T06:59:59Z', '2026-03-08T07:00:00Z')).toEqual([119, 180]);
    expect(minutes('2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z')).toEqual([90, 90]);
  });

  test('is not known before 1970 nor from the end of the zone on', () => {
    expect(localTime(tokyo, -1)).toBeUndefined();
    expect(localTime(tokyo, tokyo.until - 1)).toBeDefined();
    expect(localTime(tokyo, tokyo.until)).toBeUndefined();
    expect(localTime(tokyo, tokyo.until + 1)).toBeUndefined();
    expect(localTime(tokyo, NaN)).toBeUndefined();
  });
});

describe('hours', () => {
  test.each([
    [539, false],
    [540, true],
    [541, true],
    [1_079, true],
    [1_080, false],
    [1_081, false],
  ])('from 09:00 to 18:00 hold in minute %d of the day: %s', (minute, expected) => {
    expect(hoursHold(office, { weekday: 'mon', minute })).toBe(expected);
    expect(hoursHold(outside(office), { weekday: 'mon', minute })).toBe(!expected);
    expect(hoursHold(office, { weekday: 'sat', minute })).toBe(false);
  });

  test('up to 24:00 hold in the last minute of the day and not in the first of the next', () => {
    const late: HoursCondition = { is: 'within', spans: [span(['sun'], 1_380, 1_440)] };
    expect(hoursHold(late, { weekday: 'sun', minute: 1_439 })).toBe(true);
    expect(hoursHold(late, { weekday: 'mon', minute: 0 })).toBe(false);
  });

  test('hold within any of the spans, and outside only out of all', () => {
    const spans = [span(['mon'], 0, 60), span(['mon', 'tue'], 120, 180)];
    const holds = (minute: number) =>
      (['within', 'outside'] as const).map((is) =>
        hoursHold({ is, spans }, { weekday: 'mon', minute }),
      );
    expect([30, 90, 150].map(holds)).toEqual([
      [true, false],
      [false, true],
      [true, false],
    ]);
  });

  test('change at every edge of a span and at every change of offset, and nowhere else', () => {
    const after = at('2026-10-31T12:00:00Z');
    const night: HoursCondition = { is: 'within', spans: [span(['sun'], 60, 120)] };
    expect(
      [...hourChanges(newYork, [night], after)].map((time) => new Date(time * 1_000).toISOString()),
    ).toEqual([
      '2026-11-01T05:00:00.000Z', // 01:00, the first time
      '2026-11-01T06:00:00.000Z', // 02:00 becomes 01:00
      '2026-11-01T07:00:00.000Z', // 02:00
      '2026-11-08T06:00:00.000Z',
      '2026-11-08T07:00:00.000Z',
      '2026-11-15T06:00:00.000Z',
      '2026-11-15T07:00:00.000Z',
    ]);
  });

  test('change first after the time asked at, and never where the zone is not known', () => {
    const first = (after: string) => [...hourChanges(tokyo, [office], at(after))][0];
    expect(first('2026-07-20T00:00:00Z')).toBe(at('2026-07-20T09:00:00Z'));
    expect(first('2026-07-19T23:59:59Z')).toBe(at('2026-07-20T00:00:00Z'));
    const brief = { ...tokyo, until: at('2026-07-20T09:00:00Z') };
    expect([...hourChanges(brief, [office], at('2026-07-19T23:59:59Z'))]).toEqual([
      at('2026-07-20T00:00:00Z'),
    ]);
  });
});

describe('a policy with hours', () => {
  const allow = (name: string, hours: HoursCondition | null): Rule => aRule(name, { hours });
  const deny = (name: string, hours: HoursCondition): Rule => ({
    name,
    when: aWhen({ hours }),
    deny: true,
    require: null,
  });
  const judge = (
    rules: readonly Rule[],
    time: string,
    parts: Partial<PolicyBody> = {},
    spend: SpendFacts = aSpend([aPayment(1)]),
  ) => evaluate(aPolicy({ zone: tokyo, rules, ...parts }), spend, noUsage, at(time));
  const closedUntil = (opensAt: string) => [{ code: 'policy.hours.closed', facts: { opensAt } }];

  test.each([
    ['2026-07-19T23:59:59Z', closedUntil('2026-07-20T00:00:00Z')],
    ['2026-07-20T00:00:00Z', []],
    ['2026-07-20T08:59:59Z', []],
    ['2026-07-20T09:00:00Z', closedUntil('2026-07-21T00:00:00Z')],
    ['2026-07-24T09:00:00Z', closedUntil('2026-07-27T00:00:00Z')], // Friday evening
  ])('at %s waits only while they are closed', (time, waiting) => {
    for (const rules of [
      [allow('office', office)],
      [allow('always', null), deny('night', outside(office))],
      [allow('office', office), deny('night', outside(office))],
    ]) {
      const found = judge(rules, time);
      expect(found.refusals).toEqual([]);
      expect(found.waiting).toEqual(waiting);
      // Approvals are collected for what will apply.
      expect(found.matched.map(({ name }) => name)).toEqual([rules[0]?.name]);
    }
  });

  test('names the hour at which a rule allows and no rule denies', () => {
    const lunch: HoursCondition = { is: 'within', spans: [span(workdays, 540, 600)] };
    const found = judge([allow('office', office), deny('early', lunch)], '2026-07-19T20:00:00Z');
    expect(found.waiting).toEqual(closedUntil('2026-07-20T01:00:00Z'));
  });

  test('asks at each hour for what applies at that hour', () => {
    const rules = [allow('always', null), allow('night', outside(office))];
    const names = (time: string) => judge(rules, time).matched.map(({ name }) => name);
    expect(names('2026-07-20T08:59:59Z')).toEqual(['always']);
    expect(names('2026-07-20T09:00:00Z')).toEqual(['always', 'night']);
  });

  test('takes the delay of the rules that will apply', () => {
    const rules = [aRule('office', { hours: office }, 60), deny('night', outside(office))];
    expect(judge(rules, '2026-07-20T10:00:00Z').delaySeconds).toBe(60);
  });

  test('refuses for good what no hour would allow', () => {
    const codes = (rules: readonly Rule[], parts: Partial<PolicyBody> = {}, spend?: SpendFacts) => {
      const found = judge(rules, '2026-07-20T10:00:00Z', parts, spend);
      expect(found.waiting).toEqual([]);
      return found.refusals.map(({ code }) => code);
    };
    const rules = [allow('office', office)];
    expect(
      codes([...rules, deny('never', { is: 'within', spans: [span([...weekdays], 0, 1_440)] })]),
    ).toEqual(['policy.denied']);
    expect(codes([...rules, { name: 'no', when: aWhen(), deny: true, require: null }])).toEqual([
      'policy.denied',
    ]);
    expect(codes([aRule('a', { hours: office, payments: 'none' })])).toEqual([
      'policy.none.matched',
    ]);
    expect(codes(rules, { limits: [aLimit({ most: 0 })] })).toEqual([
      'policy.none.matched',
      'policy.limit.exceeded',
    ]);
    const burning = aSpend([{ ...aPayment(1), script: '6a0101' }]);
    expect(codes(rules, {}, burning)).toEqual(['policy.none.matched', 'policy.output.unnamed']);
  });

  test('waits for an hour in which a rule names the unusual output', () => {
    const any = ['data-value' as const];
    const naming = aRule('burn', { hours: office, outputs: { any, above: null, atMost: null } });
    const burning = aSpend([{ ...aPayment(1), script: '6a0101' }]);
    const found = judge([allow('always', null), naming], '2026-07-20T10:00:00Z', {}, burning);
    expect(found.refusals).toEqual([]);
    expect(found.waiting).toEqual(closedUntil('2026-07-21T00:00:00Z'));
  });

  test('tells of closed hours and of a full window at once', () => {
    const now = at('2026-07-20T10:00:00Z');
    const policy = aPolicy({ zone: tokyo, rules: [allow('o', office)], limits: [aLimit()] });
    const usage = [aRecord(now - 1, [aPayment(1_000)])];
    const found = evaluate(policy, aSpend([aPayment(1)]), usageOfRecords(usage), now);
    expect(found.waiting.map(({ code }) => code)).toEqual([
      'policy.hours.closed',
      'policy.limit.exceeded',
    ]);
  });

  test('opens in the second week when a change of offset swallows the hour in the first', () => {
    const gap: HoursCondition = { is: 'within', spans: [span(['sun'], 130, 170)] };
    const found = evaluate(
      aPolicy({ zone: newYork, rules: [allow('gap', gap)] }),
      aSpend([aPayment(1)]),
      noUsage,
      at('2026-03-01T08:00:00Z'),
    );
    expect(found.waiting).toEqual(closedUntil('2026-03-15T06:10:00Z'));
  });

  test('refuses everything from the end of its zone on, whichever rule matches', () => {
    const rules = [allow('always', null), allow('night', outside(office))];
    const end = at('2026-07-20T10:00:00Z');
    const codes = (now: number, body: Partial<PolicyBody> = {}) =>
      evaluate(
        aPolicy({ zone: { ...tokyo, until: end }, rules, ...body }),
        aSpend([aPayment(1)]),
        noUsage,
        now,
      ).refusals.map(({ code }) => code);
    expect(codes(end - 1)).toEqual([]);
    expect(codes(end)).toEqual(['policy.hours.unknown']);
    expect(codes(end + 1)).toEqual(['policy.hours.unknown']);
    expect(codes(end, { rules: [allow('always', null)] })).toEqual([]);
    // No schema lets a body through that names hours without a zone.
    expect(codes(end - 1, { zone: null })).toEqual(['policy.hours.unknown']);
  });

  test('refuses for good when its zone ends before the hours open', () => {
    const zone = { ...tokyo, until: at('2026-07-21T00:00:00Z') };
    const found = judge([allow('office', office)], '2026-07-20T10:00:00Z', { zone });
    expect(found.refusals.map(({ code }) => code)).toEqual(['policy.none.matched']);
  });

  test('says of each rule what the clock showed', () => {
    const [rule] = judge([allow('office', office)], '2026-07-20T09:00:00Z').rules;
    expect(rule?.matched).toBe(false);
    expect(rule?.why.at(-1)).toEqual({
      condition: 'hours',
      holds: false,
      facts: { is: 'within', spans: ['mon tue wed thu fri 09:00-18:00'], local: 'mon 18:00' },
    });
  });
});
