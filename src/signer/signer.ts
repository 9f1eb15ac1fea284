import type { Api, PostedReceipt } from '../client/api.ts';
import type { Followed, LogFollower } from '../client/log-follower.ts';
import { statementDigest } from '../core/approval/statement.ts';
import { verifyDeviceSignature } from '../core/approval/verify.ts';
import { unsighted } from '../core/authorise.ts';
import { assert } from '../core/base/assert.ts';
import { fromUtf8 } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import { RECEIPTS_POSTED } from '../core/base/limits.ts';
import type { Refusal, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import { inForce } from '../core/governance/in-force.ts';
import { admitHeard, wasHeard } from '../core/log/heard.ts';
import type { Receipt, ReceiptOf } from '../core/log/receipt.ts';
import type { State, WalletRecord } from '../core/log/state.ts';
import { signInputs } from '../core/psbt/signatures.ts';
import type { Watch } from '../core/sentinel/witnesses.ts';
import { watchBy, watchOf } from '../core/sentinel/witnesses.ts';
import type { AccountSigner } from '../keys/account-key.ts';
import type { Action } from './decide.ts';
import { decide, isIntended, signerTime } from './decide.ts';
import type { Journal } from './journal.ts';
import { compareWithLog } from './journal.ts';
import type { ReceiptKey } from './receipt-key.ts';
import type { SentinelEvent, Sentinels, Word } from './sentinels.ts';

/** What happened, for the operator's eyes: never read back by anything. */
export type SignerEvent =
  | { readonly event: 'started' | 'waiting-for-wallet' }
  | { readonly event: 'skipped'; readonly index: number; readonly code: string }
  | { readonly event: 'reserve' | 'sign'; readonly proposal: string }
  | { readonly event: 'refusal' | 'release'; readonly proposal: string; readonly code: string }
  | { readonly event: 'force'; readonly kind: string; readonly document: string }
  | { readonly event: 'lift'; readonly freeze: string }
  | { readonly event: 'address'; readonly index: number }
  | { readonly event: 'heard'; readonly sentinel: string; readonly statement: string }
  | SentinelEvent
  | { readonly event: 'refused'; readonly refusal: Refusal }
  | { readonly event: 'not-posted'; readonly refusal: Refusal };

export interface SignerParts {
  readonly journal: Journal;
  readonly receiptKey: ReceiptKey;
  readonly account: AccountSigner;
  readonly follower: LogFollower;
  readonly api: Pick<Api, 'postReceipts'>;
  readonly sentinels: Sentinels;
  /** Refuses where one person could start it alone: then it serves no wallet that is held for others. */
  readonly custody: Result<null>;
  /** Refuses while the host's clock cannot be believed (signer-clock.ts). */
  readonly clock: () => Result<Seconds>;
  readonly tell: (event: SignerEvent) => void;
}

type Frame = Omit<ReceiptOf<'started'>, 'record' | 'walletDigest' | 'firstAddress' | 'keyProof'>;
type Body = Receipt extends infer R ? (R extends Receipt ? Omit<R, keyof Frame> : never) : never;

/** What one round is decided over. */
interface Round extends Followed {
  readonly wallet: WalletRecord;
  readonly word: Word;
  /** Signer time. */
  readonly now: Seconds;
}

/** How long posted receipts may take to show in the log before they are posted again. */
const POST_AGAIN_SECONDS = 5;

/**
 * One wallet's signer. Each {@link tick} reads the log, decides and posts; between two ticks everything that
 * matters stands in the journal, so that it may be killed at any moment.
 */
export class Signer {
  readonly #parts: SignerParts;
  #hasStarted = false;
  #isWaiting = false;
  /** Position up to which receipts were posted, and when. */
  #posted = { position: 0, at: 0 };
  /** What the last round was decided over, and how long it holds: nothing is judged twice for nothing. */
  #judged = { size: -1, position: -1, stamp: '', until: 0 };
  /** Over which log every "no" was looked at last, and how many had been delivered. */
  #heardAt = { size: -1, count: 0 };

  constructor(parts: SignerParts) {
    this.#parts = parts;
  }

  /** True once the start is journalled: the wallet is in force and the log agrees with the journal. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /**
   * Reads, decides, posts. Codes: those of the follower, `journal.rolledback`, `signer.time`, `document.stale`
   * when another document than that of `init` is in force, `key.unlockers.custody` where a later version of the wallet is held for
   * others. Throws on network faults.
   */
  async tick(): Promise<Result<null>> {
    const { journal, follower, sentinels, clock, custody, tell } = this.#parts;
    const followed = await follower.follow();
    if (!followed.ok) return followed;
    const { state, skipped } = followed.value;
    for (const { index, refusal } of skipped) tell({ event: 'skipped', index, code: refusal.code });
    const { wallet: id, walletDigest } = journal.identity;
    const compared = compareWithLog(journal, state.ledgers.get(id));
    if (!compared.ok) return compared;
    const wallet = state.wallets.get(id);
    if (wallet === undefined) {
      if (!this.#isWaiting) tell({ event: 'waiting-for-wallet' });
      this.#isWaiting = true;
      return ok(null);
    }
    if (wallet.root.digest !== walletDigest)
      return refuse('document.stale', { wallet: id, named: walletDigest });
    const isForOthers = state.wallets.get(id)?.body.custody === true;
    if (isForOthers && !custody.ok) return custody;
    const own = clock();
    if (!own.ok) return own;
    const watch = this.#watch(state);
    const asked = await sentinels.ask(followed.value, watch, own.value);
    if (!asked.ok) return asked;
    await sentinels.announce(unsighted(state, journal.ledger, id), watch);
    const word = sentinels.word(watch, followed.value.log.size);
    const now = signerTime(journal.ledger, timeBy(word, own.value));
    if (!now.ok) return now;
    const round = { ...followed.value, word, wallet, now: now.value };
    if (!this.#hasStarted) this.#start(round);
    this.#hear(round);
    this.#decide(round);
    await sentinels.post(watch, (from, most) => this.#postable(from, most));
    return this.#post(state.ledgers.get(id)?.position ?? 0, now.value);
  }

  /** The sentinels to ask. Before a charter is in force here, those of the newest: a journal that was made anew is caught by them. */
  #watch(state: State): Watch {
    const { ledger } = this.#parts.journal;
    const newest = state.charter?.document.body;
    return inForce(state, ledger) === null && newest !== undefined
      ? { ...watchBy(newest), needed: 0 }
      : watchOf(state, ledger);
  }

  /** Before anything else every "no" that came by a sentinel. Where the log is too short to tell, it waits for more of it. */
  #hear(round: Round): void {
    const { journal, tell } = this.#parts;
    const { deliveries } = this.#parts.sentinels;
    const { state, log, wallet } = round;
    const { count } = deliveries;
    if (this.#heardAt.size === log.size && this.#heardAt.count === count) return;
    const tools = {
      blobs: (sha256: string) => journal.log.blob(sha256),
      verify: verifyDeviceSignature,
    };
    for (const delivered of deliveries.waiting()) {
      const { sentinel, statement, signature } = delivered;
      const said = { statement, signature };
      if (wasHeard(state, journal.ledger, said)) {
        deliveries.settle(delivered);
      } else if (admitHeard(state, wallet.id, said, tools).ok) {
        this.#write({ record: 'heard', sentinel, ...said }, round);
        tell({ event: 'heard', sentinel, statement: statementDigest(statement) });
        deliveries.settle(delivered);
      }
    }
    this.#heardAt = { size: log.size, count };
  }

  #decide(round: Round): void {
    const { journal, tell } = this.#parts;
    const { state, log, wallet, word, now } = round;
    const { position } = journal.ledger;
    const judged = this.#judged;
    const isSame = judged.size === log.size && judged.position === position;
    if (isSame && judged.stamp === word.stamp && now < judged.until) return;
    const decided = decide({ state, ledger: journal.ledger, wallet: wallet.id, now, word });
    let step = decided.next();
    for (; step.done !== true; step = decided.next()) {
      this.#execute(step.value, round);
      if (step.value.record !== 'sight') tell(eventOf(step.value));
    }
    this.#judged = { size: log.size, position, stamp: word.stamp, until: step.value };
  }

  #start(round: Round): void {
    const { journal, account, tell } = this.#parts;
    const { wallet } = round;
    const firstAddress = wallet.wallet.address(0, 0);
    const { genesis, walletDigest } = journal.identity;
    const keyProof = account.proveKey(genesis, walletDigest, firstAddress);
    this.#write({ record: 'started', walletDigest, firstAddress, keyProof }, round);
    this.#hasStarted = true;
    tell({ event: 'started' });
  }

  #execute(action: Action, round: Round): void {
    if (action.record !== 'sign') {
      this.#write(action, round);
      return;
    }
    const { journal, account } = this.#parts;
    const { wallet } = round;
    const { record: _, witnesses, ...about } = action;
    const proposal = round.state.proposals.get(about.proposal);
    const found = about.version === undefined ? proposal : proposal?.versions[about.version - 1];
    assert(found !== undefined, 'what was judged is in the state');
    // On the disk before the signature exists; after a crash the same bytes are signed again, to the same signature.
    if (!isIntended(journal.ledger, about))
      this.#write(
        { record: 'intent', ...about, ...(witnesses === undefined ? {} : { witnesses }) },
        round,
      );
    const signatures = signInputs(wallet.wallet, found, {
      keyIndex: wallet.hotKeyIndex,
      sign: account.sign,
    });
    const blob = canonicalBytes(signatures);
    this.#write({ record: 'signed', ...about, signatures: blobAddress(blob) }, round, blob);
  }

  #write(body: Body, { log, now }: Round, ...blobs: readonly Uint8Array[]): void {
    const { journal, receiptKey } = this.#parts;
    const { genesis, wallet, signer } = journal.identity;
    const frame: Frame = {
      org: genesis,
      wallet,
      signer,
      epoch: 1,
      position: journal.ledger.position,
      previous: journal.ledger.previous,
      at: formatTime(now),
      log,
    };
    journal.append(receiptKey.sign({ ...frame, ...body }), blobs);
  }

  /** Receipts from a position on, as they are handed over. */
  #postable(from: number, most: number): readonly PostedReceipt[] {
    const { journal } = this.#parts;
    return journal.receiptsFrom(from, most).map(({ receipt, signature }) => ({
      receipt: textOf(receipt),
      signature,
      blobs: blobsOfReceipt(receipt, journal),
    }));
  }

  /** Posts what the log does not hold yet, in order. A refusal is told and tried again: the journal has it. */
  async #post(inLog: number, now: Seconds): Promise<Result<null>> {
    const { journal, api, tell } = this.#parts;
    const waits = now < this.#posted.at + POST_AGAIN_SECONDS;
    let position = waits ? Math.max(inLog, this.#posted.position) : inLog;
    while (position < journal.ledger.position) {
      const batch = this.#postable(position, RECEIPTS_POSTED);
      const posted = await api.postReceipts(batch);
      if (!posted.ok) {
        tell({ event: 'not-posted', refusal: posted.refusal });
        return ok(null);
      }
      position += batch.length;
      this.#posted = { position, at: now };
    }
    return ok(null);
  }
}

/**
 * The clock that spends are judged by: never ahead of what a needed sentinel said last (design 3, step 4). While all are silent
 * nothing is spent, and documents, which may replace them, go by the host's.
 */
function timeBy({ needed, isSilent, time }: Word, own: Seconds): Seconds {
  return needed === 0 || isSilent || time === null ? own : Math.min(own, time);
}

function textOf(receipt: Receipt): string {
  const text = fromUtf8(canonicalBytes(receipt));
  assert(text !== undefined, 'canonical JSON is UTF-8');
  return text;
}

function blobsOfReceipt(receipt: Receipt, journal: Journal): readonly Uint8Array[] {
  if (receipt.record !== 'signed') return [];
  const blob = journal.log.blob(receipt.signatures);
  assert(blob !== undefined, 'a signature is journalled with its receipt');
  return [blob];
}

function eventOf(action: Exclude<Action, { record: 'sight' }>): SignerEvent {
  switch (action.record) {
    case 'reserve':
    case 'sign':
      return { event: action.record, proposal: action.proposal };
    case 'force':
      return { event: 'force', kind: action.kind, document: action.document };
    case 'lift':
      return { event: 'lift', freeze: action.freeze };
    case 'address':
      return { event: 'address', index: action.index };
    case 'refusal':
    case 'release':
      return { event: action.record, proposal: action.proposal, code: action.code };
  }
}
