import { describe, expect, test } from '@jest/globals';
import { checksum, DescriptorsFactory, networks } from '@bitcoinerlab/descriptors-core';
import { createBitcoinjsLib } from '@bitcoinerlab/descriptors-core/bitcoinjs';
import * as ecc from 'tiny-secp256k1';
import { toHex } from '../../../../src/core/base/bytes.ts';
import { KEY_CACHE } from '../../../../src/core/base/limits.ts';
import { descriptorChecksum } from '../../../../src/core/wallet/checksum.ts';
import {
  hotKeyInEveryPath,
  keyIndexOfXpub,
  parseWallet,
} from '../../../../src/core/wallet/wallet.ts';
import {
  accountOf,
  codeOf,
  multi,
  passed,
  walletOf,
  withChecksum,
  wpkh,
} from '../../../support/psbt.ts';

const { Output } = DescriptorsFactory(createBitcoinjsLib(ecc));
const alice = accountOf('alice');
const bob = accountOf('bob');
const parse = (body: string): string => codeOf(parseWallet(withChecksum(body), 'regtest'));
const many = Array.from({ length: 21 }, (_, at) => `key ${String(at)}`);

describe('a wallet', () => {
  test.each([
    ['wpkh', wpkh('alice')],
    ['2 of 3 sorted', multi('sortedmulti', 2, ['alice', 'bob', 'carol'])],
    ['3 of 4 in order', multi('multi', 3, ['dave', 'alice', 'bob', 'carol'])],
    ['17 of 20', multi('sortedmulti', 17, many.slice(0, 20))],
  ])('of %s derives the scripts that @bitcoinerlab/descriptors-core derives', (_, descriptor) => {
    const wallet = walletOf(descriptor);
    for (const change of [0, 1] as const)
      for (const index of [0, 1, 7, 1_000_000]) {
        const other = new Output({ descriptor, change, index, network: networks.regtest });
        expect(wallet.address(change, index)).toBe(other.getAddress());
        expect(toHex(wallet.script(change, index))).toBe(toHex(other.getScriptPubKey()));
      }
  });

  test('finds its own scripts within the bounds of each branch, and no others', () => {
    const wallet = walletOf(wpkh('alice'));
    const script = wallet.script(1, 9);
    expect(wallet.find(script, { receive: 20, change: 9 })).toEqual({ branch: 1, index: 9 });
    expect(wallet.find(script, { receive: 20, change: 8 })).toBeNull();
    expect(wallet.find(script, { receive: 20, change: -1 })).toBeNull();
    expect(wallet.find(wallet.script(0, 0), { receive: -1, change: 20 })).toBeNull();
  });

  test('derives the same after more places than it remembers', () => {
    const wallet = walletOf(wpkh('alice'));
    const before = wallet.address(0, 0);
    for (let index = 0; index < KEY_CACHE + 10; index += 1) wallet.keyAt(0, 1, index);
    expect(wallet.address(0, 0)).toBe(before);
  });

  test('weighs its inputs at worst case', () => {
    expect(walletOf(wpkh('alice')).inputWeight).toBe(164 + 1 + 73 + 34);
    const two = walletOf(multi('sortedmulti', 2, ['alice', 'bob']));
    expect(two.inputWeight).toBe(164 + 1 + 1 + 2 * 73 + 1 + 71);
    expect(two.inputVbytes).toBe(Math.ceil(two.inputWeight / 4));
  });
});

describe('the hot key', () => {
  const pair = walletOf(multi('sortedmulti', 2, ['alice', 'bob']));
  test('is in every path of its wpkh and of n of n', () => {
    expect(hotKeyInEveryPath(walletOf(wpkh('alice')), alice.xpub)).toBe(true);
    expect(hotKeyInEveryPath(pair, bob.xpub)).toBe(true);
    expect(keyIndexOfXpub(pair, bob.xpub)).toBe(1);
  });
  test('is not in every path of m of n, nor where it does not occur', () => {
    const three = walletOf(multi('sortedmulti', 2, ['alice', 'bob', 'carol']));
    expect(hotKeyInEveryPath(three, alice.xpub)).toBe(false);
    expect(hotKeyInEveryPath(pair, accountOf('carol').xpub)).toBe(false);
    expect(hotKeyInEveryPath(pair, 'no key')).toBe(false);
  });
});

describe('a descriptor is refused', () => {
  const origin = alice.expression.slice(0, alice.expression.indexOf(']') + 1);
  const private_ = alice.node.toBase58();

  test('for its checksum, naming the one expected', () => {
    const right = wpkh('alice');
    const [body = '', sum = ''] = right.split('#');
    const missing = parseWallet(body, 'regtest');
    expect(missing).toMatchObject({
      refusal: { code: 'wallet.descriptor.checksum.missing', facts: { expected: sum } },
    });
    expect(parseWallet(`${body}#qqqqqqqq`, 'regtest')).toMatchObject({
      refusal: { code: 'wallet.descriptor.checksum', facts: { expected: sum } },
    });
    expect(codeOf(parseWallet(body, 'regtest', { checksum: 'optional' }))).toBe('passed');
    expect(codeOf(parseWallet(`${body}#qqqqqqqq`, 'regtest', { checksum: 'optional' }))).toBe(
      'wallet.descriptor.checksum',
    );
    expect(passed(parseWallet(body, 'regtest', { checksum: 'optional' })).descriptor).toBe(right);
  });

  test.each([
    ['an extended private key', `wpkh(${private_}/<0;1>/*)`],
    ['a WIF key', `wpkh(${alice.node.toWIF()})`],
    ['seed words', 'abandon '.repeat(11) + 'about'],
  ])('for %s, which is never repeated', (_, body) => {
    const refused = parseWallet(body, 'regtest');
    expect(refused).toEqual({ ok: false, refusal: { code: 'wallet.key.private', facts: {} } });
  });

  test.each([
    ['wallet.descriptor.malformed', 'hello'],
    ['wallet.descriptor.malformed', 'wallet(x)'],
    ['wallet.descriptor.malformed', `wsh(multi(x,${alice.expression}))`],
    ['wallet.descriptor.malformed', 'ä'],
    ['wallet.descriptor.malformed', 'w'.repeat(9_000)],
    ['wallet.descriptor.unsupported', `combo(${alice.expression})`],
    ['wallet.descriptor.unsupported', `sh(multi(1,${alice.expression}))`],
    ['wallet.descriptor.unsupported', `rawtr(${alice.expression})`],
    ['wallet.key.invalid', 'wpkh()'],
    ['wallet.key.invalid', `wpkh(${alice.expression.replace('tpub', 'tpuc')})`],
    ['wallet.key.invalid', `wpkh(zpub${'1'.repeat(100)}/<0;1>/*)`],
    ['wallet.key.hardened', `wpkh(${origin}${alice.xpub}/<0;1>/*h)`],
    ['wallet.key.hardened', `wpkh(${origin}${alice.xpub}/0'/*)`],
    ['wallet.key.origin', `wpkh(${origin.replace('/2h', '')}${alice.xpub}/<0;1>/*)`],
    ['wallet.key.origin', `wpkh(${origin.replace('/2h', '/1h')}${alice.xpub}/<0;1>/*)`],
    ['wallet.key.cointype', `wpkh(${origin.replace('/1h', '/0h')}${alice.xpub}/<0;1>/*)`],
    ['wallet.multipath', `wpkh(${origin}${alice.xpub}/0/*)`],
    ['wallet.multipath', `wpkh(${origin}${alice.xpub}/<1;0>/*)`],
    ['wallet.multipath', `wpkh(${origin}${alice.xpub}/<0;1;2>/*)`],
    ['wallet.multipath', `wpkh(${origin}${alice.xpub}/<0;1>/5)`],
    ['wallet.multipath', `wpkh(${origin}${alice.xpub})`],
    ['wallet.key.duplicate', `wsh(multi(2,${alice.expression},${alice.xpub}/<0;1>/*))`],
    ['wallet.threshold', `wsh(multi(0,${alice.expression}))`],
    ['wallet.threshold', `wsh(multi(3,${alice.expression},${bob.expression}))`],
  ])('with %s for %s', (code, body) => {
    expect(parse(body)).toBe(code);
  });

  test('with 21 keys, not with 20', () => {
    const of = (keys: number): string =>
      codeOf(parseWallet(multi('multi', 20, many.slice(0, keys)), 'regtest'));
    expect(of(20)).toBe('passed');
    expect(of(21)).toBe('wallet.threshold');
  });

  test('for a key of another network', () => {
    expect(codeOf(parseWallet(wpkh('alice'), 'mainnet'))).toBe('wallet.key.network');
  });
});

test('a descriptor of one branch serves inspection only, and has no other branch', () => {
  const body = wpkh('alice').replace('<0;1>', '0').split('#')[0] ?? '';
  const wallet = passed(parseWallet(body, 'regtest', { checksum: 'optional', branches: 'any' }));
  expect(wallet.branches).toEqual([0]);
  expect(wallet.address(0, 4)).toBe(walletOf(wpkh('alice')).address(0, 4));
  expect(wallet.find(walletOf(wpkh('alice')).script(1, 0), { receive: 5, change: 5 })).toBeNull();
});

test('checksums agree with @bitcoinerlab/descriptors-core', () => {
  for (const body of ['wpkh()', multi('multi', 1, ['alice']).split('#')[0] ?? '', 'raw(deadbeef)'])
    expect(descriptorChecksum(body)).toBe(checksum(body));
});
