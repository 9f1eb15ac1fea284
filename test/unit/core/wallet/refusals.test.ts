import { describe, expect, test } from '@jest/globals';
import { BIP32Factory } from 'bip32';
import { networks } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { sha256 } from '../../../../src/core/base/digest.ts';
import { toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { DESCRIPTOR_DEPTH } from '../../../../src/core/base/limits.ts';
import { parseWallet } from '../../../../src/core/wallet/wallet.ts';
import { accountOf, codeOf, withChecksum } from '../../../support/psbt.ts';

// Section G of the attack list: what a wallet file can do to us. Checksum, private keys and multipath: wallet.test.ts.

const key = (name: string): string => accountOf(name).expression;
const code = (body: string): string => codeOf(parseWallet(withChecksum(body), 'regtest'));
const A = key('alice');
const B = key('bob');
const nums = '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0';
const generator = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';

describe('keys', () => {
  test.each([
    [`wpkh(02${generator})`],
    [`wsh(multi(1,${A},02${generator}))`],
    [`tr(${generator})`],
    [`tr(${nums},pk(${nums}))`],
    [`tr([00000000]${nums},pk(${A}))`],
    [`wpkh(${nums})`],
    [`tr(${A},pk(${generator}))`],
  ])('that stand alone are refused, save the internal one that nobody can sign by: %s', (body) => {
    expect(code(body)).toBe('wallet.key.raw');
  });

  test('the point that nobody can sign by is an internal key that spends nothing', () => {
    expect(code(`tr(${nums},pk(${A}))`)).toBe('passed');
    expect(code(`tr(${nums})`)).toBe('wallet.miniscript.locked');
  });

  test.each([
    ['vpub', 0x045f1cf6],
    ['upub', 0x044a5262],
    ['Vpub', 0x02575483],
    ['Upub', 0x024289ef],
  ])(
    'with the prefix %s of SLIP 132 are named as they belong in a descriptor',
    (prefix, version) => {
      const { node, xpub, expression } = accountOf('alice');
      const slip = node.neutered();
      slip.network = { ...networks.regtest, bip32: { public: version, private: 0 } };
      const written = slip.toBase58();
      expect(written.slice(0, 4)).toBe(prefix);
      expect(
        parseWallet(withChecksum(`wpkh(${expression.replace(xpub, written)})`), 'regtest'),
      ).toEqual({
        ok: false,
        refusal: { code: 'wallet.key.format', facts: { prefix, write: xpub, key: 0 } },
      });
    },
  );

  test('at the master key or its child prove their fingerprint', () => {
    const master = BIP32Factory(ecc).fromSeed(sha256(utf8('a master key')), networks.regtest);
    const child = master.deriveHardened(7);
    const fingerprint = toHex(master.fingerprint);
    const of = (origin: string, node: typeof master): string =>
      code(`wpkh([${origin}]${node.neutered().toBase58()}/<0;1>/*)`);
    expect(of(fingerprint, master)).toBe('passed');
    expect(of(fingerprint.toUpperCase(), master)).toBe('passed');
    expect(of('00000000', master)).toBe('wallet.key.origin');
    expect(of(`${fingerprint}/7h`, child)).toBe('passed');
    expect(of('00000000/7h', child)).toBe('wallet.key.origin');
    expect(of(`${fingerprint}/8h`, child)).toBe('wallet.key.origin');
    expect(of(`${fingerprint}/7h/0h`, child)).toBe('wallet.key.origin');
  });

  test.each([
    [`wsh(or_d(pk(${A}),and_v(v:pk(${A}),older(9))))`],
    [`tr(${A},pk(${A}))`],
    [`tr(${nums},{pk(${A}),multi_a(1,${B},${A})})`],
    [`sh(wsh(sortedmulti(1,${A},${A})))`],
  ])('twice are refused, in other leaves too: %s', (body) => {
    expect(code(body)).toBe('wallet.key.duplicate');
  });

  test('are 20 at most in one wallet', () => {
    const leaves = (count: number): string =>
      Array.from({ length: count }, (_, at) => `pk(${key(`leaf ${String(at)}`)})`).reduce(
        (tree, leaf) => `{${leaf},${tree}}`,
      );
    expect(code(`tr(${nums},${leaves(20)})`)).toBe('passed');
    expect(code(`tr(${nums},${leaves(21)})`)).toBe('wallet.threshold');
  });
});

describe('thresholds', () => {
  test.each([
    [`sh(wsh(multi(0,${A})))`],
    [`wsh(sortedmulti(3,${A},${B}))`],
    [`tr(${nums},multi_a(0,${A}))`],
    [`tr(${nums},sortedmulti_a(2,${A}))`],
    [`wsh(thresh(0,pk(${A})))`],
    [`wsh(thresh(2,pk(${A})))`],
    [`wsh(and_v(v:multi(2,${A}),pk(${B})))`],
  ])('out of bounds are refused: %s', (body) => {
    expect(code(body)).toBe('wallet.threshold');
  });
});

describe('a miniscript is refused', () => {
  test.each([
    ['wallet.miniscript.malformed', `wsh(foo(${A}))`],
    ['wallet.miniscript.malformed', `wsh(pk(${A},${B}))`],
    ['wallet.miniscript.malformed', `wsh(or_d(pk(${A})))`],
    ['wallet.miniscript.malformed', `wsh(andor(pk(${A}),pk(${B})))`],
    ['wallet.miniscript.malformed', `wsh(x:pk(${A}))`],
    ['wallet.miniscript.malformed', `wsh(and_v(v:pk(${A}),older(1,2)))`],
    ['wallet.miniscript.malformed', `wsh(and_v(v:pk(${A}),older(-1)))`],
    ['wallet.miniscript.malformed', `wsh(and_v(v:pk(${A}),older(01)))`],
    ['wallet.miniscript.malformed', `wsh(2)`],
    ['wallet.miniscript.malformed', `wsh({pk(${A}),pk(${B})})`],
    ['wallet.miniscript.malformed', `wsh(or_d(pk(${B}),sortedmulti(1,${A})))`],
    ['wallet.miniscript.malformed', `tr(${nums},and_v(v:sortedmulti_a(1,${A}),pk(${B})))`],
    ['wallet.miniscript.type', `wsh(and_v(pk(${A}),pk(${B})))`],
    ['wallet.miniscript.type', `wsh(v:pk(${A}))`],
    ['wallet.miniscript.type', `wsh(or_d(multi_a(1,${B}),pk(${A})))`],
    ['wallet.miniscript.type', `tr(${nums},multi(1,${A}))`],
    ['wallet.miniscript.unsigned', `wsh(or_i(pk(${A}),older(144)))`],
    ['wallet.miniscript.unsigned', `wsh(1)`],
    ['wallet.miniscript.malleable', `wsh(or_d(u:pk(${A}),pk(${B})))`],
    ['wallet.miniscript.locks.mixed', `wsh(and_v(v:pk(${A}),and_v(v:older(9),older(4194313))))`],
    ['wallet.miniscript.locks.mixed', `wsh(and_v(v:pk(${A}),and_v(v:after(9),after(1800000000))))`],
    ['wallet.miniscript.hash', `wsh(and_v(v:pk(${A}),sha256(${generator})))`],
    ['wallet.miniscript.hash', `tr(${nums},and_v(v:pk(${A}),hash160(${'ab'.repeat(20)})))`],
    ['wallet.miniscript.locked', `wsh(and_v(v:pk(${A}),older(144)))`],
    ['wallet.miniscript.locked', `tr(${nums},and_v(v:pk(${A}),after(900000)))`],
  ])('with %s for %s', (expected, body) => {
    expect(code(body)).toBe(expected);
  });

  test('for a lock that counts something else than it says (BIP 68, BIP 65)', () => {
    const older = (value: number): string =>
      code(`tr(${B},and_v(v:pk(${A}),older(${String(value)})))`);
    const after = (value: number): string =>
      code(`tr(${B},and_v(v:pk(${A}),after(${String(value)})))`);
    const flag = 4_194_304;
    for (const value of [1, 65_535, flag + 1, flag + 65_535]) expect(older(value)).toBe('passed');
    for (const value of [0, 65_536, flag, flag + 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1])
      expect(older(value)).toBe('wallet.miniscript.lock');
    for (const value of [1, 499_999_999, 500_000_000, 2 ** 31 - 1])
      expect(after(value)).toBe('passed');
    for (const value of [0, 2 ** 31, 9_999_999_999])
      expect(after(value)).toBe('wallet.miniscript.lock');
  });

  test('for more opcodes than consensus takes in P2WSH', () => {
    // 7 opcodes a lock, 2 of the first key, 4 of the second, 1 at the end.
    const script = (locks: number, prefix = ''): string =>
      `thresh(${String(locks + 1)},${prefix}pk(${A}),s:pk(${B})${',sln:older(1)'.repeat(locks)})`;
    const internal = key('carol');
    expect(code(`wsh(${script(27)})`)).toBe('wallet.miniscript.locked');
    expect(code(`wsh(or_d(pk(${internal}),${script(26)}))`)).toBe('passed');
    expect(code(`wsh(or_d(pk(${internal}),${script(29)}))`)).toBe('wallet.miniscript.size');
    expect(code(`tr(${internal},${script(29)})`)).toBe('passed');
  });
});

describe('a tree', () => {
  test.each([
    `wsh(pk(${A})`,
    `wsh(pk(${A})))`,
    `tr(${A},{pk(${B})})`,
    `tr(${A},{pk(${B}),pk(${key('carol')}),pk(${key('dave')})})`,
    `tr(${A},pk(${B}),pk(${key('carol')}))`,
    `tr(${A},)`,
    `wsh()`,
    `sh(${A})`,
    `v:wpkh(${A})`,
    `wpkh(v:${A})`,
    `wpkh(${A},${B})`,
    `{wpkh(${A}),wpkh(${B})}`,
    `wsh(aaaaaaaaaaaa:pk(${A}))`,
  ])('that is no descriptor is malformed: %s', (body) => {
    expect(code(body)).toMatch(/^wallet\.(descriptor|miniscript)\.malformed$/);
  });

  test('nests as deep as a person could mean, and no deeper', () => {
    // wsh( and pk( are two levels, the key the innermost.
    const nested = (levels: number): string =>
      `wsh(${'and_n('.repeat(levels)}pk(${A})${',1)'.repeat(levels)})`;
    expect(code(nested(DESCRIPTOR_DEPTH - 3))).not.toBe('wallet.descriptor.malformed');
    expect(code(nested(DESCRIPTOR_DEPTH - 1))).toBe('wallet.descriptor.malformed');
    expect(code('('.repeat(8_000))).toBe('wallet.descriptor.malformed');
    expect(code('{'.repeat(8_000))).toBe('wallet.descriptor.malformed');
    expect(code(`wsh(${'thresh(1,'.repeat(800)}`)).toBe('wallet.descriptor.malformed');
  });
});
