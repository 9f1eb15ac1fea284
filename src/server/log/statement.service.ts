import { Injectable } from '@nestjs/common';
import type { Statement } from '../../core/approval/statement.ts';
import { parseStatement, statementDigest } from '../../core/approval/statement.ts';
import { blobAddress } from '../../core/base/digest.ts';
import { BLOB_BYTES, ENTRY_BYTES, ISSUED_AHEAD_SECONDS } from '../../core/base/limits.ts';
import type { Result } from '../../core/base/result.ts';
import { ok, refuse } from '../../core/base/result.ts';
import { parseTime } from '../../core/base/time.ts';
import { fitsKind } from '../../core/governance/devices.ts';
import { authenticate, signedText } from '../../core/log/author.ts';
import type { Signed } from '../../core/log/author.ts';
import type { Entry, StatementEntry } from '../../core/log/entry.ts';
import { blobsOf, blobsOfCoins, entryBytes } from '../../core/log/entry.ts';
import { Clock } from '../clock.ts';
import type { Blob } from './blob.store.ts';
import { Fold } from './fold.ts';
import { LogService } from './log.service.ts';
import type { TextNote } from './pending.store.ts';
import { SequencerService } from './sequencer.service.ts';

/** As it was posted. */
export interface SignedText {
  /** Exact canonical JSON. */
  readonly statement: string;
  /** Hex, or base64 of a `message` device. */
  readonly signature: string;
}

/** A statement of a known kind whose author and signature are established. */
export type Said<T extends Statement['type']> = Signed<Extract<Statement, { type: T }>> & {
  readonly signature: string;
};

/** What goes along with a statement. */
export interface Beside {
  readonly coins: string | null;
  readonly blobs: readonly Uint8Array[];
  readonly texts: readonly TextNote[];
}

/** Statements on their way from a request into the log. What they may do is the fold's to judge. */
@Injectable()
export class StatementService {
  constructor(
    private readonly log: LogService,
    private readonly fold: Fold,
    private readonly sequencer: SequencerService,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads a statement and establishes its author. Codes: those of parseStatement and authenticate, `statement.kind`.
   */
  read<T extends Statement['type']>(given: SignedText, type: T): Result<Said<T>> {
    const parsed = parseOf(given, type);
    return parsed.ok ? this.#authenticate(parsed.value, given.signature) : parsed;
  }

  /** As {@link read}, with the signature verified in another thread: for routes that many call at once. */
  async readAhead<T extends Statement['type']>(
    given: SignedText,
    type: T,
  ): Promise<Result<Said<T>>> {
    const parsed = parseOf(given, type);
    if (!parsed.ok) return parsed;
    const statement: Statement = parsed.value;
    const author = this.log.state().members.get(statement.member)?.member;
    const device = author?.devices.find(({ id }) => id === statement.device);
    if (device !== undefined && fitsKind(device.kind, given.signature)) {
      const digest = statementDigest(statement);
      const said = signedText(this.log.state(), { statement, digest }, device);
      if (said.ok) await this.fold.verifyAhead(device.key, said.value, given.signature);
    }
    return this.#authenticate(parsed.value, given.signature);
  }

  /** Whether a statement is of now. Codes: `statement.early`, `statement.expired`. What says no is never asked. */
  checkTime({ issuedAt, expiresAt }: Statement): Result<null> {
    const now = this.clock.now();
    if ((parseTime(issuedAt) ?? 0) > now + ISSUED_AHEAD_SECONDS)
      return refuse('statement.early', { issuedAt });
    if ((parseTime(expiresAt) ?? 0) <= now) return refuse('statement.expired', { expiresAt });
    return ok(null);
  }

  #authenticate<T extends Statement['type']>(
    statement: Extract<Statement, { type: T }>,
    signature: string,
  ): Result<Said<T>> {
    const said = authenticate(this.log.state(), { statement, signature }, this.fold.verify);
    return said.ok ? ok({ ...said.value, statement, signature }) : said;
  }

  /** Hands a statement in. Resolves to its index, or to a refusal; `log.blob.*`, `log.entry.size`, those of the fold. */
  submit(said: Said<Statement['type']>, beside: Beside): Promise<Result<number>> {
    const { statement, signature } = said;
    const entry: StatementEntry = { type: 'statement', statement, signature, coins: beside.coins };
    return this.submitEntry(entry, beside.blobs, beside.texts);
  }

  /** Hands any entry of the organisation's log in. */
  async submitEntry(
    entry: Entry,
    blobs: readonly Uint8Array[],
    texts: readonly TextNote[] = [],
  ): Promise<Result<number>> {
    const leaf = entryBytes(entry);
    if (leaf.length > ENTRY_BYTES) return refuse('log.entry.size', { bytes: leaf.length });
    const named = namedBlobs(entry, blobs);
    if (!named.ok) return named;
    return this.sequencer.submit({ kind: 'organisation', leaf, blobs: named.value, texts });
  }
}

/** The statement of exact bytes, of the kind that the route takes. */
function parseOf<T extends Statement['type']>(
  given: SignedText,
  type: T,
): Result<Extract<Statement, { type: T }>> {
  const parsed = parseStatement(given.statement);
  if (!parsed.ok) return parsed;
  const statement = parsed.value;
  return isOf(statement, type)
    ? ok(statement)
    : refuse('statement.kind', { kind: statement.type, expected: type });
}

function isOf<T extends Statement['type']>(
  statement: Statement,
  type: T,
): statement is Extract<Statement, { type: T }> {
  return statement.type === type;
}

/** The blobs under their addresses; only those that the entry names may come along. */
function namedBlobs(entry: Entry, blobs: readonly Uint8Array[]): Result<readonly Blob[]> {
  if (blobs.length === 0) return ok([]);
  const large = blobs.find(({ length }) => length > BLOB_BYTES);
  if (large !== undefined) return refuse('log.blob.size', { size: large.length, most: BLOB_BYTES });
  const found = blobs.map((bytes) => ({ sha256: blobAddress(bytes), bytes }));
  const named = new Set(blobsOf(entry));
  const coins = entry.type === 'statement' ? entry.coins : null;
  const list = found.find(({ sha256 }) => sha256 === coins);
  if (list !== undefined) for (const sha256 of blobsOfCoins(list.bytes)) named.add(sha256);
  const unasked = found.find(({ sha256 }) => !named.has(sha256));
  return unasked === undefined ? ok(found) : refuse('log.blob.unasked', { blob: unasked.sha256 });
}
