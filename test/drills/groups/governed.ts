import { xOnlyPointFromScalar } from 'tiny-secp256k1';
import { zoneOf } from '../../../src/client/time-zone.ts';
import type { Device } from '../../../src/client/statements.ts';
import { toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { sha256 } from '../../../src/core/base/digest.ts';
import type { CharterBody } from '../../../src/core/governance/document.ts';
import { parsePolicyYaml } from '../../../src/core/policy/yaml.ts';
import { passed } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import { payeeOf, policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { refusedBy } from '../ground/refused.ts';

/** Who counts, and who may change who counts: in an organisation whose loosenings wait four seconds. */

const two = `
  - name: all payments
    when: {}
    require: { approvals: { from: treasury, atLeast: 2 }, delay: 10s }`;

/** A signer that has taken up the newest charter. */
async function startUpToDate(stage: Stage): Promise<void> {
  await stage.startSigner();
  await stage.until('the newest charter is in force', ({ charter, ledgers }) =>
    ledgers.get(stage.wallet)?.forced.charter.at(-1)?.document === charter?.digest
      ? true
      : undefined,
  );
}

type Member = CharterBody['members'][number];
const withMember =
  (id: string, change: (member: Member) => Member) =>
  (body: CharterBody): CharterBody => ({
    ...body,
    members: body.members.map((member) => (member.id === id ? change(member) : member)),
  });

const countedOnce: Drill = {
  id: 22,
  name: 'one person with two devices, the initiator',
  attacker: 'C6',
  ground: 'governed',
  wallets: [{ id: 'd22', policy: policyText({ rules: two }) }],
  async control(stage) {
    await startUpToDate(stage);
    await stage.pay({ by: ['alice', 'bob'] });
  },
  async attack(stage) {
    const secretKey = sha256(utf8("drills/bob's other device"));
    const phone: Device = { member: 'bob', device: 'phone', secretKey };
    const key = toHex(xOnlyPointFromScalar(secretKey));
    const added = stage.desk.next(
      'charter',
      'd22',
      withMember('bob', (member) => ({
        ...member,
        devices: [
          ...member.devices,
          { id: 'phone', kind: 'secp256k1' as const, key, suspended: false },
        ],
      })),
    );
    await stage.publish(added, ['governor-1', 'governor-2']);
    await stage.inForce(added);
    const confirmed = stage.desk.onDocument('bob', added, 'confirm', phone).entry;
    must((await stage.ground.lay([confirmed]))[0] === 'numbered', 'his device confirms itself');
    await stage.sync();
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    await stage.approve(proposal, ['bob']);
    const rest = { device: phone, blobs: [], text: null };
    const { statement } = stage.desk.approval('bob', stage.proposal(proposal.digest));
    const other = stage.desk.sign({ ...statement, device: 'phone' }, rest).entry;
    must((await stage.ground.lay([other]))[0] === 'numbered', 'his other device approves, too');
    refusedBy(await stage.post(stage.desk.approval('operator', proposal)), 'approval.initiator');
    await stage.quiet();
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(proposal.digest), 'policy.quorum.missing');
    return { result: 'refused', code, receipt: { none: 'what is missing is waited for' } };
  },
};

const limits = (amount: string) =>
  policyText({ limits: `[{ name: daily, amount: ${amount}, per: 24h }]` });

const underneath: Drill = {
  id: 46,
  name: 'tighten over a pending loosening; a lone governor removes those who could veto',
  attacker: 'C6',
  ground: 'governed',
  wallets: [{ id: 'd46', policy: limits('0.001 BTC') }],
  async control(stage) {
    await startUpToDate(stage);
    await stage.pay({ by: ['alice', 'carol'] });
  },
  async attack(stage) {
    const body = (amount: string) =>
      passed(parsePolicyYaml(`policy: d46\n${limits(amount)}`, zoneOf));
    const removing = stage.desk.next('charter', 'd46', (charter) => ({
      ...charter,
      members: charter.members.filter(({ id }) => id !== 'governor-3'),
    }));
    await stage.publish(removing, ['governor-1']);
    const pending = stage.desk.next('policy', 'd46', () => body('2 BTC'));
    await stage.publish(pending, ['governor-1', 'governor-2']);
    const under = stage.desk.next('policy', 'd46', () => body('1 BTC'));
    await stage.publish(under, ['governor-1']);
    await stage.quiet(stage.wallet, 1_500);
    // He is still there, and says no.
    passed(await stage.post(stage.desk.onDocument('governor-3', pending, 'veto')));
    await stage.quiet(stage.wallet, 5_000);
    for (const document of [removing, pending, under])
      must(!stage.isForced(document), `version ${String(document.version)} of ${document.kind}`);
    const proposal = await stage.propose(await stage.craft(500_000, payeeOf('thief')));
    await stage.approve(proposal, ['alice', 'carol']);
    return {
      result: 'refused',
      code: 'policy.limit.exceeded',
      receipt: { proposal: proposal.digest },
    };
  },
};

export const governed: readonly Drill[] = [countedOnce, underneath];
