import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromBase64, toHex, utf8 } from '../../src/core/base/bytes.ts';
import { sha256 } from '../../src/core/base/digest.ts';
import { replay } from '../../src/core/log/replay.ts';
import type { ProposalRecord } from '../../src/core/log/state.ts';
import { createKeyFile } from '../../src/keys/key-file.ts';
import { signerFolder } from '../../src/signer/folder.ts';
import { journalAssociatedData } from '../../src/signer/journal-identity.ts';
import { Journal } from '../../src/signer/journal.ts';
import { FakeServer } from '../support/fake-server.ts';
import { listedAddress, policyOf, World } from '../support/world.ts';
import { WorldLog } from '../support/world-log.ts';

/**
 * The real signer program is ended by SIGKILL between every two steps of a signature: each record of its journal, before and
 * after it is on the disk, and each answer, before and after it is on its way. Started again without anybody's help it
 * ends with one signature of one transaction, its budget taken once, and a log that the auditor finds right.
 */

const root = resolve(import.meta.dirname, '../..');
const program = join(root, 'dist/src/signer/main.js');
const preload = join(root, 'test/support/kill-at.js');
const passphrase = 'kill me at any step';
const policy = policyOf('hot-1').replace('      delay: 60s\n', '      delay: 1s\n');

let folder = '';
let keys = '';
const identity = () => ({
  id: 'ab'.repeat(32),
  wallet: 'hot-1',
  walletDigest: new World({ policy }).wallet.record.digest,
  genesis: new World({ policy }).genesis,
  signer: new World({ policy }).receiptKey.publicKey,
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-matrix-'));
  keys = join(folder, 'keys.json');
  const { hot, receiptKey } = new World({ policy });
  const made = await createKeyFile(
    keys,
    {
      purpose: 'signer',
      public: {
        ...{ hotKey: hot.xpub, receiptKey: receiptKey.publicKey },
        ...{ module: false, custody: false },
      },
      secret: { hotKey: hot.xprv, receiptKey: toHex(sha256(utf8('world/receipt'))) },
    },
    { passphrase, associated: journalAssociatedData(identity()), cost: 'worthless' },
  );
  if (!made.ok) throw new Error(made.refusal.code);
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** One organisation with its server, and the folder of a signer that has signed nothing. */
class Scene {
  readonly world = new World({ policy });
  readonly proposal: ProposalRecord;
  readonly place: string;
  server: FakeServer | null = null;

  constructor(name: string) {
    this.world.now = Math.floor(Date.now() / 1_000) - 60;
    this.place = join(folder, name);
    mkdirSync(this.place);
    copyFileSync(keys, signerFolder(this.place).keys);
    Journal.create(signerFolder(this.place).journal, identity());
    this.proposal = this.world.propose({ pays: [[listedAddress, 10_000_000]] });
    for (const member of ['alice', 'bob', 'carol'])
      if (this.world.approve(member, this.proposal) !== 'applied')
        throw new Error(`${member} approves`);
  }

  async open(): Promise<void> {
    const log = new WorldLog(this.world);
    this.server = await FakeServer.start(this.world);
    this.server.other = (path, body) => {
      if (path !== '/v1/receipts') return undefined;
      const { receipts } = body as {
        readonly receipts: readonly {
          readonly receipt: string;
          readonly signature: string;
          readonly blobs: readonly string[];
        }[];
      };
      const posted = receipts.map(({ blobs, ...one }) => ({
        ...one,
        blobs: blobs.map((blob) => fromBase64(blob) ?? new Uint8Array()),
      }));
      void log.postReceipts(posted);
      return {};
    };
  }

  /** Starts the program; `at` names the step at which it dies. */
  start(at: string): ChildProcess {
    const env = {
      ...process.env,
      COUNTERSIGN_PASSPHRASE: passphrase,
      KILL_AT: at,
      KILL_TRACE: this.trace,
    };
    const args = ['run', '--folder', this.place, '--server', this.server?.url ?? ''];
    return spawn(process.execPath, ['--import', preload, program, ...args], {
      env,
      stdio: 'ignore',
    });
  }

  get trace(): string {
    return `${this.place}.trace`;
  }

  /** Waits until the log holds the signature, or the program has ended. */
  async settled(child: ChildProcess): Promise<'signed' | 'killed'> {
    for (let waited = 0; waited < 600; waited++) {
      if (child.exitCode !== null || child.signalCode !== null) return 'killed';
      if (this.signatures().length > 0) return 'signed';
      await sleep(50);
    }
    throw new Error('the signer neither signed nor died within 30 s');
  }

  signatures(): readonly string[] {
    const signed = this.world.state.ledgers.get('hot-1')?.signed.get(this.proposal.digest);
    return signed === undefined ? [] : [signed.signatures];
  }

  /** Every record of the log that could be a second signature, a second budget or a rule broken. */
  judge() {
    const leafAt = (index: number) => this.world.leaves[index] ?? new Uint8Array();
    const blobs = (sha256Hex: string) => this.world.store.get(sha256Hex);
    const audited = replay(this.world.genesis, this.world.leaves.length, leafAt, { blobs });
    if ('code' in audited) throw new Error(audited.code);
    const records = this.world.leaves.flatMap((leaf) => {
      const entry = JSON.parse(Buffer.from(leaf).toString()) as {
        readonly receipt?: { readonly record: string };
      };
      return entry.receipt === undefined ? [] : [entry.receipt.record];
    });
    const count = (record: string) => records.filter((one) => one === record).length;
    return {
      reserved: count('reserve'),
      intended: count('intent'),
      signed: count('signed'),
      findings: audited.findings.map(({ refusal }) => refusal.code),
    };
  }

  async close(child: ChildProcess): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await this.server?.stop();
  }
}

/** All steps of one undisturbed signature, in their order. */
async function steps(): Promise<{ readonly names: readonly string[]; readonly blob: string }> {
  const scene = new Scene('undisturbed');
  await scene.open();
  writeFileSync(scene.trace, '');
  const child = scene.start('');
  await scene.settled(child);
  const names = readFileSync(scene.trace, 'utf8').trim().split('\n');
  await scene.close(child);
  expect(scene.judge()).toEqual({ reserved: 1, intended: 1, signed: 1, findings: [] });
  return { names, blob: scene.signatures()[0] ?? '' };
}

/** What is left of a signature whose signer was killed at a step, and started again. */
async function killedAt(name: string): Promise<object> {
  const scene = new Scene(name);
  await scene.open();
  const first = scene.start(name);
  const ended = await scene.settled(first);
  // At the last steps the log has the signature before the signer dies.
  if (ended === 'signed')
    await Promise.race([once(first, 'exit'), sleep(5_000, undefined, { ref: false })]);
  expect(first.signalCode).toBe('SIGKILL');
  const second = scene.start('');
  expect(await scene.settled(second)).toBe('signed');
  await scene.close(second);
  return { ...scene.judge(), blob: scene.signatures()[0] };
}

describe('a signer that is killed between two steps', () => {
  test('goes on by itself: one signature of one transaction, one budget, one right log', async () => {
    const { names, blob } = await steps();
    expect(names.filter((name) => name.startsWith('after-commit')).length).toBeGreaterThan(8);
    expect(names.filter((name) => name.startsWith('after-post')).length).toBeGreaterThan(0);
    const outcomes = new Map<string, unknown>();
    const pairs = names.flatMap((name, i) => (i % 2 === 0 ? [[name, names[i + 1] ?? '']] : []));
    for (const pair of pairs)
      await Promise.all(
        pair.map(async (name) => {
          if (name !== '') outcomes.set(name, await killedAt(name));
        }),
      );
    // Signing is deterministic: the same bytes are signed again, to the same signature.
    const right = { reserved: 1, intended: 1, signed: 1, findings: [], blob };
    expect(Object.fromEntries(outcomes)).toEqual(
      Object.fromEntries(names.map((name) => [name, right])),
    );
  }, 900_000);
});
