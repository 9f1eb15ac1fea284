import { describe, expect, test } from '@jest/globals';
import { jointLimitExceeded } from '../../../../src/core/policy/joint-limit.ts';
import { World, policyOf, strangerAddress } from '../../../support/world.ts';

const day = 86_400;

/** Two wallets that may spend 0.02 BTC a day together, each 0.01 BTC by itself. */
function worldOfTwo(): World {
  const policy = policyOf('hot-1').replace(
    'limits:',
    'limits:\n  - { name: together, amount: 0.02 BTC, per: 24h, of: organisation, here: 0.01 BTC }',
  );
  const world = new World({ second: true, policy });
  world.start();
  world.start(world.secondSigner);
  world.round();
  world.secondRound();
  return world;
}

/** Pays so much, and has change that counts for nothing. */
const spendOf = (amount: number) => ({
  outputs: [
    { script: '00', sats: amount },
    { script: '01', sats: 5_000_000, change: 0 },
  ],
  feeSats: 0,
});

describe('a limit of the whole organisation', () => {
  test('counts what every wallet has spent, to the satoshi, when a spend is proposed', () => {
    const world = worldOfTwo();
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    for (const member of ['alice', 'bob', 'carol']) world.approve(member, proposal);
    world.round();
    expect(world.ledger.reservations.has(proposal.digest)).toBe(true);
    const ask = (amount: number) =>
      jointLimitExceeded(world.state, 'hot-2', spendOf(amount), world.now)?.code;
    expect(ask(999_999)).toBeUndefined();
    expect(ask(1_000_000)).toBeUndefined();
    expect(ask(1_000_001)).toBe('policy.limit.joint');
    world.now += 60;
    world.round();
    expect(world.verdict(proposal).outcome).toBe('signed');
    expect(ask(1_000_001)).toBe('policy.limit.joint');
    world.now += day - 1;
    expect(ask(1_000_001)).toBe('policy.limit.joint');
    world.now += 1;
    expect(ask(1_000_001)).toBeUndefined();
    expect(ask(2_000_001)).toBe('policy.limit.joint');
  });

  test('asks nothing of a wallet that is not known', () => {
    expect(jointLimitExceeded(worldOfTwo().state, 'hot-9', spendOf(1), 0)).toBeNull();
  });
});
