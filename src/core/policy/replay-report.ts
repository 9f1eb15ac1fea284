import { formatTime } from '../base/time.ts';
import type { Change, Fared, Outcome, PolicyReplay } from './replay-policy.ts';
import { changes } from './replay-policy.ts';

/** How proposals fared and would have, as plain JSON. */

export type OutcomeReport = ReturnType<typeof outcomeReport>;
export type FaredReport = ReturnType<typeof faredReport>;
export type ReplayReport = ReturnType<typeof replayReport>;

function outcomeReport({ outcome, code, rule, facts, notBefore }: Outcome) {
  return {
    outcome,
    code,
    rule,
    facts,
    notBefore: notBefore === null ? null : formatTime(notBefore),
  };
}

/** One proposal. */
export function faredReport(fared: Fared) {
  const { proposal, name, initiator, amountSats, at, happened, instead, change } = fared;
  return {
    proposal,
    name,
    initiator,
    amountSats: Number(amountSats),
    at: formatTime(at),
    change,
    happened: outcomeReport(happened),
    instead: outcomeReport(instead),
  };
}

/** The proposals that would have fared otherwise, in the order of the log, and sums. */
export function replayReport({ wallet, proposals }: PolicyReplay) {
  const differing = proposals.filter(({ change }) => change !== null);
  const signed = proposals.filter(({ happened }) => happened.outcome === 'signed');
  return {
    wallet,
    proposals: proposals.length,
    agreeing: proposals.length - differing.length,
    signed: sumOf(signed),
    changes: Object.fromEntries(
      changes.map((change) => [change, sumOf(differing.filter((one) => one.change === change))]),
    ) as Record<Change, ReturnType<typeof sumOf>>,
    differing: differing.map(faredReport),
  };
}

function sumOf(proposals: readonly Fared[]) {
  const sum = proposals.reduce((sats, { amountSats }) => sats + amountSats, 0n);
  return { proposals: proposals.length, sats: Number(sum) };
}
