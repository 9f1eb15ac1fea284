import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartRefused } from '../../../src/server/config.ts';
import { ChainService } from '../../../src/server/chain/chain.service.ts';
import { RpcClient } from '../../../src/chain/rpc.ts';
import { readinessView } from '../../../src/server/health/health.schema.ts';
import { parsePackageLine } from '../../../src/core/log/package.ts';
import { genesisBlock } from '../../../src/core/wallet/network.ts';
import { startServer } from '../../../src/server/app.ts';
import { startTestDatabase } from '../../support/postgres.ts';
import { configOf, foundingFiles } from '../../support/sequencers.ts';
import type { BitcoinNode } from '../../support/bitcoin-node.ts';
import { startBitcoinNode } from '../../support/bitcoin-node.ts';
import { describeProgram } from '../../support/programs.ts';
import { TestServer, codeOf } from '../../support/server.ts';
import { World, listedAddress, strangerAddress } from '../../support/world.ts';

/** A node that knows its network and nothing else. */
async function nodeOf(genesis: string): Promise<Server> {
  const node = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { method, id } = JSON.parse(body) as { method: string; id: unknown };
      const info = { chain: 'regtest', blocks: 0, headers: 0, bestblockhash: genesis, time: 0 };
      const result = method === 'getblockchaininfo' ? info : genesis;
      response.end(JSON.stringify({ result, error: null, id }));
    });
  });
  await new Promise<void>((listening) => node.listen(0, '127.0.0.1', listening));
  return node;
}

const urlOf = (node: Server): string =>
  `http://127.0.0.1:${String((node.address() as AddressInfo).port)}`;

/** Waits until the chain is so, as anybody may ask. */
async function readiness(server: TestServer, fault: string | null, height?: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { body } = await server.send({ method: 'GET', path: '/readyz' });
    const { chain, status } = readinessView.parse(body);
    const isRead = height === undefined || chain.follower.height === height;
    if (chain.fault === fault && isRead) {
      expect(status).toBe(fault === null ? 'ready' : 'degraded');
      return;
    }
    if (tries > 400) throw new Error(`still ${String(chain.fault)}, not ${String(fault)}`);
    await sleep(100);
  }
}

describe('a server whose node is away', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.start(new World());
  }, 60_000);
  afterAll(() => server.stop());

  test('runs, says so, and stays ready for those who say no', async () => {
    const answer = await server.send({ method: 'GET', path: '/readyz' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: 'degraded',
      database: 'up',
      log: { sequencer: 'here' },
      chain: { source: 'bitcoind', fault: 'chain.unreachable', tip: null },
    });
    expect(JSON.stringify(answer.body)).not.toContain('127.0.0.1');
  });

  test('has no blocks and no play money to give', async () => {
    const key = await server.session('operator');
    for (const [path, body] of [
      ['/v1/sandbox/blocks', { count: 1 }],
      ['/v1/sandbox/funds', { wallet: 'hot-1', sats: 10_000 }],
    ] as const) {
      const answer = await server.send({ method: 'POST', path, body, key });
      expect([answer.status, codeOf(answer)]).toEqual([404, 'sandbox.only']);
    }
  });

  test('asks for a broadcast only those who have a session', async () => {
    const path = `/v1/proposals/${'0'.repeat(64)}/broadcast`;
    expect(codeOf(await server.send({ method: 'POST', path, body: {} }))).toBe('proof.missing');
    const key = await server.session('operator');
    expect(codeOf(await server.send({ method: 'POST', path, body: {}, key }))).toBe(
      'proposal.unknown',
    );
  });
});

describe('a server whose node follows another network', () => {
  test('refuses to start with one line', async () => {
    const node = await nodeOf(genesisBlock('testnet4'));
    const database = await startTestDatabase();
    const files = foundingFiles(new World());
    const environment = {
      ...files.environment,
      BITCOIN_RPC_URL: urlOf(node),
      DATABASE_URL: database.runtimeUrl,
    };
    const starting = startServer(configOf(environment));
    await expect(starting).rejects.toThrow(StartRefused);
    await expect(starting).rejects.toThrow(/^the Bitcoin node: chain\.network [^\n]*$/);
    await database.stop();
    files.remove();
    node.close();
  }, 60_000);
});

describe('a server on the sandbox', () => {
  let server: TestServer;
  beforeAll(async () => {
    const environment = { NETWORK: 'sandbox', CHAIN: 'sandbox', SANDBOX_BLOCK_SECONDS: '1' };
    server = await TestServer.start(new World({ network: 'sandbox' }), environment);
  }, 60_000);
  afterAll(() => server.stop());

  const heightOf = async (): Promise<number> =>
    (await server.server.app.get(ChainService).followedTip())?.height ?? 0;

  test('mines by itself', async () => {
    const before = await heightOf();
    for (let tries = 0; tries < 100 && (await heightOf()) < before + 2; tries++) await sleep(100);
    expect(await heightOf()).toBeGreaterThanOrEqual(before + 2);
  });

  test('hands out play money and blocks, read before the answer', async () => {
    const key = await server.session('operator');
    const send = (path: string, body: unknown) =>
      server.send({ method: 'POST', path: `/v1/sandbox/${path}`, body, key });
    expect(codeOf(await send('blocks', { count: 101 }))).toBe('schema.mismatch');
    expect(codeOf(await send('funds', { wallet: 'nowhere', sats: 10_000 }))).toBe('wallet.unknown');
    const funded = await send('funds', { wallet: 'hot-1', sats: 250_000 });
    expect(funded.status).toBe(201);
    const { confirmedSats } = await server.server.app.get(ChainService).coins.balance('hot-1');
    expect(confirmedSats).toBe(250_000n);
    const mined = await send('blocks', { count: 3 });
    expect(mined.status).toBe(201);
    const { height, blocks } = mined.body as { height: number; blocks: readonly string[] };
    expect(blocks).toHaveLength(3);
    expect(await heightOf()).toBeGreaterThanOrEqual(height);
  });

  test('streams its evidence to members', async () => {
    const path = '/v1/evidence';
    expect(codeOf(await server.send({ method: 'GET', path }))).toBe('proof.missing');
    const key = await server.session('carol');
    const answer = await server.send({ method: 'GET', path, key });
    expect([answer.status, answer.type]).toEqual([200, 'application/jsonl']);
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="countersign-evidence-\d+\.jsonl"$/,
    );
    const lines = String(answer.body).trimEnd().split('\n').map(parsePackageLine);
    const entries = lines.filter((line) => line.ok && line.value.type === 'entry');
    expect(lines.every((line) => line.ok)).toBe(true);
    expect(entries).toHaveLength(server.world.leaves.length);
  });
});

describe('a server whose newest block is old', () => {
  let server: TestServer;
  beforeAll(async () => {
    const environment = { NETWORK: 'sandbox', CHAIN: 'sandbox', CHAIN_TIP_AGE_SECONDS: '5' };
    server = await TestServer.start(new World({ network: 'sandbox' }), environment);
  }, 60_000);
  afterAll(() => server.stop());

  const chain = (): ChainService => server.server.app.get(ChainService);

  test('says so, drafts nothing, hears a "no", and goes on by itself with the next block', async () => {
    const key = await server.session('operator');
    const send = (path: string, body: unknown) =>
      server.send({ method: 'POST', path: `/v1/${path}`, body, key });
    const payment = { address: listedAddress, sats: 10_000 };
    const draft = { wallet: 'hot-1', purpose: 'rent', payments: [payment], feeRate: 1 };
    await send('sandbox/funds', { wallet: 'hot-1', sats: 250_000 });
    expect((await send('drafts', draft)).status).toBe(201);

    await sleep(6_100);
    expect(chain().trouble?.code).toBe('chain.stale');
    expect(codeOf(await send('drafts', draft))).toBe('chain.stale');
    const answer = await server.send({ method: 'GET', path: '/readyz' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'degraded', chain: { fault: 'chain.stale' } });
    expect(codeOf(await send('freezes', {}))).toBe('schema.mismatch'); // heard: only its form is wrong

    await send('sandbox/funds', { wallet: 'hot-1', sats: 250_000 });
    expect(chain().trouble).toBeNull();
    expect((await send('drafts', draft)).status).toBe(201);
  }, 30_000);
});

describeProgram('bitcoind', 'a server over a real node', (program) => {
  let node: BitcoinNode;
  let server: TestServer;
  beforeAll(async () => {
    node = await startBitcoinNode(program);
    server = await TestServer.start(new World(), {
      BITCOIN_RPC_URL: node.options.url,
      BITCOIN_RPC_COOKIE: node.options.cookieFile,
    });
  }, 120_000);
  afterAll(async () => {
    await server.stop();
    await node.stop();
  });

  test('says when the node is away, when it knows less than before, and when all is well again', async () => {
    const { height } = await node.view.tip();
    await readiness(server, null, height);
    const rpc = new RpcClient(node.options);
    await rpc.call('gettxoutsetinfo'); // writes everything to its disk
    rpc.close();
    await node.mine(3);
    await readiness(server, null, height + 3);
    await node.kill();
    await readiness(server, 'chain.unreachable');
    await node.again();
    // Three blocks were on no disk yet.
    await readiness(server, 'chain.syncing', height + 3);
    await node.mine(4);
    await readiness(server, null, height + 4);
  }, 120_000);
});

describeProgram('bitcoind', 'a server over two real nodes', (program) => {
  let nodes: readonly BitcoinNode[] = [];
  let server: TestServer | null = null;
  afterAll(async () => {
    await server?.stop();
    for (const node of nodes) await node.stop();
  });

  test('stops where they show two chains, and goes on when the longer one has won', async () => {
    nodes = await Promise.all([startBitcoinNode(program), startBitcoinNode(program)]);
    const [first, second] = nodes;
    if (first === undefined || second === undefined) throw new Error('two were started');
    const [from, to] = [new RpcClient(second.options), new RpcClient(first.options)];
    // Two nodes that mine in the same second find the same blocks.
    await from.call('setmocktime', [Math.floor(Date.now() / 1000) + 600]);
    await second.reorganise(50);
    await second.mine(5);
    server = await TestServer.start(new World(), {
      BITCOIN_RPC_URL: first.options.url,
      BITCOIN_RPC_COOKIE: first.options.cookieFile,
      CHAIN_SECOND: 'bitcoind',
      CHAIN_SECOND_URL: second.options.url,
      CHAIN_SECOND_COOKIE: second.options.cookieFile,
    });
    await readiness(server, 'chain.disagreement');
    const key = await server.session('operator');
    const draft = { wallet: 'hot-1', purpose: 'rent', payments: [], feeRate: 1 };
    const payments = [{ address: strangerAddress, sats: 10_000 }];
    const body = { ...draft, payments };
    const drafted = await server.send({ method: 'POST', path: '/v1/drafts', body, key });
    expect([drafted.status, codeOf(drafted)]).toEqual([503, 'chain.disagreement']);

    const { height } = await second.view.tip();
    for (let at = 1; at <= height; at++) {
      const raw = await from.call('getblock', [await second.view.blockHash(at), 0]);
      if (!raw.ok) throw new Error(raw.error.message);
      await to.call('submitblock', [raw.result]);
    }
    from.close();
    to.close();
    await readiness(server, null, height);
  }, 120_000);
});
