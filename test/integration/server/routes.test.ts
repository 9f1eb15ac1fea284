import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { RequestMethod } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import fc from 'fast-check';
import { z } from 'zod';
import { describeApi } from '../../../src/server/app.ts';
import type { Audience } from '../../../src/server/access/caller.ts';
import { AUDIENCE } from '../../../src/server/access/caller.ts';
import type { ProofKey } from '../../../src/client/proof-key.ts';
import { ed25519ProofKey } from '../../../src/client/proof-key.ts';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import { TestServer, codeOf } from '../../support/server.ts';
import { World, noon } from '../../support/world.ts';

/** What Nest's decorators left on handlers; the names are Nest's own, and the first test proves that they hold. */
const PATH = 'path';
const METHOD = 'method';
const ARGUMENTS = '__routeArguments__';
/** Kinds of arguments that carry outside data (RouteParamtypes): body, query, param, headers. */
const OUTSIDE = new Set(['3', '4', '5', '6']);

interface Route {
  readonly method: string;
  readonly path: string;
  readonly audience: Audience;
  /** Arguments with outside data, and whether each has a schema. */
  readonly outside: readonly { readonly place: string; readonly hasSchema: boolean }[];
}

const argumentShape = z.record(z.string(), z.object({ schema: z.unknown().optional() }));

function routesOf(server: TestServer): readonly Route[] {
  const modules = [...server.server.app.get(ModulesContainer).values()];
  const controllers = modules.flatMap(({ controllers: found }) =>
    [...found.values()].map(({ metatype }) => metatype),
  );
  return controllers.flatMap((controller) => {
    if (typeof controller !== 'function') return [];
    const prototype = controller.prototype as Record<string, unknown>;
    return Object.getOwnPropertyNames(prototype).flatMap((name) => {
      const handler = prototype[name];
      if (name === 'constructor' || typeof handler !== 'function') return [];
      const path: unknown = Reflect.getMetadata(PATH, handler);
      if (typeof path !== 'string') return [];
      const base = String(Reflect.getMetadata(PATH, controller));
      const method = RequestMethod[Number(Reflect.getMetadata(METHOD, handler))] ?? '';
      const declared = argumentShape.parse(Reflect.getMetadata(ARGUMENTS, controller, name) ?? {});
      const audience = (Reflect.getMetadata(AUDIENCE, handler) ??
        Reflect.getMetadata(AUDIENCE, controller) ??
        'member') as Audience;
      return [
        {
          method,
          path: `/${base}/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1'),
          audience,
          outside: Object.entries(declared).flatMap(([key, { schema }]) =>
            OUTSIDE.has(key.split(':')[0] ?? '')
              ? [{ place: `${name} ${key}`, hasSchema: schema instanceof z.ZodType }]
              : [],
          ),
        },
      ];
    });
  });
}

/** A path that the route matches. */
const concrete = (path: string): string =>
  path
    .replace(/:digest|:sha256/, 'a'.repeat(64))
    .replace(/:[a-z]+/g, 'x')
    .replace('*', '0/000');

describe('all routes', () => {
  let server: TestServer;
  let member: ProofKey;
  let routes: readonly Route[];

  beforeAll(async () => {
    const world = new World();
    server = await TestServer.start(world);
    member = await server.session('operator');
    routes = routesOf(server);
  });

  afterAll(async () => {
    await server.stop();
  });

  test('the walk finds the routes of the contract', () => {
    const found = routes.map(({ method, path }) => `${method} ${path}`);
    for (const route of [
      'POST /v1/sessions',
      'POST /v1/approvals',
      'POST /v1/freezes',
      'GET /v1/freezes',
      'POST /v1/drafts',
      'POST /v1/proposals',
      'POST /v1/proposals/:digest/broadcast',
      'POST /v1/receipts',
      'POST /v1/documents',
      'POST /v1/statements',
      'POST /v1/sandbox/blocks',
      'POST /v1/sandbox/funds',
      'GET /v1/organisation',
      'GET /v1/wallets',
      'GET /v1/wallets/:id',
      'GET /v1/wallets/:id/budget',
      'POST /v1/wallets/:id/addresses',
      'GET /v1/wallets/:id/addresses',
      'GET /v1/wallets/:id/deposits',
      'GET /v1/documents',
      'GET /v1/documents/:digest',
      'GET /v1/proposals',
      'GET /v1/proposals/:digest',
      'GET /v1/evidence',
      'GET /log/checkpoint',
      'GET /log/blob/:sha256',
      'GET /healthz',
      'GET /readyz',
    ])
      expect(found).toContain(route);
  });

  test('every parameter with outside data has a schema', () => {
    const outside = routes.flatMap((route) => route.outside);
    expect(outside.length).toBeGreaterThan(10);
    expect(outside.filter(({ hasSchema }) => !hasSchema)).toEqual([]);
  });

  test('who is let in without a session is written here', () => {
    const open = routes
      .filter(({ audience }) => audience !== 'member')
      .map(({ method, path, audience }) => `${method} ${path} ${audience}`);
    expect([...open].sort()).toEqual([
      'GET /healthz public',
      'GET /log/blob/:sha256 reader',
      'GET /log/checkpoint public',
      'GET /log/tile/* public',
      'GET /log/tile/entries/* reader',
      'GET /readyz public',
      'POST /v1/freezes freezer',
      'POST /v1/receipts public',
      'POST /v1/sessions key',
    ]);
  });

  test('without a proof no route writes, and none but the open ones reads', async () => {
    for (const { method, path, audience } of routes) {
      const sent = { method, path: concrete(path), ...(method === 'GET' ? {} : { body: {} }) };
      const code = codeOf(await server.send(sent));
      if (audience !== 'public') expect([path, code]).toEqual([path, 'proof.missing']);
      else if (method !== 'GET') expect([path, code]).toEqual([path, 'schema.mismatch']);
    }
  });

  test('a signer reads the log and nothing else', async () => {
    const signer = ed25519ProofKey(sha256(utf8('world/receipt')));
    const size = server.world.leaves.length;
    const bundle = `/log/tile/entries/000.p/${String(size)}`;
    expect((await server.send({ method: 'GET', path: bundle, key: signer })).status).toBe(200);
    expect(codeOf(await server.send({ method: 'GET', path: '/v1/wallets', key: signer }))).toBe(
      'caller.kind',
    );
  });

  test('the description names every route of the API', () => {
    const { paths } = describeApi(server.server.app);
    // A wildcard cannot be written in OpenAPI: tiles are described by C2SP tlog-tiles.
    for (const { method, path } of routes.filter((route) => !route.path.includes('*'))) {
      const written = path.replace(/:([a-z0-9]+)/g, '{$1}');
      const found = paths[written];
      expect([path, found?.[method.toLowerCase() as 'get' | 'post'] !== undefined]).toEqual([
        path,
        true,
      ]);
    }
  });

  test('whatever is sent, no answer is a fault or tells of the inside', async () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    const hostile = fc.oneof(
      value,
      fc.record({
        statement: fc.oneof(
          fc.string(),
          value.map((json) => JSON.stringify(json)),
        ),
        signature: fc.oneof(fc.string(), fc.constant('ab'.repeat(64))),
        blobs: fc.oneof(fc.array(fc.base64String()), value),
        wallet: fc.oneof(fc.constant('hot-1'), fc.string()),
        payments: value,
        psbt: fc.base64String(),
        purpose: value,
        receipts: value,
        document: fc.oneof(
          fc.string(),
          value.map((json) => JSON.stringify(json)),
        ),
      }),
    );
    const part = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 80 }).map(encodeURIComponent),
      fc.constantFrom('a'.repeat(64), 'hot-1', '%zz', '..', '%00', '0/000.p/1'),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(), hostile, part, fc.string({ maxLength: 60 }), async (...drawn) => {
        const [at, body, inserted, query] = drawn;
        const route = routes[at % routes.length];
        if (route === undefined) return;
        const path = route.path.replace(/:[a-z0-9]+|\*/, inserted);
        const url = `${path}?${encodeURI(query.toWellFormed())}`;
        const { method } = route;
        const sent = { method, path: url, key: member, ...(method === 'GET' ? {} : { body }) };
        const answer = await server.send(sent);
        const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        expect([url, answer.status === 500]).toEqual([url, false]);
        expect(text).not.toMatch(/\bat .+\.ts:\d+|node_modules|QueryFailed|syntax error/);
        if (answer.status >= 400 && path !== '/readyz')
          expect(answer.type).toContain('problem+json');
      }),
      { numRuns: 400 },
    );
  });

  test('the world of this test is of another time than the server, and that is refused, not a fault', async () => {
    expect(noon).toBeLessThan(Date.now() / 1000);
    const answer = await server.send({ method: 'GET', path: '/v1/proposals', key: member });
    expect(answer).toMatchObject({ status: 200, body: { items: [], next: null } });
  });
});
