import { PAYMENT_URI_LENGTH } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Sats } from '../base/sats.ts';
import { parseAmount } from '../base/sats.ts';

// Of the Encoding Standard and ECMAScript; core compiles without any runtime's types.
declare const decodeURIComponent: (text: string) => string;

/** A payment as somebody asks for it in writing. */
export interface PaymentAsked {
  readonly address: string;
  /** Null where it names none. */
  readonly sats: Sats | null;
}

/**
 * What an address or a payment URI (BIP 21: `bitcoin:ADDRESS?amount=0.5`) asks for. A text without the scheme is the address
 * itself, whatever it is. Parameters that mean nothing to us are ignored unless they must be understood (`req-`). The
 * address is not looked at: network.ts. Code `address.uri`.
 */
export function parsePaymentUri(text: string): Result<PaymentAsked> {
  if (!/^bitcoin:/i.test(text)) return ok({ address: text, sats: null });
  if (text.length > PAYMENT_URI_LENGTH) return unreadable('too long');
  const [, address = '', query] = /^bitcoin:([^?]*)(?:\?([^?#]*))?$/i.exec(text) ?? [];
  if (!/^[0-9a-z]+$/i.test(address)) return unreadable('no address');
  const amounts: string[] = [];
  for (const parameter of query === undefined || query === '' ? [] : query.split('&')) {
    const [name = '', value = '', ...more] = parameter.split('=');
    const key = decode(name)?.toLowerCase();
    const decoded = decode(value);
    if (more.length > 0 || key === undefined || decoded === null) return unreadable('a parameter');
    if (key.startsWith('req-')) return unreadable(`it requires ${key.slice(0, 40)}`);
    if (key === 'amount') amounts.push(decoded);
  }
  const [amount, ...others] = amounts;
  if (others.length > 0) return unreadable('an amount twice');
  if (amount === undefined) return ok({ address, sats: null });
  // Bitcoin, always: "50.", ".5" and "50.00" are amounts, "5e1" and "50 BTC" none.
  const [, whole = '', fraction = ''] = /^(\d{0,8})(?:\.(\d{0,8}))?$/.exec(amount) ?? [];
  const sats = parseAmount(`${whole === '' ? '0' : whole}.${fraction === '' ? '0' : fraction} BTC`);
  return sats.ok && whole + fraction !== ''
    ? ok({ address, sats: sats.value })
    : unreadable('amount');
}

/**
 * The amount of a payment that names it in a URI, beside it, or both: then they must agree. Null where neither does. Code
 * `address.uri.amount`.
 */
export function agreedAmount({ sats }: PaymentAsked, beside: Sats | null): Result<Sats | null> {
  if (sats === null || beside === null || sats === beside) return ok(sats ?? beside);
  return refuse('address.uri.amount', { uri: Number(sats), given: Number(beside) });
}

function unreadable(reason: string): Result<never> {
  return refuse('address.uri', { reason });
}

function decode(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null; // it says no by throwing
  }
}
