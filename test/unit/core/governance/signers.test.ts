import { describe, expect, test } from '@jest/globals';
import { documentDigest } from '../../../../src/core/governance/document.ts';
import type { CountersignDocument } from '../../../../src/core/governance/document.ts';
import { inForce } from '../../../../src/core/governance/in-force.ts';
import { replay } from '../../../../src/core/log/replay.ts';
import { change, governors, nextVersion, publish, sign } from '../../../support/governing.ts';
import { World, policyOf } from '../../../support/world.ts';

/** Two signers of one organisation, each with its own clock of what is in force. */

const delay = 3_600;
const quorum = governors.slice(0, 2);

function worldOfTwo(): World {
  const world = new World({
    second: true,
    delaySeconds: delay,
    governorsNeeded: 2,
    policy: policyOf('hot-1').replace('atLeast: 2', 'atLeast: 1'),
  });
  world.start();
  world.start(world.secondSigner);
  both(world);
  world.now += delay;
  both(world);
  return world;
}

function both(world: World): void {
  world.round();
  world.secondRound();
}

function at(world: World, which: 'first' | 'second', document: CountersignDocument): boolean {
  const ledger = which === 'first' ? world.ledger : world.secondSigner.ledger;
  const force = inForce(world.state, ledger);
  return force?.[document.kind]?.digest === documentDigest(document);
}

function receiptsHold(world: World): void {
  const leaf = (index: number) => world.leaves[index] ?? new Uint8Array();
  const found = replay(world.genesis, world.leaves.length, leaf, {
    blobs: (sha256) => world.store.get(sha256),
  });
  if ('code' in found) throw new Error(found.code);
  expect(found.findings.filter(({ kind }) => kind === 'receipt')).toEqual([]);
}

const longer = (seconds: number) => (body: Parameters<Parameters<typeof nextVersion>[2]>[0]) =>
  ({ ...body, coolDowns: { deviceSeconds: 0, destinationSeconds: seconds } }) as never;

describe('two signers', () => {
  test('count a delay each from its own first sight', () => {
    const world = worldOfTwo();
    const document = change(world, 'charter', quorum, (body) => ({
      ...body,
      initiators: ['operators', 'treasury'],
    }));
    world.round();
    world.now += 100;
    world.secondRound();
    world.now += delay - 100;
    both(world);
    expect([at(world, 'first', document), at(world, 'second', document)]).toEqual([true, false]);
    expect(world.state.charter?.digest).toBe(documentDigest(document));
    world.now += 100;
    both(world);
    expect(at(world, 'second', document)).toBe(true);
    receiptsHold(world);
  });

  test('one that stood still catches up with every version in turn', () => {
    const world = worldOfTwo();
    const second = change(world, 'charter', ['governor-1'], longer(10));
    world.round();
    const third = change(world, 'charter', ['governor-2'], longer(20));
    world.round();
    expect(at(world, 'first', third)).toBe(true);
    world.secondRound();
    expect(at(world, 'second', third)).toBe(true);
    expect(world.secondSigner.ledger.forced.charter.map(({ document }) => document)).toContain(
      documentDigest(second),
    );
    receiptsHold(world);
  });

  test('that took up two versions at once are brought together by the quorum', () => {
    const world = worldOfTwo();
    // A loosening ripens at the first, while the second reads a lone governor's tightening before.
    const looser = change(world, 'charter', quorum, (body) => ({
      ...body,
      initiators: ['operators', 'treasury'],
    }));
    world.round();
    const tighter = change(world, 'charter', ['governor-3'], longer(10));
    world.secondRound();
    expect(at(world, 'second', tighter)).toBe(true);
    expect(world.state.charter?.digest).toBe(documentDigest(tighter));
    // The first is told of it all the same, and follows at once.
    world.now += delay;
    world.round();
    expect(at(world, 'first', tighter)).toBe(true);
    expect(at(world, 'first', looser)).toBe(false);
    receiptsHold(world);
  });

  test('one beside the newest charter is overtaken by the next that the quorum signs', () => {
    const world = worldOfTwo();
    const tighter = nextVersion(world, 'charter', longer(10));
    const looser = change(world, 'charter', quorum, (body) => ({
      ...body,
      initiators: ['operators', 'treasury'],
    }));
    both(world);
    publish(world, tighter);
    world.now += delay;
    world.round();
    expect(at(world, 'first', looser)).toBe(true);
    // Signed against what is in force at the second; by the newest charter it comes too late.
    const late = world.say({
      type: 'document',
      ...world.common('governor-3'),
      document: documentDigest(tighter),
      decision: 'approve',
      firstAddress: null,
      keyProof: null,
    });
    expect(late).toBe('applied');
    world.secondRound();
    expect(at(world, 'second', tighter) || at(world, 'second', looser)).toBe(true);
    const next = nextVersion(world, 'charter', longer(30));
    expect(publish(world, next)).toBe('applied');
    sign(world, next, quorum);
    both(world);
    world.now += delay;
    both(world);
    expect(at(world, 'first', next)).toBe(true);
    expect(at(world, 'second', next)).toBe(true);
    receiptsHold(world);
  });

  test('a policy of one wallet is none of the other’s business', () => {
    const world = worldOfTwo();
    const document = change(world, 'policy', ['governor-1'], (body) => ({
      ...body,
      limits: body.limits.map((limit) => ({ ...limit, most: limit.most - 1 })),
    }));
    both(world);
    expect(at(world, 'first', document)).toBe(true);
    expect(at(world, 'second', document)).toBe(false);
    const stolen = world.receipt(
      { record: 'force', kind: 'policy', document: documentDigest(document), by: 'one' },
      world.secondSigner,
    );
    expect(world.post(stolen, world.secondSigner)).toBe('document.stale');
  });
});
