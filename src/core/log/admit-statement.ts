import type { DocumentStatement, FreezeStatement, Statement } from '../approval/statement.ts';
import { statementDigest } from '../approval/statement.ts';
import type { SignatureCheck } from '../approval/verify.ts';
import { keyProofDigest, verifyKeyProof } from '../approval/verify.ts';
import { unreachable } from '../base/assert.ts';
import { toHex } from '../base/bytes.ts';
import { STATEMENT_SECONDS } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { parseTime } from '../base/time.ts';
import { governanceMet, isIn, isPerson } from '../governance/charter.ts';
import type { CharterMember } from '../governance/document.ts';
import { admitApproval } from './admit-approval.ts';
import { bringInForce, checkDocument } from './admit-document.ts';
import { admitProposal } from './admit-proposal.ts';
import type { StatementEntry } from './entry.ts';
import type { BlobSource, DocumentRecord, MemberRecord, State } from './state.ts';

/** Statements of devices: who said it, is it his, does it stand in this log; then what it says. */

type Effect = (index: number) => void;

export interface StatementTools {
  readonly blobs: BlobSource;
  readonly verify: SignatureCheck;
}

/** A statement whose signature, member and device are established. */
export interface Signed<S extends Statement> {
  readonly statement: S;
  readonly digest: string;
  readonly author: MemberRecord;
  /** False when the checkpoint that the device last verified is not of this log. */
  readonly sameLog: boolean;
}

/** Codes: `statement.*`, `member.*`, `device.*`, `log.fork`, and those of the kinds of statement. */
export function admitStatement(
  state: State,
  entry: StatementEntry,
  tools: StatementTools,
): Result<Effect> {
  const { statement } = entry;
  const signed = authenticate(state, entry, tools.verify);
  if (!signed.ok) return signed;
  const said = signed.value;
  const fit = checkStanding(state, said);
  if (!fit.ok) return fit;
  if ((entry.coins !== null) !== (statement.type === 'proposal'))
    return refuse('log.entry.invalid', { reason: 'coins stand on proposals only' });
  const effect = ((): Result<Effect> => {
    switch (statement.type) {
      case 'proposal':
        return admitProposal(state, { ...said, statement }, entry, tools.blobs);
      case 'approval':
        return admitApproval(state, { ...said, statement }, tools.blobs);
      case 'document':
        return admitDocumentStatement(state, { ...said, statement });
      case 'freeze':
        return admitFreeze(state, { ...said, statement });
      case 'session':
        return refuse('log.entry.invalid', { reason: 'sessions stand in the access log' });
      default:
        return unreachable(statement);
    }
  })();
  if (!effect.ok) return effect;
  return ok((index) => {
    state.statements.add(said.digest);
    effect.value(index);
  });
}

/**
 * Establishes who made a statement: organisation, member, device, times, signature. What the statement says is
 * not looked at. Also used for session statements, which stand in the access log.
 */
export function authenticate(
  state: State,
  entry: { readonly statement: Statement; readonly signature: string },
  verify: SignatureCheck,
): Result<Signed<Statement>> {
  const { statement } = entry;
  if (statement.org !== state.genesis)
    return refuse('statement.organisation', { org: statement.org, genesis: state.genesis });
  const author = state.members.get(statement.member);
  if (author === undefined) return refuse('member.unknown', { member: statement.member });
  const device = author.member.devices.find(({ id }) => id === statement.device);
  if (device === undefined)
    return refuse('device.unknown', { member: statement.member, device: statement.device });
  const times = checkTimes(statement);
  if (!times.ok) return times;
  const digest = statementDigest(statement);
  if (state.statements.has(digest)) return refuse('statement.duplicate', { statement: digest });
  if (!verify(device.key, digest, entry.signature))
    return refuse('statement.signature', { member: statement.member, device: statement.device });
  return ok({ statement, digest, author, sameLog: isOfThisLog(state, statement.log) });
}

function checkTimes(statement: Statement): Result<null> {
  const issued = parseTime(statement.issuedAt);
  const expires = parseTime(statement.expiresAt);
  const fits =
    issued !== undefined &&
    expires !== undefined &&
    issued < expires &&
    expires - issued <= STATEMENT_SECONDS;
  return fits
    ? ok(null)
    : refuse('statement.time', { issuedAt: statement.issuedAt, expiresAt: statement.expiresAt });
}

/** Whether a named checkpoint is a prefix of the log folded so far. */
export function isOfThisLog(
  state: State,
  log: { readonly size: number; readonly root: string },
): boolean {
  return log.size <= state.tree.size && toHex(state.tree.rootAt(log.size)) === log.root;
}

/**
 * A "no" counts on signature and identity alone; everything else needs a confirmed device and our own log.
 * A device's first word is its confirmation of the genesis.
 */
function checkStanding(state: State, said: Signed<Statement>): Result<null> {
  const { statement, author } = said;
  if (saysNo(statement)) return ok(null);
  // An approval that names a foreign checkpoint counts as its author's rejection: admit-approval.ts.
  if (!said.sameLog && statement.type !== 'approval')
    return refuse('log.fork', { size: statement.log.size, root: statement.log.root });
  const first = statement.type === 'document' && statement.document === state.genesis;
  if (!first && !author.confirmed.has(statement.device))
    return refuse('device.unconfirmed', { member: statement.member, device: statement.device });
  return ok(null);
}

function saysNo(statement: Statement): boolean {
  if (statement.type === 'approval') return statement.decision !== 'approve';
  if (statement.type === 'document') return statement.decision === 'veto';
  return statement.type === 'freeze' && statement.action === 'freeze';
}

function admitDocumentStatement(state: State, said: Signed<DocumentStatement>): Result<Effect> {
  const { statement, author } = said;
  const record = state.documents.get(statement.document);
  if (record === undefined) return refuse('document.unknown', { document: statement.document });
  switch (statement.decision) {
    case 'veto':
      return refuse('document.change.unsupported', { decision: 'veto' });
    case 'approve':
      return admitGovernor(state, record, author.member, statement);
    case 'confirm':
      return record.document.kind === 'wallet'
        ? admitHolder(state, record, statement)
        : admitConfirmation(state, record, author, statement);
  }
}

function admitGovernor(
  state: State,
  record: DocumentRecord,
  governor: CharterMember,
  statement: DocumentStatement,
): Result<Effect> {
  const charter = state.documents.get(state.genesis)?.document;
  if (charter?.kind !== 'charter') return refuse('document.unknown', { document: state.genesis });
  if (!isPerson(governor) || !isIn(governor, [charter.body.governance.group]))
    return refuse('member.role', { member: governor.id, needs: charter.body.governance.group });
  if (statement.firstAddress !== null || statement.keyProof !== null)
    return refuse('document.confirmation.invalid', { reason: 'an approval proves no key' });
  if (record.authorisedAt === null) {
    const still = checkDocument(state, record.document, record.digest);
    if (!still.ok) return still;
  }
  return ok((index) => {
    record.approvedBy.add(governor.id);
    if (record.document.kind === 'charter')
      state.members.get(governor.id)?.confirmed.add(statement.device);
    if (record.authorisedAt === null && governanceMet(charter.body, [...record.approvedBy]))
      bringInForce(state, record, index);
  });
}

function admitConfirmation(
  state: State,
  record: DocumentRecord,
  author: MemberRecord,
  statement: DocumentStatement,
): Result<Effect> {
  if (statement.document !== state.genesis || statement.firstAddress !== null)
    return refuse('document.confirmation.invalid', { document: record.digest });
  if (statement.keyProof !== null)
    return refuse('document.confirmation.invalid', { document: record.digest });
  return ok(() => {
    author.confirmed.add(statement.device);
  });
}

/** A key holder confirms a wallet: the address at 0/0 as he derived it, proven by his descriptor key there. */
function admitHolder(
  state: State,
  record: DocumentRecord,
  statement: DocumentStatement,
): Result<Effect> {
  const wallet = state.wallets.get(record.document.id);
  if (wallet?.record !== record)
    return refuse('document.unauthorised', { document: record.digest });
  const { firstAddress, keyProof } = statement;
  const wrong = (reason: string) =>
    refuse('document.confirmation.invalid', {
      wallet: wallet.id,
      member: statement.member,
      reason,
    });
  if (firstAddress !== wallet.wallet.address(0, 0)) return wrong('first address');
  if (keyProof === null) return wrong('no proof of the key');
  const held = wallet.body.holders.filter((holder) => holder.member === statement.member);
  const keys = held.map(({ key }) => wallet.wallet.keys.findIndex(({ xpub }) => xpub === key));
  if (!keys.some((key) => toHex(wallet.wallet.keyAt(key, 0, 0)) === keyProof.key))
    return wrong('not a key of this member');
  const message = keyProofDigest(state.genesis, record.digest, firstAddress);
  if (!verifyKeyProof(keyProof, message)) return wrong('signature');
  return ok(() => {
    wallet.confirmedBy.add(keyProof.key);
  });
}

function admitFreeze(state: State, said: Signed<FreezeStatement>): Result<Effect> {
  const { statement, author, digest } = said;
  if (statement.action === 'unfreeze' || statement.lifts.length > 0)
    return refuse('freeze.lift.unsupported', { wallet: statement.wallet });
  const charter = state.charter?.document.body;
  if (charter === undefined) return refuse('document.unauthorised', { document: state.genesis });
  if (!isIn(author.member, charter.officers))
    return refuse('member.role', { member: statement.member, needs: [...charter.officers] });
  if (statement.wallet !== '*' && !state.wallets.has(statement.wallet))
    return refuse('wallet.unknown', { wallet: statement.wallet });
  return ok((index) => {
    state.freezes.push({ digest, index, statement });
  });
}

/** Whether every holder of another key of the wallet has confirmed it. The hot key is proven by the signer's start. */
export function holdersConfirmed(state: State, id: string): boolean {
  const found = state.wallets.get(id);
  if (found === undefined) return false;
  return found.body.holders.every(({ key }) => {
    const index = found.wallet.keys.findIndex(({ xpub }) => xpub === key);
    return index >= 0 && found.confirmedBy.has(toHex(found.wallet.keyAt(index, 0, 0)));
  });
}
