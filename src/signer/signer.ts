import type { Api } from '../client/api.ts';
import type { Followed, LogFollower } from '../client/log-follower.ts';
import { assert } from '../core/base/assert.ts';
import { fromUtf8 } from '../core/base/bytes.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import { blobAddress } from '../core/base/digest.ts';
import { RECEIPTS_POSTED } from '../core/base/limits.ts';
import type { Refusal, Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import type { Ledger } from '../core/log/ledger.ts';
import { bumpsOf } from '../core/log/ledger.ts';
import type { Receipt, ReceiptOf } from '../core/log/receipt.ts';
import type { WalletRecord } from '../core/log/state.ts';
import { signInputs } from '../core/psbt/signatures.ts';
import type { AccountSigner } from '../keys/account-key.ts';
import type { Action, Signable } from './decide.ts';
import { decide, signerTime } from './decide.ts';
import type { Journal } from './journal.ts';
import { compareWithLog } from './journal.ts';
import type { ReceiptKey } from './receipt-key.ts';

/** What happened, for the operator's eyes: never read back by anything. */
export type SignerEvent =
  | { readonly event: 'started' | 'waiting-for-wallet' }
  | { readonly event: 'skipped'; readonly index: number; readonly code: string }
  | { readonly event: 'reserve' | 'sign'; readonly proposal: string }
  | { readonly event: 'refusal' | 'release'; readonly proposal: string; readonly code: string }
  | { readonly event: 'force'; readonly kind: string; readonly document: string }
  | { readonly event: 'lift'; readonly freeze: string }
  | { readonly event: 'address'; readonly index: number }
  | { readonly event: 'refused'; readonly refusal: Refusal }
  | { readonly event: 'not-posted'; readonly refusal: Refusal };

export interface SignerParts {
  readonly journal: Journal;
  readonly receiptKey: ReceiptKey;
  readonly account: AccountSigner;
  readonly follower: LogFollower;
  readonly api: Pick<Api, 'postReceipts'>;
  /** Refuses while the host's clock cannot be believed (signer-clock.ts). */
  readonly clock: () => Result<Seconds>;
  readonly tell: (event: SignerEvent) => void;
}

type Frame = Omit<ReceiptOf<'started'>, 'record' | 'walletDigest' | 'firstAddress' | 'keyProof'>;
type Body = Receipt extends infer R ? (R extends Receipt ? Omit<R, keyof Frame> : never) : never;

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
  #judged = { size: -1, position: -1, until: 0 };

  constructor(parts: SignerParts) {
    this.#parts = parts;
  }

  /** True once the start is journalled: the wallet is in force and the log agrees with the journal. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /**
   * Reads, decides, posts. Codes: those of the follower, `journal.rolledback`, `signer.time`, `document.stale`
   * when another document than that of `init` is in force. Throws on network faults.
   */
  async tick(): Promise<Result<null>> {
    const { journal, follower, clock, tell } = this.#parts;
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
    const own = clock();
    if (!own.ok) return own;
    const now = signerTime(journal.ledger, own.value);
    if (!now.ok) return now;
    this.#round(followed.value, wallet, now.value);
    return this.#post(state.ledgers.get(id)?.position ?? 0, now.value);
  }

  #round(followed: Followed, wallet: WalletRecord, now: Seconds): void {
    const { journal, tell } = this.#parts;
    const { state, log } = followed;
    if (!this.#hasStarted) this.#start(followed, wallet, now);
    const { position } = journal.ledger;
    const { size, position: judged, until } = this.#judged;
    if (size === log.size && judged === position && now < until) return;
    const round = decide({ state, ledger: journal.ledger, wallet: wallet.id, now });
    let step = round.next();
    for (; step.done !== true; step = round.next()) {
      this.#execute(step.value, followed, wallet, now);
      if (step.value.record !== 'sight') tell(eventOf(step.value));
    }
    this.#judged = { size: log.size, position, until: step.value };
  }

  #start(followed: Followed, wallet: WalletRecord, now: Seconds): void {
    const { journal, account, tell } = this.#parts;
    const firstAddress = wallet.wallet.address(0, 0);
    const { genesis, walletDigest } = journal.identity;
    const keyProof = account.proveKey(genesis, walletDigest, firstAddress);
    this.#write({ record: 'started', walletDigest, firstAddress, keyProof }, followed, now);
    this.#hasStarted = true;
    tell({ event: 'started' });
  }

  #execute(action: Action, followed: Followed, wallet: WalletRecord, now: Seconds): void {
    if (action.record !== 'sign') {
      this.#write(action, followed, now);
      return;
    }
    const { journal, account } = this.#parts;
    const { record: _, ...about } = action;
    const proposal = followed.state.proposals.get(about.proposal);
    const found = about.version === undefined ? proposal : proposal?.versions[about.version - 1];
    assert(found !== undefined, 'what was judged is in the state');
    // On the disk before the signature exists; after a crash the same bytes are signed again, to the same signature.
    if (!isIntended(journal.ledger, about))
      this.#write({ record: 'intent', ...about }, followed, now);
    const signatures = signInputs(wallet.wallet, found, {
      keyIndex: wallet.hotKeyIndex,
      sign: account.sign,
    });
    const blob = canonicalBytes(signatures);
    this.#write({ record: 'signed', ...about, signatures: blobAddress(blob) }, followed, now, blob);
  }

  #write(body: Body, followed: Followed, now: Seconds, ...blobs: readonly Uint8Array[]): void {
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
      log: followed.log,
    };
    journal.append(receiptKey.sign({ ...frame, ...body }), blobs);
  }

  /** Posts what the log does not hold yet, in order. A refusal is told and tried again: the journal has it. */
  async #post(inLog: number, now: Seconds): Promise<Result<null>> {
    const { journal, api, tell } = this.#parts;
    const waits = now < this.#posted.at + POST_AGAIN_SECONDS;
    let position = waits ? Math.max(inLog, this.#posted.position) : inLog;
    while (position < journal.ledger.position) {
      const batch = journal.receiptsFrom(position, RECEIPTS_POSTED);
      const posted = await api.postReceipts(
        batch.map(({ receipt, signature }) => ({
          receipt: textOf(receipt),
          signature,
          blobs: blobsOfReceipt(receipt, journal),
        })),
      );
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

/** Whether a signature may exist. */
function isIntended(ledger: Ledger, { proposal, version }: Signable): boolean {
  return version === undefined
    ? ledger.intents.has(proposal)
    : bumpsOf(ledger, proposal).intended.includes(version);
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
