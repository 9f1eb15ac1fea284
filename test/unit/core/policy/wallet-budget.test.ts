import { describe, expect, test } from '@jest/globals';
import { ASKED_SECONDS } from '../../../../src/core/base/limits.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import { askedTooMuch, walletBudget } from '../../../../src/core/policy/wallet-budget.ts';
import { World, approveAll, listedAddress, strangerAddress } from '../../../support/world.ts';

const BTC = 100_000_000;
const policy = `
policy: hot-1
timezone: Asia/Tokyo
limits:
  - { name: per payment, amount: 1.5 BTC, per: transaction }
  - { name: daily, amount: 2 BTC, per: 24h }
  - { name: per owner, amount: 1.8 BTC, per: 24h, of: destination }
  - { name: per operator, amount: 1.9 BTC, per: 24h, of: initiator }
  - { name: number, count: 3, per: 24h }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: all payments
    when: { destinations: { any: [listed, unlisted] } }
    require:
      approvals: { all: [{ from: treasury, atLeast: 2 }, { from: compliance, atLeast: 1 }] }
`;

function started(): World {
  const world = new World({ policy });
  world.start();
  world.round();
  return world;
}

function budget(world: World) {
  const found = walletBudget(world.state, 'hot-1', world.now);
  if (!found.ok) throw new Error(found.refusal.code);
  return (name: string, key: string | null = null) =>
    found.value.limits.find((limit) => limit.name === name && limit.key === key);
}

const asks = (world: World, sats: number, to = listedAddress): ProposalRecord =>
  world.propose({ pays: [[to, sats]] });

/** What the operator is told who asks for one more. */
function oneMore(world: World, sats: number, to = listedAddress) {
  const { statement } = world.draft({ pays: [[to, sats]] });
  const asking = { proposal: null, initiator: 'operator', spend: statement.spend };
  return askedTooMuch(world.state, 'hot-1', asking, world.now);
}

describe('the budget of a wallet', () => {
  test('tells what is spent, reserved, asked and free, and when more frees up', () => {
    const world = started();
    const spent = asks(world, 10_000_000);
    approveAll({ world, proposal: spent });
    world.round();
    const asked = asks(world, 20_000_000);
    const found = budget(world);
    expect(found('daily')).toMatchObject({
      ...{ spent: 10_000_000, reserved: 0, asked: 20_000_000, free: 190_000_000 },
      freesAt: world.now + 86_400,
    });
    expect(found('per payment')).toMatchObject({ asked: 0, most: 150_000_000 });
    expect(found('per owner', 'exchange')).toMatchObject({ spent: 10_000_000, asked: 20_000_000 });
    expect(found('per operator', 'operator')).toMatchObject({ asked: 20_000_000 });
    expect(found('number')).toMatchObject({ spent: 1, asked: 1, free: 2 });
    // Where somebody is merely asked for, he is told too.
    asks(world, 5_000, strangerAddress);
    expect(budget(world)('per owner')).toMatchObject({ spent: 0, asked: 5_000 });
    expect(world.state.ledgers.get('hot-1')?.signed.has(asked.digest)).toBe(false);
  });

  test('tells what is free to everybody who used and asks for nothing', () => {
    const world = started();
    const rest = () => {
      const found = walletBudget(world.state, 'hot-1', world.now);
      if (!found.ok) throw new Error(found.refusal.code);
      return found.value.limits.map(({ name, key, everybodyElse, free }) => [
        name,
        key,
        everybodyElse,
        free,
      ]);
    };
    const before = rest();
    expect(before).toEqual([
      ['per payment', null, false, 1.5 * BTC],
      ['daily', null, false, 2 * BTC],
      ['per owner', null, true, 1.8 * BTC],
      ['per operator', null, true, 1.9 * BTC],
      ['number', null, false, 3],
    ]);
    const proposal = asks(world, 0.3 * BTC, strangerAddress);
    approveAll({ world, proposal });
    world.round();
    const after = rest().filter(([name]) => String(name).startsWith('per o'));
    // Key null is all unlisted addresses together: they are somebody.
    expect(after).toEqual([
      ['per owner', null, false, 1.5 * BTC],
      ['per owner', null, true, 1.8 * BTC],
      ['per operator', 'operator', false, expect.any(Number)],
      ['per operator', null, true, 1.9 * BTC],
    ]);
  });

  test('what is approved, ended or an hour old is asked for no more', () => {
    const world = started();
    const one = asks(world, 1_000);
    const other = asks(world, 2_000);
    expect(budget(world)('daily')?.asked).toBe(3_000);
    world.approve('bob', one);
    expect(budget(world)('daily')?.asked).toBe(2_000);
    world.say(world.approval('carol', other, { decision: 'reject' }));
    expect(budget(world)('daily')?.asked).toBe(0);
    asks(world, 4_000);
    world.now += ASKED_SECONDS - 1;
    expect(budget(world)('daily')?.asked).toBe(4_000);
    world.now += 1;
    expect(budget(world)('daily')?.asked).toBe(0);
  });

  test('of no wallet and no policy is none', () => {
    const world = started();
    expect(walletBudget(world.state, 'x', world.now)).toMatchObject({
      refusal: { code: 'wallet.unknown' },
    });
    world.state.policies.clear();
    world.ledger.forced.policy.length = 0;
    world.state.ledgers.clear();
    expect(walletBudget(world.state, 'hot-1', world.now)).toMatchObject({
      refusal: { code: 'policy.unknown' },
    });
    expect(oneMoreOf(world)).toBeNull();
  });

  const oneMoreOf = (world: World) =>
    askedTooMuch(
      world.state,
      'hot-1',
      { proposal: null, initiator: 'operator', spend: { outputs: [], feeSats: 0 } },
      world.now,
    );
});

describe('what one initiator asks for', () => {
  test.each([
    ['daily', strangerAddress, 2 * BTC - 1.2 * BTC],
    ['per owner', listedAddress, 1.8 * BTC - 1.2 * BTC],
  ])('is within the limit %s, to the satoshi', (name, to, left) => {
    const world = new World({ policy: policy.replace(/.*per operator.*\n/, '') });
    world.start();
    world.round();
    asks(world, 1.2 * BTC);
    expect(oneMore(world, left - 1, to)).toBeNull();
    expect(oneMore(world, left, to)).toBeNull();
    expect(oneMore(world, left + 1, to)).toMatchObject({
      code: 'policy.asked.exceeded',
      facts: { limit: name, asked: Math.round(name === 'daily' ? 2 * BTC : 1.8 * BTC) + 1 },
    });
  });

  test('counts spends too', () => {
    const world = started();
    for (const sats of [1_000, 2_000]) asks(world, sats);
    expect(oneMore(world, 3_000)).toBeNull();
    asks(world, 3_000);
    expect(oneMore(world, 4_000)).toMatchObject({ facts: { limit: 'number', asked: 4, free: 3 } });
  });

  test('may alone be more than is free: it waits', () => {
    const world = started();
    const first = asks(world, 1.4 * BTC);
    approveAll({ world, proposal: first });
    world.round();
    expect(oneMore(world, 1.4 * BTC)).toBeNull();
  });

  test('is his own: another initiator asks for himself, and the same proposal again is itself', () => {
    const world = started();
    const proposal = asks(world, 1.4 * BTC);
    const { spend } = proposal.statement;
    const asking = { initiator: 'operator', spend };
    const told = (over: object) =>
      askedTooMuch(world.state, 'hot-1', { ...asking, proposal: null, ...over }, world.now)?.code;
    expect(told({})).toBe('policy.asked.exceeded');
    expect(told({ initiator: 'somebody' })).toBeUndefined();
    expect(told({ proposal: proposal.digest })).toBeUndefined();
  });

  test('that can be no spend is left to the fold', () => {
    const world = started();
    asks(world, 1_000);
    const outputs = Array.from({ length: 2 }, () => ({
      script: '00',
      sats: 2_100_000_000_000_000,
    }));
    const asking = { proposal: null, initiator: 'operator', spend: { outputs, feeSats: 0 } };
    expect(askedTooMuch(world.state, 'hot-1', asking, world.now)).toBeNull();
  });
});
