import { toHex } from '../core/base/bytes.ts';
import { SPEND_OUTPUTS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Sats } from '../core/base/sats.ts';
import { parseAmount, satsToJson } from '../core/base/sats.ts';
import { currentDocuments } from '../core/governance/current.ts';
import type { State, WalletRecord } from '../core/log/state.ts';
import { scriptOfAddress } from '../core/wallet/network.ts';
import { agreedAmount, parsePaymentUri } from '../core/wallet/payment-uri.ts';
import { UsageError } from './command.ts';

/** A payment as a person wrote it: whom, an address or an id of the address book, and how much. */
export interface AskedPayment {
  readonly to: string;
  readonly sats: Sats;
}

/** A payment with its script: what the draft is held against. */
export interface Payment {
  readonly address: string;
  readonly script: string;
  readonly sats: number;
}

/** The amount with or without the space before its unit. A number without a unit is refused: satoshi or bitcoin? */
export function amountOf(text: string): Result<Sats> {
  return parseAmount(text.trim().replace(/^([0-9.]+)\s*(BTC|sat)$/, '$1 $2'));
}

/** An amount that can be paid: nothing is none. Code `amount.invalid`. */
function paidAmount(text: string): Result<Sats> {
  const amount = amountOf(text);
  return amount.ok && amount.value === 0n ? refuse('amount.invalid', { value: text }) : amount;
}

/**
 * `ADDRESS=AMOUNT`; or a payment URI that names its amount, or is followed by `=AMOUNT`. Codes: `amount.invalid`,
 * `address.uri`, `address.uri.amount`.
 */
export function parsePayment(text: string): Result<AskedPayment> {
  const at = text.lastIndexOf('=');
  // No value of a URI holds an equals sign (BIP 21): a second one after the last parameter begins the amount.
  const last = text.slice(text.lastIndexOf('&') + 1);
  const isWhole = /^bitcoin:/i.test(text) && text.includes('?') && last.split('=').length < 3;
  if (at < 1 && !isWhole)
    throw new UsageError(`--to takes ADDRESS=AMOUNT, not "${text.slice(0, 120)}"`);
  return isWhole
    ? paymentOf(text.trim(), null)
    : paymentOf(text.slice(0, at).trim(), text.slice(at + 1));
}

function paymentOf(to: string, amount: string | null): Result<AskedPayment> {
  const beside = amount === null ? null : paidAmount(amount);
  if (beside?.ok === false) return beside;
  const uri = parsePaymentUri(to);
  if (!uri.ok) return uri;
  const sats = agreedAmount(uri.value, beside?.value ?? null);
  if (!sats.ok) return sats;
  if (sats.value === null || sats.value === 0n) return refuse('amount.invalid', { value: to });
  return ok({ to: uri.value.address, sats: sats.value });
}

/**
 * Lines of `address,amount` (RFC 4180 without quotes, which neither needs); a first line "address,amount" is a
 * heading, empty lines are passed over. An address may be a payment URI. Codes: `amount.invalid`, `address.uri`,
 * `address.uri.amount`, `psbt.transaction.count`.
 */
export function parseBatch(text: string): Result<readonly AskedPayment[]> {
  const payments: AskedPayment[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || (at === 0 && /^address,amount$/i.test(line.trim()))) continue;
    const [to = '', amount, ...more] = line.split(',').map((field) => field.trim());
    if (to === '' || amount === undefined || more.length > 0)
      throw new UsageError(`line ${String(at + 1)} of the batch is not address,amount`);
    const payment = paymentOf(to, amount);
    if (!payment.ok)
      return refuse(payment.refusal.code, { ...payment.refusal.facts, line: at + 1 });
    payments.push(payment.value);
  }
  if (payments.length === 0) throw new UsageError('the batch holds no payment');
  if (payments.length > SPEND_OUTPUTS)
    return refuse('psbt.transaction.count', { outputs: payments.length, most: SPEND_OUTPUTS });
  return ok(payments);
}

/** Scripts of the payments: an id of the address book in force for the wallet, else an address. Codes `address.*`. */
export function resolvePayments(
  state: State,
  { id: wallet, body: { network } }: WalletRecord,
  asked: readonly AskedPayment[],
): Result<readonly Payment[]> {
  const book = currentDocuments(state, wallet)?.destinations?.document.body.entries ?? [];
  const payments: Payment[] = [];
  for (const { to, sats } of asked) {
    const listed = book.find(({ id }) => id === to);
    const address = listed?.address ?? to;
    const script = scriptOfAddress(address, network);
    if (!script.ok) return refuse(script.refusal.code, { ...script.refusal.facts, address: to });
    payments.push({ address, script: toHex(script.value), sats: satsToJson(sats) });
  }
  return ok(payments);
}
