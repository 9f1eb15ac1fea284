import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFollower } from '../../../src/client/log-follower.ts';
import type { Statement } from '../../../src/core/approval/statement.ts';
import { textDigest } from '../../../src/core/approval/statement.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { ok } from '../../../src/core/base/result.ts';
import { emptyRoot } from '../../../src/core/log/merkle.ts';
import { toHex } from '../../../src/core/base/bytes.ts';
import { replay } from '../../../src/core/log/replay.ts';
import type { Receipt } from '../../../src/core/log/receipt.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import type { Said } from '../../../src/core/sentinel/messages.ts';
import { AccountSigner } from '../../../src/keys/account-key.ts';
import { Journal } from '../../../src/signer/journal.ts';
import type { AskedApi } from '../../../src/signer/sentinels.ts';
import { Sentinels } from '../../../src/signer/sentinels.ts';
import type { SignerEvent } from '../../../src/signer/signer.ts';
import { Signer } from '../../../src/signer/signer.ts';
import { MemorySentinel } from '../../support/memory-sentinel.ts';
import { listedAddress, World } from '../../support/world.ts';
import { WorldLog } from '../../support/world-log.ts';

let folder = '';
let world: World;
let log: WorldLog;
let one: MemorySentinel;
let other: MemorySentinel;
let open: Journal[] = [];
let events: SignerEvent[] = [];
/** The host's clock; null follows the world's. */
let clock: number | null = null;
/** Seconds that the steady clock shows. */
let steady = 0;

function found(sentinelsNeeded: number): void {
  [one, other] = [new MemorySentinel('watch-1'), new MemorySentinel('watch-2')];
  world = new World({ sentinels: [one.charterEntry, other.charterEntry], sentinelsNeeded });
  for (const sentinel of [one, other]) sentinel.world = world;
  log = new WorldLog(world);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-sentinels-'));
  [open, events, clock, steady] = [[], [], null, 0];
  found(1);
});
afterEach(() => {
  for (const journal of open) journal.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A signer on the journal of a name; an earlier one is ended first, as by SIGKILL. */
function boot(name = 'journal', apis?: ReadonlyMap<string, AskedApi>): Signer {
  for (const journal of open) journal.close();
  const path = join(folder, `${name}.sqlite`);
  Journal.create(path, {
    id: 'ab'.repeat(32),
    wallet: 'hot-1',
    walletDigest: world.wallet.record.digest,
    genesis: world.genesis,
    signer: world.receiptKey.publicKey,
  });
  const opened = Journal.open(path);
  if (!opened.ok) throw new Error(opened.refusal.code);
  const journal = opened.value;
  open.push(journal);
  const tell = (event: SignerEvent) => events.push(event);
  return new Signer({
    journal,
    receiptKey: world.receiptKey,
    account: new AccountSigner(world.hot.xprv, 'regtest'),
    follower: new LogFollower({ genesis: world.genesis, reader: log, store: journal.log }),
    api: log,
    sentinels: new Sentinels({
      apis: apis ?? new Map([one, other].map((sentinel) => [sentinel.id, sentinel])),
      journal,
      sign: world.receiptKey.signDigest,
      nonce: () => 'cd'.repeat(32),
      steadyMs: () => steady * 1_000,
      tell,
    }),
    custody: ok(null),
    clock: () => ok(clock ?? world.now),
    tell,
  });
}

async function ticks(signer: Signer, seconds: number): Promise<void> {
  // Long waits in larger steps: a signer looks several times a second.
  const step = seconds < 20 ? 1 : 5;
  for (let passed = 0; passed < seconds; passed += step) {
    world.now += step;
    steady += step;
    const ticked = await signer.tick();
    if (!ticked.ok) throw new Error(ticked.refusal.code);
  }
}

function code(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}

function receipts(): readonly Receipt[] {
  return (open.at(-1)?.receiptsFrom(0, 1_000) ?? []).map(({ receipt }) => receipt);
}

function of<R extends Receipt['record']>(record: R): readonly Extract<Receipt, { record: R }>[] {
  return receipts().filter((one): one is Extract<Receipt, { record: R }> => one.record === record);
}

function approved(): ProposalRecord {
  const proposal = world.propose({ pays: [[listedAddress, 10_000_000]] });
  for (const member of ['alice', 'bob', 'carol'])
    expect(world.approve(member, proposal)).toBe('applied');
  return proposal;
}

/** A statement that its device signed and that the server drops. */
function said(statement: Statement): Said {
  const entry = world.sign(statement);
  if (entry.type !== 'statement' || entry.statement.type === 'proposal')
    throw new Error('a statement');
  return { statement: entry.statement, signature: entry.signature } as Said;
}

function rejection(proposal: ProposalRecord): Said {
  return said(
    world.approval('carol', proposal, {
      decision: 'reject',
      previous: null,
      partialSignatures: null,
      reasonDigest: textDigest('00'.repeat(16), 'not ours'),
    }),
  );
}

function freezeBy(member: string): Said {
  return said({
    type: 'freeze',
    ...world.common(member),
    wallet: 'hot-1',
    action: 'freeze',
    lifts: [],
    reasonDigest: '00'.repeat(32),
  });
}

/** The auditor's replay of the log. */
function findings(): readonly string[] {
  const leafAt = (index: number) => world.leaves[index] ?? new Uint8Array();
  const blobs = (sha256: string) => world.store.get(sha256);
  const done = replay(world.genesis, world.leaves.length, leafAt, { blobs });
  if ('code' in done) throw new Error(done.code);
  return done.findings.map(({ refusal }) => JSON.stringify(refusal));
}

describe('a signer that needs a sentinel', () => {
  test('signs what is approved: people were told first, the log is cosigned, and the auditor finds both', async () => {
    const signer = boot();
    await ticks(signer, 2);
    const proposal = approved();
    await ticks(signer, 70);
    expect(of('signed').map(({ proposal: signed }) => signed)).toEqual([proposal.digest]);
    const sights = of('sight').filter(({ kind }) => kind === 'approval');
    expect(sights.map(({ told }) => told?.map(({ sentinel }) => sentinel))).toEqual(
      sights.map(() => ['watch-1', 'watch-2']),
    );
    expect(one.announced.sort()).toEqual(sights.map(({ object }) => object).sort());
    const [intent] = of('intent');
    expect(intent?.witnesses?.map(({ sentinel }) => sentinel)).toEqual(['watch-1', 'watch-2']);
    expect(one.journal.position).toBe(receipts().length);
    await ticks(signer, 2);
    expect(findings()).toEqual([]);
  });

  test('takes no approval for seen while nobody can be told, and goes on by the second sentinel', async () => {
    const signer = boot();
    await ticks(signer, 2);
    approved();
    [one.isAway, other.isAway] = [true, true];
    await ticks(signer, 100);
    expect(of('sight').filter(({ kind }) => kind === 'approval')).toEqual([]);
    other.isAway = false;
    await ticks(signer, 20);
    expect(of('sight').filter(({ kind }) => kind === 'approval')).toHaveLength(3);
    await ticks(signer, 59);
    expect(of('signed')).toHaveLength(1);
    expect(of('intent')[0]?.witnesses?.map(({ sentinel }) => sentinel)).toEqual(['watch-2']);
    await ticks(signer, 2);
    expect(findings()).toEqual([]);
  });

  test('says that they are silent after ten minutes, and signs when one is back', async () => {
    const signer = boot();
    await ticks(signer, 2);
    const proposal = approved();
    await ticks(signer, 50);
    [one.isAway, other.isAway] = [true, true];
    await ticks(signer, 600);
    expect(of('signed')).toEqual([]);
    expect(of('refusal')).toEqual([]);
    await ticks(signer, 40);
    expect(of('refusal').map((refusal) => [refusal.proposal, refusal.code])).toEqual([
      [proposal.digest, 'sentinel.silent'],
    ]);
    one.isAway = false;
    await ticks(signer, 15);
    expect(of('signed')).toHaveLength(1);
    await ticks(signer, 2);
    expect(findings()).toEqual([]);
  });

  test('hears a rejection that the server drops, before it would sign', async () => {
    const signer = boot();
    await ticks(signer, 2);
    const proposal = approved();
    await ticks(signer, 55);
    one.mailbox.push(rejection(proposal));
    await ticks(signer, 20);
    expect(of('heard')).toHaveLength(1);
    expect(of('signed')).toEqual([]);
    expect(of('refusal').map(({ code: refused }) => refused)).toEqual(['proposal.rejected']);
    // The receipt brought it into the log.
    expect(world.state.proposals.get(proposal.digest)?.ended?.code).toBe('proposal.rejected');
    expect(findings()).toEqual([]);
  });

  test.each(['alice', 'operator'])(
    'hears a withdrawal by %s that the server drops',
    async (who) => {
      const signer = boot();
      await ticks(signer, 2);
      const proposal = approved();
      await ticks(signer, 55);
      const decision = {
        decision: 'withdraw',
        previous: proposal.last.get(who) ?? null,
        partialSignatures: null,
        reasonDigest: null,
      } as const;
      one.mailbox.push(said(world.approval(who, proposal, decision)));
      log.losesReceipts = true;
      await ticks(signer, 20);
      expect(of('heard')).toHaveLength(1);
      expect(of('signed')).toEqual([]);
      log.losesReceipts = false;
      await ticks(signer, 10);
      expect(of('signed')).toEqual([]);
      expect(findings()).toEqual([]);
    },
  );

  test('hears a freeze that the server drops at its next look, and the governors can lift it afterwards', async () => {
    const signer = boot();
    await ticks(signer, 2);
    const proposal = approved();
    await ticks(signer, 55);
    const freeze = freezeBy('officer');
    one.mailbox.push(freeze);
    await ticks(signer, 1);
    expect(of('heard')).toHaveLength(1);
    await ticks(signer, 20);
    expect(of('signed')).toEqual([]);
    const [record] = world.state.freezes;
    for (const member of ['governor-1', 'governor-2', 'governor-3'])
      expect(
        world.say({
          type: 'freeze',
          ...world.common(member),
          wallet: 'hot-1',
          action: 'unfreeze',
          lifts: [record?.digest ?? ''],
          reasonDigest: '00'.repeat(32),
        }),
      ).toBe('applied');
    await ticks(signer, 70);
    expect(of('signed').map(({ proposal: signed }) => signed)).toEqual([proposal.digest]);
    await ticks(signer, 2);
    expect(findings()).toEqual([]);
  });

  test('hears a freeze by the freeze-only key of a sentinel, and nothing else by it', async () => {
    const signer = boot();
    await ticks(signer, 2);
    approved();
    const { statement } = one.freeze('hot-1');
    const forged = said({ ...statement, action: 'unfreeze' });
    one.mailbox.push(forged, one.freeze('hot-1'));
    await ticks(signer, 80);
    expect(of('heard').map(({ statement: heard }) => heard.member)).toEqual(['sentinel']);
    expect(of('signed')).toEqual([]);
    expect(world.state.freezes.map(({ statement: { device } }) => device)).toEqual(['watch-1']);
    expect(findings()).toEqual([]);
  });

  test('hears no stranger, no forged signature, no approval, and nothing twice', async () => {
    const signer = boot();
    await ticks(signer, 2);
    const proposal = approved();
    const freeze = freezeBy('officer');
    one.mailbox.push(
      freezeBy('operator'),
      { ...freeze, signature: '11'.repeat(64) },
      said(world.approval('dave', proposal, { decision: 'reject', previous: null })),
    );
    await ticks(signer, 70);
    expect(of('heard')).toEqual([]);
    expect(of('signed')).toHaveLength(1);
    one.mailbox.push(freeze, freeze);
    other.mailbox.push(freeze);
    await ticks(signer, 5);
    expect(of('heard')).toHaveLength(1);
    expect(world.state.freezes).toHaveLength(1);
    expect(findings()).toEqual([]);
  });

  test('hears a "no" behind a flood of others, and signs nothing before it has read them all', async () => {
    const signer = boot('journal', new Map([[one.id, one]]));
    await ticks(signer, 2);
    const proposal = approved();
    await ticks(signer, 55);
    const { statement, signature } = rejection(proposal);
    const flood = Array.from({ length: 450 }, (_, i) => ({
      statement: { ...statement, member: 'bob', proposal: String(i).padStart(64, '0') },
      signature,
    }));
    one.mailbox.push(...(flood as Said[]), { statement, signature });
    await ticks(signer, 1);
    world.now += 60;
    await ticks(signer, 5);
    expect(of('heard')).toHaveLength(1);
    expect(of('signed')).toEqual([]);
    expect(findings()).toEqual([]);
  });

  test('waits with a "no" until its log holds what it is about', async () => {
    const signer = boot();
    await ticks(signer, 2);
    log.shows = world.leaves.length;
    const hidden = approved();
    one.mailbox.push(rejection(hidden));
    await ticks(signer, 5);
    expect(of('heard')).toEqual([]);
    log.shows = null;
    await ticks(signer, 65);
    expect(of('heard')).toHaveLength(1);
    expect(of('signed')).toEqual([]);
    expect(world.state.proposals.get(hidden.digest)?.ended?.code).toBe('proposal.rejected');
  });

  test('runs its delays on through a restart: the sentinels know the time', async () => {
    const first = boot();
    await ticks(first, 2);
    approved();
    await ticks(first, 40);
    const second = boot();
    await ticks(second, 25);
    expect(of('started')).toHaveLength(2);
    expect(of('signed')).toHaveLength(1);
    await ticks(second, 2);
    expect(findings()).toEqual([]);
  });

  test('never goes ahead of them: a host clock that runs away signs nothing earlier', async () => {
    const signer = boot();
    await ticks(signer, 2);
    approved();
    await ticks(signer, 10);
    clock = world.now + 299;
    const before = receipts().length;
    expect(code(await signer.tick())).toBe('ok');
    expect(receipts()).toHaveLength(before);
    clock = world.now + 301;
    expect(code(await signer.tick())).toBe('sentinel.clock');
    clock = world.now - 301;
    expect(code(await signer.tick())).toBe('sentinel.clock');
    clock = null;
    await ticks(signer, 60);
    expect(of('signed')).toHaveLength(1);
  });

  test('refuses a fork that a sentinel has seen, and an answer to another question or by another key', async () => {
    const signer = boot();
    await ticks(signer, 2);
    approved();
    one.lie = (answer) => ({ ...answer, nonce: '00'.repeat(32), at: '2030-01-01T00:00:00Z' });
    other.lie = (answer) => ({ ...answer, org: '00'.repeat(32) });
    await ticks(signer, 80);
    expect(of('signed')).toEqual([]);
    expect(events.filter(({ event }) => event === 'sentinel-refused')).toHaveLength(2);
    one.lie = (answer) => ({ ...answer, log: { ...answer.log, root: 'ee'.repeat(32) } });
    steady += 10;
    expect(code(await signer.tick())).toBe('log.fork');
  });

  test('does not start from a journal that is older than what a sentinel has, though the log was cut to fit', async () => {
    const first = boot();
    await ticks(first, 2);
    approved();
    await ticks(first, 70);
    expect(of('signed')).toHaveLength(1);
    const head = one.journal;
    const second = boot('made-anew');
    log.losesReceipts = true;
    const { ledgers } = world.state;
    const held = ledgers.get('hot-1');
    ledgers.delete('hot-1');
    expect(code(await second.tick())).toBe('journal.rolledback');
    if (held !== undefined) ledgers.set('hot-1', held);
    one.claimed = { position: head.position, previous: 'ff'.repeat(32) };
    expect(code(await boot().tick())).toBe('journal.rolledback');
  });

  test('signs nothing over a log that is shorter than what a sentinel has verified', async () => {
    const signer = boot('journal', new Map([[one.id, one]]));
    await ticks(signer, 2);
    approved();
    await ticks(signer, 65 - 6);
    one.lie = (answer) => ({
      ...answer,
      log: { size: answer.log.size + 5, root: toHex(emptyRoot()) },
      cosignature: null,
    });
    await ticks(signer, 50);
    expect(events.filter(({ event }) => event === 'sentinel-refused')).toEqual([]);
    await ticks(signer, 60);
    expect(of('signed')).toEqual([]);
    expect(events.filter(({ event }) => event === 'sentinel-refused')).toMatchObject([
      { sentinel: 'watch-1', refusal: { code: 'sentinel.ahead' } },
    ]);
    one.lie = (answer) => answer;
    await ticks(signer, 5);
    expect(of('signed')).toHaveLength(1);
  });
});

describe('a signer whose charter merely names sentinels', () => {
  beforeEach(() => {
    found(0);
  });

  test('signs without them, and takes what they bring', async () => {
    [one.isAway, other.isAway] = [true, true];
    const signer = boot();
    await ticks(signer, 2);
    approved();
    await ticks(signer, 65);
    expect(of('signed')).toHaveLength(1);
    [one.isAway, other.isAway] = [false, false];
    one.mailbox.push(freezeBy('officer'));
    await ticks(signer, 15);
    expect(of('heard')).toHaveLength(1);
    expect(findings()).toEqual([]);
  });
});

describe('the auditor', () => {
  test('finds a sight of which nobody was told and an intent over a log that nobody cosigned', () => {
    world.start();
    world.round();
    const proposal = approved();
    // As a signer that asks no sentinel would do.
    world.round();
    world.now += 61;
    world.round();
    expect(world.ledger.signed.has(proposal.digest)).toBe(true);
    const all = findings();
    expect(all).toHaveLength(4);
    expect(all.join()).toContain('0 sentinels were told of it');
    expect(all.join()).toContain('cosigned by 0 sentinels');
  });
});
