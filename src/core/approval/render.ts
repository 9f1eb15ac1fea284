import { fromHex } from '../base/bytes.ts';
import { formatBtc, sats } from '../base/sats.ts';
import { describeChange } from '../governance/describe-change.ts';
import type { CountersignDocument } from '../governance/document.ts';
import { renderPaths } from '../governance/wallet-paths.ts';
import type { FreezeRecord, State, VersionRecord, WalletRecord } from '../log/state.ts';
import { proposalName } from '../proposal/name.ts';
import { keyWarnings } from '../wallet/key-warnings.ts';
import { addressOfScript } from '../wallet/network.ts';
import type {
  ApprovalStatement,
  DocumentStatement,
  FreezeStatement,
  ProposalStatement,
  Statement,
} from './statement.ts';
import { statementDigest } from './statement.ts';
import { unreachable } from '../base/assert.ts';
import { groupAddress } from './group-address.ts';

/**
 * What a person reads before a device signs: made from the statement alone, the same in console and CLI, every
 * payment in full. Nothing a server says beside the statement enters it.
 */

/** The lines of a statement, in plain words. */
export function renderStatement(statement: Statement, context: RenderContext): readonly string[] {
  switch (statement.type) {
    case 'proposal':
      return renderProposal(statement);
    case 'approval':
      return context.version === undefined
        ? renderApproval(statement, context.proposal)
        : renderCosignature(statement, context.version, context.proposal);
    case 'document':
      return renderDocument(statement, context.document ?? null);
    case 'freeze':
      return renderFreeze(statement, context.freezes ?? []);
    case 'session':
      return [
        `Open a session for ${statement.member} until ${statement.expiresAt}.`,
        'It can read. It can approve nothing.',
      ];
    default:
      return unreachable(statement);
  }
}

export interface RenderContext {
  /** The proposal that an approval is about, as the log holds it. */
  readonly proposal: ProposalStatement | null;
  /** The fee bump of it that an approval signs, where it names that. */
  readonly version?: VersionRecord;
  /** The document that a statement is about, and the one that it follows. */
  readonly document?: {
    readonly before: CountersignDocument | null;
    readonly after: CountersignDocument;
  };
  /** The freezes of the wallet, of which some are lifted. */
  readonly freezes?: readonly FreezeRecord[];
}

/** The payments first; then what surrounds them. A repeated payment is said before everything else. */
export function renderProposal(statement: ProposalStatement): readonly string[] {
  const { spend, network } = statement;
  const payments = spend.outputs.filter((output) => output.change === undefined);
  const change = spend.outputs.filter((output) => output.change !== undefined);
  const total = payments.reduce((sum, { sats: amount }) => sum + amount, 0);
  const digest = statementDigest(statement);
  return [
    ...(statement.repeats === null
      ? []
      : [`REPEATS the payments of proposal ${proposalName(statement.repeats)}.`]),
    ...(statement.cancels === null
      ? []
      : [
          `CANCELS proposal ${proposalName(statement.cancels)}: once this is confirmed, that one never can be. Until then either may be.`,
          `It has the digest ${statement.cancels}`,
        ]),
    `Proposal ${proposalName(digest)} from wallet ${statement.wallet.id} on ${network}, by ${statement.initiator}`,
    payments.length === 0
      ? 'Pays nobody: what is left after the fee stays in this wallet.'
      : `Pays ${formatBtc(sats(total))} in ${plural(payments.length, 'payment')}:`,
    ...renderPayments(statement),
    ...change.map(
      ({ script, sats: amount, change: index }) =>
        `  change ${formatBtc(sats(amount))} back to this wallet, address ${String(index)}: ${groupAddress(addressOfScript(fromHex(script), network) ?? script)}`,
    ),
    `Fee ${formatBtc(sats(spend.feeSats))}, from ${plural(spend.inputs.length, 'coin')}`,
    ...envelopeLines(statement),
    ...(spend.lockTime === 0 ? [] : [`Valid from block ${String(spend.lockTime)}`]),
    ...(statement.reference === null ? [] : [`Reference ${statement.reference}`]),
    `Open until ${statement.expiresAt}`,
    `Digest ${digest}`,
  ];
}

/** The payments of a proposal, each in full. */
export function renderPayments({ spend, network }: ProposalStatement): readonly string[] {
  return spend.outputs.flatMap(({ script, sats: amount, change }) =>
    change === undefined ? [payment(script, amount, network)] : [],
  );
}

/** What the fee may come to without a further approval. */
function envelopeLines({ envelope }: ProposalStatement): readonly string[] {
  if (envelope === null) return [];
  const { feeSatsMax, replacementsMax, until } = envelope;
  return [
    `The fee may be raised to ${formatBtc(sats(feeSatsMax))} until ${until}, ${plural(replacementsMax, 'time')} at most, out of the change alone`,
  ];
}

function payment(script: string, amount: number, network: ProposalStatement['network']): string {
  const address = addressOfScript(fromHex(script), network);
  const to = address === null ? `script ${script}` : groupAddress(address);
  return `  ${formatBtc(sats(amount))} to ${to}`;
}

function renderApproval(
  statement: ApprovalStatement,
  proposal: ProposalStatement | null,
): readonly string[] {
  const name = proposalName(statement.proposal);
  const verbs = { approve: 'APPROVE', reject: 'REJECT', withdraw: 'WITHDRAW from' } as const;
  const rest = proposal === null ? [`Digest ${statement.proposal}`] : renderProposal(proposal);
  return [
    `${verbs[statement.decision]} proposal ${name} as ${statement.member}, device ${statement.device}`,
    ...(statement.partialSignatures === null ? [] : ['This also signs the coins with your key.']),
    ...(statement.decision === 'approve'
      ? [`Good until ${statement.expiresAt}`]
      : ['This is final.']),
    ...rest,
  ];
}

/** A key holder signs a fee bump: what is new first, then all that is paid. */
function renderCosignature(
  statement: ApprovalStatement,
  { version, view }: VersionRecord,
  proposal: ProposalStatement | null,
): readonly string[] {
  const name = proposalName(statement.proposal);
  const head = [
    `SIGN THE COINS of fee bump ${String(version)} of proposal ${name} as ${statement.member}, device ${statement.device}`,
    'The same coins make the same payments; the difference comes out of the change.',
  ];
  if (proposal === null) return [...head, `Digest ${statement.proposal}`];
  const { spend, network } = { ...view, network: proposal.network };
  return [
    ...head,
    `The fee is ${formatBtc(sats(spend.feeSats))}; it was ${formatBtc(sats(proposal.spend.feeSats))}, and may be ${formatBtc(sats(proposal.envelope?.feeSatsMax ?? 0))} at most`,
    ...spend.outputs.map(({ script, sats: amount, change }) =>
      change === undefined
        ? payment(script, amount, network)
        : `  change ${formatBtc(sats(amount))} back to this wallet, address ${String(change)}`,
    ),
    `Digest ${statement.proposal}`,
  ];
}

function renderDocument(
  statement: DocumentStatement,
  about: NonNullable<RenderContext['document']> | null,
): readonly string[] {
  const { decision, document, member, device, firstAddress } = statement;
  const verbs = { approve: 'SIGN', veto: 'VETO', confirm: 'CONFIRM' } as const;
  const what = about === null ? 'a document' : nameOf(about.after);
  const own =
    about?.after.kind === 'charter'
      ? about.after.body.members
          .find(({ id }) => id === member)
          ?.devices.find(({ id }) => id === device)
      : undefined;
  return [
    `${verbs[decision]} ${what} as ${member}, device ${device}`,
    `Digest ${document}`,
    ...(decision === 'veto' ? ['It never comes in force then. This is final.'] : []),
    ...(decision === 'confirm' && own !== undefined ? [`This device's key there: ${own.key}`] : []),
    ...(firstAddress === null ? [] : [`Its first address is ${groupAddress(firstAddress)}`]),
    ...(about === null || decision === 'confirm'
      ? []
      : [
          about.before === null ? 'What it says:' : 'What it changes:',
          ...indented(describeChange(about.before, about.after)),
        ]),
  ];
}

/** `charter, version 3`, `policy of hot-1, version 2`. */
export function nameOf({ kind, id, version }: CountersignDocument): string {
  const names = {
    charter: 'the charter',
    destinations: 'the address book',
    policy: `the policy of ${id}`,
    wallet: `wallet ${id}`,
  };
  return `${names[kind]}, version ${version}`;
}

function indented(lines: readonly string[]): readonly string[] {
  return (lines.length === 0 ? ['nothing'] : lines).map((line) => `  ${line}`);
}

function renderFreeze(
  statement: FreezeStatement,
  freezes: readonly FreezeRecord[],
): readonly string[] {
  const { action, member, device, lifts } = statement;
  const what = statement.wallet === '*' ? 'EVERY wallet' : `wallet ${statement.wallet}`;
  const head = `${action.toUpperCase()} ${what} as ${member}, device ${device}.`;
  if (action === 'freeze')
    return [head, 'Nothing is signed from it until the freeze is lifted by the governors.'];
  const known = new Map(freezes.map((freeze) => [freeze.digest, freeze.statement]));
  return [
    head,
    'It lifts:',
    ...lifts.map((digest) => {
      const freeze = known.get(digest);
      const by = freeze === undefined ? '' : ` by ${freeze.member} of ${freeze.issuedAt}`;
      return `  the freeze${by}: ${digest}`;
    }),
    'Each signer lifts them once the governance clauses are met.',
  ];
}

/** What a warning says of its key. */
export const warningTexts = {
  'origin.missing': 'names no origin: hardware wallets do not find it.',
  'fingerprint.zero': 'has no fingerprint of its origin: hardware wallets do not find it.',
  'fingerprint.twice': 'is of the same seed as one before it: who has that seed has both.',
} as const;

/** What a wallet is, for a holder who confirms it. */
export function renderWallet(state: State, wallet: WalletRecord): readonly string[] {
  return [
    `Wallet ${wallet.id} on ${wallet.body.network}`,
    `Descriptor ${wallet.wallet.descriptor}`,
    `First address ${groupAddress(wallet.wallet.address(0, 0))}`,
    `Key holders: the signer; ${wallet.body.holders.map(({ member }) => member).join(', ')}`,
    ...renderPaths(wallet),
    ...keyWarnings(wallet.wallet.keys).map(
      ({ key, warning }) => `Key ${String(key + 1)} ${warningTexts[warning]}`,
    ),
    `Organisation ${state.genesis}`,
  ];
}

function plural(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}
