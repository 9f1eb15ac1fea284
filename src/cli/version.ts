import { zoneOf } from '../client/time-zone.ts';
import { canonicalBytes } from '../core/base/canonical.ts';
import type { Result } from '../core/base/result.ts';
import { ok } from '../core/base/result.ts';
import type { Seconds } from '../core/base/time.ts';
import { analysedMembers, isGovernor, isIn } from '../core/governance/charter.ts';
import { isSame } from '../core/governance/change.ts';
import { currentDocuments } from '../core/governance/current.ts';
import type {
  CharterBody,
  CountersignDocument,
  DocumentKind,
} from '../core/governance/document.ts';
import { documentDigest, parseDocument } from '../core/governance/document.ts';
import type { InForce } from '../core/governance/in-force.ts';
import { concernsOf, inForce } from '../core/governance/in-force.ts';
import { shownWallet } from '../core/governance/outside.ts';
import { mayActAlone, replacesGovernors } from '../core/governance/steps.ts';
import { tightens } from '../core/governance/tighten.ts';
import { checkDocument, headOf } from '../core/log/admit-document.ts';
import type { Ledger } from '../core/log/ledger.ts';
import { createLedger } from '../core/log/ledger.ts';
import type { DocumentRecord, State } from '../core/log/state.ts';
import { compare } from '../core/policy/analyse/compare.ts';
import { comparisonReport } from '../core/policy/analyse/report.ts';
import { comparisonText } from '../core/policy/analyse/report-text.ts';
import { duration, renderClause } from '../core/policy/render.ts';
import { Fault } from './command.ts';

/** Versions of documents: made to follow the newest, held against the rules, and told what they would need. */

/** A document and the one that it follows. */
export interface Version {
  readonly before: CountersignDocument | null;
  readonly after: CountersignDocument;
}

/** The version of a document in the log with its predecessor. */
export function versionOf(state: State, { document }: DocumentRecord): Version {
  const { previous } = document;
  const before = previous === null ? undefined : state.documents.get(previous)?.document;
  return { before: before ?? null, after: document };
}

/**
 * The next version of the newest document of a kind and place, or the first, with another body. Throws a Fault where the
 * body says what stands there already. Codes: those of parseDocument and checkDocument.
 */
export function nextVersion(
  state: State,
  place: { readonly kind: DocumentKind; readonly id: string },
  body: unknown,
): Result<Version> {
  const head = headOf(state, place);
  const before = head?.document ?? null;
  if (before !== null && isSame(before.body, body))
    throw new Fault('It says what is in force already: nothing was proposed.');
  const parsed = parseDocument(
    canonicalBytes({
      kind: place.kind,
      org: state.genesis,
      id: before?.id ?? place.id,
      version: (before?.version ?? 0) + 1,
      previous: head?.digest ?? null,
      body,
    }),
  );
  if (!parsed.ok) return parsed;
  const fits = checkDocument(state, parsed.value, documentDigest(parsed.value));
  return fits.ok ? ok({ before, after: parsed.value }) : fits;
}

/** What a version would need to come in force at each signer that it concerns; of a policy also what it loosens or tightens. */
export function effectLines(state: State, version: Version, now: Seconds): readonly string[] {
  const { after } = version;
  const own = after.kind === 'wallet' || after.kind === 'policy';
  const wallets = [...state.wallets.keys()].filter((wallet) => !own || wallet === after.id);
  const needs = new Map<string, string[]>();
  for (const wallet of wallets) {
    const text = needText(state, after, wallet, now);
    needs.set(text, [...(needs.get(text) ?? []), wallet]);
  }
  return [
    ...(after.kind === 'policy' ? comparisonLines(state, version, now) : []),
    ...zoneLines(after),
    ...[...needs].map(([text, ids]) => `${text} (${ids.join(', ')})`),
    ...rivalLines(state, after),
  ];
}

function needText(
  state: State,
  document: CountersignDocument,
  wallet: string,
  clock: Seconds,
): string {
  const ledger = state.ledgers.get(wallet) ?? createLedger();
  const force = inForce(state, ledger);
  if (force === null) return 'The signer has not begun';
  const now = Math.max(clock, ledger.at);
  const { clause, delaySeconds } = force.charter.document.body.governance;
  const record: DocumentRecord = state.documents.get(documentDigest(document)) ?? {
    digest: documentDigest(document),
    document,
    index: state.tree.size,
    approvals: new Map(),
    vetoes: new Map(),
    recovered: new Map(),
    headAt: null,
  };
  if (tightens(state, ledger, force, { record, now }))
    return tightenText(state, ledger, { force, record, now });
  const wait =
    delaySeconds === 0
      ? ' and acts at once'
      : `, then waits ${duration(delaySeconds)}, in which any governor may veto it`;
  return `It needs ${renderClause(clause)}${wait}${recoveryText(force.charter.document.body, document)}`;
}

/** What tightens acts at once; not every governor may bring it in force alone. */
function tightenText(
  state: State,
  ledger: Ledger,
  asked: { readonly force: InForce; readonly record: DocumentRecord; readonly now: Seconds },
): string {
  const { force, record } = asked;
  const charter = force.charter.document.body;
  const { group, clause } = charter.governance;
  const governors = charter.members.filter(
    (member) => !member.suspended && isGovernor(charter, member) && isIn(member, [group]),
  );
  const able = governors.filter(
    ({ id }) => !concernsOf(force, record, id) && mayActAlone(state, ledger, asked, id),
  );
  const others = `it needs ${renderClause(clause)}, and acts at once`;
  if (able.length === governors.length)
    return 'It only tightens: one governor is enough, and it acts at once';
  if (able.length === 0) return `It only tightens, but nobody may alone: ${others}`;
  const names = able.map(({ id }) => id).join(' or ');
  return `It only tightens: ${names} alone is enough, and it acts at once; else ${others}`;
}

/** The other way of a charter that does nothing but replace governors. */
function recoveryText(charter: CharterBody, document: CountersignDocument): string {
  const { recovery } = charter;
  if (recovery === null || document.kind !== 'charter') return '';
  if (!replacesGovernors(charter, document.body)) return '';
  const { needed, keys, delaySeconds } = recovery;
  return `; or ${String(needed)} of ${String(keys.length)} recovery keys, then it waits ${duration(delaySeconds)}`;
}

/** Versions that follow the same one and are signed: only one of them can come in force. */
function rivalLines(state: State, after: CountersignDocument): readonly string[] {
  const digest = documentDigest(after);
  return [...state.documents.values()].flatMap((record) => {
    const { document, approvals, recovered, vetoes } = record;
    const isRival =
      record.digest !== digest &&
      record.headAt === null &&
      document.kind === after.kind &&
      document.id === after.id &&
      document.previous === after.previous &&
      vetoes.size === 0 &&
      approvals.size + recovered.size > 0;
    return isRival ? [`WARNING: another version is signed in its place: ${record.digest}`] : [];
  });
}

/** Offsets that a policy pins for its time zone, and this machine's own zone database does not have: its hours are then others. */
function zoneLines(after: CountersignDocument): readonly string[] {
  if (after.kind !== 'policy' || after.body.zone === null) return [];
  const { timezone, zone } = after.body;
  const here = zoneOf(timezone);
  if (here !== undefined && isSame(here.offsets, zone.offsets) && here.until === zone.until)
    return [];
  return [
    `WARNING: the policy reads its hours by offsets that are not those of ${timezone} on this machine (zone database ${here?.version ?? 'unknown'}; the policy names ${zone.version}).`,
  ];
}

function comparisonLines(
  state: State,
  { before, after }: Version,
  now: Seconds,
): readonly string[] {
  const current = currentDocuments(state, after.id);
  if (after.kind !== 'policy' || before?.kind !== 'policy' || current === null) return [];
  const charter = current.charter.document.body;
  const rest = {
    members: analysedMembers(charter, now, shownWallet(after.id, [current.wallet.document.body])),
    initiators: charter.initiators,
    book: current.destinations?.document.body.entries ?? [],
  };
  const found = compare({ ...rest, policy: before.body }, { ...rest, policy: after.body });
  if (!found.ok) return ['Too large to be compared: taken for loosening.'];
  const { verdict, easier, harder } = found.value;
  const one = { verdict, easier: easier.slice(0, 1), harder: harder.slice(0, 1) };
  return comparisonText(comparisonReport(one));
}
