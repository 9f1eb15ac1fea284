import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { TreeHead } from '../../src/core/log/checkpoint.ts';
import { formatCheckpoint } from '../../src/core/log/checkpoint.ts';
import { assembleNote, noteToSign } from '../../src/core/log/note.ts';

/** An Ed25519 key of a fixed seed, for logs and witnesses of tests. Signing stays outside core, as in the product. */
export interface LogSigner {
  readonly name: string;
  readonly key: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** A signer whose secret is 32 times one byte. */
export function logSigner(name: string, seed: number): LogSigner {
  const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex');
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8, Buffer.alloc(32, seed)]),
    format: 'der',
    type: 'pkcs8',
  });
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return {
    name,
    key: new Uint8Array(Buffer.from(x ?? '', 'base64url')),
    sign: (message) => new Uint8Array(sign(null, message, privateKey)),
  };
}

/** A checkpoint of the head signed by all signers. */
export function signedCheckpoint(head: TreeHead, ...signers: readonly LogSigner[]): string {
  return signedText(formatCheckpoint(head), ...signers);
}

/** A note of any text signed by all signers. */
export function signedText(text: string, ...signers: readonly LogSigner[]): string {
  const bytes = noteToSign(text);
  return assembleNote(
    text,
    ...signers.map(({ name, key, sign }) => ({ name, key, signature: sign(bytes) })),
  );
}
