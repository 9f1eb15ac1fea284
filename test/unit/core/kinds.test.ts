import { describe, expect, test } from '@jest/globals';
import { replay } from '../../../src/core/log/replay.ts';
import type { ProposalRecord } from '../../../src/core/log/state.ts';
import { change, governors, nextVersion, policyBody, publish } from '../../support/governing.ts';
import {
  MessageDevice,
  changeByDisplay,
  coldcard,
  confirmBy,
  sayByMessage,
  trustDisplays,
  withDevices,
} from '../../support/wallet-device.ts';
import { policyOf, strangerAddress, World } from '../../support/world.ts';

const twoPersons = policyOf('hot-1').replace('treasury, atLeast: 2', 'treasury, atLeast: 1');
const asking = (kinds: string): string =>
  twoPersons.replace(
    '{ from: treasury, atLeast: 1 }',
    `{ from: treasury, atLeast: 1, kinds: [${kinds}] }`,
  );
const ledger = new MessageDevice('alice');
const trezor = new MessageDevice('bob', 'trezor');

/**
 * A policy that asks a treasurer for a trusted display. Alice holds a key of the wallet and has a hardware wallet for either
 * kind; bob has one for messages.
 */
function opened(kinds: string, deviceSeconds = 0): World {
  const world = new World({ governorsNeeded: 2, policy: twoPersons });
  world.start();
  world.round();
  trustDisplays(world);
  changeByDisplay(world, 'charter', (body) => ({
    ...withDevices(body, { alice: [ledger.entry, coldcard(world)], bob: [trezor.entry] }),
    coolDowns: { ...body.coolDowns, deviceSeconds },
  }));
  for (const [member, device] of [
    ['alice', ledger],
    ['bob', trezor],
  ] as const) {
    const confirmed = confirmBy(world, member, device);
    if (confirmed !== 'applied') throw new Error(`${member} was not taken: ${confirmed}`);
  }
  changeByDisplay(world, 'policy', () => policyBody(asking(kinds)));
  return world;
}

function propose(world: World): ProposalRecord {
  return world.propose({ pays: [[strangerAddress, 1_000_000]] });
}

const lacks = (world: World, proposal: ProposalRecord): unknown =>
  world.verdict(proposal).refusal?.facts['missing'];

/** Rounds until the delay is over; what was done at last. */
function sign(world: World): readonly string[] {
  world.round();
  world.now += 61;
  return world.round().map(({ record }) => record);
}

/** The auditor finds nothing wrong in all that happened. */
function expectReplayed(world: World): void {
  const found = replay(
    world.genesis,
    world.leaves.length,
    (at) => world.leaves[at] ?? new Uint8Array(),
    {
      blobs: (sha256) => world.store.get(sha256),
    },
  );
  expect('code' in found ? found : found.findings).toEqual([]);
}

describe('a clause that asks for a message device', () => {
  test('is filled by a signed line and by no key in the CLI', () => {
    const world = opened('message');
    const proposal = propose(world);
    for (const member of ['alice', 'bob', 'carol'])
      expect(world.approve(member, proposal)).toBe('applied');
    world.round();
    expect(lacks(world, proposal)).toEqual(['1 of treasury']);
    expect(sayByMessage(world, ledger, world.approval('alice', proposal))).toBe('applied');
    expect(sign(world)).toEqual(['sign']);
    expectReplayed(world);
  });

  test('is filled no more when the device is suspended, and the proposal is void', () => {
    const world = opened('message');
    const proposal = propose(world);
    expect(sayByMessage(world, ledger, world.approval('alice', proposal))).toBe('applied');
    expect(world.approve('carol', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).outcome).toBe('waiting');
    world.now += 1;
    suspend(world, 'ledger');
    expect(world.verdict(proposal)).toMatchObject({
      outcome: 'invalidated',
      refusal: {
        code: 'approval.lost',
        facts: { members: ['alice'], causes: ['device.suspended'] },
      },
    });
  });
});

/** One governor suspends a device of alice, which acts at once. */
function suspend(world: World, id: string): void {
  changeByDisplay(world, 'charter', (body) => ({
    ...body,
    members: body.members.map((member) => ({
      ...member,
      devices: member.devices.map((device) =>
        member.id === 'alice' && device.id === id ? { ...device, suspended: true } : device,
      ),
    })),
  }));
}

describe('a clause that asks for a psbt device', () => {
  test('is filled by a statement that names what the enrolled key of the wallet signed', () => {
    const world = opened('psbt');
    const proposal = propose(world);
    expect(world.approve('bob', proposal)).toBe('applied');
    expect(world.approve('carol', proposal)).toBe('applied');
    world.round();
    expect(lacks(world, proposal)).toEqual(['1 of treasury']);
    expect(world.verdict(proposal).trace.clauses[0]?.missing[0]?.may).toEqual(['alice']);
    expect(world.approve('alice', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).trace.approvals).toMatchObject([
      { member: 'bob', device: 'cli', kind: 'secp256k1' },
      { member: 'carol', device: 'cli', kind: 'secp256k1' },
      { member: 'alice', device: 'cli', kind: 'secp256k1', lost: null },
      { member: 'alice', device: 'coldcard', kind: 'psbt', lost: null },
    ]);
    expect(sign(world)).toEqual(['sign']);
    expectReplayed(world);
  });

  test('is filled once by one person, however many kinds he approves with', () => {
    const world = opened('psbt, message');
    const proposal = propose(world);
    expect(world.approve('alice', proposal)).toBe('applied');
    expect(sayByMessage(world, ledger, world.approval('alice', proposal))).toBe('applied');
    world.round();
    expect(lacks(world, proposal)).toEqual(['1 of compliance']);
    expect(world.verdict(proposal).trace.clauses[0]?.filled[0]?.members).toEqual(['alice']);
  });

  test('is not filled by a key of the wallet that is enrolled as no device', () => {
    const world = opened('psbt, message');
    changeByDisplay(world, 'charter', (body) => ({
      ...body,
      members: body.members.map((member) => ({
        ...member,
        devices: member.devices.filter(({ kind }) => kind !== 'psbt'),
      })),
    }));
    const proposal = propose(world);
    expect(world.approve('alice', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).trace.approvals).toMatchObject([{ device: 'cli' }]);
    expect(lacks(world, proposal)).toEqual(['1 of treasury', '1 of compliance']);
    world.now += 1;
    changeByDisplay(world, 'charter', (body) => withDevices(body, { alice: [coldcard(world)] }));
    expect(world.verdict(proposal).trace.approvals).toMatchObject([{ device: 'cli' }]);
    expect(world.approve('alice', proposal)).toBe('applied');
    world.round();
    expect(lacks(world, proposal)).toEqual(['1 of compliance']);
    expectReplayed(world);
  });

  test('is not filled by what the device signed of the same bytes before its holder, or somebody, said no', () => {
    const says = {
      no: (world: World, proposal: ProposalRecord) =>
        world.say(world.approval('bob', proposal, { decision: 'reject' })),
      back: (world: World, proposal: ProposalRecord) =>
        world.say(world.approval('alice', proposal, { decision: 'withdraw' })),
      nothing: () => 'applied',
    };
    for (const [said, say] of Object.entries(says)) {
      const world = opened('psbt');
      const coin = world.coin(3_000_000);
      const proposeAgain = (): ProposalRecord => {
        world.now += 1;
        return world.propose({ pays: [[strangerAddress, 1_000_000]], coins: [coin] });
      };
      const before = proposeAgain();
      expect(world.approve('alice', before)).toBe('applied');
      expect(say(world, before)).toBe('applied');
      const after = proposeAgain();
      expect(after.statement.spend).toEqual(before.statement.spend);
      expect(world.approve('alice', after)).toBe('applied');
      expect(world.approve('carol', after)).toBe('applied');
      world.round();
      expect([said, lacks(world, after)]).toEqual([
        said,
        said === 'nothing' ? undefined : ['1 of treasury'],
      ]);
      expectReplayed(world);
    }
  });

  test('is filled no more when the device is suspended, while the approval stands', () => {
    const world = opened('message, psbt');
    const proposal = propose(world);
    expect(world.approve('alice', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).trace.approvals).toHaveLength(2);
    suspend(world, 'coldcard');
    expect(world.verdict(proposal).trace.approvals).toMatchObject([
      { device: 'cli', lost: null },
      { device: 'coldcard', lost: 'device.suspended' },
    ]);
    expect(lacks(world, proposal)).toEqual(['1 of treasury', '1 of compliance']);
    expect(sayByMessage(world, ledger, world.approval('alice', proposal))).toBe('applied');
    expect(world.approve('carol', proposal)).toBe('applied');
    expect(sign(world)).toEqual(['sign']);
    expectReplayed(world);
  });

  test('is filled once the device has cooled down', () => {
    const world = opened('psbt', 3_600);
    const proposal = propose(world);
    expect(world.approve('alice', proposal)).toBe('applied');
    expect(world.approve('carol', proposal)).toBe('applied');
    world.round();
    expect(lacks(world, proposal)).toEqual(['1 of treasury']);
    world.now += 3_599;
    world.round();
    expect(lacks(world, proposal)).toEqual(['1 of treasury']);
    world.now += 1;
    world.round();
    expect(world.verdict(proposal).outcome).toBe('waiting');
    expectReplayed(world);
  });
});

describe('a policy', () => {
  test('may ask for a trusted display only where changing it does', () => {
    const world = new World({ governorsNeeded: 2, policy: twoPersons });
    world.start();
    world.round();
    change(world, 'charter', governors.slice(0, 2), (body) =>
      withDevices(body, { alice: [ledger.entry] }),
    );
    world.round();
    const asks = (kinds: string) =>
      publish(
        world,
        nextVersion(world, 'policy', () => policyBody(asking(kinds))),
      );
    expect(asks('message')).toBe('policy.governance.weaker');
    trustDisplays(world);
    expect(asks('message')).toBe('applied');
    expect(asks('psbt')).toBe('policy.quorum.unsatisfiable');
    changeByDisplay(world, 'charter', (body) => withDevices(body, { alice: [coldcard(world)] }));
    expect(asks('psbt')).toBe('applied');
  });

  test('cannot ask for what a wallet device shows where keys spend without the hot key', () => {
    const world = new World({
      governorsNeeded: 2,
      policy: twoPersons,
      wallet: ({ hot, alice, bob }) => ({
        body: `wsh(sortedmulti(2,${[hot, alice, bob].join(',')}))`,
        outside: [[alice, bob]],
      }),
    });
    world.start();
    world.round();
    trustDisplays(world);
    changeByDisplay(world, 'charter', (body) => withDevices(body, { alice: [coldcard(world)] }));
    expect(
      publish(
        world,
        nextVersion(world, 'policy', () => policyBody(asking('psbt'))),
      ),
    ).toBe('policy.quorum.unsatisfiable');
  });
});
