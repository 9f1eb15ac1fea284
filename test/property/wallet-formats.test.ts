import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import type { Result } from '../../src/core/base/result.ts';
import { ok } from '../../src/core/base/result.ts';
import { writePolicy } from '../../src/core/wallet/formats/bip388.ts';
import { writeDescriptorRecord } from '../../src/core/wallet/formats/bsms.ts';
import { writeColdcard } from '../../src/core/wallet/formats/coldcard.ts';
import { joinDescriptors } from '../../src/core/wallet/formats/descriptors.ts';
import type { WalletFormat } from '../../src/core/wallet/formats/read-file.ts';
import { readWalletFile, walletFormats } from '../../src/core/wallet/formats/read-file.ts';
import { writeRegistration } from '../../src/core/wallet/formats/registration.ts';
import type { Wallet } from '../../src/core/wallet/wallet.ts';
import { parseWallet } from '../../src/core/wallet/wallet.ts';
import { descriptorOf, saneMiniscript } from '../support/miniscript.ts';
import { accountOf, codeOf, passed, walletOf, withChecksum } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

function write(wallet: Wallet, format: WalletFormat): Result<string> {
  switch (format) {
    case 'descriptor':
      return ok(wallet.descriptor);
    case 'bip388':
      return writePolicy(wallet, 'treasury');
    case 'bsms':
      return ok(writeDescriptorRecord(wallet));
    case 'coldcard':
      return writeColdcard(wallet, 'treasury');
    case 'registration':
      return ok(writeRegistration(wallet, { name: 'treasury', holders: [], sentences: [] }));
  }
}

/** Hardened steps may be written in two ways. */
const spelled = ({ descriptor }: Wallet): string =>
  (descriptor.split('#')[0] ?? '').replaceAll("'", 'h');

/** Whether the format could hold the wallet; when it could, the file must be read as that wallet and no other. */
function comesBack(wallet: Wallet, format: WalletFormat): boolean {
  const written = write(wallet, format);
  if (!written.ok) {
    expect(written.refusal.code).toBe('wallet.format.unfit');
    return false;
  }
  const file = passed(readWalletFile(written.value, 'regtest'));
  if (file.type !== 'wallet') throw new Error('a wallet');
  expect(file.format).toBe(format);
  expect(spelled(file.wallet)).toBe(spelled(wallet));
  expect(file.wallet.address(1, 7)).toBe(wallet.address(1, 7));
  return true;
}

const shape = z.object({
  wallets: z
    .array(
      z.object({
        name: z.string(),
        descriptor: z.string(),
        receive: z.string(),
        change: z.string(),
      }),
    )
    .length(9),
});
/** What a format cannot hold. */
const unfit: Partial<Record<WalletFormat, (name: string) => boolean>> = {
  bip388: (name) => name === 'tr-multi-a-2of3',
  coldcard: (name) => !name.includes('sortedmulti'),
};

describeShared('the wallets of Bitcoin Core', (folder) => {
  const { wallets } = readShared(folder, 'fixtures/bitcoin-core-31/wallets.json', shape);

  test.each(wallets.flatMap((wallet) => walletFormats.map((format) => ({ ...wallet, format }))))(
    '$name goes out and comes back as $format where that can hold it',
    ({ name, descriptor, format }) => {
      const isUnfit = unfit[format]?.(name) ?? false;
      expect(comesBack(walletOf(descriptor), format)).toBe(!isUnfit);
    },
  );

  test.each(wallets)('$name comes of its two descriptors in either order', (wallet) => {
    const { receive, change, descriptor } = wallet;
    for (const pair of [
      [receive, change],
      [change, receive],
    ] as const) {
      expect(passed(joinDescriptors(...pair, 'regtest')).descriptor).toBe(descriptor);
      expect(passed(readWalletFile(pair.join('\n'), 'regtest'))).toMatchObject({
        format: 'descriptor',
        wallet: { descriptor },
      });
    }
    expect(codeOf(joinDescriptors(receive, receive, 'regtest'))).toBe('wallet.file.pair');
    const stranger = wallets.find(({ name }) => name !== wallet.name)?.change ?? '';
    expect(codeOf(joinDescriptors(receive, stranger, 'regtest'))).toBe('wallet.file.pair');
  });
});

describe('random wallets', () => {
  test('sorted multisigs of 1 to 15 keys come back in every format', () => {
    const names = Array.from({ length: 15 }, (_, at) => `holder ${String(at)}`);
    const multisig = fc
      .tuple(fc.shuffledSubarray(names, { minLength: 1 }), fc.nat(14), fc.boolean())
      .map(([keys, needed, nested]) => {
        const args = [
          String(1 + (needed % keys.length)),
          ...keys.map((key) => accountOf(key).expression),
        ];
        const script = `wsh(sortedmulti(${args.join(',')}))`;
        return walletOf(withChecksum(nested ? `sh(${script})` : script));
      });
    fc.assert(
      fc.property(multisig, (wallet) => walletFormats.every((format) => comesBack(wallet, format))),
      { numRuns: 6 },
    );
  });

  test('sane miniscripts come back as descriptor, BSMS record and registration, in wsh as BIP 388 too', () => {
    fc.assert(
      fc.property(saneMiniscript(8), (script) => {
        const parsed = parseWallet(descriptorOf(script), 'regtest');
        fc.pre(parsed.ok);
        for (const format of ['descriptor', 'bsms', 'registration'] as const)
          expect(comesBack(parsed.value, format)).toBe(true);
        expect(comesBack(parsed.value, 'bip388')).toBe(script.context === 'wsh');
        expect(comesBack(parsed.value, 'coldcard')).toBe(false);
      }),
      { numRuns: 12 },
    );
  });

  test('no text whatever makes the reader fail', () => {
    const starts = fc.constantFrom(
      '',
      'BSMS 1.0\n',
      '{',
      'wsh(',
      'Policy: 2 of 2\n',
      'Wallet registration: a\n',
    );
    fc.assert(
      fc.property(starts, fc.string({ unit: 'binary', maxLength: 300 }), (start, rest) => {
        expect(codeOf(readWalletFile(start + rest, 'regtest'))).toMatch(/^wallet\./);
      }),
    );
  });
});
