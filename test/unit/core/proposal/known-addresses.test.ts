import { describe, expect, test } from '@jest/globals';
import { describeChange } from '../../../../src/core/governance/describe-change.ts';
import { knownLookAlikes } from '../../../../src/core/proposal/known-addresses.ts';
import { addressBookLines } from '../../../../src/cli/address-book.ts';
import { askAddress } from '../../../support/address-asking.ts';
import { change, governors, newest, nextVersion, standing } from '../../../support/governing.ts';
import { lookAlikeOf, scriptHex } from '../../../support/look-alikes.ts';
import {
  World,
  approveAll,
  listedAddress,
  proposed,
  strangerAddress,
} from '../../../support/world.ts';

const poisoned = lookAlikeOf(listedAddress);
const entry = (id: string, address: string) => ({
  ...{ id, owner: id, address, tags: [] },
  script: scriptHex(address),
});

function started(): World {
  const world = new World();
  world.start();
  world.round();
  return world;
}

function codeOf(world: World, address: string): string | undefined {
  const proposal = world.propose({ pays: [[address, 200_000 + world.leaves.length]] });
  return world.verdict(proposal).refusal?.code;
}

function found(world: World, address: string): readonly unknown[] {
  const { statement } = world.draft({ pays: [[address, 300_000]] });
  return knownLookAlikes(world.state, world.wallet, statement.spend.outputs);
}

function list(world: World, ...entries: readonly ReturnType<typeof entry>[]): void {
  change(world, 'destinations', governors, () => ({ entries: [...entries] }));
  world.round();
}

describe('a payee that looks like a known address', () => {
  test('is refused by the signer where the address book lists the other', () => {
    const world = started();
    const proposal = world.propose({ pays: [[poisoned, 200_000]] });
    expect(world.verdict(proposal)).toMatchObject({
      outcome: 'refused',
      refusal: {
        code: 'address.lookalike',
        facts: {
          ...{ output: 0, address: poisoned, like: listedAddress },
          ...{ as: 'listed', id: 'exchange', owner: 'exchange' },
        },
      },
    });
    approveAll({ world, proposal });
    expect(world.round().map(({ record }) => record)).not.toContain('sign');
    expect(codeOf(world, strangerAddress)).toBe('policy.quorum.missing');
    expect(codeOf(world, listedAddress)).toBe('policy.quorum.missing');
  });

  test('is paid once he is listed himself, and looks like himself to nobody', () => {
    const world = started();
    list(world, entry('exchange', listedAddress), entry('twin', poisoned));
    expect(codeOf(world, poisoned)).toBe('policy.quorum.missing');
    expect(codeOf(world, listedAddress)).toBe('policy.quorum.missing');
  });

  test('is not listed by a lone governor, as others are: then he would be paid', () => {
    const world = started();
    const alone = (id: string, address: string) => {
      const document = change(world, 'destinations', ['governor-1'], ({ entries }) => ({
        entries: [...entries, entry(id, address)],
      }));
      world.round();
      return standing(world, document);
    };
    expect(alone('twin', poisoned)).toBe('unsigned');
    expect(codeOf(world, poisoned)).toBe('address.lookalike');
    expect(alone('stranger', strangerAddress)).toBe('in force');
  });

  test('is refused for the sake of what a lone governor listed until the others take it back', () => {
    const world = started();
    const twin = lookAlikeOf(strangerAddress);
    const before = newest(world, 'destinations').body;
    change(world, 'destinations', ['governor-1'], ({ entries }) => ({
      entries: [...entries, entry('poison', twin)],
    }));
    world.round();
    expect(codeOf(world, strangerAddress)).toBe('address.lookalike');
    expect(found(world, strangerAddress)).toHaveLength(1);
    change(world, 'destinations', ['governor-2', 'governor-3'], () => before);
    world.round();
    expect(newest(world, 'destinations').version).toBe(3);
    expect(codeOf(world, strangerAddress)).toBe('policy.quorum.missing');
    expect(found(world, strangerAddress)).toEqual([]);
  });

  test('is refused still when the other was struck from the book: that frees nothing', () => {
    const world = started();
    list(world, entry('stranger', strangerAddress));
    expect(codeOf(world, poisoned)).toBe('address.lookalike');
  });

  test('is found among what was paid, where nothing lists it', () => {
    const { world, proposal } = proposed();
    const twin = lookAlikeOf(strangerAddress);
    expect(found(world, twin)).toEqual([]);
    approveAll({ world, proposal });
    world.round();
    world.now += 61;
    world.round();
    expect(found(world, twin)).toMatchObject([
      { paid: twin, address: strangerAddress, known: { as: 'paid', proposal: proposal.digest } },
    ]);
    // A signer refuses what looks like listed addresses; the others are told to people.
    expect(codeOf(world, twin)).toBe('policy.quorum.missing');
  });

  test('is found among our own addresses: those first shown, of coins that were spent, of change', () => {
    const world = started();
    const { wallet } = world.wallet;
    const own = (branch: 0 | 1, index: number): string =>
      lookAlikeOf(wallet.address(branch, index));
    for (const address of [own(0, 0), own(0, 19), own(1, 19)])
      expect(found(world, address)).toMatchObject([{ known: { as: 'own', wallet: 'hot-1' } }]);
    expect(found(world, own(0, 20))).toEqual([]);
    world.propose({ pays: [[strangerAddress, 1_000]], coins: [world.coin(90_000, 20)] });
    expect(found(world, own(0, 20))).toMatchObject([{ known: { as: 'own' } }]);
    expect(found(world, wallet.address(0, 20))).toEqual([]);
    expect(found(world, own(0, 21))).toEqual([]);
    askAddress(world, 15);
    world.round();
    askAddress(world, 21);
    expect(found(world, own(0, 21))).toMatchObject([{ known: { as: 'own' } }]);
  });

  test('is told to whoever reads the proposal, both addresses in full', () => {
    const world = started();
    const { view } = world.propose({ pays: [[poisoned, 200_000]] });
    const lines = addressBookLines(world.state, view.spend, world.wallet);
    expect(lines[0]).toContain('NOT in the address book');
    expect(lines[1]).toContain('LOOKS LIKE exchange of exchange');
    const shown = lines.join('').replaceAll(' ', '');
    expect(shown).toContain(poisoned);
    expect(shown).toContain(listedAddress);
  });

  test('stands first in what governors read before they list him', () => {
    const world = started();
    const before = newest(world, 'destinations');
    const after = nextVersion(world, 'destinations', ({ entries }) => ({
      entries: [...entries, entry('twin', poisoned), entry('stranger', strangerAddress)],
    }));
    const lines = describeChange(before, after);
    expect(lines[0]).toMatch(/^! twin of twin LOOKS LIKE exchange of exchange/);
    expect(lines.filter((line) => line.startsWith('!'))).toHaveLength(3);
    expect(lines.filter((line) => line.startsWith('+'))).toHaveLength(2);
    // In the place of the other, too; and what stood there before is no news.
    const instead = nextVersion(world, 'destinations', () => ({ entries: [entry('x', poisoned)] }));
    expect(describeChange(before, instead)[0]).toMatch(/^! x of x LOOKS LIKE exchange/);
    expect(describeChange(after, { ...after, version: after.version + 1 })).toEqual([]);
  });
});
