import { describe, expect, test } from '@jest/globals';
import { DescriptorsFactory, networks } from '@bitcoinerlab/descriptors-core';
import { createBitcoinjsLib } from '@bitcoinerlab/descriptors-core/bitcoinjs';
import { initEccLib, payments } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { toHex } from '../../../../src/core/base/bytes.ts';
import { keyWarnings } from '../../../../src/core/wallet/key-warnings.ts';
import { recoveriesOf } from '../../../../src/core/wallet/recovery.ts';
import type { Wallet } from '../../../../src/core/wallet/wallet.ts';
import { hotKeyInEveryPath } from '../../../../src/core/wallet/wallet.ts';
import { accountOf, walletOf, withChecksum } from '../../../support/psbt.ts';

initEccLib(ecc);
const { Output } = DescriptorsFactory(createBitcoinjsLib(ecc));
const nums = '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0';
const key = (name: string): string => accountOf(name).expression;
const [a, b, c, d] = ['alice', 'bob', 'carol', 'dave'].map(key);
const made = (body: string): Wallet => walletOf(withChecksum(body));
const leafOfTwo = `and_v(v:pk(${String(c)}),pk(${String(d)}))`;
const tree = `{pk(${String(b)}),{${leafOfTwo},and_v(v:pk(${key('eve')}),older(1000))}}`;

/** A body, its kind, what its inputs sign, fewest signatures, worst-case bytes of scriptSig and of witness. */
const rows: readonly (readonly [
  string,
  Wallet['kind'],
  Wallet['signing'],
  number,
  number,
  number,
])[] = [
  [`pkh(${String(a)})`, 'pkh', 'legacy', 1, 73 + 34, 0],
  [`wpkh(${String(a)})`, 'wpkh', 'segwit', 1, 0, 1 + 73 + 34],
  [`sh(wpkh(${String(a)}))`, 'sh-wpkh', 'segwit', 1, 23, 1 + 73 + 34],
  [`wsh(multi(1,${String(a)},${String(b)}))`, 'wsh-multi', 'segwit', 1, 0, 1 + 1 + 73 + 1 + 71],
  [
    `sh(wsh(multi(2,${String(a)},${String(b)})))`,
    'sh-wsh-multi',
    'segwit',
    2,
    35,
    1 + 1 + 2 * 73 + 1 + 71,
  ],
  [
    `sh(wsh(sortedmulti(2,${String(a)},${String(b)},${String(c)})))`,
    'sh-wsh-sortedmulti',
    'segwit',
    2,
    35,
    1 + 1 + 2 * 73 + 1 + 105,
  ],
  [`wsh(pk(${String(a)}))`, 'wsh-miniscript', 'segwit', 1, 0, 1 + 73 + 1 + 35],
  // The dearer way of two: 0 or 1 before a signature; DUP HASH160 makes it bring its key along.
  [
    `sh(wsh(or_i(pk(${String(a)}),pkh(${String(b)}))))`,
    'sh-wsh-miniscript',
    'segwit',
    1,
    35,
    1 + (1 + 73 + 34) + 1 + (1 + 35 + 1 + 25 + 1),
  ],
  [`tr(${String(a)})`, 'tr-key', 'taproot-key', 1, 0, 1 + 66],
  [`tr(${String(a)},${tree})`, 'tr-script', 'taproot-key', 1, 0, 1 + 66],
  [`tr(${nums},${tree})`, 'tr-script', 'taproot-leaf', 1, 0, 1 + 66 + 1 + 34 + 1 + 65],
  [
    `tr(${nums},{and_v(v:pk(${String(b)}),older(9)),{${leafOfTwo},pk(${String(a)})}})`,
    'tr-script',
    'taproot-leaf',
    2,
    0,
    1 + 2 * 66 + 1 + 68 + 1 + 97,
  ],
  [
    `tr(${nums},multi_a(2,${String(a)},${String(b)},${String(c)}))`,
    'tr-script',
    'taproot-leaf',
    2,
    0,
    1 + 2 * 66 + 1 + 1 + 104 + 1 + 33,
  ],
];

describe('a wallet', () => {
  test.each(rows)('of %s knows its kind and what its inputs weigh at most', (...row) => {
    const [body, kind, signing, needed, scriptSig, witness] = row;
    const wallet = made(body);
    expect([wallet.kind, wallet.signing]).toEqual([kind, signing]);
    expect(wallet.missing(new Set())).toBe(needed);
    expect(wallet.inputWeight).toBe(164 + 4 * scriptSig + witness);
    expect(wallet.inputVbytes).toBe(Math.ceil(wallet.inputWeight / 4));
  });

  test.each(rows)('of %s derives what @bitcoinerlab/descriptors-core derives', (body) => {
    const wallet = made(body);
    for (const change of [0, 1] as const)
      for (const index of [0, 3, 999_999]) {
        const { descriptor } = wallet;
        const other = new Output({ descriptor, change, index, network: networks.regtest });
        expect(wallet.address(change, index)).toBe(other.getAddress());
      }
  });
});

describe('the scripts of a place', () => {
  test('are those of P2SH and P2WSH, nested as BIP 16 and BIP 141 say', () => {
    const wallet = made(`sh(wsh(sortedmulti(2,${String(a)},${String(b)})))`);
    const { redeemScript, witnessScript, taproot } = wallet.scripts(1, 5);
    const pubkeys = [0, 1]
      .map((at) => wallet.keyAt(at, 1, 5))
      .sort((one, other) => (toHex(one) < toHex(other) ? -1 : 1));
    const inner = payments.p2wsh({ redeem: payments.p2ms({ m: 2, pubkeys }) });
    expect(taproot).toBeNull();
    expect(witnessScript).toEqual(inner.redeem?.output);
    expect(redeemScript).toEqual(inner.output);
    expect(wallet.script(1, 5)).toEqual(payments.p2sh({ redeem: inner }).output);
  });

  test('commit each leaf of taproot to the output key (BIP 341)', () => {
    const wallet = made(`tr(${nums},${tree})`);
    const { taproot } = wallet.scripts(0, 2);
    expect(toHex(taproot?.internalKey ?? new Uint8Array())).toBe(nums);
    expect(taproot?.leaves).toHaveLength(3);
    expect(taproot?.leaf).toBe(taproot?.leaves[0]);
    for (const { script, controlBlock, version } of taproot?.leaves ?? []) {
      // The library recomputes the output key from script and control block.
      const witness = [new Uint8Array(64), script, controlBlock];
      const { output } = payments.p2tr({ witness, output: wallet.script(0, 2) });
      expect(output).toEqual(wallet.script(0, 2));
      expect((controlBlock[0] ?? 0) & 0xfe).toBe(version);
    }
  });
});

describe('the path that we sign by', () => {
  test('is the internal key where the wallet has it, whatever the leaves', () => {
    const wallet = made(`tr(${String(a)},${tree})`);
    expect([...wallet.signers]).toEqual([0]);
    expect(wallet.missing(new Set([1, 2, 3]))).toBe(1);
    expect(wallet.satisfy(0, 0, new Map([[1, new Uint8Array(64)]]))).toBeNull();
  });

  test('is else the first leaf that needs no waiting', () => {
    const wallet = made(
      `tr(${nums},{and_v(v:pk(${String(b)}),older(9)),{${leafOfTwo},pk(${String(a)})}})`,
    );
    expect([...wallet.signers]).toEqual([1, 2]);
    const { taproot } = wallet.scripts(0, 0);
    expect(taproot?.leaf).toBe(taproot?.leaves[1]);
    const signature = new Uint8Array(64).fill(7);
    const found = wallet.satisfy(0, 0, new Map([1, 2, 3].map((at) => [at, signature])));
    expect(found?.witness).toEqual([
      signature,
      signature,
      taproot?.leaf?.script,
      taproot?.leaf?.controlBlock,
    ]);
  });

  test('takes the cheapest satisfaction, and among equals the keys first in the descriptor', () => {
    const signature = (at: number): Uint8Array => new Uint8Array(71).fill(at);
    const all = new Map([0, 1, 2].map((at) => [at, signature(at)]));
    const either = made(`wsh(or_d(multi(2,${String(a)},${String(b)}),pk(${String(c)})))`);
    // Three items of nothing and one signature against one of nothing and two.
    expect(either.satisfy(0, 0, all)?.witness.slice(0, -1)).toEqual([
      signature(2),
      ...Array.from({ length: 3 }, () => new Uint8Array()),
    ]);
    const two = made(`wsh(sortedmulti(2,${String(a)},${String(b)},${String(c)}))`);
    for (let index = 0; index < 8; index += 1) {
      const found = two.satisfy(0, index, all)?.witness.slice(1, -1) ?? [];
      expect(new Set(found.map(([first]) => first))).toEqual(new Set([0, 1]));
    }
  });
});

test('keys without origin, or twice of one seed, are worth a second look', () => {
  const bare = accountOf('carol').xpub + '/<0;1>/*';
  const [, of = ''] = /^\[([0-9a-f]{8})/.exec(String(a)) ?? [];
  const [, its = ''] = /^\[([0-9a-f]{8})/.exec(String(b)) ?? [];
  const twin = String(b).replace(its, of);
  const zero = String(d).replace(/^\[[0-9a-f]{8}/, '[00000000');
  const wallet = made(`wsh(multi(1,${String(a)},${twin},${bare},${zero}))`);
  expect(keyWarnings(wallet.keys)).toEqual([
    { key: 1, warning: 'fingerprint.twice' },
    { key: 2, warning: 'origin.missing' },
    { key: 3, warning: 'fingerprint.zero' },
  ]);
});

describe('the hot key', () => {
  const hot = accountOf('alice').xpub;
  test('is in every path when only waiting opens one without it', () => {
    const both = `multi(2,${String(a)},${String(b)})`;
    const later = made(`wsh(or_d(${both},and_v(v:pkh(${String(c)}),older(144))))`);
    expect(hotKeyInEveryPath(later, hot)).toBe(true);
    expect(hotKeyInEveryPath(later, accountOf('carol').xpub)).toBe(false);
    expect([...later.signers]).toEqual([0, 1]);
    expect(recoveriesOf(later.condition)).toEqual([
      { locks: [{ type: 'older', blocks: 144 }], keySets: [[2]] },
    ]);
    const now = made(`wsh(or_d(${both},pkh(${String(c)})))`);
    expect(hotKeyInEveryPath(now, hot)).toBe(false);
    expect(recoveriesOf(now.condition)).toEqual([]);
  });

  test('is not where a leaf beside the key path lacks it', () => {
    expect(hotKeyInEveryPath(made(`tr(${String(a)})`), hot)).toBe(true);
    expect(hotKeyInEveryPath(made(`tr(${String(a)},pk(${String(b)}))`), hot)).toBe(false);
    const locked = `and_v(v:pk(${String(b)}),after(900000))`;
    expect(hotKeyInEveryPath(made(`tr(${String(a)},${locked})`), hot)).toBe(true);
  });

  test('of more recovery paths than can be listed none is', () => {
    const keys = Array.from({ length: 10 }, (_, at) => key(`later ${String(at)}`)).join(',');
    const later = made(`tr(${String(a)},and_v(v:multi_a(4,${keys}),older(1)))`);
    expect(recoveriesOf(later.condition)).toBeNull();
    expect(hotKeyInEveryPath(later, hot)).toBe(true);
  });
});
