import { describe, expect, test } from '@jest/globals';
import { UsageError } from '../../../src/cli/command.ts';
import { parseBatch, parsePayment } from '../../../src/cli/payments.ts';

const codeOf = (result: ReturnType<typeof parsePayment> | ReturnType<typeof parseBatch>) =>
  result.ok ? 'ok' : result.refusal.code;

describe('payments as a person writes them', () => {
  test('one satoshi is an amount, nothing is none', () => {
    expect(codeOf(parsePayment('shop=1 sat'))).toBe('ok');
    expect(codeOf(parsePayment('shop=0 sat'))).toBe('amount.invalid');
    expect(codeOf(parsePayment('shop=0.0 BTC'))).toBe('amount.invalid');
  });

  test('a number without a unit is refused', () => {
    expect(codeOf(parsePayment('shop=5'))).toBe('amount.invalid');
  });

  test('a batch names the line of an amount that cannot be paid', () => {
    const read = parseBatch('address,amount\nshop,1 BTC\nshop,0 BTC\n');
    expect(read.ok ? null : read.refusal).toMatchObject({
      code: 'amount.invalid',
      facts: { line: 3 },
    });
  });

  test('a batch without a payment is no call of the command', () => {
    expect(() => parseBatch('')).toThrow(UsageError);
    expect(() => parseBatch('address,amount\n\n')).toThrow(UsageError);
    expect(codeOf(parseBatch('shop,1 BTC'))).toBe('ok');
  });
});
