import { expect, test } from '@jest/globals';
import { DescriptorsFactory, networks } from '@bitcoinerlab/descriptors-core';
import { createBitcoinjsLib } from '@bitcoinerlab/descriptors-core/bitcoinjs';
import * as ecc from 'tiny-secp256k1';
import { z } from 'zod';
import { fromBase64, toBase64, toHex } from '../../src/core/base/bytes.ts';
import { toPsbt } from '../../src/core/psbt/build.ts';
import { finalise } from '../../src/core/psbt/finalise.ts';
import type { InspectedPsbt } from '../../src/core/psbt/inspect.ts';
import { completeSignatures, inspectPsbt } from '../../src/core/psbt/inspect.ts';
import { describeSpend } from '../../src/core/psbt/spend.ts';
import type { Wallet } from '../../src/core/wallet/wallet.ts';
import { parseWallet } from '../../src/core/wallet/wallet.ts';
import { codeOf, passed } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

const { Output } = DescriptorsFactory(createBitcoinjsLib(ecc));
const paid = z.object({ address: z.string(), sats: z.number() });
const shape = z.object({
  wallets: z
    .array(
      z.object({
        name: z.string(),
        descriptor: z.string(),
        receiveAddresses: z.array(z.string()),
        changeAddresses: z.array(z.string()),
        funding: z.object({
          txid: z.string(),
          outputs: z.array(paid.extend({ vout: z.number() })),
        }),
        payment: paid,
        changeOutput: paid,
        feeSats: z.number(),
        psbt: z.record(z.string(), z.unknown()),
      }),
    )
    .length(9),
});
const supported = ['wpkh', 'wsh-sortedmulti-2of3', 'wsh-multi-3of5'];
const bounds = { highestReceive: 20, highestChange: 20 };

describeShared('the wallets made with Bitcoin Core 31', (folder) => {
  const { wallets } = readShared(folder, 'fixtures/bitcoin-core-31/wallets.json', shape);
  const bytesOf = (psbt: unknown): Uint8Array => fromBase64(String(psbt)) ?? new Uint8Array();
  const walletOf = (descriptor: string): Wallet => passed(parseWallet(descriptor, 'regtest'));

  const ours = wallets.filter(({ name }) => supported.includes(name));

  test.each(ours)('$name derives every address, as @bitcoinerlab/descriptors-core does', (made) => {
    const wallet = walletOf(made.descriptor);
    expect(made.receiveAddresses).toHaveLength(10);
    for (const [branch, addresses] of [made.receiveAddresses, made.changeAddresses].entries())
      for (const [index, address] of addresses.entries()) {
        const change = branch === 0 ? 0 : 1;
        expect(wallet.address(change, index)).toBe(address);
        const { descriptor } = made;
        const other = new Output({ descriptor, change, index, network: networks.regtest });
        expect(other.getAddress()).toBe(address);
      }
  });

  test.each(ours)('$name: the updated PSBT is read right to the satoshi', (made) => {
    const wallet = walletOf(made.descriptor);
    const found = passed(inspectPsbt(bytesOf(made.psbt['updated.v0']), wallet, bounds));
    const described = describeSpend(found.view, wallet);
    const [first, second] = made.funding.outputs;
    expect(described.inputs).toEqual(
      [first, second].map((output) => ({
        outpoint: `${made.funding.txid}:${String(output?.vout)}`,
        sats: output?.sats,
        address: output?.address,
      })),
    );
    expect(described.payments).toEqual([expect.objectContaining(made.payment)]);
    expect(described.change).toEqual([{ ...made.changeOutput, index: 0 }]);
    expect(described.feeSats).toBe(made.feeSats);
    expect(found.warnings).toEqual([]);
  });

  test.each(ours)('$name: our PSBT is the one Bitcoin Core makes, byte for byte', (made) => {
    const wallet = walletOf(made.descriptor);
    const { transaction, coins, view } = passed(
      inspectPsbt(bytesOf(made.psbt['updated.v0']), wallet, bounds),
    );
    const change = view.spend.outputs.map((output) => output.change);
    expect(toBase64(toPsbt(wallet, transaction, coins, change))).toBe(made.psbt['updated.v0']);
  });

  test.each(ours)('$name: signatures of every stage verify and finalise as in Core', (made) => {
    const wallet = walletOf(made.descriptor);
    const stages = Object.keys(made.psbt).filter((stage) => /^signed-.*\.v0$/.test(stage));
    const found = stages.map((stage): InspectedPsbt =>
      passed(inspectPsbt(bytesOf(made.psbt[stage]), wallet, bounds)),
    );
    const signers = found.flatMap(completeSignatures).map(({ signatures }) => signatures);
    expect(signers).toHaveLength(stages.length);
    const combined = passed(inspectPsbt(bytesOf(made.psbt['combined.v0']), wallet, bounds));
    const { transaction, coins } = combined;
    const core = completeSignatures(combined).map(({ signatures }) => signatures);
    const final = z.object({ hex: z.string() }).parse(made.psbt['final.v0']);
    for (const sets of [core, signers.slice(0, wallet.threshold)]) {
      const { raw, txid } = passed(finalise(wallet, { transaction, coins }, sets));
      expect(txid).toBe(made.psbt['txid']);
      expect(toHex(raw)).toBe(final.hex);
    }
    expect(codeOf(finalise(wallet, { transaction, coins }, signers))).toBe('passed');
  });

  test.each(ours)('$name: PSBTs without coins or of version 2 are refused', (made) => {
    const wallet = walletOf(made.descriptor);
    const code = (stage: string): string =>
      codeOf(inspectPsbt(bytesOf(made.psbt[stage]), wallet, bounds));
    expect(code('created.v0')).toBe('psbt.input.utxo.missing');
    for (const stage of ['created.v2', 'updated.v2', 'combined.v2'])
      expect(code(stage)).toBe('psbt.version.unsupported');
  });

  test('no wallet accepts the PSBT of another', () => {
    for (const mine of ours)
      for (const other of wallets) {
        if (mine === other) continue;
        const psbt = bytesOf(other.psbt['updated.v0']);
        expect(codeOf(inspectPsbt(psbt, walletOf(mine.descriptor), bounds))).not.toBe('passed');
      }
  });
});
