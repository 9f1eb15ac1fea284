import type { Statement } from '../approval/statement.ts';
import { unreachable } from '../base/assert.ts';
import { isGovernor, memberOf } from '../governance/charter.ts';
import type { CharterBody, CountersignDocument } from '../governance/document.ts';
import { chartersHeld, recordOf } from '../governance/in-force.ts';
import type { DocumentRecord, Hearing, State } from './state.ts';

/** By which charters a statement is taken, and where its "no" counts. */

/**
 * A statement is taken by the newest charter; a "no" on a proposal also by the one that the proposal names, and a
 * confirmation of a charter by that charter. What is said on documents and freezes, and every "no", is taken as well
 * by what signers hold to be in force still: the newest is so by the word of one of them, and binds no other.
 */
export function chartersFor(state: State, statement: Statement): ReadonlySet<CharterBody> {
  const newest = state.charter ?? recordOf(state, 'charter', state.genesis);
  const named = ((): string | undefined => {
    if (statement.type === 'approval' && statement.decision !== 'approve')
      return state.proposals.get(statement.proposal)?.statement.charter;
    if (statement.type === 'document' && statement.decision === 'confirm')
      return statement.document;
    return undefined;
  })();
  const other = named === undefined ? null : recordOf(state, 'charter', named);
  const records = [newest, other].flatMap((record) =>
    record === null ? [] : record.document.body,
  );
  return new Set([...records, ...chartersHeld(state, placeOf(state, statement)).values()]);
}

/** The wallet whose signer judges what a statement says, `*` for all, or none where the newest charter alone decides. */
function placeOf(state: State, statement: Statement): string {
  switch (statement.type) {
    case 'freeze':
      return statement.wallet;
    case 'document':
      return placeOfDocument(state.documents.get(statement.document)?.document);
    case 'approval':
      if (statement.decision === 'approve') return NOWHERE;
      return state.proposals.get(statement.proposal)?.statement.wallet.id ?? NOWHERE;
    case 'proposal':
    case 'session':
      return NOWHERE;
    default:
      return unreachable(statement);
  }
}

/** No label is empty, so no wallet bears this name. */
const NOWHERE = '';

/** Charter and address book are every signer's, policy and wallet one's. */
export function placeOfDocument(document: CountersignDocument | undefined): string {
  if (document === undefined) return NOWHERE;
  return document.kind === 'charter' || document.kind === 'destinations' ? '*' : document.id;
}

/** Where the word of a member counts who has a role by a charter: everywhere by the newest, else where it is in force. */
export function hearing(
  state: State,
  place: string,
  holds: (charter: CharterBody) => boolean,
): Hearing | 'nowhere' {
  const newest = state.charter?.document.body;
  if (newest !== undefined && holds(newest)) return null;
  const held = [...chartersHeld(state, place)].flatMap(([id, body]) => (holds(body) ? [id] : []));
  return held.length === 0 ? 'nowhere' : new Set(held);
}

/** Whether the author of a statement governs by a charter that it is taken by. */
export function governsSomewhere(state: State, statement: Statement): boolean {
  return [...chartersFor(state, statement)].some((charter) => {
    const member = memberOf(charter, statement.member);
    return member !== undefined && isGovernor(charter, member);
  });
}

/**
 * Whether every signer that has begun took a document up, so that a veto comes too late. The genesis and the first version
 * of a wallet never wait.
 */
export function isInForceEverywhere(
  state: State,
  { digest, document, headAt }: DocumentRecord,
): boolean {
  const { kind, version } = document;
  if (version === 1 && (kind === 'charter' || kind === 'wallet')) return headAt !== null;
  const place = placeOfDocument(document);
  const begun = [...state.ledgers].filter(([wallet]) => place === '*' || place === wallet);
  const taken = begun.filter(([, { forced }]) =>
    forced[kind].some((one) => one.document === digest),
  );
  return begun.length > 0 && taken.length === begun.length;
}
