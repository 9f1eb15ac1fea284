import { unreachable } from '../base/assert.ts';
import { fromHex, toBase64 } from '../base/bytes.ts';
import { MESSAGE_LINE_LENGTH } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { formatBtc, sats } from '../base/sats.ts';
import type { ProposalRecord, State } from '../log/state.ts';
import { addressOfScript } from '../wallet/network.ts';
import type {
  ApprovalStatement,
  DocumentStatement,
  FreezeStatement,
  Statement,
} from './statement.ts';
import { statementDigest } from './statement.ts';

/**
 * The one line of text that a `message` device shows and signs. It is made from the statement and from what the log
 * holds of its object, and nobody's words enter it; whoever verifies makes it again, byte for byte.
 *
 *     line     = "Countersign v1 " (approval | document | freeze) " id " id
 *     approval = ("approve" | "reject" | "withdraw") " " wallet " " paying " fee " amount [" max " amount]
 *     paying   = ("pay" | "cancel") [" again"] " " payments | "pay" [" again"] " nothing" | "cancel" [" again"]
 *     payments = payment *("; " payment)              as the transaction orders them, change left out
 *     payment  = (address | "script " hex) " " amount
 *     document = ("sign" | "veto" | "confirm") " " kind " " id " version " number [" first " address] " digest " digest
 *     freeze   = "freeze " (wallet | "*") | "unfreeze " (wallet | "*") " lifts " number
 *     amount   = bitcoin with eight decimals, such as 0.01000000
 *     id       = base64url, without padding, of the statement's 32-byte digest
 *
 * `again` says that the payments repeat former ones, `max` is the most that the envelope of the fee allows. Wallets and documents are named by labels, which hold no blank.
 */

const HEAD = 'Countersign v1';

/**
 * The line of a statement, at most MESSAGE_LINE_LENGTH printable ASCII characters. Codes: `device.kind.statement` for
 * proposals and sessions, `proposal.unknown`, `document.unknown`, `approval.message.toolong`.
 */
export function messageLine(state: State, statement: Statement): Result<string> {
  const about = subjectOf(state, statement);
  if (!about.ok) return about;
  return fitting(`${HEAD} ${about.value} id ${idOf(statementDigest(statement))}`);
}

/**
 * What the key of a wallet at 0/0 signs on a wallet device to prove that its holder has it and saw the first address.
 * `proof` is the digest that a key in the CLI signs instead. Code `approval.message.toolong`.
 */
export function keyProofLine(wallet: string, firstAddress: string, proof: string): Result<string> {
  return fitting(`${HEAD} hold ${wallet} first ${firstAddress} id ${idOf(proof)}`);
}

function fitting(line: string): Result<string> {
  return line.length <= MESSAGE_LINE_LENGTH
    ? ok(line)
    : refuse('approval.message.toolong', { length: line.length, most: MESSAGE_LINE_LENGTH });
}

function subjectOf(state: State, statement: Statement): Result<string> {
  switch (statement.type) {
    case 'approval': {
      const proposal = state.proposals.get(statement.proposal);
      return proposal === undefined
        ? refuse('proposal.unknown', { proposal: statement.proposal })
        : ok(approvalText(statement, proposal));
    }
    case 'document':
      return documentText(state, statement);
    case 'freeze':
      return ok(freezeText(statement));
    case 'proposal':
    case 'session':
      return refuse('device.kind.statement', { kind: 'message', statement: statement.type });
    default:
      return unreachable(statement);
  }
}

function approvalText(
  { decision, spend: named }: ApprovalStatement,
  { statement, versions }: ProposalRecord,
): string {
  const { wallet, kind, network, spend, envelope, repeats } = statement;
  const payments = spend.outputs
    .filter(({ change }) => change === undefined)
    .map(({ script, sats: amount }) => {
      const address = addressOfScript(fromHex(script), network);
      return `${address ?? `script ${script}`} ${amountText(amount)}`;
    })
    .join('; ');
  const nothing = kind === 'pay' ? ' nothing' : '';
  const again = repeats === null ? '' : ' again';
  const paying = `${kind}${again}${payments === '' ? nothing : ` ${payments}`}`;
  // A fee bump makes the same payments: nothing but its fee is another.
  const bump = versions.find(({ spendDigest }) => spendDigest === named)?.view.spend;
  const fee = `fee ${amountText((bump ?? spend).feeSats)}`;
  const most = envelope === null ? '' : ` max ${amountText(envelope.feeSatsMax)}`;
  return `${decision} ${wallet.id} ${paying} ${fee}${most}`;
}

function documentText(state: State, statement: DocumentStatement): Result<string> {
  const document = state.documents.get(statement.document)?.document;
  if (document === undefined) return refuse('document.unknown', { document: statement.document });
  const { kind, id, version } = document;
  const verb = statement.decision === 'approve' ? 'sign' : statement.decision;
  const first = statement.firstAddress === null ? '' : ` first ${statement.firstAddress}`;
  return ok(
    `${verb} ${kind} ${id} version ${String(version)}${first} digest ${idOf(statement.document)}`,
  );
}

function freezeText({ action, wallet, lifts }: FreezeStatement): string {
  return action === 'freeze'
    ? `freeze ${wallet}`
    : `unfreeze ${wallet} lifts ${String(lifts.length)}`;
}

/** `0.01000000`: an amount without a point could be taken for satoshi. */
function amountText(amount: number): string {
  return formatBtc(sats(amount)).replace(' BTC', '');
}

/** All 32 bytes: whoever signs this signs the statement and everything in it. */
function idOf(digest: string): string {
  return toBase64(fromHex(digest)).replaceAll('+', '-').replaceAll('/', '_').replace('=', '');
}
