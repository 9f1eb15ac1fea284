import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { fromHex, toHex } from '../../src/core/base/bytes.ts';
import { sats } from '../../src/core/base/sats.ts';
import { taprootHashes } from '../../src/core/psbt/sighash.ts';
import { verifyInputSignature } from '../../src/core/psbt/signatures.ts';
import { parseUnsigned } from '../../src/core/psbt/transaction.ts';
import { passed } from '../support/psbt.ts';
import { describeShared, readShared } from '../support/shared.ts';

const shape = z.object({
  keyPathSpending: z.array(
    z.object({
      given: z.object({
        rawUnsignedTx: z.string(),
        utxosSpent: z.array(z.object({ scriptPubKey: z.string(), amountSats: z.number() })),
      }),
      inputSpending: z.array(
        z.object({
          given: z.object({ txinIndex: z.number(), hashType: z.number() }),
          intermediary: z.object({ sigHash: z.string() }),
          expected: z.object({ witness: z.array(z.string()) }),
        }),
      ),
    }),
  ),
});

describeShared('the vectors of BIP 341', (folder) => {
  const { keyPathSpending } = readShared(folder, 'vectors/bip341-wallet.json', shape);
  const [spending] = keyPathSpending;
  const { rawUnsignedTx = '', utxosSpent = [] } = spending?.given ?? {};
  const whole = (spending?.inputSpending ?? []).filter(({ given }) => given.hashType <= 1);
  const spent = utxosSpent.map(({ scriptPubKey, amountSats }) => ({
    script: fromHex(scriptPubKey),
    sats: sats(BigInt(amountSats)),
  }));

  test('hold DEFAULT and ALL', () => {
    expect(new Set(whole.map(({ given }) => given.hashType))).toEqual(new Set([0, 1]));
  });

  test.each(whole)(
    'the hash and signature of input $given.txinIndex, type $given.hashType',
    ({ given: { txinIndex, hashType }, intermediary, expected }) => {
      const plain = passed(parseUnsigned(fromHex(rawUnsignedTx)));
      const hash = taprootHashes(plain, spent, () => null)(txinIndex, hashType === 0 ? 0 : 1);
      expect(toHex(hash)).toBe(intermediary.sigHash);
      const outputKey = utxosSpent[txinIndex]?.scriptPubKey.slice(4) ?? '';
      const [signature = ''] = expected.witness;
      expect(verifyInputSignature(outputKey, toHex(hash), signature.slice(0, 128))).toBe(true);
    },
  );
});

describeShared('the vectors of BIP 340', (folder) => {
  const rows = readFileSync(join(folder, 'vectors/bip340.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map(([index = '', , key = '', , message = '', signature = '', result = '']) => ({
      index,
      key: key.toLowerCase(),
      message: message.toLowerCase(),
      signature: signature.toLowerCase(),
      isValid: result.trim() === 'TRUE',
    }))
    // What is signed here is always a hash.
    .filter(({ message }) => message.length === 64);

  test('are there, right and wrong ones', () => {
    expect(rows.filter(({ isValid }) => isValid).length).toBeGreaterThanOrEqual(4);
    expect(rows.filter(({ isValid }) => !isValid).length).toBeGreaterThanOrEqual(10);
  });

  test.each(rows)('$index verifies: $isValid', ({ key, message, signature, isValid }) => {
    expect(verifyInputSignature(key, message, signature)).toBe(isValid);
  });
});
