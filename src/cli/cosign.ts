import { canonicalBytes } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { assert } from '../core/base/assert.ts';
import { heldKeys, mayCosign } from '../core/log/admit-approval.ts';
import type { ProposalRecord, State, WalletRecord } from '../core/log/state.ts';
import { signInputs } from '../core/psbt/signatures.ts';
import { keyIndexOfXpub } from '../core/wallet/wallet.ts';
import { AccountSigner } from '../keys/account-key.ts';
import type { UnlockedDevice } from './unlock.ts';

/** Partial signatures as a statement names them. */
export interface Cosigned {
  readonly blob: Uint8Array;
  readonly digest: string;
}

export interface Cosignable {
  readonly state: State;
  readonly wallet: WalletRecord;
  readonly proposal: ProposalRecord;
}

/**
 * The member's partial signatures on every input, where he holds a key that signs and cosigners sign now; else null. Code `approval.signatures.missing` when his key file does not hold that key.
 */
export function cosign(
  { state, wallet, proposal }: Cosignable,
  device: UnlockedDevice,
): Result<Cosigned | null> {
  const held = heldKeys(wallet, device.member);
  if (held.length === 0 || !mayCosign(state, wallet, proposal)) return ok(null);
  const lacking = refuse('approval.signatures.missing', {
    member: device.member,
    wallet: wallet.id,
  });
  if (device.cosigner === null) return lacking;
  const signer = new AccountSigner(device.cosigner, wallet.body.network);
  if (!held.includes(signer.xpub)) return lacking;
  const keyIndex = keyIndexOfXpub(wallet.wallet, signer.xpub);
  assert(keyIndex !== null, 'the holders of a wallet document stand in its descriptor');
  const { sign } = signer;
  const blob = canonicalBytes(signInputs(wallet.wallet, proposal, { keyIndex, sign }));
  return ok({ blob, digest: blobAddress(blob) });
}
