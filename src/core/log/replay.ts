import type { Moment, Verdict } from '../authorise.ts';
import { authorise, reservationEnd } from '../authorise.ts';
import { assert } from '../base/assert.ts';
import type { Refusal } from '../base/result.ts';
import { parseTime } from '../base/time.ts';
import type { Step } from '../governance/steps.ts';
import { nextStep } from '../governance/steps.ts';
import type { Ledger } from './ledger.ts';
import { applyReceipt, checkReceipt, createLedger } from './ledger.ts';
import type { Receipt, ReceiptOf } from './receipt.ts';
import type { FoldTools, ProposalRecord, State } from './state.ts';
import { admit, advance, createState } from './state.ts';

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

interface LoggedReceipt {
  readonly index: number;
  readonly receipt: Receipt;
}

/** A receipt on a proposal, judged again: with what its signer had read, before the receipt was written. */
export interface Judged extends Moment {
  readonly receipt: ReceiptOf<'reserve' | 'release' | 'refusal' | 'intent' | 'signed'>;
  readonly verdict: Verdict;
  /** Its signer wrote no more of this proposal. */
  readonly isLast: boolean;
}

export interface ReplayTools extends FoldTools {
  /** Looks on, and changes nothing: the moment is good only while it is told. */
  readonly witness?: (judged: Judged) => void;
}

/**
 * Folds all leaves and judges every receipt again. `leaves(i)` gives a leaf of 0 to `size` - 1; it is read twice.
 * Returns findings in the order of the log, and fails with `log.blob.missing` where a blob is not there.
 */
export function replay(
  genesis: string,
  size: number,
  leaves: (index: number) => Uint8Array,
  tools: ReplayTools,
): Replay | Refusal {
  const state = createState(genesis);
  const receipts: LoggedReceipt[] = [];
  const findings: Finding[] = [];
  for (let index = 0; index < size; index++) {
    const leaf = leaves(index);
    const admission = admit(state, leaf, tools);
    if (admission.kind === 'missing')
      return { code: 'log.blob.missing', facts: { index, blob: admission.blob } };
    if (admission.kind === 'skip')
      findings.push({ index, kind: 'skipped', refusal: admission.refusal });
    else if (admission.entry.type === 'receipt')
      receipts.push({ index, receipt: admission.entry.receipt });
    advance(state, leaf, admission);
  }
  // What a signer had read when it wrote a receipt lies before the receipt, so a second fold can stop there.
  const past = new Past(genesis, leaves, tools);
  const ordered = receipts.toSorted(
    (a, b) => a.receipt.log.size - b.receipt.log.size || a.index - b.index,
  );
  const last = new Map(
    receipts.flatMap(({ index, receipt }) =>
      'proposal' in receipt ? [[receipt.proposal, index] as const] : [],
    ),
  );
  let right = 0;
  for (const { index, receipt } of ordered) {
    const isLast = 'proposal' in receipt && last.get(receipt.proposal) === index;
    const refusal = past.judge(receipt, isLast ? 'last' : 'earlier');
    if (refusal === null) right += 1;
    else findings.push({ index, kind: 'receipt', refusal });
  }
  return { state, receipts: right, findings: findings.sort((a, b) => a.index - b.index) };
}

/** Whether its signer wrote of the same proposal afterwards. */
type Place = 'last' | 'earlier';

/** The fold as far as the receipt under judgement had read, and each signer's ledger up to it. */
class Past {
  private readonly state: State;
  private readonly ledgers = new Map<string, Ledger>();

  constructor(
    genesis: string,
    private readonly leaves: (index: number) => Uint8Array,
    private readonly tools: ReplayTools,
  ) {
    this.state = createState(genesis);
  }

  judge(receipt: Receipt, place: Place): Refusal | null {
    while (this.state.tree.size < receipt.log.size) {
      const leaf = this.leaves(this.state.tree.size);
      advance(this.state, leaf, admit(this.state, leaf, this.tools));
    }
    const ledger = this.ledgers.get(receipt.wallet) ?? createLedger();
    this.ledgers.set(receipt.wallet, ledger);
    const next = checkReceipt(ledger, receipt);
    if (!next.ok) return next.refusal;
    const at = parseTime(receipt.at);
    assert(at !== undefined, 'the schema admits only times');
    const { state } = this;
    const reason = contradiction({ state, ledger, now: at }, receipt, (judged) => {
      this.tools.witness?.({ ...judged, isLast: place === 'last' });
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

/** What the rules say against a receipt, or null. */
function contradiction(
  { state, ledger, now }: Omit<Moment, 'proposal'>,
  receipt: Receipt,
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
  if (receipt.record === 'sight')
    return state.statements.has(receipt.object)
      ? null
      : wrong('sight of something the log does not hold');
  const proposal = state.proposals.get(receipt.proposal);
  if (proposal === undefined) return wrong('proposal.unknown');
  const verdict = authorise(state, ledger, receipt.proposal, now);
  witness({ state, ledger, proposal, now, receipt, verdict });
  const found = verdict.refusal?.code ?? verdict.outcome;
  switch (receipt.record) {
    case 'reserve':
      if (!verdict.reserve || verdict.outcome !== 'pending') return wrong(found);
      return takes(proposal, receipt) ? null : wrong('another amount or fee than the spend');
    case 'intent':
    case 'signed':
      return verdict.outcome === 'authorised' ? null : wrong(found);
    case 'release':
      return reservationEnd(verdict) === receipt.code ? null : wrong(found);
    case 'refusal':
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
function takes({ view }: ProposalRecord, receipt: ReceiptOf<'reserve'>): boolean {
  return view.amountSats === BigInt(receipt.amountSats) && view.feeSats === BigInt(receipt.feeSats);
}
