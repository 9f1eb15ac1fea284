import { assert } from './base/assert.ts';
import type { Facts, Refusal } from './base/result.ts';
import type { Seconds } from './base/time.ts';
import { formatTime } from './base/time.ts';
import type { ProposalRecord, State } from './log/state.ts';
import type { PolicyBody } from './policy/body.ts';
import type { Spend } from './psbt/spend.ts';

/**
 * Screening: an outside service (sanctions, travel rule) is asked by the server about each destination of a spend. What it
 * answered stands in the log as a fact, the server's word like every fact: it holds and denies, and a `clear` gives
 * back no more than what the policy took by asking for one.
 */

/** What is answered of a destination, the worst last. */
export const screeningAnswers = ['clear', 'hold', 'deny'] as const;
export type ScreeningAnswer = (typeof screeningAnswers)[number];

/** The answer about one destination. */
export interface ScreenedDestination {
  /** The first output that pays it. */
  readonly output: number;
  readonly answer: ScreeningAnswer;
  /** What the service calls the case, or null. */
  readonly reference: string | null;
}

/** The newest answer about a proposal: one for each script that it pays, in order. */
export interface ScreeningRecord {
  /** Of the entry. */
  readonly index: number;
  readonly at: Seconds;
  /** The worst of them. */
  readonly answer: ScreeningAnswer;
  readonly destinations: readonly ScreenedDestination[];
}

/** A script that a spend pays, once however many outputs do. */
export interface PaidScript {
  /** The first output that pays it. */
  readonly output: number;
  /** Lower-case hex. */
  readonly script: string;
  /** Satoshi, of all its outputs. */
  readonly sats: number;
}

/** What there is to screen: every script paid that is not proven to be change, other wallets of the organisation included. */
export function paidScripts({ outputs }: Pick<Spend, 'outputs'>): readonly PaidScript[] {
  const found = new Map<string, PaidScript>();
  for (const [output, { script, sats, change }] of outputs.entries()) {
    if (change !== undefined) continue;
    const known = found.get(script) ?? { output, script, sats: 0 };
    found.set(script, { ...known, sats: known.sats + sats });
  }
  return [...found.values()];
}

/** The worst of some answers, of which there is one at least. */
export function worstAnswer(destinations: readonly ScreenedDestination[]): ScreeningAnswer {
  const worst = screeningAnswers.findLast((answer) =>
    destinations.some((one) => one.answer === answer),
  );
  assert(worst !== undefined, 'nobody is cleared who was not asked about');
  return worst;
}

/** How a proposal stands with the service, as data. */
export interface ScreeningTrace {
  /** Whether a policy holds the spend until every destination is cleared. */
  readonly required: boolean;
  /** Null: none yet. */
  readonly answer: ScreeningAnswer | null;
  /** When it was answered. */
  readonly at: string | null;
  readonly destinations: readonly ScreenedDestination[];
}

/** How a proposal stands with the service, under these policies; null where it pays nobody, so that nothing is screened. */
export function screeningOf(
  { screenings }: State,
  { digest, view }: ProposalRecord,
  policies: readonly PolicyBody[],
): ScreeningTrace | null {
  if (view.spend.outputs.every(({ change }) => change !== undefined)) return null;
  const required = policies.some(({ screening }) => screening === 'required');
  const found = screenings.get(digest);
  if (found === undefined) return { required, answer: null, at: null, destinations: [] };
  const { answer, at, destinations } = found;
  return { required, answer, at: formatTime(at), destinations };
}

/**
 * What screening says against a spend, or null. Codes: `screening.denied` whatever the policy says, `screening.held`
 * likewise, `screening.unanswered` where a policy requires an answer and there is none.
 */
export function screeningRefusal(trace: ScreeningTrace | null): Refusal | null {
  if (trace === null) return null;
  switch (trace.answer) {
    case 'clear':
      return null;
    case 'hold':
      return { code: 'screening.held', facts: factsOf(trace.destinations, 'hold') };
    case 'deny':
      return { code: 'screening.denied', facts: factsOf(trace.destinations, 'deny') };
    case null:
      return trace.required ? { code: 'screening.unanswered', facts: {} } : null;
  }
}

/** Which outputs pay those of whom this is said, and what the service calls their cases. */
function factsOf(destinations: readonly ScreenedDestination[], answer: ScreeningAnswer): Facts {
  const found = destinations.filter((one) => one.answer === answer);
  return {
    outputs: found.map(({ output }) => output),
    references: found.flatMap(({ reference }) => reference ?? []),
  };
}
