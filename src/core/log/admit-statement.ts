import type { DocumentStatement, FreezeStatement, Statement } from '../approval/statement.ts';
import { saysNo } from '../approval/statement.ts';
import type { SignatureCheck } from '../approval/verify.ts';
import { verifyKeyProof } from '../approval/verify.ts';
import { unreachable } from '../base/assert.ts';
import { toHex } from '../base/bytes.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { isIn, RECOVERY, SENTINEL } from '../governance/charter.ts';
import type { CharterBody, WalletBody } from '../governance/document.ts';
import { recordOf } from '../governance/in-force.ts';
import { governorsMeet, mayVeto } from '../governance/steps.ts';
import { admitApproval } from './admit-approval.ts';
import { bringInForce, checkDocument, membersOf } from './admit-document.ts';
import { admitProposal } from './admit-proposal.ts';
import type { Signed } from './author.ts';
import { authenticate } from './author.ts';
import type { StatementEntry } from './entry.ts';
import { governsSomewhere, hearing, isInForceEverywhere, placeOfDocument } from './hearing.ts';
import type { BlobSource, DocumentRecord, State, WalletRecord } from './state.ts';

/** Statements of devices: whether their authors may say it, and what it says. Who that is: author.ts. */

type Effect = (index: number) => void;

export interface StatementTools {
  readonly blobs: BlobSource;
  readonly verify: SignatureCheck;
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
 * A "no" counts on signature and identity alone; everything else needs a confirmed device, nobody suspended, and our
 * own log. A device's first word is its confirmation of a charter that names it.
 */
function checkStanding(state: State, said: Signed<Statement>): Result<null> {
  const { statement, member, device } = said;
  if (saysNo(statement)) return ok(null);
  // An approval that names a foreign checkpoint counts as its author's rejection: admit-approval.ts.
  if (!said.sameLog && statement.type !== 'approval')
    return refuse('log.fork', { size: statement.log.size, root: statement.log.root });
  const facts = { member: member.id, device: device.id };
  if (member.suspended) return refuse('member.suspended', facts);
  if (device.suspended) return refuse('device.suspended', facts);
  const needsNone = isFirstWord(state, statement) || member.id === RECOVERY;
  return needsNone || state.confirmed.has(device.key)
    ? ok(null)
    : refuse('device.unconfirmed', facts);
}

function isFirstWord(state: State, statement: Statement): boolean {
  if (statement.type !== 'document') return false;
  if (statement.document === state.genesis) return true;
  return (
    statement.decision === 'confirm' && recordOf(state, 'charter', statement.document) !== null
  );
}

function admitDocumentStatement(state: State, said: Signed<DocumentStatement>): Result<Effect> {
  const { statement } = said;
  const record = state.documents.get(statement.document);
  if (record === undefined) return refuse('document.unknown', { document: statement.document });
  if (statement.decision === 'confirm')
    return record.document.kind === 'wallet'
      ? admitHolder(state, record, statement)
      : admitConfirmation(state, record, said);
  if (statement.firstAddress !== null || statement.keyProof !== null)
    return refuse('document.confirmation.invalid', { reason: 'only a confirmation proves a key' });
  return statement.decision === 'veto'
    ? admitVeto(state, record, said)
    : admitGovernor(state, record, said);
}

/** A governor's signature, or a recovery key's. Whether they suffice later versions is governance/steps.ts's question. */
function admitGovernor(
  state: State,
  record: DocumentRecord,
  said: Signed<DocumentStatement>,
): Result<Effect> {
  const charter = (state.charter ?? recordOf(state, 'charter', state.genesis))?.document.body;
  if (charter === undefined) return refuse('document.unknown', { document: state.genesis });
  const { member, device } = said;
  const isRecovery = member.id === RECOVERY;
  if (!isRecovery && !governsSomewhere(state, said.statement))
    return refuse('member.role', { member: member.id, needs: charter.governance.group });
  if (isRecovery && record.document.kind !== 'charter')
    return refuse('document.recovery', { kind: record.document.kind });
  if (record.headAt === null) {
    const still = checkDocument(state, record.document, record.digest);
    if (!still.ok) return still;
  }
  return ok((index) => {
    const signer = { index, device: device.id, key: device.key };
    if (isRecovery) {
      record.recovered.set(device.id, signer);
      return;
    }
    record.approvals.set(member.id, signer);
    if (record.document.kind === 'charter') confirm(state, device.key);
    const isFirst = record.document.version === 1 && record.headAt === null;
    if (isFirst && governorsMeet(charter, record)) bringInForce(state, record, index);
  });
}

function admitVeto(
  state: State,
  record: DocumentRecord,
  { member }: Signed<DocumentStatement>,
): Result<Effect> {
  const charter = state.charter?.document.body;
  if (charter === undefined) return refuse('document.unauthorised', { document: state.genesis });
  const place = placeOfDocument(record.document);
  const heard = hearing(state, place, (body) => mayVeto(body, member.id));
  if (heard === 'nowhere')
    return refuse('member.role', { member: member.id, needs: charter.governance.group });
  if (isInForceEverywhere(state, record))
    return refuse('document.inforce', { document: record.digest });
  return ok(() => {
    const before = record.vetoes.get(member.id);
    const both = heard === null || before === null ? null : [...(before ?? []), ...heard];
    record.vetoes.set(member.id, both === null ? null : new Set(both));
  });
}

function admitConfirmation(
  state: State,
  record: DocumentRecord,
  { statement, device }: Signed<DocumentStatement>,
): Result<Effect> {
  const proves = statement.firstAddress !== null || statement.keyProof !== null;
  if (record.document.kind !== 'charter' || proves)
    return refuse('document.confirmation.invalid', { document: record.digest });
  return ok(() => {
    confirm(state, device.key);
  });
}

function confirm(state: State, key: string): void {
  state.confirmed.add(key);
  const charter = state.charter ?? state.documents.get(state.genesis);
  if (charter !== undefined) state.members = membersOf(state, charter);
}

/** A key holder confirms a wallet: the address at 0/0 as he derived it, proven by his descriptor key there. */
function admitHolder(
  state: State,
  record: DocumentRecord,
  statement: DocumentStatement,
): Result<Effect> {
  const wallet = state.wallets.get(record.document.id);
  if (wallet === undefined || record.document.kind !== 'wallet' || record.headAt === null)
    return refuse('document.unauthorised', { document: record.digest });
  const { firstAddress, keyProof } = statement;
  const wrong = (reason: string) =>
    refuse('document.confirmation.invalid', {
      wallet: wallet.id,
      member: statement.member,
      reason,
    });
  const expected = wallet.wallet.address(0, 0);
  if (firstAddress !== expected)
    return refuse('document.confirmation.address', { wallet: wallet.id, firstAddress, expected });
  if (keyProof === null) return wrong('no proof of the key');
  const { holders } = record.document.body;
  const held = holders.filter((holder) => holder.member === statement.member);
  const keys = held.map(({ key }) => wallet.wallet.keys.findIndex(({ xpub }) => xpub === key));
  const key = keys.find((at) => toHex(wallet.wallet.keyAt(at, 0, 0)) === keyProof.key);
  const account = key === undefined ? undefined : wallet.wallet.keys[key];
  if (account === undefined) return wrong('not a key of this member');
  const document = { org: state.genesis, document: record.digest, wallet: wallet.id };
  if (!verifyKeyProof(keyProof, { ...document, firstAddress })) return wrong('signature');
  return ok(() => {
    wallet.confirmedBy.add(`${statement.member}/${keyProof.key}`);
    // A wallet device signs no statement: this is its proof that it has the key.
    confirm(state, account.xpub);
  });
}

function admitFreeze(state: State, said: Signed<FreezeStatement>): Result<Effect> {
  const { statement, member, device, digest } = said;
  const charter = state.charter?.document.body;
  if (charter === undefined) return refuse('document.unauthorised', { document: state.genesis });
  if (statement.wallet !== '*' && !state.wallets.has(statement.wallet))
    return refuse('wallet.unknown', { wallet: statement.wallet });
  if (statement.action === 'freeze') {
    const heard = hearing(state, statement.wallet, (body) => mayFreeze(body, statement));
    if (heard === 'nowhere')
      return refuse('member.role', { member: statement.member, needs: [...charter.officers] });
    if (statement.lifts.length > 0)
      return refuse('freeze.lifts', { lifts: statement.lifts.length });
    return ok((index) => {
      state.freezes.push({ digest, index, statement, heard, lifts: new Map() });
    });
  }
  if (!governsSomewhere(state, said.statement))
    return refuse('member.role', { member: member.id, needs: charter.governance.group });
  const lifted = state.freezes.filter(({ digest: freeze }) => statement.lifts.includes(freeze));
  const isWhole = lifted.length === new Set(statement.lifts).size && lifted.length > 0;
  if (!isWhole || lifted.some((freeze) => freeze.statement.wallet !== statement.wallet))
    return refuse('freeze.unknown', { wallet: statement.wallet, lifts: statement.lifts });
  return ok((index) => {
    for (const freeze of lifted)
      freeze.lifts.set(member.id, { index, device: device.id, key: device.key });
  });
}

/** Whether the author of a freeze may make one by a charter: a member in a group of officers, or one of its sentinels. */
export function mayFreeze(
  { officers, ...charter }: CharterBody,
  { member, device }: FreezeStatement,
): boolean {
  if (member === SENTINEL) return charter.sentinels.some(({ id }) => id === device);
  const found = charter.members.find(({ id }) => id === member);
  return found !== undefined && isIn(found, officers);
}

/** Whether every holder of another key of the wallet has confirmed it. The hot key is proven by the signer's start. */
export function holdersConfirmed(
  wallet: WalletRecord,
  { holders }: Pick<WalletBody, 'holders'>,
): boolean {
  return holders.every(({ member, key }) => {
    const index = wallet.wallet.keys.findIndex(({ xpub }) => xpub === key);
    if (index < 0) return false;
    return wallet.confirmedBy.has(`${member}/${toHex(wallet.wallet.keyAt(index, 0, 0))}`);
  });
}
