import type { Seconds } from '../base/time.ts';
import { vetoesHeard } from '../log/heard.ts';
import type { Forced, Ledger } from '../log/ledger.ts';
import type { Authority } from '../log/receipt.ts';
import type { DocumentRecord, Hearing, State } from '../log/state.ts';
import { concerns } from './change.ts';
import type { CharterBody, CharterMember, DocumentKind, DocumentOf } from './document.ts';

/**
 * What is in force for one signer, and was since when. Delays run from a signer's own first sight, so each wallet has
 * its own answer; it stands in its signer's receipts and nowhere else (design 3, "Asymmetric governance").
 */
export interface InForce {
  readonly charter: DocumentRecord<DocumentOf<'charter'>>;
  readonly wallet: DocumentRecord<DocumentOf<'wallet'>>;
  readonly policy: DocumentRecord<DocumentOf<'policy'>> | null;
  readonly destinations: DocumentRecord<DocumentOf<'destinations'>> | null;
}

/** The documents in force for a signer; null until it has taken up the genesis and its wallet. */
export function inForce(state: State, ledger: Ledger): InForce | null {
  const charter = newest(state, ledger, 'charter');
  const wallet = newest(state, ledger, 'wallet');
  if (charter === null || wallet === null) return null;
  const policy = newest(state, ledger, 'policy');
  return { charter, wallet, policy, destinations: newest(state, ledger, 'destinations') };
}

function newest<K extends DocumentKind>(
  state: State,
  ledger: Ledger,
  kind: K,
): DocumentRecord<DocumentOf<K>> | null {
  const last = ledger.forced[kind].at(-1);
  return last === undefined ? null : recordOf(state, kind, last.document);
}

/** The charters in force for the signer of a wallet, or of every wallet (`*`), by the receipts in the log. */
export function chartersHeld(state: State, wallet: string): ReadonlyMap<string, CharterBody> {
  const held = new Map<string, CharterBody>();
  for (const [id, ledger] of state.ledgers) {
    const charter = wallet === '*' || wallet === id ? newest(state, ledger, 'charter') : null;
    if (charter !== null) held.set(id, charter.document.body);
  }
  return held;
}

/** Whether a "no" counts at the signer of a wallet. */
export function isHeard(heard: Hearing, wallet: string): boolean {
  return heard === null || heard.has(wallet);
}

/**
 * Where a document stands to what is in force at a signer: it follows that; or it is a later charter or address book,
 * in force at other signers, with which this one has to catch up; or neither.
 */
export function placeAt(
  state: State,
  ledger: Ledger,
  { document, headAt }: DocumentRecord,
): 'follows' | 'ahead' | 'stale' {
  const last = ledger.forced[document.kind].at(-1)?.document ?? null;
  if (document.previous === last) return 'follows';
  const isShared = document.kind === 'charter' || document.kind === 'destinations';
  const version = last === null ? 0 : (state.documents.get(last)?.document.version ?? 0);
  return isShared && headAt !== null && document.version > version ? 'ahead' : 'stale';
}

/** Whether a member has no say on a document because it changes what he is or may by what is in force at the signer. */
export function concernsOf(force: InForce, { document }: DocumentRecord, member: string): boolean {
  const before = force[document.kind]?.document ?? null;
  return concerns(force.charter.document.body, { before, after: document }, member);
}

/**
 * Whose veto of a document is heard at the signer. Against recovery keys everybody's is, for they replace governors:
 * who is replaced may veto it, and nobody else would.
 */
export function vetoersOf(
  force: InForce,
  ledger: Ledger,
  record: DocumentRecord,
  by: Authority | null,
): readonly string[] {
  const wallet = force.wallet.document.id;
  const inLog = [...record.vetoes].flatMap(([member, heard]) =>
    isHeard(heard, wallet) ? [member] : [],
  );
  const said = new Set([...inLog, ...vetoesHeard(ledger, record.digest)]);
  return [...said].filter((member) => by === 'recovery' || !concernsOf(force, record, member));
}

/** The document of a digest and kind, or null. */
export function recordOf<K extends DocumentKind>(
  state: State,
  kind: K,
  digest: string,
): DocumentRecord<DocumentOf<K>> | null {
  const record = state.documents.get(digest);
  return record?.document.kind === kind ? (record as DocumentRecord<DocumentOf<K>>) : null;
}

/**
 * How a document that a proposal names stands at its signer: in force, replaced no longer than `graceSeconds` ago,
 * not yet in force, or replaced too long ago (design 3, step 7).
 */
export function standingOfNamed(
  ledger: Ledger,
  kind: DocumentKind,
  digest: string,
  at: { readonly now: Seconds; readonly graceSeconds: number },
): 'current' | 'former' | 'waiting' | 'stale' {
  const history = ledger.forced[kind];
  const place = history.findIndex(({ document }) => document === digest);
  if (place < 0) return 'waiting';
  const next = history[place + 1];
  if (next === undefined) return 'current';
  return at.now - next.at <= at.graceSeconds ? 'former' : 'stale';
}

/**
 * The versions that lone governors have tightened since, oldest first, without the one in force: the quorum may give
 * each back without delay.
 */
export function undoable(ledger: Ledger, kind: DocumentKind): readonly string[] {
  const history = ledger.forced[kind];
  const last = history.findLastIndex(({ by }) => by !== 'one');
  return history.slice(Math.max(0, last), -1).map(({ document }) => document);
}

/** The charters in force for a signer at a time and since, the newest last. Before the first one was: that one. */
export function chartersSince(
  state: State,
  ledger: Ledger,
  since: Seconds,
): readonly { readonly forced: Forced; readonly body: CharterBody }[] {
  const history = ledger.forced.charter;
  const after = history.findIndex(({ at }) => at > since);
  const first = after < 0 ? history.length - 1 : Math.max(0, after - 1);
  return history.slice(Math.max(0, first)).flatMap((forced) => {
    const record = recordOf(state, 'charter', forced.document);
    return record === null ? [] : [{ forced, body: record.document.body }];
  });
}

/**
 * The charters that came in force for a signer after an entry of the log, and the one in force, the newest last. Where
 * one was in force at another signer before, the entry was made under it.
 */
export function chartersAfter(
  state: State,
  ledger: Ledger,
  index: number,
): readonly { readonly forced: Forced; readonly body: CharterBody }[] {
  const history = ledger.forced.charter;
  return history.flatMap((forced, i) => {
    const record = recordOf(state, 'charter', forced.document);
    if (record === null) return [];
    const isAfter = forced.logSize > index && (record.headAt === null || record.headAt > index);
    return isAfter || i === history.length - 1 ? [{ forced, body: record.document.body }] : [];
  });
}

/**
 * Since when the delays of spends run on without a break: the last start of the signer, for across it nothing tells how much time
 * has passed. Where the charters in force ask for sentinels that is their word, so only what lies before the first of
 * these begins anew. Null before the first start.
 */
export function delaysSince(state: State, { startedAt, forced }: Ledger): Seconds | null {
  const without = forced.charter.findLastIndex(
    ({ document }) => needsSentinels(recordOf(state, 'charter', document)) === 0,
  );
  const first = forced.charter[without + 1];
  return startedAt === null || first === undefined ? startedAt : Math.min(startedAt, first.at);
}

/** How many sentinels must have answered before the signer of a wallet signs; 0 before a charter is in force there. */
export function sentinelsNeeded(state: State, ledger: Ledger): number {
  return needsSentinels(newest(state, ledger, 'charter'));
}

function needsSentinels(charter: DocumentRecord<DocumentOf<'charter'>> | null): number {
  return charter?.document.body.sentinelsNeeded ?? 0;
}

/** The member with a device that may say yes by this charter, or why there is none. */
export function livingDevice(
  charter: CharterBody,
  member: string,
  device: string,
):
  | { readonly member: CharterMember; readonly device: CharterMember['devices'][number] }
  | 'member.unknown'
  | 'member.suspended'
  | 'device.unknown'
  | 'device.suspended' {
  const found = charter.members.find(({ id }) => id === member);
  if (found === undefined) return 'member.unknown';
  if (found.suspended) return 'member.suspended';
  const own = found.devices.find(({ id }) => id === device);
  if (own === undefined) return 'device.unknown';
  return own.suspended ? 'device.suspended' : { member: found, device: own };
}

/**
 * When, by what was in force until a time, a device has cooled down (design 4, point 16): counted from the signer's first
 * sight of the first of the charters in which it was living without a break. What has cooled once stays so when a later
 * charter asks for more, else one governor could make everybody wait. Null: it was not living in the charter in force
 * then.
 */
export function cooledAt(
  state: State,
  ledger: Ledger,
  { member, device }: { readonly member: string; readonly device: string },
  at: Seconds,
): Seconds | null {
  const run: { readonly forced: Forced; readonly coolDown: Seconds }[] = [];
  let key: string | null = null;
  for (const forced of ledger.forced.charter.toReversed()) {
    if (forced.at > at) continue;
    const body = recordOf(state, 'charter', forced.document)?.document.body;
    const living = body === undefined ? 'member.unknown' : livingDevice(body, member, device);
    if (typeof living === 'string' || (key !== null && living.device.key !== key)) break;
    ({ key } = living.device);
    run.unshift({ forced, coolDown: body?.coolDowns.deviceSeconds ?? 0 });
  }
  const known = ledger.sights.get(run[0]?.forced.document ?? '');
  if (known === undefined) return null;
  for (const [i, { forced, coolDown }] of run.entries()) {
    const cooled = Math.max(known + coolDown, i === 0 ? known : forced.at);
    const next = run[i + 1]?.forced.at;
    if (next === undefined || cooled <= next) return cooled;
  }
  return null;
}
