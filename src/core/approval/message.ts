import { crypto, Transaction } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { concat, equalBytes, fromBase64, toHex, utf8 } from '../base/bytes.ts';
import { sha256 } from '../base/digest.ts';
import { MESSAGE_SIGNATURE_LENGTH } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { sats } from '../base/sats.ts';
import { decodeSignature } from '../psbt/der.ts';
import { compactSize, readItems } from '../psbt/fields.ts';
import { p2pkhScript, segwitHashes, taprootHashes } from '../psbt/sighash.ts';
import { verifyInputSignature } from '../psbt/signatures.ts';
import type { PlainTransaction } from '../psbt/transaction.ts';
import { outputTypeOf } from '../wallet/output-type.ts';

/** A signed message: by the holder of the only key of an output script. */
export interface SignedMessage {
  readonly script: Uint8Array;
  readonly message: string;
  /** As wallets show it: base64, of BIP 322 with or without its prefix `smp`. */
  readonly signature: string;
}

/** Bytes of a BIP 137 signature: how the key is told, r, s. */
const RECOVERABLE = 65;
const NOTHING = sats(0n);

/**
 * Verifies a message signed by a single-key address: BIP 322 "simple" for P2WPKH and for P2TR by the key path, BIP 137 for
 * P2PKH, P2WPKH and P2WPKH in P2SH. Returns which of the two it is. Refuses with `approval.message.malformed`,
 * `approval.message.unsupported` (other variants of BIP 322, scripts of several keys), `approval.message.invalid`.
 */
export function verifyMessage(signed: SignedMessage): Result<'BIP 137' | 'BIP 322'> {
  const { script, message, signature } = signed;
  if (signature.startsWith('ful') || signature.startsWith('pof'))
    return refuse('approval.message.unsupported', { variant: signature.slice(0, 3) });
  if (signature.length > MESSAGE_SIGNATURE_LENGTH) return refuse('approval.message.malformed');
  const bytes = fromBase64(signature.replace(/^smp/, ''));
  if (bytes === undefined || bytes.length === 0) return refuse('approval.message.malformed');
  if (bytes.length === RECOVERABLE && isRecoverable(bytes[0] ?? 0)) {
    const isRight = scriptsOf(bytes, message).some((by) => equalBytes(by, script));
    return isRight ? ok('BIP 137') : refuse('approval.message.invalid');
  }
  const items = readItems(bytes);
  if (items === null) return refuse('approval.message.malformed');
  const type = outputTypeOf(script);
  if (type !== 'p2wpkh' && type !== 'p2tr') return refuse('approval.message.unsupported', { type });
  const isRight =
    type === 'p2tr'
      ? isSignedByOutputKey(script, message, items)
      : isSignedByKeyHash(script, message, items);
  return isRight ? ok('BIP 322') : refuse('approval.message.invalid');
}

/** The tagged hash of a message that BIP 322 puts into the transaction to be spent. */
export function messageHash(message: string): Uint8Array {
  const tag = sha256(utf8('BIP0322-signed-message'));
  return sha256(concat(tag, tag, utf8(message)));
}

/** The virtual transaction whose only output, the address, is spent by a signature (BIP 322, `to_spend`). */
export function toSpend(script: Uint8Array, message: string): Transaction {
  const transaction = new Transaction();
  transaction.version = 0;
  const zeroAndHash = concat(Uint8Array.of(0x00, 0x20), messageHash(message));
  transaction.addInput(new Uint8Array(32), 0xffffffff, 0, zeroAndHash);
  transaction.addOutput(script, NOTHING);
  return transaction;
}

/** What a signature signs (BIP 322, `to_sign`): it spends that output and pays nothing. */
export function toSign(script: Uint8Array, message: string): PlainTransaction {
  const txid = toSpend(script, message).getId();
  return {
    version: 0,
    lockTime: 0,
    inputs: [{ outpoint: `${txid}:0`, txid, vout: 0, sequence: 0 }],
    outputs: [{ script: Uint8Array.of(0x6a), value: 0n }],
  };
}

function isSignedByKeyHash(
  script: Uint8Array,
  message: string,
  [signature, key, ...more]: readonly Uint8Array[],
): boolean {
  if (signature === undefined || key?.length !== 33 || more.length > 0) return false;
  if (!equalBytes(script.subarray(2), crypto.hash160(key)) || !ecc.isPoint(key)) return false;
  const compact = signature.at(-1) === 1 ? decodeSignature(signature) : null;
  if (compact === null) return false;
  const spent = [{ script, sats: NOTHING }];
  const hash = segwitHashes(toSign(script, message), spent, () => p2pkhScript(key))(0, 1);
  return verifyInputSignature(toHex(key), toHex(hash), toHex(compact));
}

function isSignedByOutputKey(
  script: Uint8Array,
  message: string,
  [signature, ...more]: readonly Uint8Array[],
): boolean {
  if (signature === undefined || more.length > 0) return false;
  const isDefault = signature.length === 64;
  if (!isDefault && (signature.length !== 65 || signature[64] !== 1)) return false;
  const hashes = taprootHashes(toSign(script, message), [{ script, sats: NOTHING }], () => null);
  const hash = hashes(0, isDefault ? 0 : 1);
  return verifyInputSignature(
    toHex(script.subarray(2)),
    toHex(hash),
    toHex(signature.subarray(0, 64)),
  );
}

function isRecoverable(header: number): boolean {
  return header >= 27 && header <= 42;
}

/**
 * The scripts that a BIP 137 signature can be by. Its header tells the kind of address, save that many wallets write that
 * of P2PKH with a compressed key for all: then all of them count.
 */
function scriptsOf(signature: Uint8Array, message: string): readonly Uint8Array[] {
  const [header = 0] = signature;
  const text = utf8(message);
  const head = utf8('Bitcoin Signed Message:\n');
  const hash = crypto.hash256(
    concat(compactSize(head.length), head, compactSize(text.length), text),
  );
  const key = recover(hash, signature.subarray(1), header);
  if (key === null) return [];
  const witness = concat(Uint8Array.of(0x00, 0x14), crypto.hash160(key));
  const nested = concat(Uint8Array.of(0xa9, 0x14), crypto.hash160(witness), Uint8Array.of(0x87));
  if (header <= 30) return [p2pkhScript(key)];
  if (header <= 34) return [p2pkhScript(key), nested, witness];
  return header <= 38 ? [nested] : [witness];
}

function recover(hash: Uint8Array, compact: Uint8Array, header: number): Uint8Array | null {
  const id = (header - 27) & 3;
  try {
    return ecc.recover(hash, compact, id === 0 || id === 1 || id === 2 ? id : 3, header >= 31);
  } catch {
    return null; // the library says no by throwing
  }
}
