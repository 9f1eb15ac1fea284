import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePostedReceipts } from '../../../src/client/receipt-file.ts';
import { toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { Result } from '../../../src/core/base/result.ts';
import { ok } from '../../../src/core/base/result.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { createKeyFile } from '../../../src/keys/key-file.ts';
import { runCommandLine } from '../../../src/signer/command-line.ts';
import { decidePackage } from '../../../src/signer/decide-package.ts';
import { signerFolder } from '../../../src/signer/folder.ts';
import { Journal } from '../../../src/signer/journal.ts';
import { journalAssociatedData } from '../../../src/signer/journal-identity.ts';
import { packageRound } from '../../../src/signer/package-round.ts';
import { noteOf, packageOf, partsOf } from '../../second-opinion/packages.ts';
import { listedAddress, policyOf, World } from '../../support/world.ts';
import { WorldLog } from '../../support/world-log.ts';

const passphrase = 'correct horse battery';
let home = '';
let folder = '';
let world: World;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-decide-'));
  folder = join(home, 'signer');
  world = new World({ policy: policyOf('hot-1').replace('delay: 60s', 'delay: 0s') });
  const identity = {
    id: 'ab'.repeat(32),
    wallet: 'hot-1',
    walletDigest: world.wallet.record.digest,
    genesis: world.genesis,
    signer: world.receiptKey.publicKey,
  };
  const place = signerFolder(folder);
  await createKeyFile(
    place.keys,
    {
      purpose: 'signer',
      public: {
        hotKey: world.hot.xpub,
        receiptKey: world.receiptKey.publicKey,
        module: false,
        custody: false,
      },
      secret: { hotKey: world.hot.xprv, receiptKey: toHex(sha256(utf8('world/receipt'))) },
    },
    { passphrase, associated: journalAssociatedData(identity), cost: 'worthless' },
  );
  Journal.create(place.journal, identity);
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** The world's log as a package, from an entry on. */
function exported(from = 0): string {
  const file = join(home, `package-${String(world.leaves.length)}-${String(from)}.jsonl`);
  writeFileSync(file, packageOf(partsOf(world), noteOf(world.leaves), from));
  return file;
}

function propose(sats = 1_000_000): ProposalRecord {
  return world.propose({ pays: [[listedAddress, sats]] });
}

function approveBy(proposal: ProposalRecord, ...members: readonly string[]): void {
  for (const member of members) expect(world.approve(member, proposal)).toBe('applied');
}

function decided(file: string, over: Partial<Parameters<typeof decidePackage>[0]> = {}) {
  const { genesis, now } = world;
  const asked = { file, genesis, wallet: 'hot-1', folder: null, proposal: null, now };
  return decidePackage({ ...asked, ...over });
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.refusal.code;
}

let rounds = 0;

/** One round over a package; its receipts are handed in. */
async function round(file: string): Promise<Result<{ receipts: number }>> {
  const out = join(home, `receipts-${String((rounds += 1))}.jsonl`);
  const done = await packageRound({
    pin: null,
    ...{ file, genesis: world.genesis, wallet: 'hot-1', folder, out, passphrase },
    waitSeconds: 0,
    clock: () => ok(world.now),
    tell: () => undefined,
  });
  if (!done.ok) return done;
  const receipts = parsePostedReceipts(readFileSync(out, 'utf8'));
  if (!receipts.ok) throw new Error(receipts.refusal.code);
  const posted = await new WorldLog(world).postReceipts(receipts.value);
  return posted.ok ? done : posted;
}

async function command(...args: readonly string[]) {
  let [out, err] = ['', ''];
  const status = await runCommandLine(['decide', ...args], {
    out: (line) => (out += `${line}\n`),
    err: (line) => (err += `${line}\n`),
    passphrase,
    askHidden: null,
    signal: AbortSignal.timeout(10_000),
    ready: () => undefined,
  });
  return { status, out, err };
}

describe('a package alone', () => {
  test('is verified, and every open proposal explained by the receipts in it', async () => {
    world.start();
    world.round();
    const proposal = propose();
    approveBy(proposal, 'alice', 'carol');
    world.round();
    const found = await decided(exported());
    if (!found.ok) throw new Error(found.refusal.code);
    expect(found.value).toMatchObject({ memory: 'log', size: world.leaves.length });
    expect(found.value.proposals).toMatchObject([
      {
        proposal: proposal.digest,
        outcome: 'pending',
        code: 'policy.quorum.missing',
        facts: { missing: ['1 of treasury'] },
        clauses: [{ met: false }],
      },
    ]);
  });

  test('must be the whole log', async () => {
    expect(codeOf(await decided(exported(3)))).toBe('package.incomplete');
  });

  test('is refused where a receipt says what the rules did not allow', async () => {
    world.start();
    world.round();
    const proposal = propose();
    world.journal({ record: 'refusal', proposal: proposal.digest, code: 'policy.denied' });
    expect(codeOf(await decided(exported()))).toBe('package.replay.mismatch');
  });

  test('is refused by another genesis, wallet or proposal', async () => {
    const file = exported();
    expect(codeOf(await decided(file, { genesis: '00'.repeat(32) }))).toBe(
      'document.genesis.mismatch',
    );
    expect(codeOf(await decided(file, { wallet: 'hot-9' }))).toBe('wallet.unknown');
    expect(codeOf(await decided(file, { proposal: '00'.repeat(32) }))).toBe('proposal.unknown');
  });
});

describe('countersign-signer decide', () => {
  const pinned = () => ['--genesis', world.genesis, '--wallet', 'hot-1'];

  test('tells people and programs, and ends with 0 while something is merely missing', async () => {
    world.start();
    world.round();
    const proposal = propose();
    const at = ['--at', formatTime(world.now)];
    const told = await command(exported(), ...pinned(), ...at);
    expect(told.status).toBe(0);
    expect(told.out).toContain(`${proposal.name}: pending, policy.quorum.missing`);
    const json = await command(exported(), ...pinned(), ...at, '--json');
    expect(JSON.parse(json.out)).toMatchObject({ proposals: [{ name: proposal.name }] });
  });

  test('ends with 2 and the code where the one that was asked for is refused', async () => {
    world.start();
    world.round();
    const proposal = propose(150_000_000);
    const args = [...pinned(), '--at', formatTime(world.now), '--proposal', proposal.digest];
    const { status, err } = await command(exported(), ...args);
    expect(status).toBe(2);
    expect(err).toMatch(/^policy\.limit\.exceeded: /);
  });

  test('ends with 64 where its options contradict each other', async () => {
    const file = exported();
    for (const args of [
      [],
      ['--out', 'x'],
      ['--sign', '--folder', folder],
      ['--sign', '--folder', folder, '--out', 'x', '--json'],
      ['--proposal', 'short'],
      ['--at', 'noon'],
    ])
      expect((await command(file, ...(args.length === 0 ? [] : pinned()), ...args)).status).toBe(
        64,
      );
  });
});

describe('a package and the journal', () => {
  test('one round over it signs, and the receipts that are carried back stand in the log', async () => {
    expect((await round(exported())).ok).toBe(true);
    const proposal = propose();
    approveBy(proposal, 'alice', 'bob', 'carol');
    expect((await round(exported())).ok).toBe(true);
    expect(world.state.ledgers.get('hot-1')?.signed.has(proposal.digest)).toBe(true);
  });

  test('what follows may be a segment that begins where the journal ends, and no later', async () => {
    expect((await round(exported())).ok).toBe(true);
    const kept = Journal.open(signerFolder(folder).journal);
    if (!kept.ok) throw new Error(kept.refusal.code);
    const size = kept.value.log.head()?.size ?? 0;
    kept.value.close();
    const proposal = propose();
    approveBy(proposal, 'alice', 'bob', 'carol');
    expect(codeOf(await round(exported(size + 1)))).toBe('package.incomplete');
    expect(existsSync(join(home, `receipts-${String(rounds)}.jsonl`))).toBe(false);
    expect((await round(exported(size))).ok).toBe(true);
    expect(world.state.ledgers.get('hot-1')?.signed.has(proposal.digest)).toBe(true);
  });

  test('to look ahead writes nothing', async () => {
    expect((await round(exported())).ok).toBe(true);
    const before = readFileSync(signerFolder(folder).journal);
    propose();
    const found = await decided(exported(), { folder });
    expect(found.ok && found.value).toMatchObject({
      memory: 'journal',
      proposals: [{ code: 'policy.quorum.missing' }],
    });
    expect(readFileSync(signerFolder(folder).journal).equals(before)).toBe(true);
  });

  test('are refused where the log holds receipts that the journal does not', async () => {
    world.start();
    world.round();
    expect(codeOf(await decided(exported(), { folder }))).toBe('journal.rolledback');
    expect(codeOf(await round(exported()))).toBe('journal.rolledback');
  });

  test('are refused where the package is older than the journal, or of another wallet', async () => {
    const early = exported();
    propose();
    expect((await round(exported())).ok).toBe(true);
    expect(codeOf(await decided(early, { folder }))).toBe('log.rolledback');
    expect(codeOf(await decided(exported(), { folder, wallet: 'hot-2' }))).toBe('journal.invalid');
  });
});

describe('a file of receipts', () => {
  test('is refused for a line that is none', () => {
    for (const line of ['', 'x', '{}', '{"blobs":["!"],"receipt":"","signature":""}'])
      expect(codeOf(parsePostedReceipts(`${line}\n`))).toBe(line === '' ? 'ok' : 'schema.mismatch');
  });
});
