import { afterAll, expect, test } from '@jest/globals';
import { DescriptorsFactory, networks } from '@bitcoinerlab/descriptors-core';
import { createBitcoinjsLib } from '@bitcoinerlab/descriptors-core/bitcoinjs';
import type { BIP32Interface } from 'bip32';
import { BIP32Factory } from 'bip32';
import { Transaction } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { z } from 'zod';
import { fromBase64, toBase64, toHex } from '../../src/core/base/bytes.ts';
import { toPsbt, toPsbt2 } from '../../src/core/psbt/build.ts';
import { finalise } from '../../src/core/psbt/finalise.ts';
import type { InspectedPsbt } from '../../src/core/psbt/inspect.ts';
import { completeSignatures } from '../../src/core/psbt/found-signatures.ts';
import { inspectPsbt } from '../../src/core/psbt/inspect.ts';
import { signInputs } from '../../src/core/psbt/signatures.ts';
import { describeSpend } from '../../src/core/psbt/spend.ts';
import { txidBeforeSigning } from '../../src/core/psbt/txid.ts';
import type { Wallet } from '../../src/core/wallet/wallet.ts';
import { parseWallet } from '../../src/core/wallet/wallet.ts';
import { ScriptChecker } from '../../src/server/chain/script-checker.ts';
import { codeOf, passed, signerBy } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

const { Output } = DescriptorsFactory(createBitcoinjsLib(ecc));
const bip32 = BIP32Factory(ecc);
const paid = z.object({ address: z.string(), sats: z.number() });
const shape = z.object({
  keys: z.record(z.string(), z.object({ xpub: z.string(), xprv: z.string() })),
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
type Made = z.infer<typeof shape>['wallets'][number];
const bounds = { highestReceive: 20, highestChange: 20 };
const versions = ['v0', 'v2'] as const;

describeShared('the wallets made with Bitcoin Core 31', (folder) => {
  const { wallets, keys } = readShared(folder, 'fixtures/bitcoin-core-31/wallets.json', shape);
  // In a thread of its own the interpreter runs fifty times as fast as within jest.
  const scripts = new ScriptChecker();
  afterAll(() => scripts.close());
  const bytesOf = (psbt: unknown): Uint8Array => fromBase64(String(psbt)) ?? new Uint8Array();
  // One wallet a descriptor: it remembers what it has derived.
  const parsed = new Map(
    wallets.map(({ descriptor }) => [descriptor, passed(parseWallet(descriptor, 'regtest'))]),
  );
  const walletOf = (descriptor: string): Wallet =>
    parsed.get(descriptor) ?? passed(parseWallet(descriptor, 'regtest'));
  const inspect = (made: Made, stage: string): InspectedPsbt =>
    passed(inspectPsbt(bytesOf(made.psbt[stage]), walletOf(made.descriptor), bounds));
  const rawOf = (made: Made): string =>
    z.object({ hex: z.string() }).parse(made.psbt['final.v0']).hex;

  test.each(wallets)('$name derives every address, as the descriptors library does', (made) => {
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

  test.each(wallets)('$name: the updated PSBTs are read right to the satoshi', (made) => {
    const wallet = walletOf(made.descriptor);
    for (const version of versions) {
      const found = inspect(made, `updated.${version}`);
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
      const warned = found.warnings.map(({ code }) => code);
      // Bitcoin Core attaches no previous transaction where the signature covers the amount.
      if (made.name.startsWith('tr-')) expect(warned).toEqual(['coins.claimed']);
      else expect(warned).toEqual(made.name === 'pkh' ? ['inputs.legacy'] : []);
    }
  });

  test.each(wallets)('$name: our PSBTs are those Bitcoin Core makes, byte for byte', (made) => {
    const wallet = walletOf(made.descriptor);
    const { transaction, coins, view } = inspect(made, 'updated.v0');
    const txid = txidBeforeSigning(wallet, { transaction, coins });
    if (made.name === 'pkh') expect(txid).not.toBe(made.psbt['txid']);
    else expect(txid).toBe(made.psbt['txid']);
    const change = view.spend.outputs.map((output) => output.change);
    const content = { wallet, transaction, coins, change };
    expect(toBase64(toPsbt(content))).toBe(made.psbt['updated.v0']);
    expect(toBase64(toPsbt2(content))).toBe(made.psbt['updated.v2']);
  });

  test.each(wallets)('$name: signatures of every stage verify and finalise as in Core', (made) => {
    const wallet = walletOf(made.descriptor);
    for (const version of versions) {
      const stages = Object.keys(made.psbt).filter(
        (stage) => stage.startsWith('signed-') && stage.endsWith(version),
      );
      const signers = stages
        .map((stage) => inspect(made, stage))
        .flatMap(completeSignatures)
        .map(({ signatures }) => signatures);
      const combined = inspect(made, `combined.${version}`);
      const core = completeSignatures(combined).map(({ signatures }) => signatures);
      // Core combined those of the first keys, as many as it takes.
      expect(signers.slice(0, core.length)).toEqual(core);
      for (const sets of [core, [...core].reverse()]) {
        const { raw, txid } = passed(finalise(wallet, combined, sets));
        expect(txid).toBe(made.psbt['txid']);
        expect(toHex(raw)).toBe(rawOf(made));
      }
      expect(codeOf(finalise(wallet, combined, signers))).toBe('passed');
      const tooFew = finalise(wallet, combined, core.slice(1));
      expect(codeOf(tooFew)).toBe('psbt.signatures.missing');
    }
  });

  test.each(wallets)('$name: our own signatures make a valid transaction', async (made) => {
    const wallet = walletOf(made.descriptor);
    const spend = inspect(made, 'updated.v0');
    const nodes = wallet.keys.map(({ xpub }): BIP32Interface => {
      const held = Object.values(keys).find((key) => key.xpub === xpub);
      return bip32.fromBase58(held?.xprv ?? '', networks.regtest);
    });
    const sets = nodes.flatMap((node, keyIndex) =>
      wallet.signers.has(keyIndex) ? [signInputs(wallet, spend, signerBy(node, keyIndex))] : [],
    );
    const { raw } = passed(finalise(wallet, spend, sets));
    expect(await scripts.check(raw, spend.coins)).toBeNull();
    const core = Transaction.fromHex(rawOf(made));
    const ours = Transaction.fromBuffer(raw);
    expect(ours.ins.map(({ hash, index }) => [toHex(hash), index])).toEqual(
      core.ins.map(({ hash, index }) => [toHex(hash), index]),
    );
    expect(ours.outs).toEqual(core.outs);
    expect(ours.virtualSize()).toBeLessThanOrEqual(spend.view.vbytes);
  });

  test.each(wallets)('$name: PSBTs without coins are refused', (made) => {
    const wallet = walletOf(made.descriptor);
    for (const version of versions) {
      const psbt = bytesOf(made.psbt[`created.${version}`]);
      expect(codeOf(inspectPsbt(psbt, wallet, bounds))).toBe('psbt.input.utxo.missing');
    }
  });

  test('no wallet accepts the PSBT of another', () => {
    for (const mine of wallets)
      for (const other of wallets)
        for (const version of versions) {
          if (mine === other) continue;
          const psbt = bytesOf(other.psbt[`updated.${version}`]);
          expect(codeOf(inspectPsbt(psbt, walletOf(mine.descriptor), bounds))).not.toBe('passed');
        }
  });
});
