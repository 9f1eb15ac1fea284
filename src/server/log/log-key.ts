import type { KeyObject } from 'node:crypto';
import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '../../core/base/bytes.ts';
import { formatCheckpoint } from '../../core/log/checkpoint.ts';
import type { TreeHead } from '../../core/log/checkpoint.ts';
import { assembleNote, noteToSign } from '../../core/log/note.ts';

/** DER of PKCS #8 before the 32 bytes of an Ed25519 seed (RFC 8410). */
const pkcs8Prefix = '302e020100300506032b657004220420';
/** Bytes of DER before the 32 bytes of an Ed25519 public key (RFC 8410). */
const SPKI_PREFIX_BYTES = 12;

/**
 * The key that signs checkpoints. Whoever has it can sign another log, which devices and signers notice; it authorises
 * nothing. It lies in a file of 64 hex digits, the Ed25519 seed.
 */
export class LogKey {
  readonly #secret: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;

  constructor(seed: Uint8Array) {
    const der = Buffer.from(`${pkcs8Prefix}${toHex(seed)}`, 'hex');
    this.#secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
    der.fill(0);
    const spki = createPublicKey(this.#secret).export({ format: 'der', type: 'spki' });
    this.publicKey = new Uint8Array(spki.subarray(SPKI_PREFIX_BYTES));
  }

  /** The key of a file, or undefined when there is none in it. Throws when the file cannot be read. */
  static read(file: string): LogKey | undefined {
    const text = readFileSync(file, 'utf8').trim();
    return /^[0-9a-f]{64}$/.test(text) ? new LogKey(fromHex(text)) : undefined;
  }

  /** The signed note of a tree head (C2SP tlog-checkpoint). */
  checkpoint(head: TreeHead): string {
    const text = formatCheckpoint(head);
    const signature = new Uint8Array(sign(null, noteToSign(text), this.#secret));
    return assembleNote(text, { name: head.origin, key: this.publicKey, signature });
  }
}
