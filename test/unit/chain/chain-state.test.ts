import { describe, expect, test } from '@jest/globals';
import type { Network } from '../../../src/core/wallet/network.ts';
import type { ChainLook } from '../../../src/chain/chain-state.ts';
import { defaultTipAge, troubleOf, warningsOf } from '../../../src/chain/chain-state.ts';
import type { ChainTip } from '../../../src/chain/chain-view.ts';

const now = 1_800_000_000;

function codeOf(
  look: Partial<Omit<ChainLook, 'tip'>> & { readonly tip?: Partial<ChainTip> },
  network: Network = 'mainnet',
  tipAgeSeconds = defaultTipAge(network),
): string | null {
  const tip = {
    ...{ height: 900_000, hash: 'ab'.repeat(32), time: now, behind: 0, initial: false },
    ...look.tip,
  };
  const rest = { peers: 8, unread: 0, read: tip.height, tookMs: 3, ...look, tip };
  return troubleOf(rest, { network, now, tipAgeSeconds })?.code ?? null;
}

describe('the state of the chain', () => {
  test('is in order when the node is up to date, connected, and read', () => {
    expect(codeOf({})).toBeNull();
    expect(codeOf({ peers: null })).toBeNull();
  });

  test.each([
    [0, null],
    [1, null],
    [2, 'chain.syncing'],
    [3, 'chain.syncing'],
  ])('%d headers without their blocks: %s', (behind, code) => {
    expect(codeOf({ tip: { behind } })).toBe(code);
    expect(codeOf({ tip: { behind } }, 'regtest')).toBe(code);
  });

  test.each([
    [-1, null],
    [899_999, null],
    [900_001, null],
    [900_002, 'chain.syncing'],
  ])('a node at block 900,000 when block %d was read before: %s', (read, code) => {
    expect(codeOf({ read })).toBe(code);
  });

  test('a first download is syncing, on regtest a matter of the age alone', () => {
    expect(codeOf({ tip: { initial: true } })).toBe('chain.syncing');
    expect(codeOf({ tip: { initial: true } }, 'regtest')).toBeNull();
  });

  test.each([
    [7_199, null],
    [7_200, null],
    [7_201, 'chain.stale'],
  ])('a newest block of %d seconds ago: %s', (age, code) => {
    expect(codeOf({ tip: { time: now - age } })).toBe(code);
    expect(codeOf({ tip: { time: now - age } }, 'regtest')).toBeNull();
    expect(codeOf({ tip: { time: now - age } }, 'mainnet', 0)).toBeNull();
    expect(codeOf({ tip: { time: now - age } }, 'regtest', 7_200)).toBe(code);
  });

  test('no peers is alone, but on a chain that is mined on demand', () => {
    expect(codeOf({ peers: 0 })).toBe('chain.alone');
    expect(codeOf({ peers: 1 })).toBeNull();
    expect(codeOf({ peers: 0 }, 'regtest')).toBeNull();
  });

  test.each([
    [2, null],
    [3, 'chain.behind'],
    [4, 'chain.behind'],
  ])('%d blocks that were not read yet: %s', (unread, code) => {
    expect(codeOf({ unread })).toBe(code);
    expect(codeOf({ unread }, 'sandbox')).toBe(code);
  });

  test('a slow answer is worth a word and stops nothing', () => {
    const tip = { height: 1, hash: '', time: now, behind: 0, initial: false };
    const look = (tookMs: number) => ({ tip, peers: 8, unread: 0, read: 1, tookMs });
    expect(warningsOf(look(5_000))).toEqual([]);
    expect(warningsOf(look(5_001))).toEqual(['chain.slow']);
    expect(codeOf({ tookMs: 60_000 })).toBeNull();
  });
});
