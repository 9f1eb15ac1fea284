import { verifySchnorr } from 'tiny-secp256k1';
import { fromHex } from '../base/bytes.ts';
import { digestBytes } from '../base/digest.ts';

/** How the fold asks for a BIP 340 signature: x-only key, digest and signature as hex. */
export type SignatureCheck = (key: string, digest: string, signature: string) => boolean;

/** BIP 340 verification of a device's signature over a statement's digest. False for any malformed key. */
export const verifyDeviceSignature: SignatureCheck = (key, digest, signature) => {
  try {
    return verifySchnorr(fromHex(digest), fromHex(key), fromHex(signature));
  } catch {
    return false; // the key is not on the curve
  }
};

/** What a descriptor key at 0/0 signs (BIP 340) to prove that its holder has it and saw the first address. */
export function keyProofDigest(org: string, wallet: string, firstAddress: string): Uint8Array {
  return digestBytes('key-proof', { org, wallet, firstAddress });
}

/** Verifies a proof of a descriptor key: `key` is compressed, the signature BIP 340 by its x coordinate. */
export function verifyKeyProof(
  proof: { readonly key: string; readonly signature: string },
  message: Uint8Array,
): boolean {
  try {
    return verifySchnorr(message, fromHex(proof.key).subarray(1), fromHex(proof.signature));
  } catch {
    return false;
  }
}
