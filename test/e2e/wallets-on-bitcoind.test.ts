import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { fromBase64, toBase64 } from '../../src/core/base/bytes.ts';
import { formatTime } from '../../src/core/base/time.ts';
import { signedTransactions } from '../../src/core/log/admit-version.ts';
import type { ProposalRecord } from '../../src/core/log/state.ts';
import { toPsbt } from '../../src/core/psbt/build.ts';
import { takeSignatures } from '../../src/core/psbt/found-signatures.ts';
import { keyIndexOfXpub } from '../../src/core/wallet/wallet.ts';
import { standingAlerts } from '../../src/core/watch/watchman.ts';
import { RpcClient } from '../../src/chain/rpc.ts';
import type { BitcoinNode } from '../support/bitcoin-node.ts';
import { startBitcoinNode } from '../support/bitcoin-node.ts';
import type { Cosigner, LivingOptions } from '../support/living.ts';
import { Living } from '../support/living.ts';
import { describeProgram } from '../support/programs.ts';
import { passed, withChecksum } from '../support/psbt.ts';
import { policyOf, strangerAddress } from '../support/world.ts';

/**
 * The main job and the follower against a real node, for each kind of wallet: funding, a spend, a fee bump, a reorganisation by
 * `invalidateblock`, the node killed and started again; where a cosigner signs, the node's own wallet is that cosigner.
 */

const policy = `${policyOf('hot-1').replace('      delay: 60s\n', '')}
  - name: to ourselves
    when: { payments: none }
    require:
      approvals: { from: treasury, atLeast: 2 }
`;

/** The unspendable internal key of BIP 341. */
const NUMS = '50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0';

interface Kind {
  readonly name: string;
  readonly wallet: LivingOptions['wallet'];
  /** Whether alice's key signs beside the hot key. */
  readonly cosigned: boolean;
}

const kinds: readonly Kind[] = [
  {
    name: 'wsh(sortedmulti)',
    wallet: ({ hot, alice }) => ({ body: `wsh(sortedmulti(2,${hot},${alice}))`, outside: [] }),
    cosigned: true,
  },
  {
    name: 'wsh(miniscript) with a recovery path',
    wallet: ({ hot, alice, bob }) => ({
      body: `wsh(or_d(multi(2,${hot},${alice}),and_v(v:pkh(${bob}),older(4320))))`,
      outside: [],
    }),
    cosigned: true,
  },
  {
    name: 'tr(key)',
    wallet: ({ hot }) => ({ body: `tr(${hot})`, outside: [] }),
    cosigned: false,
  },
  {
    name: 'tr(multi_a)',
    wallet: ({ hot, alice }) => ({ body: `tr(${NUMS},multi_a(2,${hot},${alice}))`, outside: [] }),
    cosigned: true,
  },
];

async function call(
  node: BitcoinNode,
  method: string,
  params: readonly unknown[],
): Promise<unknown> {
  const rpc = new RpcClient(node.options);
  const answer = await rpc.call(method, params);
  rpc.close();
  if (!answer.ok) throw new Error(`${method}: ${answer.error.message}`);
  return answer.result;
}

/** A wallet of the node that holds alice's private key and, of the others, what the descriptor tells. */
async function nodeAsAlice(node: BitcoinNode, living: Living): Promise<Cosigner> {
  const name = `alice-${living.wallet.root.digest.slice(0, 12)}`;
  // name, private keys disabled, blank, passphrase, avoid reuse, descriptors, load on start
  await call(node, 'createwallet', [name, false, true, '', false, true, true]);
  const wallet = new RpcClient({ ...node.options, url: `${node.options.url}/wallet/${name}` });
  const { xpub, xprv } = living.world.cosigner;
  const [body = ''] = living.wallet.wallet.descriptor.split('#');
  for (const branch of [0, 1]) {
    const desc = withChecksum(body.replaceAll('<0;1>', String(branch)).replaceAll(xpub, xprv));
    const request = { desc, timestamp: 'now', range: [0, 50], internal: branch === 1 };
    const answer = await wallet.call('importdescriptors', [[request]]);
    const imported = z
      .array(z.object({ success: z.boolean() }))
      .parse(answer.ok ? answer.result : []);
    if (imported[0]?.success !== true) throw new Error(`not imported: ${JSON.stringify(answer)}`);
  }
  return async ({ wallet: of }, spend) => {
    const { transaction, coins, view } = spend;
    const change = view.spend.outputs.map((output) => output.change);
    const psbt = toPsbt({ wallet: of, transaction, coins, change });
    const answer = await wallet.call('walletprocesspsbt', [toBase64(psbt)]);
    if (!answer.ok) throw new Error(`walletprocesspsbt: ${answer.error.message}`);
    const { psbt: signed } = z.object({ psbt: z.string() }).parse(answer.result);
    const taken = passed(takeSignatures(fromBase64(signed) ?? new Uint8Array(), of, spend));
    const own = taken.find(({ keyIndex }) => keyIndex === keyIndexOfXpub(of, xpub));
    if (own === undefined) throw new Error("the node's wallet did not sign");
    return own.signatures;
  };
}

describeProgram('bitcoind', 'the main job on a real node', (program) => {
  let node: BitcoinNode;
  beforeAll(async () => {
    // Its wallets are cosigners of ours: the server asks the node for blocks and mempool alone.
    node = await startBitcoinNode(program, '-disablewallet=0', '-fallbackfee=0.0001');
    await node.mine(100); // mature coins to give away
  }, 120_000);
  afterAll(() => node.stop());

  describe.each(kinds)('$name', ({ wallet, cosigned }) => {
    let living: Living;
    beforeAll(async () => {
      living = await Living.start({ node, policy, ...(wallet === undefined ? {} : { wallet }) });
      if (cosigned) living.cosigners.set('alice', await nodeAsAlice(node, living));
      for (const index of [0, 1, 2]) await living.fund(1_000_000, index);
    }, 120_000);
    afterAll(() => living.stop());

    const envelope = () => ({
      feeSatsMax: 9_000,
      replacementsMax: 3,
      until: formatTime(Math.floor(Date.now() / 1000) + 86_400),
    });
    const confirmedOf = (proposal: ProposalRecord) =>
      living.state.facts.get(proposal.digest)?.confirmed ?? undefined;

    test('funds, spends, bumps the fee, and follows a reorganisation and a killed node', async () => {
      const payments = [{ address: strangerAddress, sats: 123_456 }];
      const proposal = await living.propose({ payments, feeRate: 2 }, { envelope: envelope() });
      await living.sign(proposal);
      await living.waiting(proposal.txid);

      // A fee bump in the place of the first transaction.
      const api = await living.api('operator');
      passed(await api.bump(proposal.digest, 12));
      if (cosigned) passed(await living.approve('alice', proposal));
      await living.tick();
      const bumped = signedTransactions(living.state, proposal).at(-1);
      expect(bumped?.version).toBe(1);
      await living.waiting(bumped?.txid ?? '');
      expect(await living.chain.view.transaction(proposal.txid)).toBeNull();
      await living.mine(1);
      const first = await living.until('confirmed', () => confirmedOf(proposal));
      expect(first.txid).toBe(bumped?.txid);

      // A reorganisation takes the confirmation away; the transaction waits again and comes into another block.
      await node.reorganise(2);
      await living.chain.catchUp();
      await living.until('unconfirmed', () =>
        confirmedOf(proposal) === undefined ? true : undefined,
      );
      await living.waiting(bumped?.txid ?? '');
      await living.mine(1);
      const second = await living.until('confirmed again', () => confirmedOf(proposal));
      expect(second.block).not.toBe(first.block);

      // The node is killed: nothing is drafted meanwhile, and nothing is lost.
      await call(node, 'gettxoutsetinfo', []); // writes everything to its disk: it has no peers to ask again
      await node.kill();
      await living.until('the node is away', () =>
        living.chain.trouble === null ? undefined : true,
      );
      expect(
        await api.draft({ wallet: 'hot-1', purpose: 'test', payments, feeRate: 2 }),
      ).toMatchObject({ ok: false });
      await node.again();
      await living.until('the node is back', () =>
        living.chain.trouble === null ? true : undefined,
      );
      await living.mine(5);
      await living.until(
        'settled',
        () => living.state.facts.get(proposal.digest)?.settledAt ?? undefined,
      );
      expect(standingAlerts(living.state)).toEqual([]);
    }, 180_000);

    test('cancels a waiting payment, and helps another by a child', async () => {
      const pay = (sats: number) => [{ address: strangerAddress, sats }];
      const target = await living.propose({ payments: pay(50_001), feeRate: 2 });
      await living.sign(target);
      await living.waiting(target.txid);
      const cancel = await living.propose(
        { cancels: target.digest, feeRate: 9 },
        { kind: 'cancel', cancels: target.digest },
      );
      await living.sign(cancel, ['alice', 'bob']);
      await living.waiting(cancel.txid);
      const parent = await living.propose({ payments: pay(50_002), feeRate: 1 });
      await living.sign(parent);
      await living.waiting(parent.txid);
      const child = await living.propose({ childOf: parent.digest, feeRate: 15 });
      await living.sign(child, ['alice', 'bob']);
      await living.waiting(child.txid);
      await living.mine(1);
      await living.until('all confirmed', () =>
        [cancel, parent, child].every((one) => confirmedOf(one) !== undefined) ? true : undefined,
      );
      expect(confirmedOf(target)).toBeUndefined();
      expect(standingAlerts(living.state)).toEqual([]);
    }, 180_000);
  });
});
