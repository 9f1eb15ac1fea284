import { canonicalBytes } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { assert } from '../core/base/assert.ts';
import { heldKeys, mayCosign } from '../core/log/admit-approval.ts';
import type { ProposalRecord, State, VersionRecord, WalletRecord } from '../core/log/state.ts';
import { takeSignatures } from '../core/psbt/found-signatures.ts';
import type { ProvenSpend } from '../core/psbt/sighash.ts';
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
  /** A fee bump of it, where that is signed. */
  readonly version: VersionRecord | null;
  /** Signed by a wallet device, where the key is not in the key file. */
  readonly psbt: Uint8Array | null;
}

/**
 * The member's partial signatures on every input, where he holds a key that signs and cosigners sign now; else null. Codes:
 * `approval.signatures.missing` when his key file does not hold that key, those of {@link takeSignatures}.
 */
export function cosign(
  { state, wallet, proposal, version, psbt }: Cosignable,
  device: Pick<UnlockedDevice, 'member' | 'cosigner'>,
): Result<Cosigned | null> {
  const held = heldKeys(wallet, device.member);
  if (held.length === 0 || !mayCosign(state, wallet, proposal, version?.version)) return ok(null);
  const spend = version ?? proposal;
  if (psbt !== null) return cosignedBy(psbt, wallet, { spend, held });
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
  const blob = canonicalBytes(signInputs(wallet.wallet, spend, { keyIndex, sign }));
  return ok({ blob, digest: blobAddress(blob) });
}

/** Of what a device signed the signatures by the member's own key; those of others come with their own statements. */
function cosignedBy(
  psbt: Uint8Array,
  { id, wallet }: WalletRecord,
  his: { readonly spend: ProvenSpend; readonly held: readonly string[] },
): Result<Cosigned> {
  const taken = takeSignatures(psbt, wallet, his.spend);
  if (!taken.ok) return taken;
  const own = taken.value.find(({ keyIndex }) => {
    const xpub = wallet.keys[keyIndex]?.xpub;
    return xpub !== undefined && his.held.includes(xpub);
  });
  if (own === undefined)
    return refuse('approval.signatures.foreign', {
      wallet: id,
      keys: taken.value.map(({ keyIndex }) => keyIndex),
    });
  const blob = canonicalBytes(own.signatures);
  return ok({ blob, digest: blobAddress(blob) });
}
