import { assert } from '../base/assert.ts';
import { concat, equalBytes, toBase64, utf8 } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import type { Seconds } from '../base/time.ts';
import { ED25519_SIGNATURE_BYTES, verifyEd25519 } from './ed25519.ts';
import type { Note, VerifierKey } from './note.ts';
import { isKeyName, noteToSign } from './note.ts';

/** C2SP tlog-cosignature: a witness signs a checkpoint together with the time at which it saw that the log only grew. */

/** C2SP's number for timestamped Ed25519 cosignatures. */
const COSIGNATURE_TYPE = Uint8Array.of(0x04);
const TIME_BYTES = 8;

/** The id of a witness's key in notes: SHA-256(name || 0x0A || 0x04 || key)[:4]. It names a key, it does not prove one. */
export function witnessKeyId({ name, key }: VerifierKey): Uint8Array {
  return sha256(concat(utf8(`${name}\n`), COSIGNATURE_TYPE, key)).subarray(0, 4);
}

/** The bytes that a witness signs: a header with the time (Unix seconds), then the text of the checkpoint. */
export function cosignatureToSign(text: string, at: Seconds): Uint8Array {
  assert(Number.isSafeInteger(at) && at >= 0, 'a time is whole seconds');
  return concat(utf8(`cosignature/v1\ntime ${String(at)}\n`), noteToSign(text));
}

/** The signature line of a witness, with its newline. `signature` is Ed25519 over {@link cosignatureToSign}. */
export function cosignatureLine(witness: VerifierKey, at: Seconds, signature: Uint8Array): string {
  assert(isKeyName(witness.name), 'a witness has a plain name');
  assert(signature.length === ED25519_SIGNATURE_BYTES, 'a signature has 64 bytes');
  const time = new Uint8Array(TIME_BYTES);
  new DataView(time.buffer).setBigUint64(0, BigInt(at));
  return `\u2014 ${witness.name} ${toBase64(concat(witnessKeyId(witness), time, signature))}\n`;
}

/** A cosignature that verified: when, and the 64 bytes. */
export interface Cosignature {
  readonly at: Seconds;
  readonly signature: Uint8Array;
}

/**
 * The newest cosignature of a witness on a note, verified; null when there is none that verifies. Lines that only claim to be
 * its are passed over: anybody can add lines to a note.
 */
export function cosignatureOf(
  { text, signatures }: Note,
  witness: VerifierKey,
): Cosignature | null {
  const id = witnessKeyId(witness);
  let newest: Cosignature | null = null;
  for (const line of signatures) {
    if (line.name !== witness.name || !equalBytes(line.keyId, id)) continue;
    if (line.signature.length !== TIME_BYTES + ED25519_SIGNATURE_BYTES) continue;
    const bytes = line.signature;
    const time = new DataView(bytes.buffer, bytes.byteOffset, TIME_BYTES).getBigUint64(0);
    const at = Number(time);
    const signature = bytes.subarray(TIME_BYTES);
    if (!Number.isSafeInteger(at) || (newest !== null && at <= newest.at)) continue;
    if (verifyEd25519(witness.key, cosignatureToSign(text, at), signature))
      newest = { at, signature };
  }
  return newest;
}
