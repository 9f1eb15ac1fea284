import { describe, expect, test } from '@jest/globals';
import { sha256 } from '../../../../src/core/base/digest.ts';
import { concat, utf8 } from '../../../../src/core/base/bytes.ts';
import { LookAlikes } from '../../../../src/core/wallet/look-alike.ts';
import { addressOfScript } from '../../../../src/core/wallet/network.ts';
import { lookAlikeOf } from '../../../support/look-alikes.ts';
import { listedAddress } from '../../../support/world.ts';

/** Drill 5. */
const listed = '1B6rJ6ZKfZmkqMyBGe5KR27oWkEbQdNM7P';
const paid = '1B6rJRfjTXwEy36SCs5zofGMmdv2kdZw7P';

function alike(known: string, address: string): number | null {
  const index = new LookAlikes<string>();
  index.add(known, 'known');
  const found = index.find(address);
  return found === null ? null : found.first + found.last;
}

const randomAddress = (name: string): string => {
  const program = sha256(utf8(name)).slice(0, 20);
  return addressOfScript(concat(Uint8Array.of(0, 20), program), 'mainnet') ?? '';
};

describe('addresses that look alike', () => {
  test('the poisoned address of the drill is caught, with how much of it is the same', () => {
    const index = new LookAlikes<string>();
    index.add(listed, 'exchange');
    expect(index.find(paid)).toEqual({ known: 'exchange', address: listed, first: 4, last: 2 });
    expect(alike(paid, listed)).toBe(6);
  });

  test('six characters of both ends together, however they are shared out', () => {
    const known = 'bc1qabcdefghjklmnpqrstuvwxyz0234567890acde';
    const vary = (first: number, last: number): string => {
      const part = known.slice(4);
      const inner = part.slice(first, part.length - last);
      const middle = inner.replace(/./g, (character) => (character === '7' ? '8' : '7'));
      return `bc1q${part.slice(0, first)}${middle}${part.slice(part.length - last)}`;
    };
    for (let first = 0; first <= 8; first++)
      for (let last = 0; last <= 8; last++)
        expect(alike(known, vary(first, last))).toBe(first + last >= 6 ? first + last : null);
  });

  test('the prefix of the network, the version and the case of letters tell nothing', () => {
    const known = lookAlikeOf(listedAddress);
    expect(alike(listedAddress, known)).toBeGreaterThanOrEqual(6);
    expect(alike(listedAddress, known.toUpperCase())).toBeGreaterThanOrEqual(6);
    expect(alike(listedAddress, listedAddress.toUpperCase())).toBeNull();
    expect(
      alike('bc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq', `bc1q${'p'.repeat(38)}`),
    ).toBeNull();
    expect(alike(`bc1p${'x'.repeat(58)}`, `bc1q${'x'.repeat(6)}${'y'.repeat(32)}`)).toBe(6);
  });

  test('of several the one that shares most', () => {
    const index = new LookAlikes<string>();
    index.add(`bc1q${'x'.repeat(6)}${'y'.repeat(32)}`, 'six');
    index.add(`bc1q${'x'.repeat(7)}${'y'.repeat(31)}`, 'seven');
    expect(index.find(`bc1q${'x'.repeat(7)}${'z'.repeat(31)}`)?.known).toBe('seven');
  });

  test('of 10,000 known addresses hardly one looks like one of 1,000 payees by chance, and asking takes no time of size', () => {
    const index = new LookAlikes<number>();
    const all = Array.from({ length: 10_000 }, (_, i) => randomAddress(`known ${String(i)}`));
    for (const [i, address] of all.entries()) index.add(address, i);
    const others = Array.from({ length: 1_000 }, (_, i) => randomAddress(`paid ${String(i)}`));
    const from = process.cpuUsage();
    // Six in a hundred times one of these ten million pairs does.
    expect(others.filter((address) => index.find(address) !== null).length).toBeLessThan(2);
    const { user, system } = process.cpuUsage(from);
    // A hundredth of comparing with each; far more than it takes.
    expect((user + system) / others.length).toBeLessThan(1_000);
    expect(index.find(all[77] ?? '')).toBeNull();
  });
});
