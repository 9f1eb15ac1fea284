import { describe, expect, test } from '@jest/globals';
import { toHex } from '../../../../src/core/base/bytes.ts';
import { PAYMENT_URI_LENGTH } from '../../../../src/core/base/limits.ts';
import { sats } from '../../../../src/core/base/sats.ts';
import { addressOfScript, scriptOfAddress } from '../../../../src/core/wallet/network.ts';
import { agreedAmount, parsePaymentUri } from '../../../../src/core/wallet/payment-uri.ts';
import { codeOf, passed } from '../../../support/psbt.ts';

const address = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4';
const amountOf = (query: string): bigint | string | null => {
  const read = parsePaymentUri(`bitcoin:${address}?${query}`);
  return read.ok ? read.value.sats : read.refusal.code;
};

describe('a payment URI (BIP 21)', () => {
  test('is an address, an amount in bitcoin if it names one, and words that mean nothing to us', () => {
    expect(passed(parsePaymentUri(`bitcoin:${address}`))).toEqual({ address, sats: null });
    expect(passed(parsePaymentUri(`BITCOIN:${address}?AMOUNT=0.5`)).sats).toBe(50_000_000n);
    expect(amountOf('amount=50.')).toBe(5_000_000_000n);
    expect(amountOf('amount=.00000001&label=Luke-Jr&message=50%25%20off')).toBe(1n);
    expect(amountOf('label=amount&somethingyoudontunderstand=50')).toBeNull();
    expect(amountOf('')).toBeNull();
  });

  test('is refused where it requires something, says a thing twice, or is no URI', () => {
    for (const query of [
      ...['req-somethingyoudontunderstand=50', 'REQ-x', 'amount=1&amount=1', 'amount=1=2'],
      ...['amount=', 'amount=.', 'amount=1e3', 'amount=-1', 'amount=1 BTC', 'amount=0.000000001'],
      ...['amount=21000001', 'label=%zz', 'label=a#b'],
      // Other wallets decode names as well: they would read another amount, or a requirement.
      ...['amount=1&%61mount=2', '%72eq-x=1&amount=1', '%zz=1'],
    ])
      expect([query, amountOf(query)]).toEqual([query, 'address.uri']);
    expect(codeOf(parsePaymentUri('bitcoin:'))).toBe('address.uri');
    expect(codeOf(parsePaymentUri(`bitcoin://${address}`))).toBe('address.uri');
    const long = (length: number): string => `bitcoin:${address}?label=`.padEnd(length, 'x');
    expect(codeOf(parsePaymentUri(long(PAYMENT_URI_LENGTH)))).toBe('passed');
    expect(codeOf(parsePaymentUri(long(PAYMENT_URI_LENGTH + 1)))).toBe('address.uri');
  });

  test('agrees with the amount beside it, or there is one amount alone', () => {
    const uri = { address, sats: sats(5n) };
    expect(passed(agreedAmount(uri, sats(5n)))).toBe(5n);
    expect(passed(agreedAmount(uri, null))).toBe(5n);
    expect(passed(agreedAmount({ address, sats: null }, sats(6n)))).toBe(6n);
    expect(passed(agreedAmount({ address, sats: null }, null))).toBeNull();
    for (const other of [4n, 6n])
      expect(codeOf(agreedAmount(uri, sats(other)))).toBe('address.uri.amount');
  });

  test('of one destination in different letters is one script, shown in one way', () => {
    const scripts = [address, address.toUpperCase(), `bitcoin:${address}?label=x`].map((text) =>
      passed(scriptOfAddress(passed(parsePaymentUri(text)).address, 'mainnet')),
    );
    expect(new Set(scripts.map(toHex)).size).toBe(1);
    expect(addressOfScript(scripts[1] ?? new Uint8Array(), 'mainnet')).toBe(address);
    const mixed = address.replace('w', 'W');
    expect(codeOf(scriptOfAddress(mixed, 'mainnet'))).toBe('address.invalid');
  });
});
