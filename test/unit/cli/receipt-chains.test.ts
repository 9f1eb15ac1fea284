import { describe, expect, test } from '@jest/globals';
import { ReceiptChains } from '../../../src/cli/receipt-chains.ts';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { ReceiptEntry } from '../../../src/core/log/admit-receipt.ts';
import type { ReceiptOf } from '../../../src/core/log/receipt.ts';
import { receiptDigest } from '../../../src/core/log/receipt.ts';
import { receiptKeyOf } from '../../../src/signer/receipt-key.ts';

const key = receiptKeyOf(sha256(utf8('signer')));
const successor = receiptKeyOf(sha256(utf8('successor')));
const hex = (digit: string): string => digit.repeat(64);

/** The receipt behind another, or the first of a wallet, signed. */
function after(
  before: ReceiptEntry | null,
  over: Partial<ReceiptOf<'sight'>> = {},
  by = key,
): ReceiptEntry {
  const receipt: ReceiptOf<'sight'> = {
    ...{ record: 'sight', kind: 'approval', object: hex('a') },
    ...{ org: hex('0'), wallet: 'hot-1', signer: by.publicKey, epoch: 1 },
    position: before === null ? 0 : before.receipt.position + 1,
    previous: before === null ? null : receiptDigest(before.receipt),
    ...{ at: '2026-11-02T12:00:00Z', log: { size: 9, root: hex('1') } },
    ...over,
  };
  return { type: 'receipt', ...by.sign(receipt) };
}

const spoiled = (entry: ReceiptEntry): ReceiptEntry => ({ ...entry, signature: '0'.repeat(128) });

/** With other content, and the signature of what it was. */
const altered = (entry: ReceiptEntry): ReceiptEntry => ({
  ...entry,
  receipt: { ...entry.receipt, at: '2026-11-02T12:00:01Z' },
});

function areAuthentic(...entries: readonly ReceiptEntry[]): boolean {
  const chains = new ReceiptChains();
  for (const entry of entries) expect(chains.check(entry)).toBe(true);
  return chains.finish();
}

const first = after(null);
const second = after(first);
const third = after(second);

describe('receipts are authentic', () => {
  test('when their signer signed the last, which names all before', () => {
    expect(areAuthentic()).toBe(true);
    expect(areAuthentic(first)).toBe(true);
    expect(areAuthentic(first, second, third)).toBe(true);
    expect(areAuthentic(first, spoiled(second), third)).toBe(true);
    expect(areAuthentic(spoiled(first), spoiled(second), third)).toBe(true);
  });

  test('not when the last is not signed', () => {
    expect(areAuthentic(spoiled(first))).toBe(false);
    expect(areAuthentic(altered(first))).toBe(false);
    expect(areAuthentic(first, second, spoiled(third))).toBe(false);
    expect(areAuthentic(first, second, altered(third))).toBe(false);
  });

  test('not when one has other content than the next one names', () => {
    expect(areAuthentic(altered(first), second, third)).toBe(false);
    expect(areAuthentic(first, altered(second), third)).toBe(false);
    expect(areAuthentic(first, spoiled(after(first, { object: hex('b') })), third)).toBe(false);
  });

  test('each chain by a signature of its own: a wallet, a key, an epoch', () => {
    const other = after(null, { wallet: 'hot-2' });
    expect(areAuthentic(first, other, second)).toBe(true);
    expect(areAuthentic(first, spoiled(other), second)).toBe(false);
    for (const next of [after(second, {}, successor), after(second, { epoch: 2 })]) {
      expect(areAuthentic(first, second, next)).toBe(true);
      expect(areAuthentic(spoiled(first), second, next)).toBe(true);
      expect(areAuthentic(first, spoiled(second), next)).toBe(false);
      expect(areAuthentic(first, second, spoiled(next))).toBe(false);
    }
  });

  test('when they are asked about twice, as a fold that begins anew does', () => {
    expect(areAuthentic(first, second, first, second, third)).toBe(true);
    expect(areAuthentic(first, spoiled(second), first, second, third)).toBe(false);
  });

  test('when one that stands beside the chain is signed too', () => {
    const beside = after(first, { object: hex('b') });
    expect(areAuthentic(first, beside, second)).toBe(true);
    expect(areAuthentic(first, spoiled(beside), second)).toBe(false);
  });
});
