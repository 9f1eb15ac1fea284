import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { apiOf } from '../../../src/client/session.ts';
import { LogFollower } from '../../../src/client/log-follower.ts';
import { MemoryLogStore } from '../../../src/client/log-store.ts';
import { newSessionKey } from '../../../src/client/proof-key.ts';
import { toHex, utf8 } from '../../../src/core/base/bytes.ts';
import { leafHash, MerkleTree } from '../../../src/core/log/merkle.ts';
import { FakeServer } from '../../support/fake-server.ts';
import { forge } from '../../support/forged-entry.ts';
import { listedAddress, World } from '../../support/world.ts';

let world: World;
let server: FakeServer;

beforeEach(async () => {
  world = new World();
  world.start();
  server = await FakeServer.start(world);
});
afterEach(() => server.stop());

function follower(store = new MemoryLogStore(), genesis = world.genesis): LogFollower {
  return new LogFollower({ genesis, store, reader: apiOf(server.url, newSessionKey()).log() });
}

describe('a follower', () => {
  test('learns the log key from the genesis and folds to the state of the server', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const followed = await follower().follow();
    if (!followed.ok) throw new Error(followed.refusal.code);
    const { state, log, skipped } = followed.value;
    expect(log).toEqual({ size: world.leaves.length, root: toHex(world.state.tree.root()) });
    expect([...state.proposals.keys()]).toEqual([proposal.digest]);
    expect(skipped).toEqual([]);
    expect(server.proofs.every((proof) => proof.split('.').length === 3)).toBe(true);
  });

  test('fetches only what is new, and reports entries without effect', async () => {
    const store = new MemoryLogStore();
    const first = follower(store);
    await first.follow();
    server.requests.length = 0;
    world.append(utf8('{"type":"unknown"}'));
    world.propose({ pays: [[listedAddress, 10_000]] });
    const followed = await first.follow();
    if (!followed.ok) throw new Error(followed.refusal.code);
    expect(followed.value.skipped).toMatchObject([{ refusal: { code: 'log.entry.invalid' } }]);
    expect(server.requests.filter((one) => one.includes('/log/tile/'))).toHaveLength(1);
    // The coins, the transaction and one previous transaction.
    expect(server.requests.filter((one) => one.includes('/log/blob/'))).toHaveLength(3);
  });

  test('crosses the border of a bundle', async () => {
    while (world.leaves.length < 300) world.append(utf8('{}'));
    const store = new MemoryLogStore();
    expect((await follower(store).follow()).ok).toBe(true);
    while (world.leaves.length < 520) world.append(utf8('{}'));
    const followed = await follower(store).follow();
    expect(followed).toMatchObject({ ok: true, value: { log: { size: 520 } } });
  });

  test('takes up what another process kept, without asking anyone', async () => {
    const store = new MemoryLogStore();
    await follower(store).follow();
    server.requests.length = 0;
    const kept = await follower(store).kept();
    expect(kept).toMatchObject({ ok: true, value: { log: { size: world.leaves.length } } });
    expect(server.requests).toEqual([]);
    expect(await follower().kept()).toMatchObject({ refusal: { code: 'log.checkpoint.invalid' } });
  });

  test('keeps one history beside another follower of the same store', async () => {
    const store = new MemoryLogStore();
    const [slow, fast] = [follower(store), follower(store)];
    await slow.follow();
    await fast.follow();
    world.propose({ pays: [[listedAddress, 10_000]] });
    const after = server.note(world.state.tree);
    server.checkpoint = () => after;
    await fast.follow();
    world.propose({ pays: [[listedAddress, 20_000]] });
    server.checkpoint = () => server.note(world.state.tree);
    expect((await slow.follow()).ok).toBe(true);
    expect(await follower(store).kept()).toMatchObject({
      ok: true,
      value: { log: { size: world.leaves.length } },
    });
  });

  test('refuses a log that does not begin with the pinned genesis', async () => {
    const other = await follower(new MemoryLogStore(), 'ab'.repeat(32)).follow();
    expect(other).toMatchObject({ refusal: { code: 'document.genesis.mismatch' } });
  });

  test('refuses a checkpoint that the log key did not sign', async () => {
    const note = server.checkpoint();
    server.checkpoint = () => note.replace(/(.{12})\n$/, (_, end: string) => `${flip(end)}\n`);
    expect(await follower().follow()).toMatchObject({
      refusal: { code: 'log.checkpoint.invalid' },
    });
  });

  test('refuses entries that do not lead to the root', async () => {
    const leaves = world.leaves.map(leafHash);
    leaves[3] = leafHash(utf8('another'));
    server.checkpoint = () => server.note(MerkleTree.of(leaves));
    expect(await follower().follow()).toMatchObject({ refusal: { code: 'log.proof.invalid' } });
  });

  test('refuses a second history of what it has seen', async () => {
    const store = new MemoryLogStore();
    await follower(store).follow();
    const leaves = [...world.leaves.slice(0, -1), utf8('another'), utf8('more')].map(leafHash);
    server.checkpoint = () => server.note(MerkleTree.of(leaves));
    world.append(utf8('{}'));
    expect(await follower(store).follow()).toMatchObject({ refusal: { code: 'log.fork' } });
    server.checkpoint = () => server.note(MerkleTree.of(leaves), world.leaves.length - 1);
    expect(await follower(store).follow()).toMatchObject({ refusal: { code: 'log.fork' } });
  });

  test('refuses a log that became shorter, and goes on once it is whole again', async () => {
    const store = new MemoryLogStore();
    const one = follower(store);
    await one.follow();
    const whole = server.checkpoint;
    server.checkpoint = () => server.note(world.state.tree, world.leaves.length - 2);
    expect(await one.follow()).toMatchObject({ refusal: { code: 'log.rolledback' } });
    server.checkpoint = whole;
    expect((await one.follow()).ok).toBe(true);
  });

  test('refuses when a blob is withheld, and keeps nothing that it could not fold', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const withheld = proposal.statement.spend.transaction;
    const bytes = world.store.get(withheld) ?? new Uint8Array();
    world.store.delete(withheld);
    const store = new MemoryLogStore();
    const one = follower(store);
    expect((await one.follow()).ok).toBe(false);
    expect(store.head()).toBeNull();
    world.store.set(withheld, bytes);
    expect((await one.follow()).ok).toBe(true);
  });

  test('passes an entry without effect that names blobs which nobody has', async () => {
    forge(world);
    const store = new MemoryLogStore();
    const followed = await follower(store).follow();
    if (!followed.ok) throw new Error(followed.refusal.code);
    expect(followed.value.skipped).toMatchObject([{ refusal: { code: 'statement.signature' } }]);
    expect(await follower(store).kept()).toMatchObject({ ok: true });
  });

  test('fetches again what its store lost', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    const store = new LossyStore();
    await follower(store).follow();
    store.lost = proposal.statement.spend.transaction;
    expect(await follower(store).kept()).toMatchObject({ refusal: { code: 'log.blob.missing' } });
    expect((await follower(store).follow()).ok).toBe(true);
    expect(await follower(store).kept()).toMatchObject({ ok: true });
  });

  test('refuses a blob with another hash', async () => {
    const proposal = world.propose({ pays: [[listedAddress, 10_000]] });
    world.store.set(proposal.statement.spend.transaction, utf8('other bytes'));
    expect(await follower().follow()).toMatchObject({ refusal: { code: 'log.blob.missing' } });
  });
});

/** Loses one blob until it is put again. */
class LossyStore extends MemoryLogStore {
  lost = '';

  override blob(sha256: string): Uint8Array | undefined {
    return sha256 === this.lost ? undefined : super.blob(sha256);
  }

  override putBlobs(blobs: ReadonlyMap<string, Uint8Array>): void {
    if (blobs.has(this.lost)) this.lost = '';
    super.putBlobs(blobs);
  }
}

function flip(text: string): string {
  const [first = ''] = text;
  return (first === 'A' ? 'B' : 'A') + text.slice(1);
}
