import { afterAll, expect, test } from '@jest/globals';
import type { BIP32Interface } from 'bip32';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fromBase64, toBase64, toHex } from '../../src/core/base/bytes.ts';
import { finalise } from '../../src/core/psbt/finalise.ts';
import { takeSignatures } from '../../src/core/psbt/found-signatures.ts';
import { checkScripts } from '../../src/server/chain/script-check.ts';
import { describeProgram } from '../support/programs.ts';
import { accountOf, draftOf, multi, passed, signAll, walletOf } from '../support/psbt.ts';

/**
 * Electrum as a cosigner that we did not write: offline, on regtest, it opens the same 2 of 3 as a wallet file of its own,
 * derives the same addresses and signs our PSBT; with our own signature it becomes a transaction that consensus accepts.
 */

const run = promisify(execFile);
const names = ['electrum-1', 'electrum-2', 'electrum-3'] as const;

describeProgram('electrum', 'Electrum as a cosigner', (program) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-electrum-'));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'wallet');
  const electrum = async (...args: readonly string[]): Promise<string> => {
    const always = ['--regtest', '--offline', '-D', folder, '-w', file];
    const { stdout } = await run(program, [...args, ...always], { timeout: 60_000 });
    return stdout.trim();
  };

  /** A wallet file of the three keys, the first with its private key. */
  function writeWallet(): void {
    const keystores = names.map((name, at) => {
      const { node, expression } = accountOf(name);
      return [
        `x${String(at + 1)}/`,
        {
          type: 'bip32',
          pw_hash_version: 1,
          derivation: "m/48'/1'/0'/2'",
          root_fingerprint: expression.slice(1, 9),
          xpub: slip132(node.neutered()),
          xprv: at === 0 ? slip132(node) : null,
        },
      ];
    });
    const wallet = { wallet_type: '2of3', use_encryption: false, seed_version: 17 };
    writeFileSync(file, JSON.stringify({ ...wallet, ...Object.fromEntries(keystores) }));
  }

  test('derives our addresses and signs our 2-of-3 PSBT, which we finalise', async () => {
    writeWallet();
    const wallet = walletOf(multi('sortedmulti', 2, names));
    const addresses = JSON.parse(await electrum('listaddresses', '--receiving')) as string[];
    expect(addresses.slice(0, 5)).toEqual([0, 1, 2, 3, 4].map((index) => wallet.address(0, index)));
    const draft = draftOf(wallet);
    const spend = { transaction: draft.transaction, coins: draft.view.coins };
    const signed = await electrum('signtransaction', toBase64(draft.psbt));
    const bytes = fromBase64(signed) ?? new Uint8Array(Buffer.from(signed, 'hex'));
    const taken = passed(takeSignatures(bytes, wallet, spend));
    expect(taken.map(({ keyIndex }) => keyIndex)).toEqual([0]);
    const own = signAll(draft, 'electrum-2', 1);
    const final = passed(finalise(wallet, spend, [...taken.map((one) => one.signatures), own]));
    expect(toHex(final.raw)).not.toBe(toHex(draft.transaction));
    expect(await checkScripts(final.raw, draft.view.coins)).toBeNull();
    expect(readFileSync(file, 'utf8')).toContain('2of3');
  }, 180_000);
});

/** The same extended key with the version of P2WSH multisig on test networks (SLIP 132), as Electrum writes it. */
function slip132(node: BIP32Interface): string {
  const { network } = node;
  node.network = { ...network, bip32: { public: 0x02575483, private: 0x02575048 } };
  const text = node.toBase58();
  node.network = network;
  return text;
}
