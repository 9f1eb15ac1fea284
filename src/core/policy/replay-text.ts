import type { RefusalCode } from '../base/codes.ts';
import { codes } from '../base/codes.ts';
import { formatBtc } from '../base/sats.ts';
import type { FaredReport, OutcomeReport, ReplayReport } from './replay-report.ts';
import type { Change } from './replay-policy.ts';
import { changes } from './replay-policy.ts';

/** A replay in plain sentences; the data is replay-report.ts's. */

/** A proposal as it is told; a server's word of outcome and code is told as it came. */
export interface FaredTold extends Pick<FaredReport, 'name' | 'initiator' | 'amountSats' | 'at'> {
  readonly happened: OutcomeTold;
  readonly instead: OutcomeTold;
}
interface OutcomeTold extends Pick<OutcomeReport, 'rule' | 'notBefore'> {
  readonly outcome: string;
  readonly code: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** Proposals told one by one. */
const TOLD = 50;

const summaries: Readonly<Record<Change, string>> = {
  stopped: 'were signed and would have been refused',
  held: 'were signed and would have lacked approvals or had to wait',
  passes: 'were not signed and would have been, as they stood',
  open: 'were refused and would have waited for approvals',
  otherwise: 'would not have been signed either, for another reason',
};

/** The lines of a replay. */
export function replayText(report: ReplayReport): readonly string[] {
  const { wallet, proposals, agreeing, signed, differing } = report;
  const sums = changes.flatMap((change) => {
    const { proposals: number, sats } = report.changes[change];
    return number === 0 ? [] : [`  ${String(number)} ${summaries[change]}: ${btc(sats)}`];
  });
  const rest = differing.length - TOLD;
  return [
    `Wallet ${wallet}: ${proposals === 1 ? '1 proposal' : `${String(proposals)} proposals`}, ${String(signed.proposals)} signed (${btc(signed.sats)}). ${String(agreeing)} would have fared alike under this policy.`,
    ...sums,
    ...(differing.length === 0 ? [] : ['']),
    ...differing.slice(0, TOLD).flatMap(faredText),
    ...(rest > 0 ? [`and ${String(rest)} more: --json lists them all.`] : []),
    'What was spent and approved stays what really was: a spend that this policy would have stopped still counts for those after it, and nobody is imagined to approve, nor the screening service to answer, who did not.',
  ];
}

/** One proposal that would have fared otherwise. */
export function faredText(fared: FaredTold): readonly string[] {
  const { name, initiator, amountSats, at, happened, instead } = fared;
  return [
    `${name}: ${btc(amountSats)} by ${initiator}, ${at}`,
    `  it ${happened.outcome === 'signed' ? 'was signed' : `stood at: ${outcomeText(happened)}`}`,
    `  this policy says: ${outcomeText(instead)}`,
  ];
}

function outcomeText({ outcome, code, rule, facts, notBefore }: OutcomeTold): string {
  const by = rule === null ? '' : `, by "${rule}"`;
  const missing = Array.isArray(facts['missing'])
    ? `, missing ${facts['missing'].join(' and ')}`
    : '';
  const when = notBefore === null ? '' : `, not before ${notBefore}`;
  const meaning = isCode(code) ? `: ${codes[code].meaning}` : '';
  return `${outcome}${code === null ? '' : ` (${code}${by}${missing}${when})${meaning}`}`;
}

function isCode(code: string | null): code is RefusalCode {
  return code !== null && Object.hasOwn(codes, code);
}

function btc(amount: number): string {
  return formatBtc(BigInt(amount));
}
