import type { JudgedVersion } from '../core/authorise-version.ts';
import { authoriseVersion } from '../core/authorise-version.ts';
import type { Verdict } from '../core/authorise.ts';
import { authorise, reservationEnd, unsighted } from '../core/authorise.ts';
import { assert } from '../core/base/assert.ts';
import type { RefusalCode } from '../core/base/codes.ts';
import { PROPOSAL_SECONDS, SIGNER_CLOCK_SECONDS } from '../core/base/limits.ts';
import type { Result } from '../core/base/result.ts';
import { ok, refuse } from '../core/base/result.ts';
import { satsToJson } from '../core/base/sats.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime, parseTime } from '../core/base/time.ts';
import type { Step } from '../core/governance/steps.ts';
import { nextForceAt, nextStep } from '../core/governance/steps.ts';
import { addressesDue } from '../core/log/addresses.ts';
import type { Ledger } from '../core/log/ledger.ts';
import { bumpsOf, refusalKey } from '../core/log/ledger.ts';
import type { ProposalRecord, State } from '../core/log/state.ts';
import { mostFeeSats } from '../core/proposal/replacement.ts';
import type { Witnessed, Word } from './sentinels.ts';

/** What the signer of a wallet does next: each is one record of its journal, made before the next is asked for. */
export type Action =
  | {
      readonly record: 'sight';
      readonly kind: 'approval';
      readonly object: string;
      readonly told?: Witnessed[];
    }
  /** Documents and freezes. */
  | Step
  /** A receive address that was asked for. */
  | { readonly record: 'address'; readonly index: number; readonly address: string }
  | {
      readonly record: 'reserve';
      readonly proposal: string;
      readonly amountSats: number;
      readonly feeSats: number;
    }
  | { readonly record: 'release'; readonly proposal: string; readonly code: RefusalCode }
  | ({ readonly record: 'refusal'; readonly code: RefusalCode } & Signable)
  /** Journals the intent where there is none yet, signs, journals the signature. */
  | ({ readonly record: 'sign'; readonly witnesses?: Witnessed[] } & Signable);

/** The transaction of a proposal, or a fee bump of it. */
export type Signable = Readonly<{ proposal: string; version?: number }>;

export interface Question {
  readonly state: State;
  /** The signer's own, of its journal: it changes while the actions are done. */
  readonly ledger: Ledger;
  readonly wallet: string;
  /** Signer time of this round. */
  readonly now: Seconds;
  /** What the sentinels of the charter in force say. */
  readonly word: Pick<Word, 'needed' | 'isSilent' | 'witnesses' | 'told'>;
}

/**
 * How long a round holds over the same log and journal. A delay's end is met at its second; what else time alone
 * brings about (an expiry, a limit's window that moves on) may be found this much later: nothing is signed meanwhile.
 */
const ROUND_SECONDS = 10;

/**
 * The signer's round over one state (design 3, "What the signer does", steps 3 and 8 to 11): documents and freezes,
 * first sights, addresses, then every proposal that is still open, in the order of the log. Pure: it reads and yields, and who executes an action
 * applies its receipt to the ledger before he asks for the next. Returns when to decide again at the latest.
 */
export function* decide(question: Question): Generator<Action, Seconds, void> {
  const { state, ledger, wallet, now, word } = question;
  let again = now + ROUND_SECONDS;
  for (;;) {
    const step = nextStep(state, ledger, wallet, now);
    if (step === null) break;
    yield step;
  }
  again = Math.min(again, nextForceAt(state, ledger, wallet, now) ?? again);
  for (const object of unsighted(state, ledger, wallet)) {
    const told = [...word.told(object)];
    // It counts once people were told of it: not before they can say no.
    if (told.length < word.needed) continue;
    yield { record: 'sight', kind: 'approval', object, ...(told.length === 0 ? {} : { told }) };
  }
  yield* attest(question);
  const proposals = [...state.proposals.values()];
  for (const proposal of proposals) {
    if (proposal.statement.wallet.id !== wallet || isDone(question, proposal)) continue;
    // Two actions at most follow from one another: reserve and sign, or release and refusal.
    for (;;) {
      const bump = authoriseVersion(state, ledger, proposal.digest, now);
      if (bump !== null) {
        const action = actionOnBump(bump, question, proposal.digest);
        if (action === null) break;
        yield action;
        continue;
      }
      const verdict = authorise(state, ledger, proposal.digest, now);
      const action = actionOn(verdict, question, proposal);
      if (verdict.outcome === 'waiting') again = Math.min(again, verdict.notBefore ?? now);
      if (action === null) break;
      yield action;
    }
  }
  return again;
}

/** What was asked for, derived from the wallet's own descriptor: nobody else's word goes into it. */
function* attest({ state, ledger, wallet }: Question): Generator<Action, void, void> {
  const record = state.wallets.get(wallet);
  if (record === undefined) return;
  for (const index of addressesDue(state, ledger, record))
    yield { record: 'address', index, address: record.wallet.address(0, index) };
}

/** The action that a verdict on a proposal asks for, or null. */
function actionOn(verdict: Verdict, question: Question, proposal: ProposalRecord): Action | null {
  const { ledger } = question;
  const { digest } = proposal;
  const ends = reservationEnd(verdict);
  // After an intent the signature may exist: its budget and its coins are never given back.
  if (ends !== null && ledger.reservations.has(digest) && !ledger.intents.has(digest))
    return { record: 'release', proposal: digest, code: ends };
  switch (verdict.outcome) {
    case 'signed':
      return null;
    case 'authorised':
      assert(ledger.reservations.has(digest), 'what is signed was reserved');
      return sign(question, { proposal: digest });
    case 'pending':
    case 'waiting':
      if (verdict.reserve && !ledger.reservations.has(digest)) return reserve(proposal);
      return asksCosigners(question, verdict)
        ? refuseFor(ledger, { proposal: digest }, verdict)
        : null;
    case 'refused':
    case 'invalidated':
      return refuseFor(ledger, { proposal: digest }, verdict);
  }
}

/** The action that a verdict on a fee bump asks for, or null. Its budget is held by the proposal. */
function actionOnBump(
  { version: { version }, verdict }: JudgedVersion,
  question: Question,
  proposal: string,
): Action | null {
  const signable = { proposal, version };
  if (verdict.outcome === 'authorised') return sign(question, signable);
  return verdict.outcome === 'refused' || asksCosigners(question, verdict)
    ? refuseFor(question.ledger, signable, verdict)
    : null;
}

/**
 * Signs where enough sentinels cosigned the log that it was judged by, and what is intended already; says so when they are
 * silent.
 */
function sign({ ledger, word }: Question, signable: Signable): Action | null {
  const witnesses = [...word.witnesses];
  if (isIntended(ledger, signable) || witnesses.length >= word.needed)
    return { record: 'sign', ...signable, ...(witnesses.length === 0 ? {} : { witnesses }) };
  return word.isSilent ? refuseOnce(ledger, signable, 'sentinel.silent') : null;
}

/** Whether a signature may exist. */
export function isIntended(ledger: Ledger, { proposal, version }: Signable): boolean {
  return version === undefined
    ? ledger.intents.has(proposal)
    : bumpsOf(ledger, proposal).intended.includes(version);
}

/** Cosigners who could spend without the hot key sign only when the signer's receipt says that nothing else is missing. */
function asksCosigners({ state, wallet }: Question, { refusal }: Verdict): boolean {
  const outside = state.wallets.get(wallet)?.body.outside ?? [];
  return refusal?.code === 'psbt.signatures.missing' && outside.length > 0;
}

function reserve(proposal: ProposalRecord): Action {
  return {
    record: 'reserve',
    proposal: proposal.digest,
    amountSats: satsToJson(proposal.view.amountSats),
    feeSats: satsToJson(mostFeeSats(proposal)),
  };
}

function refuseFor(ledger: Ledger, refused: Signable, verdict: Verdict): Action | null {
  assert(verdict.refusal !== null, 'a refused proposal has its code');
  return refuseOnce(ledger, refused, verdict.refusal.code);
}

function refuseOnce(ledger: Ledger, refused: Signable, code: RefusalCode): Action | null {
  const former = ledger.refusals.get(refusalKey(refused.proposal, refused.version));
  return former === code ? null : { record: 'refusal', ...refused, code };
}

/**
 * Nothing can change any more, so it is not judged again: signed; ended and said so; or refused and beyond the last
 * moment at which a quorum that began before its expiry could still be used (delay and `expires.sign` are bounded).
 */
function isDone({ ledger, now }: Question, proposal: ProposalRecord): boolean {
  const { digest, statement, ended } = proposal;
  if (ledger.signed.has(digest)) return isBumped(ledger, proposal);
  const refused = ledger.refusals.get(digest);
  if (refused === undefined || ledger.reservations.has(digest)) return false;
  if (refused === ended?.code) return true;
  const expires = parseTime(statement.expiresAt);
  assert(expires !== undefined, 'times are checked in the fold');
  return now > expires + 2 * PROPOSAL_SECONDS;
}

/** Whether nothing is left to be said of the newest version: signed, or over for good. */
function isBumped(ledger: Ledger, { digest, versions, ended }: ProposalRecord): boolean {
  const newest = versions.at(-1)?.version;
  if (newest === undefined) return true;
  if (bumpsOf(ledger, digest).signed.at(-1)?.version === newest) return true;
  const refused = ledger.refusals.get(refusalKey(digest, newest));
  if (refused === undefined) return false;
  return [ended?.code, 'version.expired', 'proposal.cancelled', 'version.child'].includes(refused);
}

/**
 * Signer time: the own clock, but never before the last record. Refuses with `signer.time` when the clock stands
 * more than SIGNER_CLOCK_SECONDS before it: delays would run on a clock that is wrong.
 */
export function signerTime(ledger: Ledger, clock: Seconds): Result<Seconds> {
  if (clock + SIGNER_CLOCK_SECONDS < ledger.at)
    return refuse('signer.time', { clock: formatTime(clock), last: formatTime(ledger.at) });
  return ok(Math.max(clock, ledger.at));
}
