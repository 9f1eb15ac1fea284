import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { canonicalBytes } from '../core/base/canonical.ts';
import { fromUtf8, utf8 } from '../core/base/bytes.ts';
import { KEY_SLOTS, PASSPHRASE_LEAST, PASSPHRASE_MOST } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { hex32, label, parseWith } from '../core/base/schema.ts';
import { createFile, readBounded, replaceFile } from './file.ts';
import type { Kdf, KeyCost, Sealed } from './seal.ts';
import { deriveKey, kdfSchema, newKdf, seal, sealedSchema, unseal } from './seal.ts';

/**
 * The encrypted key file of a device or a signer. A random data key seals the payload; each slot holds the data
 * key wrapped by a passphrase. `threshold` says how many slots must open: 1 today, so that two unlockers will
 * need no new format. Everything a reader acts on is authenticated: the frame and the public part are associated
 * data of the payload, so is what the caller binds the file to (a signer: journal, wallet and genesis).
 */

const extendedPrivate = z.string().regex(/^[tx]prv[1-9A-HJ-NP-Za-km-z]{107}$/);
const extendedPublic = z.string().regex(/^[tx]pub[1-9A-HJ-NP-Za-km-z]{107}$/);

const devicePublic = z.strictObject({
  member: label,
  device: label,
  /** BIP 340 public key. */
  key: hex32,
  /** The member's extended public key in a wallet's descriptor, or null. */
  cosigner: extendedPublic.nullable(),
});
const deviceSecret = z.strictObject({
  member: label,
  device: label,
  secretKey: hex32,
  cosigner: extendedPrivate.nullable(),
});
const signerPublic = z.strictObject({
  /** Extended public key of the hot key. */
  hotKey: extendedPublic,
  /** Ed25519 public key of its receipts. */
  receiptKey: hex32,
});
const signerSecret = z.strictObject({
  hotKey: extendedPrivate,
  /** Ed25519 seed (RFC 8032). */
  receiptKey: hex32,
});

const frame = {
  format: z.literal('countersign-keys/1'),
  threshold: z.literal(1),
  slots: z
    .array(z.strictObject({ kdf: kdfSchema, key: sealedSchema }))
    .min(1)
    .max(KEY_SLOTS),
  payload: sealedSchema,
};
const fileSchema = z.discriminatedUnion('purpose', [
  z.strictObject({ purpose: z.literal('device'), public: devicePublic, ...frame }),
  z.strictObject({ purpose: z.literal('signer'), public: signerPublic, ...frame }),
]);
type KeyFile = z.infer<typeof fileSchema>;

export type Purpose = 'device' | 'signer';
export interface PublicPart {
  readonly device: z.infer<typeof devicePublic>;
  readonly signer: z.infer<typeof signerPublic>;
}
export interface SecretPart {
  readonly device: z.infer<typeof deviceSecret>;
  readonly signer: z.infer<typeof signerSecret>;
}
const secretSchemas: { readonly [P in Purpose]: z.ZodType<SecretPart[P]> } = {
  device: deviceSecret,
  signer: signerSecret,
};

/** What opens a file: the passphrase, and what the payload is bound to (empty for a device). */
export interface Unlock {
  readonly passphrase: string;
  readonly associated: string;
  /** Of a file that is written: full unless the keys are worthless. */
  readonly cost?: KeyCost;
}

/** What is sealed into a new file. `public` stands there in the clear, authenticated. */
export type NewKeys =
  | {
      readonly purpose: 'device';
      readonly public: PublicPart['device'];
      readonly secret: SecretPart['device'];
    }
  | {
      readonly purpose: 'signer';
      readonly public: PublicPart['signer'];
      readonly secret: SecretPart['signer'];
    };

function payloadFrame(
  file: Pick<KeyFile, 'purpose' | 'public' | 'threshold'>,
  bound: string,
): string {
  const { purpose, public: known, threshold } = file;
  const parts = { format: 'countersign-keys/1', purpose, public: known, threshold, bound };
  return fromUtf8(canonicalBytes(parts)) ?? '';
}

function slotFrame(purpose: Purpose, kdf: Kdf): string {
  return fromUtf8(canonicalBytes({ format: 'countersign-keys/1', purpose, slot: kdf })) ?? '';
}

async function wrap(
  dataKey: Uint8Array,
  purpose: Purpose,
  { passphrase, cost = 'full' }: Unlock,
): Promise<KeyFile['slots'][number]> {
  const kdf = newKdf(cost);
  const key = await deriveKey(passphrase, kdf);
  try {
    return { kdf, key: seal(key, dataKey, slotFrame(purpose, kdf)) };
  } finally {
    key.fill(0);
  }
}

/** The data key of the first slot that opens, or undefined. */
async function unwrap(file: KeyFile, passphrase: string): Promise<Buffer | undefined> {
  for (const slot of file.slots) {
    const key = await deriveKey(passphrase, slot.kdf);
    const dataKey = unseal(key, slot.key, slotFrame(file.purpose, slot.kdf));
    key.fill(0);
    if (dataKey !== undefined) return dataKey;
  }
  return undefined;
}

function sealSecret(dataKey: Uint8Array, secret: unknown, associated: string): Sealed {
  const text = canonicalBytes(secret);
  try {
    return seal(dataKey, text, associated);
  } finally {
    text.fill(0);
  }
}

/**
 * Writes a new key file with mode 600, whole or not at all. Codes: `key.exists` (a key is never overwritten),
 * `key.passphrase.short`.
 */
export async function createKeyFile(
  path: string,
  keys: NewKeys,
  unlock: Unlock,
): Promise<Result<null>> {
  const { passphrase, associated } = unlock;
  if (passphrase.length < PASSPHRASE_LEAST || passphrase.length > PASSPHRASE_MOST)
    return refuse('key.passphrase.short', { least: PASSPHRASE_LEAST, most: PASSPHRASE_MOST });
  const dataKey = randomBytes(32);
  try {
    const slots = [await wrap(dataKey, keys.purpose, unlock)];
    const frame = { format: 'countersign-keys/1', threshold: 1, slots } as const;
    const bound = payloadFrame({ ...keys, threshold: 1 }, associated);
    const payload = sealSecret(dataKey, keys.secret, bound);
    const { purpose, public: known } = keys;
    const text = `${JSON.stringify({ ...frame, purpose, public: known, payload }, null, 2)}\n`;
    return createFile(path, utf8(text)) ? ok(null) : refuse('key.exists', { path });
  } finally {
    dataKey.fill(0);
  }
}

/** The file's form, nothing of it authenticated. Codes `key.invalid`. Throws when there is no such file. */
function readKeyFile(path: string): Result<KeyFile> {
  const bytes = readBounded(path);
  const text = bytes === undefined ? undefined : fromUtf8(bytes);
  if (text === undefined) return refuse('key.invalid', { reason: 'not a text of a key file' });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('key.invalid', { reason: 'not JSON' });
  }
  const parsed = parseWith(fileSchema, value);
  return parsed.ok ? parsed : refuse('key.invalid', parsed.refusal.facts);
}

/** The public part, without a passphrase and so not authenticated: to show, never to decide. Code `key.invalid`. */
export function peekKeyFile<P extends Purpose>(path: string, purpose: P): Result<PublicPart[P]> {
  const file = readKeyFile(path);
  if (!file.ok) return file;
  if (file.value.purpose !== purpose)
    return refuse('key.invalid', { reason: `made for a ${file.value.purpose}`, purpose });
  return ok(file.value.public as PublicPart[P]);
}

/**
 * The secret part. Codes: `key.locked` when no slot opens by the passphrase; `key.invalid` when the file has
 * another form or purpose, was edited, or is bound to something else than `associated`.
 */
export async function openKeyFile<P extends Purpose>(
  path: string,
  purpose: P,
  unlock: Unlock,
): Promise<Result<SecretPart[P]>> {
  const file = readKeyFile(path);
  if (!file.ok) return file;
  if (file.value.purpose !== purpose)
    return refuse('key.invalid', { reason: `made for a ${file.value.purpose}`, purpose });
  const dataKey = await unwrap(file.value, unlock.passphrase);
  if (dataKey === undefined) return refuse('key.locked', { path });
  try {
    return openSecret(file.value, purpose, dataKey, unlock.associated);
  } finally {
    dataKey.fill(0);
  }
}

function openSecret<P extends Purpose>(
  file: KeyFile,
  purpose: P,
  dataKey: Uint8Array,
  associated: string,
): Result<SecretPart[P]> {
  const text = unseal(dataKey, file.payload, payloadFrame(file, associated));
  if (text === undefined)
    return refuse('key.invalid', { reason: 'edited, or bound to something else' });
  try {
    const parsed = parseWith(secretSchemas[purpose], JSON.parse(text.toString('utf8')));
    return parsed.ok ? parsed : refuse('key.invalid', parsed.refusal.facts);
  } finally {
    text.fill(0);
  }
}

/**
 * Binds a file to something else: same keys, a new data key and a new slot, replaced in one step (design 3,
 * `signer init`). Codes: those of {@link openKeyFile}.
 */
export async function resealKeyFile(
  path: string,
  purpose: Purpose,
  unlock: Unlock & { readonly next: string },
): Promise<Result<null>> {
  const file = readKeyFile(path);
  if (!file.ok) return file;
  const secret = await openKeyFile(path, purpose, unlock);
  if (!secret.ok) return secret;
  const dataKey = randomBytes(32);
  try {
    const slots = [await wrap(dataKey, purpose, unlock)];
    const payload = sealSecret(dataKey, secret.value, payloadFrame(file.value, unlock.next));
    const text = `${JSON.stringify({ ...file.value, slots, payload }, null, 2)}\n`;
    replaceFile(path, utf8(text));
    return ok(null);
  } finally {
    dataKey.fill(0);
  }
}
