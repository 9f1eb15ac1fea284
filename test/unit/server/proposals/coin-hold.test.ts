import { describe, expect, test } from '@jest/globals';
import type { Entry } from '../../../../src/core/log/entry.ts';
import { parseEntry } from '../../../../src/core/log/entry.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import { parseTime } from '../../../../src/core/base/time.ts';
import { holdChangedBy, holdOf, pairsOf } from '../../../../src/server/proposals/coin-hold.ts';
import { codeOf, passed } from '../../../support/psbt.ts';
import { World, listedAddress } from '../../../support/world.ts';

function worldWith(): { readonly world: World; readonly proposal: ProposalRecord } {
  const world = new World();
  world.start();
  world.round();
  return { world, proposal: world.propose({ pays: [[listedAddress, 20_000]] }) };
}

function approveAll(world: World, proposal: ProposalRecord): void {
  for (const member of ['alice', 'bob', 'carol'])
    expect(world.approve(member, proposal)).toBe('applied');
}

const holdIn = (world: World, { digest }: ProposalRecord) =>
  holdOf(world.state, world.proposal(digest));

/** The entry at the end of the log. */
function lastOf(world: World): Entry {
  const leaf = world.leaves.at(-1);
  return passed(parseEntry(leaf ?? new Uint8Array()));
}

describe('a proposal holds its coins', () => {
  test('until it expires while it is open', () => {
    const { world, proposal } = worldWith();
    expect(holdChangedBy(world.state, lastOf(world))?.digest).toBe(proposal.digest);
    const until = parseTime(proposal.statement.expiresAt);
    expect(holdIn(world, proposal)).toEqual({ until });
    approveAll(world, proposal);
    expect(holdChangedBy(world.state, lastOf(world))).toBeNull();
    expect(holdIn(world, proposal)).toEqual({ until });
  });

  test('no more when it was rejected or withdrawn', () => {
    for (const [member, decision] of [
      ['alice', 'reject'],
      ['operator', 'withdraw'],
    ] as const) {
      const { world, proposal } = worldWith();
      expect(world.say(world.approval(member, proposal, { decision }))).toBe('applied');
      expect(holdChangedBy(world.state, lastOf(world))?.digest).toBe(proposal.digest);
      expect(holdIn(world, proposal)).toBe('released');
    }
  });

  test('for good from the reservation on, whatever is said afterwards', () => {
    const { world, proposal } = worldWith();
    approveAll(world, proposal);
    world.round();
    expect(world.ledger.reservations.has(proposal.digest)).toBe(true);
    expect(holdIn(world, proposal)).toEqual({ until: null });
    world.say(world.approval('operator', proposal, { decision: 'withdraw' }));
    expect(holdIn(world, proposal)).toEqual({ until: null });
    // The signer lets its reservation go: now nothing of it can come any more.
    world.round();
    expect(world.ledger.reservations.has(proposal.digest)).toBe(false);
    expect(holdIn(world, proposal)).toBe('released');
  });

  test('for good once it is signed', () => {
    const { world, proposal } = worldWith();
    approveAll(world, proposal);
    world.round();
    world.now += 61;
    world.round();
    expect(world.ledger.signed.has(proposal.digest)).toBe(true);
    expect(holdIn(world, proposal)).toEqual({ until: null });
    expect(holdChangedBy(world.state, lastOf(world))?.digest).toBe(proposal.digest);
  });
});

test('an outpoint that no table can hold is no coin', () => {
  const txid = 'ab'.repeat(32);
  expect(passed(pairsOf([`${txid}:0`, `${txid}:2147483647`]))).toEqual([
    [txid, 0],
    [txid, 2_147_483_647],
  ]);
  expect(codeOf(pairsOf([`${txid}:2147483648`]))).toBe('coin.spent');
});
