import { verifyKeyProof } from '../approval/verify.ts';
import { assert } from '../base/assert.ts';
import { fromHex, toHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import type { SignatureCheck } from '../approval/verify.ts';
import { finalise } from '../psbt/finalise.ts';
import { rememberNonces, reusedNonce } from '../psbt/nonces.ts';
import type { PartialSignature } from '../psbt/signatures.ts';
import { parsePartialSignatures, verifyPartialSignatures } from '../psbt/signatures.ts';
import { placeAt, recordOf } from '../governance/in-force.ts';
import { governorsMeet, isAuthorised } from '../governance/steps.ts';
import { checkAddress, noteAttested } from './addresses.ts';
import { bringInForce, headOf } from './admit-document.ts';
import { admitStatement } from './admit-statement.ts';
import { isOfThisLog } from './author.ts';
import { verifyEd25519 } from './ed25519.ts';
import type { Entry } from './entry.ts';
import type { Ledger } from './ledger.ts';
import { applyReceipt, checkReceipt, createLedger } from './ledger.ts';
import type { Receipt, ReceiptOf } from './receipt.ts';
import { receiptDigestBytes } from './receipt.ts';
import type { Said } from '../sentinel/messages.ts';
import type { BlobSource, ProposalRecord, State, VersionRecord, WalletRecord } from './state.ts';

export type ReceiptEntry = Extract<Entry, { type: 'receipt' }>;

/** How the fold asks whether a receipt is signed by the key that it names. */
export type ReceiptCheck = (entry: ReceiptEntry) => boolean;

/** The check by a verification of Ed25519: the signature is over the digest of the receipt. */
export function receiptCheckBy(verify: typeof verifyEd25519): ReceiptCheck {
  return ({ receipt, signature }) =>
    verify(fromHex(receipt.signer), receiptDigestBytes(receipt), fromHex(signature));
}

export interface ReceiptTools {
  readonly blobs: BlobSource;
  readonly verify: ReceiptCheck;
  /** ECDSA check of the hot key's signatures. */
  readonly verifyInput: SignatureCheck;
  /** Check of devices' signatures, on what was heard outside the log. */
  readonly verifyDevice: SignatureCheck;
}

/** As the protocol has it. */
export const verifyReceipt: ReceiptCheck = receiptCheckBy(verifyEd25519);

/**
 * A receipt enters: it is of the signer that the charter names, continues that signer's chain, and what it
 * proves verifies. Whether the rules allowed what it records is replay.ts's question.
 * Codes: `receipt.*`, `statement.organisation`, `log.fork`, `wallet.unknown`, `proposal.unknown`, and those of the hot
 * key's signatures: `json.*`, `schema.mismatch`, `psbt.signature.*`.
 */
export function admitReceipt(
  state: State,
  entry: ReceiptEntry,
  tools: ReceiptTools,
): Result<(index: number) => void> {
  const { receipt } = entry;
  if (receipt.org !== state.genesis)
    return refuse('statement.organisation', { org: receipt.org, genesis: state.genesis });
  const wallet = state.wallets.get(receipt.wallet);
  if (wallet === undefined) return refuse('wallet.unknown', { wallet: receipt.wallet });
  const named = state.charter?.document.body.signers.find(({ wallet: id }) => id === wallet.id);
  if (named?.key !== receipt.signer || named.epoch !== receipt.epoch)
    return refuse('receipt.unauthorised', { wallet: wallet.id, signer: receipt.signer });
  const ledger = state.ledgers.get(wallet.id) ?? createLedger();
  const next = checkReceipt(ledger, receipt);
  if (!next.ok) return next;
  if (!tools.verify(entry))
    return refuse('receipt.unauthorised', { wallet: wallet.id, signer: receipt.signer });
  if (!isOfThisLog(state, receipt.log))
    return refuse('log.fork', { size: receipt.log.size, root: receipt.log.root });
  const content =
    receipt.record === 'force'
      ? checkForce(state, wallet, ledger, receipt)
      : checkContent(state, wallet, receipt, tools);
  if (!content.ok) return content;
  // A "no" that the log lacks comes in with the receipt of who heard it; one that it holds, or takes no more, changes nothing.
  const heard =
    receipt.record === 'heard'
      ? admitStatement(
          state,
          { type: 'statement', ...saidIn(receipt), coins: null },
          { blobs: tools.blobs, verify: tools.verifyDevice },
        )
      : null;
  return ok((index) => {
    applyReceipt(ledger, receipt);
    state.ledgers.set(wallet.id, ledger);
    if (heard?.ok === true) heard.value(index);
    if (receipt.record === 'signed' && content.value !== null)
      noteSigned(state, wallet, { receipt, signatures: content.value, index });
    if (receipt.record === 'force') advanceHead(state, receipt, index);
    if (receipt.record === 'address') noteAttested(state, receipt, index);
  });
}

/** The statement of a device that a signer heard outside the log. */
export function saidIn({ statement, signature }: ReceiptOf<'heard'>): Said {
  return { statement, signature };
}

/** A legacy spend has its txid from the signatures of its only key; and a nonce that comes twice is told, for ever. */
function noteSigned(
  state: State,
  { id, wallet }: WalletRecord,
  done: {
    readonly receipt: ReceiptOf<'signed'>;
    readonly signatures: readonly PartialSignature[];
    readonly index: number;
  },
): void {
  const { receipt, signatures, index } = done;
  const { proposal } = receipt;
  const reused = reusedNonce(state.nonces, signatures);
  if (reused !== null) state.leaks.push({ index, wallet: id, proposal, earlier: reused.proposal });
  rememberNonces(state.nonces, signatures, proposal);
  if (wallet.signing !== 'legacy') return;
  const signed = signedOf(state, receipt);
  assert(signed !== undefined, 'what a receipt names was found before');
  const final = finalise(wallet, signed, [signatures]);
  // Signatures that are taken on trust may be wrong: the exact reading refuses this receipt.
  if (final.ok) signed.txid = final.value.txid;
}

/** The transaction that a receipt is about: the proposal's own, or that of a version. */
function signedOf(
  state: State,
  { proposal: digest, version }: ReceiptOf<'intent' | 'signed'>,
): ProposalRecord | VersionRecord | undefined {
  const proposal = state.proposals.get(digest);
  return version === undefined ? proposal : proposal?.versions[version - 1];
}

/**
 * The first signer for which a version is in force makes it the newest; version 1 was so by its signatures. A policy or
 * wallet is its own signer's; for a charter or address book the signatures must suffice by the newest charter, so that
 * who steals one signer's key makes nobody's "no" go unheard at the others.
 */
function advanceHead(state: State, { document: digest }: ReceiptOf<'force'>, index: number): void {
  const record = state.documents.get(digest);
  assert(record !== undefined, 'a receipt names a known document');
  if (record.headAt !== null) return;
  const { document } = record;
  const head = headOf(state, document);
  const isOwn = document.kind === 'policy' || document.kind === 'wallet';
  const follows = head === null || head.digest === document.previous;
  const isNewer = head !== null && document.version >= head.document.version;
  const charter = state.charter?.document.body;
  const overtakes = isNewer && charter !== undefined && governorsMeet(charter, record);
  if (isOwn || (follows && isAuthorised(state, record)) || overtakes)
    bringInForce(state, record, index);
}

/**
 * A document comes in force only where it follows what is, or catches up with what is newer elsewhere: no receipt leads
 * back to an older version, and none of one wallet moves another's policy. Whether the rules allowed it is replay.ts's
 * question; a signer never finds the log closed to what it has done.
 */
function checkForce(
  state: State,
  wallet: WalletRecord,
  ledger: Ledger,
  { kind, document: digest }: ReceiptOf<'force'>,
): Result<null> {
  const record = recordOf(state, kind, digest);
  if (record === null) return refuse('document.unknown', { document: digest });
  if (record.headAt === null && record.approvals.size + record.recovered.size === 0)
    return refuse('document.unauthorised', { document: digest });
  const own = kind === 'charter' || kind === 'destinations' || record.document.id === wallet.id;
  return own && placeAt(state, ledger, record) !== 'stale'
    ? ok(null)
    : refuse('document.stale', { kind, named: digest });
}

function checkContent(
  state: State,
  wallet: WalletRecord,
  receipt: Exclude<Receipt, ReceiptOf<'force'>>,
  { blobs, verifyInput }: ReceiptTools,
): Result<readonly PartialSignature[] | null> {
  if (receipt.record === 'started') return checkStart(state, wallet, receipt);
  if (receipt.record === 'sight' || receipt.record === 'heard') return ok(null);
  if (receipt.record === 'address') return checkAddress(state, wallet, receipt);
  if (receipt.record === 'lift')
    return state.freezes.some(({ digest }) => digest === receipt.freeze)
      ? ok(null)
      : refuse('freeze.unknown', { wallet: wallet.id, lifts: [receipt.freeze] });
  const proposal = state.proposals.get(receipt.proposal);
  if (proposal?.statement.wallet.id !== wallet.id)
    return refuse('proposal.unknown', { proposal: receipt.proposal, wallet: wallet.id });
  // Else its replay, which stops the fold there, would judge what it cannot know.
  if (proposal.index >= receipt.log.size)
    return refuse('receipt.invalid', { reason: 'a proposal that it had not read' });
  const version = 'version' in receipt ? receipt.version : undefined;
  const about = version === undefined ? proposal : proposal.versions[version - 1];
  if (about === undefined || about.index >= receipt.log.size)
    return refuse('receipt.invalid', { reason: 'a version that it had not read' });
  if (receipt.record !== 'signed') return ok(null);
  const bytes = blobs(receipt.signatures);
  assert(bytes !== undefined, 'the blobs of an entry are there');
  const parsed = parsePartialSignatures(bytes);
  if (!parsed.ok) return parsed;
  const verified = verifyPartialSignatures(wallet.wallet, about, parsed.value, verifyInput);
  if (!verified.ok) return verified;
  return verified.value.keyIndex === wallet.hotKeyIndex
    ? parsed
    : refuse('receipt.invalid', { reason: 'not signed by the hot key' });
}

function checkStart(
  state: State,
  wallet: WalletRecord,
  receipt: ReceiptOf<'started'>,
): Result<null> {
  const wrong = (reason: string) => refuse('receipt.invalid', { wallet: wallet.id, reason });
  if (receipt.walletDigest !== wallet.root.digest) return wrong('another wallet');
  if (receipt.firstAddress !== wallet.wallet.address(0, 0)) return wrong('first address');
  if (receipt.keyProof.key !== toHex(wallet.wallet.keyAt(wallet.hotKeyIndex, 0, 0)))
    return wrong('not the hot key');
  const held = {
    org: state.genesis,
    document: wallet.root.digest,
    wallet: wallet.id,
    firstAddress: receipt.firstAddress,
  };
  return verifyKeyProof(receipt.keyProof, held) ? ok(null) : wrong('signature');
}
