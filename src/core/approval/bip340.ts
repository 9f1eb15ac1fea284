import { verifySchnorr } from 'tiny-secp256k1';
import { fromHex } from '../base/bytes.ts';

/** BIP 340 verification: x-only key, 32-byte message and signature as hex. False for a key that is not on the curve. */
export function verifyBip340(key: string, message: string, signature: string): boolean {
  try {
    return verifySchnorr(fromHex(message), fromHex(key), fromHex(signature));
  } catch {
    return false; // the library says no by throwing
  }
}
