import { crypto } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { z } from 'zod';
import type { SignatureCheck } from '../approval/verify.ts';
import { verifyBip340 } from '../approval/bip340.ts';
import { assert } from '../base/assert.ts';
import { concat, equalBytes, fromHex, toHex } from '../base/bytes.ts';
import { parseCanonical } from '../base/canonical.ts';
import { SPEND_INPUTS } from '../base/limits.ts';
import type { Facts, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Place, TaprootScripts, Wallet } from '../wallet/wallet.ts';
import { decodeSignature, encodeSignature } from './der.ts';
import type { ProvenSpend, Sighash, SignatureHashes } from './sighash.ts';
import { signatureHashes } from './sighash.ts';
import type { ClaimedCoin } from './spend.ts';
import { isTaproot } from './spend.ts';

/** One key's signature of one input, as logged: lower-case hex. */
export interface PartialSignature {
  /** The public key of the place: 33 bytes, in taproot its 32 bytes x-only, not tweaked. */
  readonly key: string;
  /** Strict DER followed by the sighash byte 01; in taproot 64 bytes (SIGHASH_DEFAULT), or 65 that end in 01. */
  readonly signature: string;
}

/** What signing one input needs of the key's holder. */
export interface SigningKey extends Place {
  /** 33 bytes. */
  readonly publicKey: Uint8Array;
  /** Null: ECDSA. Else BIP 340, by the key tweaked with these 32 bytes (BIP 341), or as it is where `tweak` is null. */
  readonly schnorr: { readonly tweak: Uint8Array | null } | null;
}

/** Whoever holds the key: given which key and the 32-byte hash, 64 bytes r || s. */
export interface InputSigner {
  /** Position of the key in the descriptor. */
  readonly keyIndex: number;
  readonly sign: (key: SigningKey, hash: Uint8Array) => Uint8Array;
}

const SIGHASH_DEFAULT = 0;
const SIGHASH_ALL = 1;

const blobShape = z
  .array(
    z.strictObject({
      key: z.string().regex(/^(?:0[23])?[0-9a-f]{64}$/),
      signature: z.string().regex(/^(?:[0-9a-f]{2}){9,73}$/),
    }),
  )
  .min(1)
  .max(SPEND_INPUTS);

/**
 * The partial signatures in a blob: a canonical JSON array, one an input in order. Checks the form only; they
 * are verified by {@link verifyPartialSignatures}. Refuses with `json.*`, `schema.mismatch`.
 */
export function parsePartialSignatures(bytes: Uint8Array): Result<readonly PartialSignature[]> {
  const json = parseCanonical(bytes);
  if (!json.ok) return json;
  const found = blobShape.safeParse(json.value);
  return found.success
    ? ok(found.data)
    : refuse('schema.mismatch', { object: 'partial signatures' });
}

/**
 * The equation of one input's signature, all hex: ECDSA by a compressed key, BIP 340 by an x-only one; 32-byte hash and 64
 * bytes. Requires a key on the curve, and of ECDSA r and s within its order.
 */
export const verifyInputSignature: SignatureCheck = (key, hash, signature) =>
  key.length === 64
    ? verifyBip340(key, hash, signature)
    : ecc.verify(fromHex(hash), fromHex(key), fromHex(signature), true);

/**
 * Verifies one cosigner's signatures: one on every input, in order, all by the keys derived from one and the same
 * key of the descriptor. All but the equation itself is asked here, that of `verify`. Returns which key of the descriptor
 * signed. Refuses with `psbt.signature.*`.
 */
export function verifyPartialSignatures(
  wallet: Wallet,
  spend: ProvenSpend,
  signatures: readonly PartialSignature[],
  verify: SignatureCheck = verifyInputSignature,
): Result<{ readonly keyIndex: number }> {
  const { coins } = spend;
  if (signatures.length !== coins.length)
    return refuse('psbt.signature.incomplete', { signed: signatures.length, inputs: coins.length });
  const hashes = signatureHashes(wallet, spend);
  let signer: number | null = null;
  for (const [input, signature] of signatures.entries()) {
    const verified = verifyInput(wallet, { coins, hashes, input }, signature, verify);
    if (!verified.ok) return verified;
    const { keyIndex } = verified.value;
    if (signer !== null && signer !== keyIndex)
      return refuse('psbt.signature.mixed', { input, keys: [signer, keyIndex] });
    signer = keyIndex;
  }
  if (signer === null) return refuse('psbt.signature.incomplete', { signed: 0, inputs: 0 });
  const reused = findReusedNonce(signatures.map((one, input) => ({ ...one, input })));
  if (reused !== null) return refuse('psbt.signature.nonce', reused);
  return ok({ keyIndex: signer });
}

/** One input of a spend whose signatures are looked at. */
export interface SignedInput {
  readonly coins: readonly ClaimedCoin[];
  readonly hashes: SignatureHashes;
  readonly input: number;
}

/**
 * Verifies one signature of one input: strict DER, low S, SIGHASH_ALL (BIP 66, 143, 146), or in taproot BIP 340 with
 * SIGHASH_DEFAULT or ALL. Returns which key of the descriptor signed.
 * Refuses with `psbt.signature.foreign`, `.sighash`, `.encoding`, `.invalid`.
 */
export function verifyInput(
  wallet: Wallet,
  { coins, hashes, input }: SignedInput,
  { key, signature }: PartialSignature,
  verify: SignatureCheck = verifyInputSignature,
): Result<{ readonly keyIndex: number }> {
  const coin = coins[input];
  assert(coin !== undefined, 'the input exists');
  const keyIndex = keyIndexOf(wallet, coin, key);
  if (keyIndex === null) return refuse('psbt.signature.foreign', { key, input });
  const read = readSignature(wallet, fromHex(signature), { keyIndex, input });
  if (!read.ok) return read;
  const { sighash, compact } = read.value;
  const by = verificationKey(wallet, coin, key);
  if (!verify(by, toHex(hashes(input, sighash)), toHex(compact)))
    return refuse('psbt.signature.invalid', { keyIndex, input });
  return ok({ keyIndex });
}

/** Which key of the descriptor a signature of a coin names, or null. By the key path nobody signs but the internal key. */
function keyIndexOf(wallet: Wallet, { branch, index }: Place, key: string): number | null {
  const sought = fromHex(key);
  const keyIndex = wallet.keys.findIndex((_, at) => {
    const publicKey = wallet.keyAt(at, branch, index);
    return equalBytes(isTaproot(wallet) ? publicKey.subarray(1) : publicKey, sought);
  });
  if (keyIndex < 0) return null;
  if (wallet.signing !== 'taproot-key') return keyIndex;
  const { internalKey } = taprootOf(wallet, { branch, index });
  return toHex(internalKey) === key ? keyIndex : null;
}

/**
 * Two inputs whose signatures share their nonce, or null: whoever sees them computes the private key, and from keys without
 * hardening those of all the wallet. Requires the forms that {@link verifyInput} accepts.
 */
export function findReusedNonce(
  signatures: readonly (PartialSignature & { readonly input: number })[],
): { readonly input: number; readonly with: number } | null {
  const seen = new Map<string, number>();
  for (const { input, ...one } of signatures) {
    const nonce = nonceOf(one);
    const other = seen.get(nonce);
    if (other !== undefined) return { input, with: other };
    seen.set(nonce, input);
  }
  return null;
}

/** The x coordinate of a signature's nonce, hex. Requires the forms that {@link verifyInput} accepts. */
export function nonceOf({ key, signature }: PartialSignature): string {
  if (key.length === 64) return signature.slice(0, 64);
  // DER: 30, length, 02, length of r, r
  const length = Number.parseInt(signature.slice(6, 8), 16);
  return signature.slice(8, 8 + 2 * length);
}

function taprootOf(wallet: Wallet, { branch, index }: Place): TaprootScripts {
  const { taproot } = wallet.scripts(branch, index);
  assert(taproot !== null, 'a taproot wallet has taproot scripts');
  return taproot;
}

function verificationKey(wallet: Wallet, place: Place, key: string): string {
  return wallet.signing === 'taproot-key' ? toHex(taprootOf(wallet, place).outputKey) : key;
}

function readSignature(
  wallet: Wallet,
  bytes: Uint8Array,
  facts: Facts,
): Result<{ readonly sighash: Sighash; readonly compact: Uint8Array }> {
  const last = bytes.at(-1) ?? null;
  if (!isTaproot(wallet)) {
    if (last !== SIGHASH_ALL) return refuse('psbt.signature.sighash', { ...facts, sighash: last });
    const compact = decodeSignature(bytes);
    if (compact === null) return refuse('psbt.signature.encoding', facts);
    return ok({ sighash: SIGHASH_ALL, compact });
  }
  if (bytes.length === 64) return ok({ sighash: SIGHASH_DEFAULT, compact: bytes });
  // BIP 341: DEFAULT is told by 64 bytes alone, a byte 00 behind them is invalid
  if (bytes.length !== 65 || last === SIGHASH_DEFAULT)
    return refuse('psbt.signature.encoding', facts);
  if (last !== SIGHASH_ALL) return refuse('psbt.signature.sighash', { ...facts, sighash: last });
  return ok({ sighash: SIGHASH_ALL, compact: bytes.slice(0, 64) });
}

/**
 * Signs every input with one key of the descriptor; the private key stays with the caller. Returns signatures by
 * input, verified; in taproot with SIGHASH_DEFAULT. A signature that does not verify is a bug of the key holder and throws.
 */
export function signInputs(
  wallet: Wallet,
  spend: ProvenSpend,
  { keyIndex, sign }: InputSigner,
): readonly PartialSignature[] {
  const hashes = signatureHashes(wallet, spend);
  const signatures = spend.coins.map((coin, input): PartialSignature => {
    const key = signingKey(wallet, coin, keyIndex);
    if (key.schnorr === null) {
      const compact = sign(key, hashes(input, SIGHASH_ALL));
      return { key: toHex(key.publicKey), signature: encodeSignature(compact) };
    }
    const compact = sign(key, hashes(input, SIGHASH_DEFAULT));
    return { key: toHex(key.publicKey.subarray(1)), signature: toHex(compact) };
  });
  const verified = verifyPartialSignatures(wallet, spend, signatures);
  assert(verified.ok && verified.value.keyIndex === keyIndex, 'our own signatures verify');
  return signatures;
}

function signingKey(wallet: Wallet, { branch, index }: Place, keyIndex: number): SigningKey {
  const publicKey = wallet.keyAt(keyIndex, branch, index);
  const key = { publicKey, branch, index };
  if (!isTaproot(wallet)) return { ...key, schnorr: null };
  if (wallet.signing === 'taproot-leaf') return { ...key, schnorr: { tweak: null } };
  const { internalKey, merkleRoot } = taprootOf(wallet, { branch, index });
  assert(equalBytes(internalKey, publicKey.subarray(1)), 'by the key path the internal key signs');
  const commitment = merkleRoot === null ? internalKey : concat(internalKey, merkleRoot);
  return { ...key, schnorr: { tweak: crypto.taggedHash('TapTweak', commitment) } };
}
