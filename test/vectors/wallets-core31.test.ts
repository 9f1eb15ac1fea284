import { expect, test } from '@jest/globals';
import { DescriptorsFactory, networks } from '@bitcoinerlab/descriptors-core';
import { createBitcoinjsLib } from '@bitcoinerlab/descriptors-core/bitcoinjs';
import { Psbt, Transaction, initEccLib } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { z } from 'zod';
import { toHex } from '../../src/core/base/bytes.ts';
import type { Branch, Satisfaction, Wallet } from '../../src/core/wallet/wallet.ts';
import { walletOf } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

initEccLib(ecc);
const { Output } = DescriptorsFactory(createBitcoinjsLib(ecc));
const final = z.object({ hex: z.string() });
const shape = z.object({
  wallets: z
    .array(
      z.object({
        name: z.string(),
        descriptor: z.string(),
        receiveAddresses: z.array(z.string()).length(10),
        changeAddresses: z.array(z.string()).length(10),
        psbt: z.record(z.string(), z.unknown()),
      }),
    )
    .length(9),
});
const kinds: Readonly<Record<string, readonly [Wallet['kind'], Wallet['signing']]>> = {
  wpkh: ['wpkh', 'segwit'],
  'sh-wpkh': ['sh-wpkh', 'segwit'],
  'wsh-sortedmulti-2of3': ['wsh-sortedmulti', 'segwit'],
  'wsh-multi-3of5': ['wsh-multi', 'segwit'],
  'sh-wsh-sortedmulti-2of2': ['sh-wsh-sortedmulti', 'segwit'],
  'wsh-miniscript-recovery': ['wsh-miniscript', 'segwit'],
  'tr-key': ['tr-key', 'taproot-key'],
  'tr-multi-a-2of3': ['tr-script', 'taproot-leaf'],
  pkh: ['pkh', 'legacy'],
};

type Input = Psbt['data']['inputs'][number];

/** The signatures in an input of a PSBT, by the key of the descriptor that made them. */
function signaturesOf(
  wallet: Wallet,
  input: Input,
  branch: Branch,
  index: number,
): ReadonlyMap<number, Uint8Array> {
  const byKey = new Map<string, Uint8Array>();
  for (const { pubkey, signature } of input.partialSig ?? []) byKey.set(toHex(pubkey), signature);
  for (const { pubkey, signature } of input.tapScriptSig ?? []) byKey.set(toHex(pubkey), signature);
  if (input.tapKeySig !== undefined)
    byKey.set(toHex(input.tapInternalKey ?? new Uint8Array()), input.tapKeySig);
  return new Map(
    wallet.keys.flatMap((_, key) => {
      const bytes = wallet.keyAt(key, branch, index);
      const found = byKey.get(toHex(bytes)) ?? byKey.get(toHex(bytes.slice(1)));
      return found === undefined ? [] : [[key, found] as const];
    }),
  );
}

/** Weight units of an input with these (BIP 141); lengths below 253 take a byte. */
function weightOf(made: Satisfaction | null): number {
  const { scriptSig, witness } = made ?? { scriptSig: new Uint8Array(), witness: [] };
  const items = witness.reduce((sum, { length }) => sum + (length < 253 ? 1 : 3) + length, 0);
  return 4 * (36 + 1 + scriptSig.length + 4) + (witness.length === 0 ? 0 : 1 + items);
}

function outputOf(input: Input, transaction: Transaction, at: number): Uint8Array {
  const { index } = transaction.ins[at] ?? { index: 0 };
  const parent = input.nonWitnessUtxo;
  const script =
    parent === undefined
      ? input.witnessUtxo?.script
      : Transaction.fromBuffer(parent).outs[index]?.script;
  return script ?? new Uint8Array();
}

describeShared('every wallet made with Bitcoin Core 31', (folder) => {
  const { wallets } = readShared(folder, 'fixtures/bitcoin-core-31/wallets.json', shape);

  test.each(wallets)('$name derives the addresses of Core', (made) => {
    const wallet = walletOf(made.descriptor);
    expect([wallet.kind, wallet.signing]).toEqual(kinds[made.name]);
    for (const [branch, addresses] of [made.receiveAddresses, made.changeAddresses].entries())
      for (const [index, address] of addresses.entries())
        expect(wallet.address(branch === 0 ? 0 : 1, index)).toBe(address);
  });

  test.each(wallets)(
    '$name derives what @bitcoinerlab/descriptors-core derives over 50 indices',
    ({ descriptor }) => {
      const wallet = walletOf(descriptor);
      for (let index = 0; index < 50; index += 1)
        for (const change of [0, 1] as const) {
          const other = new Output({ descriptor, change, index, network: networks.regtest });
          expect(toHex(wallet.script(change, index))).toBe(toHex(other.getScriptPubKey()));
        }
    },
  );

  test.each(wallets)('$name: signatures satisfy its scripts as Core does', (made) => {
    const wallet = walletOf(made.descriptor);
    const { data } = Psbt.fromBase64(String(made.psbt['combined.v0']));
    const spent = Transaction.fromHex(final.parse(made.psbt['final.v0']).hex);
    expect(data.inputs.length).toBeGreaterThan(1);
    for (const [at, input] of data.inputs.entries()) {
      const output = outputOf(input, spent, at);
      const place = wallet.find(output, { receive: 20, change: 20 });
      if (place === null) throw new Error('the coin is of the wallet');
      const { branch, index } = place;
      const signatures = signaturesOf(wallet, input, branch, index);
      const made = wallet.satisfy(branch, index, signatures);
      expect({
        scriptSig: toHex(made?.scriptSig ?? new Uint8Array()),
        witness: made?.witness.map(toHex),
      }).toEqual({
        scriptSig: toHex(spent.ins[at]?.script ?? new Uint8Array()),
        witness: spent.ins[at]?.witness.map(toHex),
      });
      expect(weightOf(made)).toBeLessThanOrEqual(wallet.inputWeight);
      // At most a byte of each signature, and a taproot signature may name its sighash.
      expect(weightOf(made)).toBeGreaterThan(wallet.inputWeight - 12);
      const [first = 0] = signatures.keys();
      const without = new Map([...signatures].filter(([key]) => key !== first));
      if (wallet.missing(new Set(without.keys())) > 0)
        expect(wallet.satisfy(branch, index, without)).toBeNull();
    }
  });
});
