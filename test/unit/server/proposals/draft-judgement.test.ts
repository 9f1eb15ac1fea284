import { describe, expect, test } from '@jest/globals';
import { judgeDraft } from '../../../../src/server/proposals/draft-judgement.ts';
import type { Judgement, Subject } from '../../../../src/server/proposals/draft-judgement.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import { verdictOf } from '../../../../src/server/proposals/views.ts';
import { World, listedAddress, strangerAddress } from '../../../support/world.ts';

function subjectOf(world: World, reference: string | null = null): Subject {
  const { charter, destinations, policies } = world.state;
  const policy = policies.get('hot-1');
  if (charter === null || destinations === null || policy === undefined)
    throw new Error('the documents are in force');
  const { record } = world.wallet;
  return {
    member: 'operator',
    wallet: world.wallet,
    charter,
    record,
    policy,
    destinations,
    reference,
    cancels: null,
    feeSatsMax: null,
  };
}

const judge = (
  world: World,
  { transaction, view }: Pick<ProposalRecord, 'transaction' | 'view'>,
  reference: string | null = null,
): Judgement => {
  const plan = { transaction, view, warnings: [] };
  return judgeDraft(world.state, subjectOf(world, reference), plan, world.now);
};
const codes = ({ warnings }: Judgement): readonly string[] => warnings.map(({ code }) => code);

function signed(world: World): ProposalRecord {
  const proposal = world.propose({ pays: [[listedAddress, 20_000]] });
  for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
  world.round();
  world.now += 61;
  world.round();
  return world.proposal(proposal.digest);
}

describe('a draft is judged', () => {
  test('as the proposal will be', () => {
    const world = new World();
    world.start();
    world.round();
    for (const pays of [
      [[listedAddress, 20_000]],
      [
        [listedAddress, 60_000_000],
        [strangerAddress, 50_000_000],
      ],
    ] as const) {
      const proposal = world.propose({ pays });
      const judged = judge(world, proposal);
      const verdict = verdictOf(world.state, proposal, world.now);
      expect(judged.refusal).toEqual(verdict.outcome === 'refused' ? verdict.refusal : null);
      expect(judged.evaluation.limits).toEqual(verdict.trace.limits);
      expect(judged.evaluation.delaySeconds).toBe(verdict.trace.delaySeconds);
    }
  });

  test('with a warning before the wallet is open, and while it is frozen', () => {
    const world = new World();
    const before = world.propose({ pays: [[listedAddress, 20_000]] });
    expect(codes(judge(world, before))).toEqual(['wallet.unconfirmed']);
    world.start();
    expect(codes(judge(world, before))).toEqual([]);
    const freeze = {
      type: 'freeze' as const,
      ...world.common('officer'),
      ...{ wallet: '*', action: 'freeze' as const, lifts: [], reasonDigest: '0'.repeat(64) },
    };
    expect(world.say(freeze)).toBe('applied');
    expect(codes(judge(world, before))).toEqual(['wallet.frozen']);
  });

  test('no when a coin of it is signed away, with a warning when it repeats a payment', () => {
    const world = new World();
    world.start();
    const first = signed(world);
    expect(judge(world, first).refusal?.code).toBe('coin.signed');
    const again = world.propose({ pays: [[listedAddress, 20_000]] });
    const judged = judge(world, again);
    expect(judged.refusal).toBeNull();
    expect(codes(judged)).toEqual(['spend.repeated']);
    const other = world.propose({ pays: [[listedAddress, 21_000]] });
    expect(codes(judge(world, other, 'INV-1'))).toEqual([]);
  });
});
