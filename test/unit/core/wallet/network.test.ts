import { describe, expect, test } from '@jest/globals';
import { address as encoding } from 'bitcoinjs-lib';
import { fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import {
  addressOfScript,
  genesisBlock,
  networkNames,
  scriptOfAddress,
} from '../../../../src/core/wallet/network.ts';
import { dustSats, outputTypeOf } from '../../../../src/core/wallet/output-type.ts';
import { codeOf, passed } from '../../../support/psbt.ts';

const key = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const scripts = {
  p2pkh: `76a914${'11'.repeat(20)}88ac`,
  p2sh: `a914${'22'.repeat(20)}87`,
  p2wpkh: `0014${'33'.repeat(20)}`,
  p2wsh: `0020${'44'.repeat(32)}`,
  p2tr: `5120${key}`,
};

describe('addresses', () => {
  test('of the five types are read and written alike on every network', () => {
    for (const network of networkNames)
      for (const [type, script] of Object.entries(scripts)) {
        const address = addressOfScript(fromHex(script), network);
        expect(address).not.toBeNull();
        expect(toHex(passed(scriptOfAddress(address ?? '', network)))).toBe(script);
        expect(outputTypeOf(fromHex(script))).toBe(type);
      }
  });

  test('in upper-case bech32 are the same script (BIP 173)', () => {
    const address = addressOfScript(fromHex(scripts.p2wpkh), 'mainnet') ?? '';
    expect(toHex(passed(scriptOfAddress(address.toUpperCase(), 'mainnet')))).toBe(scripts.p2wpkh);
    expect(codeOf(scriptOfAddress(`B${address.slice(1)}`, 'mainnet'))).toBe('address.invalid');
  });

  test('of another network are told from invalid ones', () => {
    const main = addressOfScript(fromHex(scripts.p2wpkh), 'mainnet') ?? '';
    expect(codeOf(scriptOfAddress(main, 'regtest'))).toBe('address.network');
    expect(codeOf(scriptOfAddress(main, 'mainnet'))).toBe('passed');
    expect(codeOf(scriptOfAddress(main.slice(0, -1), 'mainnet'))).toBe('address.invalid');
    const legacy = addressOfScript(fromHex(scripts.p2pkh), 'testnet4') ?? '';
    expect(codeOf(scriptOfAddress(legacy, 'mainnet'))).toBe('address.network');
    expect(codeOf(scriptOfAddress(legacy, 'sandbox'))).toBe('passed');
  });

  test.each([
    ['an unknown witness version', encoding.toBech32(new Uint8Array(32), 2, 'bcrt')],
    ['a taproot key off the curve', encoding.toBech32(new Uint8Array(32).fill(255), 1, 'bcrt')],
    ['a program of a length that no type has', encoding.toBech32(new Uint8Array(16), 0, 'bcrt')],
    ['a payment URI', 'bitcoin:bcrt1q4yg4pdpnv08y2nq7jvpaunqqrkuqg973ck2tfu'],
    ['nothing', ''],
    ['a long text', 'b'.repeat(5_000)],
  ])('that are %s are refused', (_, address) => {
    expect(codeOf(scriptOfAddress(address, 'regtest'))).toBe('address.invalid');
  });

  test('do not exist for other scripts', () => {
    for (const script of ['6a00', '51024e73', `5220${key}`, `21${'02'.repeat(33)}ac`, ''])
      expect(addressOfScript(fromHex(script), 'regtest')).toBeNull();
  });
});

test('the dust limits are those of Bitcoin Core at 3 sat/vB', () => {
  const spendBytes = { p2pkh: 148, p2sh: 148, p2wpkh: 67, p2wsh: 67, p2tr: 67 };
  for (const [type, script] of Object.entries(scripts)) {
    const outputBytes = 8 + 1 + script.length / 2;
    const expected = 3 * (outputBytes + spendBytes[type as keyof typeof spendBytes]);
    expect(Number(dustSats[type as keyof typeof dustSats])).toBe(expected);
  }
});

test('every network has its own genesis block', () => {
  const blocks = networkNames.map(genesisBlock);
  expect(new Set(blocks).size).toBe(networkNames.length);
  for (const block of blocks) expect(block).toMatch(/^[0-9a-f]{64}$/);
});
