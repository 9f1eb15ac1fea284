import { fsyncSync, mkdtempSync, openSync, rmSync, writeSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFollower } from '../../client/log-follower.ts';
import { verifyDeviceSignature } from '../../core/approval/verify.ts';
import { statementDigest } from '../../core/approval/statement.ts';
import { assert } from '../../core/base/assert.ts';
import { ok } from '../../core/base/result.ts';
import { verifyReceipt } from '../../core/log/admit-receipt.ts';
import { parseEntry } from '../../core/log/entry.ts';
import type { State } from '../../core/log/state.ts';
import { parsePartialSignatures, verifyPartialSignatures } from '../../core/psbt/signatures.ts';
import { Journal } from '../../signer/journal.ts';
import { Sentinels } from '../../signer/sentinels.ts';
import { Signer } from '../../signer/signer.ts';
import type { Bench } from './bench.ts';
import { Treasury } from './treasury.ts';

/**
 * One decision of the signer beside what it cannot do without: the new entries of the log are read, hashed and folded, a payment
 * with ten inputs and five approvals is judged and signed, every record is on the disk; against verifying the signatures of
 * just these entries, by the same code, and one fsync.
 */
const JOURNAL_ROWS = 100_000;
const DOCUMENT_VERSIONS = 20;
const NEW_ENTRIES = 1_000;
const DECISIONS = 30;
const GOAL_RATIO = 3;

export const signer: Bench = {
  name: 'signer',
  summary: 'a decision of the signer beside its signature verifications and one fsync',
  run: async (say) => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
    try {
      say(`writing a journal of ${String(JOURNAL_ROWS)} rows and its log, which takes minutes`);
      const treasury = new Treasury();
      for (let version = 2; version <= DOCUMENT_VERSIONS; version++) treasury.listAnother(version);
      const path = join(folder, 'journal.sqlite');
      Journal.create(path, treasury.identity);
      const opened = Journal.open(path);
      assert(opened.ok, 'a fresh journal opens');
      const journal = opened.value;
      const running = start(treasury, journal);
      while (journal.ledger.position < JOURNAL_ROWS) {
        treasury.pay(500);
        const ticked = await running.tick();
        assert(ticked.ok, 'the signer runs');
        const { position } = journal.ledger;
        if (position % 10_000 < 2_000) say(`${String(position)} rows`);
      }
      say(`${String(DECISIONS)} decisions`);
      const measured = [];
      for (let i = 0; i < DECISIONS; i++) measured.push(await decide(treasury, running, folder));
      journal.close();
      return report(measured);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Decision {
  readonly ms: number;
  readonly referenceMs: number;
}

function start(treasury: Treasury, journal: Journal): Signer {
  return new Signer({
    journal,
    receiptKey: treasury.receiptKey,
    account: treasury.account,
    follower: new LogFollower({
      genesis: treasury.genesis,
      reader: treasury,
      store: journal.log,
    }),
    api: treasury,
    sentinels: new Sentinels({
      apis: new Map(),
      journal,
      sign: treasury.receiptKey.signDigest,
      nonce: () => '',
      steadyMs: () => performance.now(),
      tell: () => undefined,
    }),
    custody: ok(null),
    clock: () => ok(treasury.now),
    tell: () => undefined,
  });
}

async function decide(treasury: Treasury, running: Signer, folder: string): Promise<Decision> {
  const from = treasury.size;
  const proposal = treasury.payOfTen();
  treasury.others(NEW_ENTRIES - (treasury.size - from));
  const to = treasury.size;
  const began = performance.now();
  const ticked = await running.tick();
  const ms = performance.now() - began;
  assert(ticked.ok, 'the signer runs');
  assert(treasury.state.ledgers.get('hot-1')?.signed.has(proposal) === true, 'it was signed');
  return { ms, referenceMs: reference(treasury, { from, to }, folder) };
}

/** Every signature of these entries, verified as the fold does, and one record on the disk. */
function reference(
  treasury: Treasury,
  { from, to }: { readonly from: number; readonly to: number },
  folder: string,
): number {
  const entries = treasury.leaves(from, to).map((leaf) => {
    const entry = parseEntry(leaf);
    assert(entry.ok, 'our own entries are ones');
    return entry.value;
  });
  const { state } = treasury;
  const work = entries.flatMap((entry) => {
    if (entry.type === 'receipt') {
      const { receipt } = entry;
      const verified = () => verifyReceipt(entry);
      return receipt.record === 'signed'
        ? [verified, cosigned(state, treasury, receipt.proposal, receipt.signatures)]
        : [verified];
    }
    if (entry.type !== 'statement') return [];
    const { statement, signature } = entry;
    const key = treasury.keyOf(statement.member);
    const said = statementDigest(statement);
    const partial = statement.type === 'approval' ? statement.partialSignatures : null;
    const verified = () => verifyDeviceSignature(key, said, signature);
    if (statement.type !== 'approval' || partial === null) return [verified];
    return [verified, cosigned(state, treasury, statement.proposal, partial)];
  });
  const file = openSync(join(folder, 'reference'), 'w');
  const began = performance.now();
  for (const verified of work) assert(verified(), 'our own signatures are right');
  writeSync(file, Buffer.alloc(1_000));
  fsyncSync(file);
  const ms = performance.now() - began;
  closeSync(file);
  return ms;
}

function cosigned(state: State, treasury: Treasury, digest: string, blob: string): () => boolean {
  const proposal = state.proposals.get(digest);
  const wallet = state.wallets.get(proposal?.statement.wallet.id ?? '')?.wallet;
  const bytes = treasury.bytes(blob);
  assert(proposal !== undefined && wallet !== undefined && bytes !== undefined, 'it is ours');
  const parsed = parsePartialSignatures(bytes);
  assert(parsed.ok, 'partial signatures');
  return () => verifyPartialSignatures(wallet, proposal, parsed.value).ok;
}

function report(measured: readonly Decision[]) {
  const sorted = (pick: (one: Decision) => number) => measured.map(pick).sort((a, b) => a - b);
  const at = (values: readonly number[], share: number): number =>
    values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;
  const ms = sorted((one) => one.ms);
  const ratios = sorted((one) => one.ms / one.referenceMs);
  const ratio = Math.round(at(ratios, 0.5) * 100) / 100;
  const told = (name: string, value: number) => ({
    ...{ name, value: Math.round(value * 10) / 10 },
    ...{ goal: null, ok: true },
  });
  return [
    {
      name: 'decision to its signature verifications and one fsync',
      ...{ value: ratio, goal: GOAL_RATIO, ok: ratio <= GOAL_RATIO },
    },
    told('decision p50, ms', at(ms, 0.5)),
    told('decision p99, ms', at(ms, 0.99)),
    told(
      'verifications and one fsync, p50, ms',
      at(
        sorted((one) => one.referenceMs),
        0.5,
      ),
    ),
    told('decisions', measured.length),
  ];
}
