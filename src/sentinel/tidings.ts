import { renderProposal, renderStatement } from '../core/approval/render.ts';
import type { RefusalCode } from '../core/base/codes.ts';
import { explainCode } from '../core/base/codes.ts';
import { ALARM_ITEMS } from '../core/base/limits.ts';
import { formatTime } from '../core/base/time.ts';
import type { ReceiptOf } from '../core/log/receipt.ts';
import type { ApprovalRecord, ProposalRecord, State } from '../core/log/state.ts';
import { proposalName } from '../core/proposal/name.ts';
import type { Said } from '../core/sentinel/messages.ts';
import type { Head } from './witness.ts';

/** What people are told, from the fold of this sentinel's own log: nobody else's words enter it. The first line is the subject. */

const ACT = 'If this is not right, reject or freeze now: countersign reject, countersign freeze.';

/** A signer has seen these approvals for the first time; from now on a delay runs. */
export function sightLines(state: State, wallet: string, objects: readonly string[]): string {
  const found = objects.map((digest) => ({ digest, about: approvalOf(state, digest) }));
  const told = found.slice(0, ALARM_ITEMS).flatMap(({ digest, about }) => sightOf(digest, about));
  const first = found.find(({ about }) => about !== null)?.about ?? null;
  const name = first === null ? '' : ` of ${first.proposal.name}`;
  return lines(
    `Wallet ${wallet}: the signer has seen ${count(objects.length, 'approval')}${name}`,
    ...told,
    ...moreThan(objects.length),
    ACT,
  );
}

function sightOf(digest: string, about: Found | null): readonly string[] {
  if (about === null)
    return [
      '',
      `Approval ${digest}: the log that the server shows to this sentinel does not hold it.`,
    ];
  const { proposal, approval } = about;
  return [
    '',
    `${approval.member}, device ${approval.device}, approves:`,
    ...renderProposal(proposal.statement),
  ];
}

interface Found {
  readonly proposal: ProposalRecord;
  readonly approval: ApprovalRecord;
}

function approvalOf(state: State, digest: string): Found | null {
  for (const proposal of [...state.proposals.values()].reverse()) {
    const approval = proposal.approvals.find((one) => one.digest === digest);
    if (approval !== undefined) return { proposal, approval };
  }
  return null;
}

/** The hot key has signed. */
export function signedLines(
  state: State,
  { wallet, proposal, version, at }: ReceiptOf<'signed'>,
): string {
  const known = state.proposals.get(proposal);
  const bump = version === undefined ? '' : ` (fee bump ${String(version)})`;
  return lines(
    `Wallet ${wallet}: ${proposalName(proposal)}${bump} is signed`,
    `By the signer's clock at ${at}.`,
    ...(known === undefined
      ? [`The log that the server shows to this sentinel does not hold proposal ${proposal}.`]
      : renderProposal(known.statement)),
    'If nobody of you wanted this, freeze every wallet now: countersign freeze --wallet "*".',
  );
}

/** A signer refuses for a reason that people should know. */
export function refusedLines({ wallet, proposal, code, at }: ReceiptOf<'refusal'>): string {
  const { meaning, action } = explainCode(code);
  return lines(
    `Wallet ${wallet}: the signer refuses ${proposalName(proposal)}: ${code}`,
    meaning,
    action,
    `By the signer's clock at ${at}.`,
  );
}

/** A "no" was handed in here. */
export function noLines(state: State, { statement }: Pick<Said, 'statement'>): string {
  const proposal =
    statement.type === 'approval' ? (state.proposals.get(statement.proposal) ?? null) : null;
  return lines(
    ...renderStatement(statement, { proposal: proposal?.statement ?? null }),
    'It was handed to this sentinel, which hands it to every signer.',
  );
}

/** The log's key has signed two logs. */
export function forkLines(ours: Head, theirs: { readonly size: number }): string {
  return lines(
    'The log is forked: its key has signed two histories',
    `This sentinel stays with its own of ${String(ours.size)} entries. The other has ${String(theirs.size)}.`,
    'Both checkpoints are kept as evidence. Freeze every wallet, and look into the server.',
  );
}

/** Two receipts of one position: said by the wallet's own key. */
export function secondLines(wallet: string, position: number): string {
  return lines(
    `Wallet ${wallet}: two receipts of one position`,
    `Position ${String(position)} of its journal was written twice, both signed by the receipt key.`,
    'Two signers are active, or one was restored from an older copy. Stop both and compare their journals.',
  );
}

/** What the others say shows that this state is an older copy. */
export function rolledbackLines(what: string, theirs: number, ours: number): string {
  return lines(
    'The state of this sentinel is an older copy',
    `A signer knows ${what} ${String(theirs)}; here it is ${String(ours)}.`,
    'What was handed in since may be lost here: whoever said no in that time says it again.',
  );
}

/** The server shows less than a signer has proven. */
export function withheldLines(ours: number, theirs: number): string {
  return lines(
    'The server withholds entries of the log from this sentinel',
    `A signer has proven ${String(ours)} entries; the server shows ${String(theirs)}.`,
  );
}

/** The log could not be followed for a while. */
export function awayLines(since: number, why: string): string {
  return lines(
    `The log cannot be followed since ${formatTime(since)}`,
    why,
    'What people hand in here is taken all the same, and signers get it.',
  );
}

function lines(...all: readonly string[]): string {
  return all.join('\n');
}

function count(items: number, noun: string): string {
  return `${String(items)} ${noun}${items === 1 ? '' : 's'}`;
}

function moreThan(items: number): readonly string[] {
  return items > ALARM_ITEMS ? [`… and ${String(items - ALARM_ITEMS)} more`] : [];
}

/** Refusals that come with the work of every day: somebody said no, somebody was late. */
const everyday: ReadonlySet<RefusalCode> = new Set([
  'proposal.rejected',
  'proposal.withdrawn',
  'proposal.expired',
  'proposal.cancelled',
  'policy.quorum.missing',
  'psbt.signatures.missing',
  'version.expired',
  'version.child',
]);

/** Whether people are told of a refusal. */
export function isWorthTelling(code: RefusalCode): boolean {
  return !everyday.has(code);
}
