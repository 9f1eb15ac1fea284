import { LONE_SECONDS, LONE_TIGHTENINGS } from '../base/limits.ts';
import type { Seconds } from '../base/time.ts';
import type { Ledger } from '../log/ledger.ts';
import type { Authority } from '../log/receipt.ts';
import type { DocumentRecord, Signer, State } from '../log/state.ts';
import type { Voice } from '../policy/quorum.ts';
import { solveClause } from '../policy/quorum.ts';
import { groupsAt, isGovernableWithout, isGovernor, isIn, isPerson, memberOf } from './charter.ts';
import { isSame } from './change.ts';
import { checkContent } from './content.ts';
import type { CharterBody, CharterMember, CountersignDocument, DocumentKind } from './document.ts';
import type { InForce } from './in-force.ts';
import {
  chartersAfter,
  concernsOf,
  cooledAt,
  inForce,
  livingDevice,
  placeAt,
  undoable,
  vetoersOf,
} from './in-force.ts';
import { charterTightens, tightens } from './tighten.ts';

/**
 * What a signer does about documents and freezes, one receipt at a time: it takes up what is authorised, waits where
 * it must, and brings in force. What is in force for it stands in its receipts; the auditor asks the same again.
 */
export type Step =
  | { readonly record: 'sight'; readonly kind: 'document'; readonly object: string }
  | {
      readonly record: 'force';
      readonly kind: DocumentKind;
      readonly document: string;
      readonly by: Authority;
    }
  | { readonly record: 'lift'; readonly freeze: string };

/** How a version that is not in force stands at a signer. */
export type Standing =
  | { readonly stands: 'ready'; readonly by: Authority }
  /** Authorised by the clauses or by recovery keys; `from` null until the signer has seen it. */
  | { readonly stands: 'waiting'; readonly by: Authority; readonly from: Seconds | null }
  /** Signatures are missing. */
  | { readonly stands: 'unsigned' }
  | { readonly stands: 'vetoed'; readonly members: readonly string[] }
  /** Another version came in force in its place, or its predecessor is not in force. */
  | { readonly stands: 'stale' }
  /** A sibling is authorised too: one of them must be vetoed. */
  | { readonly stands: 'forked'; readonly other: string }
  /** It cannot stand beside what is in force now. */
  | { readonly stands: 'unfit'; readonly code: string };

/** The next step of the signer of a wallet at a time, or null when nothing is to be done. */
export function nextStep(state: State, ledger: Ledger, wallet: string, now: Seconds): Step | null {
  const founding = foundingStep(state, ledger, wallet);
  if (founding !== null) return founding;
  const force = inForce(state, ledger);
  if (force === null) return null;
  for (const record of candidates(state, ledger, wallet)) {
    const found = standingOf(state, ledger, { force, record, now });
    const { digest, document } = record;
    if (found.stands === 'waiting' && found.from === null)
      return { record: 'sight', kind: 'document', object: digest };
    if (found.stands === 'ready')
      return { record: 'force', kind: document.kind, document: digest, by: found.by };
  }
  return nextLift(state, ledger, wallet, { force, now });
}

/** The earliest time at which a document that waits may come in force, or null. */
export function nextForceAt(
  state: State,
  ledger: Ledger,
  wallet: string,
  now: Seconds,
): Seconds | null {
  const force = inForce(state, ledger);
  if (force === null) return null;
  const times = candidates(state, ledger, wallet).flatMap((record) => {
    const found = standingOf(state, ledger, { force, record, now });
    return found.stands === 'waiting' && found.from !== null ? [found.from] : [];
  });
  return times.length === 0 ? null : Math.min(...times);
}

/** The genesis is pinned and the first version of the wallet permits nothing by itself: neither waits. */
function foundingStep(state: State, ledger: Ledger, wallet: string): Step | null {
  if (ledger.forced.charter.length === 0) {
    const genesis = state.documents.get(state.genesis);
    if (genesis === undefined || genesis.headAt === null) return null;
    return { record: 'force', kind: 'charter', document: state.genesis, by: 'first' };
  }
  if (ledger.forced.wallet.length > 0) return null;
  const first = state.wallets.get(wallet)?.root;
  return first === undefined
    ? null
    : { record: 'force', kind: 'wallet', document: first.digest, by: 'first' };
}

/** Documents that follow what is in force at the signer, in the order of the log. */
function candidates(state: State, ledger: Ledger, wallet: string): readonly DocumentRecord[] {
  return [...state.documents.values()].filter((record) => {
    const { document, approvals, recovered } = record;
    if (approvals.size + recovered.size === 0) return false;
    if (placeAt(state, ledger, record) === 'stale') return false;
    return document.kind === 'wallet' || document.kind === 'policy' ? document.id === wallet : true;
  });
}

/** What is asked about a document: by what is in force at its signer, at a time. */
export interface Asked {
  readonly force: InForce;
  readonly record: DocumentRecord;
  readonly now: Seconds;
}

/**
 * How a document stands at a signer at a time. Every signature is counted by the charter in force now: who has left
 * does not count any more, even where he once did.
 */
export function standingOf(state: State, ledger: Ledger, asked: Asked): Standing {
  const { force, record, now } = asked;
  const { document } = record;
  if (placeAt(state, ledger, record) === 'stale') return { stands: 'stale' };
  const vetoed = vetoersOf(force, ledger, record, null);
  const isUndo = undoes(state, ledger, record);
  // Before the analysis: a veto also ends what a governor signs to keep the signers busy.
  const authority = vetoed.length > 0 && !isUndo ? null : authorityOf(state, ledger, asked);
  // An undo has the same bytes each time: could it be vetoed, a lone governor's word would stand for good.
  const members = vetoersBy(ledger, asked, authority?.by ?? (isUndo ? 'undo' : null));
  if (members.length > 0) return { stands: 'vetoed', members };
  if (authority === null) return { stands: 'unsigned' };
  const { by, delaySeconds } = authority;
  const fit = checkContent(state, force.charter.document.body, document);
  if (!fit.ok) return { stands: 'unfit', code: fit.refusal.code };
  if (delaySeconds === null) return { stands: 'ready', by };
  const sibling = siblings(state, ledger, record).find((other) => {
    const theirs = authorityOf(state, ledger, { ...asked, record: other });
    return (
      theirs !== null && vetoersBy(ledger, { ...asked, record: other }, theirs.by).length === 0
    );
  });
  if (sibling !== undefined) return { stands: 'forked', other: sibling.digest };
  if (delaySeconds === 0) return { stands: 'ready', by };
  const seen = sightOf(state, ledger, asked, by);
  if (seen === null) return { stands: 'waiting', by, from: null };
  // Across a restart the clock proves nothing (design 3, step 4): the delay begins anew. With a sentinel, too: documents are what
  // replaces a dead one, so that they are judged while none answers.
  const from = Math.max(seen, ledger.startedAt ?? seen) + delaySeconds;
  return now >= from ? { stands: 'ready', by } : { stands: 'waiting', by, from };
}

/** Whose vetoes count against a document that comes in force by this word. */
function vetoersBy(
  ledger: Ledger,
  { force, record }: Asked,
  by: Authority | null,
): readonly string[] {
  return by === 'undo' ? [] : vetoersOf(force, ledger, record, by);
}

/**
 * Since when the signer has seen all that stands behind a document now; null where some of it came later: the delay does
 * not run while signatures are missing, so that nobody vetoes.
 */
function sightOf(state: State, ledger: Ledger, asked: Asked, by: Authority): Seconds | null {
  const { force, record } = asked;
  const charter = force.charter.document.body;
  const seen = ledger.sights.get(record.digest);
  const size = ledger.sightSizes.get(record.digest);
  if (seen === undefined || size === undefined) return null;
  const before = (signers: DocumentRecord['approvals']) =>
    new Map([...signers].filter(([, { index }]) => index < size));
  const { approvals, recovered } = record;
  const then = { ...record, approvals: before(approvals), recovered: before(recovered) };
  const stood =
    by === 'recovery'
      ? isRecovered(charter, then)
      : solveClause(charter.governance.clause, governors(state, ledger, { ...asked, record: then }))
          .met;
  return stood ? seen : null;
}

/** Other children of the same parent: a slow signer takes up a version and the one that follows it in turn. */
function siblings(state: State, ledger: Ledger, record: DocumentRecord): readonly DocumentRecord[] {
  const { kind, id, previous } = record.document;
  return candidates(state, ledger, id).filter(
    ({ digest, document }) =>
      digest !== record.digest && document.kind === kind && document.previous === previous,
  );
}

/**
 * By whose word the document may come in force and after what delay (null: at once), or null while signatures are
 * missing. A quorum that tightens does not wait either, but giving that up waits: only a lone governor's word is undone
 * at once.
 */
function authorityOf(
  state: State,
  ledger: Ledger,
  asked: Asked,
): { readonly by: Authority; readonly delaySeconds: number | null } | null {
  const { force, record, now } = asked;
  const charter = force.charter.document.body;
  const { clause, delaySeconds } = charter.governance;
  const voices = governors(state, ledger, asked);
  const isMet = solveClause(clause, voices).met;
  if (placeAt(state, ledger, record) === 'ahead')
    return isMet ? { by: 'quorum', delaySeconds } : null;
  if (isMet && undoes(state, ledger, record)) return { by: 'undo', delaySeconds: null };
  const mayTighten =
    isMet || voices.some(({ member }) => mayActAlone(state, ledger, asked, member));
  if (mayTighten && tightens(state, ledger, force, { record, now }))
    return { by: isMet ? 'quorum' : 'one', delaySeconds: null };
  if (isMet) return { by: 'quorum', delaySeconds };
  if (charter.recovery !== null && isRecovered(charter, record))
    return { by: 'recovery', delaySeconds: charter.recovery.delaySeconds };
  return null;
}

/**
 * Whether a governor's word alone would bring a tightening in force now, at this signer. Within a day only so many
 * versions of one kind do that one after the other: whoever tightens again and again between two signatures of the
 * others makes their version stale only so often.
 */
export function mayActAlone(state: State, ledger: Ledger, asked: Asked, id: string): boolean {
  const { force, record, now } = asked;
  const { document } = record;
  const forced = ledger.forced[document.kind];
  const alone = forced.slice(forced.findLastIndex(({ by }) => by !== 'one') + 1);
  if (alone.filter(({ at }) => at + LONE_SECONDS > now).length >= LONE_TIGHTENINGS) return false;
  return mayTightenAlone(force.charter.document.body, document, id, (member, device) => {
    const cooled = cooledAt(state, ledger, { member, device: device.id }, now);
    return state.confirmed.has(device.key) && cooled !== null && cooled <= now;
  });
}

/**
 * Whether a governor's word alone would do by the charter: one of the governing group, and where he is dispensable he
 * stays so. Could the others meet the clauses without him, they can meet them afterwards, whether he asks for more in the
 * clauses or suspends; else no quorum would suspend or remove him, or take back what he did. That holds of all living
 * devices, and of those that count already (`counts`).
 */
function mayTightenAlone(
  charter: CharterBody,
  document: CountersignDocument,
  id: string,
  counts: (member: string, device: CharterMember['devices'][number]) => boolean,
): boolean {
  const member = memberOf(charter, id);
  if (member === undefined || !isIn(member, [charter.governance.group])) return false;
  if (document.kind !== 'charter') return true;
  return [() => true, counts].every(
    (which) =>
      isGovernableWithout(document.body, id, which) || !isGovernableWithout(charter, id, which),
  );
}

/** The governors whose signatures on a document count now, with the kinds of the devices that they used. */
export function governors(state: State, ledger: Ledger, asked: Asked): readonly Voice[] {
  const { force, record, now } = asked;
  const said = [...record.approvals].filter(([member]) => !concernsOf(force, record, member));
  return voicesOfSigners(state, ledger, said, { force, now });
}

/** The voices of governors who signed something, each with the key that is his and governing without a break since. */
export function voicesOfSigners(
  state: State,
  ledger: Ledger,
  signers: Iterable<readonly [string, Signer]>,
  { force, now }: { readonly force: InForce; readonly now: Seconds },
): readonly Voice[] {
  const charter = force.charter.document.body;
  return [...signers].flatMap(([member, { index, device, key }]) => {
    const isUnbroken = chartersAfter(state, ledger, index).every(({ body }) => {
      const living = livingDevice(body, member, device);
      if (typeof living === 'string' || living.device.key !== key) return false;
      return isGovernor(body, living.member);
    });
    return isUnbroken ? governorVoice(state, ledger, { charter, member, device, now }) : [];
  });
}

/** The voice of a governor whose device is living, confirmed and past its cool-down; none otherwise. */
export function governorVoice(
  state: State,
  ledger: Ledger,
  said: {
    readonly charter: CharterBody;
    readonly member: string;
    readonly device: string;
    readonly now: Seconds;
  },
): readonly Voice[] {
  const { charter, member, device, now } = said;
  const living = livingDevice(charter, member, device);
  if (typeof living === 'string' || !isGovernor(charter, living.member)) return [];
  if (!state.confirmed.has(living.device.key)) return [];
  const cooled = cooledAt(state, ledger, said, now);
  if (cooled === null || now < cooled) return [];
  const groups = groupsAt(charter, living.member, now);
  return [{ member, groups, kinds: [living.device.kind] }];
}

/**
 * Whether a document gives back, to the byte, what was in force before lone governors tightened it: that needs the
 * quorum but no delay, and so knows no veto.
 */
function undoes(state: State, ledger: Ledger, given: DocumentRecord): boolean {
  const { document } = given;
  if (placeAt(state, ledger, given) !== 'follows') return false;
  return undoable(ledger, document.kind).some((former) => {
    const record = state.documents.get(former);
    return record !== undefined && isSame(record.document.body, document.body);
  });
}

/**
 * Whether a document has the signatures for some way into force, by the newest charter. Delays and cool-downs are not
 * looked at: each signer does that for itself.
 */
export function isAuthorised(state: State, record: DocumentRecord): boolean {
  const charter = state.charter?.document.body;
  if (charter === undefined) return false;
  if (governorsMeet(charter, record) || isRecovered(charter, record)) return true;
  const { document } = record;
  if (record.approvals.size === 0) return false;
  if (document.kind !== 'charter') return true;
  const mayOne = [...record.approvals.keys()].some((id) =>
    mayTightenAlone(charter, document, id, () => true),
  );
  return mayOne && charterTightens(charter, document.body);
}

/** Whether the living governors who signed a document satisfy the clauses of a charter. */
export function governorsMeet(charter: CharterBody, { approvals }: DocumentRecord): boolean {
  const voices = [...approvals].flatMap(([member, { device }]) => {
    const living = livingDevice(charter, member, device);
    if (typeof living === 'string' || !isGovernor(charter, living.member)) return [];
    return [{ member, groups: living.member.groups, kinds: [living.device.kind] }];
  });
  return solveClause(charter.governance.clause, voices).met;
}

/** Enough recovery keys signed a charter that does nothing but replace governors. */
function isRecovered(charter: CharterBody, { document, recovered }: DocumentRecord): boolean {
  const { recovery } = charter;
  if (recovery === null || document.kind !== 'charter') return false;
  const valid = recovery.keys.filter(({ id, key }) => recovered.get(id)?.key === key);
  return valid.length >= recovery.needed && replacesGovernors(charter, document.body);
}

/** Whether two charters differ in governors alone: who only governs may come, go, or get other devices. */
export function replacesGovernors(before: CharterBody, after: CharterBody): boolean {
  const { group } = before.governance;
  const others = (charter: CharterBody) =>
    charter.members.filter((member) => !(isPerson(member) && isSame(member.groups, [group])));
  return (
    isSame(others(before), others(after)) &&
    isSame({ ...before, members: [] }, { ...after, members: [] })
  );
}

/** A freeze of the wallet whose lifting the clauses allow. */
function nextLift(
  state: State,
  ledger: Ledger,
  wallet: string,
  { force, now }: { readonly force: InForce; readonly now: Seconds },
): Step | null {
  const charter = force.charter.document.body;
  for (const { digest, statement, lifts } of state.freezes) {
    if (!['*', wallet].includes(statement.wallet) || ledger.lifted.has(digest)) continue;
    const voices = voicesOfSigners(state, ledger, lifts, { force, now });
    if (solveClause(charter.governance.clause, voices).met)
      return { record: 'lift', freeze: digest };
  }
  return null;
}

/** Whether a member may veto by a charter: a person of the governing group, suspended or not. */
export function mayVeto(charter: CharterBody, member: string): boolean {
  const found = memberOf(charter, member);
  return found !== undefined && isPerson(found) && isIn(found, [charter.governance.group]);
}
