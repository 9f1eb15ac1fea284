import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { fromUtf8 } from '../../../src/core/base/bytes.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import type { CharterBody, CountersignDocument } from '../../../src/core/governance/document.ts';
import { passed } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import { payeeOf, policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { laidIn, refusedBy } from '../ground/refused.ts';

/** Signatures and keys that are used where they were not meant. */

export const held = { none: 'what is missing is waited for' };
export const unsaid = { none: 'nothing of it enters the log' };
export async function startAndPay(stage: Stage): Promise<void> {
  await stage.startSigner();
  await stage.pay();
}

const earlySignatures: Drill = {
  id: 44,
  name: "cosigners' partial signatures lie in the database before the verdict",
  attacker: 'C2',
  ground: 'shared',
  wallets: [
    {
      id: 'd44',
      policy: policyText(),
      cosigners: ['alice', 'bob'],
      other: ({ hot, cosigners }) => `wsh(sortedmulti(2,${[hot, ...cosigners].join(',')}))`,
      outside: [['alice', 'bob']],
    },
  ],
  async control(stage) {
    await stage.startSigner();
    const proposal = await stage.propose(await stage.craft());
    stage.allow(proposal);
    for (const member of ['alice', 'carol']) {
      await stage.sync();
      const said = stage.desk.approval(member, stage.proposal(proposal.digest), { blob: null });
      passed(await stage.post(said));
    }
    await stage.refusal(proposal, 'psbt.signatures.missing');
    await stage.approve(proposal, ['alice']);
    await stage.broadcast(proposal);
  },
  async attack(stage) {
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    let code: RefusalCode = 'approval.signatures.early';
    for (const member of ['alice', 'bob']) {
      const said = stage.desk.approval(member, proposal);
      code = refusedBy(await stage.post(said), 'approval.signatures.early');
      const { rowCount } = await stage.ground.owner.query('SELECT FROM blob WHERE sha256 = $1', [
        said.statement.partialSignatures,
      ]);
      must(rowCount === 0, 'nobody finds them in the database');
    }
    await stage.quiet();
    return { result: 'refused', code, receipt: unsaid };
  },
};

const reusedSignature: Drill = {
  id: 49,
  name: 'the partial signature of a rejected proposal is used again',
  attacker: 'C2',
  ground: 'shared',
  wallets: [{ id: 'd49', policy: policyText(), cosigners: ['alice'] }],
  control: startAndPay,
  async attack(stage) {
    const crafted = await stage.craft(undefined, payeeOf('thief'));
    const first = await stage.propose(crafted);
    const given = stage.desk.approval('alice', first);
    passed(await stage.post(given));
    await stage.sync();
    const no = stage.desk.approval('alice', stage.proposal(first.digest), { decision: 'reject' });
    passed(await stage.post(no));
    await stage.refusal(first, 'proposal.rejected');
    // The same bytes once more: what alice signed of them lies in the database.
    const second = await stage.layProposal(crafted, { reference: 'AGAIN-1' });
    const moved = {
      ...given.entry,
      statement: { ...given.statement, proposal: second.digest },
    };
    const code = laidIn((await stage.ground.lay([moved], given.blobs))[0], 'statement.signature');
    await stage.layApprovals(second, ['bob', 'carol']);
    await stage.quiet();
    const api = await stage.ground.api('operator');
    refusedBy(await api.broadcast(second.digest), 'psbt.signatures.missing');
    return { result: 'refused', code, receipt: held };
  },
};

const reusedKeys: Drill = {
  id: 55,
  name: 'one key as three kinds, two members, two wallets',
  attacker: 'C6',
  ground: 'shared',
  wallets: [
    { id: 'd55', policy: policyText(), cosigners: ['alice'] },
    { id: 'd55b', policy: policyText(), cosigners: ['alice'] },
  ],
  control: startAndPay,
  async attack(stage) {
    const charter = (change: (body: CharterBody) => CharterBody): CountersignDocument =>
      stage.desk.next('charter', 'd55', change);
    const keyOf = (body: CharterBody, id: string): string =>
      body.members.find((member) => member.id === id)?.devices[0]?.key ?? '';
    const added = (to: string, from: string, id: string): CountersignDocument =>
      charter((body) => ({
        ...body,
        members: body.members.map((member) =>
          member.id === to
            ? {
                ...member,
                devices: [
                  ...member.devices,
                  { id, kind: 'secp256k1' as const, key: keyOf(body, from), suspended: false },
                ],
              }
            : member,
        ),
      }));
    let code: RefusalCode = 'charter.key.reused';
    for (const document of [added('alice', 'alice', 'second'), added('bob', 'alice', 'second')])
      code = refusedBy(await publish(stage, document), 'charter.key.reused');
    const cosigner = stage.desk.wallet('d55').body.holders[0]?.key ?? '';
    const other = stage.desk.wallet('d55b').root.document;
    const wallet: CountersignDocument = {
      ...other,
      id: 'd55c',
      body: structuredClone({ ...other.body }),
    };
    must(cosigner !== '', 'alice holds a key');
    refusedBy(
      await publish(stage, wallet),
      'charter.key.reused',
      'wallet.key.duplicate',
      'wallet.signer.missing',
    );
    await stage.quiet('d55', 0);
    return { result: 'refused', code, receipt: unsaid };
  },
};

async function publish(stage: Stage, document: CountersignDocument) {
  const api = await stage.ground.api('governor-1');
  return api.publishDocument(fromUtf8(canonicalBytes(document)) ?? '');
}

export const keys: readonly Drill[] = [earlySignatures, reusedSignature, reusedKeys];
