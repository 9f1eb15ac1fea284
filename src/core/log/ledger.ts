import type { RefusalCode } from '../base/codes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { Seconds } from '../base/time.ts';
import { parseTime } from '../base/time.ts';
import { assert, unreachable } from '../base/assert.ts';
import { saysNo, statementDigest } from '../approval/statement.ts';
import type { DocumentKind } from '../governance/document.ts';
import type { Said } from '../sentinel/messages.ts';
import type { Authority, Receipt, ReceiptOf } from './receipt.ts';
import { receiptDigest } from './receipt.ts';

/**
 * One signer's memory: its receipts folded. The signer folds its journal, everybody else the receipts in the
 * log; the same function makes both, so both say the same about what was seen, reserved and signed.
 */
export interface Ledger {
  /** Position of the next receipt. */
  position: number;
  /** Digest of the last receipt. */
  previous: string | null;
  /** Signer time of the last receipt; never decreases. */
  at: Seconds;
  /** The last start: delays begin anew there (design 3, step 4, without a sentinel). */
  startedAt: Seconds | null;
  /** First address and key that the last start proved. */
  proof: {
    readonly walletDigest: string;
    readonly firstAddress: string;
    readonly key: string;
  } | null;
  /** First sight of approvals by digest, and newest sight of documents. */
  readonly sights: Map<string, Seconds>;
  /** Log size at the newest sight of a document: its delay runs from what stood behind it then. */
  readonly sightSizes: Map<string, number>;
  /** What is in force for this signer and what was, by kind, the newest last. */
  readonly forced: Readonly<Record<DocumentKind, Forced[]>>;
  /** Freezes lifted, by digest, and when the last one was. */
  readonly lifted: Map<string, Seconds>;
  liftedAt: Seconds | null;
  /** Every "no" that came by a sentinel before it stood in the log, by its digest (log/heard.ts). */
  readonly heard: Map<string, Said['statement']>;
  /** Open reservations, in the order they were made. */
  readonly reservations: Map<string, Seconds>;
  /** Proposals whose signature may exist: an intent is never taken back. */
  readonly intents: Set<string>;
  readonly signed: Map<string, { readonly at: Seconds; readonly signatures: string }>;
  /** Fee bumps of signed proposals. */
  readonly bumps: Map<string, Bumps>;
  /** Proposals in the order in which versions of them were signed. */
  readonly bumped: string[];
  /** Receive addresses attested, by index, and the highest of them, or 0. */
  readonly addresses: Map<number, Seconds>;
  highestAddress: number;
  /** Last refusal by proposal; of its versions under {@link refusalKey}. */
  readonly refusals: Map<string, RefusalCode>;
  /** Log size of the last receipt; never decreases. */
  logSize: number;
}

/** What a signer did about the versions of one proposal. */
export interface Bumps {
  /** Versions whose signature may exist, ascending. */
  readonly intended: readonly number[];
  readonly signed: readonly {
    readonly version: number;
    readonly at: Seconds;
    readonly signatures: string;
  }[];
}

const noBumps: Bumps = { intended: [], signed: [] };

/** What a signer did about the versions of a proposal. */
export function bumpsOf({ bumps }: Ledger, proposal: string): Bumps {
  return bumps.get(proposal) ?? noBumps;
}

/** Under which key a refusal of a proposal, or of a version of it, is remembered. */
export function refusalKey(proposal: string, version?: number): string {
  return version === undefined ? proposal : `${proposal}/${String(version)}`;
}

/** A document that came in force for a signer. It is so until the next of its kind. */
export interface Forced {
  readonly document: string;
  readonly at: Seconds;
  readonly by: Authority;
  /** What its signer had read of the log. */
  readonly logSize: number;
}

/** The ledger of a signer that has written nothing. */
export function createLedger(): Ledger {
  return {
    position: 0,
    previous: null,
    at: 0,
    startedAt: null,
    proof: null,
    sights: new Map(),
    sightSizes: new Map(),
    forced: { charter: [], wallet: [], policy: [], destinations: [] },
    lifted: new Map(),
    liftedAt: null,
    heard: new Map(),
    reservations: new Map(),
    intents: new Set(),
    signed: new Map(),
    bumps: new Map(),
    bumped: [],
    addresses: new Map(),
    highestAddress: 0,
    refusals: new Map(),
    logSize: 0,
  };
}

/**
 * Whether a receipt is the next one. Codes: `receipt.position` when it does not continue the chain,
 * `receipt.invalid` when it contradicts what came before. Not checked here: signature, organisation and wallet
 * (admit-receipt.ts), and whether the rules allowed it (replay.ts).
 */
export function checkReceipt(ledger: Ledger, receipt: Receipt): Result<null> {
  if (receipt.position !== ledger.position || receipt.previous !== ledger.previous)
    return refuse('receipt.position', { position: receipt.position, expected: ledger.position });
  const at = parseTime(receipt.at);
  assert(at !== undefined, 'the schema admits only times');
  if (at < ledger.at) return refuse('receipt.invalid', { reason: 'time goes back' });
  if (receipt.log.size < ledger.logSize)
    return refuse('receipt.invalid', { reason: 'log size goes back' });
  const contradiction = contradictionOf(ledger, receipt);
  return contradiction === null ? ok(null) : refuse('receipt.invalid', { reason: contradiction });
}

/** Adds the next receipt. Requires that {@link checkReceipt} passed: anything else is a bug. */
export function applyReceipt(ledger: Ledger, receipt: Receipt): void {
  assert(checkReceipt(ledger, receipt).ok, 'a receipt is checked before it is applied');
  const at = parseTime(receipt.at);
  assert(at !== undefined, 'the schema admits only times');
  record(ledger, receipt, at);
  ledger.position += 1;
  ledger.previous = receiptDigest(receipt);
  ledger.at = at;
  ledger.logSize = receipt.log.size;
}

function contradictionOf(ledger: Ledger, receipt: Receipt): string | null {
  if (receipt.record === 'started') return null;
  if (ledger.startedAt === null) return 'the first receipt is a start';
  switch (receipt.record) {
    case 'sight':
      return isSeen(ledger, receipt) ? 'seen before' : null;
    case 'force':
      return ledger.forced[receipt.kind].some(({ document }) => document === receipt.document)
        ? 'in force before'
        : null;
    case 'lift':
      return ledger.lifted.has(receipt.freeze) ? 'lifted before' : null;
    case 'heard':
      if (!saysNo(receipt.statement)) return 'no "no"';
      return ledger.heard.has(statementDigest(receipt.statement)) ? 'heard before' : null;
    case 'address':
      return ledger.addresses.has(receipt.index) ? 'attested before' : null;
    case 'reserve':
      if (ledger.signed.has(receipt.proposal)) return 'signed before';
      return ledger.reservations.has(receipt.proposal) ? 'reserved before' : null;
    case 'release':
      if (ledger.intents.has(receipt.proposal)) return 'a signature may exist';
      return ledger.reservations.has(receipt.proposal) ? null : 'not reserved';
    case 'refusal':
      return ledger.refusals.get(refusalKey(receipt.proposal, receipt.version)) === receipt.code
        ? 'refused so before'
        : null;
    case 'intent':
      if (receipt.version !== undefined)
        return contradictionOfBump(ledger, receipt, receipt.version);
      if (ledger.signed.has(receipt.proposal)) return 'signed before';
      return ledger.reservations.has(receipt.proposal) ? null : 'not reserved';
    case 'signed':
      if (receipt.version !== undefined)
        return contradictionOfBump(ledger, receipt, receipt.version);
      if (ledger.signed.has(receipt.proposal)) return 'signed before';
      return ledger.intents.has(receipt.proposal) ? null : 'no intent before';
    default:
      return unreachable(receipt);
  }
}

/** Versions are signed in order, each once, after the transaction that the proposal itself names. */
function contradictionOfBump(
  ledger: Ledger,
  { record: kind, proposal }: ReceiptOf<'intent' | 'signed'>,
  version: number,
): string | null {
  if (!ledger.signed.has(proposal)) return 'its proposal is not signed';
  const { intended, signed } = bumpsOf(ledger, proposal);
  if (kind === 'intent') return version > (intended.at(-1) ?? 0) ? null : 'intended before';
  if (signed.some((one) => one.version >= version)) return 'signed before';
  return intended.at(-1) === version ? null : 'no intent before';
}

/** A document may be seen again when the log has grown: what stood behind it may be gone, and other words in its place. */
function isSeen(ledger: Ledger, { kind, object, log }: ReceiptOf<'sight'>): boolean {
  const size = ledger.sightSizes.get(object);
  return kind === 'approval' || size === undefined ? ledger.sights.has(object) : log.size <= size;
}

function record(ledger: Ledger, receipt: Receipt, at: Seconds): void {
  switch (receipt.record) {
    case 'started':
      ledger.startedAt = at;
      ledger.proof = {
        walletDigest: receipt.walletDigest,
        firstAddress: receipt.firstAddress,
        key: receipt.keyProof.key,
      };
      return;
    case 'sight':
      ledger.sights.set(receipt.object, at);
      if (receipt.kind === 'document') ledger.sightSizes.set(receipt.object, receipt.log.size);
      return;
    case 'force':
      ledger.forced[receipt.kind].push({
        ...{ document: receipt.document, at, by: receipt.by },
        logSize: receipt.log.size,
      });
      if (!ledger.sights.has(receipt.document)) ledger.sights.set(receipt.document, at);
      return;
    case 'lift':
      ledger.lifted.set(receipt.freeze, at);
      ledger.liftedAt = at;
      return;
    case 'heard':
      ledger.heard.set(statementDigest(receipt.statement), receipt.statement);
      return;
    case 'address':
      ledger.addresses.set(receipt.index, at);
      ledger.highestAddress = Math.max(ledger.highestAddress, receipt.index);
      return;
    case 'reserve':
      ledger.reservations.set(receipt.proposal, at);
      return;
    case 'release':
      ledger.reservations.delete(receipt.proposal);
      return;
    case 'refusal':
      ledger.refusals.set(refusalKey(receipt.proposal, receipt.version), receipt.code);
      return;
    case 'intent':
      if (receipt.version === undefined) ledger.intents.add(receipt.proposal);
      else intendBump(ledger, receipt.proposal, receipt.version);
      return;
    case 'signed':
      if (receipt.version !== undefined) {
        signBump(ledger, receipt, { version: receipt.version, at });
        return;
      }
      ledger.signed.set(receipt.proposal, { at, signatures: receipt.signatures });
      ledger.reservations.delete(receipt.proposal);
      return;
    default:
      return unreachable(receipt);
  }
}

function intendBump(ledger: Ledger, proposal: string, version: number): void {
  const { intended, signed } = bumpsOf(ledger, proposal);
  ledger.bumps.set(proposal, { intended: [...intended, version], signed });
}

function signBump(
  ledger: Ledger,
  { proposal, signatures }: ReceiptOf<'signed'>,
  made: { readonly version: number; readonly at: Seconds },
): void {
  const { intended, signed } = bumpsOf(ledger, proposal);
  ledger.bumps.set(proposal, { intended, signed: [...signed, { ...made, signatures }] });
  ledger.bumped.push(proposal);
}
