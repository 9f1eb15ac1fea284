import { formatTime } from '../../base/time.ts';
import type { SpendFacts } from '../inquiry.ts';
import type { Movement } from '../usage.ts';
import type { BlastRow } from './blast-radius.ts';
import type { Comparison, Example } from './compare.ts';

/** What analyses found, as plain JSON: for programs, the API and whoever renders it. Satoshi as numbers, times as text. */

export type MovementReport = ReturnType<typeof movementReport>;
export type SpendReport = ReturnType<typeof spendReport>;
export type ExampleReport = ReturnType<typeof exampleReport>;
export type ComparisonReport = ReturnType<typeof comparisonReport>;
export type BlastReport = ReturnType<typeof blastReport>;

function movementReport({ payments, amountSats, feeSats, initiator }: Movement) {
  return {
    initiator,
    amountSats: Number(amountSats),
    feeSats: Number(feeSats),
    /** `to` null: not in the address book. */
    payments: payments.map(({ script, sats, destination }) => ({
      sats: Number(sats),
      to: destination === null ? null : { owner: destination.owner, tags: [...destination.tags] },
      script,
    })),
  };
}

function spendReport(facts: SpendFacts) {
  const { vbytes, hasReference } = facts;
  return { ...movementReport(facts), vbytes, hasReference };
}

function exampleReport(example: Example) {
  const { spend, usage, approvals, screening, now } = example;
  const { elapsedSeconds, approvalAgeSeconds, because } = example;
  return {
    spend: spendReport(spend),
    /** Earlier spends that hold budget. */
    earlier: usage.map((record) => ({
      ...movementReport(record),
      state: record.state,
      at: formatTime(record.at),
    })),
    approvals: approvals.map(({ member, kinds }) => ({ member, kinds: [...kinds] })),
    /** What the screening service has said; null where neither policy asks. */
    screening,
    /** When it would be signed. */
    at: formatTime(now),
    /** Since the quorum was met. */
    elapsedSeconds,
    /** Of the oldest approval, when the quorum was met. */
    approvalAgeSeconds,
    because: { code: because.code, facts: because.facts },
  };
}

/** What becomes easier and harder, with a spend for each reason. */
export function comparisonReport({ verdict, easier, harder }: Comparison) {
  return { verdict, easier: easier.map(exampleReport), harder: harder.map(exampleReport) };
}

/** The most that can leave, by number of compromised people. */
export function blastReport(windowSeconds: number | null, rows: readonly BlastRow[]) {
  return {
    /** Seconds; null: however long. */
    window: windowSeconds,
    rows: rows.map(({ compromised, sats, exact, who, how, schedule }) => ({
      compromised,
      sats: sats === 'everything' ? sats : Number(sats),
      /** False: never more than this, perhaps less. */
      exact,
      who: [...who],
      how,
      spends: schedule.map(({ at, facts, approvals }) => ({
        at: formatTime(at),
        /** Since the first of them: where no rule names hours the attacker may begin at any time. */
        afterSeconds: at - (schedule[0]?.at ?? at),
        ...spendReport(facts),
        approvals: [...approvals],
      })),
    })),
  };
}
