import { formatTime } from '../../../src/core/base/time.ts';
import type { Entry } from '../../../src/core/log/entry.ts';
import { passed } from '../../support/psbt.ts';
import type { Drill } from '../drill.ts';
import { must } from '../drill.ts';
import { payeeOf, policyText } from '../ground/organisation.ts';
import type { Stage } from '../ground/stage.ts';
import { laidIn, refusedBy } from '../ground/refused.ts';
import { held, startAndPay, unsaid } from './keys.ts';

/** What was said is held back, moved or used twice; keys and coins are passed off as others. */

const governors = ['governor-1', 'governor-2', 'governor-3'];

const approvedAgain: Drill = {
  id: 45,
  name: 'approve, withdraw, wait out the delay, approve again',
  attacker: 'C6',
  ground: 'shared',
  wallets: [{ id: 'd45', policy: policyText({ delay: '2s' }), cosigners: ['alice'] }],
  control: startAndPay,
  async attack(stage) {
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    await stage.approve(proposal);
    const withdrawn = stage.desk.approval('carol', stage.proposal(proposal.digest), {
      decision: 'withdraw',
    });
    passed(await stage.post(withdrawn));
    await stage.quiet(stage.wallet, 3_000);
    const again = stage.desk.approval('carol', stage.proposal(proposal.digest));
    const code = refusedBy(await stage.post(again), 'approval.superseded');
    await stage.quiet();
    return { result: 'refused', code, receipt: unsaid };
  },
};

const replayedUnfreeze: Drill = {
  id: 47,
  name: 'a replayed unfreeze; a staging statement in production',
  attacker: 'C4',
  ground: 'shared',
  wallets: [{ id: 'd47', policy: policyText(), cosigners: ['alice'] }],
  async control(stage) {
    await stage.startSigner();
    const { lifts } = await frozenAndLifted(stage);
    must(lifts.length === 3, 'three governors signed');
    await stage.pay();
  },
  async attack(stage) {
    const { freeze, lifts } = await frozenAndLifted(stage);
    const again = stage.desk.freeze('officer', 'd47');
    passed(await stage.post(again));
    for (const outcome of await stage.ground.lay(lifts)) laidIn(outcome, 'statement.duplicate');
    // Signed anew, but it names the former freeze.
    for (const governor of governors)
      await stage.post(stage.desk.freeze(governor, 'd47', { action: 'unfreeze', lifts: [freeze] }));
    // The governors of a staging organisation have the same keys.
    const org = 'ab'.repeat(32);
    const staging = governors.map(
      (governor) =>
        stage.desk.freeze(governor, 'd47', {
          org,
          action: 'unfreeze',
          lifts: [again.signed.digest],
        }).entry,
    );
    for (const outcome of await stage.ground.lay(staging))
      laidIn(outcome, 'statement.organisation');
    await stage.sync();
    const proposal = await stage.propose(await stage.craft(undefined, payeeOf('thief')));
    await stage.approve(proposal);
    await stage.quiet();
    const api = await stage.ground.api('operator');
    const code = refusedBy(await api.broadcast(proposal.digest), 'wallet.frozen');
    return { result: 'refused', code, receipt: held };
  },
};

async function frozenAndLifted(
  stage: Stage,
): Promise<{ readonly freeze: string; readonly lifts: readonly Entry[] }> {
  await stage.sync();
  const said = stage.desk.freeze('officer', stage.wallet);
  passed(await stage.post(said));
  await stage.sync();
  const freeze = said.signed.digest;
  const lifts: Entry[] = [];
  for (const governor of governors) {
    const lift = stage.desk.freeze(governor, stage.wallet, { action: 'unfreeze', lifts: [freeze] });
    passed(await stage.post(lift));
    lifts.push(lift.entry);
  }
  await stage.until('the freeze is lifted', ({ ledgers }) =>
    ledgers.get(stage.wallet)?.lifted.has(freeze) === true ? true : undefined,
  );
  return { freeze, lifts };
}

const swappedInitiator: Drill = {
  id: 48,
  name: 'the initiator is swapped under the same proposal',
  attacker: 'C2',
  ground: 'shared',
  wallets: [{ id: 'd48', policy: policyText(), cosigners: ['alice'] }],
  control: startAndPay,
  async attack(stage) {
    const crafted = await stage.craft();
    const { entry, blobs } = stage.desk.proposal(crafted);
    if (entry.statement.type !== 'proposal') throw new Error('a proposal was signed');
    const other = { member: 'operator-2', initiator: 'operator-2' };
    const swapped = { ...entry, statement: { ...entry.statement, ...other } };
    const code = laidIn((await stage.ground.lay([swapped], blobs))[0], 'statement.signature');
    const half = stage.desk.proposal(crafted, { initiator: 'operator-2' });
    refusedBy(await stage.post(half), 'proposal.initiator');
    const proposal = await stage.propose(crafted);
    await stage.ground.owner.query('UPDATE proposal SET initiator = $2 WHERE digest = $1', [
      proposal.digest,
      'operator-2',
    ]);
    const his = stage.desk.approval('operator', proposal);
    refusedBy(await stage.post(his), 'approval.initiator');
    await stage.quiet();
    return { result: 'refused', code, receipt: unsaid };
  },
};

const sharedCoins: Drill = {
  id: 50,
  name: 'replacements {a,b}, {a,c}, {b,d}',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd50', policy: policyText(), cosigners: ['alice'] }],
  control: startAndPay,
  async attack(stage) {
    const [a, b, c, d] = await stage.coins([50_000, 51_000, 52_000, 53_000]);
    must(a !== undefined && b !== undefined && c !== undefined && d !== undefined, 'four coins');
    const pays = (): readonly (readonly [string, number])[] => [
      [payeeOf('thief'), stage.amount(70_000)],
    ];
    const first = await stage.propose(
      stage.desk.craft('d50', {
        coins: [a, b],
        pays: [[payeeOf('somebody'), stage.amount(70_000)]],
      }),
    );
    stage.allow(first);
    await stage.approve(first);
    await stage.broadcast(first);
    const second = await stage.layProposal(
      stage.desk.craft('d50', { coins: [a, c], pays: pays() }),
    );
    const third = await stage.layProposal(stage.desk.craft('d50', { coins: [b, d], pays: pays() }));
    await stage.layApprovals(second, ['alice', 'carol']);
    await stage.layApprovals(third, ['alice', 'carol']);
    await stage.refusal(second, 'coin.signed');
    return { result: 'refused', code: 'coin.signed', receipt: { proposal: third.digest } };
  },
};

const falseConfirmations: Drill = {
  id: 51,
  name: 'six false confirmations',
  attacker: 'C4',
  ground: 'shared',
  wallets: [
    {
      id: 'd51',
      policy: policyText({ limits: '[{ name: daily, amount: 0.001 BTC, per: 24h }]' }),
      cosigners: ['alice'],
    },
  ],
  async control(stage) {
    await stage.startSigner();
    await stage.pay({ sats: 10_000 });
  },
  async attack(stage) {
    const coins = await stage.coins([150_000]);
    const paid = await stage.propose(
      stage.desk.craft('d51', { coins, pays: [[payeeOf('somebody'), 80_000]] }),
    );
    stage.allow(paid);
    await stage.approve(paid);
    await stage.broadcast(paid);
    const { digest: proposal, txid } = stage.proposal(paid.digest);
    const at = formatTime(stage.desk.clock());
    const facts: Entry[] = Array.from({ length: 6 }, (_, height) => ({
      type: 'fact',
      fact: { fact: 'confirmed', at, proposal, txid, height: 900 + height, block: 'ab'.repeat(32) },
    }));
    await stage.ground.lay([
      ...facts,
      { type: 'fact', fact: { fact: 'settled', at, proposal, txid } },
      { type: 'fact', fact: { fact: 'unconfirmed', at, proposal, txid } },
    ]);
    // Neither its budget nor its coin is free again.
    const over = await stage.propose(await stage.craft(30_000, payeeOf('thief')));
    await stage.approve(over);
    await stage.quiet();
    const api = await stage.ground.api('operator');
    refusedBy(await api.broadcast(over.digest), 'policy.limit.exceeded');
    const again = await stage.layProposal(
      stage.desk.craft('d51', { coins, pays: [[payeeOf('thief'), 5_000]] }),
    );
    await stage.layApprovals(again, ['alice', 'carol']);
    return { result: 'refused', code: 'coin.signed', receipt: { proposal: again.digest } };
  },
};

const longDelay: Drill = {
  id: 52,
  name: 'a delay longer than the window, then a second spend',
  attacker: 'C5',
  ground: 'shared',
  wallets: [
    {
      id: 'd52',
      policy: policyText({
        limits: '[{ name: short, amount: 0.001 BTC, per: 10s }]',
        delay: '20s',
      }),
      cosigners: ['alice'],
    },
  ],
  async control(stage) {
    await stage.startSigner();
    // Little enough that it leaves room for the first payment and none for the second.
    await stage.pay({ sats: 5_000 });
  },
  async attack(stage) {
    const first = await stage.propose(await stage.craft(90_000));
    stage.allow(first);
    await stage.approve(first);
    const began = performance.now();
    const second = await stage.propose(await stage.craft(80_000, payeeOf('thief')));
    await stage.approve(second);
    const api = await stage.ground.api('operator');
    await stage.quiet(stage.wallet, Math.max(0, 13_000 - (performance.now() - began)));
    const code = refusedBy(await api.broadcast(second.digest), 'policy.limit.exceeded');
    passed(await stage.post(stage.desk.approval('operator', second, { decision: 'withdraw' })));
    await stage.broadcast(first);
    return { result: 'refused', code, receipt: held };
  },
};

const largestFee: Drill = {
  id: 57,
  name: 'a spend to oneself with the largest fee',
  attacker: 'C5',
  ground: 'shared',
  wallets: [
    {
      id: 'd57',
      policy: policyText({
        rules: `
  - name: own coins
    when: { payments: none }
    require: { approvals: { from: treasury, atLeast: 1 } }`,
      }),
    },
  ],
  async control(stage) {
    await stage.startSigner();
    const proposal = await selfSpend(stage, 5_000);
    stage.allow(proposal);
    await stage.approve(proposal, ['alice']);
    await stage.broadcast(proposal);
  },
  async attack(stage) {
    const proposal = await selfSpend(stage, 5_001);
    await stage.approve(proposal, ['alice']);
    return {
      result: 'refused',
      code: 'policy.fee.exceeded',
      receipt: { proposal: proposal.digest },
    };
  },
};

async function selfSpend(stage: Stage, feeSats: number) {
  const coins = await stage.coins([200_000]);
  return stage.propose(stage.desk.craft('d57', { coins, pays: [], feeSats }));
}

const approvedTwice: Drill = {
  id: 58,
  name: '"failed, approve again" on other coins',
  attacker: 'C5',
  ground: 'shared',
  wallets: [{ id: 'd58', policy: policyText(), cosigners: ['alice'] }],
  control: startAndPay,
  async attack(stage) {
    const sats = stage.amount();
    await stage.pay({ sats });
    const again = await stage.propose(await stage.craft(sats), { reference: 'RETRY-1' });
    await stage.approve(again);
    return { result: 'refused', code: 'spend.repeated', receipt: { proposal: again.digest } };
  },
};

export const suppression: readonly Drill[] = [
  approvedAgain,
  replayedUnfreeze,
  swappedInitiator,
  sharedCoins,
  falseConfirmations,
  longDelay,
  largestFee,
  approvedTwice,
];
