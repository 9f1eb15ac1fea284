import { describe, expect, test } from '@jest/globals';
import { toHex } from '../../../../src/core/base/bytes.ts';
import { scriptOfAddress } from '../../../../src/core/wallet/network.ts';
import { change, governors, pass, policyBody, standing } from '../../../support/governing.ts';
import { World, listedAddress, strangerAddress } from '../../../support/world.ts';

const coolDown = 86_400;
const delay = 3_600;

/** Pays only what is listed, at most a little to one owner, and never what is tagged bad. */
const listedOnly = `
policy: hot-1
timezone: UTC
limits:
  - { name: of one owner, amount: 0.01 BTC, per: 7d, of: destination }
fees: { rate: 1000 sat/vB, share: none, selfSats: 5000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: bad
    when: { destinations: { any: [tag:bad] } }
    deny: true
  - name: friends
    when: { destinations: { all: [tag:friend, owner:exchange] } }
    require: { approvals: { from: treasury, atLeast: 1 } }
`;

function settled(): World {
  const world = new World({
    policy: listedOnly,
    delaySeconds: delay,
    governorsNeeded: 2,
    coolDowns: { deviceSeconds: 0, destinationSeconds: coolDown },
  });
  world.start();
  pass(world, delay);
  return world;
}

const scriptOf = (address: string): string => {
  const script = scriptOfAddress(address, 'regtest');
  if (!script.ok) throw new Error(`no address: ${address}`);
  return toHex(script.value);
};

const codeOf = (world: World, address: string): string | undefined => {
  const proposal = world.propose({ pays: [[address, 100_000 + world.leaves.length]] });
  return world.verdict(proposal).refusal?.code;
};

const allowed = 'policy.quorum.missing';

function add(world: World, tags: readonly string[], owner = 'stranger') {
  return change(world, 'destinations', governors.slice(0, 2), ({ entries }) => ({
    entries: [
      ...entries.filter(({ id }) => id !== 'stranger'),
      {
        id: 'stranger',
        owner,
        script: scriptOf(strangerAddress),
        address: strangerAddress,
        tags: [...tags],
      },
    ],
  }));
}

describe('an address book entry', () => {
  test('permits from the end of its cool-down on, counted from the first sight of its version', () => {
    const world = settled();
    world.now += coolDown;
    expect(codeOf(world, listedAddress)).toBe(allowed);
    const book = add(world, ['friend']);
    world.round();
    expect(standing(world, book)).toBe('waiting');
    pass(world, delay);
    expect(standing(world, book)).toBe('in force');
    world.now += coolDown - delay - 1;
    expect(codeOf(world, strangerAddress)).toBe('policy.none.matched');
    expect(codeOf(world, listedAddress)).toBe(allowed);
    world.now += 1;
    expect(codeOf(world, strangerAddress)).toBe(allowed);
  });

  test('that gets another owner cools down anew, and so does one that comes back', () => {
    const world = settled();
    add(world, ['friend']);
    pass(world, coolDown);
    expect(codeOf(world, strangerAddress)).toBe(allowed);
    add(world, ['friend'], 'somebody');
    pass(world, delay);
    expect(codeOf(world, strangerAddress)).toBe('policy.none.matched');
    world.now += coolDown;
    expect(codeOf(world, strangerAddress)).toBe(allowed);
    change(world, 'destinations', governors.slice(0, 2), ({ entries }) => ({
      entries: entries.filter(({ id }) => id !== 'stranger'),
    }));
    pass(world, delay);
    add(world, ['friend'], 'somebody');
    pass(world, delay);
    expect(codeOf(world, strangerAddress)).toBe('policy.none.matched');
  });

  test('a new tag permits after its own cool-down and denies at once', () => {
    const world = settled();
    add(world, []);
    pass(world, coolDown);
    expect(codeOf(world, strangerAddress)).toBe('policy.none.matched');
    add(world, ['friend']);
    pass(world, delay);
    expect(codeOf(world, strangerAddress)).toBe('policy.none.matched');
    world.now += coolDown;
    expect(codeOf(world, strangerAddress)).toBe(allowed);
    const bad = change(world, 'destinations', ['governor-3'], ({ entries }) => ({
      entries: entries.map((entry) => ({ ...entry, tags: [...entry.tags, 'bad'].sort() })),
    }));
    world.round();
    expect(standing(world, bad)).toBe('in force');
    expect(codeOf(world, strangerAddress)).toBe('policy.denied');
    expect(codeOf(world, listedAddress)).toBe('policy.denied');
  });

  test('removed by one governor at once, it invalidates what was on its way to it', () => {
    const world = settled();
    world.now += coolDown;
    const proposal = world.propose({ pays: [[listedAddress, 100_000]] });
    const emptied = change(world, 'destinations', ['governor-1'], () => ({ entries: [] }));
    world.round();
    expect(standing(world, emptied)).toBe('in force');
    expect(world.verdict(proposal)).toMatchObject({
      outcome: 'invalidated',
      refusal: { code: 'policy.none.matched' },
    });
  });

  test('is not removed by one governor where strangers are treated better', () => {
    const world = settled();
    change(world, 'policy', governors.slice(0, 2), () =>
      policyBody(
        listedOnly
          .replace('[tag:friend, owner:exchange]', '[unlisted]')
          .replace('tag:bad', 'listed'),
      ),
    );
    pass(world, delay);
    const emptied = change(world, 'destinations', ['governor-1'], () => ({ entries: [] }));
    world.round();
    expect(standing(world, emptied)).toBe('unsigned');
  });
});
