import type { ApprovalStatement } from '../approval/statement.ts';
import { assert, unreachable } from '../base/assert.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { groupsAt, isPerson, memberOf } from '../governance/charter.ts';
import type { CharterMember } from '../governance/document.ts';
import { recordOf } from '../governance/in-force.ts';
import { clauseGroups } from '../policy/quorum.ts';
import { rememberNonces, reusedNonce } from '../psbt/nonces.ts';
import { parsePartialSignatures, verifyPartialSignatures } from '../psbt/signatures.ts';
import type { Signed } from './author.ts';
import { chartersFor } from './hearing.ts';
import { bumpsOf, createLedger, refusalKey } from './ledger.ts';
import type {
  ApprovalRecord,
  BlobSource,
  ProposalRecord,
  State,
  VersionRecord,
  WalletRecord,
} from './state.ts';

type Effect = (index: number) => void;

/** Approvals, rejections and withdrawals. Whether the approvals suffice is authorise.ts's question. */
export function admitApproval(
  state: State,
  said: Signed<ApprovalStatement>,
  blobs: BlobSource,
): Result<Effect> {
  const { statement } = said;
  const proposal = state.proposals.get(statement.proposal);
  if (proposal === undefined) return refuse('proposal.unknown', { proposal: statement.proposal });
  if (proposal.ended !== null)
    return refuse(proposal.ended.code, { proposal: proposal.digest, by: proposal.ended.by });
  if (isSigned(state, proposal)) return admitCosignature(state, proposal, said, blobs);
  // A withdrawal is final, but it takes nobody's rejection away.
  if (proposal.final.has(statement.member) && statement.decision !== 'reject')
    return refuse('approval.superseded', { member: statement.member });
  switch (statement.decision) {
    case 'approve':
      return admitApprove(state, proposal, said, blobs);
    case 'reject':
      return admitReject(state, proposal, said);
    case 'withdraw':
      return admitWithdraw(state, proposal, said);
    default:
      return unreachable(statement.decision);
  }
}

/**
 * A key holder signs the newest fee bump of a signed proposal: he names its spend. It approves nothing; what may be done
 * was approved with the envelope. Codes: `proposal.signed`, `approval.*`, `psbt.signature.*`.
 */
function admitCosignature(
  state: State,
  proposal: ProposalRecord,
  said: Signed<ApprovalStatement>,
  blobs: BlobSource,
): Result<Effect> {
  const { statement } = said;
  const version = proposal.versions.at(-1);
  const refuseAsSigned = () => refuse('proposal.signed', { proposal: proposal.digest });
  if (statement.decision !== 'approve' || version?.spendDigest !== statement.spend)
    return refuseAsSigned();
  const ledger = state.ledgers.get(proposal.statement.wallet.id) ?? createLedger();
  const { signed } = bumpsOf(ledger, proposal.digest);
  if (signed.some((one) => one.version === version.version)) return refuseAsSigned();
  if (!said.sameLog)
    return refuse('log.fork', { size: statement.log.size, root: statement.log.root });
  if (statement.log.size <= version.index)
    return refuse('approval.log.early', {
      size: statement.log.size,
      proposalIndex: version.index,
    });
  if (statement.previous !== (proposal.last.get(statement.member) ?? null))
    return refuse('statement.previous', { member: statement.member });
  if (statement.partialSignatures === null)
    return refuse('approval.signatures.missing', { member: statement.member });
  const signatures = readSignatures(state, { proposal, version }, statement, blobs);
  if (!signatures.ok) return signatures;
  return ok((index) => {
    const record = recordOfApproval(said, index, signatures.value);
    version.cosignatures = [...version.cosignatures, record];
    rememberNonces(state.nonces, record.partialSignatures ?? [], proposal.digest);
    proposal.last.set(statement.member, said.digest);
  });
}

function recordOfApproval(
  { statement, digest }: Signed<ApprovalStatement>,
  index: number,
  signatures: ReadSignatures,
): ApprovalRecord {
  const { member, device } = statement;
  return { digest, index, member, device, statement, ...signatures };
}

/** Whether the log holds the signer's receipt of a signature for the proposal. */
export function isSigned(state: State, proposal: ProposalRecord): boolean {
  return state.ledgers.get(proposal.statement.wallet.id)?.signed.has(proposal.digest) ?? false;
}

function admitApprove(
  state: State,
  proposal: ProposalRecord,
  said: Signed<ApprovalStatement>,
  blobs: BlobSource,
): Result<Effect> {
  const { statement, member } = said;
  const { initiator } = proposal.statement;
  const behind = initiatorsOf(state, proposal).flatMap(({ operators }) => operators ?? []);
  if (statement.member === initiator || behind.includes(statement.member))
    return refuse('approval.initiator', { member: statement.member });
  if (!isPerson(member)) return refuse('member.role', { member: statement.member });
  if (!isAsked(state, proposal, said))
    return refuse('approval.member.ineligible', { member: statement.member });
  if (statement.spend !== proposal.spendDigest)
    return refuse('approval.spend.mismatch', { proposal: proposal.digest });
  if (!said.sameLog) return ok(endBy(proposal, said, 'log.fork'));
  // Who has not seen the proposal under a checkpoint of his own is no witness of the log it stands in.
  if (statement.log.size <= proposal.index)
    return refuse('approval.log.early', {
      size: statement.log.size,
      proposalIndex: proposal.index,
    });
  if (statement.previous !== (proposal.last.get(statement.member) ?? null))
    return refuse('statement.previous', { member: statement.member });
  const signatures = readSignatures(state, { proposal, version: null }, statement, blobs);
  if (!signatures.ok) return signatures;
  return ok((index) => {
    const record = recordOfApproval(said, index, signatures.value);
    proposal.approvals = [...proposal.approvals, record];
    rememberNonces(state.nonces, record.partialSignatures ?? [], proposal.digest);
    proposal.last.set(statement.member, said.digest);
  });
}

/** The initiator, as the charter that the proposal named and the newest one say. */
function initiatorsOf(state: State, { statement }: ProposalRecord): readonly CharterMember[] {
  const named = recordOf(state, 'charter', statement.charter);
  return [named, state.charter].flatMap((record) =>
    record === null ? [] : (memberOf(record.document.body, statement.initiator) ?? []),
  );
}

/**
 * Members of any group that a rule of the named or of the newest policy names may approve, deputies too; they, and
 * the initiator, may say no, also by a charter that is in force no more (hearing.ts). Whose word counts when is decided
 * later (approval/standing.ts).
 */
function isAsked(
  state: State,
  proposal: ProposalRecord,
  { statement }: Signed<ApprovalStatement>,
): boolean {
  const named = recordOf(state, 'policy', proposal.statement.policy);
  const newest = state.policies.get(proposal.statement.wallet.id) ?? null;
  const groups = [named, newest].flatMap((policy) =>
    (policy?.document.body.rules ?? []).flatMap((rule) =>
      rule.deny ? [] : clauseGroups(rule.require.approvals),
    ),
  );
  const his = [...chartersFor(state, statement)].flatMap((charter) => {
    const member = memberOf(charter, statement.member);
    return member === undefined ? [] : groupsAt(charter, member, null);
  });
  return his.some((group) => groups.includes(group));
}

type ReadSignatures = Pick<ApprovalRecord, 'partialSignatures' | 'cosignerIndex'>;

/** What key holders sign: a proposal's own transaction, or a fee bump of it. */
interface Cosigned {
  readonly proposal: ProposalRecord;
  readonly version: VersionRecord | null;
}

function readSignatures(
  state: State,
  { proposal, version }: Cosigned,
  statement: ApprovalStatement,
  blobs: BlobSource,
): Result<ReadSignatures> {
  const wallet = state.wallets.get(proposal.statement.wallet.id);
  assert(wallet !== undefined, 'a proposal names a wallet in force');
  const held = heldKeys(wallet, statement.member);
  if (statement.partialSignatures === null)
    return held.length === 0 || wallet.body.outside.length > 0
      ? ok({ partialSignatures: null, cosignerIndex: null })
      : refuse('approval.signatures.missing', { member: statement.member, wallet: wallet.id });
  if (held.length === 0)
    return refuse('approval.signatures.unasked', { member: statement.member, wallet: wallet.id });
  if (!mayCosign(state, wallet, proposal, version?.version))
    return refuse('approval.signatures.early', { proposal: proposal.digest });
  const bytes = blobs(statement.partialSignatures);
  assert(bytes !== undefined, 'the blobs of an entry are there');
  const parsed = parsePartialSignatures(bytes);
  if (!parsed.ok) return parsed;
  const verified = verifyPartialSignatures(wallet.wallet, version ?? proposal, parsed.value);
  if (!verified.ok) return verified;
  const key = wallet.wallet.keys[verified.value.keyIndex]?.xpub;
  if (key === undefined || !held.includes(key))
    return refuse('approval.signatures.foreign', { member: statement.member, wallet: wallet.id });
  const reused = reusedNonce(state.nonces, parsed.value);
  if (reused !== null)
    return refuse('psbt.signature.nonce.reused', { member: statement.member, ...reused });
  return ok({ partialSignatures: parsed.value, cosignerIndex: verified.value.keyIndex });
}

/** Keys of the wallet that a member holds and that the path we sign by contains: a recovery key signs no proposal. */
export function heldKeys({ wallet, body }: WalletRecord, member: string): readonly string[] {
  const his = new Set(body.holders.flatMap((held) => (held.member === member ? [held.key] : [])));
  return wallet.keys.flatMap(({ xpub }, at) =>
    wallet.signers.has(at) && his.has(xpub) ? [xpub] : [],
  );
}

/**
 * Whether signatures of cosigners are taken. Where they could spend without the hot key, only from when the signer has
 * said that nothing else is missing (design 3, "The hot key is in every path").
 */
export function mayCosign(
  state: State,
  wallet: WalletRecord,
  { digest }: ProposalRecord,
  version?: number,
): boolean {
  const said = state.ledgers.get(wallet.id)?.refusals.get(refusalKey(digest, version));
  return wallet.body.outside.length === 0 || said === 'psbt.signatures.missing';
}

function admitReject(
  state: State,
  proposal: ProposalRecord,
  said: Signed<ApprovalStatement>,
): Result<Effect> {
  if (!isAsked(state, proposal, said))
    return refuse('approval.member.ineligible', { member: said.statement.member });
  if (said.statement.reasonDigest === null) return refuse('approval.reason.missing');
  return ok(endBy(proposal, said, 'proposal.rejected'));
}

/** Counts before the approval that it follows, too: who orders the log cannot void it by turning the two round. */
function admitWithdraw(
  state: State,
  proposal: ProposalRecord,
  said: Signed<ApprovalStatement>,
): Result<Effect> {
  const { member, previous } = said.statement;
  if (member === proposal.statement.initiator)
    return ok(endBy(proposal, said, 'proposal.withdrawn'));
  const stands = proposal.approvals.some((approval) => approval.member === member);
  if (!stands && (previous === null || !isAsked(state, proposal, said)))
    return refuse('approval.unknown', { member });
  return ok(() => {
    proposal.approvals = proposal.approvals.filter((approval) => approval.member !== member);
    proposal.final.add(member);
    proposal.last.set(member, said.digest);
  });
}

function endBy(
  proposal: ProposalRecord,
  said: Signed<ApprovalStatement>,
  code: 'proposal.rejected' | 'proposal.withdrawn' | 'log.fork',
): Effect {
  return (index) => {
    proposal.ended = { code, by: said.statement.member, index };
    proposal.final.add(said.statement.member);
    proposal.last.set(said.statement.member, said.digest);
  };
}
