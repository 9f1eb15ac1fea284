import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Action } from '../../../src/signer/decide.ts';
import { nobodysWord } from '../../../src/signer/sentinels.ts';
import { decide } from '../../../src/signer/decide.ts';
import { askAddress } from '../../support/address-asking.ts';
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
  return decide({ state, ledger, wallet: 'hot-1', now, word: nobodysWord }).next().value;
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

describe('addresses that were asked for', () => {
  const attested = (index: number): Action => ({
    ...{ record: 'address', index },
    address: world.wallet.wallet.address(0, index),
  });

  test('are attested in the order of the log, after what was seen and before what is spent', () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    for (const index of [7, 2]) expect(askAddress(world, index)).toBe('applied');
    for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    expect(world.round().map(({ record }) => record)).toEqual([
      ...['sight', 'sight', 'sight'],
      ...['address', 'address'],
      'reserve',
    ]);
    expect([...world.ledger.addresses.keys()]).toEqual([7, 2]);
    expect(askAddress(world, 3)).toBe('applied');
    expect(world.round()).toEqual([attested(3)]);
    expect(look()).toBe(world.now + 10);
  });

  test('of another wallet are that signer’s business', () => {
    world = new World({ second: true });
    for (const signer of [world, world.secondSigner]) world.start(signer);
    world.round();
    world.secondRound();
    expect(askAddress(world, 0, { wallet: 'hot-2' })).toBe('applied');
    expect(look()).toBe(world.now + 10);
    expect(askAddress(world, 0)).toBe('applied');
    expect(look()).toEqual(attested(0));
  });
});
