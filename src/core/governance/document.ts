import { z } from 'zod';
import { parseCanonical } from '../base/canonical.ts';
import { digest } from '../base/digest.ts';
import {
  DEPUTIES,
  DESTINATIONS,
  DEVICES,
  GROUPS,
  MEMBERS,
  RECOVERY_KEYS,
  RECOVERY_SECONDS,
  SENTINELS,
  WINDOW_SECONDS,
} from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { count, hex32, label, parseWith, time } from '../base/schema.ts';
import type { PolicyBody } from '../policy/body.ts';
import { clauseSchema, parsePolicyBody } from '../policy/body.ts';

/** Documents (design 3, "Documents"): who the members are, what a wallet is, its policy, the address book. */

const deviceFrame = {
  id: label,
  /** It approves nothing; its "no" still counts. */
  suspended: z.boolean(),
};

/** What of each kind is pinned is the key (devices.ts). */
const device = z.discriminatedUnion('kind', [
  /** BIP 340 public key: 32 bytes x-only. */
  z.strictObject({ ...deviceFrame, kind: z.literal('secp256k1'), key: hex32 }),
  /** The single-key address that it signs messages by: one that belongs to no wallet. */
  z.strictObject({
    ...deviceFrame,
    kind: z.literal('message'),
    key: z.string().regex(/^[A-Za-z0-9]{14,90}$/),
  }),
  /** One of the keys of a wallet, as its document names it under `holders`: it signs PSBTs of that wallet, and no statement. */
  z.strictObject({
    ...deviceFrame,
    kind: z.literal('psbt'),
    wallet: label,
    key: z.string().regex(/^[A-Za-z0-9]{100,120}$/),
  }),
  /** Not supported yet: charter.ts refuses it. */
  z.strictObject({ ...deviceFrame, kind: z.literal('webauthn'), key: hex32 }),
]);

const member = z.strictObject({
  id: label,
  groups: z.array(label).max(GROUPS),
  devices: z.array(device).min(1).max(DEVICES),
  /** The people behind a service account; null for a person. */
  operators: z.array(label).min(1).max(MEMBERS).nullable(),
  /** Approves, proposes and governs nothing; his "no" still counts. */
  suspended: z.boolean(),
});

const deputy = z.strictObject({
  member: label,
  /** Whom he stands in for: a person who counts in these groups no more until then. */
  for: label,
  groups: z.array(label).min(1).max(GROUPS),
  /** Exclusive, in the signer's time. */
  until: time,
});

const recovery = z.strictObject({
  /** BIP 340 keys kept offline. They can only replace governors. */
  keys: z
    .array(z.strictObject({ id: label, key: hex32 }))
    .min(1)
    .max(RECOVERY_KEYS),
  needed: z.int().min(1).max(RECOVERY_KEYS),
  /** From the signer's first sight; any governor may veto meanwhile. */
  delaySeconds: z.int().min(RECOVERY_SECONDS).max(WINDOW_SECONDS),
});

/** One governor may lengthen it, so it must end. */
const wait = z.int().min(0).max(WINDOW_SECONDS);

export const charterBodySchema = z.strictObject({
  /** The one protocol version accepted. */
  protocol: z.literal(1),
  /** A demonstration organisation lives on sandbox and regtest only. */
  demonstration: z.boolean(),
  members: z.array(member).min(1).max(MEMBERS),
  governance: z.strictObject({
    /** The group whose members govern: each may tighten and veto. */
    group: label,
    clause: clauseSchema,
    delaySeconds: wait,
  }),
  deputies: z.array(deputy).max(DEPUTIES),
  /** Groups whose members may propose. */
  initiators: z.array(label).min(1).max(GROUPS),
  /** Groups whose members may freeze. */
  officers: z.array(label).min(1).max(GROUPS),
  coolDowns: z.strictObject({ deviceSeconds: wait, destinationSeconds: wait }),
  /** The log's origin (a plain name) and its Ed25519 key. */
  log: z.strictObject({ origin: z.string().regex(/^[a-z0-9][a-z0-9./-]{2,99}$/), key: hex32 }),
  /** One signer a wallet: Ed25519 receipt key. */
  signers: z.array(z.strictObject({ wallet: label, key: hex32, epoch: z.literal(1) })).max(GROUPS),
  sentinels: z
    .array(
      z.strictObject({
        id: label,
        /** Ed25519: it cosigns checkpoints and signs its answers. */
        key: hex32,
        /** BIP 340: it signs freezes and nothing else. */
        freezeKey: hex32,
      }),
    )
    .max(SENTINELS),
  /** How many of them must have answered before anything is signed; 0: they help, and nothing waits for them. */
  sentinelsNeeded: z.int().min(0).max(SENTINELS),
  recovery: recovery.nullable(),
});

export const walletBodySchema = z.strictObject({
  network: z.enum(['mainnet', 'testnet4', 'signet', 'regtest', 'sandbox']),
  genesisBlock: hex32,
  /** With checksum and <0;1>/* multipath (BIP 380, 389). */
  descriptor: z.string().max(4_000),
  /** The extended public key of the descriptor that the signer holds, as it stands in the descriptor. */
  hotKey: z.string().max(200),
  /** Who holds the other keys of the descriptor. */
  holders: z.array(z.strictObject({ member: label, key: z.string().max(200) })).max(20),
  /** Block height before which no coin of the wallet exists. */
  birth: count,
  gapLimit: z.int().min(1).max(1_000),
  custody: z.boolean(),
  outside: z.array(z.array(z.string().max(200)).max(20)).max(20),
});

export const destinationsBodySchema = z.strictObject({
  entries: z
    .array(
      z.strictObject({
        id: label,
        /** Limits of a destination are keyed by its owner. */
        owner: label,
        script: z.string().regex(/^([0-9a-f]{2}){1,42}$/),
        /** As it was entered. */
        address: z.string().max(100),
        tags: z.array(label).max(16),
      }),
    )
    .max(DESTINATIONS),
});

const frame = {
  org: hex32.nullable(),
  id: label,
  version: z.int().min(1).max(1_000_000),
  previous: hex32.nullable(),
};
export const documentKinds = ['charter', 'wallet', 'policy', 'destinations'] as const;
export type DocumentKind = (typeof documentKinds)[number];

const frameSchema = z.strictObject({
  kind: z.enum(documentKinds),
  ...frame,
  body: z.unknown(),
});

export type CharterBody = z.infer<typeof charterBodySchema>;
export type CharterMember = CharterBody['members'][number];
export type CharterDevice = CharterMember['devices'][number];
export type WalletBody = z.infer<typeof walletBodySchema>;
export type DestinationsBody = z.infer<typeof destinationsBodySchema>;
type Frame = Omit<z.infer<typeof frameSchema>, 'kind' | 'body'>;

export type CountersignDocument =
  | (Frame & { readonly kind: 'charter'; readonly body: CharterBody })
  | (Frame & { readonly kind: 'wallet'; readonly body: WalletBody })
  | (Frame & { readonly kind: 'policy'; readonly body: PolicyBody })
  | (Frame & { readonly kind: 'destinations'; readonly body: DestinationsBody });

export type DocumentOf<K extends CountersignDocument['kind']> = Extract<
  CountersignDocument,
  { kind: K }
>;

/** The digest by which a document is named: of its canonical JSON. The genesis charter's is the organisation's. */
export function documentDigest(document: CountersignDocument): string {
  return digest('document', document);
}

/**
 * The document of exact canonical bytes, its body in the form of its kind.
 * Codes: those of parseCanonical, `schema.mismatch`, those of parsePolicyBody.
 * Not checked here: what only the state knows (log/admit-document.ts), and what the body means (charter.ts, wallet documents).
 */
export function parseDocument(bytes: Uint8Array): Result<CountersignDocument> {
  const json = parseCanonical(bytes);
  if (!json.ok) return json;
  const found = parseWith(frameSchema, json.value);
  if (!found.ok) return found;
  const { kind, body, ...rest } = found.value;
  const first = rest.version === 1;
  if (first !== (rest.previous === null))
    return refuse('schema.mismatch', { path: 'previous', reason: 'null on version 1 only' });
  if ((kind === 'charter' && first) !== (rest.org === null))
    return refuse('schema.mismatch', { path: 'org', reason: 'null on the genesis only' });
  switch (kind) {
    case 'charter': {
      const parsed = parseWith(charterBodySchema, body);
      return parsed.ok ? ok({ kind, ...rest, body: parsed.value }) : parsed;
    }
    case 'wallet': {
      const parsed = parseWith(walletBodySchema, body);
      return parsed.ok ? ok({ kind, ...rest, body: parsed.value }) : parsed;
    }
    case 'policy': {
      const parsed = parsePolicyBody(body);
      return parsed.ok ? ok({ kind, ...rest, body: parsed.value }) : parsed;
    }
    case 'destinations': {
      const parsed = parseWith(destinationsBodySchema, body);
      return parsed.ok ? ok({ kind, ...rest, body: parsed.value }) : parsed;
    }
  }
}
