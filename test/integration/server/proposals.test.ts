import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { z } from 'zod';
import { readDraft } from '../../../src/cli/draft.ts';
import type { ReadDraft } from '../../../src/cli/draft.ts';
import { compareDraft } from '../../../src/cli/draft.ts';
import type { DraftAnswer } from '../../../src/client/answers.ts';
import type { DraftRequest } from '../../../src/client/api.ts';
import { Http } from '../../../src/client/http.ts';
import { dpopProof } from '../../../src/client/proof-key.ts';
import type { SaltedText } from '../../../src/client/statements.ts';
import { frameOf, saltText, signStatement } from '../../../src/client/statements.ts';
import type { ApprovalStatement, ProposalStatement } from '../../../src/core/approval/statement.ts';
import { fromHex, toBase64, toHex } from '../../../src/core/base/bytes.ts';
import { digest } from '../../../src/core/base/digest.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { toPsbt } from '../../../src/core/psbt/build.ts';
import { scriptOfAddress } from '../../../src/core/wallet/network.ts';
import { describeApi } from '../../../src/server/app.ts';
import { draftView } from '../../../src/server/proposals/drafts.schema.ts';
import { proposalView, proposalsView } from '../../../src/server/proposals/proposals.schema.ts';
import {
  budgetView,
  coinsView,
  walletView,
  walletsView,
} from '../../../src/server/wallets/wallets.schema.ts';
import { documentView, documentsView } from '../../../src/server/documents/documents.schema.ts';
import { lookAlikeOf, scriptHex } from '../../support/look-alikes.ts';
import { codeOf, editTransaction, passed } from '../../support/psbt.ts';
import type { Caller } from '../../support/sandbox-server.ts';
import { SandboxServer } from '../../support/sandbox-server.ts';
import { listedAddress, strangerAddress } from '../../support/world.ts';

const BTC = 100_000_000;
const now = (): number => Math.floor(Date.now() / 1000);

describe('from a draft to a proposal', () => {
  let server: SandboxServer;
  let owner: pg.Pool;
  let operator: Caller;
  let alice: Caller;

  beforeAll(async () => {
    server = await SandboxServer.start();
    owner = new pg.Pool({ connectionString: server.ownerUrl });
    operator = await server.caller('operator');
    alice = await server.caller('alice');
  });

  afterAll(async () => {
    await owner.end();
    await server.stop();
  });

  // Each test begins with free coins: what earlier ones hold is let go.
  beforeEach(async () => {
    await owner.query('UPDATE coin_lock SET until = 1');
  });

  const ask = (
    caller: Caller,
    payments: readonly (readonly [string, number])[],
    over: Partial<{ feeRate: number; wallet: string; reference: string }> = {},
  ): Promise<Result<DraftAnswer>> =>
    caller.api.draft({
      wallet: 'hot-1',
      purpose: 'rent',
      payments: payments.map(([address, sats]) => ({ address, sats })),
      ...over,
    });
  const get = async <T>(path: string, schema: z.ZodType<T>, caller = alice): Promise<Result<T>> =>
    new Http({ server: server.url, key: caller.key }).json({ method: 'GET', path }, schema);
  const send = (path: string, body: unknown, caller = operator): Promise<Result<unknown>> =>
    new Http({ server: server.url, key: caller.key }).json(
      { method: 'POST', path, body },
      z.unknown(),
    );
  const lockedSats = async (): Promise<number> =>
    passed(await get('/v1/wallets/hot-1', walletView)).balance.lockedSats;
  const read = (draft: DraftAnswer): ReadDraft =>
    passed(readDraft(server.state, server.wallet, draft));

  function statementOf(
    draft: ReadDraft,
    purpose: { readonly digest: string },
    over: Partial<ProposalStatement> = {},
  ): ProposalStatement {
    const { state, wallet } = server;
    const log = { size: state.tree.size, root: toHex(state.tree.root()) };
    const { spend } = draft.view;
    return {
      type: 'proposal',
      ...frameOf({
        ...{ org: state.genesis, device: operator.device, log },
        ...{ previous: null, now: now(), validSeconds: 86_400 },
      }),
      network: 'sandbox',
      wallet: { id: 'hot-1', digest: wallet.record.digest },
      policy: state.policies.get('hot-1')?.digest ?? '',
      charter: state.charter?.digest ?? '',
      destinations: state.destinations?.digest ?? '',
      kind: 'pay',
      spend: { ...spend, inputs: [...spend.inputs], outputs: [...spend.outputs] },
      cancels: null,
      envelope: null,
      initiator: 'operator',
      purposeDigest: purpose.digest,
      reference: null,
      repeats: null,
      ...over,
    };
  }

  async function propose(
    draft: ReadDraft,
    over: {
      readonly statement?: Partial<ProposalStatement>;
      readonly purpose?: SaltedText;
      readonly blobs?: readonly Uint8Array[];
      readonly caller?: Caller;
    } = {},
  ) {
    const purpose = saltText('rent');
    const statement = statementOf(draft, purpose, over.statement);
    const signed = signStatement(statement, operator.device.secretKey);
    const { api } = over.caller ?? operator;
    return api.propose(signed, {
      blobs: over.blobs ?? draft.blobs,
      coins: draft.coins,
      purpose: over.purpose ?? purpose,
    });
  }

  const proposed = async (sats: number): Promise<string> =>
    passed(await propose(read(passed(await ask(operator, [[listedAddress, sats]]))))).proposal;

  async function end(
    proposal: string,
    decision: 'approve' | 'reject' | 'withdraw',
    caller: Caller,
  ) {
    const { state } = server;
    const reason = decision === 'reject' ? saltText('wrong payee') : null;
    const spend = state.proposals.get(proposal)?.statement.spend;
    const statement: ApprovalStatement = {
      type: 'approval',
      ...frameOf({
        ...{ org: state.genesis, device: caller.device, previous: null },
        ...{ log: { size: 0, root: toHex(state.tree.rootAt(0)) }, now: now() },
        validSeconds: 3_600,
      }),
      proposal,
      decision,
      spend: digest('spend', spend),
      partialSignatures: null,
      reasonDigest: reason?.digest ?? null,
    };
    const signed = signStatement(statement, caller.device.secretKey);
    return caller.api.approve(signed, { blobs: [], reason });
  }

  test('a wallet without coins pays nothing', async () => {
    expect(codeOf(await ask(operator, [[listedAddress, 20_000]]))).toBe('coin.insufficient');
  });

  describe('with coins', () => {
    beforeAll(async () => {
      await server.fund(BTC / 2, 0);
      await server.fund(BTC / 4, 1);
    });

    test('a draft is what was asked for, proven by its bytes, and holds its coins', async () => {
      const payments = [
        [listedAddress, 20_000],
        [strangerAddress, 30_000],
      ] as const;
      const draft = passed(await ask(operator, payments, { feeRate: 3 }));
      const found = read(draft);
      const asked = payments.map(([address, sats]) => ({
        ...{ address, sats },
        script: toHex(passed(scriptOfAddress(address, 'sandbox'))),
      }));
      const { wallet } = server.wallet;
      expect(compareDraft(found, { payments: asked, feeRate: 3 }, { wallet, told: null }).ok).toBe(
        true,
      );
      const { view } = found;
      expect(view.feeSats).toBe(BigInt(3 * view.vbytes));
      expect(view.spend.lockTime).toBe(2);
      expect(view.spend.outputs.filter(({ change }) => change === 0)).toHaveLength(1);
      expect(view.coins.map(({ sats }) => sats)).toEqual([BigInt(BTC / 2)]);
      expect(await lockedSats()).toBe(BTC / 2);
      // The next draft takes the other coin, and a third finds none.
      const next = read(passed(await ask(operator, payments)));
      expect(next.view.coins.map(({ sats }) => sats)).toEqual([BigInt(BTC / 4)]);
      expect(codeOf(await ask(operator, payments))).toBe('coin.insufficient');
    });

    test('a draft tells digests in force and what the policy says', async () => {
      const body: DraftRequest = {
        ...{ wallet: 'hot-1', purpose: 'rent', reference: 'INV-1' },
        payments: [{ address: listedAddress, sats: 20_000 }],
      };
      const view = draftView.parse(passed(await send('/v1/drafts', body)));
      const { state } = server;
      expect(view.documents).toEqual({
        charter: state.charter?.digest,
        wallet: server.wallet.record.digest,
        policy: state.policies.get('hot-1')?.digest,
        destinations: state.destinations?.digest,
      });
      expect(view.spendDigest).toBe(digest('spend', view.spend));
      expect(view.evaluation.matched).toMatchObject([{ name: 'all payments', delaySeconds: 60 }]);
      expect(view.evaluation.limits[0]).toMatchObject({ name: 'per payment', asked: 20_000 });
      expect(view.evaluation.delaySeconds).toBe(60);
      // No signer of the wallet has started.
      expect(view.warnings.map(({ code }) => code)).toEqual(['wallet.unconfirmed']);
    });

    test('a draft lapses by time, and goes when its member drops it', async () => {
      const { draft } = passed(await ask(operator, [[listedAddress, 20_000]]));
      expect(await lockedSats()).toBe(BTC / 2);
      const drop = (caller: Caller) =>
        fetch(`${server.url}/v1/drafts/${draft}`, {
          method: 'DELETE',
          headers: { dpop: proofOf(caller, 'DELETE', `/v1/drafts/${draft}`) },
        });
      expect(await (await drop(alice)).json()).toMatchObject({ code: 'draft.unknown' });
      expect(await lockedSats()).toBe(BTC / 2);
      expect((await drop(operator)).status).toBe(200);
      expect(await lockedSats()).toBe(0);
      expect((await drop(operator)).status).toBe(404);
      await ask(operator, [[listedAddress, 20_000]]);
      const { rows } = await owner.query<{ seconds: string }>(
        'SELECT until - extract(epoch FROM now())::bigint AS seconds FROM coin_lock WHERE until > 1',
      );
      expect(Number(rows[0]?.seconds)).toBeGreaterThan(590);
      expect(Number(rows[0]?.seconds)).toBeLessThanOrEqual(600);
      await owner.query('UPDATE coin_lock SET until = 1');
      expect(await lockedSats()).toBe(0);
    });

    test('a draft that the policy refuses outright holds nothing', async () => {
      await server.fund(2 * BTC, 2);
      const most = await ask(operator, [[listedAddress, BTC]]);
      expect(most.ok).toBe(true);
      await owner.query('UPDATE coin_lock SET until = 1');
      expect(codeOf(await ask(operator, [[listedAddress, BTC + 1]]))).toBe('policy.limit.exceeded');
      expect(codeOf(await ask(operator, [[listedAddress, 20_000]], { feeRate: 101 }))).toBe(
        'policy.fee.exceeded',
      );
      expect(await lockedSats()).toBe(0);
    });

    test('a draft is refused by who asks and for what', async () => {
      expect(codeOf(await ask(alice, [[listedAddress, 20_000]]))).toBe('member.role');
      const unknown = await ask(operator, [[listedAddress, 20_000]], { wallet: 'hot-9' });
      expect(codeOf(unknown)).toBe('wallet.unknown');
      const foreign = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4';
      expect(codeOf(await ask(operator, [[foreign, 20_000]]))).toBe('address.network');
      expect(codeOf(await ask(operator, [['nonsense', 20_000]]))).toBe('address.invalid');
      expect(codeOf(await ask(operator, [[listedAddress, 293]]))).toBe('psbt.output.dust');
      expect(codeOf(await ask(operator, [[listedAddress, 0]]))).toBe('schema.mismatch');
      const to = (destination: string) =>
        send('/v1/drafts', {
          ...{ wallet: 'hot-1', purpose: 'rent' },
          payments: [{ destination, sats: 20_000 }],
        });
      expect(codeOf(await to('nobody'))).toBe('destination.unknown');
      const listed = draftView.parse(passed(await to('exchange')));
      const script = toHex(passed(scriptOfAddress(listedAddress, 'sandbox')));
      expect(listed.spend.outputs.map((output) => output.script)).toContain(script);
    });

    test('an uploaded PSBT is drafted when its coins are ours, confirmed and unspent', async () => {
      const { view, blobs } = read(passed(await ask(operator, [[listedAddress, 20_000]])));
      const [, transaction = new Uint8Array()] = blobs;
      const upload = (bytes: Uint8Array) =>
        operator.api.draft({
          ...{ wallet: 'hot-1', purpose: 'rent' },
          psbt: toBase64(
            toPsbt({ wallet: server.wallet.wallet, transaction: bytes, coins: view.coins }),
          ),
        });
      // The first draft holds the coins.
      expect(codeOf(await upload(transaction))).toBe('coin.locked');
      await owner.query('UPDATE coin_lock SET until = 1');
      const drafted = passed(await upload(transaction));
      expect(fromHex(drafted.transaction)).toEqual(transaction);
      expect(read(drafted).view.spend).toEqual(view.spend);
      const later = editTransaction(transaction, (one) => {
        one.locktime = 1_000;
      });
      expect(codeOf(await upload(later))).toBe('psbt.locktime.future');
      await owner.query('UPDATE coin_lock SET until = 1');
      await owner.query(
        `UPDATE wallet_coin SET spent_by = txid, spent_height = 1 WHERE txid = $1`,
        [view.coins[0]?.outpoint.slice(0, 64)],
      );
      expect(codeOf(await upload(transaction))).toBe('coin.spent');
      await owner.query('UPDATE wallet_coin SET spent_by = NULL, spent_height = NULL');
      const garbage = await operator.api.draft({
        ...{ wallet: 'hot-1', purpose: 'rent', psbt: 'AAAA' },
      });
      expect(codeOf(garbage)).toBe('psbt.malformed');
    });

    test('a proposal is logged, takes over the coins of its draft, and is shown', async () => {
      const answer = passed(await ask(operator, [[listedAddress, 20_000]]));
      const draft = read(answer);
      const sent = passed(await propose(draft));
      const { rows } = await owner.query<{ holder: string; until: string }>(
        'SELECT holder, until FROM coin_lock WHERE until > 1',
      );
      expect(rows.map(({ holder }) => holder)).toEqual([sent.proposal]);
      expect(Number(rows[0]?.until)).toBeGreaterThan(now() + 86_000);
      expect((await owner.query('SELECT FROM draft WHERE id = $1', [answer.draft])).rowCount).toBe(
        0,
      );
      const shown = passed(await get(`/v1/proposals/${sent.proposal}`, proposalView));
      expect(shown).toMatchObject({
        ...{ proposal: sent.proposal, index: sent.index, name: sent.name, stage: 'open' },
        ...{ outcome: 'pending', code: 'signer.pending', amountSats: 20_000 },
        ...{ approvals: [], ended: null, facts: null },
        purpose: { text: 'rent' },
      });
      expect(shown.blobs.coins).toBe(draft.coins);
      expect(shown.blobs.transaction).toBe(draft.view.spend.transaction);
      const told = passed(await alice.api.proposal(sent.proposal));
      expect(told.purpose?.text).toBe('rent');
      expect(codeOf(await get(`/v1/proposals/${'0'.repeat(64)}`, z.unknown()))).toBe(
        'proposal.unknown',
      );
    });

    test('a proposal that is sent again neither shortens its hold nor takes back what it let go', async () => {
      const draft = read(passed(await ask(operator, [[listedAddress, 24_000]])));
      const purpose = saltText('rent');
      const signed = signStatement(statementOf(draft, purpose), operator.device.secretKey);
      const { blobs, coins } = draft;
      const again = () => operator.api.propose(signed, { blobs, coins, purpose });
      const { proposal } = passed(await again());
      expect(codeOf(await again())).toBe('statement.duplicate');
      const held = 'SELECT until FROM coin_lock WHERE holder = $1';
      const [lock] = (await owner.query<{ until: string }>(held, [proposal])).rows;
      expect(Number(lock?.until)).toBeGreaterThan(now() + 86_000);
      passed(await end(proposal, 'reject', alice));
      expect(codeOf(await again())).toBe('statement.duplicate');
      expect((await owner.query(held, [proposal])).rows).toEqual([]);
    });

    test('a proposal is refused before anything of it is stored', async () => {
      const draft = read(passed(await ask(operator, [[listedAddress, 21_000]])));
      const size = server.state.tree.size;
      const wrong = await propose(draft, { purpose: { salt: '00'.repeat(16), text: 'bribe' } });
      expect(codeOf(wrong)).toBe('text.mismatch');
      expect(codeOf(await propose(draft, { caller: alice }))).toBe('session.member');
      const unasked = [...draft.blobs, new Uint8Array([1])];
      expect(codeOf(await propose(draft, { blobs: unasked }))).toBe('log.blob.unasked');
      expect(codeOf(await propose(draft, { blobs: draft.blobs.slice(0, 1) }))).toBe(
        'log.blob.missing',
      );
      const past = { issuedAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-02T00:00:00Z' };
      expect(codeOf(await propose(draft, { statement: past }))).toBe('statement.expired');
      const lied = { ...draft.view.spend, feeSats: draft.view.spend.feeSats - 1 };
      const spend = { ...lied, inputs: [...lied.inputs], outputs: [...lied.outputs] };
      expect(codeOf(await propose(draft, { statement: { spend } }))).toBe(
        'proposal.spend.mismatch',
      );
      const far = [{ outpoint: `${'1'.repeat(64)}:9999999999`, sats: 1 }];
      expect(
        codeOf(await propose(draft, { statement: { spend: { ...spend, inputs: far } } })),
      ).toBe('coin.spent');
      expect(server.state.tree.size).toBe(size);
      expect(await lockedSats()).toBe(0);
      expect((await propose(draft)).ok).toBe(true);
    });

    test('a coin frozen since it was drafted is not proposed', async () => {
      const draft = read(passed(await ask(operator, [[listedAddress, 21_000]])));
      const [outpoint = ''] = draft.view.spend.inputs.map((input) => input.outpoint);
      const freeze = (frozen: boolean) =>
        operator.api.freezeCoin('hot-1', { outpoint, frozen, reason: 'a dispute' });
      passed(await freeze(true));
      expect(await propose(draft)).toMatchObject({
        refusal: { code: 'coin.frozen', facts: { outpoints: [outpoint] } },
      });
      passed(await freeze(false));
      passed(await propose(draft));
    });

    test('coins of an open proposal are held, and free again once it ended', async () => {
      const first = await proposed(22_000);
      const held = await lockedSats();
      expect(held).toBeGreaterThan(0);
      expect((await end(first, 'withdraw', operator)).ok).toBe(true);
      expect(await lockedSats()).toBe(0);
      const second = await proposed(23_000);
      expect(await lockedSats()).toBe(held);
      expect((await end(second, 'reject', alice)).ok).toBe(true);
      expect(await lockedSats()).toBe(0);
      const shown = passed(await get(`/v1/proposals/${second}`, proposalView));
      expect(shown.stage).toBe('ended');
      expect(shown.ended).toMatchObject({
        ...{ code: 'proposal.rejected', by: 'alice', reason: { text: 'wrong payee' } },
      });
    });

    test('a proposal does not take coins that another holds', async () => {
      const draft = read(passed(await ask(operator, [[listedAddress, 24_000]])));
      await owner.query(`UPDATE coin_lock SET holder = 'another' WHERE until > 1`);
      await owner.query('DELETE FROM draft');
      expect(codeOf(await propose(draft))).toBe('coin.locked');
    });

    test('the same statement is logged once, however often it is sent', async () => {
      const draft = read(passed(await ask(operator, [[listedAddress, 25_000]])));
      const purpose = saltText('rent');
      const signed = signStatement(statementOf(draft, purpose), operator.device.secretKey);
      const rest = { blobs: draft.blobs, coins: draft.coins, purpose };
      const all = await Promise.all(
        Array.from({ length: 5 }, () => operator.api.propose(signed, rest)),
      );
      expect(all.filter(({ ok }) => ok).length).toBeGreaterThan(0);
      for (const one of all) if (!one.ok) expect(codeOf(one)).toBe('statement.duplicate');
      expect(codeOf(await operator.api.propose(signed, rest))).toBe('statement.duplicate');
      expect(await lockedSats()).toBeGreaterThan(0);
    });

    test('lists go by pages and filters, the newest first', async () => {
      const all = passed(await get('/v1/proposals?limit=200', proposalsView)).items;
      const paged: string[] = [];
      let cursor: string | null = null;
      do {
        const query: string = cursor === null ? '' : `&cursor=${cursor}`;
        const page: z.infer<typeof proposalsView> = passed(
          await get(`/v1/proposals?limit=2${query}`, proposalsView),
        );
        paged.push(...page.items.map(({ proposal }) => proposal));
        cursor = page.next;
      } while (cursor !== null);
      expect(paged).toEqual(all.map(({ proposal }) => proposal));
      expect(all.map(({ index }) => index)).toEqual(
        all.map(({ index }) => index).sort((a, b) => b - a),
      );
      const ended = passed(await get('/v1/proposals?stage=ended&wallet=hot-1', proposalsView));
      expect(ended.items.map(({ stage }) => stage)).toEqual(['ended', 'ended', 'ended']);
      expect(passed(await get('/v1/proposals?wallet=hot-9', proposalsView)).items).toEqual([]);
      expect(codeOf(await get('/v1/proposals?cursor=x', z.unknown()))).toBe('cursor.invalid');
      expect(codeOf(await get('/v1/proposals?stage=any', z.unknown()))).toBe('schema.mismatch');
    });

    test('open proposals never share an address for their change', async () => {
      const indices: (number | undefined)[] = [];
      const open: string[] = [];
      for (const sats of [24_000, 25_000]) {
        const draft = read(passed(await ask(operator, [[listedAddress, sats]])));
        indices.push(...draft.view.spend.outputs.flatMap(({ change }) => change ?? []));
        open.push(passed(await propose(draft)).proposal);
      }
      expect(new Set(indices).size).toBe(2);
      for (const proposal of open) await end(proposal, 'withdraw', operator);
      const again = read(passed(await ask(operator, [[listedAddress, 26_000]])));
      expect(again.view.spend.outputs.find(({ change }) => change !== undefined)?.change).toBe(
        indices[0],
      );
    });

    test('change that goes where change went before is told of an uploaded PSBT', async () => {
      const { view, blobs } = read(passed(await ask(operator, [[listedAddress, 27_000]])));
      const [, transaction = new Uint8Array()] = blobs;
      const { wallet } = server.wallet;
      const psbt = toBase64(toPsbt({ wallet, transaction, coins: view.coins }));
      await owner.query('UPDATE coin_lock SET until = 1');
      const upload = async () =>
        passed(await operator.api.draft({ wallet: 'hot-1', purpose: 'rent', psbt }))
          .warnings.map(({ code }) => code)
          .filter((code) => code.startsWith('change.'));
      expect(await upload()).toEqual([]);
      await owner.query('UPDATE coin_lock SET until = 1');
      await owner.query('UPDATE followed_wallet SET change_next = change_next + 50');
      expect(await upload()).toEqual(['change.used']);
      await owner.query('UPDATE followed_wallet SET change_next = change_next - 50');
    });

    test('a payee that looks like a listed one is refused as a draft and as a proposal', async () => {
      const twin = lookAlikeOf(listedAddress);
      expect(codeOf(await ask(operator, [[twin, 28_000]]))).toBe('address.lookalike');
      const draft = read(passed(await ask(operator, [[listedAddress, 28_000]])));
      const { spend } = draft.view;
      const outputs = spend.outputs.map((output) =>
        output.change === undefined ? { ...output, script: scriptHex(twin) } : output,
      );
      const poisoned = { ...spend, inputs: [...spend.inputs], outputs };
      expect(codeOf(await propose(draft, { statement: { spend: poisoned } }))).toBe(
        'address.lookalike',
      );
    });

    test('an approval is not taken once a block spends a coin otherwise', async () => {
      const proposal = await proposed(29_000);
      const outpoint = server.state.proposals.get(proposal)?.view.spend.inputs[0]?.outpoint ?? '';
      const coin = [outpoint.slice(0, 64), Number(outpoint.slice(65))];
      const spend = 'UPDATE wallet_coin SET spent_by = $3, spent_height = $4';
      const where = 'WHERE txid = $1 AND vout = $2';
      await owner.query(`${spend} ${where}`, [...coin, coin[0], 1]);
      const refused = await end(proposal, 'approve', alice);
      expect(refused.ok ? null : refused.refusal).toEqual({
        code: 'coin.spent',
        facts: { outpoint },
      });
      await owner.query(`${spend} ${where}`, [...coin, null, null]);
      expect(codeOf(await end(proposal, 'approve', alice))).toBe('approval.log.early');
      await end(proposal, 'withdraw', operator);
    });
  });

  describe('wallets and documents', () => {
    test('a wallet shows its standing, balance, next address and free coins', async () => {
      const wallet = passed(await alice.api.wallet('hot-1'));
      expect(wallet).toMatchObject({ id: 'hot-1', network: 'sandbox', open: false, frozen: false });
      expect(wallet.balance).toEqual({ confirmedSats: 2.75 * BTC, pendingSats: 0 });
      // Indexes 0 to 2 were paid to.
      expect(wallet.address).toBe(server.wallet.wallet.address(0, 3));
      const view = passed(await get('/v1/wallets/hot-1', walletView));
      expect(view.coins.items.map(({ sats }) => sats)).toEqual([2 * BTC, BTC / 2, BTC / 4]);
      const page = passed(await get('/v1/wallets/hot-1/coins?limit=2', coinsView));
      expect([page.items.length, page.next]).toEqual([2, '2']);
      const rest = passed(await get('/v1/wallets/hot-1/coins?limit=2&cursor=2', coinsView));
      expect([rest.items.length, rest.next]).toEqual([1, null]);
      expect(passed(await get('/v1/wallets', walletsView)).items).toHaveLength(1);
      expect(codeOf(await get('/v1/wallets/hot-9', z.unknown()))).toBe('wallet.unknown');
      expect(codeOf(await get('/v1/wallets/HOT', z.unknown()))).toBe('schema.mismatch');
    });

    test('the organisation and its documents are shown with their exact bytes', async () => {
      const shown = passed(await alice.api.organisation());
      expect(shown).toMatchObject({
        genesis: server.genesis,
        network: 'sandbox',
        wallets: ['hot-1'],
      });
      const list = passed(await get('/v1/documents', documentsView));
      expect(list.items.map(({ kind }) => kind)).toEqual([
        ...['charter', 'wallet', 'policy', 'destinations'],
      ]);
      expect(list.items.every(({ inForce }) => inForce)).toBe(true);
      const paged = passed(await get('/v1/documents?limit=1&kind=policy', documentsView));
      expect([paged.items.length, paged.next]).toEqual([1, null]);
      const first = passed(await get('/v1/documents?limit=3', documentsView));
      const rest = passed(await get(`/v1/documents?cursor=${first.next ?? ''}`, documentsView));
      expect([...first.items, ...rest.items]).toEqual(list.items);
      for (const { digest: found } of list.items) {
        const { document } = passed(await get(`/v1/documents/${found}`, documentView));
        expect(digest('document', JSON.parse(document))).toBe(found);
      }
      const unknown = await get(`/v1/documents/${'0'.repeat(64)}`, z.unknown());
      expect(codeOf(unknown)).toBe('document.unknown');
    });

    test('documents are published by governors, and signed by their own word only', async () => {
      const governor = await server.caller('governor-1');
      const [charter] = passed(await get('/v1/documents', documentsView)).items;
      const path = `/v1/documents/${charter?.digest ?? ''}`;
      const { document } = passed(await get(path, documentView));
      expect(codeOf(await alice.api.publishDocument(document))).toBe('member.role');
      expect(codeOf(await governor.api.publishDocument(document))).toBe('document.duplicate');
      expect(codeOf(await governor.api.publishDocument(`${document} `))).toBe('json.noncanonical');
      const { state } = server;
      const statement = {
        type: 'document' as const,
        ...frameOf({
          ...{ org: state.genesis, device: governor.device, previous: null, now: now() },
          ...{ log: { size: state.tree.size, root: toHex(state.tree.root()) } },
          validSeconds: 3_600,
        }),
        document: charter?.digest ?? '',
        decision: 'approve' as const,
        ...{ firstAddress: null, keyProof: null },
      };
      const signed = signStatement(statement, governor.device.secretKey);
      expect(codeOf(await alice.api.signDocument(signed))).toBe('session.member');
      expect(passed(await governor.api.signDocument(signed))).toMatchObject({
        ...{ document: charter?.digest, inForce: true },
      });
      const veto = signStatement({ ...statement, decision: 'veto' }, governor.device.secretKey);
      expect(codeOf(await governor.api.signDocument(veto))).toBe('document.inforce');
    });
  });

  test('what one member asks for, and nobody has approved, stays within what the limits leave', async () => {
    for (const index of [2, 3, 4]) await server.fund(BTC, index);
    const first = await proposed((BTC * 9) / 10);
    await proposed((BTC * 9) / 10);
    const most = (BTC * 9) / 10;
    const budget = passed(await get('/v1/wallets/hot-1/budget', budgetView));
    const daily = budget.limits.find(({ name }) => name === 'daily');
    expect(daily).toMatchObject({ spent: 0, reserved: 0, free: 2 * BTC });
    expect(daily?.asked).toBeGreaterThanOrEqual(2 * most);
    expect(codeOf(await ask(operator, [[listedAddress, most]]))).toBe('policy.asked.exceeded');
    // A draft is no condition of a proposal: that is asked again.
    const small = read(passed(await ask(operator, [[listedAddress, 100_000]])));
    const outputs = small.view.spend.outputs.map((output) =>
      output.change === undefined ? { ...output, sats: most } : { ...output },
    );
    const spend = { ...small.view.spend, inputs: [...small.view.spend.inputs], outputs };
    expect(codeOf(await propose(small, { statement: { spend } }))).toBe('policy.asked.exceeded');
    passed(await end(first, 'withdraw', operator));
    await proposed(most);
  });

  test('the description of the API names the parameters of lists', () => {
    const { paths } = describeApi(server.server.app);
    const named = (path: string) =>
      (paths[path]?.get?.parameters ?? []).flatMap((one) =>
        'name' in one && one.in !== 'header' ? [one.name] : [],
      );
    expect(named('/v1/proposals')).toEqual(['wallet', 'stage', 'cursor', 'limit']);
    expect(named('/v1/wallets/{id}/coins')).toEqual(['id', 'cursor', 'limit']);
    expect(named('/v1/documents')).toEqual(['kind', 'cursor', 'limit']);
  });

  function proofOf(caller: Caller, method: string, path: string): string {
    return dpopProof(caller.key, { method, url: `${server.url}${path}`, now: now() });
  }
});
