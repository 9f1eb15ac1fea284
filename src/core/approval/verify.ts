import * as ecc from 'tiny-secp256k1';
import { fromHex, toHex } from '../base/bytes.ts';
import { digestBytes } from '../base/digest.ts';
import { hex32, hex64 } from '../base/schema.ts';
import { singleKeyScript } from '../governance/devices.ts';
import { singleKeyScriptsOf } from '../governance/distinct-keys.ts';
import { verifyBip340 } from './bip340.ts';
import { verifyMessage } from './message.ts';
import { keyProofLine } from './message-line.ts';

/** How the fold asks for a signature: by a key as the charter pins it, of what its kind of device signs. */
export type SignatureCheck = (key: string, said: string, signature: string) => boolean;

/**
 * Verifies a device's signature: BIP 340 by an x-only key over a statement's digest, all as hex; or, by an address, of the line
 * that message-line.ts makes of the statement, BIP 322 or BIP 137 in base64. No address is hex alone, though those of taproot
 * on regtest are as long as a key. False for any malformed key or signature.
 */
export const verifyDeviceSignature: SignatureCheck = (key, said, signature) => {
  if (hex32.safeParse(key).success) return verifyBip340(key, said, signature);
  const script = singleKeyScript(key);
  return script !== null && verifyMessage({ script, message: said, signature }).ok;
};

/** What a descriptor key at 0/0 signs (BIP 340) to prove that its holder has it and saw the first address. */
export function keyProofDigest(org: string, wallet: string, firstAddress: string): Uint8Array {
  return digestBytes('key-proof', { org, wallet, firstAddress });
}

/** What the holder of a key of a wallet has confirmed: the wallet document by digest and id, and its first address. */
export interface HeldWallet {
  readonly org: string;
  readonly document: string;
  readonly wallet: string;
  readonly firstAddress: string;
}

/** ECDSA with low S over a digest, all hex, `key` compressed. False for any malformed key or signature. */
function verifyEcdsa(key: string, digest: string, signature: string): boolean {
  const point = fromHex(key);
  try {
    return ecc.isPoint(point) && ecc.verify(fromHex(digest), point, fromHex(signature), true);
  } catch {
    return false; // r or s beyond the order: the library says no by throwing
  }
}

/**
 * Verifies a proof of a descriptor key, `key` compressed, over {@link keyProofDigest}: BIP 340 by its x coordinate; ECDSA, by
 * a key in a hardware module, which knows nothing else; or what a wallet device makes, a message (message-line.ts) by an
 * address of that key alone.
 */
export function verifyKeyProof(
  { key, signature }: { readonly key: string; readonly signature: string },
  { org, document, wallet, firstAddress }: HeldWallet,
): boolean {
  const digest = toHex(keyProofDigest(org, document, firstAddress));
  const xOnly = key.slice(2);
  if (hex64.safeParse(signature).success)
    return verifyBip340(xOnly, digest, signature) || verifyEcdsa(key, digest, signature);
  const line = keyProofLine(wallet, firstAddress, digest);
  if (!line.ok) return false;
  return [...singleKeyScriptsOf(xOnly)].some(
    (script) => verifyMessage({ script: fromHex(script), message: line.value, signature }).ok,
  );
}
