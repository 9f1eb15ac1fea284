import { authorise } from '../core/authorise.ts';
import { authoriseVersion } from '../core/authorise-version.ts';
import type { RefusalCode } from '../core/base/codes.ts';
import { explainCode } from '../core/base/codes.ts';
import type { Facts } from '../core/base/result.ts';
import { formatBtc } from '../core/base/sats.ts';
import type { Seconds } from '../core/base/time.ts';
import { formatTime } from '../core/base/time.ts';
import { sentinelsNeeded } from '../core/governance/in-force.ts';
import type { Ledger } from '../core/log/ledger.ts';
import type { ProposalRecord, State } from '../core/log/state.ts';
import { proposalName } from '../core/proposal/name.ts';
import type { Trace, Verdict } from '../core/verdict.ts';

/** What a signer would decide about a proposal, and why: as data, and in lines for people. */
export interface Explained {
  readonly proposal: string;
  readonly name: string;
  /** A fee bump of it, 1 for the first; null for the transaction that it names. */
  readonly version: number | null;
  readonly outcome: Verdict['outcome'];
  readonly code: RefusalCode | null;
  readonly meaning: string | null;
  readonly action: string | null;
  readonly facts: Facts;
  readonly notBefore: string | null;
  readonly signBy: string | null;
  readonly limits: Trace['limits'];
  readonly rules: Trace['rules'];
  readonly clauses: Trace['clauses'];
  readonly approvals: Trace['approvals'];
  readonly screening: Trace['screening'];
  /** How many sentinels must have answered besides, before anything is signed. */
  readonly sentinelsNeeded: number;
}

export interface Asked {
  readonly state: State;
  readonly ledger: Ledger;
  readonly wallet: string;
  readonly now: Seconds;
}

/** Null of `open` where nothing is: signed without an open fee bump, or ended. */
export function explain(
  { state, ledger, now }: Asked,
  proposal: ProposalRecord,
  which: 'open' | 'any',
): Explained | null {
  const { digest, ended } = proposal;
  const needed = sentinelsNeeded(state, ledger);
  const bump = authoriseVersion(state, ledger, digest, now);
  if (bump !== null) return explained(digest, bump.verdict, bump.version.version, needed);
  if (which === 'open' && (ended !== null || ledger.signed.has(digest))) return null;
  return explained(digest, authorise(state, ledger, digest, now), null, needed);
}

function explained(
  proposal: string,
  { outcome, refusal, notBefore, trace }: Verdict,
  version: number | null,
  needed: number,
): Explained {
  const { limits, rules, clauses, approvals, screening, signBy } = trace;
  const told = refusal === null ? null : explainCode(refusal.code);
  return {
    proposal,
    name: proposalName(proposal),
    version,
    outcome,
    code: refusal?.code ?? null,
    meaning: told?.meaning ?? null,
    action: told?.action ?? null,
    facts: refusal?.facts ?? {},
    notBefore: notBefore === null ? null : formatTime(notBefore),
    signBy,
    ...{ limits, rules, clauses, approvals, screening },
    sentinelsNeeded: needed,
  };
}

/** The lines of one proposal. */
export function explanationLines(found: Explained): readonly string[] {
  const { name, version, outcome, code, meaning, action, facts } = found;
  const what = version === null ? name : `${name}, fee bump ${String(version)}`;
  return [
    `${what}: ${outcome}${code === null ? '' : `, ${code}`}`,
    `  ${found.proposal}`,
    ...(meaning === null ? [] : [`  ${meaning} ${action ?? ''}`]),
    ...(Object.keys(facts).length === 0 ? [] : [`  ${JSON.stringify(facts)}`]),
    ...found.clauses.map(
      ({ rule, met, filled, missing }) =>
        `  rule "${rule}": ${met ? 'met' : 'not met'}; ${[
          ...filled.map(({ from, members }) => `${from}: ${members.join(', ') || 'nobody'}`),
          ...missing.map(
            ({ from, count, may }) =>
              `lacks ${String(count)} of ${from} (${may.join(', ') || 'nobody may'})`,
          ),
        ].join('; ')}`,
    ),
    ...found.limits.map(limitLine),
    ...(found.notBefore === null ? [] : [`  not before ${found.notBefore}`]),
    ...(found.signBy === null ? [] : [`  the approvals are good until ${found.signBy}`]),
    ...(found.sentinelsNeeded === 0
      ? []
      : [`  besides, ${String(found.sentinelsNeeded)} of the sentinels must have answered`]),
  ];
}

function limitLine({
  name,
  measure,
  spent,
  reserved,
  asked,
  most,
}: Trace['limits'][number]): string {
  const shown = (value: number) =>
    measure === 'count' ? String(value) : formatBtc(BigInt(value)).replace(' BTC', '');
  const unit = measure === 'count' ? '' : ' BTC';
  return `  limit "${name}": ${shown(spent)} spent, ${shown(reserved)} reserved, ${shown(asked)} asked, of ${shown(most)}${unit}`;
}
