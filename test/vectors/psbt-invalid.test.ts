import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { fromBase64 } from '../../src/core/base/bytes.ts';
import { readMaps } from '../../src/core/psbt/fields.ts';
import { inspectPsbt } from '../../src/core/psbt/inspect.ts';
import { codeOf, multi, walletOf, wpkh } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

const shape = z.object({
  vectors: z.array(z.object({ name: z.string(), expect: z.string(), base64: z.string() })).min(10),
});
const wallets = [walletOf(wpkh('hot')), walletOf(multi('sortedmulti', 2, ['hot', 'alice']))];
const bounds = { highestReceive: 5, highestChange: 5 };

for (const file of ['bip174-psbt', 'bip370-psbt', 'bip371-psbt'])
  describeShared(`the vectors of ${file}`, (folder) => {
    const { vectors } = readShared(folder, `vectors/${file}.json`, shape);

    test.each(vectors.filter((vector) => vector.expect !== 'valid'))(
      'refused: $name',
      ({ base64 }) => {
        const bytes = fromBase64(base64) ?? new Uint8Array();
        for (const wallet of wallets)
          expect(codeOf(inspectPsbt(bytes, wallet, bounds))).toMatch(/^psbt\./);
      },
    );

    test.each(vectors.filter((vector) => vector.expect === 'valid'))(
      'well-formed, yet of no wallet of ours: $name',
      ({ base64 }) => {
        const bytes = fromBase64(base64) ?? new Uint8Array();
        expect(codeOf(readMaps(bytes))).toBe('passed');
        for (const wallet of wallets)
          expect(codeOf(inspectPsbt(bytes, wallet, bounds))).toMatch(/^psbt\./);
      },
    );
  });
