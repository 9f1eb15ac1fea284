import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFollower } from '../../../src/client/log-follower.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { ok } from '../../../src/core/base/result.ts';
import { replay } from '../../../src/core/log/replay.ts';
import type { Receipt } from '../../../src/core/log/receipt.ts';
import { addressesOf } from '../../../src/core/log/addresses.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { AccountSigner } from '../../../src/keys/account-key.ts';
import { Journal } from '../../../src/signer/journal.ts';
import type { SignerEvent } from '../../../src/signer/signer.ts';
import { noSentinels } from '../../support/no-sentinels.ts';
import { Signer } from '../../../src/signer/signer.ts';
import { askAddress } from '../../support/address-asking.ts';
import { listedAddress, World } from '../../support/world.ts';
import { WorldLog } from '../../support/world-log.ts';

let folder = '';
let path = '';
let world: World;
let log: WorldLog;
let open: Journal[] = [];
let told: SignerEvent[] = [];
/** The signer's own clock; null follows the world's. */
let clock: number | null = null;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-signer-'));
  path = join(folder, 'journal.sqlite');
  world = new World();
  log = new WorldLog(world);
  [open, told, clock] = [[], [], null];
  recreate();
});
afterEach(() => {
  for (const journal of open) journal.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The journal of the world's signer, empty. */
function recreate(): void {
  rmSync(path, { force: true });
  Journal.create(path, {
    id: 'ab'.repeat(32),
    wallet: 'hot-1',
    walletDigest: world.wallet.record.digest,
    genesis: world.genesis,
    signer: world.receiptKey.publicKey,
  });
}

/** A signer process on the journal of this test; an earlier one is ended first, as by SIGKILL. */
function boot(at: string = path): Signer {
  for (const journal of open) journal.close();
  const opened = Journal.open(at);
  if (!opened.ok) throw new Error(opened.refusal.code);
  const journal = opened.value;
  open.push(journal);
  return new Signer({
    journal,
    receiptKey: world.receiptKey,
    account: new AccountSigner(world.hot.xprv, 'regtest'),
    follower: new LogFollower({ genesis: world.genesis, reader: log, store: journal.log }),
    api: log,
    sentinels: noSentinels(journal),
    custody: ok(null),
    clock: () => ok(clock ?? world.now),
    tell: (event) => told.push(event),
  });
}

function journalNow(): Journal {
  const journal = open.at(-1);
  if (journal === undefined) throw new Error('no signer was started');
  return journal;
}

function records(): readonly string[] {
  return journalNow()
    .receiptsFrom(0, 1_000)
    .map(({ receipt }) => receipt.record);
}

async function ticks(signer: Signer, seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    world.now += 1;
    expect(await signer.tick()).toEqual({ ok: true, value: null });
  }
}

function code(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}

function propose(): ProposalRecord {
  return world.propose({ pays: [[listedAddress, 10_000_000]] });
}

/** A proposal that has its quorum. */
function approved(): ProposalRecord {
  const proposal = propose();
  for (const member of ['alice', 'bob', 'carol'])
    expect(world.approve(member, proposal)).toBe('applied');
  return proposal;
}

type Record = Parameters<World['receipt']>[0];

/** The next receipt of the journal, whether the rules allow it or not. */
function receipt(record: Record): Receipt {
  const { position, previous } = journalNow().ledger;
  return world.receipt({ position, previous, ...record });
}

/** What is on the disk when the signer is killed between intent and signature. */
function crashAfterIntent({ digest }: ProposalRecord): void {
  journalNow().append(world.receiptKey.sign(receipt({ record: 'intent', proposal: digest })));
}

function freeze(): void {
  world.say({
    type: 'freeze',
    ...world.common('officer'),
    wallet: 'hot-1',
    action: 'freeze',
    lifts: [],
    reasonDigest: '00'.repeat(32),
  });
}

/** The auditor's replay of the log. */
function audit() {
  const leafAt = (index: number) => world.leaves[index] ?? new Uint8Array();
  const blobs = (sha256: string) => world.store.get(sha256);
  return replay(world.genesis, world.leaves.length, leafAt, { blobs });
}

function findings() {
  const audited = audit();
  return 'code' in audited ? [audited] : audited.findings;
}

function isSigned(proposal: ProposalRecord): boolean {
  return world.state.ledgers.get('hot-1')?.signed.has(proposal.digest) === true;
}

describe('a signer', () => {
  test('starts by proving its key and what it sees, and posts that into the log', async () => {
    const signer = boot();
    expect(signer.hasStarted).toBe(false);
    await ticks(signer, 1);
    expect(signer.hasStarted).toBe(true);
    expect(records()).toEqual(['started', 'force', 'force', 'force', 'force']);
    expect(world.state.ledgers.get('hot-1')?.position).toBe(5);
    expect(told.map(({ event }) => event)).toEqual(['started', ...Array<string>(4).fill('force')]);
  });

  test('reserves at the quorum, waits out the delay, then signs once', async () => {
    const signer = boot();
    await ticks(signer, 1);
    const proposal = approved();
    await ticks(signer, 60);
    expect(isSigned(proposal)).toBe(false);
    expect(records().slice(5)).toEqual(['sight', 'sight', 'sight', 'reserve']);
    await ticks(signer, 1);
    expect(isSigned(proposal)).toBe(true);
    await ticks(signer, 100);
    expect(records().slice(8)).toEqual(['reserve', 'intent', 'signed']);
    expect(told.slice(5)).toEqual([
      { event: 'reserve', proposal: proposal.digest },
      { event: 'sign', proposal: proposal.digest },
    ]);
  });

  test('writes receipts that the auditor finds right', async () => {
    const signer = boot();
    approved();
    await ticks(signer, 70);
    const second = world.propose({ pays: [[listedAddress, 20_000_000]] });
    world.say(world.approval('alice', second, { decision: 'reject' }));
    await ticks(signer, 3);
    const audited = audit();
    expect(audited).toMatchObject({ findings: [], receipts: records().length });
    expect(records().slice(-1)).toEqual(['refusal']);
  });

  test('releases what is rejected and says why once', async () => {
    const signer = boot();
    const proposal = approved();
    await ticks(signer, 10);
    expect(journalNow().ledger.reservations.has(proposal.digest)).toBe(true);
    world.say(world.approval('bob', proposal, { decision: 'reject' }));
    await ticks(signer, 100);
    expect(records().slice(-2)).toEqual(['release', 'refusal']);
    expect(journalNow().ledger.refusals.get(proposal.digest)).toBe('proposal.rejected');
    expect(isSigned(proposal)).toBe(false);
  });

  test('releases what lost its quorum, and reserves again when it is full again', async () => {
    world = new World({ treasurers: ['alice', 'bob', 'dora'] });
    log = new WorldLog(world);
    recreate();
    const signer = boot();
    const proposal = approved();
    await ticks(signer, 10);
    world.say(world.approval('bob', proposal, { decision: 'withdraw', reasonDigest: null }));
    await ticks(signer, 100);
    expect(records().slice(-1)).toEqual(['release']);
    expect(isSigned(proposal)).toBe(false);
    expect(world.approve('dora', proposal)).toBe('applied');
    await ticks(signer, 62);
    expect(records().slice(-5)).toEqual(['release', 'sight', 'reserve', 'intent', 'signed']);
    expect(findings()).toEqual([]);
  });

  test('keeps the reservation of a frozen wallet, and an auditor refuses its release', async () => {
    const signer = boot();
    const proposal = approved();
    await ticks(signer, 10);
    freeze();
    await ticks(signer, 20);
    expect(journalNow().ledger.reservations.has(proposal.digest)).toBe(true);
    const released = {
      record: 'release',
      proposal: proposal.digest,
      code: 'wallet.frozen',
    } as const;
    journalNow().append(world.receiptKey.sign(receipt(released)));
    await ticks(signer, 10);
    expect(findings()).toMatchObject([
      { refusal: { code: 'package.replay.mismatch', facts: { record: 'release' } } },
    ]);
  });

  test('signs nothing while the wallet is frozen', async () => {
    const signer = boot();
    const proposal = approved();
    await ticks(signer, 10);
    freeze();
    await ticks(signer, 100);
    expect(isSigned(proposal)).toBe(false);
    expect(records()).not.toContain('intent');
  });

  test('begins delays anew after a restart', async () => {
    let signer = boot();
    const proposal = approved();
    await ticks(signer, 40);
    signer = boot();
    await ticks(signer, 60);
    expect(isSigned(proposal)).toBe(false);
    await ticks(signer, 2);
    expect(isSigned(proposal)).toBe(true);
    expect(records().filter((record) => record === 'started')).toHaveLength(2);
    expect(records().filter((record) => record === 'signed')).toHaveLength(1);
  });

  test('posts again what was lost on the way', async () => {
    const signer = boot();
    log.losesReceipts = true;
    await ticks(signer, 3);
    expect(log.posted).toBe(5);
    log.losesReceipts = false;
    await ticks(signer, 5);
    expect(log.posted).toBe(10);
    expect(world.state.ledgers.get('hot-1')?.position).toBe(5);
  });

  test('signs after a crash between intent and signature, with one intent', async () => {
    let signer = boot();
    const proposal = approved();
    await ticks(signer, 60);
    crashAfterIntent(proposal);
    signer = boot();
    await ticks(signer, 62);
    expect(isSigned(proposal)).toBe(true);
    expect(records().filter((record) => record === 'intent')).toHaveLength(1);
  });

  test('keeps coins and budget of an intent whatever is said later', async () => {
    let signer = boot();
    const proposal = approved();
    await ticks(signer, 60);
    world.now += 1;
    crashAfterIntent(proposal);
    world.say(world.approval('bob', proposal, { decision: 'reject' }));
    signer = boot();
    await ticks(signer, 100);
    expect(isSigned(proposal)).toBe(false);
    expect(journalNow().ledger.reservations.has(proposal.digest)).toBe(true);
    expect(records()).not.toContain('release');
  });
});

describe('a signer that is asked for an address', () => {
  test('journals it before it is known, once, and again to nobody after a restart', async () => {
    const signer = boot();
    await ticks(signer, 2);
    expect(askAddress(world, 4)).toBe('applied');
    log.losesReceipts = true;
    await ticks(signer, 1);
    expect(records().at(-1)).toBe('address');
    expect(told).toContainEqual({ event: 'address', index: 4 });
    expect(addressesOf(world.state, 'hot-1').get(4)?.attested).toBeNull();
    log.losesReceipts = false;
    await ticks(boot(), 2);
    expect(records().filter((record) => record === 'address')).toHaveLength(1);
    expect(addressesOf(world.state, 'hot-1').get(4)?.attested).toMatchObject({
      signer: world.receiptKey.publicKey,
    });
  });
});

describe('a signer with two proposals', () => {
  test('gives the budget to the one that stands first in the log', async () => {
    const signer = boot();
    const first = world.propose({ pays: [[listedAddress, 90_000_000]] });
    const second = world.propose({ pays: [[listedAddress, 91_000_000]] });
    const third = world.propose({ pays: [[listedAddress, 92_000_000]] });
    for (const proposal of [third, second, first])
      for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    await ticks(signer, 100);
    // 2 BTC a day: the third finds no room, and stays pending rather than refused.
    expect([first, second, third].map(isSigned)).toEqual([true, true, false]);
    expect(records()).not.toContain('refusal');
  });

  test('gives a coin to one of them and refuses the other once that is signed', async () => {
    const signer = boot();
    const coin = world.coin(50_000_000);
    const pay = (amount: number) =>
      world.propose({ pays: [[listedAddress, amount]], coins: [coin] });
    const [first, second] = [pay(10_000_000), pay(20_000_000)];
    for (const proposal of [second, first])
      for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    await ticks(signer, 100);
    expect([first, second].map(isSigned)).toEqual([true, false]);
    expect(journalNow().ledger.refusals.get(second.digest)).toBe('coin.signed');
    expect(records().filter((record) => record === 'refusal')).toHaveLength(1);
  });
});

describe('a signer refuses', () => {
  test('an older copy of its journal: journal.rolledback', async () => {
    const signer = boot();
    await ticks(signer, 1);
    journalNow().close();
    copyFileSync(path, `${path}.old`);
    const later = boot();
    await ticks(later, 1);
    journalNow().close();
    const rolledBack = boot(`${path}.old`);
    world.now += 1;
    expect(code(await rolledBack.tick())).toBe('journal.rolledback');
  });

  test('an own clock more than five minutes before its last record: signer.time', async () => {
    const signer = boot();
    await ticks(signer, 1);
    clock = world.now - 300;
    expect(code(await signer.tick())).toBe('ok');
    clock = world.now - 301;
    expect(code(await signer.tick())).toBe('signer.time');
  });

  test('another wallet document than the one of init: document.stale', async () => {
    rmSync(path);
    Journal.create(path, {
      id: 'ab'.repeat(32),
      wallet: 'hot-1',
      walletDigest: '00'.repeat(32),
      genesis: world.genesis,
      signer: world.receiptKey.publicKey,
    });
    expect(code(await boot().tick())).toBe('document.stale');
  });

  test('a log of another genesis: document.genesis.mismatch', async () => {
    rmSync(path);
    Journal.create(path, {
      id: 'ab'.repeat(32),
      wallet: 'hot-1',
      walletDigest: world.wallet.record.digest,
      genesis: '11'.repeat(32),
      signer: world.receiptKey.publicKey,
    });
    const opened = Journal.open(path);
    if (!opened.ok) throw new Error(opened.refusal.code);
    open.push(opened.value);
    const follower = new LogFollower({
      genesis: '11'.repeat(32),
      reader: log,
      store: opened.value.log,
    });
    expect(code(await follower.follow())).toBe('document.genesis.mismatch');
  });
});
