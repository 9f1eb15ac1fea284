import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { RpcClient } from '../../src/chain/rpc.ts';
import { fixedKey } from '../../src/keys/fixed-key.ts';
import type { ModuleKey } from '../../src/keys/pkcs11.ts';
import { createModuleKey, openModuleKey } from '../../src/keys/pkcs11.ts';
import type { BitcoinNode } from '../support/bitcoin-node.ts';
import { startBitcoinNode } from '../support/bitcoin-node.ts';
import { Living } from '../support/living.ts';
import { describeProgram } from '../support/programs.ts';
import type { Token } from '../support/softhsm.ts';
import { describeModule, startToken } from '../support/softhsm.ts';
import { withChecksum } from '../support/psbt.ts';
import { policyOf, strangerAddress } from '../support/world.ts';

/** A wallet whose hot key stays in a hardware module, against a real node: same addresses, and spends that it takes. */

const policy = policyOf('hot-1').replace('      delay: 60s\n', '');

describeModule('a wallet of a key in a hardware module', (util) => {
  describeProgram('bitcoind', 'on a real node', (program) => {
    let [node, token, key, living]: [BitcoinNode?, Token?, ModuleKey?, Living?] = [];
    beforeAll(async () => {
      token = await startToken(util);
      node = await startBitcoinNode(program);
      await node.mine(100);
      const place = token.place('hot');
      await createModuleKey(place, token.pin);
      const opened = await openModuleKey(place, token.pin);
      if (!opened.ok) throw new Error(opened.refusal.code);
      key = opened.value;
      const hotKey = fixedKey(key, 'regtest');
      living = await Living.start({
        node,
        policy,
        hotKey,
        wallet: ({ alice }) => ({
          body: `wsh(sortedmulti(2,${hotKey.xpub},${alice}))`,
          outside: [],
        }),
      });
      for (const index of [0, 1, 2]) await living.fund(1_000_000, index);
    }, 240_000);
    afterAll(async () => {
      await living?.stop();
      await node?.stop();
      key?.close();
      token?.end();
    });

    test('has the addresses that the node derives of its descriptor', async () => {
      const { wallet } = living?.wallet ?? never();
      const rpc = new RpcClient((node ?? never()).options);
      const [body = ''] = wallet.descriptor.split('#');
      for (const branch of [0, 1] as const) {
        const one = withChecksum(body.replaceAll('<0;1>', String(branch)));
        const answer = await rpc.call('deriveaddresses', [one, [0, 9]]);
        const derived = z.array(z.string()).parse(answer.ok ? answer.result : answer);
        expect(derived).toEqual(derived.map((_, index) => wallet.address(branch, index)));
      }
      rpc.close();
    });

    test('spends several coins by the key in the module, and the node takes it', async () => {
      const running = living ?? never();
      const payments = [{ address: strangerAddress, sats: 2_345_678 }];
      const proposal = await running.propose({ payments, feeRate: 2 });
      expect(proposal.coins.length).toBe(3);
      await running.sign(proposal);
      await running.waiting(proposal.txid);
      await running.mine(1);
      const confirmed = await running.until(
        'confirmed',
        () => running.state.facts.get(proposal.digest)?.confirmed ?? undefined,
      );
      expect(confirmed.txid).toBe(proposal.txid);
    });
  });
});

function never(): never {
  throw new Error('it was not started');
}
