import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { fromBase64, toBase64 } from '../../src/core/base/bytes.ts';
import { readMaps, writeMaps } from '../../src/core/psbt/fields.ts';
import { inspectPsbt } from '../../src/core/psbt/inspect.ts';
import { openPsbt } from '../../src/core/psbt/open.ts';
import { asVersion0, passParsers } from '../../src/core/psbt/parsers.ts';
import { codeOf, multi, passed, walletOf, withChecksum, wpkh } from '../support/psbt.ts';
import { accountOf } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

const shape = z.object({
  vectors: z
    .array(
      z.object({
        name: z.string(),
        expect: z.enum(['valid', 'invalid', 'fails-signer-checks', 'workflow', 'locktime']),
        base64: z.string(),
        locktime: z.union([z.number(), z.string(), z.null()]).optional(),
      }),
    )
    .min(10),
});
const wallets = [
  walletOf(wpkh('hot')),
  walletOf(multi('sortedmulti', 2, ['hot', 'alice'])),
  walletOf(withChecksum(`pkh(${accountOf('hot').expression})`)),
  walletOf(withChecksum(`tr(${accountOf('hot').expression})`)),
];
const bounds = { highestReceive: 5, highestChange: 5 };
/** What is well-formed and refused all the same, for what it would do. */
const refusedValid = ['psbt.modifiable', 'psbt.transaction.malformed', 'psbt.transaction.count'];

for (const file of ['bip174-psbt', 'bip370-psbt', 'bip371-psbt'])
  describeShared(`the vectors of ${file}`, (folder) => {
    const { vectors } = readShared(folder, `vectors/${file}.json`, shape);
    const bytesOf = (base64: string): Uint8Array => fromBase64(base64) ?? new Uint8Array();
    const of = (...kinds: readonly string[]) =>
      vectors.filter((vector) => kinds.includes(vector.expect));

    test.each(of('invalid'))('refused: $name', ({ base64 }) => {
      for (const wallet of wallets)
        expect(codeOf(inspectPsbt(bytesOf(base64), wallet, bounds))).toMatch(/^psbt\./);
    });

    if (of('fails-signer-checks').length > 0)
      test.each(of('fails-signer-checks'))('not to be signed: $name', ({ name, base64 }) => {
        const cause = name.startsWith('A Witness UTXO') ? 'utxo.witness' : 'script';
        for (const wallet of wallets)
          expect(codeOf(inspectPsbt(bytesOf(base64), wallet, bounds))).toBe(`psbt.input.${cause}`);
      });

    test.each(of('valid', 'workflow'))('read and written again: $name', ({ base64 }) => {
      const bytes = bytesOf(base64);
      expect(toBase64(writeMaps(passed(readMaps(bytes))))).toBe(base64);
      const opened = openPsbt(bytes);
      if (!opened.ok) {
        expect(refusedValid).toContain(opened.refusal.code);
        return;
      }
      // bitcoinjs-lib reads no transaction without anything.
      const { length } = [...opened.value.inputs, ...opened.value.outputs];
      const gate = length > 0 ? 'passed' : 'psbt.parsers.differ';
      expect(codeOf(passParsers(opened.value))).toBe(gate);
      const { transaction, inputs } = opened.value;
      const again = passed(openPsbt(asVersion0(opened.value)));
      expect(again.transaction).toEqual(transaction);
      expect(again.inputs).toHaveLength(inputs.length);
      for (const wallet of wallets)
        expect(codeOf(inspectPsbt(bytes, wallet, bounds))).toMatch(/^psbt\./);
    });

    if (of('locktime').length > 0)
      test.each(of('locktime'))('lock time: $name', ({ base64, locktime }) => {
        const opened = openPsbt(bytesOf(base64));
        if (String(locktime ?? 'none') === 'none')
          expect(codeOf(opened)).toBe('psbt.locktime.conflict');
        else expect(passed(opened).plain.lockTime).toBe(Number(locktime));
      });
  });
