import { randomBytes } from 'node:crypto';
import { signSchnorr } from 'tiny-secp256k1';
import type { ApprovalStatement, Statement } from '../core/approval/statement.ts';
import { statementDigest, textDigest } from '../core/approval/statement.ts';
import { assert } from '../core/base/assert.ts';
import { fromHex, fromUtf8, toHex } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { emptyRoot } from '../core/log/merkle.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';

/** A `secp256k1` device with its key in hand. */
export interface Device {
  readonly member: string;
  readonly device: string;
  /** 32 bytes. */
  readonly secretKey: Uint8Array;
}

/** A checkpoint as statements name it. */
export type LogPosition = Statement['log'];

/** Where a device stands that has seen no checkpoint yet. */
export const emptyLog: LogPosition = { size: 0, root: toHex(emptyRoot()) };

type Frame = Pick<
  ApprovalStatement,
  'org' | 'member' | 'device' | 'previous' | 'log' | 'issuedAt' | 'expiresAt'
>;

export interface FrameInput {
  readonly org: string;
  readonly device: Pick<Device, 'member' | 'device'>;
  /** The checkpoint that this device last verified. */
  readonly log: LogPosition;
  readonly previous: string | null;
  readonly now: Seconds;
  readonly validSeconds: number;
}

/** The fields that every statement has. */
export function frameOf(input: FrameInput): Frame {
  const { org, device, log, previous, now } = input;
  return {
    org,
    member: device.member,
    device: device.device,
    previous,
    log,
    issuedAt: formatTime(now),
    expiresAt: formatTime(now + input.validSeconds),
  };
}

/** What is posted: the exact bytes that were signed, as text. */
export interface SignedStatement {
  readonly statement: string;
  readonly signature: string;
  readonly digest: string;
}

/** Signs a statement (BIP 340, fresh auxiliary randomness) over its tagged digest. */
export function signStatement(statement: Statement, secretKey: Uint8Array): SignedStatement {
  const digest = statementDigest(statement);
  const text = fromUtf8(canonicalBytes(statement));
  assert(text !== undefined, 'canonical JSON is UTF-8');
  const signature = toHex(signSchnorr(fromHex(digest), secretKey, randomBytes(32)));
  return { statement: text, signature, digest };
}

/** A purpose or reason with the salt that keeps its digest from being guessed. */
export interface SaltedText {
  readonly salt: string;
  readonly text: string;
}

export function saltText(text: string): SaltedText & { readonly digest: string } {
  const salt = toHex(randomBytes(16));
  return { salt, text, digest: textDigest(salt, text) };
}
