import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect } from 'node:net';
import { HttpServer } from '../../../src/sentinel/http-server.ts';
import { sentinelRoutes } from '../../../src/sentinel/api-routes.ts';
import { SentinelPlace } from '../../support/sentinel-place.ts';

let place: SentinelPlace;
let server: HttpServer;
let refreshed = 0;
const faults: unknown[] = [];

beforeEach(async () => {
  place = new SentinelPlace();
  place.read();
  [refreshed, faults.length] = [0, 0];
  const { sentinel, file, keys } = place;
  const refresh = () => {
    refreshed += 1;
    return Promise.resolve();
  };
  server = await HttpServer.listen({
    routes: sentinelRoutes({ sentinel, file, keys, following: () => ({ at: 'now' }), refresh }),
    ...{ host: '127.0.0.1', port: 0 },
    fault: (_, error) => faults.push(error),
  });
});
afterEach(async () => {
  await server.close();
  place.remove();
});

const url = (path: string) => `http://127.0.0.1:${String(server.port)}${path}`;

async function post(path: string, body: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(url(path), { method: 'POST', body });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

describe('the HTTP API of a sentinel', () => {
  test('answers a poll', async () => {
    const { status, body } = await post('/v1/poll', JSON.stringify(place.polls()));
    expect(status).toBe(200);
    expect(body).toMatchObject({ signature: expect.stringMatching(/^[0-9a-f]{128}$/) });
  });

  test('says by problem+json why it refuses', async () => {
    const poll = place.polls({ wallet: 'hot-2' });
    const response = await fetch(url('/v1/poll'), { method: 'POST', body: JSON.stringify(poll) });
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'sentinel.signature' });
  });

  test.each([
    ['/v1/poll', '{', 400, 'json.malformed'],
    ['/v1/poll', '{}', 422, 'schema.mismatch'],
    ['/v1/poll', '{"text":"{}","signature":"00"}', 422, 'schema.mismatch'],
    ['/v1/statements', '{"statement":"{}","signature":"zz","more":1}', 422, 'schema.mismatch'],
    ['/v1/receipts', '{"receipts":[]}', 422, 'schema.mismatch'],
    ['/v1/nothing', '{}', 404, 'http.unknown'],
  ])('refuses at %s the body %s', async (path, body, status, code) => {
    expect(await post(path, body)).toMatchObject({ status, body: { code } });
  });

  test.each([
    ['/v1/statements', 65_536],
    ['/v1/notice', 131_072],
    ['/v1/poll', 300_000],
    ['/v1/receipts', 5_000_000],
  ])('reads at %s %d bytes and not one more', async (path, most) => {
    const fits = await post(path, ' '.repeat(most));
    expect(fits).toMatchObject({ status: 400, body: { code: 'json.malformed' } });
    const larger = await post(path, ' '.repeat(most + 1));
    expect(larger).toMatchObject({ status: 413, body: { code: 'http.body.size' } });
  });

  test('reads no more than it may of a body that does not say its size', async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const response = await fetch(url('/v1/statements'), init).catch(() => null);
    expect(response === null || response.status === 413).toBe(true);
    expect(faults).toEqual([]);
  });

  test('takes so many requests at once of one address, and then fewer', async () => {
    const statuses = new Set<number>();
    for (let i = 0; i < 70; i++) {
      const asked = Array.from({ length: 10 }, () => fetch(url('/healthz')));
      for (const response of await Promise.all(asked)) {
        statuses.add(response.status);
        await response.text();
      }
    }
    expect([...statuses].sort()).toEqual([200, 429]);
  });

  test('does not mind who hangs up', async () => {
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write('POST /v1/poll HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"a"');
    socket.destroy();
    expect((await fetch(url('/healthz'))).status).toBe(200);
    expect(faults).toEqual([]);
  });

  test('says openly what it is and how far it is, and nothing that is secret', async () => {
    const status = (await (await fetch(url('/v1/status'))).json()) as object;
    expect(status).toMatchObject({
      ...{ id: 'watch-1', genesis: place.world.genesis, mailbox: 0, alarms: 0, journals: {} },
      head: { size: place.world.state.tree.size },
      followed: { size: place.world.state.tree.size, at: 'now' },
    });
    expect(JSON.stringify(status)).not.toMatch(/secret|seed|passphrase/);
  });

  test('looks at the log before it tells of an approval that it has not read', async () => {
    await post('/v1/notice', JSON.stringify(place.notices(['12'.repeat(32)])));
    expect(refreshed).toBe(1);
    const { text } = place.notices(['13'.repeat(32)]);
    await post('/v1/notice', JSON.stringify({ text, signature: '00'.repeat(64) }));
    expect(refreshed).toBe(1);
  });

  test('serves a witness by C2SP', async () => {
    const size = place.world.state.tree.size;
    const body = `old ${String(size - 1)}\n\n${place.note()}`;
    const response = await fetch(url('/add-checkpoint'), { method: 'POST', body });
    expect(response.status).toBe(409);
    expect(response.headers.get('content-type')).toBe('text/x.tlog.size');
    expect(await response.text()).toBe(`${String(size)}\n`);
  });
});
