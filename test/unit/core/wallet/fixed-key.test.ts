import { describe, expect, test } from '@jest/globals';
import { crypto } from 'bitcoinjs-lib';
import { toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { sha256 } from '../../../../src/core/base/digest.ts';
import { writeDerivations } from '../../../../src/core/psbt/derivations.ts';
import { policyOf } from '../../../../src/core/wallet/formats/bip388.ts';
import {
  readDescriptorRecord,
  writeDescriptorRecord,
} from '../../../../src/core/wallet/formats/bsms.ts';
import { writeColdcard } from '../../../../src/core/wallet/formats/coldcard.ts';
import { describeWallet } from '../../../../src/core/wallet/formats/registration.ts';
import { fixedXpub, parseXpub } from '../../../../src/core/wallet/key-expression.ts';
import { keyWarnings } from '../../../../src/core/wallet/key-warnings.ts';
import type { Wallet } from '../../../../src/core/wallet/wallet.ts';
import {
  hotKeyInEveryPath,
  keyIndexOfXpub,
  masterFingerprint,
  parseWallet,
} from '../../../../src/core/wallet/wallet.ts';
import { accountKeyOf } from '../../../../src/keys/account-key.ts';
import { withChecksum } from '../../../support/psbt.ts';
import * as ecc from 'tiny-secp256k1';

const publicKey = ecc.pointFromScalar(sha256(utf8('module')), true) ?? new Uint8Array();
const other = ecc.pointFromScalar(sha256(utf8('other module')), true) ?? new Uint8Array();
const fixed = fixedXpub(publicKey, 'regtest');
const second = fixedXpub(other, 'regtest');
const account = (name: string): string =>
  `${accountKeyOf(sha256(utf8(name)), 'wsh', 'regtest').expression}/<0;1>/*`;
/** Its own fingerprint, so that the origin is right. */
const own = toHex(crypto.hash160(publicKey).slice(0, 4));
const [alice, bob] = [account('alice'), account('bob')];

function read(body: string): ReturnType<typeof parseWallet> {
  return parseWallet(withChecksum(body), 'regtest');
}

function walletOf(body: string): Wallet {
  const wallet = read(body);
  if (!wallet.ok) throw new Error(JSON.stringify(wallet.refusal));
  return wallet.value;
}

function codeOf(body: string): string {
  const found = read(body);
  return found.ok ? 'ok' : found.refusal.code;
}

describe('a fixed key in a descriptor', () => {
  const wallet = walletOf(`wsh(sortedmulti(2,${fixed},${alice},${bob}))`);

  test('is the same at every place, and the addresses are not', () => {
    const addresses = new Set<string>();
    for (const branch of [0, 1] as const)
      for (const index of [0, 1, 2, 1_000]) {
        expect(toHex(wallet.keyAt(0, branch, index))).toBe(toHex(publicKey));
        expect(toHex(wallet.keyAt(1, branch, index))).not.toBe(
          toHex(wallet.keyAt(1, branch, index + 1)),
        );
        addresses.add(wallet.address(branch, index));
      }
    expect(addresses.size).toBe(8);
  });

  test('has one text a network', () => {
    expect(parseXpub(fixed, 'regtest')?.chainCode.every((byte) => byte === 0)).toBe(true);
    expect(fixedXpub(publicKey, 'mainnet')).toMatch(/^xpub/);
    expect(keyIndexOfXpub(wallet, fixed)).toBe(0);
  });

  test('can be the hot key of every path, or not', () => {
    expect(hotKeyInEveryPath(walletOf(`wsh(multi(2,${fixed},${alice}))`), fixed)).toBe(true);
    expect(hotKeyInEveryPath(wallet, fixed)).toBe(false);
    const both = walletOf(`wsh(and_v(v:pk(${fixed}),multi(1,${alice},${bob})))`);
    expect(hotKeyInEveryPath(both, fixed)).toBe(true);
  });

  test('names itself in a PSBT, without steps', () => {
    const [named, others] = writeDerivations(wallet, { branch: 1, index: 5 }, 6);
    expect(toHex(named?.value ?? new Uint8Array())).toBe(own);
    expect(masterFingerprint(wallet.keys[0] ?? never(), 'regtest')).toBe(own);
    expect(others?.value.length).toBe(4 + 4 * 6);
  });

  test('is told to people, and not to devices that cannot hold it', () => {
    expect(describeWallet(wallet, []).join('\n')).toContain(
      'one and the same key in every address',
    );
    expect(keyWarnings(wallet.keys)).toEqual([]);
    for (const unfit of [policyOf(wallet), writeColdcard(wallet, 'x')])
      expect(unfit).toMatchObject({ refusal: { code: 'wallet.format.unfit' } });
    const record = writeDescriptorRecord(wallet).split('\n').slice(0, 4);
    expect(readDescriptorRecord(record, 'regtest')).toMatchObject({ ok: true });
  });

  test.each<[string, string]>([
    ['alone', `wpkh(${fixed})`],
    ['alone in taproot', `tr(${fixed})`],
    ['in a leaf', `tr(${alice},pk(${fixed}))`],
    ['in P2SH-P2WPKH', `sh(wpkh(${fixed}))`],
    ['twice', `wsh(sortedmulti(2,${fixed},${second},${alice}))`],
    ['with steps', `wsh(sortedmulti(2,${fixed}/<0;1>/*,${alice}))`],
    ['with an origin', `wsh(sortedmulti(2,[${own}]${fixed},${alice}))`],
  ])('is refused %s', (_, body) => {
    expect(['wallet.key.fixed', 'wallet.multipath']).toContain(codeOf(body));
  });

  test('is refused with its own code where a key that has children stands beside it', () => {
    expect(codeOf(`wsh(sortedmulti(2,${fixed},${second},${alice}))`)).toBe('wallet.key.fixed');
    expect(codeOf(`wsh(sortedmulti(2,${fixed}/<0;1>/*,${alice}))`)).toBe('wallet.key.fixed');
    expect(codeOf(`wsh(sortedmulti(1,${fixed}))`)).toBe('wallet.multipath');
    expect(codeOf(`sh(wsh(sortedmulti(2,${fixed},${alice})))`)).toBe('ok');
  });

  test('is no other xpub without its steps', () => {
    const [bare = ''] = alice.split('/<0;1>');
    expect(codeOf(`wsh(sortedmulti(2,${bare},${bob}))`)).toBe('wallet.multipath');
  });
});

function never(): never {
  throw new Error('there is no such key');
}
