import { describe, expect, test } from '@jest/globals';
import { statementDigest } from '../../../../src/core/approval/statement.ts';
import type { CountersignDocument } from '../../../../src/core/governance/document.ts';
import { documentDigest } from '../../../../src/core/governance/document.ts';
import { currentDocuments } from '../../../../src/core/governance/current.ts';
import { openFreezesOf, standingsOf } from '../../../../src/core/governance/standings.ts';
import {
  change,
  freezeStatement,
  newest,
  nextVersion,
  publish,
  sign,
} from '../../../support/governing.ts';
import { World } from '../../../support/world.ts';

const delay = 3_600;
const policy = `
policy: hot-1
timezone: Asia/Tokyo
limits:
  - { name: daily, amount: 2 BTC, per: 24h }
fees: { rate: 100 sat/vB, share: 50%, selfSats: 100000 }
expires: { approve: 48h, sign: 24h }
rules:
  - name: all payments
    when: { destinations: { any: [listed, unlisted] } }
    require: { approvals: { all: [{ from: treasury, atLeast: 1 }, { from: compliance, atLeast: 1 }] } }
`;

function settled(): World {
  const world = new World({ policy, governorsNeeded: 2, delaySeconds: delay });
  world.start();
  world.round();
  world.now += delay;
  world.round();
  return world;
}

const stands = (world: World, document: CountersignDocument) => {
  const record = world.state.documents.get(documentDigest(document));
  if (record === undefined) throw new Error('the document stands in the log');
  return standingsOf(world.state, record, world.now)[0];
};
const most = (world: World, by: readonly string[], sats: number) =>
  change(world, 'policy', by, (body) => ({
    ...body,
    limits: body.limits.map((limit) => ({ ...limit, most: sats })),
  }));
const two = ['governor-1', 'governor-2'];

describe('how a document stands at a signer', () => {
  test('that has not begun: unread', () => {
    const world = new World();
    expect(stands(world, newest(world, 'policy'))).toMatchObject({ stands: 'unread' });
  });

  test('in force, and until when it was', () => {
    const world = settled();
    const first = newest(world, 'policy');
    const since = world.ledger.forced.policy[0]?.at;
    expect(stands(world, first)).toMatchObject({ stands: 'in-force', since, until: null });
    most(world, ['governor-1'], 100_000_000);
    expect(stands(world, first)).toMatchObject({ stands: 'in-force' });
    world.round();
    expect(stands(world, first)).toMatchObject({ stands: 'replaced', since, until: world.now });
    expect(stands(world, newest(world, 'policy'))).toMatchObject({ by: 'one', since: world.now });
  });

  test('unsigned: what is missing, who may still give it, and who has no say', () => {
    const world = settled();
    const document = change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'governor-1' ? { ...member, groups: ['governors', 'treasury'] } : member,
      ),
    }));
    expect(stands(world, document)).toMatchObject({
      stands: 'unsigned',
      missing: [{ from: 'governors', count: 2, may: ['governor-2', 'governor-3'] }],
      barred: ['governor-1'],
    });
  });

  test('waiting, from the first sight on, and ready when its delay is over', () => {
    const world = settled();
    const document = most(world, two, 300_000_000);
    expect(stands(world, document)).toMatchObject({ stands: 'waiting', by: 'quorum', from: null });
    world.round();
    const from = world.now + delay;
    world.now = from - 1;
    expect(stands(world, document)).toMatchObject({ stands: 'waiting', from });
    world.now = from;
    expect(stands(world, document)).toMatchObject({ stands: 'ready', by: 'quorum' });
  });

  test('vetoed, forked and stale', () => {
    const world = settled();
    const one = most(world, two, 300_000_000);
    const other = most(world, two, 400_000_000);
    expect(stands(world, one)).toMatchObject({ stands: 'forked', because: documentDigest(other) });
    sign(world, other, ['governor-3'], 'veto');
    expect(stands(world, other)).toMatchObject({ stands: 'vetoed', because: 'governor-3' });
    expect(stands(world, one)).toMatchObject({ stands: 'waiting' });
    most(world, ['governor-3'], 100_000_000);
    world.round();
    expect(stands(world, one)).toMatchObject({ stands: 'stale' });
  });

  test('unfit beside what came in force meanwhile', () => {
    const world = settled();
    const asks = nextVersion(world, 'policy', (body) => ({
      ...body,
      rules: body.rules.map((rule) =>
        rule.deny
          ? rule
          : {
              ...rule,
              require: {
                ...rule.require,
                approvals: { from: 'treasury', atLeast: 2, kinds: null },
              },
            },
      ),
    }));
    publish(world, asks);
    sign(world, asks, two);
    world.round();
    change(world, 'charter', ['governor-1'], (body) => ({
      ...body,
      members: body.members.map((member) =>
        member.id === 'bob' ? { ...member, suspended: true } : member,
      ),
    }));
    world.round();
    expect(stands(world, asks)).toMatchObject({
      stands: 'unfit',
      because: 'policy.quorum.unsatisfiable',
    });
  });

  test('of a policy and a wallet only its own signer is asked', () => {
    const world = settled();
    const record = world.state.documents.get(documentDigest(newest(world, 'policy')));
    if (record === undefined) throw new Error('it stands in the log');
    const foreign = { ...record, document: { ...record.document, id: 'other' } };
    expect(standingsOf(world.state, foreign, world.now)).toEqual([]);
  });
});

describe('the documents that a new proposal names', () => {
  test('are those in force at the signer, not the newest that waits there', () => {
    const world = settled();
    const first = newest(world, 'policy');
    most(world, two, 300_000_000);
    world.round();
    expect(currentDocuments(world.state, 'hot-1')?.policy?.document).toEqual(first);
    world.now += delay;
    world.round();
    expect(currentDocuments(world.state, 'hot-1')?.policy?.document.version).toBe(2);
  });

  test('are the newest where the signer has not begun, and none of no wallet', () => {
    const world = new World();
    expect(currentDocuments(world.state, 'hot-1')).toMatchObject({
      policy: { document: newest(world, 'policy') },
      charter: { digest: world.genesis },
    });
    expect(currentDocuments(world.state, 'other')).toBeNull();
  });
});

describe('a freeze that stands', () => {
  test('tells whom it stops, what is missing, and is gone when its signer lifted it', () => {
    const world = settled();
    const freeze = freezeStatement(world, 'officer', { wallet: '*' });
    world.say(freeze);
    const lifts = [statementDigest(freeze)];
    const lift = (member: string) =>
      world.say(freezeStatement(world, member, { wallet: '*', action: 'unfreeze', lifts }));
    expect(lift('governor-1')).toBe('applied');
    const missing = [{ from: 'governors', count: 1, may: ['governor-2', 'governor-3'] }];
    expect(openFreezesOf(world.state, world.now)).toMatchObject([
      { freeze: { digest: lifts[0] }, wallets: [{ wallet: 'hot-1', missing }] },
    ]);
    lift('governor-2');
    expect(openFreezesOf(world.state, world.now)).toMatchObject([{ wallets: [{ missing: [] }] }]);
    world.round();
    expect(openFreezesOf(world.state, world.now)).toEqual([]);
  });
});
