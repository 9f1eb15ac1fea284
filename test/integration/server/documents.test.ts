import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { signSchnorr, xOnlyPointFromScalar } from 'tiny-secp256k1';
import { apiOf, openSession } from '../../../src/client/session.ts';
import type { ProofKey } from '../../../src/client/proof-key.ts';
import { es256ProofKey } from '../../../src/client/proof-key.ts';
import { emptyLog } from '../../../src/client/statements.ts';
import type {
  DocumentStatement,
  FreezeStatement,
  Statement,
} from '../../../src/core/approval/statement.ts';
import { statementDigest, textDigest } from '../../../src/core/approval/statement.ts';
import { fromHex, fromUtf8, toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import { DOCUMENTS_UNSIGNED, DOCUMENT_PLACE_SECONDS } from '../../../src/core/base/limits.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import type { CharterBody, CountersignDocument } from '../../../src/core/governance/document.ts';
import { documentDigest } from '../../../src/core/governance/document.ts';
import { entryBytes, parseEntry } from '../../../src/core/log/entry.ts';
import { freezesView } from '../../../src/server/approvals/approvals.schema.ts';
import { documentView, documentsView } from '../../../src/server/documents/documents.schema.ts';
import { budgetView } from '../../../src/server/wallets/wallets.schema.ts';
import { documentStatement, freezeStatement, nextVersion } from '../../support/governing.ts';
import { TestServer, codeOf } from '../../support/server.ts';
import { World } from '../../support/world.ts';

const day = 86_400;
const delay = 3_600;
const reason = { salt: '00'.repeat(16), text: 'alarm' };
const recoveryKey = { id: 'paper-1', secretKey: sha256(utf8('recovery/paper-1')) };
const policy = `
policy: hot-1
timezone: Asia/Tokyo
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
  - { name: daily, amount: 2 BTC, per: 24h }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: all payments
    when: { destinations: { any: [listed, unlisted] } }
    require: { approvals: { all: [{ from: treasury, atLeast: 1 }, { from: compliance, atLeast: 1 }] } }
`;

/** A server and the very log that it keeps as a world: what one takes, the other folds; the world's signer answers. */
class Governed {
  readonly world: World;
  readonly server: TestServer;
  readonly #sessions = new Map<string, ProofKey>();

  private constructor(world: World, server: TestServer) {
    this.world = world;
    this.server = server;
  }

  static async start(options: ConstructorParameters<typeof World>[0] = {}): Promise<Governed> {
    const world = new World({ policy, governorsNeeded: 2, ...options });
    world.now = Math.floor(Date.now() / 1000);
    const governed = new Governed(world, await TestServer.start(world));
    try {
      await governed.signer(() => {
        world.start();
        world.round();
      });
      await governed.pass(delay);
      return governed;
    } catch (error) {
      await governed.server.stop();
      throw error;
    }
  }

  async session(member: string): Promise<ProofKey> {
    const known = this.#sessions.get(member) ?? (await this.server.session(member));
    this.#sessions.set(member, known);
    return known;
  }

  /** Whatever the signer does, its receipts reach the server. */
  async signer(work: () => void): Promise<void> {
    const from = this.world.leaves.length;
    work();
    const receipts = this.world.leaves.slice(from).flatMap((leaf) => {
      const entry = parseEntry(leaf);
      if (!entry.ok || entry.value.type !== 'receipt') return [];
      const { receipt, signature } = entry.value;
      return [{ receipt: fromUtf8(canonicalBytes(receipt)) ?? '', signature, blobs: [] }];
    });
    if (receipts.length === 0) return;
    const sent = { method: 'POST', path: '/v1/receipts', body: { receipts } };
    const answer = await this.server.send(sent);
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
  }

  round(): Promise<void> {
    return this.pass(0);
  }

  /** The signer's round, so much later than its last record. People go on at our time: the server has no other. */
  async pass(seconds: number): Promise<void> {
    const { world } = this;
    const now = Math.floor(Date.now() / 1000);
    world.now = Math.max(now, world.ledger.at) + seconds;
    await this.signer(() => world.round());
    world.now = now;
  }

  /** The time of the signer's last record. */
  get at(): number {
    return this.world.ledger.at;
  }

  async publish(member: string, document: CountersignDocument): Promise<string> {
    const bytes = canonicalBytes(document);
    const answer = await this.server.send({
      method: 'POST',
      path: '/v1/documents',
      key: await this.session(member),
      body: { document: fromUtf8(bytes) },
    });
    if (answer.status >= 300) return codeOf(answer);
    return this.world.append(entryBytes({ type: 'document', document: this.world.blob(bytes) }));
  }

  /** Sends a statement by a session; the world takes what the server took. */
  async say(
    statement: Statement,
    by: { readonly key?: ProofKey; readonly secretKey?: Uint8Array } = {},
  ): Promise<string> {
    const secret = by.secretKey ?? this.world.members.get(statement.member)?.device.secretKey;
    if (secret === undefined) throw new Error('who signs?');
    const signature = toHex(signSchnorr(fromHex(statementDigest(statement)), secret));
    const text = fromUtf8(canonicalBytes(statement)) ?? '';
    const isFreeze = statement.type === 'freeze';
    const answer = await this.server.send({
      method: 'POST',
      path: isFreeze ? '/v1/freezes' : '/v1/statements',
      key: by.key ?? (await this.session(statement.member)),
      body: { statement: text, signature, ...(isFreeze ? { reason } : {}) },
    });
    if (answer.status >= 300) return codeOf(answer);
    return this.world.append(entryBytes({ type: 'statement', statement, signature, coins: null }));
  }

  sign(
    member: string,
    document: CountersignDocument,
    decision: DocumentStatement['decision'] = 'approve',
  ): Promise<string> {
    return this.say(documentStatement(this.world, member, document, decision));
  }

  async view(document: CountersignDocument) {
    const path = `/v1/documents/${documentDigest(document)}`;
    const key = await this.session('alice');
    const { body } = await this.server.send({ method: 'GET', path, key });
    return documentView.parse(body);
  }

  async stands(document: CountersignDocument): Promise<string | undefined> {
    return (await this.view(document)).standings[0]?.stands;
  }
}

const withMost = (governed: Governed, most: number) =>
  nextVersion(governed.world, 'policy', (body) => ({
    ...body,
    limits: body.limits.map((limit) => (limit.name === 'daily' ? { ...limit, most } : limit)),
  }));
const withMember = (
  governed: Governed,
  id: string,
  change: (member: CharterBody['members'][number]) => Partial<CharterBody['members'][number]>,
) =>
  nextVersion(governed.world, 'charter', (body) => ({
    ...body,
    members: body.members.map((one) => (one.id === id ? { ...one, ...change(one) } : one)),
  }));

describe('documents changed through the server', () => {
  let governed: Governed;
  beforeAll(async () => {
    // Four of whom two suffice: one may suspend another.
    const others = [{ id: 'governor-4', groups: ['governors'] }];
    governed = await Governed.start({ delaySeconds: delay, others });
  }, 60_000);
  afterAll(() => governed.server.stop());

  test('a loosening needs the clauses, waits its delay at the signer, and then is in force there', async () => {
    const looser = withMost(governed, 300_000_000);
    expect(await governed.publish('governor-1', looser)).toBe('applied');
    expect((await governed.view(looser)).standings).toMatchObject([
      {
        wallet: 'hot-1',
        stands: 'unsigned',
        missing: [
          {
            from: 'governors',
            count: 2,
            may: ['governor-1', 'governor-2', 'governor-3', 'governor-4'],
          },
        ],
      },
    ]);
    expect(await governed.sign('governor-1', looser)).toBe('applied');
    await governed.round();
    expect(await governed.stands(looser)).toBe('unsigned');
    expect(await governed.sign('governor-2', looser)).toBe('applied');
    await governed.round();
    const seen = governed.at;
    const waiting = await governed.view(looser);
    expect(waiting).toMatchObject({
      approvedBy: ['governor-1', 'governor-2'],
      inForce: false,
      standings: [{ stands: 'waiting', by: 'quorum', from: formatTime(seen + delay), missing: [] }],
    });
    await governed.pass(delay);
    expect(await governed.view(looser)).toMatchObject({
      inForce: true,
      standings: [{ stands: 'in-force', by: 'quorum', since: formatTime(seen + delay) }],
    });
    const key = await governed.session('alice');
    const listed = await governed.server.send({
      method: 'GET',
      path: '/v1/documents?kind=policy',
      key,
    });
    expect(
      documentsView.parse(listed.body).items.map(({ standings }) => standings[0]?.stands),
    ).toEqual(['replaced', 'in-force']);
  });

  test('any governor vetoes while it waits', async () => {
    const looser = withMost(governed, 400_000_000);
    await governed.publish('governor-1', looser);
    await governed.sign('governor-1', looser);
    await governed.sign('governor-2', looser);
    await governed.round();
    expect(await governed.sign('governor-3', looser, 'veto')).toBe('applied');
    await governed.pass(delay);
    expect(await governed.view(looser)).toMatchObject({
      vetoedBy: ['governor-3'],
      standings: [{ stands: 'vetoed', because: 'governor-3' }],
    });
  });

  test('one governor suspends at once; the suspended one reads, and says no and nothing else', async () => {
    const suspends = withMember(governed, 'governor-3', () => ({ suspended: true }));
    await governed.publish('governor-1', suspends);
    expect(await governed.sign('governor-1', suspends)).toBe('applied');
    await governed.round();
    expect((await governed.view(suspends)).standings).toMatchObject([
      { stands: 'in-force', by: 'one' },
    ]);
    const looser = withMost(governed, 500_000_000);
    await governed.publish('governor-1', looser);
    expect(await governed.sign('governor-3', looser)).toBe('member.suspended');
    const key = await governed.session('governor-3');
    for (const path of ['/v1/drafts', '/v1/proposals', '/v1/sandbox/blocks']) {
      const answer = await governed.server.send({ method: 'POST', path, key, body: {} });
      expect([path, codeOf(answer)]).toEqual([path, 'member.suspended']);
    }
    expect(await governed.sign('governor-3', looser, 'veto')).toBe('applied');
    expect((await governed.view(looser)).vetoedBy).toEqual(['governor-3']);
    // Undoing one governor's word takes the quorum, and no time.
    const undone = withMember(governed, 'governor-3', () => ({ suspended: false }));
    await governed.publish('governor-1', undone);
    await governed.sign('governor-1', undone);
    await governed.sign('governor-2', undone);
    await governed.round();
    expect((await governed.view(undone)).standings).toMatchObject([
      { stands: 'in-force', by: 'undo' },
    ]);
  });

  test('so does a suspended device; and what never changes cannot be changed', async () => {
    const device = (suspended: boolean) =>
      withMember(governed, 'governor-3', ({ devices }) => ({
        devices: devices.map((one) => ({ ...one, suspended })),
      }));
    const suspends = device(true);
    await governed.publish('governor-1', suspends);
    await governed.sign('governor-1', suspends);
    await governed.round();
    const key = await governed.session('governor-3');
    const answer = await governed.server.send({
      method: 'POST',
      path: '/v1/drafts',
      key,
      body: {},
    });
    expect(codeOf(answer)).toBe('device.suspended');
    const undone = device(false);
    await governed.publish('governor-1', undone);
    for (const member of ['governor-1', 'governor-2']) await governed.sign(member, undone);
    await governed.round();
    expect(await governed.stands(undone)).toBe('in-force');
    const moved = nextVersion(governed.world, 'charter', (body) => ({
      ...body,
      log: { ...body.log, origin: 'other.example/log' },
    }));
    expect(await governed.publish('governor-1', moved)).toBe('charter.changed');
  });

  test('a new device may read and confirm itself, and nothing else before', async () => {
    const secretKey = sha256(utf8('phone of bob'));
    const device = {
      id: 'phone',
      kind: 'secp256k1' as const,
      key: toHex(xOnlyPointFromScalar(secretKey)),
      suspended: false,
    };
    const open = () =>
      openSession({
        server: governed.server.url,
        org: governed.world.genesis,
        device: { member: 'bob', device: 'phone', secretKey },
        log: emptyLog,
        now: Math.floor(Date.now() / 1000),
      });
    expect(await open()).toMatchObject({ refusal: { code: 'device.unknown' } });
    const enrolled = withMember(governed, 'bob', ({ devices }) => ({
      devices: [...devices, device],
    }));
    await governed.publish('governor-1', enrolled);
    await governed.sign('governor-1', enrolled);
    await governed.sign('governor-2', enrolled);
    await governed.round();
    await governed.pass(delay);
    const opened = await open();
    if (!opened.ok) throw new Error(opened.refusal.code);
    const api = apiOf(governed.server.url, opened.value.key);
    expect(await api.organisation()).toMatchObject({ ok: true });
    const key = es256ProofKey(opened.value.key);
    for (const path of ['/v1/drafts', '/v1/approvals', '/v1/freezes', '/v1/documents']) {
      const answer = await governed.server.send({ method: 'POST', path, key, body: {} });
      expect([path, codeOf(answer)]).toEqual([path, 'device.unconfirmed']);
    }
    const word = (decision: DocumentStatement['decision'], name: string) => ({
      ...documentStatement(governed.world, 'bob', enrolled, decision),
      device: name,
    });
    // His other device's word is not this one's to carry.
    expect(await governed.say(word('confirm', 'cli'), { key })).toBe('device.unconfirmed');
    expect(await governed.say(word('veto', 'phone'), { key, secretKey })).toBe(
      'device.unconfirmed',
    );
    expect(await governed.say(word('confirm', 'phone'), { key, secretKey })).toBe('applied');
    const answer = await governed.server.send({
      method: 'POST',
      path: '/v1/approvals',
      key,
      body: {},
    });
    expect(codeOf(answer)).toBe('schema.mismatch');
  });

  test('who neither governs nor may freeze publishes nothing', async () => {
    expect(await governed.publish('alice', withMost(governed, 600_000_000))).toBe('member.role');
    expect(await governed.publish('officer', withMost(governed, 600_000_000))).toBe('applied');
  });

  test('a refused document keeps its place for an hour: a stolen session has no proof after proof made', async () => {
    const asserting = (most: number) =>
      nextVersion(governed.world, 'policy', (body) => ({
        ...body,
        assert: [{ compromised: 5, windowSeconds: null, movesAtMost: most }],
      }));
    for (let most = 1; most <= DOCUMENTS_UNSIGNED; most++)
      expect(await governed.publish('governor-4', asserting(most))).toBe('policy.assertion.failed');
    const aged = async (seconds: number) => {
      const owner = new Client({ connectionString: governed.server.ownerUrl });
      await owner.connect();
      const past = `UPDATE publication SET at = now() - make_interval(secs => $1)
                    WHERE digest = $2`;
      await owner.query(past, [seconds, documentDigest(asserting(1))]);
      await owner.end();
    };
    const more = asserting(DOCUMENTS_UNSIGNED + 1);
    expect(await governed.publish('governor-4', more)).toBe('document.unsigned.many');
    await aged(DOCUMENT_PLACE_SECONDS - 60);
    expect(await governed.publish('governor-4', more)).toBe('document.unsigned.many');
    await aged(DOCUMENT_PLACE_SECONDS);
    expect(await governed.publish('governor-4', more)).toBe('policy.assertion.failed');
    expect(await governed.publish('governor-4', asserting(1_000))).toBe('document.unsigned.many');
    expect(await governed.publish('governor-3', more)).toBe('policy.assertion.failed');
  });

  test('a stolen session fills the log with no more than its share of unsigned documents', async () => {
    const charters = (count: number) =>
      nextVersion(governed.world, 'charter', (body) => ({
        ...body,
        coolDowns: { ...body.coolDowns, deviceSeconds: count },
      }));
    for (let count = 1; count <= DOCUMENTS_UNSIGNED; count++)
      expect(await governed.publish('governor-2', charters(count))).toBe('applied');
    const more = charters(DOCUMENTS_UNSIGNED + 1);
    expect(await governed.publish('governor-2', more)).toBe('document.unsigned.many');
    expect(await governed.publish('governor-2', charters(1))).toBe('document.duplicate');
    expect(await governed.publish('governor-3', more)).toBe('applied');
    // One word on one of them, and there is room for another.
    await governed.sign('governor-3', charters(1), 'veto');
    expect(await governed.publish('governor-2', charters(1_000))).toBe('applied');
    expect(await governed.publish('governor-2', charters(1_001))).toBe('document.unsigned.many');
  });
});

describe('freezes', () => {
  let governed: Governed;
  beforeAll(async () => {
    governed = await Governed.start({ governorsNeeded: 3 });
  }, 60_000);
  afterAll(() => governed.server.stop());

  const open = async () => {
    const key = await governed.session('alice');
    const { body } = await governed.server.send({ method: 'GET', path: '/v1/freezes', key });
    return freezesView.parse(body).items;
  };
  const frozen = (member: string, over: Partial<FreezeStatement>) =>
    freezeStatement(governed.world, member, {
      reasonDigest: textDigest(reason.salt, reason.text),
      ...over,
    });

  test('are lifted by the quorum, and not by two of three', async () => {
    const freeze = frozen('officer', {});
    expect(await governed.say(freeze)).toBe('applied');
    const lifts = [statementDigest(freeze)];
    expect(await open()).toMatchObject([
      { freeze: lifts[0], wallet: 'hot-1', by: 'officer', reason, liftedBy: [] },
    ]);
    const lift = (member: string) => governed.say(frozen(member, { action: 'unfreeze', lifts }));
    expect(await lift('officer')).toBe('member.role');
    expect(await lift('governor-1')).toBe('applied');
    expect(await lift('governor-2')).toBe('applied');
    await governed.round();
    expect(await open()).toMatchObject([
      {
        liftedBy: ['governor-1', 'governor-2'],
        stops: [
          { wallet: 'hot-1', missing: [{ from: 'governors', count: 1, may: ['governor-3'] }] },
        ],
      },
    ]);
    expect(await lift('governor-3')).toBe('applied');
    await governed.round();
    expect(await open()).toEqual([]);
  });

  test('a lifting is of now; a freeze counts whenever it was signed', async () => {
    const old = {
      issuedAt: formatTime(governed.world.now - 2 * day),
      expiresAt: formatTime(governed.world.now - day),
    };
    const freeze = frozen('officer', { wallet: '*', ...old });
    expect(await governed.say(freeze)).toBe('applied');
    const lifts = [statementDigest(freeze)];
    const late = frozen('governor-1', { wallet: '*', action: 'unfreeze', lifts, ...old });
    expect(await governed.say(late)).toBe('statement.expired');
    const wrong = frozen('governor-1', { wallet: 'hot-1', action: 'unfreeze', lifts });
    expect(await governed.say(wrong)).toBe('freeze.unknown');
  });
});

describe('recovery', () => {
  let governed: Governed;
  beforeAll(async () => {
    governed = await Governed.start({
      governorsNeeded: 3,
      recovery: {
        keys: [{ id: recoveryKey.id, key: toHex(xOnlyPointFromScalar(recoveryKey.secretKey)) }],
        needed: 1,
        delaySeconds: 14 * day,
      },
    });
  }, 60_000);
  afterAll(() => governed.server.stop());

  test("a recovery key's word comes by any session and brings nothing in force before its time", async () => {
    const replaces = withMember(governed, 'governor-1', ({ devices }) => ({
      devices: devices.map((device) => ({ ...device, id: 'new', key: 'ab'.repeat(32) })),
    }));
    expect(await governed.publish('officer', replaces)).toBe('applied');
    const statement = {
      ...documentStatement(governed.world, 'recovery', replaces),
      device: recoveryKey.id,
    };
    const key = await governed.session('alice');
    const { secretKey } = recoveryKey;
    expect(await governed.say(statement, { key, secretKey: sha256(utf8('another')) })).toBe(
      'statement.signature',
    );
    expect(await governed.say(statement, { key, secretKey })).toBe('applied');
    await governed.round();
    const seen = governed.at;
    await governed.pass(14 * day - 1);
    expect(await governed.view(replaces)).toMatchObject({
      recoveredBy: ['paper-1'],
      standings: [{ stands: 'waiting', by: 'recovery', from: formatTime(seen + 14 * day) }],
    });
    await governed.pass(14 * day);
    expect(await governed.stands(replaces)).toBe('in-force');
  });

  test('it signs no other document', async () => {
    const book = nextVersion(governed.world, 'destinations', () => ({ entries: [] }));
    expect(await governed.publish('officer', book)).toBe('applied');
    const statement = {
      ...documentStatement(governed.world, 'recovery', book),
      device: recoveryKey.id,
    };
    const key = await governed.session('alice');
    expect(await governed.say(statement, { key, secretKey: recoveryKey.secretKey })).toBe(
      'document.recovery',
    );
  });
});

describe('the budget of a wallet', () => {
  let governed: Governed;
  beforeAll(async () => {
    governed = await Governed.start();
  }, 60_000);
  afterAll(() => governed.server.stop());

  test('tells each limit in satoshi: spent, reserved, asked and free', async () => {
    const key = await governed.session('alice');
    const answer = await governed.server.send({
      method: 'GET',
      path: '/v1/wallets/hot-1/budget',
      key,
    });
    expect(budgetView.parse(answer.body)).toMatchObject({
      wallet: 'hot-1',
      policy: governed.world.state.policies.get('hot-1')?.digest,
      limits: [
        { name: 'per payment', most: 100_000_000, asked: 0 },
        { name: 'daily', most: 200_000_000, spent: 0, reserved: 0, asked: 0, free: 200_000_000 },
      ],
    });
    const path = '/v1/wallets/nothing/budget';
    expect(codeOf(await governed.server.send({ method: 'GET', path, key }))).toBe('wallet.unknown');
  });
});
