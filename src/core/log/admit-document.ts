import { assert } from '../base/assert.ts';
import type { Result } from '../base/result.ts';
import { ok, refuse } from '../base/result.ts';
import { checkSuccessor } from '../governance/change.ts';
import { checkContent } from '../governance/content.ts';
import type { CountersignDocument, DocumentOf } from '../governance/document.ts';
import { documentDigest, parseDocument } from '../governance/document.ts';
import { recordOf } from '../governance/in-force.ts';
import { keyIndexOfXpub, parseWallet } from '../wallet/wallet.ts';
import type { BlobSource, DocumentRecord, Hearing, MemberRecord, State } from './state.ts';

/**
 * Documents enter the log before they are signed. What one says is checked when it enters, and again at each
 * signature, because it is held against the newest documents alone: anybody may write an unsigned one, so that none
 * of them may stand in another's way. Version 1 is the newest once enough governors signed it; a later version once
 * a signer brought it in force (governance/steps.ts).
 */

type Effect = (index: number) => void;

/** Codes: those of parseDocument, `document.*`, and those of checkSuccessor and checkContent. */
export function admitDocument(
  state: State,
  entry: { readonly document: string },
  blobs: BlobSource,
): Result<Effect> {
  const bytes = blobs(entry.document);
  assert(bytes !== undefined, 'the blobs of an entry are there');
  const parsed = parseDocument(bytes);
  if (!parsed.ok) return parsed;
  const document = parsed.value;
  const digest = documentDigest(document);
  if (state.documents.has(digest)) return refuse('document.duplicate', { document: digest });
  const checked = checkDocument(state, document, digest);
  if (!checked.ok) return checked;
  return ok((index) => {
    const record = {
      digest,
      document,
      index,
      approvals: new Map(),
      vetoes: new Map<string, Hearing>(),
      recovered: new Map(),
      headAt: null,
    };
    state.documents.set(digest, record);
    // The devices of the genesis sign it themselves, before it is in force.
    if (digest === state.genesis) state.members = membersOf(state, record);
  });
}

/** Whether a document can follow the newest ones. Codes: those of {@link admitDocument} after its form. */
export function checkDocument(
  state: State,
  document: CountersignDocument,
  digest: string,
): Result<null> {
  const placed = checkPlace(state, document, digest);
  if (!placed.ok) return placed;
  return checkContent(state, state.charter?.document.body ?? null, document);
}

function checkPlace(state: State, document: CountersignDocument, digest: string): Result<null> {
  if (document.kind === 'charter' && document.version === 1)
    return digest === state.genesis
      ? ok(null)
      : refuse('document.genesis.mismatch', { document: digest, genesis: state.genesis });
  if (document.org !== state.genesis) return refuse('document.organisation', { document: digest });
  if (state.charter === null) return refuse('document.unauthorised', { document: state.genesis });
  const head = headOf(state, document);
  if (document.version === 1)
    return head === null || isGivenUp(state, head)
      ? ok(null)
      : refuse('document.forked', { document: digest, other: head.digest });
  const { kind, id, previous } = document;
  const before = previous === null ? null : recordOf(state, kind, previous);
  if (before?.document.id !== id || !(before === head || isInForceSomewhere(state, before)))
    return refuse('document.stale', { kind, named: previous, current: head?.digest ?? null });
  if (document.version !== before.document.version + 1)
    return refuse('document.version', {
      version: document.version,
      after: before.document.version,
    });
  return checkSuccessor(before.document, document);
}

/** A first version that was vetoed before any signer took it up: another may take its place. */
function isGivenUp(state: State, head: DocumentRecord): boolean {
  const { kind, version } = head.document;
  const isWaiting = version === 1 && kind !== 'charter' && kind !== 'wallet';
  return isWaiting && head.vetoes.size > 0 && !isInForceSomewhere(state, head);
}

/** A signer may lag behind the newest document, or stand beside it: what is in force there can be followed too. */
function isInForceSomewhere(state: State, { digest, document }: DocumentRecord): boolean {
  return [...state.ledgers.values()].some(
    ({ forced }) => forced[document.kind].at(-1)?.document === digest,
  );
}

/** The newest document at the place of another. There is one charter and one address book. */
export function headOf(
  state: State,
  { kind, id }: Pick<CountersignDocument, 'kind' | 'id'>,
): DocumentRecord | null {
  switch (kind) {
    case 'charter':
      return state.charter;
    case 'destinations':
      return state.destinations;
    case 'policy':
      return state.policies.get(id) ?? null;
    case 'wallet':
      return state.wallets.get(id)?.record ?? null;
  }
}

/** Makes a document the newest of its kind and place. Requires that it follows the one before. */
export function bringInForce(state: State, record: DocumentRecord, index: number): void {
  record.headAt = index;
  const { document } = record;
  switch (document.kind) {
    case 'charter':
      state.charter = record as DocumentRecord<DocumentOf<'charter'>>;
      state.members = membersOf(state, record);
      return;
    case 'policy':
      state.policies.set(document.id, record as DocumentRecord<DocumentOf<'policy'>>);
      return;
    case 'destinations':
      state.destinations = record as DocumentRecord<DocumentOf<'destinations'>>;
      return;
    case 'wallet':
      bringWallet(state, record as DocumentRecord<DocumentOf<'wallet'>>);
  }
}

function bringWallet(state: State, record: DocumentRecord<DocumentOf<'wallet'>>): void {
  const { id, body } = record.document;
  const known = state.wallets.get(id);
  if (known !== undefined) {
    state.wallets.set(id, { ...known, record, body });
    return;
  }
  const parsed = parseWallet(body.descriptor, body.network);
  assert(parsed.ok, 'a wallet document is checked when it enters');
  const hotKeyIndex = keyIndexOfXpub(parsed.value, body.hotKey);
  assert(hotKeyIndex !== null, 'the hot key stands in the descriptor');
  const { value: wallet } = parsed;
  const confirmedBy = new Set<string>();
  state.wallets.set(id, { id, root: record, record, body, wallet, hotKeyIndex, confirmedBy });
}

/** The members of a charter, each with those of his devices that have confirmed their entry. */
export function membersOf(
  state: State,
  { document }: DocumentRecord,
): ReadonlyMap<string, MemberRecord> {
  assert(document.kind === 'charter', 'members stand in a charter');
  return new Map(
    document.body.members.map((member) => {
      const confirmed = member.devices.filter(({ key }) => state.confirmed.has(key));
      return [member.id, { member, confirmed: new Set(confirmed.map(({ id }) => id)) }];
    }),
  );
}
