import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Transaction } from 'bitcoinjs-lib';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from '../../../src/client/api.ts';
import { Http } from '../../../src/client/http.ts';
import { fromUtf8 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { blobsOf, blobsOfCoins, parseEntry } from '../../../src/core/log/entry.ts';
import type { AlertRecord, ProposalRecord } from '../../../src/core/log/state.ts';
import { finalise } from '../../../src/core/psbt/finalise.ts';
import { signInputs } from '../../../src/core/psbt/signatures.ts';
import type { Coin } from '../../../src/core/psbt/spend.ts';
import { AccountSigner } from '../../../src/keys/account-key.ts';
import { ChainService } from '../../../src/server/chain/chain.service.ts';
import type { Sandbox } from '../../../src/server/chain/sandbox.ts';
import { UnitOfWork } from '../../../src/server/database/unit-of-work.ts';
import { readinessView } from '../../../src/server/health/health.schema.ts';
import { LogService } from '../../../src/server/log/log.service.ts';
import { reconciliationView } from '../../../src/server/reconciliation/reconciliation.schema.ts';
import { SequencerService } from '../../../src/server/log/sequencer.service.ts';
import { TestServer, codeOf } from '../../support/server.ts';
import { World, listedAddress, policyOf } from '../../support/world.ts';

/** What people may rely on: an alert within a minute of our node's seeing the spend. */
const MINUTE = 60_000;

describe('the watchman in the server', () => {
  const policy = policyOf('hot-1').replace('      delay: 60s\n', '');
  const world = new World({ network: 'sandbox', policy });
  let server: TestServer;

  beforeAll(async () => {
    world.now = Math.floor(Date.now() / 1000) - 600;
    server = await TestServer.start(world, { NETWORK: 'sandbox', CHAIN: 'sandbox' });
    await handIn(() => {
      world.start();
      world.round();
    });
  }, MINUTE);
  afterAll(() => server.stop());

  const state = () => server.server.app.get(LogService).state();
  const chain = (): Sandbox => {
    const { sandbox } = server.server.app.get(ChainService);
    if (sandbox === null) throw new Error('it is the sandbox');
    return sandbox;
  };

  async function until<T>(what: string, probe: () => T | undefined): Promise<T> {
    const end = performance.now() + MINUTE;
    for (;;) {
      const found = probe();
      if (found !== undefined) return found;
      if (performance.now() > end) throw new Error(`not in time: ${what}`);
      await sleep(100);
    }
  }

  /** Hands what the work appends to the world's log in, receipts as a signer posts them. */
  async function handIn(work: () => void): Promise<void> {
    const log = server.server.app.get(LogService);
    // The server wrote facts of its own: the world reads them first.
    const read = world.leaves.length;
    for (const { leaf } of await log.leaves(read, log.head('organisation').size - read))
      world.append(leaf);
    const from = world.leaves.length;
    work();
    const api = new Api(new Http({ server: server.url, key: null }));
    for (const leaf of world.leaves.slice(from)) {
      const entry = parseEntry(leaf);
      if (!entry.ok) throw new Error(entry.refusal.code);
      const named = new Set(blobsOf(entry.value));
      for (const one of [...named]) for (const parent of blobsOfCoins(blob(one))) named.add(parent);
      const blobs = [...named].map((sha256) => ({ sha256, bytes: blob(sha256) }));
      if (entry.value.type === 'receipt') {
        const receipt = fromUtf8(canonicalBytes(entry.value.receipt)) ?? '';
        const { signature } = entry.value;
        const posted = [{ receipt, signature, blobs: blobs.map(({ bytes }) => bytes) }];
        expect(await api.postReceipts(posted)).toMatchObject({ ok: true });
      } else {
        const submission = { kind: 'organisation', leaf, blobs, texts: [] } as const;
        const outcome = await server.server.app.get(SequencerService).submit(submission);
        expect(outcome).toMatchObject({ ok: true });
      }
    }
  }

  const blob = (sha256: string): Uint8Array => world.store.get(sha256) ?? new Uint8Array();

  /** A coin of the wallet on the chain, as the world's drafts take it. */
  async function coin(amount: number) {
    const outpoint = await server.server.app
      .get(ChainService)
      .fund(world.wallet.wallet.script(0, 0), sats(amount));
    const found = await chain().transaction(outpoint.slice(0, 64));
    const parent = Transaction.fromBuffer(found?.raw ?? new Uint8Array());
    parent.stripWitnesses();
    const bytes = new Uint8Array(parent.toBuffer());
    world.blob(bytes);
    return { outpoint, claim: { parent: bytes, branch: 0, index: 0, vout: 0 } as const };
  }

  /** Signed by all keys of the wallet, and by nobody's leave. */
  async function steal(): Promise<{ readonly outpoint: string; readonly raw: Uint8Array }> {
    const { outpoint, claim } = await coin(5_000_000);
    const { statement } = world.draft({ pays: [[listedAddress, 1_000_000]], coins: [claim] });
    const { wallet } = world.wallet;
    const script = wallet.script(0, 0);
    const coins: readonly Coin[] = [{ ...claim, outpoint, sats: sats(5_000_000), script }];
    const spend = { transaction: blob(statement.spend.transaction), coins };
    const signatures = [world.hot, world.cosigner].map((key) =>
      signInputs(wallet, spend, {
        keyIndex: wallet.keys.findIndex(({ xpub }) => xpub === key.xpub),
        sign: new AccountSigner(key.xprv, 'regtest').sign,
      }),
    );
    const final = finalise(wallet, spend, signatures);
    if (!final.ok) throw new Error(final.refusal.code);
    return { outpoint, raw: final.value.raw };
  }

  const alertOf = (txid: string): AlertRecord | undefined => state().alerts.get(`hot-1/${txid}`);

  test(
    'tells of a theft within a minute, once in the mempool and once in its block, and of no payment of ours',
    async () => {
      const { claim } = await coin(3_000_000);
      let ours = '';
      await handIn(() => {
        const proposal = world.propose({ pays: [[listedAddress, 100_000]], coins: [claim] });
        for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
        world.round();
        ours = proposal.digest;
      });
      await until('our payment is broadcast', () => state().facts.get(ours));

      const before = performance.now();
      const { outpoint, raw } = await steal();
      expect(await chain().broadcast(raw)).toMatchObject({ ok: true });
      const txid = Transaction.fromBuffer(raw).getId();
      expect(await until('the alert', () => alertOf(txid))).toMatchObject({
        ...{ wallet: 'hot-1', txid, outpoints: [outpoint], height: null },
      });
      expect(performance.now() - before).toBeLessThan(MINUTE);

      await chain().mine(1);
      const { height } = await chain().tip();
      await until('the alert of the block', () =>
        alertOf(txid)?.height === height ? true : undefined,
      );
      expect(state().alerts.size).toBe(1);
      const answer = await server.send({ method: 'GET', path: '/readyz' });
      expect(readinessView.parse(answer.body).alerts).toBe(1);
    },
    2 * MINUTE,
  );

  test(
    'finds a theft that only a block showed, and again in another block after a reorganisation',
    async () => {
      const { raw } = await steal();
      const txid = Transaction.fromBuffer(raw).getId();
      await chain().broadcast(raw);
      await chain().mine(1);
      await chain().reorganise(1);
      await chain().evict(txid);
      await chain().broadcast(raw);
      await chain().mine(2);
      await until('the alert', () => alertOf(txid)?.height ?? undefined);
      expect(state().alerts.size).toBe(2);
    },
    2 * MINUTE,
  );

  test('a reconciliation holds the day on the chain against the receipts, in both directions', async () => {
    // Signed by the signer, and taken out of the mempool before a block could hold it.
    const { outpoint, claim } = await coin(2_000_000);
    let waiting: ProposalRecord | undefined;
    await handIn(() => {
      waiting = world.propose({ pays: [[listedAddress, 50_000]], coins: [claim] });
      for (const member of ['alice', 'bob', 'carol']) world.approve(member, waiting);
      world.round();
    });
    const { digest = '', txid = '' } = waiting ?? {};
    await until('it is broadcast', () => state().facts.get(digest));

    const key = await server.session('operator');
    const tell = async (query: string) => {
      const path = `/v1/wallets/hot-1/reconciliation${query}`;
      return server.send({ method: 'GET', path, key });
    };
    const view = reconciliationView.parse((await tell('')).body);
    expect(view.openingSats).toBe(0);
    const deposited = view.deposits.reduce((sum, one) => sum + one.sats, 0);
    expect(deposited).toBe(3_000_000 + 2 * 5_000_000 + 2_000_000);
    expect(view.deposits.map((one) => one.outpoint)).toContain(outpoint);
    const left = view.spends.reduce((sum, { leftSats }) => sum + leftSats, 0);
    expect(view.closingSats).toBe(deposited - left);
    expect(view.allSats).toBe(view.closingSats);
    const proposals = view.spends.map(({ proposal }) => proposal);
    expect(proposals.filter((proposal) => proposal === null)).toHaveLength(2);
    expect(proposals.filter((proposal) => proposal !== null)).toHaveLength(1);
    const ours = view.spends.find(({ proposal }) => proposal !== null);
    expect(ours?.leftSats).toBe(101_000); // 100,000 and the fee
    expect(view.open).toMatchObject([{ proposal: digest, txid, conflict: null }]);

    const before = reconciliationView.parse((await tell('?day=2026-01-01')).body);
    expect(before).toMatchObject({ deposits: [], spends: [], open: [], closingSats: 0 });
    expect(codeOf(await tell('?day=2026-02-30'))).toBe('schema.mismatch');

    await server.server.app
      .get(UnitOfWork)
      .plain.query('UPDATE chain_block SET time = NULL WHERE height = 1');
    expect(codeOf(await tell(''))).toBe('reconciliation.time.unknown');
  });
});
