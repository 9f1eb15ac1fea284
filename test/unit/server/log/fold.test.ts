import { describe, expect, test } from '@jest/globals';
import { canonicalBytes } from '../../../../src/core/base/canonical.ts';
import { BLOB_BYTES } from '../../../../src/core/base/limits.ts';
import { entryBytes } from '../../../../src/core/log/entry.ts';
import type { Sql } from '../../../../src/server/database/sql.ts';
import type { Blob } from '../../../../src/server/log/blob.store.ts';
import { BlobStore } from '../../../../src/server/log/blob.store.ts';
import { LRU_BYTES } from '../../../../src/server/log/bounds.ts';
import { EntryStore } from '../../../../src/server/log/entry.store.ts';
import { EntryFault, Fold } from '../../../../src/server/log/fold.ts';
import { VerifyPool } from '../../../../src/server/verify/verify-pool.ts';
import { configOf, foundingFiles } from '../../../support/sequencers.ts';
import { World, listedAddress } from '../../../support/world.ts';

const sql: Sql = { query: () => Promise.reject(new Error('nothing is asked of a database here')) };

/** Blobs in memory. More reads than a proposal can ask for are a loop. */
class MemoryBlobs extends BlobStore {
  #reads = 0;
  readonly #blobs: ReadonlyMap<string, Uint8Array>;

  constructor(blobs: ReadonlyMap<string, Uint8Array>) {
    super();
    this.#blobs = blobs;
  }

  override read(_: Sql, addresses: readonly string[]): Promise<readonly Blob[]> {
    if (++this.#reads > 1_000) throw new Error('the fold asks for ever');
    return Promise.resolve(
      addresses.flatMap((sha256) => {
        const bytes = this.#blobs.get(sha256);
        return bytes === undefined ? [] : [{ sha256, bytes }];
      }),
    );
  }
}

/** The fold of a server over the founding of a world. */
async function founded(world: World): Promise<Fold> {
  const files = foundingFiles(world);
  const config = configOf({ ...files.environment, DATABASE_URL: 'postgres://127.0.0.1/none' });
  files.remove();
  const fold = new Fold(config, new EntryStore(), new MemoryBlobs(world.store), new VerifyPool());
  for (const leaf of world.leaves) fold.advance(leaf, await fold.admit(sql, leaf));
  return fold;
}

describe('the fold of a server', () => {
  test('judges a proposal whose previous transactions are more than its cache holds', async () => {
    const world = new World();
    const parents = Array.from({ length: Math.ceil(LRU_BYTES / BLOB_BYTES) + 3 }, (_, at) =>
      world.blob(new Uint8Array(BLOB_BYTES).fill(at)),
    );
    const list = parents.map((parent) => ({ parent, branch: 0, index: 0 }));
    const coins = world.blob(canonicalBytes(list));
    const fold = await founded(world);
    const { statement } = world.draft({ pays: [[listedAddress, 20_000]] });
    const admission = await fold.admit(sql, entryBytes(world.sign(statement, coins)));
    expect(admission.kind).toBe('skip');
  });

  test('takes what stands beside an entry for that entry alone', async () => {
    const world = new World();
    const { statement, coins } = world.draft({ pays: [[listedAddress, 20_000]] });
    const beside = new Map(world.store);
    const { transaction } = statement.spend;
    const fold = await founded(world);
    world.store.delete(transaction);
    const leaf = entryBytes(world.sign(statement, coins));
    const whole = await fold.admit(sql, leaf, (sha256) => beside.get(sha256));
    expect(whole.kind).toBe('apply');
    expect(await fold.admit(sql, leaf)).toEqual({ kind: 'missing', blob: transaction });
  });

  test('tells a bug that an entry meets from a database that is away', async () => {
    const world = new World();
    const fold = await founded(world);
    const { statement, coins } = world.draft({ pays: [[listedAddress, 20_000]] });
    const leaf = entryBytes(world.sign(statement, coins));
    const broken = fold.admit(sql, leaf, () => {
      throw new Error('bug: nobody thought of this');
    });
    await expect(broken).rejects.toThrow(EntryFault);
  });
});
