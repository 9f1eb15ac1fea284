import { statementDigest } from '../../core/approval/statement.ts';
import type { ProposalStatement } from '../../core/approval/statement.ts';
import { toHex } from '../../core/base/bytes.ts';
import { PROPOSAL_SECONDS } from '../../core/base/limits.ts';
import type { Refusal } from '../../core/base/result.ts';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import { openFreezes, walletOpen } from '../../core/authorise.ts';
import { createLedger } from '../../core/log/ledger.ts';
import type { DocumentRecord, ProposalRecord, State, WalletRecord } from '../../core/log/state.ts';
import type { DocumentOf } from '../../core/governance/document.ts';
import type { Evaluation } from '../../core/policy/evaluate.ts';
import { evaluate } from '../../core/policy/evaluate.ts';
import { spendConflict, spendFacts, usageOf } from '../../core/policy/facts.ts';
import { lookAt } from '../../core/policy/look.ts';
import { knownLookAlikes, lookAlikeRefusal } from '../../core/proposal/known-addresses.ts';
import type { Plan, Warning } from './draft-plan.ts';

/** Who drafts what, under which documents. */
export interface Subject {
  readonly member: string;
  readonly wallet: WalletRecord;
  readonly charter: DocumentRecord<DocumentOf<'charter'>>;
  /** The version of the wallet document in force. */
  readonly record: DocumentRecord<DocumentOf<'wallet'>>;
  readonly policy: DocumentRecord<DocumentOf<'policy'>>;
  readonly destinations: DocumentRecord<DocumentOf<'destinations'>>;
  readonly reference: string | null;
  /** A signed proposal that the draft makes void. */
  readonly cancels: string | null;
  /** The most fee that the proposal's envelope will allow, or null. */
  readonly feeSatsMax: number | null;
}

export interface Judgement {
  /** What no approval will change: the draft is refused with it. */
  readonly refusal: Refusal | null;
  readonly evaluation: Evaluation;
  readonly warnings: readonly Warning[];
}

/**
 * What the policy says of a draft before anybody signs it: the same evaluation that authorise.ts makes of the proposal
 * later. It saves people work and decides nothing.
 */
export function judgeDraft(
  state: State,
  subject: Subject,
  plan: Pick<Plan, 'transaction' | 'view'>,
  clock: Seconds,
): Judgement {
  const { wallet, policy } = subject;
  const ledger = state.ledgers.get(wallet.id) ?? createLedger();
  const now = Math.max(clock, ledger.at);
  const planned = plannedProposal(state, subject, plan, now);
  const look = lookAt(state, ledger, planned, now);
  const facts = spendFacts(planned, look, subject.charter.document.body);
  const usage = usageOf(state, ledger, planned, look);
  const evaluation = evaluate(policy.document.body, facts, usage, now);
  const conflict = spendConflict(state, ledger, planned, now);
  // Whether a repetition is meant is said by the proposal; a reservation may be released.
  const passing = conflict !== null && conflict.code !== 'coin.signed';
  const [denied = null] = evaluation.refusals;
  const [alike] = knownLookAlikes(state, wallet, plan.view.spend.outputs);
  const lookAlike = alike === undefined ? null : lookAlikeRefusal(alike);
  return {
    refusal: denied ?? lookAlike ?? (passing ? null : conflict),
    evaluation,
    warnings: [
      ...(passing ? [conflict] : []),
      ...(openFreezes(state, ledger, wallet.id).length > 0
        ? [{ code: 'wallet.frozen', facts: {} } as const]
        : []),
      ...(walletOpen(state, ledger, wallet)
        ? []
        : [{ code: 'wallet.unconfirmed', facts: {} } as const]),
    ],
  };
}

/** Of its bounds the policy asks for the fee alone. */
function envelopeOf({ feeSatsMax }: Subject, now: Seconds): ProposalStatement['envelope'] {
  if (feeSatsMax === null) return null;
  return { feeSatsMax, replacementsMax: 1, until: formatTime(now + PROPOSAL_SECONDS) };
}

/** The proposal that the draft would become: the policy looks at bytes, initiator and documents only. */
function plannedProposal(
  state: State,
  subject: Subject,
  { transaction, view }: Pick<Plan, 'transaction' | 'view'>,
  now: Seconds,
): ProposalRecord {
  const { member, wallet, charter, record, policy, destinations, reference, cancels } = subject;
  const statement: ProposalStatement = {
    type: 'proposal',
    org: state.genesis,
    member,
    device: 'none',
    previous: null,
    log: { size: state.tree.size, root: toHex(state.tree.root()) },
    issuedAt: formatTime(now),
    expiresAt: formatTime(now + PROPOSAL_SECONDS),
    network: wallet.body.network,
    wallet: { id: wallet.id, digest: record.digest },
    policy: policy.digest,
    charter: charter.digest,
    destinations: destinations.digest,
    kind: cancels === null ? 'pay' : 'cancel',
    spend: {
      ...view.spend,
      inputs: [...view.spend.inputs],
      outputs: [...view.spend.outputs],
    },
    cancels,
    envelope: envelopeOf(subject, now),
    initiator: member,
    purposeDigest: '0'.repeat(64),
    reference,
    repeats: null,
  };
  return {
    digest: statementDigest(statement),
    index: state.tree.size,
    name: '',
    statement,
    spendDigest: '',
    signature: '',
    transaction,
    txid: '',
    coins: view.coins,
    view,
    approvals: [],
    final: new Set(),
    last: new Map(),
    versions: [],
    ended: null,
  };
}
