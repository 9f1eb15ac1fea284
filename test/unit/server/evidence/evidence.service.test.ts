import { describe, expect, test } from '@jest/globals';
import { leafHash } from '../../../../src/core/log/merkle.ts';
import { parsePackageLine } from '../../../../src/core/log/package.ts';
import type { PackageLine } from '../../../../src/core/log/package.ts';
import { EvidenceService } from '../../../../src/server/evidence/evidence.service.ts';
import type { LogService } from '../../../../src/server/log/log.service.ts';
import { forge } from '../../../support/forged-entry.ts';
import { listedAddress, World } from '../../../support/world.ts';

/** The log of a world, as far as evidence reads it. */
function logOf(world: World): Pick<LogService, 'leaves' | 'blob'> {
  return {
    leaves: (from, limit) =>
      Promise.resolve(
        world.leaves
          .slice(from, from + limit)
          .map((leaf, at) => ({ index: from + at, leaf, leafHash: leafHash(leaf) })),
      ),
    blob: (sha256) => Promise.resolve(world.store.get(sha256)),
  };
}

async function exported(world: World, from = 0): Promise<readonly PackageLine[]> {
  const evidence = new EvidenceService(logOf(world) as LogService);
  const { size } = world.state.tree;
  const root = world.state.tree.root();
  const head = { kind: 'organisation', origin: 'world.example/log', size, root, note: 'note' };
  const lines: PackageLine[] = [];
  for await (const text of evidence.lines(head as Parameters<EvidenceService['lines']>[0], from)) {
    const line = parsePackageLine(text.trimEnd());
    if (!line.ok) throw new Error(line.refusal.code);
    lines.push(line.value);
  }
  return lines;
}

describe('evidence', () => {
  test('leaves out a blob that nobody has, and goes on', async () => {
    const world = new World();
    forge(world);
    const proposal = world.propose({ pays: [[listedAddress, 20_000]] });
    const lines = await exported(world);
    expect(lines.filter(({ type }) => type === 'entry')).toHaveLength(world.leaves.length);
    const blobs = lines.flatMap((line) => (line.type === 'blob' ? [line.sha256] : []));
    expect(blobs).toContain(proposal.statement.spend.transaction);
    expect(blobs).not.toContain('ab'.repeat(32));
  });

  test('from an entry on holds that and what follows, with the blobs that these name', async () => {
    const world = new World();
    const size = world.leaves.length;
    const proposal = world.propose({ pays: [[listedAddress, 20_000]] });
    const lines = await exported(world, size);
    expect(lines.flatMap((line) => (line.type === 'entry' ? [line.index] : []))).toEqual([size]);
    const blobs = lines.flatMap((line) => (line.type === 'blob' ? [line.sha256] : []));
    expect(blobs).toContain(proposal.statement.spend.transaction);
    expect(blobs).not.toContain(world.genesis);
    expect((await exported(world, size + 1)).map(({ type }) => type)).toEqual(['checkpoint']);
    expect((await exported(world, size + 9)).map(({ type }) => type)).toEqual(['checkpoint']);
  });
});
