import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { Http } from '../../../src/client/http.ts';
import { Api } from '../../../src/client/api.ts';
import type { ProofKey } from '../../../src/client/proof-key.ts';
import { blobAddress } from '../../../src/core/base/digest.ts';
import { blobsOf, blobsOfCoins, parseEntry } from '../../../src/core/log/entry.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import type { PolicyBody } from '../../../src/core/policy/body.ts';
import { LogService } from '../../../src/server/log/log.service.ts';
import { SequencerService } from '../../../src/server/log/sequencer.service.ts';
import { AnalysisThread } from '../../../src/server/policies/analysis-thread.ts';
import { PoliciesService } from '../../../src/server/policies/policies.service.ts';
import { ShadowJudge } from '../../../src/server/policies/shadow-judge.ts';
import { newest, nextVersion, policyBody, publish } from '../../support/governing.ts';
import { aPolicy } from '../../support/policy-builder.ts';
import { codeOf, passed } from '../../support/psbt.ts';
import { TestServer } from '../../support/server.ts';
import {
  World,
  approveAll,
  listedAddress,
  policyOf,
  strangerAddress,
} from '../../support/world.ts';
import { documentDigest } from '../../../src/core/governance/document.ts';

const now = (): number => Math.floor(Date.now() / 1_000);
const same = policyOf('hot-1');
const denyAll = policyBody(same.replace(/ {4}require:[\s\S]*/, '    deny: true\n'));
const allowAll = policyBody(
  same
    .replace('amount: 1 BTC', 'amount: 1000 BTC')
    .replace('amount: 2 BTC', 'amount: 1000 BTC')
    .replace(/approvals:[\s\S]*/, 'approvals: { from: treasury, atLeast: 1 }\n'),
);

/** A server that follows a world: what the world's people and signer do is handed in, in order. */
class Following {
  readonly server: TestServer;
  readonly world: World;

  private constructor(server: TestServer, world: World) {
    this.server = server;
    this.world = world;
  }

  static async start(): Promise<Following> {
    const world = new World();
    world.now = now();
    world.start();
    world.round();
    return new Following(await TestServer.start(world), world);
  }

  async api(member: string): Promise<Api> {
    return new Api(new Http({ server: this.server.url, key: await this.key(member) }));
  }

  key(member: string): Promise<ProofKey> {
    return this.server.session(member);
  }

  /** Hands in what the server has not. Throws where it is refused there and was not in the world. */
  async sync(): Promise<void> {
    const { app } = this.server.server;
    const size = app.get(LogService).state().tree.size;
    for (const leaf of this.world.leaves.slice(size)) {
      const entry = passed(parseEntry(leaf));
      const named = blobsOf(entry).flatMap((sha256) => this.#blob(sha256));
      const parents = named.flatMap(({ bytes }) => blobsOfCoins(bytes));
      const blobs = [...named, ...parents.flatMap((sha256) => this.#blob(sha256))];
      const handed = { kind: 'organisation', leaf, blobs, texts: [] } as const;
      passed(await app.get(SequencerService).submit(handed));
    }
    await app.get(ShadowJudge).settled();
  }

  #blob(sha256: string): readonly { readonly sha256: string; readonly bytes: Uint8Array }[] {
    const bytes = this.world.store.get(sha256);
    return bytes === undefined ? [] : [{ sha256: blobAddress(bytes), bytes }];
  }

  /** The whole way to a signature. */
  async sign(amount: number): Promise<ProposalRecord> {
    const { world } = this;
    const proposal = world.propose({ pays: [[strangerAddress, amount]] });
    await this.sync();
    approveAll({ world, proposal });
    world.round();
    await this.sync();
    world.now += 60;
    world.round();
    await this.sync();
    return proposal;
  }

  isSigned({ digest }: ProposalRecord): boolean {
    const state = this.server.server.app.get(LogService).state();
    return state.ledgers.get('hot-1')?.signed.has(digest) === true;
  }
}

describe('analyses by the API', () => {
  let following: Following;
  let api: Api;

  beforeAll(async () => {
    following = await Following.start();
    api = await following.api('carol');
  });

  afterAll(async () => {
    await following.server.stop();
  });

  const current = (): PolicyBody => newest(following.world, 'policy').body;

  test('check names everything that keeps a policy from being published', async () => {
    expect(passed(await api.checkPolicy({ wallet: 'hot-1', policy: current() }))).toEqual({
      ok: true,
      problems: [],
    });
    const assert = [{ compromised: 5, windowSeconds: 86_400, movesAtMost: 0 }];
    const policy = { ...current(), rules: [...current().rules, ...current().rules], assert };
    const found = passed(await api.checkPolicy({ wallet: 'hot-1', policy }));
    expect(found.ok).toBe(false);
    expect(found.problems.map(({ code, where }) => [code, where])).toEqual([
      ['policy.name.duplicate', 'rules[1]'],
      ['policy.assertion.failed', 'assert[0]'],
    ]);
    expect(found.problems[1]?.example).toMatchObject({ compromised: 5, movesAtMost: 0 });
  });

  test('check refuses the policy of another wallet and a wallet that is not there', async () => {
    const policy = aPolicy({ wallet: 'hot-9' });
    expect(codeOf(await api.checkPolicy({ wallet: 'hot-1', policy }))).toBe(
      'policy.wallet.mismatch',
    );
    expect(codeOf(await api.checkPolicy({ wallet: 'hot-9', policy }))).toBe('wallet.unknown');
  });

  test('a policy of another form, or nested too deep, is refused by its code', async () => {
    const key = await following.key('carol');
    const post = (policy: unknown) =>
      following.server.send({
        ...{ method: 'POST', path: '/v1/policies/check', key, body: { wallet: 'hot-1', policy } },
      });
    expect((await post({ ...current(), extra: 1 })).body).toMatchObject({
      code: 'schema.mismatch',
    });
    let clause: unknown = { from: 'treasury', atLeast: 1, kinds: null };
    for (let i = 0; i < 1_000; i++) clause = { all: [clause] };
    expect((await post({ ...current(), rules: clause })).body).toMatchObject({
      code: 'json.depth',
    });
  });

  test('diff compares with the policy in force unless another is given', async () => {
    const loose = passed(await api.diffPolicies({ wallet: 'hot-1', after: allowAll }));
    expect(loose.verdict).toBe('loosens');
    expect(loose.easier.length).toBeGreaterThan(0);
    const back = { wallet: 'hot-1', before: allowAll, after: current() };
    expect(passed(await api.diffPolicies(back)).verdict).toBe('tightens');
    const none = { wallet: 'hot-1', after: current() };
    expect(passed(await api.diffPolicies(none)).verdict).toBe('same');
  });

  test('explain says what a spend of today would wait for', async () => {
    const spend = {
      spend: { initiator: 'operator', pay: [{ amount: '0.5 BTC' }], fee: '1000 sat', vbytes: 200 },
      approvals: ['alice', 'carol'],
    };
    const found = passed(await api.explainPolicy({ wallet: 'hot-1', spend }));
    expect(found).toMatchObject({ outcome: 'pending', notBefore: null });
    const full = { ...spend, approvals: ['alice', 'bob', 'carol'] };
    expect(passed(await api.explainPolicy({ wallet: 'hot-1', spend: full })).outcome).toBe(
      'waiting',
    );
  });

  test('the blast radius holds what is signed and not yet confirmed', async () => {
    const before = passed(await api.blastRadius({ wallet: 'hot-1', upTo: 0 }));
    expect(before).toMatchObject({ window: 86_400, rows: [{ compromised: 0, sats: 0, who: [] }] });
    const { view } = await following.sign(1_000_000);
    const after = passed(await api.blastRadius({ wallet: 'hot-1', upTo: 1 }));
    const sats = Number(view.amountSats + view.feeSats);
    expect(after.rows).toMatchObject([
      { compromised: 0, sats, how: 'unseen' },
      { compromised: 1, sats },
    ]);
    const unlocked = { wallet: 'hot-1', upTo: 1, unlockers: ['officer'] };
    expect(passed(await api.blastRadius(unlocked)).rows[1]).toMatchObject({
      sats: 'everything',
      who: ['officer'],
      how: 'signer',
    });
  });

  test('a replay tells which signed proposals another policy would have stopped', async () => {
    const { digest, view } = await following.sign(1_200_000);
    const same = passed(await api.replayPolicy({ wallet: 'hot-1', policy: current() }));
    expect(same.agreeing).toBe(same.proposals);
    const denied = passed(await api.replayPolicy({ wallet: 'hot-1', policy: denyAll }));
    expect(denied.changes['stopped']).toEqual(denied.signed);
    expect(denied.signed.sats).toBeGreaterThanOrEqual(Number(view.amountSats));
    expect(denied.differing.find(({ proposal }) => proposal === digest)).toMatchObject({
      change: 'stopped',
      instead: { code: 'policy.denied', rule: 'all payments' },
    });
  });

  test('a replay is of a wallet that is there, of its policy, of a log that is not too long, one at a time', async () => {
    const asked = { wallet: 'hot-1', policy: denyAll };
    expect(codeOf(await api.replayPolicy({ ...asked, wallet: 'hot-9' }))).toBe(
      'policy.wallet.mismatch',
    );
    const policy = aPolicy({ wallet: 'hot-9' });
    expect(codeOf(await api.replayPolicy({ wallet: 'hot-9', policy }))).toBe('wallet.unknown');
    const service = following.server.server.app.get(PoliciesService);
    const { size } = following.server.server.app.get(LogService).head('organisation');
    const posted = { ...asked, policy: { ...denyAll } };
    const replay = (entries: number, length = 64_000_000) =>
      service.replay(posted, { entries, length });
    expect(codeOf(await replay(size - 1))).toBe('policy.replay.toolarge');
    expect(codeOf(await replay(size, 1_000))).toBe('policy.replay.toolarge');
    const both = await Promise.all([replay(size), replay(size)]);
    expect(both.map(codeOf).sort()).toEqual(['passed', 'policy.analysis.busy']);
  });

  test('an analysis that takes too long ends with a code, and the next one is answered', async () => {
    // A thread that has yet to start cannot answer at once.
    const thread = new AnalysisThread();
    const setting = { members: [], initiators: [], policy: current(), book: null };
    const question = { kind: 'diff', before: setting, after: setting } as const;
    const late = await thread.ask<'diff'>(question, 0);
    expect(late).toMatchObject({ ok: false, refusal: { code: 'policy.analysis.timeout' } });
    expect(await thread.ask<'diff'>(question)).toMatchObject({ ok: true });
    await thread.onApplicationShutdown();
  });

  test('no more wait than are let to', async () => {
    const thread = following.server.server.app.get(AnalysisThread);
    const setting = { members: [], initiators: [], policy: current(), book: null };
    const question = { kind: 'diff', before: setting, after: setting } as const;
    const asked = Array.from({ length: 10 }, () => thread.ask<'diff'>(question));
    const answers = await Promise.all(asked);
    expect(answers.filter(({ ok }) => ok)).toHaveLength(9);
    expect(answers.at(-1)).toMatchObject({ refusal: { code: 'policy.analysis.busy' } });
  });
});

describe('a shadow policy', () => {
  let following: Following;
  let governor: Api;
  let owner: pg.Pool;

  beforeAll(async () => {
    following = await Following.start();
    governor = await following.api('governor-1');
    owner = new pg.Pool({ connectionString: following.server.ownerUrl });
  });

  afterAll(async () => {
    await owner.end();
    await following.server.stop();
  });

  test('is attached by governors, for its wallet, and by nobody else', async () => {
    const operator = await following.api('operator');
    expect(codeOf(await operator.attachShadow('hot-1', denyAll))).toBe('member.role');
    expect(codeOf(await operator.clearShadow('hot-1'))).toBe('member.role');
    expect(codeOf(await governor.attachShadow('hot-1', aPolicy({ wallet: 'hot-2' })))).toBe(
      'policy.wallet.mismatch',
    );
    expect(codeOf(await governor.attachShadow('hot-9', denyAll))).toBe('wallet.unknown');
    expect(codeOf(await governor.clearShadow('hot-1'))).toBe('policy.shadow.none');
    expect(passed(await operator.shadow('hot-1'))).toMatchObject({ shadow: null, proposals: 0 });
  });

  test('that denies everything sees a spend signed, and says what it would have said', async () => {
    expect(passed(await governor.attachShadow('hot-1', denyAll))).toMatchObject({
      shadow: { by: 'governor-1', policy: denyAll },
      proposals: 0,
    });
    const proposal = await following.sign(1_000_000);
    expect(following.isSigned(proposal)).toBe(true);
    const found = passed(await governor.shadow('hot-1'));
    expect(found).toMatchObject({ proposals: 1, agreeing: 0, faults: 0, next: null });
    expect(found.differing).toMatchObject([
      {
        proposal: proposal.digest,
        name: proposal.name,
        amountSats: 1_000_000,
        change: 'stopped',
        happened: { outcome: 'signed', code: null },
        instead: { outcome: 'refused', code: 'policy.denied', rule: 'all payments' },
      },
    ]);
    // Every change of the verdict is a row: proposed, quorum, signed.
    const { rows } = await owner.query<{ said: string }>(
      'SELECT said FROM shadow_verdict WHERE proposal = $1 ORDER BY id',
      [proposal.digest],
    );
    const codes = rows.map(({ said }) => said.split(' / ')[0]?.trim());
    expect(codes[0]).toMatch(/^pending policy\.quorum\.missing/);
    expect(codes).toContain('waiting policy.delay.waiting');
    expect(codes.at(-1)).toBe('signed');
    expect(new Set(rows.map(({ said }) => said)).size).toBe(rows.length);
  });

  test('that allows everything sees a denied spend stay denied', async () => {
    passed(await governor.attachShadow('hot-1', allowAll));
    const { world } = following;
    const proposal = world.propose({ pays: [[listedAddress, 150_000_000]] });
    world.approve('alice', proposal);
    world.round();
    await following.sync();
    world.now += 3_600;
    world.round();
    await following.sync();
    expect(following.isSigned(proposal)).toBe(false);
    const [newestOne] = passed(await governor.shadow('hot-1')).differing;
    expect(newestOne).toMatchObject({
      proposal: proposal.digest,
      change: 'passes',
      happened: { outcome: 'refused', code: 'policy.limit.exceeded', rule: 'per payment' },
      instead: { code: 'signer.pending' },
    });
  });

  test('that is the policy in force agrees on everything', async () => {
    const { body } = newest(following.world, 'policy');
    passed(await governor.attachShadow('hot-1', body));
    await following.sign(20_000);
    const found = passed(await governor.shadow('hot-1'));
    expect(found.agreeing).toBe(found.proposals);
    expect(found).toMatchObject({ faults: 0, differing: [] });
  });

  test('may be a document in the log that nobody signed', async () => {
    const { world, server } = following;
    const document = nextVersion(world, 'policy', (body) => ({ ...body, limits: [] }));
    expect(publish(world, document)).toBe('applied');
    await following.sync();
    const digest = documentDigest(document);
    const key = await following.key('governor-2');
    const path = '/v1/wallets/hot-1/shadow';
    const answer = await server.send({ method: 'POST', path, key, body: { document: digest } });
    expect(answer).toMatchObject({ status: 200, body: { shadow: { policy: { limits: [] } } } });
    const none = { document: 'ab'.repeat(32) };
    const refused = await server.send({ method: 'POST', path, key, body: none });
    expect(refused.body).toMatchObject({ code: 'document.unknown' });
  });

  test('that cannot be judged is noted as a fault, and the spend is signed', async () => {
    passed(await governor.attachShadow('hot-1', denyAll));
    await owner.query(
      `UPDATE shadow SET policy = '{"rules": 1}' WHERE id = (SELECT max(id) FROM shadow)`,
    );
    // What the judge has read lives a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const proposal = await following.sign(30_000);
    expect(following.isSigned(proposal)).toBe(true);
    const found = passed(await governor.shadow('hot-1'));
    expect(found.faults).toBeGreaterThan(0);
    expect(found.shadow).toMatchObject({ policy: null });
    const { rows } = await owner.query(`SELECT fault FROM shadow_verdict WHERE proposal = $1`, [
      proposal.digest,
    ]);
    expect(rows).toContainEqual({ fault: 'schema.mismatch' });
  });

  test('goes when it is taken away, and its rows stay', async () => {
    const rows = async () => (await owner.query('SELECT id FROM shadow_verdict')).rowCount;
    const before = await rows();
    expect(passed(await governor.clearShadow('hot-1')).shadow).toBeNull();
    await following.sign(40_000);
    expect(await rows()).toBe(before);
  });

  test('the role of the server adds rows and changes none', async () => {
    const { rows } = await owner.query<{ privilege_type: string }>(
      `SELECT DISTINCT privilege_type FROM information_schema.role_table_grants
       WHERE table_name IN ('shadow', 'shadow_verdict') AND grantee = 'countersign_runtime'
       ORDER BY 1`,
    );
    expect(rows.map(({ privilege_type: privilege }) => privilege)).toEqual(['INSERT', 'SELECT']);
  });
});
