import { fromHex } from '../base/bytes.ts';
import { formatBtc, sats } from '../base/sats.ts';
import type { State, WalletRecord } from '../log/state.ts';
import { proposalName } from '../proposal/name.ts';
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

/**
 * What a person reads before a device signs: made from the statement alone, the same in console and CLI, every
 * payment in full. Nothing a server says beside the statement enters it.
 */

/** An address in groups of four characters, so that two can be compared by eye. Nothing is left out. */
export function groupAddress(address: string): string {
  return address.replace(/(.{4})(?=.)/g, '$1 ');
}

/** The lines of a statement, in plain words. */
export function renderStatement(statement: Statement, context: RenderContext): readonly string[] {
  switch (statement.type) {
    case 'proposal':
      return renderProposal(statement);
    case 'approval':
      return renderApproval(statement, context.proposal);
    case 'document':
      return renderDocument(statement);
    case 'freeze':
      return renderFreeze(statement);
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
    `Proposal ${proposalName(digest)} from wallet ${statement.wallet.id} on ${network}, by ${statement.initiator}`,
    `Pays ${formatBtc(sats(total))} in ${plural(payments.length, 'payment')}:`,
    ...payments.map(({ script, sats: amount }) => payment(script, amount, network)),
    ...change.map(
      ({ script, sats: amount, change: index }) =>
        `  change ${formatBtc(sats(amount))} back to this wallet, address ${String(index)}: ${groupAddress(addressOfScript(fromHex(script), network) ?? script)}`,
    ),
    `Fee ${formatBtc(sats(spend.feeSats))}, from ${plural(spend.inputs.length, 'coin')}`,
    ...(spend.lockTime === 0 ? [] : [`Valid from block ${String(spend.lockTime)}`]),
    ...(statement.reference === null ? [] : [`Reference ${statement.reference}`]),
    `Open until ${statement.expiresAt}`,
    `Digest ${digest}`,
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

function renderDocument(statement: DocumentStatement): readonly string[] {
  const address = statement.firstAddress;
  return [
    `${statement.decision.toUpperCase()} document ${statement.document} as ${statement.member}`,
    ...(address === null ? [] : [`Its first address is ${groupAddress(address)}`]),
  ];
}

function renderFreeze(statement: FreezeStatement): readonly string[] {
  const what = statement.wallet === '*' ? 'EVERY wallet' : `wallet ${statement.wallet}`;
  return [
    `${statement.action.toUpperCase()} ${what} as ${statement.member}.`,
    'Nothing is signed from it until the freeze is lifted by the governors.',
  ];
}

/** What a wallet is, for a holder who confirms it. */
export function renderWallet(state: State, wallet: WalletRecord): readonly string[] {
  return [
    `Wallet ${wallet.id} on ${wallet.body.network}`,
    `Descriptor ${wallet.wallet.descriptor}`,
    `First address ${groupAddress(wallet.wallet.address(0, 0))}`,
    `Key holders: the signer; ${wallet.body.holders.map(({ member }) => member).join(', ')}`,
    `Organisation ${state.genesis}`,
  ];
}

function plural(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}
