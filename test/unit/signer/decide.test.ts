import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Action } from '../../../src/signer/decide.ts';
import { decide } from '../../../src/signer/decide.ts';
import { listedAddress, World } from '../../support/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.start();
  world.round();
});

/** One round that is only looked at: what it would do first, or when to decide again. */
function look(): Action | number {
  const { state, ledger, now } = world;
  return decide({ state, ledger, wallet: 'hot-1', now }).next().value;
}

describe('a round that finds nothing to do', () => {
  test('holds for ten seconds over the same log', () => {
    world.propose({ pays: [[listedAddress, 10_000]] });
    expect(look()).toBe(world.now + 10);
  });

  test('holds no longer than the delay that runs', () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    world.round();
    const notBefore = world.now + 60;
    expect(look()).toBe(world.now + 10);
    world.now += 55;
    expect(look()).toBe(notBefore);
    world.now += 5;
    expect(look()).toEqual({ record: 'sign', proposal: proposal.digest });
  });
});
