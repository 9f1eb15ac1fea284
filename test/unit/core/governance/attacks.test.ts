import { describe, expect, test } from '@jest/globals';
import { xOnlyPointFromScalar } from 'tiny-secp256k1';
import { openFreezes } from '../../../../src/core/authorise.ts';
import { toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { sha256 } from '../../../../src/core/base/digest.ts';
import { LONE_SECONDS, LONE_TIGHTENINGS } from '../../../../src/core/base/limits.ts';
import type {
  CharterBody,
  CharterMember,
  CountersignDocument,
  DocumentOf,
} from '../../../../src/core/governance/document.ts';
import { documentDigest } from '../../../../src/core/governance/document.ts';
import { inForce } from '../../../../src/core/governance/in-force.ts';
import { standingOf } from '../../../../src/core/governance/steps.ts';
import { replay } from '../../../../src/core/log/replay.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import { scriptOfAddress } from '../../../../src/core/wallet/network.ts';
import {
  change,
  documentStatement,
  forcedBy,
  freezeStatement,
  newest,
  nextVersion,
  pass,
  policyBody,
  publish,
  recoverySign,
  sign,
  standing,
} from '../../../support/governing.ts';
import { World, listedAddress, policyOf, strangerAddress } from '../../../support/world.ts';

/** Powers that an attacker may have over governance, each used as far as it goes. */

const day = 86_400;
const delay = 3_600;
const quorum = ['governor-1', 'governor-2'];
const twoPeople = policyOf('hot-1').replace('atLeast: 2', 'atLeast: 1');

const listedOnly = `
policy: hot-1
timezone: UTC
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: listed
    when: { destinations: { all: [listed] } }
    require: { approvals: { from: treasury, atLeast: 1 } }
`;

/** All documents in force at the signer, and at the second where there is one. */
function settled(options: ConstructorParameters<typeof World>[0] = {}): World {
  const world = new World({
    delaySeconds: delay,
    governorsNeeded: 2,
    policy: twoPeople,
    ...options,
  });
  world.start();
  if (options.second === true) world.start(world.secondSigner);
  rounds(world);
  world.now += delay;
  rounds(world);
  return world;
}

function rounds(world: World): void {
  world.round();
  if (world.secondSigner.ledger.position > 0) world.secondRound();
}

function standingAtSecond(world: World, document: CountersignDocument): string {
  const { state, now, secondSigner } = world;
  const { ledger } = secondSigner;
  const digest = documentDigest(document);
  if (ledger.forced[document.kind].at(-1)?.document === digest) return 'in force';
  const force = inForce(state, ledger);
  const record = state.documents.get(digest);
  if (force === null || record === undefined) throw new Error('the document stands in the log');
  return standingOf(state, ledger, { force, record, now }).stands;
}

/** With the stolen key of the second signer, whatever the rules say. */
function forceAtSecond(world: World, document: CountersignDocument): void {
  const { kind } = document;
  const digest = documentDigest(document);
  const receipt = { record: 'force', kind, document: digest, by: 'quorum' } as const;
  world.journal(receipt, world.secondSigner);
}

function receiptsHold(world: World): void {
  expect(contradictions(world)).toEqual([]);
}

function contradictions(world: World): readonly unknown[] {
  const leaf = (index: number) => world.leaves[index] ?? new Uint8Array();
  const found = replay(world.genesis, world.leaves.length, leaf, {
    blobs: (address) => world.store.get(address),
  });
  if ('code' in found) throw new Error(found.code);
  const receipts = found.findings.filter(({ kind }) => kind === 'receipt');
  return receipts.map(({ index, refusal }) => [index, refusal]);
}

/** The members with some of one of them changed. */
function withMember<M extends { readonly id: string }>(
  members: readonly M[],
  id: string,
  over: Partial<M>,
): M[] {
  return members.map((member) => (member.id === id ? { ...member, ...over } : member));
}

function scriptOf(address: string): string {
  const script = scriptOfAddress(address, 'regtest');
  if (!script.ok) throw new Error(`no address: ${address}`);
  return toHex(script.value);
}

function keyOf(text: string): string {
  return toHex(xOnlyPointFromScalar(sha256(utf8(text))));
}

const moreInitiators = (body: { readonly initiators: readonly string[] }) => ({
  initiators: [...body.initiators, 'treasury'],
});

describe('who owns another signer, of a wallet that holds little', () => {
  const world = (options = {}) => settled({ second: true, ...options });

  test('leaves a version open to the veto where it is not in force', () => {
    const attacked = world();
    const document = change(attacked, 'charter', quorum, (body) => ({
      ...body,
      ...moreInitiators(body),
    }));
    forceAtSecond(attacked, document);
    attacked.round();
    sign(attacked, document, ['governor-3'], 'veto');
    pass(attacked, day);
    expect(standing(attacked, document)).toBe('vetoed');
  });

  test('takes no officer the freezes of wallets where he is one still, and gives him none elsewhere', () => {
    for (const wallet of ['hot-1', '*']) {
      const attacked = world();
      const document = change(attacked, 'charter', quorum, (body) => ({
        ...body,
        officers: ['governors'],
      }));
      forceAtSecond(attacked, document);
      attacked.round();
      expect(standing(attacked, document)).toBe('waiting');
      expect(attacked.say(freezeStatement(attacked, 'officer', { wallet }))).toBe('applied');
      const proposal = attacked.propose({ pays: [[strangerAddress, 1_000_000]] });
      expect(attacked.verdict(proposal).refusal?.code).toBe('wallet.frozen');
      const { state, secondSigner } = attacked;
      expect(openFreezes(state, secondSigner.ledger, 'hot-2')).toEqual([]);
      const other = freezeStatement(attacked, 'officer', { wallet: 'hot-2' });
      expect(attacked.say(other)).toBe('member.role');
    }
  });

  test('and the recovery keys besides takes no governor his veto nor his other words', () => {
    const keys = ['one', 'two'].map((id) => ({ id, secretKey: sha256(utf8(id)) }));
    const recovery = {
      keys: keys.map(({ id }) => ({ id, key: keyOf(id) })),
      needed: 2,
      delaySeconds: 14 * day,
    };
    const attacked = world({ recovery });
    const document = nextVersion(attacked, 'charter', (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.groups.includes('governors')
          ? {
              ...member,
              id: `thief-${member.id}`,
              devices: member.devices.map((device) => ({ ...device, key: keyOf(member.id) })),
            }
          : member,
      ),
    }));
    expect(publish(attacked, document)).toBe('applied');
    for (const key of keys) expect(recoverySign(attacked, document, key)).toBe('applied');
    forceAtSecond(attacked, document);
    attacked.round();
    expect(attacked.state.charter?.digest).toBe(documentDigest(document));
    sign(attacked, document, ['governor-1'], 'veto');
    const tighter = change(attacked, 'policy', ['governor-2'], () =>
      policyBody(twoPeople.replace('1 BTC', '0.5 BTC')),
    );
    pass(attacked, 20 * day);
    expect(standing(attacked, document)).toBe('vetoed');
    expect(standing(attacked, tighter)).toBe('in force');
  });

  test('lets nobody have a say on his own place by way of two versions', () => {
    const attacked = world({ others: [{ id: 'governor-4', groups: ['governors'] }] });
    const promoted = change(attacked, 'charter', quorum, (body) => ({
      ...body,
      members: body.members.map((member) =>
        quorum.includes(member.id) ? { ...member, groups: ['governors', 'treasury'] } : member,
      ),
    }));
    forceAtSecond(attacked, promoted);
    const next: CountersignDocument = {
      ...promoted,
      version: 3,
      previous: documentDigest(promoted),
      body: { ...promoted.body, ...moreInitiators(promoted.body as never) } as never,
    };
    expect(publish(attacked, next)).toBe('applied');
    sign(attacked, next, quorum);
    forceAtSecond(attacked, next);
    pass(attacked, day);
    expect(standing(attacked, promoted)).toBe('unsigned');
    expect(inForce(attacked.state, attacked.ledger)?.charter.digest).toBe(attacked.genesis);
  });
});

test('an initiator is of the groups that the charter in force at the signer gives him', () => {
  const seniors = `
policy: hot-1
timezone: UTC
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: seniors
    when: { initiator: { any: [group:senior] }, destinations: { any: [listed, unlisted] } }
    require: { approvals: { from: compliance, atLeast: 1 } }
`;
  const others = [{ id: 'oscar', groups: ['operators', 'senior'] }];
  const world = settled({ second: true, policy: seniors, others });
  const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
  const promoted = change(world, 'charter', quorum, (body) => ({
    ...body,
    members: withMember(body.members, 'operator', { groups: ['operators', 'senior'] }),
  }));
  forceAtSecond(world, promoted);
  world.round();
  expect(standing(world, promoted)).toBe('waiting');
  expect(world.verdict(proposal).refusal?.code).toBe('policy.none.matched');
  pass(world, delay);
  expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
});

test('who was moved to other groups still rejects what he was asked about', () => {
  const world = settled();
  const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
  const moved = change(world, 'charter', quorum, (body) => ({
    ...body,
    members: withMember(body.members, 'bob', { groups: ['audit'] }),
  }));
  pass(world, delay);
  expect(standing(world, moved)).toBe('in force');
  expect(world.approve('bob', proposal)).toBe('approval.member.ineligible');
  expect(world.say(world.approval('bob', proposal, { decision: 'reject' }))).toBe('applied');
  expect(world.verdict(proposal).refusal?.code).toBe('proposal.rejected');
});

describe('the first policy of a wallet', () => {
  test('is vetoed like any other, and another takes its place', () => {
    const world = new World({ delaySeconds: delay, governorsNeeded: 2, policy: twoPeople });
    world.start();
    world.round();
    const policy = newest(world, 'policy');
    expect(standing(world, policy)).toBe('waiting');
    const other = { ...policy, body: policyBody(twoPeople.replace('1 BTC', '0.5 BTC')) };
    expect(publish(world, other)).toBe('document.forked');
    expect(world.say(documentStatement(world, 'governor-3', policy, 'veto'))).toBe('applied');
    pass(world, delay);
    expect(standing(world, policy)).toBe('vetoed');
    expect(publish(world, other)).toBe('applied');
    sign(world, other, quorum);
    pass(world, delay);
    expect(standing(world, other)).toBe('in force');
    receiptsHold(world);
  });
});

describe('a signer that stood still', () => {
  test('takes up two loosenings in turn that both wait for it', () => {
    const world = settled({ second: true });
    const initiators = (...groups: string[]) =>
      change(world, 'charter', quorum, (body) => ({ ...body, initiators: groups }));
    const second = initiators('operators', 'treasury');
    pass(world, delay);
    const third = initiators('operators', 'treasury', 'security');
    pass(world, delay);
    expect(standing(world, third)).toBe('in force');
    world.secondRound();
    expect([second, third].map((one) => standingAtSecond(world, one))).toEqual([
      'waiting',
      'waiting',
    ]);
    world.now += delay;
    world.secondRound();
    const { ledger } = world.secondSigner;
    expect(ledger.forced.charter.map(({ document }) => document).slice(1)).toEqual(
      [second, third].map(documentDigest),
    );
    receiptsHold(world);
  });

  test('beside the newest address book, its wallet goes on paying', () => {
    const world = settled({ second: true, policy: listedOnly });
    const entry = (id: string, address: string) => ({
      ...{ id, owner: id, address, tags: [] },
      script: scriptOf(address),
    });
    const looser = nextVersion(world, 'destinations', ({ entries }) => ({
      entries: [...entries, entry('stranger', strangerAddress)],
    }));
    const tighter = nextVersion(world, 'destinations', () => ({ entries: [] }));
    publish(world, looser);
    sign(world, looser, quorum);
    world.secondRound();
    world.now += delay;
    world.secondRound();
    expect(standingAtSecond(world, looser)).toBe('in force');
    publish(world, tighter);
    sign(world, tighter, ['governor-3']);
    world.round();
    expect(standing(world, tighter)).toBe('in force');
    expect(newest(world, 'destinations')).toEqual(looser);
    const { statement, coins } = world.draft({ pays: [[strangerAddress, 1_000_000]] });
    const named = { ...statement, destinations: documentDigest(tighter) };
    expect(world.say(named, coins)).toBe('applied');
    receiptsHold(world);
  });
});

describe('a lone governor', () => {
  const tiers = (most: string): string => `
policy: hot-1
timezone: UTC
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: friends
    when: { destinations: { all: [listed] }, amount: { atMost: ${most}, per: transaction } }
    require: { approvals: { from: treasury, atLeast: 1 } }
  - name: strangers
    when: { destinations: { any: [unlisted] }, amount: { atMost: 0.1 BTC, per: transaction } }
    require: { approvals: { from: treasury, atLeast: 2 } }
`;
  const tiered = () =>
    settled({ policy: tiers('0.1 BTC'), others: [{ id: 'dave', groups: ['treasury'] }] });

  test('does not loosen a policy for an address book that the quorum gives back at once', () => {
    const world = tiered();
    const book = newest(world, 'destinations');
    const empty = change(world, 'destinations', ['governor-1'], () => ({ entries: [] }));
    world.round();
    expect(standing(world, empty)).toBe('in force');
    const looser = change(world, 'policy', ['governor-1'], () => policyBody(tiers('0.9 BTC')));
    world.round();
    expect(standing(world, looser)).toBe('unsigned');
    const back = change(world, 'destinations', quorum, () => book.body);
    world.round();
    expect(standing(world, back)).toBe('in force');
    receiptsHold(world);
  });

  test('does not open a way around the clauses for who is suspended', () => {
    const world = settled({ policy: listedOnly, others: [{ id: 'zoe', groups: ['special'] }] });
    change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: withMember(body.members, 'zoe', { suspended: true }),
    }));
    world.round();
    const around = change(world, 'charter', ['governor-1'], ({ governance, ...body }) => ({
      ...body,
      governance: {
        ...governance,
        clause: { any: [governance.clause, { from: 'special', atLeast: 1, kinds: null }] },
      },
    }));
    world.round();
    expect(standing(world, around)).toBe('unsigned');
  });

  test('does not make new again who has cooled down, so that the quorum can undo what he does', () => {
    const world = settled({ coolDowns: { deviceSeconds: delay, destinationSeconds: 0 } });
    const before = newest(world, 'charter');
    const year = 366 * day;
    const colder = change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      governance: { ...body.governance, delaySeconds: year },
      coolDowns: { deviceSeconds: year, destinationSeconds: year },
    }));
    world.round();
    expect(standing(world, colder)).toBe('in force');
    const back = change(world, 'charter', ['governor-2', 'governor-3'], () => before.body);
    world.round();
    expect(standing(world, back)).toBe('in force');
    receiptsHold(world);
  });

  describe('spares no payee what is asked for his sake', () => {
    const watched = `
policy: hot-1
timezone: UTC
limits:
  - { name: per payment, amount: 1 BTC, per: transaction }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: everybody
    when: { destinations: { any: [listed, unlisted] } }
    require: { approvals: { from: treasury, atLeast: 1 } }
  - name: watched
    when: { destinations: { any: [tag:risky, tag:new] } }
    require: { approvals: { from: compliance, atLeast: 1 } }
`;
    const tagged =
      (over: { readonly owner?: string; readonly tags?: string[] }) =>
      ({ entries }: DocumentOf<'destinations'>['body']) => ({
        entries: entries.map((entry) => ({ ...entry, ...over })),
      });
    const watching = (destinationSeconds: number) => {
      const coolDowns = { deviceSeconds: 0, destinationSeconds };
      const world = settled({ policy: watched, coolDowns });
      change(world, 'destinations', quorum, tagged({ tags: ['risky'] }));
      pass(world, delay);
      pass(world, 3 * day);
      return world;
    };
    const rulesOf = (world: World, proposal: ProposalRecord) =>
      world.verdict(proposal).trace.clauses.map(({ rule }) => rule);
    const both = ['everybody', 'watched'];

    test.each([
      ['another owner', { owner: 'somebody' }],
      ['another tag in the place of the one', { tags: ['new'] }],
    ])('by %s, which cools or which a proposal does not name', (_, over) => {
      for (const destinationSeconds of [0, day]) {
        const world = watching(destinationSeconds);
        const proposal = world.propose({ pays: [[listedAddress, 1_000_000]] });
        expect(rulesOf(world, proposal)).toEqual(both);
        const document = change(world, 'destinations', ['governor-3'], tagged(over));
        world.round();
        expect(standing(world, document)).toBe('unsigned');
        expect(rulesOf(world, proposal)).toEqual(both);
      }
    });

    test('by a longer cool-down: who is listed stays so', () => {
      const world = watching(day);
      const longer = change(world, 'charter', ['governor-3'], (body) => ({
        ...body,
        coolDowns: { ...body.coolDowns, destinationSeconds: 300 * day },
      }));
      world.round();
      expect(standing(world, longer)).toBe('in force');
      expect(rulesOf(world, world.propose({ pays: [[listedAddress, 1_000_000]] }))).toEqual(both);
    });

    test('but may add a tag, and strikes nobody of whom strangers are asked for less', () => {
      const world = watching(day);
      const more = change(
        world,
        'destinations',
        ['governor-3'],
        tagged({ tags: ['new', 'risky'] }),
      );
      world.round();
      expect(standing(world, more)).toBe('in force');
      const struck = change(world, 'destinations', ['governor-3'], () => ({ entries: [] }));
      world.round();
      expect(standing(world, struck)).toBe('unsigned');
    });
  });

  test('does not write himself into the clauses, where nobody could be rid of him', () => {
    const clauses = (world: World, by: string, group: string) =>
      change(world, 'charter', [by], ({ governance, ...body }) => ({
        ...body,
        governance: {
          ...governance,
          clause: { all: [governance.clause, { from: group, atLeast: 1, kinds: null }] },
        },
      }));
    const others = [{ id: 'solo', groups: ['governors', 'special'] }];
    const world = settled({ others });
    const captured = clauses(world, 'solo', 'special');
    world.round();
    expect(standing(world, captured)).toBe('unsigned');
    const everybody = change(world, 'charter', ['solo'], ({ governance, ...body }) => ({
      ...body,
      governance: { ...governance, clause: { from: 'governors', atLeast: 4, kinds: null } },
    }));
    world.round();
    expect(standing(world, everybody)).toBe('unsigned');
    const suspended = change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: withMember(body.members, 'solo', { suspended: true }),
    }));
    world.round();
    expect(standing(world, suspended)).toBe('in force');
    receiptsHold(world);

    // Who asks for somebody else stays as dispensable as he was.
    const generous = settled({ others });
    const asked = clauses(generous, 'governor-1', 'special');
    generous.round();
    expect(standing(generous, asked)).toBe('in force');
  });

  const suspend = (world: World, by: readonly string[], id: string) =>
    change(world, 'charter', by, (body) => ({
      ...body,
      members: withMember(body.members, id, { suspended: true }),
    }));

  test('does not make himself indispensable by suspending another; the others suspend him at once', () => {
    const world = settled();
    const captured = suspend(world, ['governor-1'], 'governor-2');
    world.round();
    expect(standing(world, captured)).toBe('unsigned');
    const devices = change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'governor-3'
          ? { ...member, devices: member.devices.map((one) => ({ ...one, suspended: true })) }
          : member,
      ),
    }));
    world.round();
    expect(standing(world, devices)).toBe('unsigned');
    const freed = suspend(world, ['governor-2', 'governor-3'], 'governor-1');
    sign(world, freed, ['governor-1'], 'veto');
    world.round();
    expect(standing(world, freed)).toBe('in force');
    receiptsHold(world);
  });

  test('suspends governors as long as enough others are left, and always who does not govern', () => {
    const others = [{ id: 'governor-4', groups: ['governors'] }];
    const world = settled({ others });
    const first = suspend(world, ['governor-1'], 'governor-4');
    world.round();
    expect(standing(world, first)).toBe('in force');
    const second = suspend(world, ['governor-2'], 'governor-3');
    world.round();
    expect(standing(world, second)).toBe('unsigned');
    const member = suspend(world, ['governor-2'], 'bob');
    world.round();
    expect(standing(world, member)).toBe('in force');
    receiptsHold(world);
    // Where nobody is dispensable, anybody suspends still.
    const all = settled({ governorsNeeded: 3 });
    const device = suspend(all, ['governor-1'], 'bob');
    all.round();
    expect(standing(all, device)).toBe('in force');
  });

  test('a stolen signer and one governor move no charter on that he alone cannot bring in force', () => {
    const world = settled({ second: true });
    const captured = suspend(world, ['governor-1'], 'governor-2');
    forceAtSecond(world, captured);
    expect(world.state.charter?.digest).toBe(world.genesis);
  });

  test('vetoes no undo of what he tightened: it is the same bytes each time', () => {
    const world = settled();
    const before = newest(world, 'policy');
    const tighter = change(world, 'policy', ['governor-1'], () =>
      policyBody(twoPeople.replace('1 BTC', '0.5 BTC')),
    );
    world.round();
    expect(standing(world, tighter)).toBe('in force');
    const back = change(world, 'policy', ['governor-2'], () => before.body);
    sign(world, back, ['governor-1'], 'veto');
    world.round();
    expect(standing(world, back)).toBe('unsigned');
    sign(world, back, ['governor-3']);
    world.round();
    expect(standing(world, back)).toBe('in force');
    expect(forcedBy(world, back)).toBe('undo');
    // What the quorum tightened and would take back is a loosening like any other.
    change(world, 'policy', quorum, () => policyBody(twoPeople.replace('1 BTC', '0.4 BTC')));
    world.round();
    const looser = change(world, 'policy', quorum, () => before.body);
    sign(world, looser, ['governor-3'], 'veto');
    pass(world, delay);
    expect(standing(world, looser)).toBe('vetoed');
    receiptsHold(world);
  });

  test('tightens again and again only so often in a day: then the others are heard', () => {
    const world = settled();
    const before = newest(world, 'policy');
    const lower = (sats: number) =>
      change(world, 'policy', ['governor-1'], () =>
        policyBody(twoPeople.replace('1 BTC', `${String(sats)} sat`)),
      );
    lower(90_000);
    world.round();
    for (let i = 1; i < LONE_TIGHTENINGS; i++) {
      const back = change(world, 'policy', ['governor-2'], () => before.body);
      const again = lower(90_000 - i);
      world.round();
      expect(standing(world, again)).toBe('in force');
      expect(standing(world, back)).toBe('stale');
    }
    const since = world.now;
    const undo = change(world, 'policy', ['governor-2'], () => before.body);
    const ninth = lower(80_000);
    world.round();
    expect(standing(world, ninth)).toBe('unsigned');
    // Not even a second before the day is over.
    world.now = since + LONE_SECONDS - 1;
    world.round();
    expect(standing(world, ninth)).toBe('unsigned');
    sign(world, undo, ['governor-3']);
    world.round();
    expect(forcedBy(world, undo)).toBe('undo');
    const later = lower(70_000);
    world.round();
    expect(standing(world, later)).toBe('in force');
    receiptsHold(world);
  });

  test('leaves no other governor with a device alone that does not count yet', () => {
    const world = settled();
    const key = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
    const device = { id: 'new', kind: 'secp256k1' as const, key, suspended: false };
    const ofThird =
      (each: (member: CharterMember) => CharterMember['devices']) => (body: CharterBody) => ({
        ...body,
        members: body.members.map((member) =>
          member.id === 'governor-3' ? { ...member, devices: [...each(member)] } : member,
        ),
      });
    const both = change(
      world,
      'charter',
      ['governor-1', 'governor-2'],
      ofThird(({ devices }) => [...devices, device]),
    );
    pass(world, delay);
    expect(standing(world, both)).toBe('in force');
    const only = change(
      world,
      'charter',
      ['governor-1'],
      ofThird(({ devices }) =>
        devices.map((one) => (one.id === device.id ? one : { ...one, suspended: true })),
      ),
    );
    world.round();
    expect(standing(world, only)).toBe('unsigned');
    // What takes nobody from the others he may still.
    const suspended = suspend(world, ['governor-1'], 'bob');
    world.round();
    expect(standing(world, suspended)).toBe('in force');
    receiptsHold(world);
  });

  test('cannot lengthen anything beyond a year', () => {
    const world = settled();
    const longer = nextVersion(world, 'charter', (body) => ({
      ...body,
      governance: { ...body.governance, delaySeconds: 366 * day + 1 },
    }));
    expect(publish(world, longer)).toBe('schema.mismatch');
  });
});

describe('who is suspended and comes back', () => {
  const suspend = (world: World, by: readonly string[], id: string, suspended: boolean) =>
    change(world, 'charter', by, (body) => ({
      ...body,
      members: withMember(body.members, id, { suspended }),
    }));
  const looser = (world: World, by: readonly string[]) =>
    change(world, 'policy', by, () => policyBody(twoPeople.replace('1 BTC', '2 BTC')));

  test('signs a document anew, whoever used his device before', () => {
    const world = settled();
    const document = looser(world, ['governor-2']);
    suspend(world, ['governor-1', 'governor-3'], 'governor-2', true);
    world.round();
    suspend(world, ['governor-1', 'governor-3'], 'governor-2', false);
    world.round();
    sign(world, document, ['governor-1']);
    pass(world, delay);
    expect(standing(world, document)).toBe('unsigned');
    sign(world, document, ['governor-2']);
    pass(world, delay);
    expect(standing(world, document)).toBe('in force');
    receiptsHold(world);
  });

  test('approves anew, also where the signer slept through it', () => {
    const world = settled({ second: true });
    const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
    for (const member of ['bob', 'carol']) expect(world.approve(member, proposal)).toBe('applied');
    const suspended = suspend(world, ['governor-3'], 'bob', true);
    world.secondRound();
    const back = suspend(world, ['governor-1', 'governor-3'], 'bob', false);
    world.secondRound();
    expect(standingAtSecond(world, back)).toBe('in force');
    world.round();
    expect(standing(world, suspended)).toBe('replaced');
    expect(world.verdict(proposal).refusal?.code).toBe('policy.quorum.missing');
    expect(world.approve('bob', proposal)).toBe('applied');
    world.round();
    expect(world.verdict(proposal).outcome).toBe('waiting');
    receiptsHold(world);
  });

  test('a delay does not run while signatures are missing, so that nobody vetoes', () => {
    const world = settled();
    const document = looser(world, quorum);
    world.round();
    expect(standing(world, document)).toBe('waiting');
    suspend(world, ['governor-1', 'governor-3'], 'governor-2', true);
    world.round();
    expect(standing(world, document)).toBe('unsigned');
    pass(world, 10 * day);
    sign(world, document, ['governor-3']);
    pass(world, delay - 1);
    expect(standing(world, document)).toBe('waiting');
    pass(world, 1);
    expect(standing(world, document)).toBe('in force');
    receiptsHold(world);
  });
});

test('a signature is its key’s: another device of that name lends it nothing', () => {
  const world = settled({ others: [{ id: 'governor-4', groups: ['governors'] }] });
  const document = change(world, 'policy', ['governor-2'], () =>
    policyBody(twoPeople.replace('1 BTC', '2 BTC')),
  );
  const device = (id: string, name: string) => ({
    devices: [{ id, kind: 'secp256k1' as const, key: keyOf(name), suspended: false }],
  });
  const named = (over: ReturnType<typeof device>) => {
    const next = change(world, 'charter', ['governor-1', 'governor-3'], (body) => ({
      ...body,
      members: withMember(body.members, 'governor-2', over),
    }));
    pass(world, delay);
    expect(standing(world, next)).toBe('in force');
    return next;
  };
  named(device('other', 'other'));
  const again = named(device('cli', 'new'));
  const confirmation = documentStatement(world, 'governor-2', again, 'confirm');
  expect(world.sayWith(confirmation, sha256(utf8('new')))).toBe('applied');
  sign(world, document, ['governor-1']);
  pass(world, delay);
  expect(standing(world, document)).toBe('unsigned');
});

test('a signer that leaves a tightening out, and signs by what was, is found', () => {
  const world = settled();
  const proposal = world.propose({ pays: [[strangerAddress, 1_000_000]] });
  for (const member of ['bob', 'alice', 'carol'])
    expect(world.approve(member, proposal)).toBe('applied');
  world.round();
  world.now += 60;
  change(world, 'policy', ['governor-1'], () =>
    policyBody(twoPeople.replace('1 BTC', '0.0001 BTC')),
  );
  expect(world.verdict(proposal).outcome).toBe('authorised');
  world.journal({ record: 'intent', proposal: proposal.digest });
  expect(contradictions(world)).toMatchObject([
    [world.leaves.length - 1, { facts: { record: 'intent', found: 'force' } }],
  ]);
});
