import type { RefusalCode } from '../base/codes.ts';
import type { Fact, Facts } from '../base/result.ts';
import { formatBtc } from '../base/sats.ts';
import type { Seconds } from '../base/time.ts';
import { formatTime, parseTime } from '../base/time.ts';
import type { PolicyBody, Weekday, When } from './body.ts';
import { eastSeconds } from './body.ts';
import type {
  ApprovalExplanation,
  ClauseExplanation,
  Explanation,
  LimitExplanation,
  Uncounted,
} from './explain.ts';
import { localTime } from './hours.ts';
import type { ScreeningTrace } from '../screening.ts';

/** Every code that an explanation can give a reason by: each language has a sentence of its own for it. */
export const explainedCodes = [
  // of a spend before a policy
  'policy.facts.inconsistent',
  'policy.hours.unknown',
  'policy.rules.empty',
  'policy.none.matched',
  'policy.denied',
  'policy.quorum.zero',
  'policy.output.unnamed',
  'policy.fee.exceeded',
  'policy.fee.budget',
  'policy.limit.exceeded',
  'policy.hours.closed',
  'policy.quorum.missing',
  'policy.delay.waiting',
  'policy.sign.expired',
  'member.role',
  // of a proposal in the log besides
  'proposal.unknown',
  'proposal.rejected',
  'proposal.withdrawn',
  'proposal.expired',
  'proposal.initiator.gone',
  'approval.lost',
  'wallet.frozen',
  'wallet.unconfirmed',
  'document.waiting',
  'document.stale',
  'address.lookalike',
  'coin.signed',
  'coin.reserved',
  'spend.repeated',
  'statement.early',
  'signer.pending',
  'psbt.signatures.missing',
  'screening.unanswered',
  'screening.held',
  'screening.denied',
] as const satisfies readonly RefusalCode[];
export type ExplainedCode = (typeof explainedCodes)[number];

/** The clock of a policy: its time zone, pinned or not. */
export type Clock = Pick<PolicyBody, 'timezone' | 'zone'>;

/** A time as the clock on the wall shows it, with its zone. */
export interface WallTime {
  readonly weekday: Weekday;
  readonly date: string;
  readonly time: string;
  readonly timezone: string;
}

/** All that a language says. Names and ids are never translated; every fact of the data stands in some sentence. */
export interface Phrases {
  readonly spends: (count: number) => string;
  readonly duration: (seconds: number) => string;
  readonly time: (utc: string, wall: WallTime | null) => string;
  readonly list: (items: readonly string[], join: 'and' | 'or') => string;
  readonly outcome: Readonly<Record<Explanation['outcome'], string>>;
  readonly refusals: Readonly<Record<ExplainedCode, (said: Said) => string>>;
  /** Of a code that no explanation gives today. */
  readonly otherwise: (code: string, said: Said) => string;
  readonly rule: (name: string, is: 'applies' | 'asks' | 'denies' | 'idle') => string;
  readonly conditions: Readonly<
    Record<keyof When, (said: Said, holds: 'holds' | 'fails') => string>
  >;
  readonly limit: (limit: LimitExplanation, said: Said) => readonly string[];
  readonly met: (rule: string) => string;
  readonly filled: (rule: string, leaf: ClauseExplanation['filled'][number]) => string;
  readonly missing: (rule: string, leaf: ClauseExplanation['missing'][number]) => string;
  readonly approval: (approval: ApprovalExplanation, said: Said) => string;
  readonly screening: (trace: ScreeningTrace, said: Said) => readonly string[];
  readonly uncounted: Readonly<Record<Uncounted, string>>;
  readonly delay: (duration: string) => string;
  readonly quorumAt: (time: string) => string;
  readonly notBefore: (time: string) => string;
  readonly signBy: (time: string) => string;
}

/** Facts as a language writes them: asked for by name, since their names and units are those of the code. */
export class Said {
  readonly #facts: Facts;
  readonly #phrases: Phrases;
  readonly #clock: Clock | null;

  constructor(facts: Facts, phrases: Phrases, clock: Clock | null) {
    this.#facts = facts;
    this.#phrases = phrases;
    this.#clock = clock;
  }

  fact(name: string): Fact {
    return this.#facts[name] ?? null;
  }

  /** Whether there is such a fact, and it is not null. */
  has(name: string): boolean {
    return this.fact(name) !== null;
  }

  text(name: string): string {
    const fact = this.fact(name);
    return typeof fact === 'object' && fact !== null ? fact.join(', ') : String(fact);
  }

  number(name: string): number {
    return Number(this.fact(name));
  }

  /** Each once. */
  items(name: string): readonly string[] {
    const fact = this.fact(name);
    return typeof fact === 'object' && fact !== null ? [...new Set(fact.map(String))] : [];
  }

  list(name: string, join: 'and' | 'or'): string {
    return this.#phrases.list(this.items(name), join);
  }

  /** `1.50000000 BTC (150,000,000 sat)` */
  sats(name: string): string {
    return formatSats(this.number(name));
  }

  duration(name: string): string {
    return this.#phrases.duration(this.number(name));
  }

  /** A time in UTC and, where the policy pins a zone, as its clocks show it. */
  time(name: string): string {
    const text = this.text(name);
    const at = parseTime(text);
    return this.#phrases.time(text, at === undefined ? null : wallTime(this.#clock, at));
  }

  /** Every fact by its name, for codes without a sentence of their own. */
  all(): string {
    return Object.keys(this.#facts)
      .map((name) => `${name}: ${this.text(name)}`)
      .join('; ');
  }
}

/** An amount in both units: `1.50000000 BTC (150,000,000 sat)`. */
export function formatSats(amount: number): string {
  const grouped = String(amount).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${formatBtc(BigInt(amount))} (${grouped} sat)`;
}

function wallTime(clock: Clock | null, at: Seconds): WallTime | null {
  const zone = clock?.zone ?? null;
  if (clock === null || zone === null) return null;
  const { timezone } = clock;
  const offset = zone.offsets.findLast(({ from }) => from <= at);
  const local = localTime(zone, at);
  if (offset === undefined || local === undefined) return null;
  // Not a time of ours, but the digits of one: no zone is farther than 16 hours from UTC.
  const shown = formatTime(at + eastSeconds(offset));
  const [date, time] = [shown.slice(0, 10), shown.slice(11, 19)];
  return { weekday: local.weekday, date, time, timezone };
}
