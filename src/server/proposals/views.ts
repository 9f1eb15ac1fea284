import { blobAddress } from '../../core/base/digest.ts';
import { canonicalBytes } from '../../core/base/canonical.ts';
import type { Seconds } from '../../core/base/time.ts';
import { formatTime } from '../../core/base/time.ts';
import type { Verdict } from '../../core/authorise.ts';
import { authoriseVersion } from '../../core/authorise-version.ts';
import { authorise } from '../../core/authorise.ts';
import { signedCancel } from '../../core/policy/facts.ts';
import { newestSigned } from '../../core/log/admit-version.ts';
import { bumpsOf, createLedger } from '../../core/log/ledger.ts';
import type { ApprovalRecord, ProposalRecord, State } from '../../core/log/state.ts';
import type { LimitState } from '../../core/policy/evaluate.ts';
import type { TextNote } from '../log/pending.store.ts';
import { stageOf } from '../log/projection.store.ts';
import type { ProposalSummary, ProposalView } from './proposals.schema.ts';

/** Texts beside the log, by digest. */
type Texts = ReadonlyMap<string, TextNote>;

/** The verdict over the log as it stands: with the receipts in it, at the later of our clock and the signer's. */
export function verdictOf(state: State, proposal: ProposalRecord, clock: Seconds): Verdict {
  const ledger = state.ledgers.get(proposal.statement.wallet.id) ?? createLedger();
  return authorise(state, ledger, proposal.digest, Math.max(clock, ledger.at));
}

/** One line of a list. */
export function summaryOf(state: State, proposal: ProposalRecord, clock: Seconds): ProposalSummary {
  const { statement, digest, index, name } = proposal;
  const newest = newestSigned(state, proposal);
  const { txid, view } = newest?.of ?? proposal;
  const { outcome, refusal } = verdictOf(state, proposal, clock);
  return {
    proposal: digest,
    index,
    name,
    wallet: statement.wallet.id,
    initiator: statement.initiator,
    stage: stageOf(state, proposal),
    outcome,
    code: refusal?.code ?? null,
    amountSats: Number(view.amountSats),
    feeSats: Number(view.feeSats),
    reference: statement.reference,
    approvals: proposal.approvals.map(({ member }) => member),
    txid,
    issuedAt: statement.issuedAt,
    expiresAt: statement.expiresAt,
  };
}

/** What the view of one proposal is made from beside the state. */
export interface Beside {
  readonly clock: Seconds;
  /** Height up to which blocks were read. */
  readonly tip: number;
  readonly texts: Texts;
  /** Digest of the reason of the statement that ended it. */
  readonly endReason: string | null;
}

export function detailOf(state: State, proposal: ProposalRecord, beside: Beside): ProposalView {
  const { statement, signature, digest, ended } = proposal;
  const { texts } = beside;
  const verdict = verdictOf(state, proposal, beside.clock);
  return {
    ...summaryOf(state, proposal, beside.clock),
    statement: { ...statement },
    signature,
    purpose: textOf(texts, statement.purposeDigest),
    verdict: verdictView(verdict),
    approvals: proposal.approvals.map((approval) => approvalView(approval, texts)),
    ended:
      ended === null
        ? null
        : { code: ended.code, by: ended.by, reason: textOf(texts, beside.endReason) },
    screening: screeningView(state, digest),
    facts: factsOf(state, digest, beside.tip),
    versions: versionsOf(state, proposal, beside.clock),
    cancelledBy: signedCancel(state, proposal),
    blobs: blobsOf(state, proposal),
  };
}

/** A limit with its time as JSON carries times. */
export function limitView(limit: LimitState) {
  return { ...limit, freesAt: limit.freesAt === null ? null : formatTime(limit.freesAt) };
}

function verdictView({ outcome, refusal, notBefore, trace }: Verdict): ProposalView['verdict'] {
  return {
    outcome,
    refusal: refusal === null ? null : { code: refusal.code, facts: refusal.facts },
    notBefore: notBefore === null ? null : formatTime(notBefore),
    trace: { ...trace, limits: trace.limits.map(limitView) },
  };
}

function approvalView(
  { digest, index, member, device, statement }: ApprovalRecord,
  texts: Texts,
): ProposalView['approvals'][number] {
  const { issuedAt, partialSignatures, reasonDigest } = statement;
  const reason = textOf(texts, reasonDigest);
  return { digest, index, member, device, issuedAt, partialSignatures, reason };
}

function textOf(texts: Texts, digest: string | null): ProposalView['purpose'] {
  const note = digest === null ? undefined : texts.get(digest);
  return note === undefined ? null : { salt: note.salt, text: note.text };
}

function screeningView(state: State, digest: string): ProposalView['screening'] {
  const found = state.screenings.get(digest);
  if (found === undefined) return null;
  const { answer, at, destinations } = found;
  return { answer, at: formatTime(at), destinations: [...destinations] };
}

function factsOf(state: State, digest: string, tip: number): ProposalView['facts'] {
  const facts = state.facts.get(digest);
  if (facts === undefined) return null;
  const { broadcastAt, broadcasts, confirmed, settledAt } = facts;
  return {
    broadcastAt: broadcastAt === null ? null : formatTime(broadcastAt),
    broadcasts: [...broadcasts],
    confirmed,
    confirmations: confirmed === null ? 0 : Math.max(1, tip - confirmed.height + 1),
    settledAt: settledAt === null ? null : formatTime(settledAt),
  };
}

function versionsOf(
  state: State,
  { digest, statement, versions }: ProposalRecord,
  clock: Seconds,
): ProposalView['versions'] {
  const ledger = state.ledgers.get(statement.wallet.id) ?? createLedger();
  const { signed } = bumpsOf(ledger, digest);
  const now = Math.max(clock, ledger.at);
  const judged = authoriseVersion(state, ledger, digest, now);
  return versions.map(({ version, index, txid, view, cosignatures }) => ({
    version,
    index,
    txid,
    feeSats: view.spend.feeSats,
    vbytes: view.vbytes,
    cosigners: cosignatures.map(({ member }) => member),
    signed: signed.some((one) => one.version === version),
    code: judged?.version.version === version ? (judged.verdict.refusal?.code ?? null) : null,
  }));
}

/** Addresses of what the log names, for whoever checks for himself. */
function blobsOf(
  state: State,
  { statement, coins, digest }: ProposalRecord,
): ProposalView['blobs'] {
  const claims = coins.map(({ parent, branch, index }) => ({
    parent: blobAddress(parent),
    branch,
    index,
  }));
  const signed = state.ledgers.get(statement.wallet.id)?.signed.get(digest);
  return {
    transaction: statement.spend.transaction,
    parents: [...new Set(claims.map(({ parent }) => parent))],
    coins: blobAddress(canonicalBytes(claims)),
    signatures: signed?.signatures ?? null,
  };
}
