import { cpSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { utf8 } from '../../../src/core/base/bytes.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import { encodeBundle, newBundles, tilePath, TILE_WIDTH } from '../../../src/core/log/tiles.ts';
import { signerFolder } from '../../../src/signer/folder.ts';
import { passed } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import type { Crafted } from '../ground/desk.ts';
import { Desk } from '../ground/desk.ts';
import { HostileLog } from '../ground/hostile-log.ts';
import { policyText, payeeOf } from '../ground/organisation.ts';
import type { Program } from '../ground/process.ts';
import type { Stage } from '../ground/stage.ts';
import { refusedBy } from '../ground/refused.ts';
import { QUIET_MS } from '../ground/stage.ts';
import { until } from '../ground/ground.ts';

/** Another history: shorter, forked, with a leaf less; a journal of yesterday; a disk that is full. */

/** How a signer ends that believes its log no more. */
const REFUSED = 2;
const stopped = { none: 'the signer ends and writes nothing more' };

/** The signer refused to go on, with this code. */
async function endedBy(signer: Program, code: RefusalCode): Promise<RefusalCode> {
  const status = await signer.ended();
  must(status === REFUSED, `it ended with ${String(status)}`);
  must(signer.said(code), `it did not say ${code}: ${signer.lines.join('; ')}`);
  return code;
}

/** The honest run of drills that stop a signer and serve it a log of the attacker's. */
async function payAndStop(stage: Stage): Promise<void> {
  await stage.startSigner();
  await stage.pay();
  await stage.stopSigner();
}

/** The same, then a payment over a copied log: who changes nothing in it is believed. Its signer is a copy, too. */
async function payByCopy(stage: Stage): Promise<void> {
  await payAndStop(stage);
  const folder = await stage.ground.signerFolder(stage.wallet);
  cpSync(folder, `${folder}.control`, { recursive: true });
  const crafted = await stage.craft();
  await withLog(stage, async (log) => {
    const digest = approvedIn(stage, log, crafted);
    const given = { server: log.url, folder: `${folder}.control` };
    const signer = await stage.beginSigner(stage.wallet, given);
    await signedIn(log, stage.wallet, digest);
    await signer.stop();
  });
}

/** Proposes and approves in a copied log, by people who take it for the true one. Returns the proposal. */
function approvedIn(stage: Stage, log: HostileLog, crafted: Crafted): string {
  const desk = new Desk(stage.ground.organisation, () => log.state);
  const said = desk.proposal(crafted);
  log.say(said);
  const { digest } = said.signed;
  stage.allow(log.proposal(digest));
  for (const member of ['alice', 'carol']) log.say(desk.approval(member, log.proposal(digest)));
  return digest;
}

async function signedIn(log: HostileLog, wallet: string, digest: string): Promise<void> {
  await until('it is signed', () => (log.ledger(wallet).signed.has(digest) ? true : undefined));
}

async function withLog<T>(stage: Stage, work: (log: HostileLog) => Promise<T>): Promise<T> {
  const log = await HostileLog.copy(stage.ground);
  try {
    return await work(log);
  } finally {
    await log.close();
  }
}

const truncated: Drill = {
  id: 34,
  name: 'the log is truncated and signed again',
  attacker: 'C8',
  ground: 'shared',
  wallets: [{ id: 'd34', policy: policyText(), cosigners: ['alice'] }],
  control: payByCopy,
  attack: (stage) =>
    withLog(stage, async (log) => {
      log.truncate((await stage.logSizeOf('d34')) - 1);
      const signer = await stage.beginSigner('d34', { server: log.url });
      const code = await endedBy(signer, 'log.rolledback');
      return { result: 'stopped', code, receipt: stopped };
    }),
};

const forked: Drill = {
  id: 35,
  name: 'two roots for one size of the log',
  attacker: 'C8',
  ground: 'shared',
  wallets: [{ id: 'd35', policy: policyText(), cosigners: ['alice'] }],
  control: payByCopy,
  attack: (stage) =>
    withLog(stage, async (log) => {
      const read = await stage.logSizeOf('d35');
      log.truncate(read - 1);
      log.append({ type: 'document', document: 'ab'.repeat(32) });
      const signer = await stage.beginSigner('d35', { server: log.url });
      const code = await endedBy(signer, 'log.fork');
      return { result: 'stopped', code, receipt: stopped };
    }),
};

const missingLeaf: Drill = {
  id: 37,
  name: 'a leaf is missing from what the signer is given',
  attacker: 'C4',
  ground: 'shared',
  wallets: [{ id: 'd37', policy: policyText(), cosigners: ['alice'] }],
  control: payByCopy,
  async attack(stage) {
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    await stage.approve(proposal);
    const freeze = stage.desk.freeze('officer', 'd37');
    passed(await stage.post(freeze));
    return withLog(stage, async (log) => {
      const at = log.indexOf(
        (entry) => entry.type === 'statement' && entry.signature === freeze.entry.signature,
      );
      serveWithout(log, at, await stage.logSizeOf('d37'));
      const signer = await stage.beginSigner('d37', { server: log.url });
      const code: RefusalCode = 'log.tile.invalid';
      await until('it refuses the bundle', () => (signer.said(code) ? true : undefined));
      await stage.quiet();
      return { result: 'refused', code, receipt: { none: 'it reads nothing of this log' } };
    });
  },
};

/** The true checkpoint, and the bundle that holds a leaf without it. */
function serveWithout(log: HostileLog, at: number, from: number): void {
  for (const bundle of newBundles(from, log.leaves.length)) {
    const first = bundle.index * TILE_WIDTH;
    const leaves = log.leaves.slice(first, first + bundle.width);
    const kept = leaves.filter((_, place) => first + place !== at);
    log.instead.set(`/log/${tilePath(bundle)}`, encodeBundle(kept));
  }
}

const forkedForSigner: Drill = {
  id: 43,
  name: 'the log is forked for the signer only',
  attacker: 'C4',
  ground: 'shared',
  wallets: [{ id: 'd43', policy: policyText(), cosigners: ['alice'] }],
  control: payByCopy,
  async attack(stage) {
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    const freeze = stage.desk.freeze('officer', 'd43');
    passed(await stage.post(freeze));
    await stage.approve(proposal);
    return withLog(stage, async (log) => {
      // The signer is shown a log in which nobody froze anything; the approvals name the true one.
      log.drop(
        log.indexOf(
          (entry) => entry.type === 'statement' && entry.signature === freeze.entry.signature,
        ),
      );
      const signer = await stage.beginSigner('d43', { server: log.url });
      const code: RefusalCode = 'log.fork';
      const said = await until('a receipt refuses it', () =>
        log.ledger('d43').refusals.get(proposal.digest),
      );
      must(said === code, `refused by ${said}`);
      must(signer.said(code), 'the signer tells');
      stage.assertUnsigned(log.ledger('d43'));
      const receipt = {
        none: "the refusal stands in the signer's journal and in the log that it was shown",
      };
      return { result: 'refused', code, receipt };
    });
  },
};

const poisoned: Drill = {
  id: 62,
  name: 'one poisoned approval beside a full quorum',
  attacker: 'C4',
  ground: 'shared',
  wallets: [{ id: 'd62', policy: policyText(), cosigners: ['alice'] }],
  control: payByCopy,
  async attack(stage) {
    const crafted = await stage.craft();
    return withLog(stage, async (log) => {
      const desk = new Desk(stage.ground.organisation, () => log.state);
      const said = desk.proposal(crafted);
      log.say(said);
      const { digest } = said.signed;
      const proposal = () => log.proposal(digest);
      stage.allow(proposal());
      const forged = desk.approval('bob', proposal()).entry;
      log.append({ ...forged, signature: '11'.repeat(64) });
      const broken = utf8('[{"key":"02","signature":"00"}]');
      log.say(desk.approval('alice', proposal(), { blob: broken }));
      log.leaves.push(utf8('{"type":"poison"}'));
      for (const member of ['alice', 'carol']) log.say(desk.approval(member, proposal()));
      const signer = await stage.beginSigner('d62', { server: log.url });
      await signedIn(log, 'd62', digest);
      const code: RefusalCode = 'statement.signature';
      must(signer.said(code), 'the poisoned one is skipped and told');
      return { result: 'stopped', code, receipt: { none: 'what it was to block is signed' } };
    });
  },
};

const oldJournal: Drill = {
  id: 40,
  name: "the signer's journal is rolled back to yesterday's copy",
  attacker: 'C9',
  ground: 'shared',
  wallets: [{ id: 'd40', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await payAndStop(stage);
    const folder = await stage.ground.signerFolder('d40');
    cpSync(folder, `${folder}.old`, { recursive: true });
    await payAndStop(stage);
  },
  async attack(stage) {
    const folder = await stage.ground.signerFolder('d40');
    const old = `${folder}.old`;
    const code = await endedBy(
      await stage.beginSigner('d40', { folder: old }),
      'journal.rolledback',
    );
    const copyOf = (name: string): string => {
      const copy = `${folder}.${name}`;
      cpSync(folder, copy, { recursive: true });
      return copy;
    };
    const edited = copyOf('edited');
    const database = new DatabaseSync(signerFolder(edited).journal);
    database.exec(
      `DROP TRIGGER receipts_no_update;
       UPDATE receipts SET receipt = CAST(replace(CAST(receipt AS TEXT), '"started"', '"restart"') AS BLOB) WHERE position = 0`,
    );
    database.close();
    await endedBy(await stage.beginSigner('d40', { folder: edited }), 'journal.invalid');
    const empty = copyOf('empty');
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(`${signerFolder(empty).journal}${suffix}`, { force: true });
    await endedBy(await stage.beginSigner('d40', { folder: empty }), 'journal.invalid');
    const running = await stage.startSigner('d40');
    await endedBy(await stage.beginSigner('d40'), 'journal.locked');
    await running.stop();
    return { result: 'stopped', code, receipt: stopped };
  },
};

const diskFull: Drill = {
  id: 36,
  name: 'the log cannot be written: the disk is full',
  attacker: 'C8',
  ground: 'tampered',
  wallets: [{ id: 'd36', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const { owner } = stage.ground;
    const proposal = await stage.propose(await stage.craft());
    await stage.approve(proposal, ['alice']);
    const before = (await stage.ground.copyLog()).leaves.length;
    const last = stage.desk.approval('carol', stage.proposal(proposal.digest));
    // What PostgreSQL says of a full disk, at every write of the log.
    await owner.query(`CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`);
    await owner.query(
      'CREATE TRIGGER full_disk BEFORE INSERT ON log_entry FOR EACH ROW EXECUTE FUNCTION full_disk()',
    );
    try {
      const code = refusedBy(await stage.post(last), 'log.unavailable');
      await pause(QUIET_MS);
      must((await stage.ground.copyLog()).leaves.length === before, 'nothing was numbered');
      // He meant it: with room on the disk it may be signed.
      stage.allow(proposal);
      return { result: 'refused', code, receipt: { none: 'the log cannot be written' } };
    } finally {
      await owner.query('DROP TRIGGER full_disk ON log_entry');
      await owner.query('DROP FUNCTION full_disk()');
      await stage.ground.serves();
    }
  },
};

export const logs: readonly Drill[] = [
  truncated,
  forked,
  missingLeaf,
  forkedForSigner,
  poisoned,
  oldJournal,
  diskFull,
];
