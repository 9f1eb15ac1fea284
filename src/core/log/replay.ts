import type { Moment, Verdict } from '../authorise.ts';
import { authoriseVersion } from '../authorise-version.ts';
import { verifyDeviceSignature } from '../approval/verify.ts';
import { authorise, reservationEnd } from '../authorise.ts';
import { assert } from '../base/assert.ts';
import { fromUtf8, utf8 } from '../base/bytes.ts';
import type { Refusal, Result } from '../base/result.ts';
import { parseTime } from '../base/time.ts';
import type { Step } from '../governance/steps.ts';
import { nextStep } from '../governance/steps.ts';
import { mostFeeSats } from '../proposal/replacement.ts';
import { countTold, countWitnesses, watchOf } from '../sentinel/witnesses.ts';
import { addressContradiction } from './addresses.ts';
import { saidIn } from './admit-receipt.ts';
import type { StatementTools } from './admit-statement.ts';
import type { Entry } from './entry.ts';
import { parseEntry } from './entry.ts';
import { admitHeard } from './heard.ts';
import type { Ledger } from './ledger.ts';
import { applyReceipt, checkReceipt, createLedger } from './ledger.ts';
import type { Receipt, ReceiptOf } from './receipt.ts';
import type { FoldTools, ProposalRecord, State } from './state.ts';
import { admit, admitParsed, advance, createState } from './state.ts';

/**
 * The auditor's replay: every receipt is judged again, with the log as its signer had read it, the receipts it had
 * written before, and its time. Whoever holds the leaves and blobs needs nothing and nobody else.
 */

/** One thing that does not hold. `index` is the leaf. */
export interface Finding {
  readonly index: number;
  readonly kind: 'skipped' | 'receipt';
  readonly refusal: Refusal;
}

export interface Replay {
  /** After the last leaf. */
  readonly state: State;
  /** Receipts whose verdict was judged again and found right. */
  readonly receipts: number;
  /** Entries without effect, and receipts that contradict the rules. */
  readonly findings: readonly Finding[];
}

/** A receipt on a proposal, judged again: with what its signer had read, before the receipt was written. */
export interface Judged extends Moment {
  readonly receipt: ReceiptOf<'reserve' | 'release' | 'refusal' | 'intent' | 'signed'>;
  readonly verdict: Verdict;
  /** Its signer wrote no more of this proposal. */
  readonly isLast: boolean;
}

/** Looks on while a log is replayed, and changes nothing. A moment is good only while it is told. */
export interface Witness {
  /** What was told before is void: it begins anew. */
  begin(): void;
  see(judged: Judged): void;
}

export interface ReplayTools extends FoldTools {
  readonly witness?: Witness;
  /** Told how many leaves are folded, after each. */
  readonly progress?: (folded: number) => void;
}

/** The leaves of a log. */
interface Leaves {
  readonly size: number;
  readonly at: (index: number) => Uint8Array;
}

/**
 * Folds all leaves, of 0 to `size` - 1, and judges every receipt again, each when the fold has come as far as its signer had read. Returns
 * findings in the order of the log, and fails with `log.blob.missing` where a blob is not there.
 */
export function replay(
  genesis: string,
  size: number,
  at: (index: number) => Uint8Array,
  tools: ReplayTools,
): Replay | Refusal {
  const leaves = { size, at };
  // Whether a receipt takes effect shows only where it stands, later than where it is judged. Mostly all do.
  const found = foldAndJudge(genesis, leaves, tools, new Set());
  if (found !== null) return found;
  const idle = receiptsWithoutEffect(genesis, leaves, tools);
  if ('code' in idle) return idle;
  const again = foldAndJudge(genesis, leaves, tools, idle);
  assert(again !== null, 'which receipts take effect is known');
  return again;
}

/** Null when a receipt outside `idle` has no effect: then what was judged after it is void. */
function foldAndJudge(
  genesis: string,
  leaves: Leaves,
  tools: ReplayTools,
  idle: ReadonlySet<number>,
): Replay | Refusal | null {
  tools.witness?.begin();
  const state = createState(genesis);
  const parse = tools.parse ?? parseEntry;
  const { witness, blobs, verify = verifyDeviceSignature } = tools;
  const past = new Past(state, { witness, parse, blobs, verify }, announced(leaves, idle));
  const findings: Finding[] = [];
  for (let index = 0; index < leaves.size; index++) {
    if (!past.judgeAt(index, leaves)) return null;
    const leaf = leaves.at(index);
    const judged = past.take(index);
    const admission = admitParsed(state, judged?.parsed ?? parse(leaf), tools);
    if (admission.kind === 'missing')
      return { code: 'log.blob.missing', facts: { index, blob: admission.blob } };
    const isReceipt = admission.kind === 'apply' && admission.entry.type === 'receipt';
    if (isReceipt !== (judged !== undefined)) return null;
    if (admission.kind === 'skip')
      findings.push({ index, kind: 'skipped', refusal: admission.refusal });
    if (judged?.refusal !== undefined && judged.refusal !== null)
      findings.push({ index, kind: 'receipt', refusal: judged.refusal });
    advance(state, leaf, admission);
    tools.progress?.(index + 1);
  }
  return { state, receipts: past.right, findings };
}

/** Indexes of the receipts that stand in the log without effect. */
function receiptsWithoutEffect(
  genesis: string,
  leaves: Leaves,
  tools: FoldTools,
): ReadonlySet<number> | Refusal {
  const state = createState(genesis);
  const idle = new Set<number>();
  for (let index = 0; index < leaves.size; index++) {
    const leaf = leaves.at(index);
    const admission = admit(state, leaf, tools);
    if (admission.kind === 'missing')
      return { code: 'log.blob.missing', facts: { index, blob: admission.blob } };
    if (admission.kind === 'skip' && announcedBy(leaf) !== null) idle.add(index);
    advance(state, leaf, admission);
  }
  return idle;
}

/** What a leaf that may be a receipt says of itself, before anything of it is checked. */
interface Announced {
  readonly index: number;
  readonly logSize: number;
  /** Null where it is about none, or about a version of one. */
  readonly proposal: string | null;
}

/** The receipts by the size of the log that their signer had read, each in the order of the log. */
function announced(leaves: Leaves, idle: ReadonlySet<number>): Announcements {
  const bySize = new Map<number, Announced[]>();
  const last = new Map<string, number>();
  for (let index = 0; index < leaves.size; index++) {
    const found = idle.has(index) ? null : announcedBy(leaves.at(index));
    // Who names more than stands before him has no effect.
    if (found === null || found.logSize > index) continue;
    const known = bySize.get(found.logSize);
    if (known === undefined) bySize.set(found.logSize, [{ ...found, index }]);
    else known.push({ ...found, index });
    if (found.proposal !== null) last.set(found.proposal, index);
  }
  return { bySize, last };
}

interface Announcements {
  readonly bySize: Map<number, readonly Announced[]>;
  /** By proposal, the index of the last receipt on it. */
  readonly last: ReadonlyMap<string, number>;
}

/** The first bytes of a receipt's leaf: keys of canonical JSON stand in order. */
const receiptHead = utf8('{"receipt":');

function announcedBy(leaf: Uint8Array): Omit<Announced, 'index'> | null {
  if (!receiptHead.every((byte, i) => leaf[i] === byte)) return null;
  try {
    const { receipt } = JSON.parse(fromUtf8(leaf) ?? '') as {
      readonly receipt?: {
        readonly log?: { readonly size?: unknown };
        readonly proposal?: unknown;
        readonly version?: unknown;
      };
    };
    const logSize = receipt?.log?.size;
    const proposal = receipt?.version === undefined ? receipt?.proposal : null;
    if (typeof logSize !== 'number') return null;
    return { logSize, proposal: typeof proposal === 'string' ? proposal : null };
  } catch {
    return null; // no JSON, so no entry
  }
}

interface JudgedEntry {
  readonly parsed: Result<Entry>;
  readonly refusal: Refusal | null;
}

/** Judges receipts in the state as their signers had read it, and keeps each signer's ledger up to there. */
class Past {
  right = 0;
  readonly #ledgers = new Map<string, Ledger>();
  /** Judged, and not reached yet. */
  readonly #judged = new Map<number, JudgedEntry>();

  constructor(
    private readonly state: State,
    private readonly tools: StatementTools & {
      readonly witness: Witness | undefined;
      readonly parse: typeof parseEntry;
    },
    private readonly announcements: Announcements,
  ) {}

  /** Judges what was written by who had read so much. False when one of them cannot take effect. */
  judgeAt(size: number, leaves: Leaves): boolean {
    const { bySize, last } = this.announcements;
    for (const { index, proposal } of bySize.get(size) ?? []) {
      const parsed = this.tools.parse(leaves.at(index));
      if (!parsed.ok || parsed.value.type !== 'receipt') return false;
      const isLast = proposal !== null && last.get(proposal) === index;
      const refusal = this.#judge(parsed.value.receipt, isLast ? 'last' : 'earlier');
      if (refusal === 'impossible') return false;
      this.#judged.set(index, { parsed, refusal });
      if (refusal === null) this.right += 1;
    }
    bySize.delete(size);
    return true;
  }

  /** What was said of the receipt at an index; undefined when there is none. */
  take(index: number): JudgedEntry | undefined {
    const found = this.#judged.get(index);
    this.#judged.delete(index);
    return found;
  }

  #judge(receipt: Receipt, place: Place): Refusal | 'impossible' | null {
    const { state } = this;
    const ledger = this.#ledgers.get(receipt.wallet) ?? createLedger();
    this.#ledgers.set(receipt.wallet, ledger);
    if (!checkReceipt(ledger, receipt).ok) return 'impossible';
    const now = parseTime(receipt.at);
    assert(now !== undefined, 'the schema admits only times');
    const reason =
      receipt.record === 'heard'
        ? heardContradiction(state, receipt, this.tools)
        : contradiction({ state, ledger, now }, receipt, (judged) => {
            this.tools.witness?.see({ ...judged, isLast: place === 'last' });
          });
    applyReceipt(ledger, receipt);
    return reason === null
      ? null
      : {
          code: 'package.replay.mismatch',
          facts: { wallet: receipt.wallet, position: receipt.position, ...reason },
        };
  }
}

/** Whether its signer wrote of the same proposal afterwards. */
type Place = 'last' | 'earlier';

/** A "no" from outside the log is one that the log would have taken. */
function heardContradiction(
  state: State,
  receipt: ReceiptOf<'heard'>,
  tools: StatementTools,
): Contradiction | null {
  const heard = admitHeard(state, receipt.wallet, saidIn(receipt), tools);
  return heard.ok ? null : { record: receipt.record, found: heard.refusal.code };
}

/** What the rules say against a receipt, or null. */
function contradiction(
  { state, ledger, now }: Omit<Moment, 'proposal'>,
  receipt: Exclude<Receipt, ReceiptOf<'heard'>>,
  witness: (judged: Omit<Judged, 'isLast'>) => void,
): Contradiction | null {
  const wrong = (found: string) => ({ record: receipt.record, found });
  if (receipt.record === 'started') return null;
  const step = nextStep(state, ledger, receipt.wallet, now);
  if (
    receipt.record === 'force' ||
    receipt.record === 'lift' ||
    (receipt.record === 'sight' && receipt.kind === 'document')
  )
    return step !== null && isStep(receipt, step) ? null : wrong(step?.record ?? 'nothing to do');
  // Documents come first: who leaves a tightening out signs by rules that are in force no more.
  if (step !== null) return wrong(step.record);
  const watch = watchOf(state, ledger);
  if (receipt.record === 'sight') {
    if (!state.statements.has(receipt.object))
      return wrong('sight of something the log does not hold');
    const told = watch.needed === 0 ? 0 : countTold(watch, receipt);
    return told < watch.needed ? wrong(`${String(told)} sentinels were told of it`) : null;
  }
  if (receipt.record === 'address') {
    const reason = addressContradiction(state, ledger, receipt);
    return reason === null ? null : wrong(reason);
  }
  const proposal = state.proposals.get(receipt.proposal);
  if (proposal === undefined) return wrong('proposal.unknown');
  const bump = authoriseVersion(state, ledger, receipt.proposal, now);
  const version = 'version' in receipt ? receipt.version : undefined;
  if (version !== bump?.version.version)
    return wrong(`version ${String(bump?.version.version ?? 0)}`);
  const verdict = bump?.verdict ?? authorise(state, ledger, receipt.proposal, now);
  // What policies are replayed over is the decision on the proposal: a fee bump is none of its own.
  if (bump === null) witness({ state, ledger, proposal, now, receipt, verdict });
  const found = verdict.refusal?.code ?? verdict.outcome;
  switch (receipt.record) {
    case 'reserve':
      if (!verdict.reserve || verdict.outcome !== 'pending') return wrong(found);
      return takes(proposal, receipt) ? null : wrong('another amount or fee than the spend');
    case 'intent': {
      const witnesses = watch.needed === 0 ? 0 : countWitnesses(watch, receipt);
      if (witnesses < watch.needed) return wrong(`cosigned by ${String(witnesses)} sentinels`);
      return verdict.outcome === 'authorised' ? null : wrong(found);
    }
    case 'signed':
      return verdict.outcome === 'authorised' ? null : wrong(found);
    case 'release':
      return reservationEnd(verdict) === receipt.code ? null : wrong(found);
    case 'refusal':
      // Nobody but the signer knows how long its sentinels were silent; and it may always say no.
      if (receipt.code === 'sentinel.silent')
        return verdict.outcome === 'authorised' && watch.needed > 0 ? null : wrong(found);
      return verdict.refusal?.code === receipt.code ? null : wrong(found);
  }
}

interface Contradiction {
  readonly record: string;
  readonly found: string;
}

/** Whether a receipt records just the step that was next. */
function isStep(receipt: ReceiptOf<'sight' | 'force' | 'lift'>, step: Step): boolean {
  return Object.entries(step).every(
    ([name, value]) => (receipt as Readonly<Record<string, unknown>>)[name] === value,
  );
}

/** Whether a reservation says what its spend takes. */
function takes(proposal: ProposalRecord, receipt: ReceiptOf<'reserve'>): boolean {
  return (
    proposal.view.amountSats === BigInt(receipt.amountSats) &&
    mostFeeSats(proposal) === BigInt(receipt.feeSats)
  );
}
