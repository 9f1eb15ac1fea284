import type { PostedReceipt } from '../client/api.ts';
import { HttpFault } from '../client/http.ts';
import type { Followed } from '../client/log-follower.ts';
import type { SentinelApi } from '../client/sentinel-api.ts';
import { fromHex, fromUtf8, toBase64, toHex, utf8 } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { NOTICE_OBJECTS, RECEIPTS_POSTED, SENTINEL_SECONDS } from '../core/base/limits.ts';
import type { Refusal, Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import { formatCheckpoint } from '../core/log/checkpoint.ts';
import { cosignatureToSign } from '../core/log/cosignature.ts';
import { verifyEd25519 } from '../core/log/ed25519.ts';
import type { ReceiptOf } from '../core/log/receipt.ts';
import type { MessageKind, Notice, Poll, SignedMessage } from '../core/sentinel/messages.ts';
import { messageDigest, openMessage } from '../core/sentinel/messages.ts';
import type { Sentinel, Watch } from '../core/sentinel/witnesses.ts';
import type { Journal } from './journal.ts';
import { Deliveries } from './deliveries.ts';
import { checkAnswer, isAnswerTo, refuseAnswer, secondsOf } from './sentinel-answer.ts';

/** What a sentinel signed that stands in a receipt. */
export type Witnessed = NonNullable<ReceiptOf<'intent'>['witnesses']>[number];

/** What the signer asks of a sentinel. */
export type AskedApi = Pick<SentinelApi, 'poll' | 'notice' | 'receipts'>;

export interface SentinelsParts {
  /** By the id that the charter gives a sentinel. */
  readonly apis: ReadonlyMap<string, AskedApi>;
  readonly journal: Journal;
  /** Ed25519 by the receipt key, hex. */
  readonly sign: (digest: Uint8Array) => string;
  /** 32 random bytes, hex. */
  readonly nonce: () => string;
  /** A clock that nobody sets. */
  readonly steadyMs: () => number;
  readonly tell: (event: SentinelEvent) => void;
}

export type SentinelEvent =
  | { readonly event: 'sentinel'; readonly sentinel: string; readonly stands: 'answers' | 'away' }
  | { readonly event: 'sentinel-refused'; readonly sentinel: string; readonly refusal: Refusal };

/** What the sentinels say at the moment of one round. */
export interface Word {
  /** How many must have answered; 0: the rest is of no weight. */
  readonly needed: number;
  /** Fewer than needed have answered within ten minutes. */
  readonly isSilent: boolean;
  /** Newest time that one of them said. */
  readonly time: Seconds | null;
  /** Cosignatures of the very log that the round is over. */
  readonly witnesses: readonly Witnessed[];
  /** Acknowledgements of the notice of an approval. */
  readonly told: (object: string) => readonly Witnessed[];
  /** Changes whenever something of all this does. */
  readonly stamp: string;
}

/** Where no sentinel is asked. */
export const nobodysWord: Word = {
  ...{ needed: 0, isSilent: false, time: null, witnesses: [] },
  ...{ told: () => [], stamp: '' },
};

/** What is known of one sentinel. */
interface Known {
  /** The size of the log that it verified last. */
  head: number;
  /** The last item of its mailbox that was read. */
  mailbox: number;
  /** How many receipts of this signer it has. */
  receipts: number;
  answer: {
    readonly steadyMs: number;
    readonly at: Seconds;
    readonly cosigned: { readonly size: number; readonly signature: string } | null;
  } | null;
  readonly told: Map<string, Witnessed>;
  failures: number;
  /** Since when it has shown a longer log than the server does, by the steady clock. */
  aheadSinceMs: number | null;
  /** Code of what it refused last, told once. */
  refused: string | null;
  retryAtMs: number;
}

const RETRY_MS = 500;
const RETRY_MOST_MS = 10_000;
const RETRY_REFUSED_MS = 5_000;
/** How long a sentinel may be ahead of what the server shows: both follow the log by themselves. */
const AHEAD_MS = 60_000;

/**
 * The signer's side of its sentinels (design 3, "Sentinel"): asks them for the time and for every "no", has the log cosigned, has
 * people told of approvals before they count, and hands over its receipts. Outbound only. What an answer says is taken when
 * the key signed it that the charter in force names, for this very question.
 */
export class Sentinels {
  readonly #parts: SentinelsParts;
  readonly #known = new Map<string, Known>();
  /** What they brought. */
  readonly deliveries = new Deliveries();

  constructor(parts: SentinelsParts) {
    this.#parts = parts;
  }

  /**
   * Asks every sentinel of the charter. Those that do not answer are asked again later. Codes: `log.fork` when one has verified
   * another log; `journal.rolledback` when it has receipts that the journal has not; `sentinel.clock`.
   */
  async ask(followed: Followed, watch: Watch, clock: Seconds): Promise<Result<null>> {
    const asked = await Promise.all(
      watch.sentinels.map((sentinel) =>
        this.#reach(sentinel, (api, known) =>
          this.#poll(api, { sentinel, known, followed, watch, clock }),
        ),
      ),
    );
    return asked.find((one) => !one.ok) ?? ok(null);
  }

  /** Announces approvals that the signer sees for the first time, to whom they were not announced. */
  async announce(objects: readonly string[], watch: Watch): Promise<Result<null>> {
    const { sentinels } = watch;
    for (const { told } of this.#known.values())
      for (const object of told.keys()) if (!objects.includes(object)) told.delete(object);
    if (objects.length === 0) return ok(null);
    const announced = await Promise.all(
      sentinels.map((sentinel) =>
        this.#reach(sentinel, (api, known) => this.#notice(api, sentinel, known, objects)),
      ),
    );
    return announced.find((one) => !one.ok) ?? ok(null);
  }

  /** Hands over the receipts that a sentinel lacks, in order. */
  async post(
    { sentinels }: Watch,
    posted: (from: number, most: number) => readonly PostedReceipt[],
  ): Promise<void> {
    const { journal } = this.#parts;
    const hand = async (api: AskedApi, id: string, known: Known): Promise<Result<null>> => {
      while (known.receipts < journal.ledger.position) {
        const batch = posted(known.receipts, RECEIPTS_POSTED);
        const taken = await api.receipts(batch);
        if (!taken.ok) {
          this.#refused(id, known, taken.refusal);
          break;
        }
        known.receipts += batch.length;
      }
      return ok(null);
    };
    await Promise.all(
      sentinels.map((sentinel) =>
        this.#reach(sentinel, (api, known) => hand(api, sentinel.id, known)),
      ),
    );
  }

  /** What stands now, for a round over a log of this size. */
  word(watch: Watch, logSize: number): Word {
    const now = this.#parts.steadyMs();
    const answers = watch.sentinels.flatMap(({ id }) => {
      const answer = this.#known.get(id)?.answer ?? null;
      if (answer === null || now - answer.steadyMs > SENTINEL_SECONDS * 1_000) return [];
      return [{ id, ...answer }];
    });
    const witnesses = answers.flatMap(({ id, at, cosigned }) =>
      cosigned?.size === logSize
        ? [{ sentinel: id, at: formatTime(at), signature: cosigned.signature }]
        : [],
    );
    const isSilent = answers.length < watch.needed;
    const told = (object: string) =>
      watch.sentinels.flatMap(({ id }) => this.#known.get(id)?.told.get(object) ?? []);
    const acknowledged = watch.sentinels.map(({ id }) => this.#known.get(id)?.told.size ?? 0);
    return {
      needed: watch.needed,
      isSilent,
      time: answers.length === 0 ? null : Math.max(...answers.map(({ at }) => at)),
      witnesses,
      told,
      stamp: JSON.stringify([isSilent, witnesses.length, acknowledged]),
    };
  }

  /** Does the work unless the sentinel has failed just now. A fault of the network is told and ends in a later attempt. */
  async #reach(
    { id }: Sentinel,
    work: (api: AskedApi, known: Known) => Promise<Result<null>>,
  ): Promise<Result<null>> {
    const { apis, steadyMs, tell } = this.#parts;
    const api = apis.get(id);
    const known = this.#known.get(id) ?? unknownYet();
    this.#known.set(id, known);
    if (api === undefined || steadyMs() < known.retryAtMs) return ok(null);
    try {
      const done = await work(api, known);
      if (known.failures > 0) tell({ event: 'sentinel', sentinel: id, stands: 'answers' });
      known.failures = 0;
      return done;
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      if (known.failures === 0) tell({ event: 'sentinel', sentinel: id, stands: 'away' });
      known.failures += 1;
      const wait = Math.min(RETRY_MS * 2 ** Math.min(known.failures, 10), RETRY_MOST_MS);
      known.retryAtMs = steadyMs() + wait;
      return ok(null);
    }
  }

  async #poll(api: AskedApi, asked: Asked): Promise<Result<null>> {
    const { followed, known } = asked;
    const before = Math.min(known.head, followed.log.size);
    const first = await this.#pollOnce(api, asked, before);
    // Told the size that it knows, the proof fits.
    const again = first.ok && first.value === 'elsewhere' && known.head <= followed.log.size;
    const last = again ? await this.#pollOnce(api, asked, known.head) : first;
    return last.ok ? ok(null) : last;
  }

  async #pollOnce(
    api: AskedApi,
    { sentinel, known, followed, watch, clock }: Asked,
    old: number,
  ): Promise<Result<'cosigned' | 'elsewhere' | 'refused'>> {
    const { journal, nonce, steadyMs } = this.#parts;
    const { genesis, wallet } = journal.identity;
    const { state, log, note } = followed;
    const path = old === 0 || old === log.size ? [] : state.tree.consistencyProof(old, log.size);
    const poll: Poll = {
      ...{ org: genesis, sentinel: sentinel.id, wallet },
      ...{ nonce: nonce(), after: known.mailbox, checkpoint: toBase64(utf8(note)) },
      ...{ old, proof: path.map(toHex) },
    };
    const answered = await api.poll(this.#signed('poll', poll));
    const opened = answered.ok ? openMessage('answer', answered.value, sentinel.key) : answered;
    if (!opened.ok || !isAnswerTo(opened.value, poll)) {
      const refusal = opened.ok ? refuseAnswer() : opened.refusal;
      this.#refused(sentinel.id, known, refusal);
      return ok('refused');
    }
    const answer = opened.value;
    const fits = checkAnswer(answer, followed, { journal, clock, needed: watch.needed });
    if (!fits.ok) return fits;
    const text = formatCheckpoint({
      ...{ origin: watch.origin, size: log.size, root: fromHex(log.root) },
    });
    const at = secondsOf(answer.at);
    const { cosignature } = answer;
    this.deliveries.take(sentinel.id, answer.mailbox, known.mailbox);
    known.mailbox = Math.max(known.mailbox, answer.mailbox.at(-1)?.number ?? 0);
    // Who has not read every "no" to its end signs nothing by this answer.
    const isRead = known.mailbox >= answer.last;
    const isCosigned =
      isRead &&
      cosignature !== null &&
      verifyEd25519(fromHex(sentinel.key), cosignatureToSign(text, at), fromHex(cosignature));
    this.#compareHeads(sentinel.id, known, { theirs: answer.log.size, own: log.size });
    known.head = answer.log.size;
    known.receipts = answer.journal.position;
    known.answer = {
      steadyMs: steadyMs(),
      at,
      cosigned: isCosigned ? { size: log.size, signature: cosignature } : null,
    };
    return ok(isCosigned ? 'cosigned' : 'elsewhere');
  }

  /** A server that withholds entries is told of, once it has had the time to show them. */
  #compareHeads(
    sentinel: string,
    known: Known,
    { theirs, own }: { readonly theirs: number; readonly own: number },
  ): void {
    const now = this.#parts.steadyMs();
    known.aheadSinceMs = theirs > own ? (known.aheadSinceMs ?? now) : null;
    const isLong = known.aheadSinceMs !== null && now - known.aheadSinceMs >= AHEAD_MS;
    if (!isLong) {
      known.refused = null;
      return;
    }
    const refusal: Refusal = { code: 'sentinel.ahead', facts: { sentinel: theirs, server: own } };
    if (known.refused !== refusal.code)
      this.#parts.tell({ event: 'sentinel-refused', sentinel, refusal });
    known.refused = refusal.code;
  }

  async #notice(
    api: AskedApi,
    { id, key }: Sentinel,
    known: Known,
    all: readonly string[],
  ): Promise<Result<null>> {
    const { journal, nonce } = this.#parts;
    const { genesis, wallet } = journal.identity;
    const objects = all.filter((object) => !known.told.has(object)).slice(0, NOTICE_OBJECTS);
    if (objects.length === 0) return ok(null);
    const notice: Notice = { org: genesis, sentinel: id, wallet, nonce: nonce(), objects };
    const answered = await api.notice(this.#signed('notice', notice));
    if (!answered.ok) {
      this.#refused(id, known, answered.refusal);
      return ok(null);
    }
    for (const message of answered.value) {
      const told = openMessage('told', message, key);
      if (!told.ok) continue;
      const { org, sentinel, wallet: theirs, object, at } = told.value;
      if (org !== genesis || sentinel !== id || theirs !== wallet) continue;
      if (objects.includes(object))
        known.told.set(object, { sentinel: id, at, signature: message.signature });
    }
    return ok(null);
  }

  /** Told once for each code, and asked again in a while. */
  #refused(sentinel: string, known: Known, refusal: Refusal): void {
    const { steadyMs, tell } = this.#parts;
    if (known.refused !== refusal.code) tell({ event: 'sentinel-refused', sentinel, refusal });
    known.refused = refusal.code;
    known.retryAtMs = steadyMs() + RETRY_REFUSED_MS;
  }

  #signed<K extends MessageKind>(
    kind: K,
    message: Parameters<typeof messageDigest<K>>[1],
  ): SignedMessage {
    const text = fromUtf8(canonicalBytes(message)) ?? '';
    return { text, signature: this.#parts.sign(messageDigest(kind, message)) };
  }
}

interface Asked {
  readonly sentinel: Sentinel;
  readonly known: Known;
  readonly followed: Followed;
  readonly watch: Watch;
  readonly clock: Seconds;
}

function unknownYet(): Known {
  return {
    ...{ head: 0, mailbox: 0, receipts: 0, answer: null },
    ...{ told: new Map(), failures: 0, refused: null, retryAtMs: 0 },
    aheadSinceMs: null,
  };
}
