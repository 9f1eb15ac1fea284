import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { z } from 'zod';
import { fromHex, toHex, utf8 } from '../core/base/bytes.ts';
import { SCRYPT_LOG_LEAST, SCRYPT_LOG_MOST } from '../core/base/limits.ts';

/** AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D); a data key seals few texts, so nonces do not meet. */
export const sealedSchema = z.strictObject({
  nonce: z.string().regex(/^[0-9a-f]{24}$/),
  text: z.string().regex(/^([0-9a-f]{2}){1,16384}$/),
  tag: z.string().regex(/^[0-9a-f]{32}$/),
});
export type Sealed = z.infer<typeof sealedSchema>;

/** Cost of scrypt (RFC 7914), recorded beside what it protects and bounded when read. */
export const kdfSchema = z.strictObject({
  name: z.literal('scrypt'),
  N: z.int().refine(isCost, 'a power of two within the bounds'),
  r: z.literal(8),
  p: z.literal(1),
  salt: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Kdf = z.infer<typeof kdfSchema>;

/**
 * What new files are made with: 128 MiB and about a third of a second. `worthless` is for keys whose passphrase is
 * printed beside them (the demonstration): the least that a reader takes.
 */
const costs = { full: 2 ** 17, worthless: 2 ** SCRYPT_LOG_LEAST } as const;
export type KeyCost = keyof typeof costs;

function isCost(n: number): boolean {
  const log = Math.log2(n);
  return Number.isInteger(log) && log >= SCRYPT_LOG_LEAST && log <= SCRYPT_LOG_MOST;
}

/** The cost of new slots with a fresh salt. */
export function newKdf(cost: KeyCost): Kdf {
  return { name: 'scrypt', N: costs[cost], r: 8, p: 1, salt: randomBytes(32).toString('hex') };
}

/** The 32-byte key of a passphrase. Forms of the same characters (NFKC) give the same key on every keyboard. */
export function deriveKey(passphrase: Uint8Array, kdf: Kdf): Promise<Buffer> {
  const maxmem = 128 * kdf.N * kdf.r + 4 * 1024 * 1024;
  const bytes = normalised(passphrase);
  return new Promise((resolve, reject) => {
    scrypt(bytes, fromHex(kdf.salt), 32, { N: kdf.N, r: kdf.r, p: kdf.p, maxmem }, (error, key) => {
      bytes.fill(0);
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

/** A copy in the form NFKC. ASCII is in that form: no string is made of it, which could not be wiped. */
export function normalised(passphrase: Uint8Array): Buffer {
  const bytes = Buffer.from(passphrase);
  if (bytes.every((byte) => byte < 0x80)) return bytes;
  const text = bytes.toString('utf8').normalize('NFKC');
  bytes.fill(0);
  return Buffer.from(text);
}

/** Encrypts and authenticates; `associated` is authenticated and not stored. */
export function seal(key: Uint8Array, text: Uint8Array, associated: string): Sealed {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(utf8(associated));
  const sealed = Buffer.concat([cipher.update(text), cipher.final()]);
  return { nonce: toHex(nonce), text: toHex(sealed), tag: toHex(cipher.getAuthTag()) };
}

/** The text, or undefined when key, bytes or associated data are not those of {@link seal}. */
export function unseal(key: Uint8Array, sealed: Sealed, associated: string): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, fromHex(sealed.nonce), {
    authTagLength: 16,
  });
  decipher.setAAD(utf8(associated));
  decipher.setAuthTag(fromHex(sealed.tag));
  const start = decipher.update(fromHex(sealed.text));
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    start.fill(0); // unauthenticated plain text is never handed on
    return undefined;
  }
}
