import { formatTime } from '../../../src/core/base/time.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { passed } from '../../support/psbt.ts';
import { lookAlikeOf } from '../../support/look-alikes.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import { payeeOf, policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { laidIn, refusedBy } from '../ground/refused.ts';
import { deniedBy, terminalOf } from '../ground/terminal.ts';
import { outputsOf, quiet, script, withOutputs } from './psbt.ts';

/** Swapped outputs, lying fields, replayed approvals: the bytes decide, and each approval is of these bytes alone. */

const addedOutput: Drill = {
  id: 3,
  name: 'an output is added to an approved PSBT',
  attacker: 'C2',
  ground: 'shared',
  wallets: [{ id: 'd3', policy: policyText() }],
  async control(stage) {
    await stage.startSigner();
    const proposal = await proposeWithEnvelope(stage);
    const api = await stage.ground.api('operator');
    passed(await api.bump(proposal.digest, 40));
    await stage.until('the bump is signed', ({ ledgers }) =>
      ledgers.get('d3')?.bumps.get(proposal.digest)?.signed.length === 1 ? true : undefined,
    );
  },
  async attack(stage) {
    const proposal = await proposeWithEnvelope(stage);
    const [payment, change] = outputsOf(proposal);
    must(payment !== undefined && change !== undefined, 'a payment and change');
    const stolen = { script: script(payeeOf('thief')), sats: 30_000 };
    const left = { ...change, sats: change.sats - 35_000 };
    let code: RefusalCode = 'version.spend';
    for (const outputs of [
      [payment, left, stolen],
      [payment, stolen, left],
      [payment, { ...stolen, sats: change.sats - 5_000 }],
    ]) {
      const transaction = withOutputs(proposal, outputs);
      const { transaction: digest } = stage.desk.read('d3', transaction, coinsOf(proposal)).view
        .spend;
      const entry = { type: 'version', proposal: proposal.digest, transaction: digest } as const;
      const [outcome] = await stage.ground.lay([entry], [transaction]);
      code = laidIn(outcome, 'version.spend');
    }
    await stage.quiet();
    return { result: 'refused', code, receipt: quiet };
  },
};

const coinsOf = (proposal: ProposalRecord) =>
  proposal.coins.map(({ parent, index, outpoint }) => ({
    ...{ parent, index, vout: Number(outpoint.split(':')[1]) },
  }));

async function proposeWithEnvelope(stage: Stage): Promise<ProposalRecord> {
  const until = formatTime(stage.desk.clock() + 3_600);
  const envelope = { feeSatsMax: 30_000, replacementsMax: 5, until };
  const proposal = await stage.propose(await stage.craft(), { envelope });
  stage.allow(proposal);
  await stage.approve(proposal);
  await stage.broadcast(proposal);
  return stage.proposal(proposal.digest);
}

const lookAlike: Drill = {
  id: 5,
  name: 'an address that looks like a listed one',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd5', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('exchange')));
    stage.allow(proposal);
    await stage.approve(proposal);
    await stage.broadcast(proposal);
  },
  async attack(stage) {
    const listed = payeeOf('exchange');
    const twin = lookAlikeOf(listed);
    must(twin !== listed && twin.slice(0, 10) === listed.slice(0, 10), 'they look alike');
    await stage.coins([100_000]);
    const terminal = await terminalOf(stage.ground, 'operator');
    const words = [
      'propose',
      '--wallet',
      'd5',
      '--to',
      `${twin}=20000 sat`,
      '--purpose',
      'drill',
      '--yes',
    ];
    const answer = await terminal.call('operator', words);
    deniedBy(answer, 'address.lookalike');
    must(answer.said.includes(twin) && answer.said.includes(listed), 'both are shown in full');
    const crafted = await stage.craft(undefined, twin);
    const said = stage.desk.proposal(crafted);
    refusedBy(await stage.post(said), 'address.lookalike');
    // Past the server's own check, and with everybody's approval.
    const [outcome] = await stage.ground.lay([said.entry], said.blobs);
    must(outcome === 'numbered', 'the log takes what is well formed');
    await stage.sync();
    await stage.approve(stage.proposal(said.signed.digest));
    return {
      result: 'refused',
      code: 'address.lookalike',
      receipt: { proposal: said.signed.digest },
    };
  },
};

const signAgain: Drill = {
  id: 9,
  name: '"failed, sign again": the same inputs, other outputs',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd9', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const coins = await stage.coins([100_000]);
    const amount = stage.amount();
    const pays = (name: string) =>
      stage.desk.craft(stage.wallet, { coins, pays: [[payeeOf(name), amount]] });
    const first = await stage.propose(pays('somebody'));
    stage.allow(first);
    await stage.approve(first);
    await stage.broadcast(first);
    const second = stage.desk.proposal(pays('thief'));
    refusedBy(await stage.post(second), 'coin.locked', 'coin.spent');
    const [outcome] = await stage.ground.lay([second.entry], second.blobs);
    must(outcome === 'numbered', 'the log takes what is well formed');
    await stage.sync();
    // The old approvals, called approvals of the new one.
    for (const { statement, member } of stage.proposal(first.digest).approvals) {
      const said = stage.desk.approval(member, stage.proposal(first.digest));
      const moved = { ...said.entry, statement: { ...statement, proposal: second.signed.digest } };
      laidIn(
        (await stage.ground.lay([moved]))[0],
        'statement.signature',
        'approval.spend.mismatch',
      );
    }
    // And everybody is talked into approving again, past a server that knows better.
    await stage.layApprovals(stage.proposal(second.signed.digest), ['alice', 'carol']);
    await stage.until('the signer sounds the alarm', () =>
      stage.signer().said(`"proposal":"${second.signed.digest}"`) ? true : undefined,
    );
    return { result: 'refused', code: 'coin.signed', receipt: { proposal: second.signed.digest } };
  },
};

const cancelled: Drill = {
  id: 10,
  name: 'partial signatures of a cancelled proposal are asked for',
  attacker: 'C2',
  ground: 'shared',
  wallets: [{ id: 'd10', policy: policyText({ delay: '2s' }), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    await stage.approve(proposal);
    passed(await stage.post(stage.desk.approval('operator', proposal, { decision: 'withdraw' })));
    const api = await stage.ground.api('operator');
    refusedBy(await api.broadcast(proposal.digest), 'proposal.withdrawn');
    await stage.sync();
    const again = stage.desk.approval('bob', stage.proposal(proposal.digest));
    const code = refusedBy(await stage.post(again), 'proposal.withdrawn');
    await stage.quiet(stage.wallet, 3_000);
    return { result: 'refused', code, receipt: { proposal: proposal.digest } };
  },
};

const replayed: Drill = {
  id: 11,
  name: 'an approval is replayed on another proposal, wallet, network',
  attacker: 'C2',
  ground: 'shared',
  wallets: [
    { id: 'd11', policy: policyText(), cosigners: ['alice'] },
    { id: 'd11b', policy: policyText(), cosigners: ['alice'] },
  ],
  async control(stage) {
    await stage.startSigner('d11');
    await stage.startSigner('d11b');
    await stage.pay({ wallet: 'd11' });
    await stage.pay({ wallet: 'd11b' });
  },
  async attack(stage) {
    const first = await stage.pay();
    const other = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    const elsewhere = await stage.propose(await stage.craft(undefined, payeeOf('thief'), 'd11b'));
    const { approvals } = stage.proposal(first.digest);
    let code: RefusalCode = 'statement.signature';
    for (const { statement, member } of approvals) {
      const { entry } = stage.desk.approval(member, other);
      const original = await signatureOf(stage, first, member);
      const lay = async (changed: object) =>
        (
          await stage.ground.lay([
            { ...entry, signature: original, statement: { ...statement, ...changed } },
          ])
        )[0];
      laidIn(await lay({}), 'statement.duplicate');
      for (const { digest, spendDigest } of [other, elsewhere])
        code = laidIn(await lay({ proposal: digest, spend: spendDigest }), 'statement.signature');
      laidIn(await lay({ org: 'ab'.repeat(32) }), 'statement.organisation');
    }
    // Signed by the very same device, for another organisation and for another network.
    const staging = stage.desk.approval('carol', other, { org: 'ab'.repeat(32) });
    laidIn((await stage.ground.lay([staging.entry]))[0], 'statement.organisation');
    const regtest = stage.desk.proposal(await stage.craft(), { network: 'regtest' });
    laidIn((await stage.ground.lay([regtest.entry], regtest.blobs))[0], 'statement.network');
    await stage.quiet('d11');
    await stage.quiet('d11b', 0);
    return { result: 'refused', code, receipt: quiet };
  },
};

/** The signature of a member's approval as the log holds it. */
async function signatureOf(
  stage: Stage,
  { digest }: ProposalRecord,
  member: string,
): Promise<string> {
  const { leaves } = await stage.ground.copyLog();
  for (const leaf of leaves) {
    const entry = JSON.parse(Buffer.from(leaf).toString('utf8')) as {
      readonly signature?: string;
      readonly statement?: { readonly proposal?: string; readonly member?: string };
    };
    const { statement, signature } = entry;
    if (statement?.proposal === digest && statement.member === member && signature !== undefined)
      return signature;
  }
  throw new Error('the approval stands in the log');
}

export const substitution: readonly Drill[] = [
  addedOutput,
  lookAlike,
  signAgain,
  cancelled,
  replayed,
];
