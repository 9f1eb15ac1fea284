import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { ProofKey } from '../../../src/client/proof-key.ts';
import {
  dpopProof,
  es256ProofKey,
  newSessionKey,
  thumbprint,
} from '../../../src/client/proof-key.ts';
import { codes } from '../../../src/core/base/codes.ts';
import { emptyLog, signStatement } from '../../../src/client/statements.ts';
import type { ApprovalStatement } from '../../../src/core/approval/statement.ts';
import { textDigest } from '../../../src/core/approval/statement.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import { toBase64 } from '../../../src/core/base/bytes.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { World, listedAddress } from '../../support/world.ts';
import { TestServer, codeOf } from '../../support/server.ts';

const now = Math.floor(Date.now() / 1000);

/** A world of today with open proposals: the server's clock is the true one. */
class Today extends World {
  readonly open: readonly ProposalRecord[];

  constructor() {
    super({ treasurers: ['alice', 'bob', 'dora', 'emil'] });
    this.now = now - 60;
    this.open = [20_000, 30_000, 40_000, 50_000].map((amount) =>
      this.propose({ pays: [[listedAddress, amount]] }),
    );
  }

  at(index: number): ProposalRecord {
    const proposal = this.open[index];
    if (proposal === undefined) throw new Error('there are four');
    return proposal;
  }

  /** The body of an approval route. */
  body(member: string, proposal: ProposalRecord, over: Partial<ApprovalStatement> = {}) {
    const statement = this.approval(member, proposal, over);
    const secret = this.members.get(member)?.device.secretKey ?? new Uint8Array(32);
    const signed = signStatement(statement, secret);
    const partial = statement.partialSignatures;
    const blob = partial === null ? undefined : this.store.get(partial);
    return {
      statement: signed.statement,
      signature: signed.signature,
      blobs: blob === undefined ? [] : [toBase64(blob)],
      reason: null as { salt: string; text: string } | null,
    };
  }
}

describe('the HTTP API', () => {
  const world = new Today();
  let server: TestServer;
  let owner: pg.Pool;
  let alice: ProofKey;
  let bob: ProofKey;

  beforeAll(async () => {
    server = await TestServer.start(world);
    owner = new pg.Pool({ connectionString: server.ownerUrl });
    alice = await server.session('alice');
    bob = await server.session('bob');
  });

  afterAll(async () => {
    await owner.end();
    await server.stop();
  });

  const post = (
    path: string,
    body: unknown,
    rest: Partial<Parameters<TestServer['send']>[0]> = {},
  ) => server.send({ method: 'POST', path, body, ...rest });
  const get = (path: string, key?: ProofKey) =>
    server.send({ method: 'GET', path, ...(key === undefined ? {} : { key }) });
  const sizeOf = async (kind: string): Promise<number> => {
    const { rows } = await owner.query<{ size: string }>(
      'SELECT size FROM log_head WHERE kind = $1',
      [kind],
    );
    return Number(rows[0]?.size);
  };

  describe('problems', () => {
    test('a refusal is problem+json in the words of the registry', async () => {
      const answer = await get('/v1/organisation');
      expect(answer.status).toBe(401);
      expect(answer.type).toBe('application/problem+json; charset=utf-8');
      const { status, retryable, meaning, action } = codes['proof.missing'];
      expect(answer.body).toEqual({
        type: 'urn:countersign:proof.missing',
        title: meaning,
        status,
        detail: `${meaning} ${action}`,
        code: 'proof.missing',
        facts: {},
        action,
        retryable,
      });
    });

    test.each([
      ['an unknown route', { method: 'GET', path: '/nowhere' }, 'http.unknown'],
      [
        'a method that a route has not',
        { method: 'DELETE', path: '/v1/approvals' },
        'http.unknown',
      ],
      [
        'JSON that is none',
        { method: 'POST', path: '/v1/sessions', body: '{"a":' },
        'http.malformed',
      ],
      ['an empty body', { method: 'POST', path: '/v1/sessions', body: '' }, 'http.malformed'],
      [
        'a body that names __proto__',
        { method: 'POST', path: '/v1/sessions', body: '{"__proto__":{"a":1}}' },
        'http.malformed',
      ],
      [
        'another content type',
        {
          method: 'POST',
          path: '/v1/sessions',
          body: 'a=b',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        },
        'http.media',
      ],
      [
        'plain text',
        {
          method: 'POST',
          path: '/v1/sessions',
          body: 'x',
          headers: { 'content-type': 'text/plain' },
        },
        'http.media',
      ],
      [
        'a body that is too large',
        { method: 'POST', path: '/v1/approvals', body: JSON.stringify('x'.repeat(1_100_000)) },
        'http.body.size',
      ],
      ['a broken escape in the path', { method: 'GET', path: '/v1/wallets/%zz' }, 'http.malformed'],
      [
        'a parameter without end',
        { method: 'GET', path: `/v1/wallets/${'a'.repeat(600)}` },
        'http.malformed',
      ],
    ] as const)('%s is refused with a code', async (_, sent, code) => {
      const answer = await server.send(sent);
      expect([codeOf(answer), answer.type]).toEqual([
        code,
        'application/problem+json; charset=utf-8',
      ]);
    });

    test('parameters and bodies of another form are refused by their schema', async () => {
      expect(codeOf(await get('/v1/documents/xyz', alice))).toBe('schema.mismatch');
      expect(codeOf(await get('/v1/proposals?limit=0', alice))).toBe('schema.mismatch');
      expect(codeOf(await get('/v1/proposals?other=1', alice))).toBe('schema.mismatch');
      expect(codeOf(await post('/v1/approvals', { statement: 1 }, { key: alice }))).toBe(
        'schema.mismatch',
      );
    });

    test('every answer carries the security headers', async () => {
      const { headers } = await get('/healthz');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
    });
  });

  describe('sessions and proofs', () => {
    test('a session is written into the access log and not into the other', async () => {
      const before = [await sizeOf('access'), await sizeOf('organisation')];
      await server.session('carol');
      expect([await sizeOf('access'), await sizeOf('organisation')]).toEqual([
        (before[0] ?? 0) + 1,
        before[1],
      ]);
    });

    test('a proof passes once, for its method and address and now', async () => {
      const path = '/v1/organisation';
      const url = `${server.url}${path}`;
      const proof = dpopProof(alice, { method: 'GET', url, now });
      const sent = { method: 'GET', path, headers: { dpop: proof } };
      expect((await server.send(sent)).status).toBe(200);
      expect(codeOf(await server.send(sent))).toBe('proof.replayed');
      const wrong = [
        dpopProof(alice, { method: 'POST', url, now }),
        dpopProof(alice, { method: 'GET', url: `${server.url}/v1/wallets`, now }),
        dpopProof(alice, { method: 'GET', url: `http://evil.example${path}`, now }),
        dpopProof(alice, { method: 'GET', url, now: now - 120 }),
        dpopProof(alice, { method: 'GET', url, now: now + 120 }),
        `${proof.slice(0, -4)}AAAA`,
        'a.b.c',
        'x'.repeat(5_000),
      ];
      for (const dpop of wrong)
        expect(codeOf(await server.send({ ...sent, headers: { dpop } }))).toBe('proof.invalid');
    });

    test('a key without session is nobody', async () => {
      expect(codeOf(await get('/v1/organisation', es256ProofKey(newSessionKey())))).toBe(
        'session.unknown',
      );
    });

    test('a session lives for fifteen minutes at most and is of now', async () => {
      await expect(server.session('bob', now - 1_000)).rejects.toThrow('statement.expired');
      await expect(server.session('bob', now + 600)).rejects.toThrow('statement.early');
      const key = es256ProofKey(newSessionKey());
      const long = {
        type: 'session' as const,
        ...world.common('bob', 901),
        log: emptyLog,
        issuedAt: formatTime(now),
        expiresAt: formatTime(now + 901),
        key: thumbprint(key),
      };
      const secret = world.members.get('bob')?.device.secretKey ?? new Uint8Array(32);
      const { statement, signature } = signStatement(long, secret);
      const answer = await post('/v1/sessions', { statement, signature }, { key });
      expect(codeOf(answer)).toBe('session.time');
    });

    test('a session statement opens a session once, for the key that it names', async () => {
      const key = es256ProofKey(newSessionKey());
      const statement = {
        type: 'session' as const,
        ...world.common('dora', 600),
        log: emptyLog,
        issuedAt: formatTime(now),
        expiresAt: formatTime(now + 600),
        key: thumbprint(key),
      };
      const secret = world.members.get('dora')?.device.secretKey ?? new Uint8Array(32);
      const { statement: text, signature } = signStatement(statement, secret);
      const body = { statement: text, signature };
      const other = es256ProofKey(newSessionKey());
      expect(codeOf(await post('/v1/sessions', body, { key: other }))).toBe('session.key');
      expect((await post('/v1/sessions', body, { key })).status).toBe(201);
      expect(codeOf(await post('/v1/sessions', body, { key }))).toBe('statement.duplicate');
      const forged = { statement: text, signature: `00${signature.slice(2)}` };
      expect(codeOf(await post('/v1/sessions', forged, { key }))).toBe('statement.signature');
    });
  });

  describe('approvals', () => {
    test('an approval is numbered and shown in the answer', async () => {
      const size = await sizeOf('organisation');
      const answer = await post('/v1/approvals', world.body('alice', world.at(0)), { key: alice });
      expect(answer).toMatchObject({
        status: 201,
        body: { index: size, status: 'open', signatureExists: false },
      });
      expect(await sizeOf('organisation')).toBe(size + 1);
    });

    test('a statement of another member is refused whatever it says', async () => {
      const body = world.body('bob', world.at(0));
      expect(codeOf(await post('/v1/approvals', body, { key: alice }))).toBe('session.member');
    });

    test('what does not belong to a statement is refused before it is stored', async () => {
      const size = await sizeOf('organisation');
      const good = world.body('bob', world.at(0));
      const send = async (body: unknown) => codeOf(await post('/v1/approvals', body, { key: bob }));
      expect(await send({ ...good, signature: `00${good.signature.slice(2)}` })).toBe(
        'statement.signature',
      );
      expect(await send({ ...good, statement: `${good.statement} ` })).toBe('json.noncanonical');
      expect(await send({ ...good, blobs: ['AAAA'] })).toBe('log.blob.unasked');
      expect(await send({ ...good, blobs: ['AAA'] })).toBe('schema.mismatch');
      expect(await send({ ...good, reason: { salt: '00'.repeat(16), text: 'x' } })).toBe(
        'text.mismatch',
      );
      const freeze = { ...good, reason: { salt: '00'.repeat(16), text: 'x' } };
      expect(codeOf(await post('/v1/freezes', freeze, { key: bob }))).toBe('statement.kind');
      expect(await sizeOf('organisation')).toBe(size);
    });

    test('an approval whose time is over is refused; a rejection is not asked', async () => {
      const over = { issuedAt: formatTime(now - 900), expiresAt: formatTime(now - 300) };
      const late = world.body('bob', world.at(1), over);
      expect(codeOf(await post('/v1/approvals', late, { key: bob }))).toBe('statement.expired');
      const salt = '11'.repeat(16);
      const rejection = {
        ...world.body('bob', world.at(1), {
          ...over,
          decision: 'reject',
          reasonDigest: textDigest(salt, 'not ours'),
        }),
        reason: { salt, text: 'not ours' },
      };
      expect(await post('/v1/approvals', rejection, { key: bob })).toMatchObject({
        status: 201,
        body: { status: 'ended' },
      });
    });

    test('an approval sent again without a key is refused as standing there', async () => {
      const body = world.body('dora', world.at(2));
      const dora = await server.session('dora');
      expect((await post('/v1/approvals', body, { key: dora })).status).toBe(201);
      expect(codeOf(await post('/v1/approvals', body, { key: dora }))).toBe('statement.duplicate');
    });
  });

  describe('Idempotency-Key', () => {
    test('the same request gets the first answer; another body does not', async () => {
      const emil = await server.session('emil');
      const headers = { 'idempotency-key': 'a-key' };
      const first = world.body('emil', world.at(2));
      const answer = await post('/v1/approvals', first, { key: emil, headers });
      expect(answer.status).toBe(201);
      const size = await sizeOf('organisation');
      const again = await post('/v1/approvals', first, { key: emil, headers });
      expect([again.status, again.body]).toEqual([201, answer.body]);
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(await sizeOf('organisation')).toBe(size);
      const second = world.body('emil', world.at(3));
      expect(codeOf(await post('/v1/approvals', second, { key: emil, headers }))).toBe(
        'idempotency.mismatch',
      );
      const other = { 'idempotency-key': 'another-key' };
      expect((await post('/v1/approvals', second, { key: emil, headers: other })).status).toBe(201);
    });

    test('a key counts for its caller only, and a refusal is not kept', async () => {
      const headers = { 'idempotency-key': 'a-key' };
      const refused = { ...world.body('bob', world.at(3)), blobs: ['AAAA'] };
      const send = (body: unknown) => post('/v1/approvals', body, { key: bob, headers });
      expect(codeOf(await send(refused))).toBe('log.blob.unasked');
      expect((await send(world.body('bob', world.at(3)))).status).toBe(201);
    });

    test('racing requests with one key are done once', async () => {
      const headers = { 'idempotency-key': 'race' };
      const body = world.body('bob', world.at(2));
      const size = await sizeOf('organisation');
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => post('/v1/approvals', body, { key: bob, headers })),
      );
      const found = answers.map((answer) => codeOf(answer));
      expect(found.filter((code) => code === '201').length).toBeGreaterThanOrEqual(1);
      for (const code of found) expect(['201', 'idempotency.running']).toContain(code);
      expect(await sizeOf('organisation')).toBe(size + 1);
    });

    test('a malformed key is refused', async () => {
      const headers = { 'idempotency-key': 'a b' };
      const body = world.body('bob', world.at(2));
      expect(codeOf(await post('/v1/approvals', body, { key: bob, headers }))).toBe(
        'idempotency.key',
      );
    });
  });

  describe('the log', () => {
    test('checkpoint and hash tiles are open; entries and blobs need a session or a signer', async () => {
      const note = await get('/log/checkpoint');
      expect(String(note.body).split('\n')[0]).toBe('world.example/log');
      const size = Number(String(note.body).split('\n')[1]);
      const tile = await get(`/log/tile/0/000.p/${String(size)}`);
      expect([tile.status, tile.headers.get('cache-control')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
      ]);
      const bundle = `/log/tile/entries/000.p/${String(size)}`;
      expect(codeOf(await get(bundle))).toBe('proof.missing');
      expect((await get(bundle, alice)).status).toBe(200);
      const blob = `/log/blob/${world.at(0).statement.spend.transaction}`;
      expect(codeOf(await get(blob))).toBe('proof.missing');
      expect((await get(blob, alice)).status).toBe(200);
      expect(codeOf(await get(`/log/blob/${'0'.repeat(64)}`, alice))).toBe('http.unknown');
    });

    test.each([
      '/log/tile/0/001',
      '/log/tile/0/000.p/255',
      '/log/tile/0/0',
      '/log/tile/entries/000',
      '/log/tile/entries/..%2f..',
      '/log/tile/99/000',
    ])('%s is nothing', async (path) => {
      expect(codeOf(await get(path, alice))).toBe('http.unknown');
    });
  });

  test('the API describes itself as OpenAPI 3.1', async () => {
    const answer = await get('/docs-json');
    expect(answer.body).toMatchObject({ openapi: '3.1.0', info: { title: 'Countersign' } });
    expect((await get('/docs')).type).toContain('text/html');
  });
});

describe('a caller in a hurry', () => {
  test('is told to slow down, and is served again', async () => {
    const server = await TestServer.start(new World(), { RATE_PER_SECOND: '1' });
    try {
      const answers = [];
      for (let i = 0; i < 15; i++)
        answers.push(await server.send({ method: 'GET', path: '/healthz' }));
      expect(answers.map(({ status }) => status)).toContain(200);
      const late = answers.find(({ status }) => status === 429);
      expect(late && codeOf(late)).toBe('http.rate');
      await new Promise((done) => setTimeout(done, 1_500));
      expect((await server.send({ method: 'GET', path: '/healthz' })).status).toBe(200);
    } finally {
      await server.stop();
    }
  });
});
