import { explainCode } from '../core/base/codes.ts';
import type { RefusalCode } from '../core/base/codes.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import type { StandingAt } from '../core/governance/standings.ts';
import { standingsOf } from '../core/governance/standings.ts';
import { headOf } from '../core/log/admit-document.ts';
import type { Authority } from '../core/log/receipt.ts';
import type { DocumentRecord, State } from '../core/log/state.ts';
import type { LeafMissing } from '../core/policy/quorum.ts';

/** How a document stands, for people and for programs: by the receipts of the signers in the followed log. */

/** Where a document stands at each signer, and who signed it. */
export function documentLines(
  state: State,
  record: DocumentRecord,
  now: Seconds,
): readonly string[] {
  const { approvals, vetoes, recovered } = record;
  return [
    ...named(
      'Signed by',
      [...approvals].map(([member, { device }]) => `${member} (device ${device})`),
    ),
    ...named('Signed by recovery keys', [...recovered.keys()]),
    ...named('Vetoed by', [...vetoes.keys()]),
    ...standingsOf(state, record, now).map(
      (standing) => `At the signer of ${standing.wallet}: ${standingText(standing)}`,
    ),
  ];
}

function named(what: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`${what}: ${names.join(', ')}`];
}

/** The same for programs. */
export function documentJson(state: State, record: DocumentRecord, now: Seconds) {
  const { digest, document, index, approvals, vetoes, recovered } = record;
  const time = (at: Seconds | null) => (at === null ? null : formatTime(at));
  return {
    document: digest,
    kind: document.kind,
    id: document.id,
    version: document.version,
    previous: document.previous,
    index,
    inForce: headOf(state, document) === record,
    approvedBy: [...approvals.keys()].sort(),
    vetoedBy: [...vetoes.keys()].sort(),
    recoveredBy: [...recovered.keys()].sort(),
    standings: standingsOf(state, record, now).map((standing) => ({
      ...standing,
      from: time(standing.from),
      since: time(standing.since),
      until: time(standing.until),
    })),
  };
}

/** One word for a list: what all signers agree on, else each with its own. */
export function standingWord(state: State, record: DocumentRecord, now: Seconds): string {
  const standings = standingsOf(state, record, now);
  const words = new Set(standings.map(({ stands }) => wordOf(stands)));
  const [word = 'of no wallet'] = words;
  if (words.size <= 1) return word;
  return standings.map(({ wallet, stands }) => `${wallet} ${wordOf(stands)}`).join(', ');
}

function wordOf(stands: StandingAt['stands']): string {
  return stands === 'in-force' ? 'in force' : stands;
}

const authorities: Readonly<Record<Authority, string>> = {
  first: 'as the first one',
  one: 'by one governor, because it only tightens',
  undo: "by the quorum, which took one governor's tightening back",
  quorum: 'by the quorum',
  recovery: 'by the recovery keys',
};

function standingText(standing: StandingAt): string {
  const { stands, by, from, since, until, because } = standing;
  const whose = by === null ? '' : ` ${authorities[by]}`;
  switch (stands) {
    case 'in-force':
      return `in force since ${timeText(since)}${whose}`;
    case 'replaced':
      return `replaced; in force from ${timeText(since)} to ${timeText(until)}`;
    case 'unread':
      return 'the signer has not begun';
    case 'ready':
      return `its next round brings it in force${whose}`;
    case 'waiting':
      return from === null
        ? `signed${whose}; the delay begins when the signer sees it`
        : `in force from ${timeText(from)} on${whose}, unless a governor vetoes it`;
    case 'unsigned':
      return `signatures are missing: ${missingText(standing.missing)}${barredText(standing.barred)}`;
    case 'vetoed':
      return `vetoed by ${because ?? ''}`;
    case 'stale':
      return 'another version is in its place';
    case 'forked':
      return `another version is signed too, veto one of them: ${because ?? ''}`;
    case 'unfit':
      return `it cannot stand beside what is in force: ${because ?? ''}: ${meaningOf(because)}`;
  }
}

function meaningOf(code: string | null): string {
  return code === null ? '' : explainCode(code as RefusalCode).meaning;
}

function barredText(barred: readonly string[]): string {
  return barred.length === 0
    ? ''
    : `; ${barred.join(', ')} signed, but has no say on what changes his own place`;
}

/** `2 of governors (governor-2, governor-3 may)`. */
export function missingText(missing: readonly LeafMissing[]): string {
  if (missing.length === 0) return 'none';
  return missing
    .map(({ from, count, may }) => {
      const who = may.length === 0 ? 'nobody is left' : `${may.join(', ')} may`;
      return `${String(count)} of ${from} (${who})`;
    })
    .join(', ');
}

function timeText(time: Seconds | null): string {
  return time === null ? 'now' : formatTime(time);
}
