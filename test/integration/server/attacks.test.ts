import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import * as http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { dpopProof } from '../../../src/client/proof-key.ts';
import type { ProofKey } from '../../../src/client/proof-key.ts';
import { saltText, signStatement } from '../../../src/client/statements.ts';
import { emptyLog } from '../../../src/client/statements.ts';
import type { ApprovalStatement } from '../../../src/core/approval/statement.ts';
import { toBase64, toHex } from '../../../src/core/base/bytes.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { LogService } from '../../../src/server/log/log.service.ts';
import type { Submission } from '../../../src/server/log/pending.store.ts';
import type { TestDatabase } from '../../support/postgres.ts';
import { startTestDatabase } from '../../support/postgres.ts';
import type { FoundingFiles, TestSequencer } from '../../support/sequencers.ts';
import { foundingFiles, startSequencer } from '../../support/sequencers.ts';
import { TestServer, codeOf } from '../../support/server.ts';
import { World, listedAddress } from '../../support/world.ts';

const now = Math.floor(Date.now() / 1000);

describe('a member who attacks through the API', () => {
  const world = new World({ treasurers: ['alice', 'bob', 'dora'] });
  world.now = now - 60;
  const proposals = [20_000, 30_000].map((sats) =>
    world.propose({ pays: [[listedAddress, sats]] }),
  );
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

  const at = (index: number): ProposalRecord => {
    const proposal = proposals[index];
    if (proposal === undefined) throw new Error('there are two');
    return proposal;
  };

  const body = (
    member: string,
    proposal: ProposalRecord,
    over: Partial<ApprovalStatement> = {},
  ) => {
    const statement = world.approval(member, proposal, over);
    const secret = world.members.get(member)?.device.secretKey ?? new Uint8Array(32);
    const signed = signStatement(statement, secret);
    const blob = world.store.get(statement.partialSignatures ?? '');
    return {
      statement: signed.statement,
      signature: signed.signature,
      blobs: blob === undefined ? [] : [toBase64(blob)],
      reason: null as { salt: string; text: string } | null,
    };
  };

  const post = (path: string, sent: unknown, key: ProofKey, headers = {}) =>
    server.send({ method: 'POST', path, body: sent, key, headers });

  test('cannot have an entry numbered whose blob came with a refused one and is stored nowhere', async () => {
    const early = body('alice', at(0), { log: emptyLog });
    expect(early.blobs).toHaveLength(1);
    expect(codeOf(await post('/v1/approvals', early, alice))).toBe('approval.log.early');
    const bare = { ...body('alice', at(0)), blobs: [] };
    expect(codeOf(await post('/v1/approvals', bare, alice))).toBe('log.blob.missing');
    const whole = body('alice', at(0));
    expect((await post('/v1/approvals', whole, alice)).status).toBe(201);
    const { partialSignatures } = JSON.parse(whole.statement) as ApprovalStatement;
    const found = await owner.query('SELECT FROM blob WHERE sha256 = $1', [partialSignatures]);
    expect(found.rowCount).toBe(1);
  });

  test.each([
    ['a NUL', 'wrong\u0000payee'],
    ['half a surrogate pair', 'wrong \ud800 payee'],
    ['a right-to-left override', 'wrong \u202e payee'],
  ])('cannot break a batch by a reason with %s', async (_, text) => {
    const reason = /[\ud800]/.test(text)
      ? { salt: '00'.repeat(16), digest: '0'.repeat(64) }
      : saltText(text);
    const no = body('bob', at(1), {
      decision: 'reject',
      reasonDigest: reason.digest,
      partialSignatures: null,
    });
    const sent = { ...no, blobs: [], reason: { salt: reason.salt, text } };
    expect(codeOf(await post('/v1/approvals', sent, bob))).toBe('schema.mismatch');
  });

  test('a request that was cut off leaves its Idempotency-Key free', async () => {
    const sent = JSON.stringify(body('bob', at(0)));
    await cutOff('/v1/approvals', sent, { 'idempotency-key': 'cut' });
    await pause(1_000);
    const again = await post('/v1/approvals', sent, bob, { 'idempotency-key': 'cut' });
    expect(again.status).toBe(201);
  });

  test('a connection that PostgreSQL cuts is no fault of the server: the caller may try again', async () => {
    const blocker = await owner.connect();
    await blocker.query('BEGIN; LOCK TABLE proposal IN ACCESS EXCLUSIVE MODE');
    const asked = server.send({ method: 'GET', path: '/v1/proposals', key: alice });
    const cut = `SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity
      WHERE usename = 'countersign_runtime' AND wait_event_type = 'Lock'`;
    while ((await blocker.query(cut)).rowCount === 0) await pause(20);
    await blocker.query('ROLLBACK');
    blocker.release();
    const answer = await asked;
    expect([answer.status, codeOf(answer)]).toEqual([503, 'log.unavailable']);
    expect(answer.body).toMatchObject({ retryable: true });
  });

  test('a stranger cannot fill the memory with large bodies, nor keep small ones out', async () => {
    const agent = new http.Agent({ maxSockets: 20 });
    const large = (): http.ClientRequest =>
      http.request(`${server.url}/v1/drafts`, {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': 25_000_000 },
      });
    const open = Array.from({ length: 8 }, () => {
      const request = large();
      request.on('error', () => undefined);
      request.write('{');
      return request;
    });
    await pause(300);
    const statusOf = (request: http.ClientRequest): Promise<number> =>
      new Promise((done, fail) => {
        request.on('response', ({ statusCode }) => {
          done(statusCode ?? 0);
        });
        request.on('error', fail);
        request.write('{');
      });
    const ninth = large();
    expect(await statusOf(ninth)).toBe(429);
    expect(codeOf(await post('/v1/approvals', {}, alice))).toBe('schema.mismatch');
    for (const request of [...open, ninth]) request.destroy();
    await pause(300);
    const whole = await fetch(`${server.url}/v1/drafts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify('a'.repeat(2_000_000)),
    });
    expect(whole.status).toBe(401);
    agent.destroy();
  });

  /** Sends a whole request and hangs up before the answer. */
  async function cutOff(path: string, text: string, headers: Record<string, string>) {
    const url = `${server.url}${path}`;
    const dpop = dpopProof(bob, { method: 'POST', url, now: Math.floor(Date.now() / 1000) });
    const log = server.server.app.get(LogService);
    const { size } = log.head('organisation');
    const blocker = await owner.connect();
    await blocker.query('BEGIN; LOCK TABLE log_head IN EXCLUSIVE MODE');
    const request = http.request(url, {
      method: 'POST',
      headers: {
        ...headers,
        dpop,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
      },
    });
    request.on('error', () => undefined);
    request.end(text);
    await pause(500);
    request.destroy();
    await pause(100);
    await blocker.query('ROLLBACK');
    blocker.release();
    while (log.head('organisation').size === size) await pause(20);
  }
});

describe('whoever writes to the database', () => {
  const world = new World();
  let database: TestDatabase;
  let files: FoundingFiles;
  let owner: pg.Pool;
  let environment: Record<string, string>;
  const running: TestSequencer[] = [];

  beforeAll(async () => {
    database = await startTestDatabase();
    files = foundingFiles(world);
    environment = { ...files.environment, DATABASE_URL: database.runtimeUrl };
    owner = new pg.Pool({ connectionString: database.ownerUrl });
  });

  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  afterAll(async () => {
    await owner.end();
    await database.stop();
    files.remove();
  });

  const start = async (): Promise<TestSequencer> => {
    const started = await startSequencer(environment);
    running.push(started);
    return started;
  };

  test('by taking a blob away stops the server instead of having it fold another state', async () => {
    const log = { size: world.leaves.length, root: toHex(world.state.tree.root()) };
    const { statement, coins } = world.draft({ pays: [[listedAddress, 20_000]] });
    const submission: Submission = {
      kind: 'organisation',
      leaf: entryBytes(world.sign({ ...statement, log }, coins)),
      blobs: [...world.store].map(([sha256, bytes]) => ({ sha256, bytes })),
      texts: [],
    };
    const first = await start();
    expect(await first.sequencer.submit(submission)).toMatchObject({ ok: true });
    for (const one of running.splice(0)) await one.stop();
    const { transaction } = statement.spend;
    const bytes = Buffer.from(world.store.get(transaction) ?? []);
    await owner.query('ALTER TABLE blob DISABLE TRIGGER USER');
    await owner.query('DELETE FROM blob WHERE sha256 = $1', [transaction]);
    const robbed = startSequencer(environment);
    expect(await Promise.race([robbed, pause(1_500, 'not served')])).toBe('not served');
    await owner.query('INSERT INTO blob VALUES ($1, $2)', [transaction, bytes]);
    running.push(await robbed);
  });
});
