import { describe, expect, test } from '@jest/globals';
import type { PolicyReplay } from '../../../../src/core/policy/replay-policy.ts';
import { PolicyWitness } from '../../../../src/core/policy/replay-policy.ts';
import { replayReport } from '../../../../src/core/policy/replay-report.ts';
import { replay } from '../../../../src/core/log/replay.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import { policyBody } from '../../../support/governing.ts';
import {
  World,
  approveAll,
  listedAddress,
  policyOf,
  strangerAddress,
} from '../../../support/world.ts';

/** A signed spend, one that a limit refused, and one with one approval of the three that it needs. */
function history(): { readonly world: World; readonly all: readonly ProposalRecord[] } {
  const world = new World();
  world.start();
  world.round();
  const signed = world.propose({ pays: [[strangerAddress, 1_000_000]] });
  approveAll({ world, proposal: signed });
  pass(world, 60);
  const refused = world.propose({ pays: [[listedAddress, 150_000_000]] });
  world.round();
  const open = world.propose({ pays: [[listedAddress, 500_000]] });
  world.approve('alice', open);
  world.round();
  return { world, all: [signed, refused, open] };
}

function pass(world: World, seconds: number): void {
  world.round();
  world.now += seconds;
  world.round();
}

function replayed(world: World, policy: string): PolicyReplay {
  const witness = new PolicyWitness(policyBody(policy));
  const leaf = (index: number) => world.leaves[index] ?? new Uint8Array();
  const found = replay(world.genesis, world.leaves.length, leaf, {
    blobs: (sha256) => world.store.get(sha256),
    witness,
  });
  if ('code' in found) throw new Error(found.code);
  expect(found.findings).toEqual([]);
  return witness.finish(found.state);
}

const same = policyOf('hot-1');
const shortly = ({ proposals }: PolicyReplay) =>
  proposals.map(({ happened, instead, change }) => [
    happened.code ?? happened.outcome,
    instead.code ?? instead.outcome,
    change,
  ]);

describe('a policy replayed over a log', () => {
  const { world, all } = history();

  test('finds nothing that the policy in force did not say itself', () => {
    const found = replayed(world, same);
    expect(shortly(found)).toEqual([
      ['signed', 'authorised', null],
      ['policy.limit.exceeded', 'policy.limit.exceeded', null],
      ['policy.quorum.missing', 'policy.quorum.missing', null],
    ]);
    expect(found.proposals.map(({ proposal }) => proposal)).toEqual(
      all.map(({ digest }) => digest),
    );
    const report = replayReport(found);
    expect(report).toMatchObject({ wallet: 'hot-1', proposals: 3, agreeing: 3, differing: [] });
    expect(report.signed).toEqual({ proposals: 1, sats: 1_000_000 });
  });

  test('that denies everything would have stopped what was signed', () => {
    const text = same.replace(/ {4}require:[\s\S]*/, '    deny: true\n');
    const found = replayed(world, text);
    expect(shortly(found)).toEqual([
      ['signed', 'policy.denied', 'stopped'],
      ['policy.limit.exceeded', 'policy.denied', 'otherwise'],
      ['policy.quorum.missing', 'policy.denied', 'otherwise'],
    ]);
    expect(found.proposals[0]?.instead.rule).toBe('all payments');
    expect(replayReport(found).changes.stopped).toEqual({ proposals: 1, sats: 1_000_000 });
  });

  test('with a higher limit and one approval fewer opens what was refused and signs what lacked approvals', () => {
    const text = same
      .replace('1 BTC', '2 BTC')
      .replace(/approvals:[\s\S]*/, 'approvals: { from: treasury, atLeast: 1 }\n');
    expect(shortly(replayed(world, text))).toEqual([
      ['signed', 'authorised', null],
      ['policy.limit.exceeded', 'policy.quorum.missing', 'open'],
      ['policy.quorum.missing', 'signer.pending', 'passes'],
    ]);
  });

  test('with a longer delay would have held what was signed, and tells until when', () => {
    const [signed] = replayed(world, same.replace('60s', '61s')).proposals;
    expect(signed).toMatchObject({ change: 'held', instead: { code: 'policy.delay.waiting' } });
    expect(signed?.instead.notBefore).toBe((signed?.at ?? 0) + 1);
  });

  test('never says more of a proposal whose end was a person than that', () => {
    const own = new World();
    own.start();
    own.round();
    const proposal = own.propose({ pays: [[listedAddress, 500_000]] });
    own.say(own.approval('alice', proposal, { decision: 'reject' }));
    own.round();
    expect(shortly(replayed(own, same.replace(/rules:[\s\S]*/, 'rules: []\n')))).toEqual([
      ['proposal.rejected', 'proposal.rejected', null],
    ]);
  });
});

test('what was spent stays spent: a limit is held against what really was, at x and x - 1', () => {
  const world = new World();
  world.start();
  world.round();
  for (const amount of [1_000_000, 1_000_001]) {
    const proposal = world.propose({ pays: [[listedAddress, amount]] });
    approveAll({ world, proposal });
    pass(world, 60);
  }
  const limited = (sats: number) =>
    shortly(replayed(world, same.replace('amount: 2 BTC', `amount: ${String(sats)} sat`)));
  expect(limited(2_000_001).map(([, , change]) => change)).toEqual([null, null]);
  expect(limited(2_000_000)).toEqual([
    ['signed', 'authorised', null],
    ['signed', 'policy.limit.exceeded', 'held'],
  ]);
});

test('a signed spend is judged as it was before its own signature', () => {
  const { world } = history();
  const [signed] = replayed(world, same.replace('amount: 2 BTC', 'amount: 1000000 sat')).proposals;
  expect(signed?.change).toBeNull();
  const [over] = replayed(world, same.replace('amount: 2 BTC', 'amount: 999999 sat')).proposals;
  expect(over).toMatchObject({ change: 'stopped', instead: { rule: 'daily' } });
});
