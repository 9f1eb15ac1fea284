import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_MONEY_SATS } from '../../../../src/core/base/limits.ts';
import {
  formatBtc,
  parseAmount,
  parseSats,
  sats,
  satsToJson,
  sumSats,
} from '../../../../src/core/base/sats.ts';

const refused = { ok: false, refusal: { code: 'amount.invalid' } };
const amounts = fc.bigInt({ min: 0n, max: MAX_MONEY_SATS });

describe('an amount from outside', () => {
  test.each([0, 1, 2_100_000_000_000_000, 0n, MAX_MONEY_SATS])('accepts %p', (value) => {
    expect(parseSats(value)).toEqual({ ok: true, value: BigInt(value) });
  });

  test.each([
    -1,
    0.5,
    2_100_000_000_000_001,
    Number.NaN,
    Infinity,
    2 ** 60,
    -1n,
    MAX_MONEY_SATS + 1n,
    '5',
    null,
    undefined,
    true,
    [5],
    { toString: 1 },
    Symbol('5'),
  ])('refuses %p', (value) => {
    expect(parseSats(value)).toMatchObject(refused);
  });

  test('survives the way through JSON to the satoshi', () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        const json: unknown = JSON.parse(JSON.stringify(satsToJson(sats(amount))));
        expect(parseSats(json)).toEqual({ ok: true, value: amount });
      }),
    );
  });
});

describe('an amount of our own', () => {
  test('outside 0 to 21,000,000 BTC is a bug', () => {
    expect(() => sats(-1)).toThrow(/^bug: /);
    expect(() => sats(MAX_MONEY_SATS + 1n)).toThrow(/^bug: /);
    expect(sats(MAX_MONEY_SATS)).toBe(MAX_MONEY_SATS);
  });

  test('adds up to at most all bitcoin there will ever be', () => {
    expect(sumSats([])).toEqual({ ok: true, value: 0n });
    expect(sumSats([sats(MAX_MONEY_SATS - 1n), sats(1)])).toEqual({
      ok: true,
      value: MAX_MONEY_SATS,
    });
    expect(sumSats([sats(MAX_MONEY_SATS), sats(1)])).toMatchObject(refused);
  });
});

describe('an amount as people write it', () => {
  test.each([
    ['1 BTC', 100_000_000n],
    ['0.5 BTC', 50_000_000n],
    ['0.00000001 BTC', 1n],
    ['21000000 BTC', MAX_MONEY_SATS],
    ['50000 sat', 50_000n],
    ['2100000000000000 sat', MAX_MONEY_SATS],
  ])('%s is understood', (text, value) => {
    expect(parseAmount(text)).toEqual({ ok: true, value });
  });

  test.each([
    '21000000.00000001 BTC',
    '2100000000000001 sat',
    '0.000000001 BTC',
    '1,5 BTC',
    '1.BTC',
    '.5 BTC',
    '-1 BTC',
    '1e3 sat',
    '0x10 sat',
    '1 btc',
    '1  BTC',
    ' 1 BTC',
    '1 BTC\n',
    '0.5 sat',
    '٣ BTC',
    '5',
    '',
  ])('%j is refused', (text) => {
    expect(parseAmount(text)).toMatchObject(refused);
  });

  test('shows eight decimals and is read back as it was', () => {
    expect(formatBtc(100_000_000n)).toBe('1.00000000 BTC');
    expect(formatBtc(1n)).toBe('0.00000001 BTC');
    expect(formatBtc(-150_000_000n)).toBe('-1.50000000 BTC');
    fc.assert(
      fc.property(amounts, (amount) => {
        expect(parseAmount(formatBtc(amount))).toEqual({ ok: true, value: amount });
      }),
    );
  });
});
