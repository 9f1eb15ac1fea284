import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toHex } from '../../../src/core/base/bytes.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { Esplora } from '../../../src/chain/esplora.ts';
import { Sandbox } from '../../../src/server/chain/sandbox.ts';
import { chainContract } from '../../support/chain-contract.ts';
import { EsploraServer } from '../../support/esplora-server.ts';
import { TestKey } from '../../support/test-key.ts';
import type { TestWork } from '../../support/work.ts';
import { startTestWork } from '../../support/work.ts';

chainContract('an Esplora API', async () => {
  const database = await startTestWork();
  const sandbox = await Sandbox.open(database.work);
  const server = await EsploraServer.start(sandbox, database.work);
  return {
    view: new Esplora({ url: server.url, network: 'sandbox' }),
    mine: (blocks) => sandbox.mine(blocks),
    fund: (script, amount) => sandbox.fund(script, amount),
    reorganise: (depth) => sandbox.reorganise(depth),
    async stop() {
      await server.stop();
      await sandbox.close();
      await database.stop();
    },
  };
});

describe('an Esplora API that errs', () => {
  let database: TestWork;
  let sandbox: Sandbox;
  let server: EsploraServer;
  let view: Esplora;

  beforeAll(async () => {
    database = await startTestWork();
    sandbox = await Sandbox.open(database.work);
    await sandbox.mine(2);
    server = await EsploraServer.start(sandbox, database.work);
    view = new Esplora({ url: server.url, network: 'sandbox', timeoutSeconds: 1 });
  }, 60_000);
  afterAll(async () => {
    await server.stop();
    await sandbox.close();
    await database.stop();
  });

  const answering = async (
    status: number,
    body: string | Uint8Array,
    work: () => Promise<unknown>,
  ) => {
    server.other = () => ({ status, body });
    try {
      return await work();
    } finally {
      server.other = () => undefined;
    }
  };

  test.each([
    [500, 'chain.unreachable'],
    [429, 'chain.unreachable'],
    [401, 'chain.credentials'],
    [403, 'chain.credentials'],
    [200, 'chain.answer.invalid'],
    [302, 'chain.unreachable'],
  ])('status %d is %s', async (status, code) => {
    const tip = answering(status, '<html>', () => view.tip());
    await expect(tip).rejects.toMatchObject({ code });
  });

  test('a server that is away is unreachable, and its address is not told', async () => {
    const away = new Esplora({ url: 'http://user:secret@127.0.0.1:9/api', network: 'sandbox' });
    await expect(away.tip()).rejects.toMatchObject({ code: 'chain.unreachable' });
    await expect(away.tip()).rejects.not.toThrow(/secret|127\.0\.0\.1/);
  });

  test('a block of other bytes, and a transaction of another txid, are refused', async () => {
    const hash = (await sandbox.blockHash(2)) ?? '';
    const { txid } = await sandbox.fund(new TestKey('other').script, sats(10_000));
    const raw = toHex((await sandbox.transaction(txid))?.raw ?? new Uint8Array());
    const invalid = { code: 'chain.answer.invalid' };
    const replies: Readonly<Record<string, string | Uint8Array>> = {
      raw: new Uint8Array(100),
      hex: raw,
      status: '{"confirmed":true,"block_height":1}',
    };
    server.other = (path) => {
      const body =
        path.startsWith('/tx/') && path.split('/').length === 3
          ? '{}'
          : replies[path.split('/').at(-1) ?? ''];
      return body === undefined ? undefined : { status: 200, body };
    };
    await expect(view.block(hash)).rejects.toMatchObject(invalid);
    await expect(view.transaction('ab'.repeat(32))).rejects.toMatchObject(invalid);
    expect((await view.transaction(txid))?.confirmations).toBeGreaterThan(0);
    server.other = () => undefined;
  });

  test('where a mempool cannot be tested, the broadcast is the test', async () => {
    const raw = new TestKey('nobody').pay({
      ...{ coins: [{ txid: '22'.repeat(32), vout: 0, sats: sats(10_000) }] },
      ...{ to: new TestKey('payee').script, sats: sats(9_000) },
    });
    const tested = await answering(404, 'no such path', () => view.testMempool(raw));
    expect(tested).toEqual({ ok: true, value: null });
    expect(await view.broadcast(raw)).toMatchObject({ refusal: { code: 'chain.rejected' } });
  });

  test.each([
    [1, 5],
    [5, 5],
    [6, 3],
    [200, 1],
  ])('a fee estimate for %d blocks is %d, that of as few or fewer', async (blocks, rate) => {
    const answer = '{"1":4.2,"6":2.1,"144":1}';
    expect(await answering(200, answer, () => view.feeRate(blocks))).toBe(rate);
  });

  test('no estimate is none, and a wild one is bounded', async () => {
    const rate = (body: string) => answering(200, body, () => view.feeRate(6));
    expect(await rate('{}')).toBeNull();
    expect(await rate('{"144":1}')).toBeNull();
    expect(await rate('{"6":1e9}')).toBe(2_000);
  });
});
