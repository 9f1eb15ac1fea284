import { assert } from '../base/assert.ts';
import { digest as digestOf } from '../base/digest.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { checkReplacement } from '../proposal/replacement.ts';
import { readSpend } from '../psbt/spend.ts';
import { txidBeforeSigning } from '../psbt/txid.ts';
import { isSigned } from './admit-approval.ts';
import { changeReach } from './admit-proposal.ts';
import type { Entry } from './entry.ts';
import { bumpsOf, createLedger } from './ledger.ts';
import type { BlobSource, ProposalRecord, State, VersionRecord } from './state.ts';

export type VersionEntry = Extract<Entry, { type: 'version' }>;

/**
 * A fee bump enters. It needs no signature: it may do nothing that the approvers of the envelope did not sign, so that
 * whoever lays one in raises a fee within bounds. Whether it is in time is the signer's question (authorise-version.ts).
 * Codes: `proposal.unknown`, `proposal.unsigned`, those of what ended it, `version.*`, those of readSpend.
 */
export function admitVersion(
  state: State,
  entry: VersionEntry,
  blobs: BlobSource,
): Result<(index: number) => void> {
  const proposal = state.proposals.get(entry.proposal);
  if (proposal === undefined) return refuse('proposal.unknown', { proposal: entry.proposal });
  const { envelope } = proposal.statement;
  if (envelope === null) return refuse('version.envelope', { proposal: proposal.digest });
  if (!isSigned(state, proposal)) return refuse('proposal.unsigned', { proposal: proposal.digest });
  // Somebody said no before the signature, and the signer had not read it.
  const { ended } = proposal;
  if (ended !== null) return refuse(ended.code, { proposal: proposal.digest, by: ended.by });
  const { versions } = proposal;
  if (versions.length >= envelope.replacementsMax)
    return refuse('version.count', { replacementsMax: envelope.replacementsMax });
  const wallet = state.wallets.get(proposal.statement.wallet.id);
  assert(wallet !== undefined, 'a proposal names a wallet of the log');
  const transaction = blobs(entry.transaction);
  assert(transaction !== undefined, 'the blobs of an entry are there');
  const read = readSpend(wallet.wallet, transaction, proposal.coins, {
    highestChange: changeReach(state, wallet),
  });
  if (!read.ok) return read;
  const view = read.value;
  const replaces = checkReplacement(versions.at(-1)?.view ?? proposal.view, view);
  if (!replaces.ok) return replaces;
  if (view.spend.feeSats > envelope.feeSatsMax)
    return refuse('version.fee.high', {
      feeSats: view.spend.feeSats,
      feeSatsMax: envelope.feeSatsMax,
    });
  return ok((index) => {
    const record: VersionRecord = {
      version: versions.length + 1,
      index,
      transaction,
      txid: txidBeforeSigning(wallet.wallet, { transaction, coins: view.coins }),
      coins: view.coins,
      view,
      spendDigest: digestOf('spend', view.spend),
      cosignatures: [],
    };
    proposal.versions = [...versions, record];
  });
}

/** A transaction of a proposal that the log says is signed. */
export interface SignedTransaction {
  /** 0: that which the proposal itself names. */
  readonly version: number;
  readonly txid: string;
  /** Address of the hot key's signatures. */
  readonly signatures: string;
  readonly of: ProposalRecord | VersionRecord;
}

/** The signed transactions of a proposal by the receipts in the log, the newest last: of these one can be confirmed. */
export function signedTransactions(
  state: State,
  proposal: ProposalRecord,
): readonly SignedTransaction[] {
  const ledger = state.ledgers.get(proposal.statement.wallet.id) ?? createLedger();
  const first = ledger.signed.get(proposal.digest);
  if (first === undefined) return [];
  const { txid } = proposal;
  const bumped = bumpsOf(ledger, proposal.digest).signed.map(({ version, signatures }) => {
    const of = proposal.versions[version - 1];
    assert(of !== undefined, 'a receipt names a known version');
    return { version, txid: of.txid, signatures, of };
  });
  return [{ version: 0, txid, signatures: first.signatures, of: proposal }, ...bumped];
}

/** Of these the one that is to be confirmed: the newest. Undefined while none is signed. */
export function newestSigned(
  state: State,
  proposal: ProposalRecord,
): SignedTransaction | undefined {
  return signedTransactions(state, proposal).at(-1);
}

/** The newest fee bump of a signed proposal that its signer has not signed, or null. */
export function openVersion(state: State, proposal: ProposalRecord): VersionRecord | null {
  const newest = proposal.versions.at(-1);
  if (newest === undefined) return null;
  const signed = newestSigned(state, proposal)?.version ?? 0;
  return signed >= newest.version ? null : newest;
}
