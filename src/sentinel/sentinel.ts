import type { SaltedText } from '../client/statements.ts';
import { frameOf, saltText } from '../client/statements.ts';
import type { FreezeStatement } from '../core/approval/statement.ts';
import { toHex, fromHex } from '../core/base/bytes.ts';
import { MAILBOX_ITEMS, STATEMENT_SECONDS } from '../core/base/limits.ts';
import type { Facts, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import { SENTINEL } from '../core/governance/charter.ts';
import type { LogKey } from '../core/log/checkpoint.ts';
import { emptyRoot } from '../core/log/merkle.ts';
import type { State } from '../core/log/state.ts';
import type {
  Answer,
  MessageKind,
  Notice,
  Poll,
  SignedMessage,
} from '../core/sentinel/messages.ts';
import { noteOf, noSchema, openMessage, readMessage } from '../core/sentinel/messages.ts';
import type { Alarm, AlarmKind } from './alarms.ts';
import { Alarms } from './alarms.ts';
import type { PostedReceipts } from './bodies.ts';
import { Journals } from './journals.ts';
import type { TakenReceipt } from './journals.ts';
import { Mailbox } from './mailbox.ts';
import type { SentinelKeys } from './sentinel-keys.ts';
import { logKeyOf, signerKeys } from './signers.ts';
import type { StateFile } from './state-file.ts';
import {
  forkLines,
  isWorthTelling,
  noLines,
  refusedLines,
  rolledbackLines,
  secondLines,
  sightLines,
  signedLines,
} from './tidings.ts';
import type { Seen, Shown } from './witness.ts';
import { Witness } from './witness.ts';

const DAY = 86_400;

export interface SentinelParts {
  readonly file: StateFile;
  readonly keys: SentinelKeys;
  readonly now: () => Seconds;
  /** A new alarm: for the operator's eyes, and to wake the channels. */
  readonly raised: (alarm: Alarm) => void;
}

/** What was read of the log, and the key that signed it. */
interface Reading {
  readonly state: State;
  readonly key: LogKey;
}

/**
 * One sentinel: a witness of the log, the mailbox of every "no", the memory of what signers did, and people's alarm. It can say no
 * and nothing else. All of it is synchronous and durable: what is answered stands on the disk.
 */
export class Sentinel {
  readonly alarms: Alarms;
  readonly mailbox: Mailbox;
  readonly journals: Journals;
  readonly witness: Witness;
  readonly #parts: SentinelParts;
  #reading: Reading | null = null;
  /** False while the server shows another log than the one that was witnessed. */
  #isOurs = true;

  constructor(parts: SentinelParts) {
    const { file, keys, now, raised } = parts;
    this.#parts = parts;
    this.alarms = new Alarms(file, now, raised);
    this.mailbox = new Mailbox(file);
    this.journals = new Journals(file, ({ wallet, position }) => {
      this.alarm('signers', secondLines(wallet, position), { wallet, position });
    });
    this.witness = new Witness({
      ...{ file, keys, now },
      forked: (ours, theirs) => {
        const facts = { size: theirs.size, root: toHex(theirs.root), known: ours.size };
        this.alarm('fork', forkLines(ours, theirs), facts);
      },
    });
  }

  /** The fold of the log as it was followed, or null before it was for the first time. */
  state(): State | null {
    return this.#reading?.state ?? null;
  }

  /** Tells people, on every channel, until each has it. The same kind and facts are told once. */
  alarm(kind: AlarmKind, text: string, facts: Facts): void {
    this.alarms.raise(kind, text, facts);
  }

  /** Takes in what was followed. Code `log.fork` where it is another log than the one that was witnessed. */
  read(state: State, note: string): Result<null> {
    const key = logKeyOf(state);
    if (key === null) return refuse('sentinel.unready');
    this.#reading = { state, key };
    const adopted = this.witness.adopt(state.tree, note, key);
    this.#isOurs = adopted.ok;
    return adopted;
  }

  /**
   * Answers a signer. Codes: `sentinel.unready`, `sentinel.addressee`, `sentinel.signature`, `sentinel.mailbox.ahead`; those of
   * messages and checkpoints.
   */
  poll(message: SignedMessage): Result<SignedMessage> {
    const opened = this.#open('poll', message);
    if (!opened.ok) return opened;
    const { reading, said: poll } = opened.value;
    const { wallet, nonce, after } = poll;
    const checked = this.#compare(poll);
    if (!checked.ok) return checked;
    const shown = {
      ...{ note: noteOf(poll) ?? '', old: poll.old, proof: poll.proof.map(fromHex) },
      by: 'signer' as const,
    };
    const seen = this.#consider(shown, reading);
    if (!seen.ok) return seen;
    const { size, root } = this.witness.head();
    const at = seen.value.is === 'cosigned' ? seen.value.at : this.#parts.now();
    const answer: Answer = {
      ...{ ...this.#from(), wallet, nonce, at: formatTime(at) },
      log: size === 0 ? { size, root: toHex(emptyRoot()) } : { size, root },
      cosignature: seen.value.is === 'cosigned' ? toHex(seen.value.signature) : null,
      journal: this.journals.head(wallet),
      mailbox: this.mailbox.after(after).slice(0, MAILBOX_ITEMS),
      last: this.mailbox.last(),
    };
    return ok(this.#parts.keys.message('answer', answer));
  }

  /** Whether this state knows as much as the signer has heard from it: else it is an older copy, and people are told. */
  #compare({ wallet, old, after }: Poll): Result<null> {
    const { size } = this.witness.head();
    const last = this.mailbox.last();
    if (old > size) {
      const facts = { wallet, theirs: old, ours: size };
      this.alarm('rolledback', rolledbackLines('a log of size', old, size), facts);
    }
    if (after <= last) return ok(null);
    const raised = this.mailbox.raise(after);
    const facts = { wallet, theirs: after, ours: last };
    this.alarm('rolledback', rolledbackLines('a mailbox up to number', after, last), facts);
    return raised;
  }

  /** Acknowledges approvals, after telling people. Codes: as {@link poll}, but of checkpoints and mailbox. */
  notice(message: SignedMessage): Result<readonly SignedMessage[]> {
    const opened = this.#open('notice', message);
    if (!opened.ok) return opened;
    const { reading, said: notice } = opened.value;
    const at = this.#tell(notice, reading.state);
    const { wallet, objects } = notice;
    return ok(
      objects.map((object) =>
        this.#parts.keys.message('told', {
          ...{ ...this.#from(), wallet, object },
          at: formatTime(at.get(object) ?? this.#parts.now()),
        }),
      ),
    );
  }

  /** Whether a signer's notice is about something that was not read in the log. */
  hasUnread(message: SignedMessage): boolean {
    const opened = this.#open('notice', message);
    if (!opened.ok) return false;
    const { reading, said } = opened.value;
    return said.objects.some((object) => !reading.state.statements.has(object));
  }

  /** When people were told of each object; those that are new are told now. */
  #tell({ wallet, objects }: Notice, state: State): ReadonlyMap<string, Seconds> {
    const { file, now } = this.#parts;
    const find = file.database.prepare('SELECT at FROM told WHERE wallet = ? AND object = ?');
    const at = new Map<string, Seconds>();
    for (const object of new Set(objects)) {
      const row = find.get(wallet, object);
      if (row !== undefined) at.set(object, Number(row['at']));
    }
    const fresh = [...new Set(objects)].filter((object) => !at.has(object));
    if (fresh.length === 0) return at;
    file.inOneUnit(() => {
      const insert = file.database.prepare(
        'INSERT INTO told (wallet, object, at) VALUES (?, ?, ?)',
      );
      for (const object of fresh) {
        at.set(object, now());
        insert.run(wallet, object, now());
      }
      this.alarm('sight', sightLines(state, wallet, fresh), { wallet, objects: fresh });
    });
    return at;
  }

  /** Acknowledges a "no". Codes: `sentinel.unready`, those of the mailbox. */
  statement(said: {
    readonly statement: string;
    readonly signature: string;
  }): Result<SignedMessage> {
    if (this.#reading === null) return refuse('sentinel.unready');
    const { state } = this.#reading;
    const { file, now, keys } = this.#parts;
    const taken = file.inOneUnit(() => {
      const kept = this.mailbox.take(said, state, now());
      if (kept.ok && kept.value.isNew) {
        const { digest, statement } = kept.value;
        const kind = statement.type === 'freeze' ? 'freeze' : 'no';
        this.alarm(kind, noLines(state, { statement }), { statement: digest });
      }
      return kept;
    });
    if (!taken.ok) return taken;
    const { digest, at } = taken.value;
    return ok(keys.message('taken', { ...this.#from(), statement: digest, at: formatTime(at) }));
  }

  /** Takes receipts of a signer, in order. Code `sentinel.unready`; of each, those of Journals.take. */
  receipts({ receipts }: PostedReceipts): Result<readonly Result<TakenReceipt>[]> {
    if (this.#reading === null) return refuse('sentinel.unready');
    const { state } = this.#reading;
    const outcomes = receipts.map((posted) =>
      this.#parts.file.inOneUnit(() => {
        const taken = this.journals.take(posted, state, this.#parts.now());
        if (taken.ok && taken.value.isNew) this.#tellOf(taken.value.receipt, state);
        return taken;
      }),
    );
    return ok(outcomes);
  }

  #tellOf(receipt: TakenReceipt['receipt'], state: State): void {
    const { wallet, position } = receipt;
    const facts = { wallet, position };
    if (receipt.record === 'signed') this.alarm('signed', signedLines(state, receipt), facts);
    if (receipt.record === 'refusal' && isWorthTelling(receipt.code))
      this.alarm('refused', refusedLines(receipt), facts);
  }

  /** As a C2SP witness. Codes: `sentinel.unready`, those of checkpoints. */
  addCheckpoint(shown: Omit<Shown, 'by'>): Result<Seen> {
    if (this.#reading === null) return refuse('sentinel.unready');
    return this.#consider({ ...shown, by: 'stranger' }, this.#reading);
  }

  /** The witness looks at a checkpoint; the followed log helps it only while that is the log it has witnessed. */
  #consider(shown: Shown, { state, key }: Reading): Result<Seen> {
    return this.witness.consider(shown, key, this.#isOurs ? state.tree : null);
  }

  /** Freezes a wallet, or all: into the own mailbox at once; run.ts lays it into the log. Returns the digest. */
  freeze(wallet: string, reason: string): string {
    const { file, now, keys } = this.#parts;
    const again = this.ownFreezes().find(
      (one) =>
        one.statement.wallet === wallet && one.reason.text === reason && one.at > now() - DAY,
    );
    if (again !== undefined) return again.digest;
    const told = saltText(reason);
    const { size, root } = this.witness.head();
    const frame = frameOf({
      org: file.identity.genesis,
      device: { member: SENTINEL, device: file.identity.id },
      log: { size, root },
      previous: null,
      now: now(),
      validSeconds: STATEMENT_SECONDS,
    });
    const statement: FreezeStatement = {
      ...{ type: 'freeze', ...frame, wallet, action: 'freeze', lifts: [] },
      reasonDigest: told.digest,
    };
    const signed = keys.freeze(statement);
    const { salt, text } = told;
    file.inOneUnit(() => {
      const said = { statement, signature: signed.signature };
      this.mailbox.deposit(said, signed.statement, { now: now(), reason: { salt, text } });
      this.alarm('freeze', `This sentinel freezes ${wallet}: ${reason}`, { freeze: signed.digest });
    });
    return signed.digest;
  }

  /** The freezes of this sentinel, with what is to be laid into the log. */
  ownFreezes(): readonly {
    readonly digest: string;
    readonly statement: FreezeStatement;
    readonly text: string;
    readonly signature: string;
    readonly reason: SaltedText;
    readonly at: Seconds;
  }[] {
    return this.mailbox.own(SENTINEL).flatMap(({ statement: text, ...rest }) => {
      const statement = noSchema.parse(JSON.parse(text));
      return statement.type === 'freeze' ? [{ ...rest, text, statement }] : [];
    });
  }

  #from(): { readonly org: string; readonly sentinel: string } {
    const { genesis, id } = this.#parts.file.identity;
    return { org: genesis, sentinel: id };
  }

  /** A message of a signer to this sentinel, by a key that a charter names for its wallet. */
  #open<K extends 'poll' | 'notice'>(
    kind: K & MessageKind,
    message: SignedMessage,
  ): Result<{ readonly reading: Reading; readonly said: K extends 'poll' ? Poll : Notice }> {
    if (this.#reading === null) return refuse('sentinel.unready');
    const claimed = readMessage(kind, message.text);
    if (!claimed.ok) return claimed;
    const { org, sentinel, wallet } = claimed.value;
    const own = this.#from();
    if (org !== own.org || sentinel !== own.sentinel)
      return refuse('sentinel.addressee', { org, sentinel });
    for (const key of signerKeys(this.#reading.state, wallet)) {
      const opened = openMessage(kind, message, key);
      if (opened.ok)
        return ok({
          reading: this.#reading,
          said: opened.value as K extends 'poll' ? Poll : Notice,
        });
    }
    return refuse('sentinel.signature', { wallet });
  }
}
