import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { Http, HttpFault } from '../../../src/client/http.ts';

const problem = { code: 'wallet.frozen', facts: { wallet: 'hot-1', by: 'officer' }, status: 409 };
const answers: Readonly<Record<string, readonly [number, string]>> = {
  '/ok': [200, '{"x":1,"more":true}'],
  '/empty': [202, ''],
  '/refused': [409, JSON.stringify(problem)],
  '/strange': [409, '{"code":"of.another.version"}'],
  '/inherited': [409, '{"code":"toString"}'],
  '/broken': [500, '<html>'],
  '/large': [200, ' '.repeat(2_000)],
  '/elsewhere': [302, ''],
};

let server: Server;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/slow') return;
    const [status, body] = answers[request.url ?? ''] ?? [404, ''];
    response.writeHead(status, { location: '/ok' }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const shape = z.object({ x: z.number() });
const http = () => new Http({ server: base, key: null, timeoutMs: 300 });
const get = (path: string) => ({ method: 'GET', path }) as const;

describe('a request', () => {
  test('gives the answer in the form of its schema', async () => {
    expect(await http().json(get('/ok'), shape)).toEqual({ ok: true, value: { x: 1 } });
  });

  test('gives null for an empty answer', async () => {
    expect(await http().json(get('/empty'), z.unknown())).toEqual({ ok: true, value: null });
  });

  test('gives a refusal back as a value', async () => {
    const { code, facts } = problem;
    const refused = { ok: false, refusal: { code, facts } };
    expect(await http().json(get('/refused'), shape)).toEqual(refused);
    expect(await http().bytes(get('/refused'))).toEqual(refused);
  });

  test.each([
    ['an answer of another form', '/empty', 'answer'],
    ['a refusal with an unknown code', '/strange', 'answer'],
    ['a refusal whose code every object has', '/inherited', 'answer'],
    ['a failure without a code', '/broken', 'answer'],
    ['silence', '/slow', 'timeout'],
    ['a redirection, which a proof does not cover', '/elsewhere', 'unreachable'],
  ])('throws a fault on %s', async (_name, path, kind) => {
    const asked = http().json(get(path), shape);
    await expect(asked).rejects.toMatchObject({ name: 'HttpFault', kind });
  });

  test('throws a fault on more bytes than were asked for', async () => {
    const asked = http().bytes({ ...get('/large'), mostBytes: 1_999 });
    await expect(asked).rejects.toBeInstanceOf(HttpFault);
    expect((await http().bytes({ ...get('/large'), mostBytes: 2_000 })).ok).toBe(true);
  });

  test('throws a fault with its cause where nothing listens', async () => {
    const nobody = new Http({ server: 'http://127.0.0.1:1', key: null });
    await expect(nobody.bytes(get('/ok'))).rejects.toMatchObject({
      kind: 'unreachable',
      cause: expect.anything(),
    });
  });
});
