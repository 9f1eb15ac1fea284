import type { KeyObject } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';
import { fromHex } from '../../core/base/bytes.ts';
import { parseCanonical } from '../../core/base/canonical.ts';
import { WALLETS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { parseWith } from '../../core/base/schema.ts';
import type { Entry } from '../../core/log/entry.ts';
import { entryBytes } from '../../core/log/entry.ts';
import type { Receipt } from '../../core/log/receipt.ts';
import { receiptDigestBytes, receiptSchema } from '../../core/log/receipt.ts';
import { leafHash } from '../../core/log/merkle.ts';
import type { State } from '../../core/log/state.ts';
import { toHex } from '../../core/base/bytes.ts';
import { decodeBlobs } from '../http/bodies.ts';
import type { ReceiptsBody } from './signing.schema.ts';

/** A receipt of a signer that the charter names, as it will stand in the log. */
export interface PostedReceipt {
  readonly entry: Extract<Entry, { type: 'receipt' }>;
  /** Hex. */
  readonly leafHash: string;
  readonly blobs: readonly Uint8Array[];
}

/**
 * Reads one receipt and makes sure whose it is, before anything of it is written: the route is open to anybody, and blobs are
 * kept for ever. Whether it continues the journal and contradicts nothing is the fold's question, which verifies the
 * signature again. Codes: `json.*`, `schema.mismatch`, `receipt.unauthorised`.
 */
export function readReceipt(
  state: State,
  posted: ReceiptsBody['receipts'][number],
): Result<PostedReceipt> {
  const json = parseCanonical(posted.receipt);
  if (!json.ok) return json;
  const parsed = parseWith(receiptSchema, json.value);
  if (!parsed.ok) return parsed;
  const receipt = parsed.value;
  const { signature } = posted;
  const { wallet, signer } = receipt;
  const named = state.charter?.document.body.signers.find((one) => one.wallet === wallet);
  if (named?.key !== signer || !isSigned(receipt, signature))
    return refuse('receipt.unauthorised', { wallet, signer });
  const blobs = decodeBlobs(posted.blobs);
  if (!blobs.ok) return blobs;
  const entry: PostedReceipt['entry'] = { type: 'receipt', receipt, signature };
  return ok({ entry, leafHash: toHex(leafHash(entryBytes(entry))), blobs: blobs.value });
}

const keys = new Map<string, KeyObject>();

// OpenSSL, ten times as fast as the strict verification of the fold: what passes here and not there is refused there.
function isSigned(receipt: Receipt, signature: string): boolean {
  const key = keyOf(receipt.signer);
  if (key === undefined) return false;
  return verify(null, receiptDigestBytes(receipt), key, fromHex(signature));
}

/** Requires a key of the charter: there are no more of them than wallets. */
function keyOf(signer: string): KeyObject | undefined {
  const known = keys.get(signer);
  if (known !== undefined) return known;
  try {
    const x = Buffer.from(signer, 'hex').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    if (keys.size >= WALLETS) keys.clear();
    keys.set(signer, key);
    return key;
  } catch {
    return undefined; // no point of the curve
  }
}
