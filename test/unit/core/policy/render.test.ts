import { expect, test } from '@jest/globals';
import type { PolicyBody } from '../../../../src/core/policy/body.ts';
import {
  deviceKinds,
  outputKinds,
  parsePolicyBody,
  weekdays,
} from '../../../../src/core/policy/body.ts';
import { renderPolicy } from '../../../../src/core/policy/render.ts';
import { aLimit, aPolicy, aRule, aWhen } from '../../../support/policy-builder.ts';
import { newYork } from '../../../support/zones.ts';

/** A body in which every part of the language stands. */
const full: PolicyBody = aPolicy({
  zone: newYork,
  limits: [
    aLimit({ name: 'a' }),
    aLimit({ name: 'b', of: 'organisation', here: 500, windowSeconds: null }),
    aLimit({ name: 'c', measure: 'count', of: 'initiator' }),
    aLimit({ name: 'd', measure: 'fee' }),
  ],
  fees: { rateSatPerVbyte: 300, sharePerMille: 25, selfSats: 1_000 },
  screening: 'required',
  rules: [
    {
      ...aRule('all', {
        amount: { above: 5, atMost: 10, windowSeconds: 86_400, of: 'destination' },
        destinations: { all: ['listed', 'tag:vip'], any: ['owner:acme'] },
        outputs: { any: ['data-value'], above: 1, atMost: 9 },
        initiator: { any: ['member:alice', 'group:operators'] },
        hours: {
          is: 'within',
          spans: [
            { days: ['mon', 'tue'], fromMinute: 540, toMinute: 1_080 },
            { days: ['sat'], fromMinute: 1, toMinute: 1_440 },
          ],
        },
        reference: 'present',
      }),
      require: {
        approvals: {
          all: [
            { from: 'treasury', atLeast: 2, kinds: null },
            { any: [{ from: 'compliance', atLeast: 1, kinds: ['psbt', 'message'] }] },
          ],
        },
        delaySeconds: 3_600,
      },
    },
    { name: 'no', when: aWhen({ payments: 'none' }), deny: true, require: null },
  ],
  assert: [{ compromised: 2, windowSeconds: 86_400, movesAtMost: 10 }],
});

/** What may stand in the place of a text: whatever of it the schema takes there. */
const texts: readonly unknown[] = [
  ...deviceKinds,
  ...outputKinds,
  ...weekdays,
  ...['wallet', 'destination', 'initiator', 'organisation', 'amount', 'count', 'fee'],
  ...['none', 'some', 'within', 'outside', 'present', 'absent', 'all', 'any'],
  ...['listed', 'unlisted', 'tag:other', 'owner:other', 'member:other', 'group:other'],
  ...['other', 'Europe/Dublin', '2027a', null],
];

/** Every other value that one leaf could have, and every list with one part left out. */
function* changes(value: unknown): Generator<unknown, undefined> {
  if (typeof value === 'number') yield* [value + 1, value - 1, null];
  if (typeof value === 'string') yield* texts;
  if (value === null) yield* [...texts, 1, [], ['psbt']];
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, part] of Object.entries(value)) {
    if (Array.isArray(value)) yield value.filter((_, i) => String(i) !== key);
    for (const changed of changes(part))
      yield Array.isArray(value)
        ? value.map((one: unknown, i) => (String(i) === key ? changed : one))
        : { ...value, [key]: changed };
  }
  return undefined;
}

test('no value of a policy can be changed without a sentence that changes', () => {
  expect(parsePolicyBody(full)).toEqual({ ok: true, value: full });
  const sentences = renderPolicy(full).join('\n');
  let valid = 0;
  for (const changed of changes(full)) {
    const found = parsePolicyBody(changed);
    if (!found.ok || JSON.stringify(found.value) === JSON.stringify(full)) continue;
    valid++;
    const text = renderPolicy(found.value).join('\n');
    if (text === sentences) expect(found.value).toEqual(full);
  }
  expect(valid).toBeGreaterThan(200);
});
