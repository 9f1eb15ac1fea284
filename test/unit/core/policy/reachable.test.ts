import { describe, expect, test } from '@jest/globals';
import type {
  AmountCondition,
  DestinationTerm,
  HoursSpan,
  OutputCondition,
  OutputKind,
  When,
} from '../../../../src/core/policy/body.ts';
import { weekdays } from '../../../../src/core/policy/body.ts';
import { policyProblems } from '../../../../src/core/policy/check.ts';
import { aPolicy, aRule, aWhen } from '../../../support/policy-builder.ts';

const amount = (parts: Partial<AmountCondition>): AmountCondition => ({
  above: null,
  atMost: null,
  windowSeconds: null,
  of: 'wallet',
  ...parts,
});
const outputs = (parts: Partial<OutputCondition>): OutputCondition => ({
  any: null,
  above: null,
  atMost: null,
  ...parts,
});
const code = (body: Parameters<typeof policyProblems>[0]) =>
  policyProblems(body, null).map((problem) => problem.code)[0] ?? 'ok';
const when = (parts: Partial<When>) => code(aPolicy({ rules: [aRule('r', parts)] }));
const denied = (parts: Partial<When>) =>
  code(aPolicy({ rules: [{ name: 'r', when: aWhen(parts), deny: true, require: null }] }));
const never = 'policy.rule.unreachable';
const allMoney = 2_100_000_000_000_000;

describe('a rule that can never match', () => {
  test('by its amount is refused', () => {
    expect(when({ amount: amount({ above: 5, atMost: 4 }) })).toBe(never);
    expect(when({ amount: amount({ above: 5, atMost: 5 }) })).toBe(never);
    expect(when({ amount: amount({ above: 5, atMost: 6 }) })).toBe('ok');
    expect(when({ amount: amount({ above: allMoney }) })).toBe(never);
    expect(when({ amount: amount({ above: allMoney - 1 }) })).toBe('ok');
    expect(when({ amount: amount({ above: allMoney, windowSeconds: 5 }) })).toBe('ok');
  });

  test('without payments is refused', () => {
    const payments = 'none';
    expect(when({ payments, destinations: { all: ['listed'], any: null } })).toBe(never);
    expect(when({ payments, outputs: outputs({ any: ['zero-value'] }) })).toBe(never);
    expect(when({ payments, outputs: outputs({ above: 0 }) })).toBe(never);
    expect(when({ payments, outputs: outputs({ atMost: 0 }) })).toBe('ok');
    expect(when({ payments, amount: amount({ above: 0 }) })).toBe(never);
    const of = 'destination';
    expect(when({ payments, amount: amount({ above: 0, windowSeconds: 5, of }) })).toBe(never);
    expect(when({ payments, amount: amount({ above: 0, windowSeconds: 5 }) })).toBe('ok');
    expect(when({ payments, amount: amount({ atMost: 0 }) })).toBe('ok');
  });

  test('by its number of payments is refused', () => {
    expect(when({ outputs: outputs({ above: 3, atMost: 2 }) })).toBe(never);
    expect(when({ outputs: outputs({ above: 3, atMost: 3 }) })).toBe(never);
    expect(when({ outputs: outputs({ above: 3, atMost: 4 }) })).toBe('ok');
    expect(when({ outputs: outputs({ atMost: 0 }) })).toBe(never);
    expect(when({ outputs: outputs({ atMost: 1 }) })).toBe('ok');
    expect(when({ outputs: outputs({ above: 249 }) })).toBe('ok');
    expect(when({ outputs: outputs({ above: 250 }) })).toBe(never);
  });

  test('by its destinations is refused', () => {
    const ask = (all: 'listed' | 'unlisted' | 'owner:a' | 'tag:x', any: typeof all | 'owner:b') =>
      when({ destinations: { all: [all], any: [any] } });
    expect(ask('listed', 'unlisted')).toBe(never);
    expect(ask('unlisted', 'tag:x')).toBe(never);
    expect(ask('owner:a', 'owner:b')).toBe(never);
    expect(ask('owner:a', 'owner:a')).toBe('ok');
    expect(ask('tag:x', 'owner:b')).toBe('ok');
    expect(ask('listed', 'tag:x')).toBe('ok');
    expect(ask('unlisted', 'unlisted')).toBe('ok');
  });

  test('is not refused for denying what an address book says before it has cooled', () => {
    const asks = (all: DestinationTerm, any: DestinationTerm) => ({
      destinations: { all: [all], any: [any] },
    });
    expect(denied(asks('unlisted', 'tag:x'))).toBe('ok');
    expect(denied(asks('owner:a', 'unlisted'))).toBe('ok');
    expect(denied(asks('unlisted', 'listed'))).toBe(never);
    expect(denied(asks('owner:a', 'owner:b'))).toBe(never);
  });

  test('by an output that has no address is refused where every payment is listed', () => {
    const all: DestinationTerm[] = ['listed'];
    const ask = (any: OutputKind[]) =>
      when({ destinations: { all, any: null }, outputs: outputs({ any }) });
    expect(ask(['data-value'])).toBe(never);
    expect(ask(['witness-unknown', 'data-value'])).toBe(never);
    expect(ask(['witness-unknown', 'zero-value'])).toBe('ok');
  });

  test('by what its only payment would have to be is refused', () => {
    const ask = (any: OutputKind[], atMost: number, parts: Partial<When>) =>
      when({ outputs: outputs({ any, atMost }), ...parts });
    const listed = { destinations: { all: null, any: ['listed' as const] } };
    expect(ask(['data-value'], 1, listed)).toBe(never);
    expect(ask(['data-value'], 2, listed)).toBe('ok');
    const some = { amount: amount({ above: 0 }) };
    expect(ask(['zero-value'], 1, some)).toBe(never);
    expect(ask(['zero-value'], 2, some)).toBe('ok');
    expect(ask(['zero-value', 'witness-unknown'], 1, some)).toBe('ok');
    expect(ask(['zero-value'], 1, { amount: amount({ above: 0, windowSeconds: 5 }) })).toBe('ok');
    const nothing = { amount: amount({ atMost: 0 }) };
    expect(ask(['data-value'], 2, nothing)).toBe(never);
    expect(ask(['data-value', 'zero-value'], 2, nothing)).toBe('ok');
    expect(ask(['data-value'], 2, { amount: amount({ atMost: 1 }) })).toBe('ok');
  });

  test('by its hours is refused', () => {
    const outside = (...spans: HoursSpan[]) => {
      const rules = [aRule('r', { hours: { is: 'outside', spans } })];
      return code(aPolicy({ rules }));
    };
    const days = [...weekdays];
    expect(outside({ days, fromMinute: 0, toMinute: 1_440 })).toBe(never);
    expect(outside({ days, fromMinute: 0, toMinute: 1_439 })).toBe('ok');
    expect(outside({ days, fromMinute: 1, toMinute: 1_440 })).toBe('ok');
    expect(
      outside(
        { days, fromMinute: 700, toMinute: 1_440 },
        { days: days.slice(1), fromMinute: 0, toMinute: 700 },
        { days: days.slice(0, 1), fromMinute: 0, toMinute: 701 },
      ),
    ).toBe(never);
    expect(outside({ days: days.slice(1), fromMinute: 0, toMinute: 1_440 })).toBe('ok');
  });
});
