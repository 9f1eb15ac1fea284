import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Esplora } from '../../../src/chain/esplora.ts';
import { requireIdentity } from '../../../src/chain/identity.ts';
import { sats } from '../../../src/core/base/sats.ts';
import { WatchFollower } from '../../../src/sentinel/watch-follower.ts';
import { WatchStore } from '../../../src/sentinel/watch-store.ts';
import { SandboxServer } from '../../support/sandbox-server.ts';
import { TestKey } from '../../support/test-key.ts';

let server: SandboxServer;
let view: Esplora;
const folder = mkdtempSync(join(tmpdir(), 'countersign-esplora-'));

beforeAll(async () => {
  server = await SandboxServer.start();
  view = new Esplora({ url: `${server.url}/sandbox/esplora`, network: 'sandbox' });
}, 120_000);
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('the server shows its sandbox to a sentinel on the same machine, which finds its coins', async () => {
  await requireIdentity(view);
  const [txid = '', vout = ''] = (await server.fund(1_000_000)).split(':');
  const store = WatchStore.open(join(folder, 'coins.sqlite'));
  const follower = new WatchFollower(view, store);
  const { id, wallet, body } = server.wallet;
  follower.follow({ id, wallet, birth: body.birth, gap: body.gapLimit }, [0, 0]);
  while (!(await follower.catchUp()));
  expect(store.coin([txid, Number(vout)])).toEqual({ wallet: id, spentHeight: null });
  expect(await view.spenders([`${txid}:${vout}`])).toEqual(new Map());
  store.close();
}, 60_000);

test('what is sent there is judged as by any node, and other addresses are not there', async () => {
  const raw = new TestKey('nobody').pay({
    ...{ coins: [{ txid: '22'.repeat(32), vout: 0, sats: sats(10_000) }] },
    ...{ to: new TestKey('payee').script, sats: sats(9_000) },
  });
  expect(await view.testMempool(raw)).toMatchObject({ refusal: { code: 'chain.rejected' } });
  expect(await view.broadcast(raw)).toMatchObject({ refusal: { code: 'chain.rejected' } });
  const statusOf = async (path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch(`${server.url}/sandbox/esplora${path}`, init)).status;
  for (const path of ['/', '/mempool', '/block/x', `/tx/${'ab'.repeat(32)}`, '/block-height/-1'])
    expect([path, await statusOf(path)]).toEqual([path, 404]);
  expect(await statusOf('/tx', { method: 'POST', body: 'no hex' })).toBe(400);
  expect(await statusOf('/tx', { method: 'POST', body: 'ab'.repeat(1_000_000) })).toBe(413);
});
