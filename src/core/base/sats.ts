import { assert } from './assert.ts';
import type { Result } from './result.ts';
import { ok, refuse } from './result.ts';
import { MAX_MONEY_SATS } from './limits.ts';

declare const unit: unique symbol;

/** An amount in satoshi: 0 to 21,000,000 BTC. */
export type Sats = bigint & { readonly [unit]: 'sats' };

/** Satoshi of an integer. Requires 0 <= value <= MAX_MONEY_SATS; anything else is a bug of the caller. */
export function sats(value: bigint | number): Sats {
  const amount = BigInt(value);
  assert(amount >= 0n && amount <= MAX_MONEY_SATS, 'an amount lies between 0 and 21,000,000 BTC');
  return amount as Sats;
}

/** Satoshi of outside data. Refuses what is no amount with `amount.invalid`. */
export function parseSats(value: unknown): Result<Sats> {
  if (typeof value === 'bigint' && value >= 0n && value <= MAX_MONEY_SATS) return ok(value as Sats);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0)
    return parseSats(BigInt(value));
  return refuse('amount.invalid', { value: shown(value) });
}

// String() of an object from outside may throw: {"toString":1} is JSON.
function shown(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, 40);
  return typeof value === 'number' || typeof value === 'bigint'
    ? String(value).slice(0, 40)
    : typeof value;
}

/** The sum, or `amount.invalid` when it passes 21,000,000 BTC. */
export function sumSats(amounts: Iterable<Sats>): Result<Sats> {
  let sum = 0n;
  for (const amount of amounts) sum += amount;
  return parseSats(sum);
}

/** As JSON carries it: an integer below 2^53. */
export function satsToJson(amount: Sats): number {
  return Number(amount);
}

/** `1.00000000 BTC`: always eight decimals, so that two amounts compare at a glance. */
export function formatBtc(amount: bigint): string {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(9, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -8)}.${digits.slice(-8)} BTC`;
}

const written = /^(\d{1,8})(?:\.(\d{1,8}))? BTC$|^(\d{1,16}) sat$/;

/** Satoshi of `0.5 BTC` or `50000 sat` as people write them. Refuses with `amount.invalid`. */
export function parseAmount(text: string): Result<Sats> {
  const found = written.exec(text);
  if (found === null) return refuse('amount.invalid', { value: text.slice(0, 40) });
  const [, whole, fraction = '', bare] = found;
  if (bare !== undefined) return parseSats(BigInt(bare));
  return parseSats(BigInt(whole ?? '0') * 100_000_000n + BigInt(fraction.padEnd(8, '0')));
}
