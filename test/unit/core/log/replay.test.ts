import { describe, expect, test } from '@jest/globals';
import { entryBytes } from '../../../../src/core/log/entry.ts';
import type { Judged, Replay } from '../../../../src/core/log/replay.ts';
import { replay } from '../../../../src/core/log/replay.ts';
import { toHex } from '../../../../src/core/base/bytes.ts';
import { World, approveAll, proposed } from '../../../support/world.ts';

interface Seen {
  readonly found: Replay;
  readonly judged: readonly (readonly [record: string, size: number, isLast: boolean])[];
  readonly begun: number;
}

function replayed(world: World): Seen {
  let judged: (readonly [string, number, boolean])[] = [];
  let begun = 0;
  const leaf = (index: number) => world.leaves[index] ?? new Uint8Array();
  const witness = {
    begin: () => {
      judged = [];
      begun += 1;
    },
    see: ({ receipt, state, isLast }: Judged) => {
      judged.push([receipt.record, state.tree.size, isLast]);
    },
  };
  const blobs = (sha256: string) => world.store.get(sha256);
  const found = replay(world.genesis, world.leaves.length, leaf, { blobs, witness });
  if ('code' in found) throw new Error(found.code);
  return { found, judged, begun };
}

/** A world with a signed spend; `before` happens when the quorum is there and the signer has not acted. */
function signed(before: (world: World) => void = () => undefined): World {
  const made = proposed();
  const { world } = made;
  approveAll(made);
  before(world);
  world.round();
  world.now += 60;
  world.round();
  return world;
}

describe('a replay judges each receipt', () => {
  test('with the log as its signer had read it, once, and tells the last on a proposal', () => {
    const world = signed();
    const { found, judged, begun } = replayed(world);
    const size = world.leaves.length;
    expect(found.findings).toEqual([]);
    expect(begun).toBe(1);
    expect(judged).toEqual([
      ['reserve', size - 3, false],
      ['intent', size - 2, false],
      ['signed', size - 1, true],
    ]);
  });

  test('that was logged after other entries as it stood before them', () => {
    const world = new World();
    world.start();
    world.round();
    const early = world.receipt({ record: 'sight', kind: 'approval', object: 'ab'.repeat(32) });
    world.propose({ pays: [] });
    // Of an approval that nobody made: as logged it is wrong, and found so.
    expect(world.post(early)).toBe('applied');
    const { found } = replayed(world);
    expect(found.findings).toMatchObject([
      { kind: 'receipt', refusal: { code: 'package.replay.mismatch' } },
    ]);
  });

  test('and passes over those without effect, which void what was judged after them', () => {
    const plain = replayed(signed());
    const forged = signed((world) => {
      const receipt = world.receipt({ record: 'sight', kind: 'approval', object: 'cd'.repeat(32) });
      const { signature } = world.receiptKey.sign({ ...receipt, position: 99 });
      expect(world.append(entryBytes({ type: 'receipt', receipt, signature }))).toBe(
        'receipt.unauthorised',
      );
    });
    const { found, judged, begun } = replayed(forged);
    expect(begun).toBe(2);
    expect(found.receipts).toBe(plain.found.receipts);
    expect(found.findings).toMatchObject([
      { kind: 'skipped', refusal: { code: 'receipt.unauthorised' } },
    ]);
    expect(judged.map(([record, , isLast]) => [record, isLast])).toEqual(
      plain.judged.map(([record, , isLast]) => [record, isLast]),
    );
  });

  test('and none that names more of the log than stands before it', () => {
    const ahead = signed((world) => {
      const { tree } = world.state;
      const log = { size: tree.size + 1, root: toHex(tree.root()) };
      const receipt = world.receipt({
        ...{ record: 'sight', kind: 'approval', object: 'ef'.repeat(32), log },
      });
      expect(world.post(receipt)).toBe('log.fork');
    });
    const { found, begun } = replayed(ahead);
    expect(begun).toBe(1);
    expect(found.receipts).toBe(replayed(signed()).found.receipts);
    expect(found.findings).toMatchObject([{ refusal: { code: 'log.fork' } }]);
  });
});
