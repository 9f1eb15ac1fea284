import type { ProposalStatement } from '../approval/statement.ts';
import { assert } from '../base/assert.ts';
import { canonicalBytes } from '../base/canonical.ts';
import { digest as digestOf } from '../base/digest.ts';
import { equalBytes } from '../base/bytes.ts';
import { ADDRESS_INDEX, PROPOSAL_SECONDS, REPLACEMENTS } from '../base/limits.ts';
import type { Refusal, Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { parseTime } from '../base/time.ts';
import { isIn } from '../governance/charter.ts';
import { recordOf } from '../governance/in-force.ts';
import { proposalName } from '../proposal/name.ts';
import { SEQUENCE_REPLACEABLE } from '../psbt/build.ts';
import type { SpendView } from '../psbt/spend.ts';
import { readSpend } from '../psbt/spend.ts';
import { txidBeforeSigning } from '../psbt/txid.ts';
import { isSigned } from './admit-approval.ts';
import type { Signed } from './author.ts';
import type { StatementEntry } from './entry.ts';
import { parseCoins } from './entry.ts';
import type { Ledger } from './ledger.ts';
import type { BlobSource, ProposalRecord, State, WalletRecord } from './state.ts';

/**
 * A proposal enters: its initiator may propose, its documents are those in force, and the bytes of its
 * transaction do exactly what its spend says. Whether the policy allows it is authorise.ts's question.
 */
export function admitProposal(
  state: State,
  said: Signed<ProposalStatement>,
  entry: StatementEntry,
  blobs: BlobSource,
): Result<(index: number) => void> {
  const { statement, digest } = said;
  const frame = checkFrame(state, said);
  if (!frame.ok) return frame;
  const wallet = frame.value;
  const bytes = readBytes(state, wallet, { statement, coins: entry.coins }, blobs);
  if (!bytes.ok) return bytes;
  const { transaction, view } = bytes.value;
  if (!equalBytes(canonicalBytes(view.spend), canonicalBytes(statement.spend)))
    return refuse('proposal.spend.mismatch', { wallet: wallet.id });
  const form = checkCancel(state, statement) ?? checkEnvelope(statement, view);
  if (form !== null) return refuse(form.code, form.facts);
  return ok((index) => {
    const record: ProposalRecord = {
      digest,
      index,
      name: proposalName(digest),
      statement,
      spendDigest: digestOf('spend', statement.spend),
      signature: entry.signature,
      transaction,
      txid: txidBeforeSigning(wallet.wallet, { transaction, coins: view.coins }),
      coins: view.coins,
      view,
      approvals: [],
      final: new Set(),
      last: new Map(),
      versions: [],
      ended: null,
    };
    state.proposals.set(digest, record);
  });
}

function checkFrame(state: State, said: Signed<ProposalStatement>): Result<WalletRecord> {
  const { statement, member } = said;
  if (state.charter === null) return refuse('document.unauthorised', { document: state.genesis });
  const { initiators } = state.charter.document.body;
  if (statement.initiator !== statement.member)
    return refuse('proposal.initiator', { initiator: statement.initiator });
  if (!isIn(member, initiators))
    return refuse('member.role', { member: statement.member, needs: initiators });
  const wallet = state.wallets.get(statement.wallet.id);
  if (wallet === undefined) return refuse('wallet.unknown', { wallet: statement.wallet.id });
  if (statement.network !== wallet.body.network)
    return refuse('statement.network', { network: statement.network, wallet: wallet.body.network });
  const named = checkNamed(state, statement);
  if (!named.ok) return named;
  const issued = parseTime(statement.issuedAt);
  const expires = parseTime(statement.expiresAt);
  assert(issued !== undefined && expires !== undefined, 'times are checked before');
  if (expires - issued > PROPOSAL_SECONDS)
    return refuse('statement.time', { expiresAt: statement.expiresAt });
  if (statement.repeats !== null && !state.proposals.has(statement.repeats))
    return refuse('proposal.unknown', { proposal: statement.repeats });
  return ok(wallet);
}

/**
 * A cancel proposal moves the coins of one signed proposal back to the wallet, all of them and no others: one left out could
 * be spent by the cancelled one alone, and one more could be another's.
 */
function checkCancel(
  state: State,
  { kind, cancels, spend, wallet }: ProposalStatement,
): Refusal | null {
  const invalid = (reason: string): Refusal => ({
    code: 'proposal.cancel.invalid',
    facts: { cancels, reason },
  });
  if (kind === 'pay') return cancels === null ? null : invalid('a payment names it');
  if (cancels === null) return invalid('none is named');
  const target = state.proposals.get(cancels);
  if (target?.statement.wallet.id !== wallet.id || !isSigned(state, target))
    return invalid('that is no signed proposal of the wallet');
  // Else what that one made void would be void by nothing that is named: whoever outbids it names the payment itself.
  if (target.statement.cancels !== null) return invalid('that cancels another itself');
  if (spend.outputs.some(({ change }) => change === undefined)) return invalid('it pays somebody');
  const coins = target.statement.spend.inputs.map(({ outpoint }) => outpoint);
  const taken = new Set(spend.inputs.map(({ outpoint }) => outpoint));
  return taken.size === coins.length && coins.every((outpoint) => taken.has(outpoint))
    ? null
    : invalid('it spends other coins than that');
}

/** An envelope holds at least the fee that is there, is bounded, and is of a transaction that nodes replace (BIP 125). */
function checkEnvelope({ envelope, issuedAt }: ProposalStatement, view: SpendView): Refusal | null {
  if (envelope === null) return null;
  const invalid = (reason: string): Refusal => ({
    code: 'proposal.envelope.invalid',
    facts: { ...envelope, reason },
  });
  const { feeSatsMax, replacementsMax } = envelope;
  if (feeSatsMax < view.spend.feeSats) return invalid('the fee is above it');
  if (replacementsMax < 1 || replacementsMax > REPLACEMENTS) return invalid('replacements');
  const [issued, until] = [parseTime(issuedAt), parseTime(envelope.until)];
  assert(issued !== undefined && until !== undefined, 'the schema admits only times');
  if (until <= issued || until > issued + PROPOSAL_SECONDS) return invalid('until');
  return view.sequences.some((sequence) => sequence <= SEQUENCE_REPLACEABLE)
    ? null
    : invalid('the transaction does not signal that it may be replaced');
}

/**
 * Each document that a proposal names was the newest once, or came in force for the wallet's signer. Whether it is still,
 * or was until a short while ago, is authorise.ts's question.
 */
function checkNamed(state: State, statement: ProposalStatement): Result<null> {
  const { id } = statement.wallet;
  const forced = state.ledgers.get(id)?.forced;
  const named = [
    ['charter', statement.charter, state.charter?.document.id],
    ['wallet', statement.wallet.digest, id],
    ['policy', statement.policy, id],
    ['destinations', statement.destinations, state.destinations?.document.id],
  ] as const;
  for (const [kind, digest, place] of named) {
    const record = recordOf(state, kind, digest);
    const known = record !== null && record.document.id === place && record.headAt !== null;
    if (!known && !forced?.[kind].some(({ document }) => document === digest))
      return refuse('document.stale', { kind, named: digest });
  }
  return ok(null);
}

function readBytes(
  state: State,
  wallet: WalletRecord,
  claimed: { readonly statement: ProposalStatement; readonly coins: string | null },
  blobs: BlobSource,
): Result<{ readonly transaction: Uint8Array; readonly view: SpendView }> {
  assert(claimed.coins !== null, 'a proposal names its coins');
  const list = blobs(claimed.coins);
  const transaction = blobs(claimed.statement.spend.transaction);
  assert(list !== undefined && transaction !== undefined, 'the blobs of an entry are there');
  const claims = parseCoins(list);
  if (!claims.ok) return claims;
  // One array for each parent: readSpend counts the bytes of distinct ones, and a source may copy at each call.
  const parents = new Map<string, Uint8Array>();
  const coins = claims.value.map(({ parent, branch, index }) => {
    const bytes = parents.get(parent) ?? blobs(parent);
    assert(bytes !== undefined, 'the parents of a proposal are there');
    parents.set(parent, bytes);
    return { parent: bytes, branch, index };
  });
  const highestChange = changeReach(state, wallet);
  const view = readSpend(wallet.wallet, transaction, coins, { highestChange });
  return view.ok ? ok({ transaction, view: view.value }) : view;
}

/** What of a ledger's signed spends was looked at: they only grow, and a Map's iterator goes on with what was added. */
interface Looked {
  readonly signed: MapIterator<string>;
  read: number;
  highest: number;
}
const looked = new WeakMap<Ledger, Looked>();

/** Highest change index that a signed spend of the wallet used, or -1: change farther out than a gap could be lost. */
export function highestChangeSigned(state: State, wallet: string): number {
  const ledger = state.ledgers.get(wallet);
  if (ledger === undefined) return -1;
  const found = looked.get(ledger) ?? { signed: ledger.signed.keys(), read: 0, highest: -1 };
  looked.set(ledger, found);
  for (; found.read < ledger.signed.size; found.read++) {
    const { value = '' } = found.signed.next();
    for (const { change = -1 } of state.proposals.get(value)?.statement.spend.outputs ?? [])
      found.highest = Math.max(found.highest, change);
  }
  return found.highest;
}

/** Highest index at which an output of a new proposal counts as change; no wallet searches beyond ADDRESS_INDEX. */
export function changeReach(state: State, wallet: WalletRecord): number {
  return Math.min(highestChangeSigned(state, wallet.id) + wallet.body.gapLimit, ADDRESS_INDEX);
}
