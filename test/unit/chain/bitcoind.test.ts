import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Block, Transaction } from 'bitcoinjs-lib';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { fromHex, reversed } from '../../../src/core/base/bytes.ts';
import { Bitcoind } from '../../../src/chain/bitcoind.ts';
import { ChainFault } from '../../../src/chain/chain-fault.ts';
import { checkIdentity } from '../../../src/chain/chain-view.ts';
import { RpcClient } from '../../../src/chain/rpc.ts';
import { genesisBlock } from '../../../src/core/wallet/network.ts';
import { describeShared, readShared } from '../../support/shared.ts';

interface Served {
  readonly url: string;
  readonly seen: { authorization: string | undefined; method: string }[];
}

const servers: http.Server[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const asked = z.object({ id: z.int(), method: z.string(), params: z.array(z.unknown()) });
type Asked = z.output<typeof asked>;
interface Reply {
  readonly status?: number;
  readonly body: unknown;
}

/** A node on the loopback that answers as told. */
async function serve(
  answer: (request: Asked) => Reply | undefined,
  scheme = 'http',
): Promise<Served> {
  const seen: Served['seen'] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call = asked.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      seen.push({ authorization: request.headers.authorization, method: call.method });
      const reply = answer(call);
      if (reply === undefined) return; // never
      response.statusCode = reply.status ?? 200;
      response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return { url: `${scheme}://user:pa%20ss@127.0.0.1:${port}`, seen };
}

function nodeAt(url: string, more: { timeoutSeconds?: number; answerBytes?: number } = {}) {
  return new Bitcoind({ url, network: 'regtest', ...more });
}

async function faultOf(work: Promise<unknown>): Promise<ChainFault> {
  const fault: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (fault instanceof ChainFault) return fault;
  throw new Error('no ChainFault');
}

const transcript = z.object({
  exchanges: z.array(
    z.object({
      request: z.object({ method: z.string(), params: z.array(z.unknown()) }),
      status: z.int(),
      response: z.object({
        result: z.unknown().optional(),
        error: z.object({ code: z.int(), message: z.string() }).nullish(),
      }),
    }),
  ),
});

const verboseBlock = z.object({
  hash: z.string(),
  version: z.int(),
  previousblockhash: z.string(),
  merkleroot: z.string(),
  time: z.int(),
  bits: z.string(),
  nonce: z.int(),
  height: z.int(),
  tx: z.array(z.object({ hex: z.string(), txid: z.string() })),
});

describeShared('the bitcoind adapter held to a recorded Bitcoin Core 31', (folder) => {
  let exchanges: z.output<typeof transcript>['exchanges'];

  beforeAll(() => {
    exchanges = readShared(
      folder,
      'fixtures/bitcoin-core-31/rpc-transcript.json',
      transcript,
    ).exchanges;
  });

  /** Answers each request as recorded, from `from` on; the first recorded answer that has not been given yet. */
  async function replay(from = 0, extra: (request: Asked) => unknown = () => undefined) {
    const left = exchanges.slice(from);
    return serve((request) => {
      const own = extra(request);
      if (own !== undefined) return { body: { id: request.id, result: own } };
      const at = left.findIndex(
        (one) =>
          one.request.method === request.method &&
          JSON.stringify(one.request.params) === JSON.stringify(request.params),
      );
      const found = at < 0 ? undefined : left[at];
      if (found === undefined) {
        const error = { code: -5, message: 'not recorded' };
        return { body: { id: request.id, error } };
      }
      if (left.length > 1) left.splice(at, 1);
      return { status: found.status, body: { ...found.response, id: request.id } };
    });
  }

  test('every recorded exchange passes the transport as it is, results and errors', async () => {
    let at = 0;
    const { url } = await serve(({ id }) => {
      const one = exchanges[at];
      return one && { status: one.status, body: { ...one.response, id } };
    });
    const rpc = new RpcClient({ url });
    let errors = 0;
    for (; at < exchanges.length; at++) {
      const { request, response } = exchanges[at] ?? { request: { method: '', params: [] } };
      const answer = await rpc.call(request.method, request.params);
      if (response?.error === undefined || response.error === null)
        expect(answer).toEqual({ ok: true, result: response?.result });
      else expect(answer).toEqual({ ok: false, error: response.error });
      if (!answer.ok) errors++;
    }
    rpc.close();
    expect(at).toBe(120);
    expect(errors).toBe(13);
  });

  test('identity and tip are read from the chain info', async () => {
    const { url } = await replay(0, ({ method }) =>
      method === 'getblockhash' ? genesisBlock('regtest') : undefined,
    );
    const node = nodeAt(url);
    expect(await node.tip()).toEqual({
      height: 0,
      hash: genesisBlock('regtest'),
      time: 1296688602,
      behind: 0,
      initial: true,
    });
    await node.close();
  });

  test('every recorded test of a new transaction passes, of a known one too', async () => {
    const { url } = await replay();
    const node = nodeAt(url);
    let passed = 0;
    for (const { request } of exchanges) {
      if (request.method !== 'testmempoolaccept') continue;
      const [[hex]] = z.tuple([z.tuple([z.string()])]).parse(request.params);
      expect(await node.testMempool(fromHex(hex))).toEqual({ ok: true, value: null });
      passed++;
    }
    expect(passed).toBe(19);
    await node.close();
  });

  test('a transaction is new, then in the mempool, then confirmed; each time it counts as sent', async () => {
    const sends = exchanges.filter(
      ({ request }) => request.method === 'sendrawtransaction' && request.params[0] !== '00',
    );
    const groups = Map.groupBy(sends, ({ request }) => String(request.params[0]));
    const thrice = [...groups].filter(([, calls]) => calls.length === 3);
    expect(thrice).toHaveLength(9);
    for (const [hex] of thrice) {
      // the recorder asked for the mempool's entry only after the first send; before it there was none
      let asks = 0;
      const { url } = await serve((request) => {
        if (request.method === 'sendrawtransaction') {
          const [call] = exchanges.filter((one) => one.request.params[0] === hex).slice(asks - 1);
          return { body: { ...call?.response, id: request.id } };
        }
        asks += 1;
        const error = { code: -5, message: 'Transaction not in mempool' };
        return { body: asks === 2 ? { id: request.id, result: {} } : { id: request.id, error } };
      });
      const node = nodeAt(url);
      const raw = fromHex(hex);
      expect(await node.broadcast(raw)).toEqual({ ok: true, value: { known: 'new' } });
      expect(await node.broadcast(raw)).toEqual({ ok: true, value: { known: 'mempool' } });
      expect(await node.broadcast(raw)).toEqual({ ok: true, value: { known: 'confirmed' } });
      await node.close();
    }
  });

  test('a transaction in a block is found with its confirmations, an unknown one is null', async () => {
    const { url } = await replay();
    const node = nodeAt(url);
    const txid = '676d542a4fdddacc59aa177201eb7649672378bb01dd9d64afd199f835e2ca95';
    const found = await node.transaction(txid);
    expect(found?.confirmations).toBe(1);
    expect(Transaction.fromBuffer(found?.raw ?? new Uint8Array()).getId()).toBe(txid);
    const { url: other } = await serve(({ id }) => ({
      body: { id, error: exchanges[111]?.response.error },
    }));
    const blank = nodeAt(other);
    expect(await blank.transaction('0'.repeat(64))).toBeNull();
    await node.close();
    await blank.close();
  });

  test('a height above the tip has no hash', async () => {
    const { url } = await replay();
    const node = nodeAt(url);
    expect(await node.blockHash(100000)).toBeNull();
    expect(await node.blockHash(148)).toMatch(/^2e22c7bc/);
    await node.close();
  });

  test('the fee estimate comes in whole satoshi a virtual byte', async () => {
    const { url } = await replay();
    const node = nodeAt(url);
    expect(await node.feeRate(6)).toBe(50);
    await node.close();
  });

  test('bytes that are no transaction are refused before and by the node', async () => {
    const { url } = await replay();
    const node = nodeAt(url);
    expect(await node.broadcast(Uint8Array.of(0))).toMatchObject({
      refusal: { code: 'chain.rejected', facts: { mapped: 'malformed' } },
    });
    await node.close();
    expect(exchanges[113]?.response.error?.code).toBe(-22);
  });

  /** The recorder asked for blocks as JSON; this puts the bytes together again. */
  function recordedBlock(): { raw: Uint8Array; view: z.output<typeof verboseBlock> } {
    const view = verboseBlock.parse(exchanges[105]?.response.result);
    const block = new Block();
    block.version = view.version;
    block.prevHash = reversed(fromHex(view.previousblockhash));
    block.merkleRoot = reversed(fromHex(view.merkleroot));
    block.timestamp = view.time;
    block.bits = Number.parseInt(view.bits, 16);
    block.nonce = view.nonce;
    block.transactions = view.tx.map(({ hex }) => Transaction.fromHex(hex));
    return { raw: block.toBuffer(), view };
  }

  function servingBlock(raw: Uint8Array) {
    return replay(0, ({ method }) =>
      method === 'getblock' ? Buffer.from(raw).toString('hex') : undefined,
    );
  }

  test('a raw block is read and holds to its hash', async () => {
    const { raw, view } = recordedBlock();
    const { url } = await servingBlock(raw);
    const node = nodeAt(url);
    const block = await node.block(view.hash);
    expect(block).toMatchObject({ height: 148, previous: view.previousblockhash });
    expect(block.transactions.map((one) => Transaction.fromBuffer(one).getId())).toEqual(
      view.tx.map(({ txid }) => txid),
    );
    await node.close();
  });

  test.each([
    ['another amount in a transaction', (block: Block) => change(block, 'amount')],
    ['a repeated transaction (CVE-2012-2459)', (block: Block) => change(block, 'repeat')],
    ['another witness', (block: Block) => change(block, 'witness')],
    ['another time in the header', (block: Block) => change(block, 'time')],
    ['another block', (block: Block) => change(block, 'nonce')],
  ])('a block with %s is refused', async (_what, mutate) => {
    const { raw, view } = recordedBlock();
    const block = Block.fromBuffer(raw);
    mutate(block);
    const { url } = await servingBlock(block.toBuffer());
    const node = nodeAt(url);
    expect((await faultOf(node.block(view.hash))).code).toBe('chain.answer.invalid');
    await node.close();
  });

  test('a block with bytes after its end is refused', async () => {
    const { raw, view } = recordedBlock();
    const { url } = await servingBlock(Buffer.concat([raw, Buffer.from([0])]));
    const node = nodeAt(url);
    expect((await faultOf(node.block(view.hash))).code).toBe('chain.answer.invalid');
    await node.close();
  });
});

function change(block: Block, what: 'amount' | 'repeat' | 'witness' | 'time' | 'nonce'): void {
  const transactions = block.transactions ?? [];
  const last = transactions.at(-1);
  if (last === undefined) throw new Error('an empty block');
  const output = last.outs[0];
  const input = last.ins[0];
  if (output === undefined || input === undefined) throw new Error('an empty transaction');
  if (what === 'amount') output.value += 1n;
  if (what === 'repeat') transactions.push(last);
  if (what === 'witness') input.witness = [Uint8Array.of(1)];
  if (what === 'time') block.timestamp += 1;
  if (what === 'nonce') block.nonce += 1;
}

describe('the bitcoind adapter towards a node that fails', () => {
  test('the credentials leave the address and go into the header', async () => {
    const { url, seen } = await serve(({ id }) => ({ body: { id, result: null } }));
    const rpc = new RpcClient({ url });
    await rpc.call('uptime');
    rpc.close();
    expect(seen[0]?.authorization).toBe(`Basic ${Buffer.from('user:pa ss').toString('base64')}`);
  });

  test('the cookie is read anew at each call, and its absence means that the node is down', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-cookie-'));
    folders.push(folder);
    const cookieFile = join(folder, '.cookie');
    const { url, seen } = await serve(({ id }) => ({ body: { id, result: null } }));
    const rpc = new RpcClient({ url: url.replace('user:pa%20ss@', ''), cookieFile });
    expect((await faultOf(rpc.call('uptime'))).code).toBe('chain.unreachable');
    writeFileSync(cookieFile, '__cookie__:one');
    await rpc.call('uptime');
    writeFileSync(cookieFile, '__cookie__:two\n');
    await rpc.call('uptime');
    rpc.close();
    expect(seen.map(({ authorization }) => authorization)).toEqual(
      ['__cookie__:one', '__cookie__:two'].map(
        (text) => `Basic ${Buffer.from(text).toString('base64')}`,
      ),
    );
  });

  test('no fault tells the address or the password', async () => {
    const { url } = await serve(() => ({ status: 401, body: '' }));
    const node = nodeAt(url);
    const fault = await faultOf(node.tip());
    expect(fault.code).toBe('chain.credentials');
    expect(`${fault.message} ${JSON.stringify(fault.facts)} ${fault.stack ?? ''}`).not.toMatch(
      /pa ss|pa%20ss|user:/,
    );
    await node.close();
  });

  test('a closed port is unreachable', async () => {
    const { url } = await serve(() => undefined);
    servers.pop()?.close();
    expect((await faultOf(nodeAt(url).tip())).code).toBe('chain.unreachable');
  });

  test('silence is unreachable after the time allowed', async () => {
    const { url } = await serve(() => undefined);
    const fault = await faultOf(nodeAt(url, { timeoutSeconds: 0.05 }).tip());
    expect(fault).toMatchObject({
      code: 'chain.unreachable',
      facts: { reason: 'no answer in time' },
    });
  });

  test('a node that is starting is unreachable for now', async () => {
    const error = { code: -28, message: 'Loading block index…' };
    const { url } = await serve(({ id }) => ({ status: 500, body: { id, result: null, error } }));
    expect((await faultOf(nodeAt(url).tip())).code).toBe('chain.unreachable');
  });

  test('a full work queue is unreachable for now', async () => {
    const { url } = await serve(() => ({ status: 503, body: 'Work queue depth exceeded' }));
    expect((await faultOf(nodeAt(url).tip())).code).toBe('chain.unreachable');
  });

  test('an answer above the bound is cut off', async () => {
    const { url } = await serve(() => ({ body: 'x'.repeat(20_000) }));
    const fault = await faultOf(nodeAt(url, { answerBytes: 10_000 }).tip());
    expect(fault).toMatchObject({
      code: 'chain.answer.invalid',
      facts: { reason: 'the answer is too large' },
    });
  });

  test.each([
    ['text', 'hello'],
    ['another id', { id: 'x', result: {} }],
    ['another shape', { result: 1 }],
  ])('an answer of %s is invalid', async (_what, body) => {
    const { url } = await serve(() => ({ body }));
    expect((await faultOf(nodeAt(url).tip())).code).toBe('chain.answer.invalid');
  });

  test('a pruned block is unavailable', async () => {
    const { url } = await serve(({ id, method }) =>
      method === 'getblockheader'
        ? { body: { id, result: { height: 1 } } }
        : { body: { id, error: { code: -1, message: 'Block not available (pruned data)' } } },
    );
    expect((await faultOf(nodeAt(url).block('00'.repeat(32)))).code).toBe(
      'chain.block.unavailable',
    );
  });

  test('a node of another network is refused', async () => {
    const { url } = await serve(({ id, method }) => ({
      body: {
        id,
        result:
          method === 'getblockhash'
            ? genesisBlock('mainnet')
            : { chain: 'main', blocks: 1, headers: 1, bestblockhash: '00'.repeat(32), time: 1 },
      },
    }));
    const node = nodeAt(url);
    expect(await checkIdentity(node, genesisBlock('regtest'))).toMatchObject({
      refusal: { code: 'chain.network', facts: { chain: 'main' } },
    });
    expect(await checkIdentity(node, genesisBlock('mainnet'))).toEqual({ ok: true, value: null });
  });

  test.each([
    [-26, 'txn-mempool-conflict', 'conflict'],
    [-26, 'min relay fee not met, 1 < 110', 'fee-low'],
    [-26, 'insufficient fee, rejecting replacement 00; new feerate', 'fee-low'],
    [-26, 'dust-nonanchor', 'dust'],
    [-26, 'non-BIP68-final', 'not-final'],
    [-26, 'mempool-script-verify-flag-failed (Witness program hash mismatch)', 'script'],
    [-25, 'bad-txns-inputs-missingorspent', 'inputs-missing'],
    [-25, 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)', 'fee-high'],
    [-26, 'a text of tomorrow', 'other'],
  ])('an error %i "%s" is a refusal read as %s', async (code, message, mapped) => {
    const { url } = await serve(({ id }) => ({ body: { id, error: { code, message } } }));
    const raw = fromHex(
      '0200000001' + '11'.repeat(32) + '0000000000fdffffff01e80300000000000000' + '00000000',
    );
    const node = nodeAt(url, {});
    const outcome = await node.testMempool(raw);
    expect(outcome).toMatchObject({
      refusal: { code: 'chain.rejected', facts: { reason: message, mapped } },
    });
  });

  test('an error that is no verdict on the transaction is a fault', async () => {
    const error = { code: -32601, message: 'Method not found' };
    const { url } = await serve(({ id }) => ({ body: { id, error } }));
    expect((await faultOf(nodeAt(url).testMempool(Uint8Array.of(1)))).code).toBe(
      'chain.answer.invalid',
    );
  });

  test('a wild fee estimate is bounded, and none is null', async () => {
    const rates: (number | undefined)[] = [9.9, 0.00000001, undefined];
    const { url } = await serve(({ id }) => {
      const feerate = rates.shift();
      return { body: { id, result: feerate === undefined ? { errors: [] } : { feerate } } };
    });
    const node = nodeAt(url);
    expect([await node.feeRate(2), await node.feeRate(2), await node.feeRate(2)]).toEqual([
      2_000,
      1,
      null,
    ]);
  });
});
