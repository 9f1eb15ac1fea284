import { expect, test } from '@jest/globals';
import { signerClock } from '../../../src/signer/signer-clock.ts';

const start = Date.UTC(2026, 10, 2, 12);

function clockAt() {
  const at = { wall: start, steady: 7_000 };
  return {
    at,
    read: signerClock(
      () => at.wall,
      () => at.steady,
    ),
  };
}

test('the time is that of the host while as much has really passed', () => {
  const { at, read } = clockAt();
  at.wall += 3_600_000;
  at.steady += 3_600_000;
  expect(read()).toEqual({ ok: true, value: start / 1_000 + 3_600 });
});

test.each([
  ['five minutes', 300, 'ok'],
  ['a second more', 301, 'signer.clock'],
])('a host clock turned forward by %s ends no delay', (_, seconds, expected) => {
  const { at, read } = clockAt();
  at.wall += seconds * 1_000;
  const found = read();
  expect(found.ok ? 'ok' : found.refusal.code).toBe(expected);
  if (found.ok) expect(found.value).toBe(start / 1_000);
});

test('a host clock turned back is told, and believed again once it is right', () => {
  const { at, read } = clockAt();
  at.wall -= 301_000;
  expect(read()).toMatchObject({ ok: false, refusal: { code: 'signer.clock' } });
  at.wall = start;
  expect(read().ok).toBe(true);
});
