import { afterAll, expect, test } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { z } from 'zod';
import { sats } from '../../../../src/core/base/sats.ts';
import { shownHash } from '../../../../src/chain/block.ts';
import type { SpentOutput } from '../../../../src/server/chain/script-check.ts';
import { ScriptChecker } from '../../../../src/server/chain/script-checker.ts';
import { describeShared, readShared } from '../../../support/shared.ts';

const transcript = z.object({
  exchanges: z.array(
    z.object({ request: z.object({ method: z.string(), params: z.array(z.unknown()) }) }),
  ),
});

describeShared('the script check held to transactions that Bitcoin Core took', (folder) => {
  const { exchanges } = readShared(
    folder,
    'fixtures/bitcoin-core-31/rpc-transcript.json',
    transcript,
  );
  const sent = new Map<string, Transaction>();
  for (const { request } of exchanges) {
    const [hex] = request.params;
    if (request.method !== 'sendrawtransaction' || typeof hex !== 'string' || hex === '00')
      continue;
    const transaction = Transaction.fromHex(hex);
    sent.set(transaction.getId(), transaction);
  }

  const checker = new ScriptChecker();
  afterAll(() => checker.close());

  function spentBy(transaction: Transaction): readonly SpentOutput[] | null {
    const spent = transaction.ins.flatMap((input) => {
      const output = sent.get(shownHash(input.hash))?.outs[input.index];
      return output === undefined ? [] : { sats: sats(output.value), script: output.script };
    });
    return spent.length === transaction.ins.length ? spent : null;
  }

  const spends = [...sent.values()].flatMap((transaction) => {
    const spent = spentBy(transaction);
    return spent === null ? [] : [{ transaction, spent }];
  });

  test('the spends of all nine wallets pass', async () => {
    expect(spends).toHaveLength(9);
    for (const { transaction, spent } of spends)
      expect(await checker.check(transaction.toBuffer(), spent)).toBeNull();
  });

  test('none passes with one satoshi less paid', async () => {
    for (const { transaction, spent } of spends) {
      const changed = transaction.clone();
      for (const output of changed.outs.slice(0, 1)) output.value -= 1n;
      expect(await checker.check(changed.toBuffer(), spent)).toMatch(/^input 0: /);
    }
  });

  test('no segwit spend passes when the last coin held another amount', async () => {
    let segwit = 0;
    for (const { transaction, spent } of spends) {
      if (!transaction.hasWitnesses()) continue;
      segwit += 1;
      const lie = spent.map((one, index) =>
        index === spent.length - 1 ? { ...one, sats: sats(one.sats + 1n) } : one,
      );
      // taproot commits to every amount in each input (BIP 341), segwit v0 to its own (BIP 143)
      const isTaproot = spent[0]?.script[0] === 0x51;
      const first = isTaproot ? 0 : spent.length - 1;
      expect(await checker.check(transaction.toBuffer(), lie)).toMatch(
        new RegExp(`^input ${first}: `),
      );
    }
    expect(segwit).toBe(8);
  });

  test('none passes without its witness or script', async () => {
    for (const { transaction, spent } of spends) {
      const bare = transaction.clone();
      for (const input of bare.ins) {
        input.witness = [];
        input.script = new Uint8Array();
      }
      expect(await checker.check(bare.toBuffer(), spent)).not.toBeNull();
    }
  });
});
