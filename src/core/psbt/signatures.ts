import { crypto, script as bitcoinScript } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { z } from 'zod';
import type { SignatureCheck } from '../approval/verify.ts';
import { assert } from '../base/assert.ts';
import { concat, equalBytes, fromHex, reversed, toHex } from '../base/bytes.ts';
import { parseCanonical } from '../base/canonical.ts';
import { SPEND_INPUTS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Branch, Wallet } from '../wallet/wallet.ts';
import { compactSize, littleEndian } from './fields.ts';
import type { Coin } from './spend.ts';
import type { PlainTransaction } from './transaction.ts';
import { parseUnsigned } from './transaction.ts';

/** One key's signature of one input, as logged: lower-case hex. */
export interface PartialSignature {
  /** 33-byte public key. */
  readonly key: string;
  /** Strict DER followed by the sighash byte 01. */
  readonly signature: string;
}

/** Of a coin, what deriving its key needs. */
export interface CoinKey {
  readonly publicKey: Uint8Array;
  readonly branch: Branch;
  readonly index: number;
}

/** Whoever holds the key: given the public key, the 32-byte hash and the place, 64 bytes r || s. */
export interface InputSigner {
  /** Position of the key in the descriptor. */
  readonly keyIndex: number;
  readonly sign: (publicKey: Uint8Array, hash: Uint8Array, place: CoinKey) => Uint8Array;
}

const SIGHASH_ALL = 1;

const blobShape = z
  .array(
    z.strictObject({
      key: z.string().regex(/^0[23][0-9a-f]{64}$/),
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
 * The hash that SIGHASH_ALL of one input signs (BIP 143). For several inputs use {@link signatureHashes}.
 * Requires the unsigned transaction and its coins as {@link readSpend} proved them.
 */
export function signatureHash(
  wallet: Wallet,
  transaction: Uint8Array,
  coins: readonly Coin[],
  inputIndex: number,
): Uint8Array {
  const hash = signatureHashes(wallet, transaction, coins)[inputIndex];
  assert(hash !== undefined, 'the input exists');
  return hash;
}

/** {@link signatureHash} of every input in order; the three midstates are computed once. 32 bytes each. */
export function signatureHashes(
  wallet: Wallet,
  transaction: Uint8Array,
  coins: readonly Coin[],
): readonly Uint8Array[] {
  const parsed = parseUnsigned(transaction);
  assert(parsed.ok, 'the transaction was read before it is signed');
  const plain = parsed.value;
  assert(plain.inputs.length === coins.length, 'every input has its coin');
  const outpoints = plain.inputs.map(({ txid, vout }) =>
    concat(reversed(fromHex(txid)), littleEndian(vout, 4)),
  );
  const sequences = plain.inputs.map(({ sequence }) => littleEndian(sequence, 4));
  const head = concat(
    littleEndian(plain.version, 4),
    crypto.hash256(concat(...outpoints)),
    crypto.hash256(concat(...sequences)),
  );
  const tail = concat(
    crypto.hash256(concat(...plain.outputs.map(outputBytes))),
    littleEndian(plain.lockTime, 4),
    littleEndian(SIGHASH_ALL, 4),
  );
  return coins.map((coin, at) => {
    const outpoint = outpoints[at];
    const sequence = sequences[at];
    assert(outpoint !== undefined && sequence !== undefined, 'every coin has its input');
    const code = scriptCode(wallet, coin);
    return crypto.hash256(
      concat(
        head,
        outpoint,
        compactSize(code.length),
        code,
        littleEndian(coin.sats, 8),
        sequence,
        tail,
      ),
    );
  });
}

/** ECDSA over the curve of Bitcoin: compressed key, 32-byte hash and 64 bytes r || s as hex, in form and within the order. */
export const verifyEcdsa: SignatureCheck = (key, hash, signature) =>
  ecc.verify(fromHex(hash), fromHex(key), fromHex(signature), true);

/** An unsigned transaction and its coins, as {@link readSpend} proved them. */
export interface ProvenSpend {
  readonly transaction: Uint8Array;
  readonly coins: readonly Coin[];
}

/**
 * Verifies one cosigner's signatures: one on every input, in order, all by the keys derived from one and the same
 * key of the descriptor; strict DER, low S, SIGHASH_ALL (BIP 66, 143, 146). All but the equation itself is asked here, that
 * of `verify`. Returns which key of the descriptor signed. Refuses with `psbt.signature.*`.
 */
export function verifyPartialSignatures(
  wallet: Wallet,
  { transaction, coins }: ProvenSpend,
  signatures: readonly PartialSignature[],
  verify: SignatureCheck = verifyEcdsa,
): Result<{ readonly keyIndex: number }> {
  if (signatures.length !== coins.length)
    return refuse('psbt.signature.incomplete', { signed: signatures.length, inputs: coins.length });
  const hashes = signatureHashes(wallet, transaction, coins);
  let signer: number | null = null;
  for (const [input, coin] of coins.entries()) {
    const signature = signatures[input];
    const hash = hashes[input];
    assert(signature !== undefined && hash !== undefined, 'lengths were compared');
    const verified = verifyInput(wallet, { coin, hash }, signature, verify);
    if (!verified.ok) return refuse(verified.refusal.code, { ...verified.refusal.facts, input });
    const { keyIndex } = verified.value;
    if (signer !== null && signer !== keyIndex)
      return refuse('psbt.signature.mixed', { input, keys: [signer, keyIndex] });
    signer = keyIndex;
  }
  if (signer === null) return refuse('psbt.signature.incomplete', { signed: 0, inputs: 0 });
  return ok({ keyIndex: signer });
}

/**
 * Verifies one signature of one input against its 32-byte {@link signatureHash}. Returns which key of the
 * descriptor signed. Refuses with `psbt.signature.foreign`, `.sighash`, `.encoding`, `.invalid`.
 */
export function verifyInput(
  wallet: Wallet,
  { coin, hash }: { readonly coin: Coin; readonly hash: Uint8Array },
  { key, signature }: PartialSignature,
  verify: SignatureCheck = verifyEcdsa,
): Result<{ readonly keyIndex: number }> {
  const keyIndex = wallet.keys.findIndex(
    (_, at) => toHex(wallet.keyAt(at, coin.branch, coin.index)) === key,
  );
  if (keyIndex < 0) return refuse('psbt.signature.foreign', { key });
  const bytes = fromHex(signature);
  const sighash = bytes.at(-1);
  if (sighash !== SIGHASH_ALL)
    return refuse('psbt.signature.sighash', { keyIndex, sighash: sighash ?? null });
  const compact = decodeSignature(bytes);
  if (compact === null) return refuse('psbt.signature.encoding', { keyIndex });
  if (!verify(key, toHex(hash), toHex(compact)))
    return refuse('psbt.signature.invalid', { keyIndex });
  return ok({ keyIndex });
}

/**
 * Signs every input with one key of the descriptor; the private key stays with the caller. Returns signatures by
 * input, verified. A signature that does not verify is a bug of the key holder and throws.
 */
export function signInputs(
  wallet: Wallet,
  transaction: Uint8Array,
  coins: readonly Coin[],
  { keyIndex, sign }: InputSigner,
): readonly PartialSignature[] {
  const hashes = signatureHashes(wallet, transaction, coins);
  const signatures = coins.map(({ branch, index }, at): PartialSignature => {
    const hash = hashes[at];
    assert(hash !== undefined, 'every coin has its hash');
    const publicKey = wallet.keyAt(keyIndex, branch, index);
    const compact = sign(publicKey, hash, { publicKey, branch, index });
    return { key: toHex(publicKey), signature: encodeSignature(compact) };
  });
  const verified = verifyPartialSignatures(wallet, { transaction, coins }, signatures);
  assert(verified.ok && verified.value.keyIndex === keyIndex, 'our own signatures verify');
  return signatures;
}

/** DER with the sighash byte of SIGHASH_ALL, as hex, of 64 bytes r || s. A high s is turned low (BIP 146). */
export function encodeSignature(compact: Uint8Array): string {
  return toHex(bitcoinScript.signature.encode(lowS(compact), SIGHASH_ALL));
}

/** Order of the curve, and half of it. */
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const HALF_ORDER = ORDER >> 1n;

function isLowS(compact: Uint8Array): boolean {
  return BigInt(`0x${toHex(compact.slice(32))}`) <= HALF_ORDER;
}

function lowS(compact: Uint8Array): Uint8Array {
  assert(compact.length === 64, 'a compact signature has 64 bytes');
  if (isLowS(compact)) return compact;
  const s = ORDER - BigInt(`0x${toHex(compact.slice(32))}`);
  return concat(compact.slice(0, 32), fromHex(s.toString(16).padStart(64, '0')));
}

/** DER holds any r below 2^256; the verifier throws at one that is no scalar of the curve. */
function isScalar(bytes: Uint8Array): boolean {
  const value = BigInt(`0x${toHex(bytes)}`);
  return value > 0n && value < ORDER;
}

/** The 64 bytes r || s of strict DER and sighash byte with low S, both within the order of the curve, or null. */
function decodeSignature(bytes: Uint8Array): Uint8Array | null {
  try {
    const { signature } = bitcoinScript.signature.decode(bytes);
    const again = bitcoinScript.signature.encode(signature, SIGHASH_ALL);
    const inRange = isScalar(signature.slice(0, 32)) && isScalar(signature.slice(32));
    return equalBytes(again, bytes) && inRange && isLowS(signature) ? signature : null;
  } catch {
    return null; // the library says no by throwing
  }
}

/** BIP 143: the witness script, or for P2WPKH the P2PKH script of the key. */
function scriptCode(wallet: Wallet, { branch, index }: Coin): Uint8Array {
  const witness = wallet.witnessScript(branch, index);
  if (witness !== null) return witness;
  const keyHash = crypto.hash160(wallet.keyAt(0, branch, index));
  return concat(Uint8Array.of(0x76, 0xa9, 0x14), keyHash, Uint8Array.of(0x88, 0xac));
}

function outputBytes({ script, value }: PlainTransaction['outputs'][number]): Uint8Array {
  return concat(littleEndian(value, 8), compactSize(script.length), script);
}
