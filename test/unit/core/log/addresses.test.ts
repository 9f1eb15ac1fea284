import { beforeEach, describe, expect, test } from '@jest/globals';
import { addressByRequest, addressReach, addressesOf } from '../../../../src/core/log/addresses.ts';
import type { Replay } from '../../../../src/core/log/replay.ts';
import { replay } from '../../../../src/core/log/replay.ts';
import { textDigest } from '../../../../src/core/approval/statement.ts';
import { askAddress, requestFor } from '../../../support/address-asking.ts';
import { World } from '../../../support/world.ts';

let world: World;

beforeEach(() => {
  world = new World();
  world.start();
  world.round();
});

const ask = (index: number, over?: Parameters<typeof askAddress>[2]) =>
  askAddress(world, index, over);

const attest = (index: number, address = world.wallet.wallet.address(0, index)) =>
  world.post(world.receipt({ record: 'address', index, address }));

function replayed(): Replay {
  const found = replay(
    world.genesis,
    world.leaves.length,
    (index) => world.leaves[index] ?? new Uint8Array(),
    { blobs: (sha256) => world.store.get(sha256) },
  );
  if ('code' in found) throw new Error(found.code);
  return found;
}

describe('an address that was asked for', () => {
  test('is attested by the signer, who derives it, and everybody knows by whom and where', () => {
    expect(ask(3)).toBe('applied');
    expect(addressesOf(world.state, 'hot-1').get(3)).toMatchObject({ attested: null });
    const { position } = world.ledger;
    expect(world.round()).toEqual([
      { record: 'address', index: 3, address: world.wallet.wallet.address(0, 3) },
    ]);
    const record = addressesOf(world.state, 'hot-1').get(3);
    expect(record).toEqual({
      ...{ index: 3, entry: world.leaves.length - 2, askedAt: world.now, request: requestFor(3) },
      attested: {
        ...{ entry: world.leaves.length - 1, position, at: world.now },
        signer: world.receiptKey.publicKey,
      },
    });
    expect(addressByRequest(world.state, 'hot-1', requestFor(3))).toBe(record);
    expect(world.round()).toEqual([]);
    expect(replayed()).toMatchObject({ findings: [] });
  });

  test('is refused a second time, by its index or by its request', () => {
    ask(3);
    expect(ask(3, { request: requestFor(9) })).toBe('fact.duplicate');
    expect(ask(4, { request: requestFor(3) })).toBe('fact.duplicate');
    expect(ask(4, { request: null })).toBe('applied');
    expect(ask(5, { request: null })).toBe('applied');
    expect(ask(6, { wallet: 'hot-9' })).toBe('wallet.unknown');
  });

  test('lies at most a gap beyond the highest attested', () => {
    const gap = world.wallet.body.gapLimit;
    expect(addressReach(world.state, world.wallet)).toBe(gap);
    expect(ask(gap + 1)).toBe('address.reach');
    expect(ask(gap)).toBe('applied');
    expect(ask(gap + 1)).toBe('address.reach');
    world.round();
    expect(ask(2 * gap + 1)).toBe('address.reach');
    expect(ask(2 * gap)).toBe('applied');
    expect(ask(2 * gap - 1)).toBe('applied');
    expect(replayed().findings.map(({ refusal }) => refusal.code)).toEqual(
      Array.from({ length: 3 }, () => 'address.reach'),
    );
  });

  test('of an unconfirmed wallet is refused', () => {
    world = new World();
    expect(ask(0)).toBe('wallet.unconfirmed');
    world.start();
    expect(ask(0)).toBe('applied');
  });

  test('of a frozen wallet is refused, and one that was asked for before waits until the freeze is lifted', () => {
    ask(0);
    const freeze = world.say({
      type: 'freeze',
      ...world.common('officer'),
      wallet: 'hot-1',
      action: 'freeze',
      lifts: [],
      reasonDigest: textDigest('00'.repeat(16), 'a theft'),
    });
    expect(freeze).toBe('applied');
    expect(ask(1)).toBe('wallet.frozen');
    expect(world.round()).toEqual([]);
    const digest = world.state.freezes[0]?.digest ?? '';
    for (const governor of ['governor-1', 'governor-2', 'governor-3'])
      world.say({
        type: 'freeze',
        ...world.common(governor),
        wallet: 'hot-1',
        action: 'unfreeze',
        lifts: [digest],
        reasonDigest: textDigest('00'.repeat(16), 'over'),
      });
    expect(world.round().map(({ record }) => record)).toEqual(['lift', 'address']);
    expect(replayed().findings.map(({ refusal }) => refusal.code)).toEqual(['wallet.frozen']);
  });
});

describe('an attestation', () => {
  test('of another address than the descriptor gives is refused', () => {
    ask(3);
    expect(attest(3, world.wallet.wallet.address(0, 4))).toBe('receipt.invalid');
    expect(attest(3, world.wallet.wallet.address(1, 3))).toBe('receipt.invalid');
    expect(attest(3, '')).toBe('receipt.invalid');
    expect(addressesOf(world.state, 'hot-1').get(3)?.attested).toBeNull();
  });

  test('of what nobody had asked for, or of what its signer had not read, is refused', () => {
    expect(attest(3)).toBe('receipt.invalid');
    const { log } = world.receipt({ record: 'started' });
    ask(3);
    const address = world.wallet.wallet.address(0, 3);
    expect(world.post(world.receipt({ record: 'address', index: 3, address, log }))).toBe(
      'receipt.invalid',
    );
    expect(attest(3)).toBe('applied');
  });

  test('is written once an index', () => {
    ask(3);
    world.round();
    expect(attest(3)).toBe('receipt.invalid');
  });

  test('of another wallet’s address is refused', () => {
    world = new World({ second: true });
    for (const signer of [world, world.secondSigner]) world.start(signer);
    world.round();
    world.secondRound();
    ask(0, { wallet: 'hot-2' });
    const { secondSigner, state } = world;
    const theft = world.wallet.wallet.address(0, 0);
    const wrong = world.receipt({ record: 'address', index: 0, address: theft }, secondSigner);
    expect(world.post(wrong, secondSigner)).toBe('receipt.invalid');
    expect(world.round()).toEqual([]);
    world.secondRound();
    const address = state.wallets.get('hot-2')?.wallet.address(0, 0);
    expect(addressesOf(state, 'hot-2').get(0)?.attested).not.toBeNull();
    expect(addressesOf(state, 'hot-1').size).toBe(0);
    expect(address).not.toBe(theft);
  });

  test('that the rules did not allow is found by the replay', () => {
    ask(3);
    world.say({
      type: 'freeze',
      ...world.common('officer'),
      wallet: '*',
      action: 'freeze',
      lifts: [],
      reasonDigest: textDigest('00'.repeat(16), 'a theft'),
    });
    // A signer that does not care for the freeze: the log is never closed to what it has done.
    world.journal({ record: 'address', index: 3, address: world.wallet.wallet.address(0, 3) });
    expect(replayed().findings).toEqual([
      {
        ...{ index: world.leaves.length - 1, kind: 'receipt' },
        refusal: {
          code: 'package.replay.mismatch',
          facts: {
            ...{ wallet: 'hot-1', position: world.ledger.position - 1 },
            ...{ record: 'address', found: 'wallet.frozen' },
          },
        },
      },
    ]);
  });
});
