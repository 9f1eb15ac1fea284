import { describe, expect, test } from '@jest/globals';
import { authoriseVersion } from '../../../src/core/authorise-version.ts';
import type { ProposalStatement } from '../../../src/core/approval/statement.ts';
import { statementDigest } from '../../../src/core/approval/statement.ts';
import { canonicalBytes } from '../../../src/core/base/canonical.ts';
import { formatTime } from '../../../src/core/base/time.ts';
import { entryBytes } from '../../../src/core/log/entry.ts';
import { applyReceipt } from '../../../src/core/log/ledger.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { evictedSats, signedCancel } from '../../../src/core/policy/facts.ts';
import { PolicyWitness } from '../../../src/core/policy/replay-policy.ts';
import { planChild, waitingChange } from '../../../src/core/proposal/rescue.ts';
import { readSpend } from '../../../src/core/psbt/spend.ts';
import {
  bump,
  bytesOf,
  cosign,
  enveloped,
  HOUR,
  lay,
  newest,
  policy,
  replayed,
  signed,
} from '../../support/versions.ts';
import type { WorldOptions } from '../../support/world.ts';
import { approveAll, strangerAddress, World } from '../../support/world.ts';

/** What a hostile review tried on fee bumps and cancel proposals; the hot key alone signs unless a test says otherwise. */

const DAY = 24 * HOUR;
const alone: WorldOptions = {
  wallet: ({ hot }) => ({ body: `wpkh(${hot})`, outside: [] }),
};
const signedAlone = (over: Parameters<typeof signed>[0] = {}, changeSats = 50_000) =>
  signed(over, changeSats, alone);

function started(): World {
  const world = new World({ policy, ...alone });
  world.start();
  world.round();
  return world;
}

/** Approves and signs what was proposed. */
function drive(world: World, proposal: ProposalRecord): void {
  approveAll({ world, proposal });
  world.round();
  world.now += 60;
  world.round();
}

const claimed = (proposal: ProposalRecord) =>
  proposal.coins.map(({ parent, index }) => ({
    ...{ parent, index },
    branch: 0 as const,
    vout: 0 as const,
  }));

function cancel(
  world: World,
  proposal: ProposalRecord,
  { coins = claimed(proposal), fee = 3_000 } = {},
) {
  const draft = world.draft({ pays: [], coins, fee });
  const statement = { ...draft.statement, kind: 'cancel' as const, cancels: proposal.digest };
  return { said: world.say(statement, draft.coins), digest: statementDigest(statement) };
}

/** A proposal of a payment with an envelope of some days, signed. */
function paid(world: World, amount: number, days = 5): ProposalRecord {
  const draft = world.draft({ pays: [[strangerAddress, amount]] });
  const until = formatTime(world.now + days * DAY);
  const whole = {
    ...draft.statement,
    envelope: { feeSatsMax: 15_000, replacementsMax: 3, until },
  };
  expect(world.say(whole, draft.coins)).toBe('applied');
  const proposal = world.proposal(statementDigest(whole));
  drive(world, proposal);
  expect(world.ledger.signed.has(proposal.digest)).toBe(true);
  return proposal;
}

/** A child that spends the change of a signed proposal, signed itself. */
function childOf(world: World, parent: ProposalRecord): ProposalRecord {
  const { wallet } = world.wallet;
  const terms = { wallet, changeScript: wallet.script(1, 1), feeRate: 40, lockTime: 0 };
  const planned = planChild(terms, parent.view, waitingChange(parent.txid, parent.view.spend));
  if (!planned.ok) throw new Error(planned.refusal.code);
  const { transaction } = planned.value;
  world.blob(transaction);
  const [index = 0] = parent.view.spend.outputs.flatMap(({ change }) => change ?? []);
  const claim = { parent: parent.transaction, branch: 1 as const, index };
  const view = readSpend(wallet, transaction, [claim], { highestChange: 20 });
  if (!view.ok) throw new Error(view.refusal.code);
  const spend = structuredClone(view.value.spend) as ProposalStatement['spend'];
  const statement = { ...world.draft({ pays: [] }).statement, spend };
  const coins = canonicalBytes([{ ...claim, parent: world.blob(parent.transaction) }]);
  expect(world.say(statement, world.blob(coins))).toBe('applied');
  const child = world.proposal(statementDigest(statement));
  drive(world, child);
  expect(world.ledger.signed.has(child.digest)).toBe(true);
  return child;
}

describe('a fee bump', () => {
  test('is neither taken nor signed where somebody said no before the signature was in the log', () => {
    const { world, proposal } = enveloped({}, 50_000, alone);
    if (proposal === undefined) throw new Error('the proposal was taken');
    approveAll({ world, proposal });
    world.round();
    world.now += 60;
    world.journal({ record: 'intent', proposal: proposal.digest });
    // Signed at this size of the log; the server puts the rejection before it.
    const signatures = world.cosign(proposal, world.hot);
    const receipt = world.receipt({ record: 'signed', proposal: proposal.digest, signatures });
    applyReceipt(world.ledger, receipt);
    expect(world.say(world.approval('carol', proposal, { decision: 'reject' }))).toBe('applied');
    expect(world.post(receipt)).toBe('applied');
    expect(bump(world, proposal, 30)).toBe('proposal.rejected');
    expect(world.round()).toEqual([]);
  });

  test.each([
    [11_700, 'sign'],
    [12_800, 'refusal'],
  ])('without its change is held to the rate cap by its own size: %i sat', (feeSats, record) => {
    const { world, proposal } = signedAlone({ feeSatsMax: 13_900 }, feeSats - 1_000);
    const outputs = proposal.view.spend.outputs.filter(({ change }) => change === undefined);
    expect(lay(world, proposal, bytesOf(proposal.view, { outputs }))).toBe('applied');
    expect(newest(proposal).view.feeSats).toBe(BigInt(feeSats));
    expect(world.round()).toEqual([expect.objectContaining({ record, version: 1 })]);
    expect(replayed(world).findings).toEqual([]);
  });

  test('that no node would take does not use up the envelope', () => {
    const { world, proposal } = signed();
    const raised = (by: number) =>
      lay(
        world,
        proposal,
        bytesOf(proposal.view, {
          outputs: proposal.view.spend.outputs.map((output) => ({
            ...output,
            sats: output.change === undefined ? output.sats : output.sats - by,
          })),
        }),
      );
    const { vbytes } = proposal.view;
    expect([1, vbytes - 1].map(raised)).toEqual(['version.fee.low', 'version.fee.low']);
    expect(raised(vbytes)).toBe('applied');
  });

  test('is signed though others have filled the window since', () => {
    const world = started();
    const stuck = paid(world, 90_000_000);
    world.now += 25 * HOUR;
    paid(world, 99_000_000);
    paid(world, 98_000_000);
    expect(bump(world, stuck, 30)).toBe('applied');
    expect(world.round()).toEqual([{ record: 'sign', proposal: stuck.digest, version: 1 }]);
    expect(replayed(world).findings).toEqual([]);
  });

  test('makes the same payments a repetition for another week', () => {
    const world = started();
    const first = paid(world, 1_000_000, 20);
    world.now += 8 * DAY;
    bump(world, first, 30);
    expect(world.round()).toEqual([{ record: 'sign', proposal: first.digest, version: 1 }]);
    const again = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    expect(world.verdict(again).refusal?.code).toBe('spend.repeated');
    world.now += 7 * DAY;
    const later = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    expect(world.verdict(later).refusal?.code).not.toBe('spend.repeated');
  });

  test('is not signed where a signed child spends the change that it takes away', () => {
    const { world, proposal } = signedAlone();
    const child = childOf(world, proposal);
    expect(bump(world, proposal, 30)).toBe('applied');
    const [said] = world.round();
    expect(said).toMatchObject({ record: 'refusal', version: 1, code: 'version.child' });
    expect(
      authoriseVersion(world.state, world.ledger, proposal.digest, world.now)?.verdict.refusal,
    ).toMatchObject({ facts: { proposal: child.digest } });
    expect(world.round()).toEqual([]);
    expect(replayed(world).findings).toEqual([]);
  });

  test('changes nothing of what a replay of policies tells of its proposal', () => {
    const world = started();
    const bumped = paid(world, 1_000_000, 10);
    const late = paid(world, 2_000_000, 1);
    world.now += 4 * DAY;
    bump(world, bumped, 30);
    bump(world, late, 30);
    world.round();
    const body = world.state.policies.get('hot-1')?.document.body;
    if (body === undefined) throw new Error('a policy is in force');
    const witness = new PolicyWitness(body);
    const { state, findings } = replayed(world, witness);
    expect(findings).toEqual([]);
    const told = witness.finish(state).proposals;
    expect(told.map(({ happened, change }) => [happened.outcome, change])).toEqual([
      ['signed', null],
      ['signed', null],
    ]);
  });

  test('is cosigned by who has seen it in the log, and by nobody before', () => {
    const { world, proposal } = signed();
    const { log } = world.common('alice');
    bump(world, proposal, 20);
    const version = newest(proposal);
    const over = { spend: version.spendDigest, partialSignatures: world.cosign(version) };
    const say = (more: object) =>
      world.say(world.approval('alice', proposal, { ...over, ...more }));
    expect(say({ log })).toBe('approval.log.early');
    expect(say({})).toBe('applied');
  });

  test('is not asked of cosigners by an older version, nor by other bytes', () => {
    const { world, proposal } = signed();
    bump(world, proposal, 20);
    expect(cosign(world, proposal)).toBe('applied');
    bump(world, proposal, 30);
    expect(world.round()).toEqual([]);
    expect(cosign(world, proposal)).toBe('applied');
    expect(world.round()).toEqual([{ record: 'sign', proposal: proposal.digest, version: 2 }]);
  });
});

describe('a cancel proposal', () => {
  test('takes all coins of what it names, and none of another signed payment', () => {
    const world = started();
    const [a, b] = [paid(world, 1_000_000), paid(world, 700_000)];
    const both = [...claimed(a), ...claimed(b)];
    expect(cancel(world, a, { coins: both }).said).toBe('proposal.cancel.invalid');
    const coins = [world.coin(600_000), world.coin(600_000)];
    const two = world.propose({ pays: [[strangerAddress, 900_000]], coins, fee: 2_000 });
    drive(world, two);
    expect(cancel(world, two, { coins: coins.slice(0, 1) }).said).toBe('proposal.cancel.invalid');
    expect(cancel(world, two, { coins: [...coins].reverse() }).said).toBe('applied');
  });

  test('names a payment, never another cancel proposal: that is outbid by naming the payment again', () => {
    const { world, proposal } = signedAlone();
    const first = world.proposal(cancel(world, proposal).digest);
    drive(world, first);
    expect(cancel(world, first, { fee: 6_000 }).said).toBe('proposal.cancel.invalid');
    expect(cancel(world, proposal, { fee: 6_000 }).said).toBe('applied');
  });

  test('ends fee bumps of what it cancels once it may be signed', () => {
    const { world, proposal } = signedAlone();
    const { digest } = cancel(world, proposal);
    drive(world, world.proposal(digest));
    expect(bump(world, proposal, 30)).toBe('applied');
    const [said] = world.round();
    expect(said).toMatchObject({ record: 'refusal', version: 1, code: 'proposal.cancelled' });
    expect(world.round()).toEqual([]);
    expect(replayed(world).findings).toEqual([]);
  });

  test('counts where it is confirmed, whichever of several that is', () => {
    const { world, proposal } = signedAlone();
    const [one, two] = [cancel(world, proposal), cancel(world, proposal, { fee: 6_000 })];
    drive(world, world.proposal(one.digest));
    drive(world, world.proposal(two.digest));
    expect(signedCancel(world.state, proposal)).toBe(two.digest);
    const { txid } = world.proposal(one.digest);
    const base = { at: formatTime(world.now), proposal: one.digest, txid };
    const block = { height: 9, block: '0'.repeat(64) };
    world.append(entryBytes({ type: 'fact', fact: { fact: 'broadcast', ...base } }));
    world.append(entryBytes({ type: 'fact', fact: { fact: 'confirmed', ...base, ...block } }));
    expect(signedCancel(world.state, proposal)).toBe(one.digest);
  });

  test('is not kept up by another one of the same that was reserved and then rejected', () => {
    const { world, proposal } = signedAlone();
    const dead = world.proposal(cancel(world, proposal).digest);
    approveAll({ world, proposal: dead });
    world.round();
    world.now += 60;
    world.journal({ record: 'intent', proposal: dead.digest });
    expect(world.say(world.approval('carol', dead, { decision: 'reject' }))).not.toBe('missing');
    const alive = world.proposal(cancel(world, proposal, { fee: 6_000 }).digest);
    drive(world, alive);
    expect(world.ledger.signed.has(alive.digest)).toBe(true);
  });

  test('pays for all that falls with it: children, and former cancel proposals', () => {
    const { world, proposal } = signedAlone();
    const child = childOf(world, proposal);
    const former = world.proposal(cancel(world, proposal).digest);
    drive(world, former);
    const fees = [proposal, child, former].reduce((sum, one) => sum + one.view.spend.feeSats, 0);
    expect(evictedSats(world.state, world.ledger, proposal)).toBe(fees);
  });
});
