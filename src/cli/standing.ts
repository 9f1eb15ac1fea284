import type { Verdict } from '../core/authorise.ts';
import { authoriseVersion } from '../core/authorise-version.ts';
import { authorise } from '../core/authorise.ts';
import { formatBtc } from '../core/base/sats.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import { recordOf } from '../core/governance/in-force.ts';
import { newestSigned, signedTransactions } from '../core/log/admit-version.ts';
import { createLedger } from '../core/log/ledger.ts';
import type { ProposalRecord, State } from '../core/log/state.ts';
import { explainVerdict } from '../core/policy/explain.ts';
import { screeningOf, screeningRefusal } from '../core/screening.ts';
import { explanationText } from '../core/policy/explain-text.ts';
import { signedCancel } from '../core/policy/facts.ts';
import { proposalName } from '../core/proposal/name.ts';

/** The verdict over the log as it stands, by the receipts in it and the later of our clock and the signer's. */
export function standingOf(state: State, proposal: ProposalRecord, now: Seconds): Verdict {
  const ledger = state.ledgers.get(proposal.statement.wallet.id) ?? createLedger();
  return authorise(state, ledger, proposal.digest, Math.max(now, ledger.at));
}

/** One word for lists: the outcome, and once signed what happened to the transaction. */
export function stageOf(state: State, proposal: ProposalRecord, verdict: Verdict): string {
  const facts = state.facts.get(proposal.digest);
  if (verdict.outcome !== 'signed') return verdict.outcome;
  if (facts?.confirmed) return facts.settledAt === null ? 'confirmed' : 'settled';
  const cancel = signedCancel(state, proposal);
  if (cancel !== null && state.facts.get(cancel)?.confirmed) return 'cancelled';
  return facts === undefined ? verdict.outcome : 'broadcast';
}

/** Where a proposal stands and why, for people: in the words of `policy explain`. */
export function standingLines(
  state: State,
  proposal: ProposalRecord,
  now: Seconds,
): readonly string[] {
  const verdict = standingOf(state, proposal, now);
  const judged = explainVerdict(verdict);
  // A verdict that has no more to judge names no answer; one that came after the signature is news all the same.
  const screening = judged.screening ?? screeningOf(state, proposal, []);
  const explanation = { ...judged, screening };
  const policy = recordOf(state, 'policy', proposal.statement.policy)?.document.body ?? null;
  const text = explanationText(explanation, 'en', policy);
  const code = verdict.refusal === null ? '' : ` (${verdict.refusal.code})`;
  return [
    `Stage: ${stageOf(state, proposal, verdict)}${code}`,
    ...text.verdict,
    ...approvers(proposal).map(
      ({ member, device, partialSignatures }) =>
        `Approved by ${member} (device ${device})${partialSignatures === null ? '' : ', coins signed too'}`,
    ),
    ...text.approvals.filter((_line, i) => explanation.approvals[i]?.why !== null),
    ...text.clauses,
    ...text.limits,
    ...text.screening,
    ...withheldLines(state, proposal, verdict),
    ...text.timing,
    ...(verdict.outcome === 'signed' ? [`Transaction ${proposal.txid}`] : []),
    ...versionLines(state, proposal, now),
    ...cancelledLines(state, proposal),
  ];
}

/** The fee bumps of a proposal, each with what became of it. */
function versionLines(state: State, proposal: ProposalRecord, now: Seconds): readonly string[] {
  const ledger = state.ledgers.get(proposal.statement.wallet.id) ?? createLedger();
  const judged = authoriseVersion(state, ledger, proposal.digest, Math.max(now, ledger.at));
  const signed = new Set(signedTransactions(state, proposal).map(({ version }) => version));
  return proposal.versions.map(({ version, txid, view, cosignatures }) => {
    const fee = `Fee bump ${String(version)}: ${formatBtc(view.feeSats)}`;
    if (signed.has(version)) return `${fee}, signed, transaction ${txid}`;
    if (judged?.version.version !== version) return `${fee}, replaced by a newer one unsigned`;
    const { refusal } = judged.verdict;
    const by = cosignatures.map(({ member }) => member).join(', ');
    const why = refusal === null ? 'the signer signs next' : `waits: ${refusal.code}`;
    return `${fee}, ${why}${by === '' ? '' : `; coins signed by ${by}`}`;
  });
}

function cancelledLines(state: State, proposal: ProposalRecord): readonly string[] {
  const cancel = signedCancel(state, proposal);
  if (cancel === null) return [];
  const isOver = Boolean(state.facts.get(cancel)?.confirmed);
  return [
    `${isOver ? 'Cancelled' : 'About to be cancelled'} by proposal ${proposalName(cancel)}${isOver ? '' : ': until that is confirmed, either may be'}.`,
  ];
}

/** What is signed, and not handed to the network for what the screening service said since. */
function withheldLines(
  state: State,
  proposal: ProposalRecord,
  { outcome }: Verdict,
): readonly string[] {
  const refusal = screeningRefusal(screeningOf(state, proposal, []));
  const isSent = (state.facts.get(proposal.digest)?.broadcastAt ?? null) !== null;
  if (outcome !== 'signed' || isSent || refusal === null) return [];
  return [
    `ALERT: it is signed and not broadcast (${refusal.code}). The signature exists: its coins are free again only when another spend of one of them is confirmed.`,
  ];
}

/** Each device once, by its last word: who approves twice is still one approver. */
function approvers({ approvals }: ProposalRecord): ProposalRecord['approvals'] {
  return approvals.filter(
    (one, at) =>
      !approvals
        .slice(at + 1)
        .some(({ member, device }) => member === one.member && device === one.device),
  );
}

/** The same for programs. */
export function standingJson(state: State, proposal: ProposalRecord, now: Seconds) {
  const verdict = standingOf(state, proposal, now);
  const { statement, digest, name } = proposal;
  const { txid } = newestSigned(state, proposal) ?? proposal;
  return {
    proposal: digest,
    name,
    wallet: statement.wallet.id,
    initiator: statement.initiator,
    stage: stageOf(state, proposal, verdict),
    refusal: verdict.refusal,
    notBefore: verdict.notBefore === null ? null : formatTime(verdict.notBefore),
    approvals: approvers(proposal).map(({ member, device }) => ({ member, device })),
    txid,
    versions: versionsJson(state, proposal),
    cancels: statement.cancels,
    cancelledBy: signedCancel(state, proposal),
    reference: statement.reference,
    issuedAt: statement.issuedAt,
    expiresAt: statement.expiresAt,
  };
}

function versionsJson(state: State, proposal: ProposalRecord) {
  const signed = new Set(signedTransactions(state, proposal).map(({ version }) => version));
  return proposal.versions.map(({ version, txid, view, cosignatures }) => ({
    version,
    txid,
    feeSats: view.spend.feeSats,
    signed: signed.has(version),
    cosigners: cosignatures.map(({ member }) => member),
  }));
}
