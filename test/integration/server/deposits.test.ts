import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { fromUtf8 } from '../../../src/core/base/bytes.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { addressesOf } from '../../../src/core/log/addresses.ts';
import { buildTransaction } from '../../../src/core/psbt/build.ts';
import { ChainService } from '../../../src/server/chain/chain.service.ts';
import { FOLLOWER_LOCK } from '../../../src/server/chain/sql.ts';
import { LogService } from '../../../src/server/log/log.service.ts';
import { codeOf, passed } from '../../support/psbt.ts';
import type { Caller } from '../../support/sandbox-server.ts';
import { SandboxServer } from '../../support/sandbox-server.ts';
import { SandboxSigner } from '../../support/sandbox-signer.ts';
import { World } from '../../support/world.ts';
import { Terminal } from '../../unit/cli/bench.ts';

let made = 0;
const request = () => (++made).toString(16).padStart(64, '0');

/** Looks again and again, for some seconds, doing something between two looks. */
async function until(what: string, look: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (performance.now() < end) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`in vain: ${what}`);
}

describe('receive addresses and deposits', () => {
  let server: SandboxServer;
  let signer: SandboxSigner;
  let operator: Caller;
  let alice: Caller;

  beforeAll(async () => {
    server = await SandboxServer.start();
    signer = new SandboxSigner(server);
    [operator, alice] = [await server.caller('operator'), await server.caller('alice')];
  }, 60_000);
  afterAll(async () => {
    signer.close();
    await server.stop();
  });

  const chain = () => server.server.app.get(ChainService);
  const ask = (label?: string, caller = operator, named = request()) =>
    caller.api.askAddress('hot-1', { request: named, ...(label === undefined ? {} : { label }) });
  const attested = () =>
    until('all that was asked for is attested', async () => {
      await signer.tick();
      const asked = [...addressesOf(server.state, 'hot-1').values()];
      return asked.every((one) => one.attested !== null);
    });
  const list = async (caller = operator) => {
    const { items } = passed(await caller.api.addresses('hot-1', null));
    return items;
  };
  const deposits = async () => passed(await operator.api.deposits('hot-1', null)).items;
  const pay = async (index: number, amount: number, branch: 0 | 1 = 0) =>
    chain().fund(server.wallet.wallet.script(branch, index), sats(amount));
  const mine = async (blocks: number) => {
    await chain().sandbox?.mine(blocks);
    await chain().catchUp();
  };

  test('an unconfirmed wallet gives out none: its signer has not begun', async () => {
    expect(codeOf(await ask())).toBe('wallet.unconfirmed');
    await until('the signer has begun', async () => {
      await signer.tick();
      return server.state.ledgers.has('hot-1');
    });
  });

  test('members who may propose or govern ask, and everybody reads', async () => {
    expect(codeOf(await ask('rent', alice))).toBe('member.role');
    const first = passed(await ask('rent for May'));
    expect(first).toMatchObject({
      ...{ index: 0, address: server.wallet.wallet.address(0, 0), label: 'rent for May' },
      ...{ highestPaid: -1, gapLimit: server.wallet.body.gapLimit },
    });
    const governor = await server.caller('governor-1');
    expect(passed(await ask(undefined, governor))).toMatchObject({ index: 1, label: null });
    expect(addressesOf(server.state, 'hot-1').get(0)?.attested).toBeNull();
    await attested();
    expect(addressesOf(server.state, 'hot-1').get(0)?.attested).toMatchObject({
      signer: new World().receiptKey.publicKey,
    });
    expect(await list(alice)).toMatchObject([
      { index: 0, label: 'rent for May', receivedSats: 0, deposits: 0 },
      { index: 1, label: null },
    ]);
    expect(codeOf(await operator.api.addresses('hot-9', null))).toBe('wallet.unknown');
    expect(codeOf(await operator.api.askAddress('hot-9', { request: request() }))).toBe(
      'wallet.unknown',
    );
  });

  test('what an address is for never enters the log', async () => {
    const log = server.server.app.get(LogService);
    const { size } = log.head('organisation');
    const texts = (await log.leaves(0, size)).map(({ leaf }) => fromUtf8(leaf) ?? '');
    expect(texts.filter((text) => text.includes('address-asked'))).toHaveLength(2);
    expect(texts.filter((text) => text.includes('rent for May'))).toEqual([]);
  });

  test('the same request gets the same address, and those who ask at once get others', async () => {
    const named = request();
    const first = passed(await ask('one', operator, named));
    const again = passed(await ask('another', operator, named));
    expect(again).toMatchObject({ index: first.index, label: 'another' });
    const many = await Promise.all(Array.from({ length: 8 }, () => ask()));
    const indices = many.map((one) => passed(one).index);
    expect(new Set(indices).size).toBe(8);
    await attested();
  });

  test('an address that the chain has seen paid is given to nobody', async () => {
    const { index } = passed(await ask());
    await attested();
    await pay(index + 3, 50_000);
    expect(passed(await ask())).toMatchObject({ index: index + 4, highestPaid: index + 3 });
    await attested();
  });

  test('a silent signer is waited for: no more than a gap ahead of what it attested', async () => {
    const { gapLimit } = server.wallet.body;
    const before = Math.max(...addressesOf(server.state, 'hot-1').keys());
    for (let i = 1; i <= gapLimit; i++) expect(passed(await ask()).index).toBe(before + i);
    expect(codeOf(await ask())).toBe('address.reach');
    await attested();
    expect(passed(await ask()).index).toBe(before + gapLimit + 1);
    await attested();
    // Farther out than a gap beyond what was paid: it is watched because it was given out.
    const outpoint = await pay(before + gapLimit + 1, 60_000);
    const [newest] = await deposits();
    expect(newest).toMatchObject({ outpoint, sats: 60_000, flags: [] });
  });

  test('a deposit is confirmed, settled by six, and taken back by a reorganisation', async () => {
    const { index, address } = passed(await ask('invoice 7'));
    await attested();
    const outpoint = await pay(index, 70_000);
    const found = async () => (await deposits()).find((one) => one.outpoint === outpoint);
    expect(await found()).toMatchObject({
      ...{ address, branch: 0, index, sats: 70_000, spent: 'no', spentBy: null },
      ...{ state: 'confirmed', confirmations: 1, flags: [] },
      labels: { output: null, address: 'invoice 7', transaction: null },
    });
    expect((await found())?.time).toMatch(/^20\d\d-/);
    await mine(4);
    expect(await found()).toMatchObject({ state: 'confirmed', confirmations: 5 });
    await mine(1);
    expect(await found()).toMatchObject({ state: 'settled', confirmations: 6 });
    expect((await list()).find((one) => one.index === index)).toMatchObject({
      ...{ receivedSats: 70_000, deposits: 1, label: 'invoice 7' },
    });
    const coins = passed(await operator.api.coins('hot-1', null)).items;
    expect(coins.find((coin) => coin.outpoint === outpoint)).toMatchObject({
      ...{ confirmations: 6, settled: true },
    });
    await chain().sandbox?.reorganise(6);
    await chain().catchUp();
    expect(await found()).toBeUndefined();
    expect((await list()).find((one) => one.index === index)).toMatchObject({ receivedSats: 0 });
    expect(passed(await ask()).index).toBe(index + 1);
    await mine(1);
    expect(await found()).toMatchObject({ state: 'confirmed', confirmations: 1 });
  });

  test('what is odd about a deposit is told: not attested, dust, a change address', async () => {
    await attested();
    const index = Math.max(...addressesOf(server.state, 'hot-1').keys()) + 5;
    const stray = await pay(index, 80_000);
    const change = await pay(0, 90_000, 1);
    const { inputVbytes } = server.wallet.wallet;
    const least = 10 * inputVbytes + 1;
    const useful = await pay(0, least);
    const dust = await pay(0, least - 1);
    const [txid = ''] = dust.split(':');
    passed(
      await operator.api.putLabels('hot-1', [
        { type: 'tx', ref: txid, label: 'who was that' },
        { type: 'output', ref: dust, label: 'tiny' },
      ]),
    );
    const found = new Map((await deposits()).map((one) => [one.outpoint, one]));
    expect(found.get(stray)).toMatchObject({ flags: ['unattested'] });
    expect(found.get(change)).toMatchObject({ branch: 1, flags: ['change'] });
    expect(found.get(useful)?.flags).toEqual([]);
    expect(found.get(dust)).toMatchObject({
      flags: ['dust'],
      labels: { output: 'tiny', address: 'rent for May', transaction: 'who was that' },
    });
  });

  test('what the wallet pays itself waits, is its own, and its change is no deposit', async () => {
    const coin = await pay(0, 200_000);
    const { wallet } = server.wallet;
    // Handed over as a broadcast does; signatures are the network's to ask for.
    const raw = buildTransaction({
      inputs: [{ outpoint: coin }],
      outputs: [
        { script: wallet.script(0, 1), sats: sats(40_000) },
        { script: wallet.script(1, 9), sats: sats(150_000) },
      ],
      lockTime: 0,
    });
    await chain().addUnconfirmed(raw);
    const found = await deposits();
    const spender = found[0]?.outpoint.slice(0, 64) ?? '';
    expect(found[0]).toMatchObject({
      ...{ outpoint: `${spender}:0`, sats: 40_000, branch: 0, index: 1, flags: ['own'] },
      ...{ state: 'unconfirmed', confirmations: 0, height: null, time: null },
    });
    expect(found.filter(({ outpoint }) => outpoint.startsWith(spender))).toHaveLength(1);
    expect(found.find(({ outpoint }) => outpoint === coin)).toMatchObject({
      ...{ spent: 'pending', spentBy: spender },
    });
  });

  test('deposits come in pages from the newest on, each once, while new ones come', async () => {
    const { api } = operator;
    const all = (await deposits()).map(({ outpoint }) => outpoint);
    expect(all.length).toBeGreaterThan(6);
    const page = async (cursor: string | null) => {
      const found = passed(await api.deposits('hot-1', cursor));
      return found.items.map(({ outpoint }) => outpoint);
    };
    // The place behind the third: what comes ahead of it moves nothing.
    const third = (await deposits())[2];
    await pay(0, 55_555);
    const cursor = `${String(third?.height)}-${third?.outpoint.replace(':', '-') ?? ''}`;
    expect(await page(cursor)).toEqual(all.slice(3));
    for (const wrong of ['3', '3-x-1', `9999999999-${'ab'.repeat(32)}-0`])
      expect(codeOf(await api.deposits('hot-1', wrong))).toBe('cursor.invalid');
    expect(codeOf(await api.deposits('hot-9', null))).toBe('wallet.unknown');
  });

  test('a page is read from an index, however many deposits there are', async () => {
    const owner = new pg.Client({ connectionString: server.ownerUrl });
    await owner.connect();
    // A handful of rows is read faster without one: what is asked is whether the index fits.
    await owner.query('SET enable_seqscan = off');
    await owner.query('SET enable_bitmapscan = off');
    const { rows } = await owner.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT 1 FROM wallet_coin c WHERE c.wallet = 'hot-1'
       AND (coalesce(c.height, 2147483647), c.txid, c.vout) < (5, 'a', 1)
       ORDER BY coalesce(c.height, 2147483647) DESC, c.txid DESC, c.vout DESC LIMIT 3`,
    );
    await owner.end();
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    expect(plan).toContain('wallet_coin_deposit_idx');
    expect(plan).not.toContain('Sort');
  });

  test('the CLI asks, waits for the signer, derives again, and tells what came in', async () => {
    const at = { server: server.url, genesis: server.genesis };
    const terminal = await Terminal.before(at, new World(), ['operator']);
    try {
      const asking = terminal.json('addresses', 'new', 'hot-1', '--label', 'invoice 8');
      let typed: Awaited<typeof asking> | null = null;
      await until('the CLI has its answer', async () => {
        await signer.tick();
        typed = await Promise.race([asking, Promise.resolve(null)]);
        return typed !== null;
      });
      const { json, status } = await asking;
      expect(status).toBe(0);
      const index = Number(json['index']);
      expect(json['address']).toBe(server.wallet.wallet.address(0, index));
      await pay(index, 123_456);
      const listed = await terminal.type('deposits', 'list', 'hot-1');
      expect(listed.out).toContain('0.00123456 BTC');
      expect(listed.out).toContain(`address ${String(index)}, attested`);
      expect(listed.out).toContain('"invoice 8"');
      const addresses = await terminal.type('addresses', 'list', 'hot-1');
      expect(addresses.out).toContain('received 0.00123456 BTC in 1  "invoice 8"');
      const silent = await terminal.json('addresses', 'new', 'hot-1', '--wait', '2');
      expect(silent.json).toMatchObject({ refusal: { code: 'address.unattested' } });
    } finally {
      await terminal.close();
    }
  });

  test('an address is not given before the wallet was read as far as the chain: it may be used', async () => {
    const owner = new pg.Client({ connectionString: server.ownerUrl });
    await owner.connect();
    // As when the wallet has come in force and the follower still reads its past.
    await owner.query('SELECT pg_advisory_lock($1)', [FOLLOWER_LOCK]);
    await owner.query('UPDATE followed_wallet SET scanned = scanned - 1');
    const early = await ask();
    await owner.query('UPDATE followed_wallet SET scanned = scanned + 1');
    await owner.end();
    expect(codeOf(early)).toBe('chain.behind');
  });

  test('a wallet without a further index says so', async () => {
    const owner = new pg.Client({ connectionString: server.ownerUrl });
    await owner.connect();
    await owner.query('UPDATE followed_wallet SET receive_next = 1000001');
    expect(codeOf(await ask())).toBe('address.exhausted');
    await owner.query('UPDATE followed_wallet SET receive_next = 1000000');
    expect(codeOf(await ask())).toBe('address.reach');
    await owner.end();
  });
});

describe('a wallet that lived before', () => {
  let server: SandboxServer;
  let signer: SandboxSigner;

  beforeAll(async () => {
    server = await SandboxServer.start();
    signer = new SandboxSigner(server);
  }, 60_000);
  afterAll(async () => {
    signer.close();
    await server.stop();
  });

  test('is attested a gap at a time up to where it is used', async () => {
    const { gapLimit } = server.wallet.body;
    const step = gapLimit - 1;
    for (const times of [1, 2, 3]) await server.fund(10_000, times * step);
    const operator = await server.caller('operator');
    let last = '';
    await until('an address beyond those that were used', async () => {
      await signer.tick();
      const asked = await operator.api.askAddress('hot-1', { request: request() });
      if (asked.ok) expect(asked.value.index).toBe(3 * step + 1);
      else last = asked.refusal.code;
      return asked.ok;
    });
    expect(['address.reach', 'wallet.unconfirmed']).toContain(last);
    const asked = [...addressesOf(server.state, 'hot-1').values()];
    const passedOver = asked.filter((one) => one.request === null).map(({ index }) => index);
    expect(passedOver).toEqual([gapLimit, 2 * gapLimit]);
  });
});
