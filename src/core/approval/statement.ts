import { z } from 'zod';
import { parseCanonical } from '../base/canonical.ts';
import type { DigestKind } from '../base/digest.ts';
import { digest } from '../base/digest.ts';
import { LIFTS, SPEND_INPUTS, SPEND_OUTPUTS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import {
  count,
  deviceSignature,
  hex32,
  hex33,
  label,
  outpoint,
  parseWith,
  satsJson,
  time,
} from '../base/schema.ts';

/**
 * What devices sign (design 3, "Statements"). A statement is canonical JSON; its digest is tagged with its kind,
 * so that no signature can pass as one of another kind. Every field is present: "none" is written null.
 */

const common = {
  org: hex32,
  member: label,
  device: label,
  /** Digest of this member's former statement on the same object, or null. */
  previous: hex32.nullable(),
  /** The checkpoint that the device last verified: a fork of the log is caught by it. */
  log: z.strictObject({ size: count, root: hex32 }),
  issuedAt: time,
  expiresAt: time,
};

/** What a PSBT does, in the order of the transaction; digest kind "spend". */
export const spendSchema = z.strictObject({
  /** SHA-256 of the unsigned transaction: also the address of its blob. */
  transaction: hex32,
  inputs: z
    .array(z.strictObject({ outpoint, sats: satsJson }))
    .min(1)
    .max(SPEND_INPUTS),
  outputs: z
    .array(
      z.strictObject({
        script: z.string().regex(/^([0-9a-f]{2}){1,100}$/),
        sats: satsJson,
        /** Index on the change branch, where the output is proven to be this wallet's. */
        change: z.exactOptional(count),
      }),
    )
    .min(1)
    .max(SPEND_OUTPUTS),
  feeSats: satsJson,
  lockTime: z.int().min(0).max(0xffffffff),
});

export const proposalSchema = z.strictObject({
  type: z.literal('proposal'),
  ...common,
  network: z.enum(['mainnet', 'testnet4', 'signet', 'regtest', 'sandbox']),
  wallet: z.strictObject({ id: label, digest: hex32 }),
  /** Digests of the documents that the initiator saw in force. */
  policy: hex32,
  charter: hex32,
  destinations: hex32,
  kind: z.enum(['pay', 'cancel']),
  spend: spendSchema,
  /** A signed proposal that this one makes void by spending one of its coins back to the wallet; on `cancel` only. */
  cancels: hex32.nullable(),
  /** Within it the fee may be raised, out of the change alone, without new approvals. */
  envelope: z
    .strictObject({ feeSatsMax: satsJson, replacementsMax: count, until: time })
    .nullable(),
  initiator: label,
  /** Digest (kind "text") of {salt, text}; the text itself stands beside the log, so that it can be erased. */
  purposeDigest: hex32,
  /** An invoice or payroll number; a second spend with it within seven days must be named in `repeats`. */
  reference: z
    .string()
    .regex(/^[A-Za-z0-9._/-]{1,64}$/)
    .nullable(),
  repeats: hex32.nullable(),
});

export const approvalSchema = z.strictObject({
  type: z.literal('approval'),
  ...common,
  proposal: hex32,
  decision: z.enum(['approve', 'reject', 'withdraw']),
  /** Digest of the spend, recomputed by the device from the bytes. */
  spend: hex32,
  /** SHA-256 of the blob of partial signatures (JCS), where the approver's key stands in the descriptor. */
  partialSignatures: hex32.nullable(),
  reasonDigest: hex32.nullable(),
});

export const documentStatementSchema = z.strictObject({
  type: z.literal('document'),
  ...common,
  document: hex32,
  decision: z.enum(['approve', 'confirm', 'veto']),
  /** On a wallet's confirmation by a key holder: the address at 0/0 as his device derived it. */
  firstAddress: z
    .string()
    .regex(/^[A-Za-z0-9]{1,100}$/)
    .nullable(),
  /**
   * And a proof by his descriptor key at 0/0: BIP 340 over digest "key-proof" of {org, document, firstAddress}, or, by a
   * wallet device, a message of it (message-line.ts).
   */
  keyProof: z.strictObject({ key: hex33, signature: deviceSignature }).nullable(),
});

export const freezeSchema = z.strictObject({
  type: z.literal('freeze'),
  ...common,
  wallet: z.union([label, z.literal('*')]),
  action: z.enum(['freeze', 'unfreeze']),
  lifts: z.array(hex32).max(LIFTS),
  reasonDigest: hex32,
});

export const sessionSchema = z.strictObject({
  type: z.literal('session'),
  ...common,
  /** RFC 7638 thumbprint (base64url) of the key that will sign a DPoP proof for each request. */
  key: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

export const statementSchema = z.discriminatedUnion('type', [
  proposalSchema,
  approvalSchema,
  documentStatementSchema,
  freezeSchema,
  sessionSchema,
]);

export type ProposalStatement = z.infer<typeof proposalSchema>;
export type ApprovalStatement = z.infer<typeof approvalSchema>;
export type DocumentStatement = z.infer<typeof documentStatementSchema>;
export type FreezeStatement = z.infer<typeof freezeSchema>;
export type SessionStatement = z.infer<typeof sessionSchema>;
export type Statement = z.infer<typeof statementSchema>;

const kinds = {
  proposal: 'proposal',
  approval: 'approval',
  document: 'document-statement',
  freeze: 'freeze',
  session: 'session',
} as const satisfies Record<Statement['type'], DigestKind>;

/** The digest that a device signs: 64 hex digits. A proposal is known by this digest everywhere. */
export function statementDigest(statement: Statement): string {
  return digest(kinds[statement.type], statement);
}

/**
 * The statement of exact canonical bytes. Codes: those of {@link parseCanonical}, and `schema.mismatch`.
 * Not checked here: signature, organisation, times, log (verify.ts and log/state.ts).
 */
export function parseStatement(bytes: Uint8Array | string): Result<Statement> {
  const json = parseCanonical(bytes);
  if (!json.ok) return json;
  const parsed = parseWith(statementSchema, json.value);
  return parsed.ok ? ok(parsed.value) : parsed;
}

/** Digest of a purpose or reason: kept in the log, while {salt, text} can be erased. `salt` is 16 random bytes, hex. */
export function textDigest(salt: string, text: string): string {
  return digest('text', { salt, text });
}

/** Whether a statement says no: it takes something away and gives nothing. */
export function saysNo(statement: Statement): boolean {
  switch (statement.type) {
    case 'approval':
      return statement.decision !== 'approve';
    case 'document':
      return statement.decision === 'veto';
    case 'freeze':
      return statement.action === 'freeze';
    case 'proposal':
    case 'session':
      return false;
  }
}
