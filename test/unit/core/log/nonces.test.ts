import { BIP32Factory } from 'bip32';
import { describe, expect, test } from '@jest/globals';
import { networks } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { canonicalBytes } from '../../../../src/core/base/canonical.ts';
import type { ProposalRecord } from '../../../../src/core/log/state.ts';
import type { ProvenSpend } from '../../../../src/core/psbt/sighash.ts';
import type { AccountKey } from '../../../../src/keys/account-key.ts';
import { signBroken } from '../../../support/psbt.ts';
import type { World } from '../../../support/world.ts';
import { approveAll, proposed, strangerAddress } from '../../../support/world.ts';

const bip32 = BIP32Factory(ecc);

/** A blob of signatures, all with the nonce 1. */
function brokenBlob(world: World, spend: ProvenSpend, key: AccountKey): string {
  const node = bip32.fromBase58(key.xprv, networks.regtest);
  return world.blob(canonicalBytes(signBroken(world.wallet.wallet, spend, node)));
}

function second(world: World): ProposalRecord {
  return world.propose({ pays: [[strangerAddress, 2_000_000]] });
}

const approve = (world: World, proposal: ProposalRecord, partialSignatures: string) =>
  world.say(world.approval('alice', proposal, { partialSignatures }));

describe('a nonce that comes twice in the history of a wallet', () => {
  test('is refused of a cosigner, with the proposal of the earlier signature', () => {
    const { world, proposal } = proposed();
    const other = second(world);
    const first = brokenBlob(world, proposal, world.cosigner);
    expect(approve(world, proposal, first)).toBe('applied');
    expect(approve(world, other, brokenBlob(world, other, world.cosigner))).toBe(
      'psbt.signature.nonce.reused',
    );
    expect(other.approvals).toEqual([]);
    // What a sound device signs passes, and the same signature once more tells nobody anything.
    expect(approve(world, other, world.cosign(other))).toBe('applied');
    expect(approve(world, proposal, first)).toBe('applied');
  });

  test('counts only what took effect: who is refused locks nobody out', () => {
    const { world, proposal } = proposed();
    const blob = brokenBlob(world, proposal, world.cosigner);
    const wrong = world.approval('alice', proposal, { partialSignatures: blob });
    expect(world.say({ ...wrong, spend: 'ab'.repeat(32) })).toBe('approval.spend.mismatch');
    expect(world.state.nonces.size).toBe(0);
    const other = second(world);
    expect(approve(world, other, brokenBlob(world, other, world.cosigner))).toBe('applied');
  });

  test('is an alert of the hot key, whose receipts are never refused', () => {
    const { world, proposal } = proposed();
    const other = second(world);
    for (const one of [proposal, other]) approveAll({ world, proposal: one });
    world.round();
    world.now += 61;
    for (const { digest } of [proposal, other]) {
      const signatures = brokenBlob(world, world.proposal(digest), world.hot);
      world.journal({ record: 'intent', proposal: digest });
      world.journal({ record: 'signed', proposal: digest, signatures });
    }
    expect(world.state.leaks).toMatchObject([
      { wallet: 'hot-1', proposal: other.digest, earlier: proposal.digest },
    ]);
  });
});
