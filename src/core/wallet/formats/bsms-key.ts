import { crypto } from 'bitcoinjs-lib';
import * as ecc from 'tiny-secp256k1';
import { assert } from '../../base/assert.ts';
import { concat, equalBytes, fromBase64, utf8 } from '../../base/bytes.ts';
import { isPlainText } from '../../base/canonical.ts';
import type { Result } from '../../base/result.ts';
import { ok, refuse } from '../../base/result.ts';
import type { WalletKey } from '../key-expression.ts';
import { parseKey } from '../key-expression.ts';
import type { Network } from '../network.ts';
import { bsmsVersion } from './bsms.ts';

/** What a holder sends to be taken into a wallet (round 1): his key, and proof that he can sign by it. */
export interface KeyRecord {
  readonly key: WalletKey;
  readonly description: string;
}

/** Longest description of a key (BIP 129). */
const DESCRIPTION_LENGTH = 80;
/** The token of a session without encryption. */
const noToken = '00';

/**
 * Reads a key record that is not encrypted and verifies its signature by the key itself (the legacy form, not that of BIP
 * 322). Requires the lines of a file that holds no private key. Codes: `wallet.file.malformed`, `wallet.bsms.version`,
 * `.token` (of an encrypted session: whose it is cannot be told here), `.signature`, those of parseKey. Source: BIP 129.
 */
export function readKeyRecord(lines: readonly string[], network: Network): Result<KeyRecord> {
  const [version, token, expression = '', description = '', signature = '', ...more] = lines;
  if (version !== bsmsVersion) return refuse('wallet.bsms.version', { known: bsmsVersion });
  if (lines.length < 5 || more.length > 0)
    return refuse('wallet.file.malformed', { reason: 'a key record has five lines' });
  if (token !== noToken) return refuse('wallet.bsms.token', { needed: noToken });
  if (description.length > DESCRIPTION_LENGTH || !isPlainText(description))
    return refuse('wallet.file.malformed', { reason: 'the description is no plain short text' });
  const found = parseKey(`${expression}/<0;1>/*`, network);
  if (!found.ok) return found;
  const { key, node } = found.value;
  const signer = signerOf(lines.slice(0, 4).join('\n'), signature);
  return signer !== null && equalBytes(signer, node.publicKey)
    ? ok({ key, description })
    : refuse('wallet.bsms.signature');
}

/** The compressed key that signed a message in the form of Bitcoin's signmessage, or null. Source: BIP 137. */
function signerOf(message: string, signature: string): Uint8Array | null {
  const bytes = fromBase64(signature);
  const [header = 0] = bytes ?? [];
  if (bytes?.length !== 65 || header < 27 || header > 42) return null;
  const body = utf8(message);
  assert(body.length < 0x10000, 'a key record is short');
  const length =
    body.length < 0xfd
      ? Uint8Array.of(body.length)
      : Uint8Array.of(0xfd, body.length & 0xff, body.length >> 8);
  const hash = crypto.hash256(concat(utf8('\u0018Bitcoin Signed Message:\n'), length, body));
  try {
    return ecc.recover(hash, bytes.slice(1), recoveryIdOf(header), true);
  } catch {
    return null; // the library says no by throwing
  }
}

function recoveryIdOf(header: number): 0 | 1 | 2 | 3 {
  const low = (header - 27) & 3;
  return low === 0 ? 0 : low === 1 ? 1 : low === 2 ? 2 : 3;
}
