import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import { fromHex, toBase64 } from '../../../src/core/base/bytes.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import { sats } from '../../../src/core/base/sats.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { buildTransaction, toPsbt, toPsbt2 } from '../../../src/core/psbt/build.ts';
import { inputType } from '../../../src/core/psbt/fields.ts';
import { scriptOfAddress } from '../../../src/core/wallet/network.ts';
import { editPsbt, fieldOf, passed, setField } from '../../support/psbt.ts';
import { lookAlikeOf } from '../../support/look-alikes.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import type { Crafted } from '../ground/desk.ts';
import { NETWORK, payeeOf, policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { laidIn, refusedBy } from '../ground/stage.ts';
import { deniedBy, terminalOf } from '../ground/terminal.ts';

/** Swapped outputs, lying fields, replayed approvals: the bytes decide, and each approval is of these bytes alone. */

const script = (address: string): Uint8Array => passed(scriptOfAddress(address, NETWORK));
const quiet = { none: 'nothing of it enters the log' };

/** The transaction of a spend with other outputs. */
function withOutputs(
  { view }: Pick<Crafted, 'view'>,
  outputs: readonly { readonly script: Uint8Array; readonly sats: number }[],
): Uint8Array {
  return buildTransaction({
    inputs: view.spend.inputs.map(({ outpoint }) => ({ outpoint })),
    outputs: outputs.map((output) => ({ script: output.script, sats: sats(output.sats) })),
    lockTime: view.spend.lockTime,
  });
}

const outputsOf = ({ view }: Pick<Crafted, 'view'>) =>
  view.spend.outputs.map((output) => ({ script: fromHex(output.script), sats: output.sats }));

async function draftPsbt(stage: Stage, psbt: Uint8Array, wallet = stage.wallet) {
  const api = await stage.ground.api('operator');
  return api.draft({ wallet, purpose: 'drill', psbt: toBase64(psbt) });
}

/** A spend as a PSBT of another program. */
function psbtOf(stage: Stage, crafted: Crafted, write = toPsbt): Uint8Array {
  const { wallet } = stage.desk.wallet(crafted.wallet);
  const change = crafted.view.spend.outputs.map((output) => output.change);
  return write({ wallet, transaction: crafted.transaction, coins: crafted.view.coins, change });
}

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

const swappedChange: Drill = {
  id: 4,
  name: 'change is swapped for a foreign script with forged derivations',
  attacker: 'C2',
  ground: 'shared',
  wallets: [{ id: 'd4', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    const crafted = await stage.craft();
    const draft = passed(await draftPsbt(stage, psbtOf(stage, crafted)));
    must(draft.transaction === Buffer.from(crafted.transaction).toString('hex'), 'the same bytes');
    const proposal = await stage.propose(crafted);
    stage.allow(proposal);
    await stage.approve(proposal);
    await stage.broadcast(proposal);
  },
  async attack(stage) {
    const crafted = await stage.craft();
    const [payment, change] = outputsOf(crafted);
    must(payment !== undefined && change !== undefined, 'a payment and change');
    const foreign = { script: script(payeeOf('thief')), sats: change.sats };
    const transaction = withOutputs(crafted, [payment, foreign]);
    // The fields still say that the output is ours at 1/0.
    const psbt = psbtOf(stage, { ...crafted, transaction });
    const code = refusedBy(await draftPsbt(stage, psbt), 'psbt.change.tampered');
    // And a proposal that calls it change, by the initiator's own device.
    const honest = stage.desk.proposal(crafted);
    const read = stage.desk.read(stage.wallet, transaction, coinsOfSpend(crafted));
    const outputs = read.view.spend.outputs.map((output, at) =>
      at === 1 ? { ...output, change: 0 } : output,
    );
    const spend = { ...honest.statement.spend, transaction: read.view.spend.transaction, outputs };
    const lie = stage.desk.proposal({ ...read, view: { ...read.view, spend } });
    refusedBy(await stage.post(lie), 'proposal.spend.mismatch');
    return { result: 'refused', code, receipt: quiet };
  },
};

const coinsOfSpend = ({ view }: Crafted) =>
  view.coins.map(({ parent, index, outpoint }) => ({
    parent,
    index,
    vout: Number(outpoint.split(':')[1]),
  }));

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

const sighash: Drill = {
  id: 7,
  name: 'sighash NONE, SINGLE, ANYONECANPAY',
  attacker: 'C6',
  ground: 'shared',
  wallets: [{ id: 'd7', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const crafted = await stage.craft();
    const proposal = await stage.propose(crafted);
    const signatures = stage.desk.cosign('alice', proposal);
    let code: RefusalCode = 'psbt.signature.sighash';
    for (const sighash of ['00', '02', '03', '81', '82', '83']) {
      const changed = signatures.map(({ key, signature }) => ({
        key,
        signature: `${signature.slice(0, -2)}${sighash}`,
      }));
      const said = stage.desk.approval('alice', proposal, { blob: canonicalBytes(changed) });
      code = refusedBy(await stage.post(said), 'psbt.signature.sighash');
      const psbt = editPsbt(psbtOf(stage, crafted), (maps) => {
        setField(maps, 1, inputType.sighash, Uint8Array.of(Number(`0x${sighash}`), 0, 0, 0));
      });
      if (sighash !== '00') refusedBy(await draftPsbt(stage, psbt), 'psbt.sighash');
    }
    await stage.approve(proposal, ['bob', 'carol']);
    await stage.quiet();
    return { result: 'refused', code, receipt: { none: 'the approval never enters the log' } };
  },
};

const amountLie: Drill = {
  id: 8,
  name: 'an input amount lies, the fee passes the cap',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd8', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const coins = await stage.coins([900_000]);
    const greedy = stage.desk.craft(stage.wallet, {
      coins,
      pays: [[payeeOf('somebody'), stage.amount()]],
      feeSats: 600_000,
    });
    // Said to be smaller, the coin would make the fee look fair.
    const [coin] = greedy.view.coins;
    must(coin !== undefined, 'one coin');
    const lie = editPsbt(psbtOf(stage, greedy), (maps) => {
      const amount = new Uint8Array(8);
      new DataView(amount.buffer).setBigUint64(0, 310_000n, true);
      const utxo = Uint8Array.from([...amount, coin.script.length, ...coin.script]);
      setField(maps, 1, inputType.witnessUtxo, utxo);
    });
    refusedBy(await draftPsbt(stage, lie), 'psbt.input.amount');
    const honest = stage.desk.proposal(greedy);
    const spend = {
      ...honest.statement.spend,
      inputs: honest.statement.spend.inputs.map((input) => ({ ...input, sats: 310_000 })),
      feeSats: 10_000,
    };
    const declared = stage.desk.proposal({ ...greedy, view: { ...greedy.view, spend } });
    refusedBy(await stage.post(declared), 'proposal.spend.mismatch');
    const proposal = await stage.propose(greedy);
    await stage.approve(proposal);
    return {
      result: 'refused',
      code: 'policy.fee.exceeded',
      receipt: { proposal: proposal.digest },
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

const doubled: Drill = {
  id: 12,
  name: 'duplicate keys, unknown fields, PSBT v2 against v0',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd12', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const crafted = await stage.craft();
    const v0 = psbtOf(stage, crafted);
    const api = await stage.ground.api('operator');
    const twice = editPsbt(v0, ([, map = []]) => {
      map.push(...map.slice(0, 1));
    });
    const code = refusedBy(await draftPsbt(stage, twice), 'psbt.field.duplicate');
    const unknown = editPsbt(v0, ([, map = []]) => {
      map.push(fieldOf(0x3f, Uint8Array.of(1)));
    });
    // An unknown field is dropped: what is drafted is the transaction alone, to the byte.
    const bytes = Buffer.from(crafted.transaction).toString('hex');
    for (const psbt of [v0, psbtOf(stage, crafted, toPsbt2), unknown]) {
      const draft = passed(await draftPsbt(stage, psbt));
      must(draft.transaction === bytes, 'every spelling is the same bytes');
      passed(await api.releaseDraft(draft.draft));
    }
    await stage.quiet(stage.wallet, 0);
    return { result: 'refused', code, receipt: quiet };
  },
};

export const substitution: readonly Drill[] = [
  addedOutput,
  swappedChange,
  lookAlike,
  sighash,
  amountLie,
  signAgain,
  cancelled,
  replayed,
  doubled,
];
