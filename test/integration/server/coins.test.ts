import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { z } from 'zod';
import { readDraft } from '../../../src/cli/draft.ts';
import { draftAnswer } from '../../../src/client/answers.ts';
import { Http } from '../../../src/client/http.ts';
import { toBase64 } from '../../../src/core/base/bytes.ts';
import { RESCAN_ADDRESSES } from '../../../src/core/base/limits.ts';
import { toPsbt } from '../../../src/core/psbt/build.ts';
import { draftView } from '../../../src/server/proposals/drafts.schema.ts';
import { codeOf, passed } from '../../support/psbt.ts';
import type { Caller } from '../../support/sandbox-server.ts';
import { SandboxServer } from '../../support/sandbox-server.ts';
import { listedAddress, policyOf } from '../../support/world.ts';

const policy = `${policyOf('hot-1')}  - name: merging
    when: { payments: none }
    require:
      approvals: { from: treasury, atLeast: 1 }
`;

describe('coins', () => {
  let server: SandboxServer;
  let owner: pg.Pool;
  let operator: Caller;
  let alice: Caller;
  /** Four coins of 20,000 to 50,000 sat, each on an address of its own, and a large one. */
  let outpoints: readonly string[];

  beforeAll(async () => {
    server = await SandboxServer.start({ policy });
    owner = new pg.Pool({ connectionString: server.ownerUrl });
    operator = await server.caller('operator');
    alice = await server.caller('alice');
    const funded: string[] = [];
    for (const [at, amount] of [20_000, 30_000, 40_000, 50_000, 5_000_000].entries())
      funded.push(await server.fund(amount, at));
    outpoints = funded;
  });

  afterAll(async () => {
    await owner.end();
    await server.stop();
  });

  beforeEach(async () => {
    await owner.query('UPDATE coin_lock SET until = 1');
    for (const { outpoint } of passed(await operator.api.frozenCoins('hot-1', null)).items)
      passed(await operator.api.freezeCoin('hot-1', { outpoint, frozen: false, reason: 'over' }));
  });

  const draft = (body: object, caller = operator) =>
    new Http({ server: server.url, key: caller.key }).json(
      { method: 'POST', path: '/v1/drafts', body: { wallet: 'hot-1', purpose: 'p', ...body } },
      z.unknown(),
    );
  const drafted = async (body: object) => draftView.parse(passed(await draft(body)));
  const paying = (sats: number) => ({ payments: [{ address: listedAddress, sats }] });
  const freeze = (outpoint: string, frozen = true, caller = operator) =>
    caller.api.freezeCoin('hot-1', { outpoint, frozen, reason: 'a dispute' });
  const largest = () => outpoints[4] ?? '';

  test('a draft tells why these coins and this fee rate', async () => {
    const { selection, fee, consolidation } = await drafted({ ...paying(15_000), feeRate: 12 });
    expect(fee).toEqual({ rate: 12, why: 'asked', estimate: null, blocks: null });
    expect(selection).toMatchObject({ feeRate: 12, longTermFeeRate: 10, partialAddresses: 0 });
    const ways = selection?.considered ?? [];
    expect(ways.map(({ algorithm }) => algorithm)).toContain(selection?.algorithm);
    expect(selection?.wasteSats).toBe(Math.min(...ways.map(({ wasteSats }) => wasteSats)));
    expect(consolidation).toBeNull();
    await owner.query('UPDATE coin_lock SET until = 1');
    expect((await drafted(paying(15_000))).fee).toEqual({
      ...{ rate: 2, why: 'estimated', estimate: 2, blocks: 6 },
    });
  });

  test('small ones are merged by a spend without payments, which its rule judges', async () => {
    const merged = await drafted({ consolidate: { mostInputs: 3 }, feeRate: 2 });
    expect(merged.spend.inputs.map(({ sats }) => sats)).toEqual([20_000, 30_000, 40_000]);
    expect(merged.spend.outputs).toMatchObject([{ change: 0 }]);
    expect(merged.evaluation.matched).toMatchObject([{ name: 'merging' }]);
    expect(merged.selection).toBeNull();
    const { vbytes } = passed(
      readDraft(server.state, server.wallet, draftAnswer.parse(merged)),
    ).view;
    expect(merged.spend.feeSats).toBe(2 * vbytes);
    const { inputVbytes } = server.wallet.wallet;
    expect(merged.consolidation).toEqual({
      ...{ savingSats: 2 * 10 * inputVbytes - 2 * vbytes, longTermFeeRate: 10, addresses: 3 },
      leftOut: { frozen: 0, uneconomic: 0, dust: 0 },
    });
    const high = await draft({ consolidate: { ceilingRate: 5 }, feeRate: 6 });
    expect(codeOf(high)).toBe('consolidation.fees.high');
  });

  test('that are frozen are in no draft, nor in a PSBT brought along', async () => {
    passed(await freeze(largest()));
    expect(codeOf(await draft(paying(500_000)))).toBe('coin.insufficient');
    const { selection, ...small } = await drafted(paying(30_000));
    expect(selection?.leftOut.frozen).toBe(1);
    expect(small.spend.inputs.map(({ outpoint }) => outpoint)).not.toContain(largest());
    await owner.query('UPDATE coin_lock SET until = 1');
    passed(await freeze(largest(), false));
    const free = draftAnswer.parse(await drafted(paying(500_000)));
    const { view, blobs } = passed(readDraft(server.state, server.wallet, free));
    expect(view.coins.map(({ outpoint }) => outpoint)).toContain(largest());
    await owner.query('UPDATE coin_lock SET until = 1');
    const [, transaction = new Uint8Array()] = blobs;
    const psbt = toBase64(toPsbt({ wallet: server.wallet.wallet, transaction, coins: view.coins }));
    expect((await draft({ psbt })).ok).toBe(true);
    await owner.query('UPDATE coin_lock SET until = 1');
    passed(await freeze(largest()));
    expect(await draft({ psbt })).toMatchObject({
      refusal: { code: 'coin.frozen', facts: { outpoints: [largest()] } },
    });
  });

  test('are frozen and freed by whoever may propose, with a reason that stays', async () => {
    expect(codeOf(await freeze(largest(), true, alice))).toBe('member.role');
    const frozen = passed(await freeze(largest()));
    expect(frozen).toMatchObject({ frozen: true, by: 'operator', reason: 'a dispute' });
    expect(passed(await freeze(largest()))).toEqual(frozen);
    const listed = passed(await alice.api.frozenCoins('hot-1', null)).items;
    expect(listed).toEqual([frozen]);
    const shown = passed(await alice.api.coins('hot-1', null)).items;
    expect(shown.filter((coin) => coin.frozen).map(({ outpoint }) => outpoint)).toEqual([
      largest(),
    ]);
    expect(passed(await freeze(largest(), false))).toMatchObject({ frozen: false });
    expect(codeOf(await freeze(largest(), false))).toBe('coin.unfrozen');
    for (const unknown of [`${'ab'.repeat(32)}:0`, `${largest().slice(0, 64)}:4294967295`])
      expect(codeOf(await freeze(unknown))).toBe('coin.unknown');
    expect(codeOf(await operator.api.frozenCoins('hot-9', null))).toBe('wallet.unknown');
    const { rows } = await owner.query<{ frozen: boolean }>(
      `SELECT frozen FROM coin_freeze WHERE txid || ':' || vout = $1 AND reason = 'a dispute'`,
      [largest()],
    );
    expect(rows.length).toBeGreaterThan(1);
  });

  test('and what else has a reference are labelled, and labels are taken back', async () => {
    const [coin] = passed(await alice.api.coins('hot-1', null)).items;
    const { outpoint: ref = '', address = '' } = coin ?? {};
    const put = (...labels: Parameters<typeof operator.api.putLabels>[1]) =>
      operator.api.putLabels('hot-1', labels);
    const shown = async () => passed(await alice.api.coins('hot-1', null)).items[0]?.label;
    passed(await put({ type: 'addr', ref: address, label: 'deposits of Ito' }));
    expect(await shown()).toBe('deposits of Ito');
    const both = await put(
      { type: 'output', ref, label: 'the first', spendable: false },
      { type: 'output', ref: `${'ab'.repeat(32)}:1`, spendable: false },
    );
    expect(passed(both)).toEqual({ labels: 1, freezes: 1, unknown: 1 });
    expect(await shown()).toBe('the first');
    expect(passed(await alice.api.frozenCoins('hot-1', null)).items).toMatchObject([
      { outpoint: ref, reason: 'imported with labels (BIP 329)' },
    ]);
    expect(passed(await alice.api.labels('hot-1', null)).items).toMatchObject([
      { type: 'addr', ref: address, label: 'deposits of Ito', by: 'operator' },
      { type: 'output', ref, label: 'the first' },
    ]);
    const taken = await put(
      { type: 'output', ref, label: '', spendable: true },
      { type: 'addr', ref: address, label: '' },
    );
    expect(passed(taken)).toEqual({ labels: 2, freezes: 1, unknown: 0 });
    expect(await shown()).toBeNull();
    expect((await owner.query('SELECT FROM wallet_label')).rowCount).toBe(0);
    const denied = await alice.api.putLabels('hot-1', [{ type: 'output', ref, label: 'mine' }]);
    expect(codeOf(denied)).toBe('member.role');
  });

  test('that are frozen come in pages', async () => {
    for (const outpoint of outpoints) passed(await freeze(outpoint));
    const get = async (path: string) =>
      z
        .object({ items: z.array(z.object({ outpoint: z.string() })), next: z.string().nullable() })
        .parse(
          passed(
            await new Http({ server: server.url, key: alice.key }).json(
              { method: 'GET', path },
              z.unknown(),
            ),
          ),
        );
    const found: string[] = [];
    for (let cursor = '0'; ;) {
      const page = await get(`/v1/wallets/hot-1/coins/frozen?limit=2&cursor=${cursor}`);
      found.push(...page.items.map(({ outpoint }) => outpoint));
      if (page.next === null) break;
      cursor = page.next;
    }
    expect(found).toEqual([...outpoints].sort());
  });

  test('a wallet without recovery paths has no coin to move', async () => {
    expect(codeOf(await draft({ consolidate: { refresh: true } }))).toBe('consolidation.unneeded');
    const [coin] = passed(await operator.api.coins('hot-1', null)).items;
    expect(coin?.recoverySeconds).toBeNull();
    const { body } = await fetch(`${server.url}/readyz`).then(async (answer) => ({
      body: z.object({ recovery: z.unknown() }).parse(await answer.json()),
    }));
    expect(body.recovery).toEqual({ open: 0, soon: 0 });
  });

  test('a coin beyond the range of addresses is found once the wallet is read anew', async () => {
    const next = 5 + server.wallet.body.gapLimit;
    const far = await server.fund(70_000, next + 15);
    const seen = async (): Promise<readonly string[]> =>
      passed(await operator.api.coins('hot-1', null)).items.map(({ outpoint }) => outpoint);
    const before = await seen();
    expect(before).not.toContain(far);
    const rescan = (receive: number, caller = operator) =>
      caller.api.rescan('hot-1', { receive, change: 0 });
    expect(codeOf(await rescan(next, alice))).toBe('member.role');
    expect(await rescan(9_999)).toMatchObject({
      refusal: { code: 'wallet.rescan.range', facts: { receive: 5 + RESCAN_ADDRESSES } },
    });
    expect(passed(await rescan(next)).from).toBe(server.wallet.body.birth);
    const until = Date.now() + 20_000;
    while (!(await seen()).includes(far) && Date.now() < until)
      await new Promise((resolve) => setTimeout(resolve, 100));
    const after = await seen();
    expect(after).toContain(far);
    // What was known is known once.
    expect([...after].sort()).toEqual([...before, far].sort());
  });
});
