import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { canonicalBytes } from '../core/base/canonical.ts';
import { fromHex, fromUtf8, toHex, utf8 } from '../core/base/bytes.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { hex32, label, parseWith } from '../core/base/schema.ts';
import { readBounded } from './file.ts';
import type { Sealed } from './seal.ts';
import { seal, sealedSchema, unseal } from './seal.ts';
import type { HeldSecret, Locks } from './slots.ts';
import { locks, sealForQuorums } from './slots.ts';

/**
 * The encrypted key file of a device, a signer or a sentinel. A random data key seals the payload; how many people open it by their
 * passphrases together, slots.ts says. All of the file is authenticated: whatever stands beside the payload is its associated
 * data, and so is what the caller binds the file to (a signer: journal, wallet and genesis).
 */

const extendedPrivate = z.string().regex(/^[tx]prv[1-9A-HJ-NP-Za-km-z]{107}$/);
const extendedPublic = z.string().regex(/^[tx]pub[1-9A-HJ-NP-Za-km-z]{107}$/);
const modulePlace = z.string().regex(/^pkcs11:[\x21-\x7e]{1,500}$/);

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
  /** Whether the hot key stays in a hardware module, and the file holds only where. */
  module: z.boolean(),
  /** Set by `init` where the wallet is held for others: it never opens by one passphrase. */
  custody: z.boolean(),
});
const signerSecret = z.strictObject({
  /** Extended private key, or where in a hardware module it stays: a URI of RFC 7512. */
  hotKey: z.union([extendedPrivate, modulePlace]),
  /** Ed25519 seed (RFC 8032). */
  receiptKey: hex32,
});
const sentinelPublic = z.strictObject({
  id: label,
  /** Ed25519 public key of its cosignatures and answers. */
  key: hex32,
  /** BIP 340 public key of its freezes. */
  freezeKey: hex32,
});
const sentinelSecret = z.strictObject({
  /** Ed25519 seed (RFC 8032). */
  key: hex32,
  freezeKey: hex32,
});

const frame = {
  format: z.literal('countersign-keys/2'),
  ...locks,
  /** The unlockers' own secrets, sealed by the data key: so that sets can be made anew while one of them is away. */
  held: sealedSchema,
  payload: sealedSchema,
};
const fileSchema = z.discriminatedUnion('purpose', [
  z.strictObject({ purpose: z.literal('device'), public: devicePublic, ...frame }),
  z.strictObject({ purpose: z.literal('signer'), public: signerPublic, ...frame }),
  z.strictObject({ purpose: z.literal('sentinel'), public: sentinelPublic, ...frame }),
]);
export type KeyFile = z.infer<typeof fileSchema>;
export type Frame = Omit<KeyFile, 'payload'>;
/** Associated data of the unlockers' own secrets. */
const HELD = 'countersign-keys/2|held';
const heldSchema = z.array(z.strictObject({ unlocker: z.string(), secret: hex32 }));

export type Purpose = 'device' | 'signer' | 'sentinel';
export interface PublicPart {
  readonly device: z.infer<typeof devicePublic>;
  readonly signer: z.infer<typeof signerPublic>;
  readonly sentinel: z.infer<typeof sentinelPublic>;
}
export interface SecretPart {
  readonly device: z.infer<typeof deviceSecret>;
  readonly signer: z.infer<typeof signerSecret>;
  readonly sentinel: z.infer<typeof sentinelSecret>;
}
const secretSchemas: { readonly [P in Purpose]: z.ZodType<SecretPart[P]> } = {
  device: deviceSecret,
  signer: signerSecret,
  sentinel: sentinelSecret,
};

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
    }
  | {
      readonly purpose: 'sentinel';
      readonly public: PublicPart['sentinel'];
      readonly secret: SecretPart['sentinel'];
    };

export type Lock = Pick<Locks, 'threshold' | 'slots'> & { readonly held: readonly HeldSecret[] };
/** What {@link sealFile} seals: of one purpose, which its reader has checked. */
export interface Contents {
  readonly purpose: Purpose;
  readonly public: PublicPart[Purpose];
  readonly secret: SecretPart[Purpose];
}

/** The bytes of a file under a new data key. */
export function sealFile(
  { purpose, public: known, secret }: Contents,
  { threshold, slots, held }: Lock,
  bound: string,
): Uint8Array {
  const dataKey = randomBytes(32);
  const secrets = held.map((one) => ({ unlocker: one.unlocker, secret: toHex(one.secret) }));
  try {
    const quorums = sealForQuorums(dataKey, held, threshold);
    const beside = {
      format: 'countersign-keys/2',
      purpose,
      public: known,
      threshold,
      slots,
      quorums,
      held: sealJson(dataKey, secrets, HELD),
    } as Frame;
    const payload = sealJson(dataKey, secret, boundTo(beside, bound));
    return utf8(`${JSON.stringify({ ...beside, payload }, null, 2)}\n`);
  } finally {
    dataKey.fill(0);
  }
}

/** Associated data of the payload: all that stands beside it, and what it is bound to. */
function boundTo(beside: Frame, bound: string): string {
  return fromUtf8(canonicalBytes({ ...beside, bound })) ?? '';
}

function sealJson(dataKey: Uint8Array, value: unknown, associated: string): Sealed {
  const text = canonicalBytes(value);
  try {
    return seal(dataKey, text, associated);
  } finally {
    text.fill(0);
  }
}

/** The file's form, nothing of it authenticated. Codes `key.invalid`. Throws when there is no such file. */
export function readKeyFile(path: string, purpose: Purpose): Result<KeyFile> {
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
  if (!parsed.ok) return refuse('key.invalid', parsed.refusal.facts);
  const file = parsed.value;
  if (file.purpose !== purpose)
    return refuse('key.invalid', { reason: `made for a ${file.purpose}`, purpose });
  return ok(file);
}

/** What a data key opens. Code `key.invalid`: edited, or bound to something else. */
export function openContents<P extends Purpose>(
  { payload, ...beside }: KeyFile,
  purpose: P,
  { dataKey, bound }: { readonly dataKey: Uint8Array; readonly bound: string },
): Result<{ readonly secret: SecretPart[P]; readonly held: readonly HeldSecret[] }> {
  const secret = openJson(secretSchemas[purpose], dataKey, {
    sealed: payload,
    associated: boundTo(beside, bound),
  });
  if (!secret.ok) return secret;
  const held = openJson(heldSchema, dataKey, { sealed: beside.held, associated: HELD });
  if (!held.ok) return held;
  const secrets = held.value.map((one) => ({ ...one, secret: Buffer.from(fromHex(one.secret)) }));
  return ok({ secret: secret.value, held: secrets });
}

function openJson<T>(
  schema: z.ZodType<T>,
  dataKey: Uint8Array,
  { sealed, associated }: { readonly sealed: Sealed; readonly associated: string },
): Result<T> {
  const text = unseal(dataKey, sealed, associated);
  if (text === undefined)
    return refuse('key.invalid', { reason: 'edited, or bound to something else' });
  try {
    const parsed = parseWith(schema, JSON.parse(text.toString('utf8')));
    return parsed.ok ? parsed : refuse('key.invalid', parsed.refusal.facts);
  } finally {
    text.fill(0);
  }
}
