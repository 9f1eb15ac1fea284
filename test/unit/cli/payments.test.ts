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

  test('a payment URI names its amount, or one stands beside it and agrees', () => {
    const uri = 'bitcoin:bc1qshop?label=x&amount=0.5';
    const read = (text: string) => {
      const payment = parsePayment(text);
      return payment.ok ? [payment.value.to, payment.value.sats] : payment.refusal.code;
    };
    for (const text of [uri, `${uri}=0.5 BTC`, 'bitcoin:bc1qshop?label=x=0.5 BTC'])
      expect(read(text)).toEqual(['bc1qshop', 50_000_000n]);
    expect(read('bitcoin:bc1qshop=0.5 BTC')).toEqual(['bc1qshop', 50_000_000n]);
    expect(read(`${uri}=0.6 BTC`)).toBe('address.uri.amount');
    expect(read('bitcoin:bc1qshop?label=1BTC')).toBe('amount.invalid');
    expect(read('bitcoin:bc1qshop?amount=0')).toBe('amount.invalid');
    expect(() => parsePayment('bitcoin:bc1qshop')).toThrow(UsageError);
    expect(codeOf(parseBatch(`${uri},0.5 BTC`))).toBe('ok');
    expect(codeOf(parseBatch(`${uri},0.4 BTC`))).toBe('address.uri.amount');
  });

  test('a batch without a payment is no call of the command', () => {
    expect(() => parseBatch('')).toThrow(UsageError);
    expect(() => parseBatch('address,amount\n\n')).toThrow(UsageError);
    expect(codeOf(parseBatch('shop,1 BTC'))).toBe('ok');
  });
});
