import { ed25519 } from '@noble/curves/ed25519.js';
import { xOnlyPointFromScalar } from 'tiny-secp256k1';
import type { SignedStatement } from '../client/statements.ts';
import { signStatement } from '../client/statements.ts';
import type { FreezeStatement } from '../core/approval/statement.ts';
import { assert } from '../core/base/assert.ts';
import { fromHex, fromUtf8, toHex } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import type { Seconds } from '../core/base/time.ts';
import { cosignatureToSign } from '../core/log/cosignature.ts';
import type { MessageKind, SignedMessage } from '../core/sentinel/messages.ts';
import { messageDigest } from '../core/sentinel/messages.ts';

/** Secrets of a sentinel: a seed of Ed25519 and a scalar of secp256k1, 32 bytes each. */
export interface SentinelSecrets {
  readonly key: Uint8Array;
  readonly freezeKey: Uint8Array;
}

/** The two keys of a sentinel: one to witness and acknowledge, one that can only freeze. */
export class SentinelKeys {
  readonly #secrets: SentinelSecrets;
  /** Ed25519 public key, 32 bytes. */
  readonly key: Uint8Array;
  /** BIP 340 public key, hex. */
  readonly freezeKey: string;

  constructor(secrets: SentinelSecrets) {
    this.#secrets = secrets;
    this.key = ed25519.getPublicKey(secrets.key);
    this.freezeKey = toHex(xOnlyPointFromScalar(secrets.freezeKey));
  }

  /** The keys of a key file's payload. */
  static of({ key, freezeKey }: { readonly key: string; readonly freezeKey: string }) {
    return new SentinelKeys({ key: fromHex(key), freezeKey: fromHex(freezeKey) });
  }

  message<K extends MessageKind>(
    kind: K,
    message: Parameters<typeof messageDigest<K>>[1],
  ): SignedMessage {
    const text = fromUtf8(canonicalBytes(message));
    assert(text !== undefined, 'canonical JSON is UTF-8');
    const signature = ed25519.sign(messageDigest(kind, message), this.#secrets.key);
    return { text, signature: toHex(signature) };
  }

  /** The 64 bytes of a cosignature of a checkpoint's text (C2SP tlog-cosignature). */
  cosign(text: string, at: Seconds): Uint8Array {
    return ed25519.sign(cosignatureToSign(text, at), this.#secrets.key);
  }

  freeze(statement: FreezeStatement): SignedStatement {
    assert(statement.action === 'freeze', 'this key can only freeze');
    return signStatement(statement, this.#secrets.freezeKey);
  }
}
