import { documentDigest } from '../../../src/core/governance/document.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { fromUtf8 } from '../../../src/core/base/bytes.ts';
import { blobAddress } from '../../../src/core/base/digest.ts';
import { zoneOf } from '../../../src/client/time-zone.ts';
import type { PolicyBody } from '../../../src/core/policy/body.ts';
import { parsePolicyYaml } from '../../../src/core/policy/yaml.ts';
import { passed } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import { payeeOf, policyText } from '../ground/organisation.ts';
import { refusedBy } from '../ground/refused.ts';

/** Rules that somebody would rather have otherwise: an older policy, a higher limit, another quorum. */

const body = (wallet: string, text: string): PolicyBody =>
  passed(parsePolicyYaml(`policy: ${wallet}\n${text}`, zoneOf));
const daily = (amount: string): string => `[{ name: daily, amount: ${amount}, per: 24h }]`;
const governors = ['governor-1', 'governor-2', 'governor-3'];
const rule = (clause: string, delay = '0s'): string => `
  - name: all payments
    when: {}
    require: { approvals: ${clause}, delay: ${delay} }`;

const three = rule('{ all: [{ from: treasury, atLeast: 2 }, { from: compliance, atLeast: 1 }] }');

const quorumEdited: Drill = {
  id: 25,
  name: 'a quorum is edited from 3 to 1',
  attacker: 'C2',
  ground: 'shared',
  wallets: [{ id: 'd25', policy: policyText({ rules: three }), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay({ by: ['alice', 'bob', 'carol'] });
  },
  async attack(stage) {
    const one = rule('{ from: treasury, atLeast: 1 }');
    const forged = stage.desk.next('policy', 'd25', () => body('d25', policyText({ rules: one })));
    const bytes = canonicalBytes(forged);
    const entry = { type: 'document', document: blobAddress(bytes) } as const;
    const [outcome] = await stage.ground.lay([entry], [bytes]);
    must(outcome === 'numbered', 'anybody may lay a document in');
    await stage.ground.owner.query('UPDATE document SET version = 1 WHERE digest = $1', [
      documentDigest(forged),
    ]);
    const named = stage.desk.proposal(await stage.craft(), { policy: documentDigest(forged) });
    refusedBy(
      await stage.post(named),
      'document.unauthorised',
      'document.unknown',
      'document.stale',
    );
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    await stage.approve(proposal, ['alice']);
    await stage.quiet();
    must(!stage.isForced(forged), 'what nobody signed is not in force');
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(proposal.digest), 'policy.quorum.missing');
    return { result: 'refused', code, receipt: { none: 'a quorum that is missing is waited for' } };
  },
};

const olderPolicy: Drill = {
  id: 26,
  name: 'an older, looser, validly signed policy is presented',
  attacker: 'C4',
  ground: 'shared',
  wallets: [{ id: 'd26', policy: policyText({ limits: daily('2 BTC') }), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const former = stage.desk.state.policies.get('d26')?.document;
    must(former !== undefined, 'a policy is in force');
    const crafted = await stage.craft(5_000_000, payeeOf('thief'));
    const named = stage.desk.proposal(crafted);
    const tighter = stage.desk.next('policy', 'd26', () =>
      body('d26', policyText({ limits: daily('0.02 BTC') })),
    );
    await stage.publish(tighter, ['governor-1']);
    await stage.inForce(tighter);
    // Presented again, as it was signed.
    const api = await stage.ground.api('governor-1');
    const text = fromUtf8(canonicalBytes(former)) ?? '';
    refusedBy(await api.publishDocument(text), 'document.duplicate');
    for (const governor of governors)
      passed(await stage.post(stage.desk.onDocument(governor, former)));
    const [outcome] = await stage.ground.lay([named.entry], named.blobs);
    must(outcome === 'numbered', 'it was in force a moment ago');
    await stage.sync();
    await stage.approve(stage.proposal(named.signed.digest));
    return {
      result: 'refused',
      code: 'policy.limit.exceeded',
      receipt: { proposal: named.signed.digest },
    };
  },
};

const own = (amount: string): string =>
  policyText({ limits: `[{ name: own, amount: ${amount}, per: 24h, of: initiator }]` });

const ownLimit: Drill = {
  id: 27,
  name: 'a governor raises his own limit',
  attacker: 'C6',
  ground: 'shared',
  wallets: [{ id: 'd27', policy: own('0.001 BTC'), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    await stage.pay();
  },
  async attack(stage) {
    const raised = stage.desk.next('policy', 'd27', () => body('d27', own('1 BTC')));
    await stage.publish(raised, ['governor-4', 'governor-1', 'governor-2']);
    await stage.quiet();
    must(!stage.isForced(raised), 'his own word does not count');
    const himself = { member: 'governor-4', initiator: 'governor-4' };
    const proposal = await stage.propose(await stage.craft(500_000, payeeOf('thief')), himself);
    await stage.approve(proposal);
    return {
      result: 'refused',
      code: 'policy.limit.exceeded',
      receipt: { proposal: proposal.digest },
    };
  },
};

const usageReset: Drill = {
  id: 29,
  name: 'a rule is edited to reset usage',
  attacker: 'C6',
  ground: 'shared',
  wallets: [
    { id: 'd29', policy: policyText({ limits: daily('0.001 BTC') }), cosigners: ['alice'] },
  ],
  async control(stage) {
    await stage.startSigner();
    await stage.pay({ sats: 90_000 });
  },
  async attack(stage) {
    const renamed = policyText({
      limits: '[{ name: renamed, amount: 0.001 BTC, per: 24h }]',
      rules: rule(
        '{ all: [{ from: treasury, atLeast: 1 }, { from: compliance, atLeast: 1 }] }',
      ).replace('all payments', 'every payment'),
    });
    const edited = stage.desk.next('policy', 'd29', () => body('d29', renamed));
    await stage.publish(edited, governors);
    await stage.inForce(edited);
    const proposal = await stage.propose(await stage.craft(20_000, payeeOf('thief')));
    await stage.approve(proposal);
    await stage.quiet();
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(proposal.digest), 'policy.limit.exceeded');
    return {
      result: 'refused',
      code,
      receipt: { none: 'a full window is waited for: it moves on' },
    };
  },
};

const foreignWallet: Drill = {
  id: 30,
  name: "the signer of one wallet gets another wallet's PSBT",
  attacker: 'C4',
  ground: 'shared',
  wallets: [
    { id: 'd30', policy: policyText(), cosigners: ['alice'] },
    { id: 'd30b', policy: policyText(), cosigners: ['alice'] },
  ],
  async control(stage) {
    await stage.startSigner('d30');
    await stage.pay({ wallet: 'd30' });
  },
  async attack(stage) {
    const crafted = await stage.craft(undefined, payeeOf('thief'), 'd30b');
    const elsewhere = stage.desk.proposal(crafted);
    const here = stage.desk.proposal(await stage.craft());
    const { wallet, policy } = here.statement;
    const moved = stage.desk.proposal(crafted, { wallet, policy });
    const code = refusedBy(await stage.post(moved), 'psbt.input.foreign');
    // Or of that wallet by name, before the wrong signer: it never looks at it.
    const proposal = await stage.layProposal(crafted);
    must(proposal.statement.wallet.id === elsewhere.statement.wallet.id, 'of the other wallet');
    await stage.approve(proposal);
    await stage.quiet('d30');
    must(!stage.ledger('d30').sights.has(proposal.digest), 'it is not its own');
    return { result: 'refused', code, receipt: { none: 'nothing of it enters the log' } };
  },
};

export const policies: readonly Drill[] = [
  quorumEdited,
  olderPolicy,
  ownLimit,
  usageReset,
  foreignWallet,
];
