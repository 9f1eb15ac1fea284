import type { RefusalCode } from '../../../src/core/base/codes.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import { until } from '../ground/ground.ts';
import { changed, HostileLog } from '../ground/hostile-log.ts';
import { policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { QUIET_MS } from '../ground/stage.ts';
import { deniedBy, terminalOf } from '../ground/terminal.ts';

/** C2 writes to the database as its owner, past grants, triggers and checks. What stood there is put back afterwards. */

const unread = { none: 'who does not believe what he reads writes nothing' };

/** Proposed and approved while the signer is away: what it reads when it comes back lies in the database. */
async function approvedUnseen(stage: Stage): Promise<ProposalRecord> {
  const proposal = await stage.propose(await stage.craft());
  stage.allow(proposal);
  await stage.approve(proposal);
  return stage.proposal(proposal.digest);
}

async function signsUnseen(stage: Stage): Promise<void> {
  await stage.startSigner();
  await stage.stopSigner();
  const proposal = await approvedUnseen(stage);
  await stage.ground.stopServer();
  await stage.ground.startServer();
  await stage.startSigner();
  await stage.broadcast(proposal);
  await stage.stopSigner();
}

const script: Drill = {
  id: 1,
  name: "one output's script of an approved PSBT is replaced",
  attacker: 'C2',
  ground: 'tampered',
  wallets: [{ id: 'd1', policy: policyText(), cosigners: ['alice'] }],
  control: signsUnseen,
  async attack(stage) {
    const { ground } = stage;
    const { owner } = ground;
    const proposal = await approvedUnseen(stage);
    const { transaction: sha256 } = proposal.statement.spend;
    const [output] = proposal.statement.spend.outputs;
    const stolen = Buffer.from(
      Buffer.from(proposal.transaction)
        .toString('hex')
        .replace(output?.script ?? '', `0014${'66'.repeat(20)}`),
      'hex',
    );
    must(stolen.compare(proposal.transaction) !== 0, 'the script is replaced');
    const write = (bytes: Uint8Array) =>
      owner.query('UPDATE blob SET bytes = $2 WHERE sha256 = $1', [sha256, Buffer.from(bytes)]);
    await owner.query('ALTER TABLE blob DISABLE TRIGGER USER');
    await owner.query('ALTER TABLE blob DROP CONSTRAINT blob_address_true');
    await write(stolen);
    await ground.stopServer();
    const server = ground.beginServer();
    await until('the server does not fold what was edited', () =>
      server.said('tampering') ? true : undefined,
    );
    await server.stop();
    // A server that did would not be believed either.
    const log = await HostileLog.copy(ground);
    const code: RefusalCode = 'log.blob.missing';
    const signer = await stage.beginSigner('d1', { server: log.url });
    await until('the signer refuses the blob', () => (signer.said(code) ? true : undefined));
    await signer.stop();
    await log.close();
    stage.assertNotYet(await stage.journalOf('d1'), proposal);
    await write(proposal.transaction);
    await owner.query('ALTER TABLE blob ENABLE TRIGGER USER');
    await ground.startServer();
    return { result: 'refused', code, receipt: unread };
  },
};

const amount: Drill = {
  id: 2,
  name: 'an amount is changed by 1 sat',
  attacker: 'C2',
  ground: 'tampered',
  wallets: [{ id: 'd2', policy: policyText(), cosigners: ['alice'] }],
  control: signsUnseen,
  async attack(stage) {
    const proposal = await approvedUnseen(stage);
    const [output] = proposal.statement.spend.outputs;
    const sats = output?.sats ?? 0;
    const leaf = await leafAt(stage, proposal.index);
    const edited = changed(leaf, `"sats":${String(sats)}`, `"sats":${String(sats + 1)}`);
    await editLeaf(stage, proposal.index, edited);
    const signer = await stage.beginSigner('d2');
    const code: RefusalCode = 'log.fork';
    must((await signer.ended()) === 2 && signer.said(code), 'it ends by the code');
    stage.assertNotYet(await stage.journalOf('d2'), proposal);
    await editLeaf(stage, proposal.index, leaf);
    return { result: 'stopped', code, receipt: unread };
  },
};

async function leafAt(stage: Stage, index: number): Promise<Uint8Array> {
  const { leaves } = await stage.ground.copyLog();
  const leaf = leaves[index];
  must(leaf !== undefined, 'the entry stands in the log');
  return leaf;
}

/** The row and the hash beside it: the check that holds them together says nothing. */
async function editLeaf(stage: Stage, index: number, leaf: Uint8Array): Promise<void> {
  const { owner, organisation } = stage.ground;
  await owner.query('ALTER TABLE log_entry DISABLE TRIGGER USER');
  await owner.query(
    `UPDATE log_entry SET leaf = $3, leaf_hash = sha256('\\x00'::bytea || $3)
     WHERE origin = $1 AND idx = $2`,
    [organisation.origin, index, Buffer.from(leaf)],
  );
}

const edited: Drill = {
  id: 33,
  name: 'an entry is deleted, edited, reordered in the database',
  attacker: 'C2',
  ground: 'tampered',
  wallets: [{ id: 'd33', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
    await verify(stage, 0);
  },
  async attack(stage) {
    const { owner, organisation } = stage.ground;
    const proposal = await stage.propose(await stage.craft());
    await verify(stage, 0);
    const { index } = proposal;
    const [leaf, next] = [await leafAt(stage, index), await leafAt(stage, index - 1)];
    const named = async (code: RefusalCode, at: number): Promise<RefusalCode> => {
      const answer = await verify(stage, 2);
      const { refusal } = answer.json as {
        readonly refusal?: { readonly facts?: { readonly index?: number } };
      };
      must(refusal?.facts?.index === at, `it names the leaf: ${JSON.stringify(answer.json)}`);
      return deniedBy(answer, code);
    };
    await editLeaf(stage, index, changed(leaf, '"kind":"pay"', '"kind":"say"'));
    const code = await named('log.fork', index);
    await editLeaf(stage, index, next);
    await editLeaf(stage, index - 1, leaf);
    await named('log.fork', index - 1);
    await editLeaf(stage, index, leaf);
    await editLeaf(stage, index - 1, next);
    await owner.query('DELETE FROM log_entry WHERE origin = $1 AND idx = $2', [
      organisation.origin,
      index,
    ]);
    await named('log.tile.invalid', index);
    await owner.query(
      `INSERT INTO log_entry (origin, idx, leaf, leaf_hash) VALUES ($1, $2, $3, sha256('\\x00'::bytea || $3))`,
      [organisation.origin, index, Buffer.from(leaf)],
    );
    await verify(stage, 0);
    await stage.quiet(stage.wallet, QUIET_MS);
    return { result: 'refused', code, receipt: unread };
  },
};

async function verify(stage: Stage, status: number) {
  const terminal = await terminalOf(stage.ground, 'auditor');
  const answer = await terminal.call('auditor', ['log', 'verify']);
  must(answer.status === status, `log verify ended with ${String(answer.status)}: ${answer.said}`);
  return answer;
}

export const tampered: readonly Drill[] = [script, amount, edited];
