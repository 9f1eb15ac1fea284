import { describe, expect, test } from '@jest/globals';
import { formatTime } from '../../../src/core/base/time.ts';
import {
  World,
  approveAll,
  listedAddress,
  noon,
  policyOf,
  proposed,
  strangerAddress,
} from '../../support/world.ts';

const million = 1_000_000;

describe('authorise', () => {
  test('waits for the quorum, then for the signer, then for the delay, and then authorises', () => {
    const made = proposed();
    const { world, proposal } = made;
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    expect(world.verdict(proposal).refusal?.facts['missing']).toEqual([
      '2 of treasury',
      '1 of compliance',
    ]);
    approveAll(made);
    expect(world.verdict(proposal).refusal?.code).toBe('signer.pending');
    world.now += 1;
    expect(world.round().map(({ record }) => record)).toEqual([
      'sight',
      'sight',
      'sight',
      'reserve',
    ]);
    expect(world.verdict(proposal)).toMatchObject({ outcome: 'waiting', notBefore: noon + 61 });
    world.now = noon + 60;
    expect(world.verdict(proposal).refusal?.code).toBe('policy.delay.waiting');
    world.now = noon + 61;
    expect(world.verdict(proposal)).toMatchObject({ outcome: 'authorised', refusal: null });
    expect(world.round().map(({ record }) => record)).toEqual(['sign']);
    expect(world.verdict(proposal).outcome).toBe('signed');
    expect(world.round()).toEqual([]);
  });

  test('an unknown proposal is refused', () => {
    const { world, proposal } = proposed();
    const unknown = { ...proposal, digest: 'ab'.repeat(32) };
    expect(world.verdict(unknown).refusal?.code).toBe('proposal.unknown');
  });

  test('nothing passes before the signer has proven the hot key', () => {
    const world = new World();
    const proposal = world.propose({ pays: [[strangerAddress, million]] });
    approveAll({ world, proposal });
    expect(world.verdict(proposal).refusal?.code).toBe('signer.pending');
  });

  test('a rejection ends the proposal, also when the quorum is full and reserved, and frees the budget', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    expect(world.ledger.reservations.has(proposal.digest)).toBe(true);
    expect(world.say(world.approval('carol', proposal, { decision: 'reject' }))).toBe('applied');
    expect(world.round().map(({ record }) => record)).toEqual(['release', 'refusal']);
    world.now += 1_000;
    expect(world.verdict(proposal).refusal?.code).toBe('proposal.rejected');
    expect(world.round()).toEqual([]);
  });

  test('an approval withdrawn during the delay empties the quorum, and approving again has no effect', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    expect(world.say(world.approval('bob', proposal, { decision: 'withdraw' }))).toBe('applied');
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    world.now += 1_000;
    expect(world.approve('bob', proposal)).toBe('approval.superseded');
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
  });

  test('a proposal whose quorum is not full when it expires is refused', () => {
    const { world, proposal } = proposed();
    world.now += 86_399;
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    world.now += 1;
    expect(world.verdict(proposal).refusal?.code).toBe('proposal.expired');
  });

  test('an approval that expired before the signer saw it does not count', () => {
    const { world, proposal } = proposed();
    const common = world.common('bob', 100);
    world.approve('alice', proposal);
    world.approve('carol', proposal);
    expect(world.say(world.approval('bob', proposal, common))).toBe('applied');
    world.now += 100;
    world.round();
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
  });

  test('an approval seen a second before it expires counts', () => {
    const { world, proposal } = proposed();
    const common = world.common('bob', 100);
    world.approve('alice', proposal);
    world.approve('carol', proposal);
    expect(world.say(world.approval('bob', proposal, common))).toBe('applied');
    world.now += 99;
    world.round();
    expect(world.verdict(proposal).outcome).toBe('waiting');
  });

  test('an approval issued more than two minutes ahead waits until its time has come', () => {
    const { world, proposal } = proposed();
    world.approve('alice', proposal);
    world.approve('carol', proposal);
    const { now } = world;
    world.now += 500;
    const early = world.approval('bob', proposal);
    world.now = now;
    expect(world.say(early)).toBe('applied');
    world.round();
    world.now += 379;
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    world.now += 1;
    expect(world.verdict(proposal).refusal?.code).toBe('signer.pending');
    world.round();
    expect(world.verdict(proposal)).toMatchObject({ outcome: 'waiting', notBefore: now + 440 });
  });

  test('approvals that were not used in time are void, and a restart does not revive them', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.now += 60 + 86_400;
    expect(world.verdict(proposal).outcome).toBe('authorised');
    world.now += 1;
    expect(world.verdict(proposal).refusal?.code).toBe('policy.sign.expired');
    world.start();
    expect(world.verdict(proposal).refusal?.code).toBe('policy.sign.expired');
  });

  test('a restart of the signer begins the delay anew', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.now += 50;
    world.start();
    world.now += 59;
    expect(world.verdict(proposal).refusal?.code).toBe('policy.delay.waiting');
    world.now += 1;
    expect(world.verdict(proposal).outcome).toBe('authorised');
  });

  test('a freeze of the wallet or of everything holds what was about to be signed', () => {
    for (const wallet of ['hot-1', '*']) {
      const made = proposed();
      const { world, proposal } = made;
      approveAll(made);
      world.round();
      world.now += 60;
      const freeze = {
        type: 'freeze',
        ...world.common('officer'),
        wallet,
        action: 'freeze',
        lifts: [],
        reasonDigest: '00'.repeat(32),
      } as const;
      expect(world.say({ ...freeze, lifts: [] })).toBe('applied');
      expect(world.verdict(proposal).refusal?.code).toBe('wallet.frozen');
      expect(world.round()).toEqual([]);
    }
  });

  test('a sliding window that does not hold the spend leaves it pending until it ages out', () => {
    const world = new World({ policy: policyOf('hot-1').replace('2 BTC', '0.019 BTC') });
    world.start();
    world.round();
    const first = world.propose({ pays: [[strangerAddress, million]] });
    approveAll({ world, proposal: first });
    world.round();
    const second = world.propose({ pays: [[listedAddress, million]] });
    approveAll({ world, proposal: second });
    world.round();
    expect(world.verdict(first).outcome).toBe('waiting');
    expect(world.verdict(second).refusal?.code).toBe('policy.limit.exceeded');
    expect(world.ledger.reservations.has(second.digest)).toBe(false);
    world.now += 60;
    world.round();
    const { at } = world.ledger.signed.get(first.digest) ?? { at: 0 };
    world.now = at + 86_399;
    expect(world.verdict(second).refusal?.code).toBe('policy.limit.exceeded');
    world.now = at + 86_400;
    expect(world.verdict(second).refusal?.code).not.toBe('policy.limit.exceeded');
  });

  test('a spend over the limit of one transaction is refused, one satoshi under it is not', () => {
    const { world } = proposed();
    const exact = world.propose({ pays: [[strangerAddress, 100 * million]] });
    expect(world.verdict(exact).outcome).toBe('pending');
    const over = world.propose({ pays: [[strangerAddress, 100 * million + 1]] });
    expect(world.verdict(over)).toMatchObject({
      outcome: 'refused',
      refusal: { code: 'policy.limit.exceeded' },
    });
  });

  test('a coin that is reserved holds back, a coin that is signed refuses', () => {
    const made = proposed();
    const { world } = made;
    const coin = world.coin(3 * million);
    const first = world.propose({ pays: [[strangerAddress, million]], coins: [coin] });
    const second = world.propose({ pays: [[listedAddress, million]], coins: [coin] });
    approveAll({ world, proposal: first });
    approveAll({ world, proposal: second });
    world.round();
    expect(world.verdict(second).refusal?.code).toBe('coin.reserved');
    world.now += 60;
    world.round();
    expect(world.verdict(first).outcome).toBe('signed');
    expect(world.verdict(second).refusal?.code).toBe('coin.signed');
  });

  test('the same payments within seven days are refused unless the proposal names the former one', () => {
    const made = proposed();
    const { world, proposal } = made;
    approveAll(made);
    world.round();
    world.now += 60;
    world.round();
    const again = world.propose({ pays: [[strangerAddress, million]] });
    expect(world.verdict(again).refusal?.code).toBe('spend.repeated');
    const { statement, coins } = world.draft({ pays: [[strangerAddress, million]] });
    expect(world.say({ ...statement, repeats: proposal.digest }, coins)).toBe('applied');
    const meant = [...world.state.proposals.values()].at(-1);
    expect(meant && world.verdict(meant).refusal?.code).toBe('policy.quorum.missing');
    const { at } = world.ledger.signed.get(proposal.digest) ?? { at: 0 };
    world.now = at + 7 * 86_400;
    expect(world.verdict(again).refusal?.code).not.toBe('spend.repeated');
  });

  test('a third equal payment names the second, which named the first', () => {
    const { world, proposal } = proposed();
    const pay = (repeats: string | null) => {
      const { statement, coins } = world.draft({ pays: [[strangerAddress, million]] });
      expect(world.say({ ...statement, repeats }, coins)).toBe('applied');
      const made = [...world.state.proposals.values()].at(-1);
      if (made === undefined) throw new Error('just proposed');
      approveAll({ world, proposal: made });
      world.round();
      world.now += 60;
      world.round();
      return made;
    };
    approveAll({ world, proposal });
    world.round();
    world.now += 60;
    world.round();
    const second = pay(proposal.digest);
    expect(world.verdict(second).outcome).toBe('signed');
    expect(world.verdict(pay(proposal.digest)).refusal?.code).toBe('spend.repeated');
    expect(world.verdict(pay(second.digest)).outcome).toBe('signed');
  });

  test('a proposal issued more than two minutes ahead is not signed before', () => {
    const { world } = proposed();
    const { statement, coins } = world.draft({ pays: [[strangerAddress, million + 1]] });
    const issuedAt = formatTime(world.now + 1_000);
    expect(world.say({ ...statement, issuedAt }, coins)).toBe('applied');
    const proposal = [...world.state.proposals.values()].at(-1);
    if (proposal === undefined) throw new Error('just proposed');
    approveAll({ world, proposal });
    world.round();
    world.now += 879;
    expect(world.verdict(proposal).refusal?.code).toBe('statement.early');
    expect(world.round()).toEqual([]);
    world.now += 1;
    world.round();
    expect(world.verdict(proposal).outcome).toBe('signed');
  });

  test('the same reference within seven days is refused', () => {
    const { world } = proposed();
    const refer = (amount: number) => {
      const { statement, coins } = world.draft({ pays: [[strangerAddress, amount]] });
      expect(world.say({ ...statement, reference: 'INV-7' }, coins)).toBe('applied');
      const proposal = [...world.state.proposals.values()].at(-1);
      if (proposal === undefined) throw new Error('just proposed');
      return proposal;
    };
    const first = refer(million);
    approveAll({ world, proposal: first });
    world.round();
    world.now += 60;
    world.round();
    expect(world.verdict(refer(million + 1)).refusal?.code).toBe('spend.repeated');
  });

  test('a quorum without the key holder waits for his partial signatures', () => {
    const world = new World({
      treasurers: ['alice', 'bob', 'dora'],
    });
    world.start();
    world.round();
    const proposal = world.propose({ pays: [[strangerAddress, million]] });
    for (const member of ['bob', 'dora', 'carol']) world.approve(member, proposal);
    world.round();
    world.now += 60;
    expect(world.verdict(proposal).refusal?.code).toBe('psbt.signatures.missing');
    world.approve('alice', proposal);
    world.round();
    expect(world.verdict(proposal).outcome).toBe('signed');
  });

  test('a spend that no rule names is refused', () => {
    const world = new World({
      policy: policyOf('hot-1').replace('{ any: [listed, unlisted] }', '{ all: [listed] }'),
    });
    world.start();
    world.round();
    const stranger = world.propose({ pays: [[strangerAddress, million]] });
    expect(world.verdict(stranger).refusal?.code).toBe('policy.none.matched');
    const listed = world.propose({ pays: [[listedAddress, million]] });
    expect(world.verdict(listed).refusal?.code).toBe('policy.quorum.missing');
  });
});
