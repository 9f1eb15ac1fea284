import type { Bench } from './approval/standing.ts';
import { blockedWallet, judge } from './authorise.ts';
import { assert } from './base/assert.ts';
import type { Seconds } from './base/time.ts';
import { parseTime } from './base/time.ts';
import { inForce } from './governance/in-force.ts';
import { endOf } from './log/heard.ts';
import type { Ledger } from './log/ledger.ts';
import { bumpsOf } from './log/ledger.ts';
import type { ProposalRecord, State, VersionRecord, WalletRecord } from './log/state.ts';
import { cancelsOf, childOf } from './policy/facts.ts';
import { lookAt } from './policy/look.ts';
import { screeningOf, screeningRefusal } from './screening.ts';
import type { Verdict } from './verdict.ts';
import { verdict } from './verdict.ts';

/** A version and what its signer says of it. */
export interface JudgedVersion {
  readonly version: VersionRecord;
  readonly verdict: Verdict;
}

/**
 * May the newest fee bump of a signed proposal be signed? Null where there is none, or where it is signed already.
 * The approvers of the envelope said yes to all that a version may do (admit-version.ts), so their quorum and delay are not
 * asked again, nor are windows and hours: what is spent is spent. What denies still does: a freeze, an open confirmation, a
 * "no" that the signer read too late, the policy in force by its rules and caps, the screening service, the end of the
 * envelope, a cancel proposal, a signed child. Versions before the newest are passed over (design 3, step 10).
 * Codes: those of the wallet and the policy, `screening.*`, `version.expired`, `version.child`, `proposal.*`, `psbt.signatures.missing`.
 */
export function authoriseVersion(
  state: State,
  ledger: Ledger,
  digest: string,
  now: Seconds,
): JudgedVersion | null {
  const proposal = state.proposals.get(digest);
  const version = proposal?.versions.at(-1);
  if (proposal === undefined || version === undefined || !ledger.signed.has(digest)) return null;
  const { signed } = bumpsOf(ledger, digest);
  if (signed.some((one) => one.version >= version.version)) return null;
  return { version, verdict: judgeVersion({ state, ledger, proposal, now }, version) };
}

function judgeVersion(
  { state, ledger, proposal, now }: Omit<Bench, 'force'> & { readonly now: Seconds },
  version: VersionRecord,
): Verdict {
  const wallet = state.wallets.get(proposal.statement.wallet.id);
  assert(wallet !== undefined, 'a proposal names a wallet of the log');
  const force = inForce(state, ledger);
  const policy = force?.policy?.document.body;
  if (force === null || policy === undefined)
    return verdict('pending', 'signer.pending', { wallet: wallet.id });
  const bench = { state, ledger, force, proposal };
  const blocked = blockedWallet(bench, wallet);
  if (blocked !== null) return verdict('pending', blocked.code, blocked.facts);
  const ended = endOf(proposal, ledger);
  if (ended !== null) return verdict('refused', ended.code, { by: ended.by });
  const [cancel] = cancelsOf(state, ledger, proposal);
  if (cancel !== undefined) return verdict('refused', 'proposal.cancelled', { by: cancel });
  const child = childOf(state, ledger, proposal);
  if (child !== null) return verdict('refused', 'version.child', { proposal: child });
  if (now >= untilOf(proposal))
    return verdict('refused', 'version.expired', {
      until: proposal.statement.envelope?.until ?? null,
    });
  const screened = screeningRefusal(screeningOf(state, proposal, [policy]));
  if (screened !== null) {
    const outcome = screened.code === 'screening.denied' ? 'refused' : 'pending';
    return verdict(outcome, screened.code, screened.facts);
  }
  // Its own fee and size; what is spent is spent already, so that neither windows nor hours are asked again.
  const spent = { ...proposal, view: version.view, statement: withoutEnvelope(proposal) };
  const [denied] = judge(
    { ...bench, proposal: spent },
    policy,
    lookAt(state, ledger, proposal, now),
    now,
  ).refusals;
  if (denied !== undefined) return verdict('refused', denied.code, denied.facts);
  const lacking = lackingFor(wallet, version);
  if (lacking > 0) return verdict('pending', 'psbt.signatures.missing', { lacking });
  return verdict('authorised', null);
}

function withoutEnvelope({ statement }: ProposalRecord): ProposalRecord['statement'] {
  return { ...statement, envelope: null };
}

function untilOf({ statement }: ProposalRecord): Seconds {
  const until = statement.envelope === null ? undefined : parseTime(statement.envelope.until);
  assert(until !== undefined, 'a version stands in an envelope');
  return until;
}

/** How many further key holders must sign the version. */
function lackingFor(
  { wallet, hotKeyIndex }: WalletRecord,
  { cosignatures }: VersionRecord,
): number {
  const keys = cosignatures.flatMap(({ cosignerIndex }) =>
    cosignerIndex === null ? [] : [cosignerIndex],
  );
  return wallet.missing(new Set([...keys, hotKeyIndex]));
}
