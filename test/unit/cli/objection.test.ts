import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { leafHash, MerkleTree } from '../../../src/core/log/merkle.ts';
import { listedAddress, World } from '../../support/world.ts';
import { Bench } from './bench.ts';

let world: World;
let bench: Bench;

beforeEach(async () => {
  world = new World();
  world.start();
  bench = await Bench.open(world, ['operator', 'alice', 'bob', 'carol', 'officer']);
});
afterEach(() => bench.close());

describe('a "no" to a log that cannot be followed', () => {
  const freeze = (wallet: string) =>
    bench.json('freeze', '--wallet', wallet, '--reason', 'alarm', '--as', 'officer', '--yes');

  /** The log's key signs another history from here on. */
  function fork(): void {
    const leaves = [...world.leaves.slice(0, -1), utf8('another')].map(leafHash);
    bench.server.checkpoint = () => bench.server.note(MerkleTree.of(leaves));
  }

  const troubles: readonly (readonly [string, () => void, string])[] = [
    ['forked', fork, 'log.fork'],
    [
      'rolled back',
      () => {
        const size = world.leaves.length - 1;
        bench.server.checkpoint = () => bench.server.note(world.state.tree, size);
      },
      'log.rolledback',
    ],
    ['signed by nobody', () => (bench.server.checkpoint = () => 'nonsense'), 'log.checkpoint'],
    ['withheld', () => (bench.server.checkpoint = () => '#'.repeat(1_000_000)), 'answer:'],
  ];
  test.each(troubles)('stands on what was verified where the log is %s', async (_n, begin, why) => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const approved = await bench.json('approve', proposal.name, '--as', 'bob', '--yes');
    expect(approved.status).toBe(0);
    const seen = world.leaves.length;
    begin();
    const withdrawn = await bench.json('withdraw', proposal.name, '--as', 'bob', '--yes');
    expect(withdrawn).toMatchObject({ status: 2, json: { ok: false, delivered: false } });
    expect(withdrawn.said).toContain('WARNING: the log cannot be followed');
    expect(withdrawn.said).toContain(why);
    expect(world.proposal(proposal.digest).approvals).toEqual([]);
    const words = ['reject', proposal.name, '--reason', 'fork', '--as', 'carol', '--yes'];
    expect((await bench.type(...words)).out).toContain('NOT DELIVERED');
    expect(world.proposal(proposal.digest).ended).toMatchObject({ code: 'proposal.rejected' });
    expect((await freeze('hot-1')).json).toMatchObject({ ok: false, delivered: false });
    expect(world.state.freezes[0]?.statement.log.size).toBe(seen);
    expect((await bench.json('approve', proposal.name, '--as', 'alice', '--yes')).status).not.toBe(
      0,
    );
  });

  test('a freeze needs nothing but organisation, member and device', async () => {
    fork();
    expect((await freeze('hot-1')).json).toMatchObject({ ok: false, delivered: false });
    expect(world.state.freezes[0]?.statement.log.size).toBe(0);
  });

  test('a freeze is not stopped by a damaged folder', async () => {
    await bench.json('log', 'verify');
    writeFileSync(join(bench.home, 'log', world.genesis, 'head.json'), '{');
    expect((await freeze('*')).json).toMatchObject({ ok: false, delivered: false });
  });

  test('says NOT DELIVERED where nobody takes it', async () => {
    await bench.json('log', 'verify', '--as', 'officer');
    await bench.server.stop();
    const typed = await freeze('*');
    expect(typed.status).toBe(1);
    expect(typed.said).toContain('NOT DELIVERED');
  });
});
