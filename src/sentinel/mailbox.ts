import type { Statement } from '../core/approval/statement.ts';
import { parseStatement, saysNo, statementDigest } from '../core/approval/statement.ts';
import { verifyDeviceSignature } from '../core/approval/verify.ts';
import { assert } from '../core/base/assert.ts';
import { parseCanonical } from '../core/base/canonical.ts';
import type { RefusalCode } from '../core/base/codes.ts';
import { MAILBOX_AHEAD, MAILBOX_DEVICE_ITEMS, MAILBOX_ITEMS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { parseWith } from '../core/base/schema.ts';
import type { Seconds } from '../core/base/time.ts';
import { authenticate } from '../core/log/author.ts';
import { entryBytes } from '../core/log/entry.ts';
import type { State } from '../core/log/state.ts';
import { admit } from '../core/log/state.ts';
import type { Answer, Said } from '../core/sentinel/messages.ts';
import { noSchema, saidSchema } from '../core/sentinel/messages.ts';
import type { StateFile } from './state-file.ts';

const DAY = 86_400;

/** A "no" that is kept, and when it came. */
export interface Kept {
  readonly digest: string;
  readonly statement: Said['statement'];
  readonly at: Seconds;
  /** False when it was here before. */
  readonly isNew: boolean;
}

/** Our own words beside a freeze of ours: {salt, text}, for the server. */
type Reason = { readonly salt: string; readonly text: string } | null;

/** What the fold refuses because it has not read far enough: signers may have. */
const unread: ReadonlySet<RefusalCode> = new Set([
  'proposal.unknown',
  'document.unknown',
  'wallet.unknown',
]);

/**
 * The mailbox: every "no" that people hand in, in the order in which they come, for ever. Signers fetch it; so a server that
 * drops a freeze or a rejection silences nobody.
 */
export class Mailbox {
  readonly #file: StateFile;

  constructor(file: StateFile) {
    this.#file = file;
  }

  /**
   * Takes a "no" of a member's device: what the log would take, or does hold; and what is about an object that has not been read
   * here yet, on signature and identity alone. The same again is the same. Codes: `sentinel.statement.yes`,
   * `sentinel.mailbox.full`; those of parseStatement and of the fold.
   */
  take(
    said: { readonly statement: string; readonly signature: string },
    state: State,
    now: Seconds,
  ): Result<Kept> {
    const parsed = parseStatement(said.statement);
    if (!parsed.ok) return parsed;
    const no = saysNo(parsed.value) ? noSchema.safeParse(parsed.value) : null;
    if (no?.success !== true) return refuse('sentinel.statement.yes', { type: parsed.value.type });
    const before = this.#kept(statementDigest(no.data));
    if (before !== undefined) return ok(before);
    const form = parseWith(saidSchema, { statement: no.data, signature: said.signature });
    if (!form.ok) return form;
    const checked = this.#check(form.value, state);
    if (!checked.ok) return checked;
    const { member, device } = no.data;
    const taken = this.#file.database
      .prepare('SELECT count(*) AS count FROM statements WHERE device = ? AND at > ?')
      .get(deviceOf(no.data), now - DAY);
    if (Number(taken?.['count']) >= MAILBOX_DEVICE_ITEMS)
      return refuse('sentinel.mailbox.full', { member, device, most: MAILBOX_DEVICE_ITEMS });
    return ok(this.deposit(form.value, said.statement, { now, reason: null }));
  }

  #check(said: Said, state: State): Result<null> {
    const entry = { type: 'statement', ...said, coins: null } as const;
    const admission = admit(state, entryBytes(entry), {
      blobs: (sha256) => this.#file.log.blob(sha256),
    });
    if (admission.kind === 'apply') return ok(null);
    if (admission.kind === 'skip') {
      const { code } = admission.refusal;
      // What the log holds already is taken by its signature: whose it is was not looked at.
      const isHeld = code === 'statement.duplicate';
      if (!isHeld && !unread.has(code)) return { ok: false, refusal: admission.refusal };
    }
    const authentic = authenticate(
      { ...state, statements: new Set() },
      entry,
      verifyDeviceSignature,
    );
    return authentic.ok ? ok(null) : authentic;
  }

  /** Puts a statement that is known to be authentic at the end. */
  deposit(
    { statement, signature }: Said,
    text: string,
    { now, reason }: { readonly now: Seconds; readonly reason: Reason },
  ): Kept {
    const digest = statementDigest(statement);
    this.#file.inOneUnit(() => {
      this.#file.database
        .prepare(
          'INSERT INTO statements (digest, statement, signature, device, at, reason) VALUES (?, ?, ?, ?, ?, ?)',
        )
        .run(
          ...[digest, text, signature, deviceOf(statement), now],
          reason === null ? null : JSON.stringify(reason),
        );
      this.#append(this.last() + 1, digest);
    });
    return { digest, statement, at: now, isNew: true };
  }

  #append(number: number, digest: string): void {
    this.#file.database
      .prepare('INSERT INTO mailbox (number, statement) VALUES (?, ?)')
      .run(number, digest);
  }

  /** Number of the newest item, 0 for none. */
  last(): number {
    const row = this.#file.database
      .prepare('SELECT coalesce(max(number), 0) AS last FROM mailbox')
      .get();
    return Number(row?.['last']);
  }

  /** The next items after a number. */
  after(number: number): Answer['mailbox'] {
    const rows = this.#file.database
      .prepare(
        `SELECT m.number, s.statement, s.signature FROM mailbox m JOIN statements s ON s.digest = m.statement
         WHERE m.number > ? ORDER BY m.number LIMIT ?`,
      )
      .all(number, MAILBOX_ITEMS);
    return rows.map((row) => ({
      number: Number(row['number']),
      statement: statementOf(String(row['statement'])),
      signature: String(row['signature']),
    }));
  }

  /**
   * A signer has read beyond our end: this state is an older copy. What came since bears numbers that he believes to have read,
   * so that everything is handed out again, beyond his. Code `sentinel.mailbox.ahead` where that cannot be true.
   */
  raise(read: number): Result<null> {
    const last = this.last();
    if (read > last + MAILBOX_AHEAD) return refuse('sentinel.mailbox.ahead', { read, last });
    const digests = this.#file.database
      .prepare('SELECT DISTINCT statement FROM mailbox ORDER BY number')
      .all()
      .map((row) => String(row['statement']));
    this.#file.inOneUnit(() => {
      digests.forEach((digest, at) => {
        this.#append(read + 1 + at, digest);
      });
    });
    return ok(null);
  }

  /** Our own freezes with the reasons that belong beside them. */
  own(member: string): readonly {
    readonly digest: string;
    readonly statement: string;
    readonly signature: string;
    readonly at: Seconds;
    readonly reason: NonNullable<Reason>;
  }[] {
    const rows = this.#file.database
      .prepare(
        "SELECT * FROM statements WHERE reason IS NOT NULL AND device LIKE ? || '/%' ORDER BY at",
      )
      .all(member);
    return rows.map((row) => ({
      digest: String(row['digest']),
      statement: String(row['statement']),
      signature: String(row['signature']),
      at: Number(row['at']),
      reason: JSON.parse(String(row['reason'])) as NonNullable<Reason>,
    }));
  }

  #kept(digest: string): Kept | undefined {
    const row = this.#file.database
      .prepare('SELECT statement, at FROM statements WHERE digest = ?')
      .get(digest);
    if (row === undefined) return undefined;
    const statement = statementOf(String(row['statement']));
    return { digest, statement, at: Number(row['at']), isNew: false };
  }
}

function deviceOf({ member, device }: Pick<Statement, 'member' | 'device'>): string {
  return `${member}/${device}`;
}

/** What was checked when it was kept. */
function statementOf(text: string): Said['statement'] {
  const json = parseCanonical(text);
  assert(json.ok, 'what is kept is canonical');
  return noSchema.parse(json.value);
}
