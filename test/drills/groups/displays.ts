import { zoneOf } from '../../../src/client/time-zone.ts';
import { messageLine } from '../../../src/core/approval/message-line.ts';
import type { ApprovalStatement, DocumentStatement } from '../../../src/core/approval/statement.ts';
import type { RefusalCode } from '../../../src/core/base/codes.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import type { CharterBody, CountersignDocument } from '../../../src/core/governance/document.ts';
import type { Entry } from '../../../src/core/log/entry.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { parsePolicyYaml } from '../../../src/core/policy/yaml.ts';
import { passed } from '../../support/psbt.ts';
import { MessageDevice, withDevices } from '../../support/wallet-device.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import type { WalletPlan } from '../ground/organisation.ts';
import { payeeOf, policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { laidIn, refusedBy } from '../ground/refused.ts';

/** Pages that lie, and the second display that shows the payments: hardware wallets that sign a line of text. */

const held = { none: 'what is missing is waited for' };
const governors = ['governor-1', 'governor-2', 'governor-3'];
const wallets = new Map(
  ['alice', ...governors].map((id) => [id, new MessageDevice(`drill ${id}`)]),
);

/** One for all three: its signer follows the charter from the first hardware wallet on. */
const shown: WalletPlan = { id: 'd15', policy: policyText() };

function deviceOf(member: string): MessageDevice {
  const found = wallets.get(member);
  if (found === undefined) throw new Error(`${member} has a hardware wallet`);
  return found;
}

/** What a member's hardware wallet signs of a statement: the line that it shows. */
function byDisplay(
  stage: Stage,
  said: ApprovalStatement | DocumentStatement,
  edit: (line: string) => string = (line) => line,
): Extract<Entry, { type: 'statement' }> {
  const device = deviceOf(said.member);
  const statement = { ...said, device: device.id };
  const line = passed(messageLine(stage.desk.state, statement));
  return { type: 'statement', statement, signature: device.sign(edit(line)), coins: null };
}

async function numbered(stage: Stage, entry: Entry): Promise<void> {
  const [outcome] = await stage.ground.lay([entry]);
  must(outcome === 'numbered', `it is well formed: ${outcome ?? ''}`);
  await stage.sync();
}

async function enrol(
  stage: Stage,
  members: readonly string[],
  by: readonly string[],
): Promise<void> {
  const added = Object.fromEntries(members.map((id) => [id, [deviceOf(id).entry]]));
  const charter = stage.desk.next('charter', stage.wallet, (body: CharterBody) =>
    withDevices(body, added),
  );
  await stage.publish(charter, by);
  await stage.inForce(charter);
  for (const id of members)
    await numbered(
      stage,
      byDisplay(stage, stage.desk.onDocument(id, charter, 'confirm').statement),
    );
}

/** Gives governors and alice hardware wallets, asks them for changes, then for payments. */
async function trustDisplays(stage: Stage): Promise<void> {
  const [one = '', two = '', three = ''] = governors;
  await enrol(stage, [three, 'alice'], [one, two]);
  await enrol(stage, [one], [two, three]);
  await enrol(stage, [two], [one, three]);
  const clause = { from: 'governors', atLeast: 2, kinds: ['message' as const] };
  const charter = stage.desk.next('charter', stage.wallet, (body) => ({
    ...body,
    governance: { ...body.governance, clause },
  }));
  await stage.publish(charter, [one, two]);
  await stage.inForce(charter);
}

async function askDisplays(stage: Stage): Promise<void> {
  const rules = `
  - name: all payments
    when: {}
    require: { approvals: { from: treasury, atLeast: 1, kinds: [message] } }`;
  const policy: CountersignDocument = stage.desk.next('policy', stage.wallet, () =>
    passed(parsePolicyYaml(`policy: ${stage.wallet}\n${policyText({ rules })}`, zoneOf)),
  );
  await stage.publish(policy, []);
  for (const governor of governors.slice(0, 2))
    await numbered(stage, byDisplay(stage, stage.desk.onDocument(governor, policy).statement));
  await stage.inForce(policy);
}

async function approveByDisplay(stage: Stage, proposal: ProposalRecord): Promise<void> {
  await numbered(stage, byDisplay(stage, stage.desk.approval('alice', proposal).statement));
}

/** The honest way: what the display shows is what is paid. */
async function payByDisplay(stage: Stage): Promise<void> {
  const proposal = await stage.propose(await stage.craft());
  stage.allow(proposal);
  await approveByDisplay(stage, proposal);
  await stage.broadcast(proposal);
}

async function start(stage: Stage): Promise<void> {
  await stage.startSigner();
  const { charter, policies } = stage.desk.state;
  if (charter?.document.version === 1) await trustDisplays(stage);
  if (policies.get(stage.wallet)?.document.version === 1) await askDisplays(stage);
  await payByDisplay(stage);
}

const otherShown: Drill = {
  id: 15,
  name: 'a page shows A and asks the device to sign B',
  attacker: 'C3',
  ground: 'displays',
  wallets: [shown],
  control: start,
  async attack(stage) {
    const meant = await stage.propose(await stage.craft());
    const asked = await stage.propose(await stage.craft(30_000, payeeOf('thief')));
    // Her key in the browser or terminal signs blindly what she takes for the one shown.
    passed(await stage.post(stage.desk.approval('alice', asked)));
    await stage.sync();
    const line = (proposal: ProposalRecord): string =>
      passed(
        messageLine(stage.desk.state, {
          ...stage.desk.approval('alice', proposal).statement,
          device: 'ledger',
        }),
      );
    must(line(asked).includes(payeeOf('thief')), 'the second display names who is paid');
    must(!line(meant).includes(payeeOf('thief')), 'and she expected another');
    await stage.quiet();
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(asked.digest), 'policy.quorum.missing');
    return { result: 'refused', code, receipt: held };
  },
};

const noDisplay: Drill = {
  id: 16,
  name: 'all approvals are without a trusted display where the policy asks for one',
  attacker: 'C6',
  ground: 'displays',
  wallets: [shown],
  control: start,
  async attack(stage) {
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    await stage.approve(proposal, ['alice', 'bob', 'dora']);
    await stage.quiet();
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(proposal.digest), 'policy.quorum.missing');
    return { result: 'refused', code, receipt: held };
  },
};

const otherText: Drill = {
  id: 60,
  name: 'a message with a newline, of 641 characters, with another envelope',
  attacker: 'C3',
  ground: 'displays',
  wallets: [shown],
  control: start,
  async attack(stage) {
    const crafted = await stage.craft(undefined, payeeOf('thief'));
    const until = formatTime(stage.desk.clock() + 3_600);
    const wide = await stage.propose(crafted, {
      envelope: { feeSatsMax: 100_000, replacementsMax: 20, until },
    });
    const { statement } = stage.desk.approval('alice', wide);
    const narrow = passed(
      messageLine(stage.desk.state, { ...statement, device: 'ledger' }),
    ).replace(/fee .* id/, 'fee 0.00001000 id');
    let code: RefusalCode = 'statement.signature';
    for (const edit of [
      (line: string) => line.replace(' ', '\n'),
      (line: string) => line.padEnd(641, ' '),
      () => narrow,
    ]) {
      const [outcome] = await stage.ground.lay([byDisplay(stage, statement, edit)]);
      code = laidIn(outcome, 'statement.signature', 'approval.message.invalid');
    }
    const coins = await stage.coins([500_000]);
    const long = await stage.propose(
      stage.desk.craft(stage.wallet, {
        coins,
        pays: [0, 1, 2, 3, 4, 5].map(
          (at) => [payeeOf(`payee ${String(at)}`), 20_000 + at] as const,
        ),
      }),
    );
    const tooLong = messageLine(stage.desk.state, {
      ...stage.desk.approval('alice', long).statement,
      device: 'ledger',
    });
    refusedBy(tooLong, 'approval.message.toolong');
    await stage.quiet();
    return { result: 'refused', code, receipt: { none: 'the approval never enters the log' } };
  },
};

export const displays: readonly Drill[] = [otherShown, noDisplay, otherText];
