import type { Sats } from '../base/sats.ts';
import type { Seconds } from '../base/time.ts';
import type { Limit, Scope } from './body.ts';

/** One output that is not proven to be change of the wallet. */
export interface Payment {
  /** The output script as lower-case hex. */
  readonly script: string;
  readonly sats: Sats;
  /** The entry of the address book; null: unlisted. */
  readonly destination: Destination | null;
  /** All that the address books say, where some of it permits nothing yet (cool-down): rules deny and ask by it. */
  readonly inert?: Destination | null;
}

export interface Destination {
  readonly owner: string;
  readonly tags: readonly string[];
}

/** What a spend moves, as limits count it. */
export interface Movement {
  readonly payments: readonly Payment[];
  /** The sum of the payments; the fee is no part of it. */
  readonly amountSats: Sats;
  /** The highest fee that the spend may come to cost. */
  readonly feeSats: Sats;
  readonly initiator: string;
}

/** A spend of the wallet that already holds budget: one record a proposal, however many versions it has. */
export interface UsageRecord extends Movement {
  readonly proposal: string;
  readonly state: 'reserved' | 'committed';
  /** reserved: when it was reserved; committed: the time of its first signature. */
  readonly at: Seconds;
}

/** What the index of a budget keeps of such a record: whose a script is, the address books say. */
export interface Posting extends Pick<
  UsageRecord,
  'proposal' | 'state' | 'at' | 'initiator' | 'amountSats' | 'feeSats'
> {
  readonly payments: readonly Pick<Payment, 'script' | 'sats'>[];
}

/** Who is listed, by script. The same object as long as it says the same: sums are kept by it. */
export type Recipients = ReadonlyMap<string, Destination>;

/** What is counted over what. Without a window nothing but the spend itself counts. */
export interface Span {
  readonly measure: Limit['measure'];
  readonly of: Scope;
  readonly windowSeconds: number | null;
}

/** What a window holds beside the spend that is asked for: satoshi, or spends for `count`. */
export interface WindowState {
  readonly spent: number;
  readonly reserved: number;
  /** When the oldest committed part stops counting; null when there is none. */
  readonly freesAt: Seconds | null;
}

/**
 * What a verdict asks about the spends that already hold budget (design 4, point 6). The window ends now. An open
 * reservation counts in full however old it is. A committed spend counts while `at > now - windowSeconds`: it stops
 * counting at the very second `at + windowSeconds`. One dated in the future counts.
 */
export interface Usage {
  /** Why nothing can be said, so that everything is denied; null when all is well. */
  readonly flaw: string | null;
  windowState(span: Span, key: ScopeKey, now: Seconds): WindowState;
  /** The earliest time at which `excess` (above 0) has aged out; null when ageing alone never frees so much. */
  freedAt(span: Span, key: ScopeKey, excess: number, now: Seconds): Seconds | null;
  /** The keys of a scope under which anything was ever spent or reserved. */
  keys(of: Scope): Iterable<ScopeKey>;
}

/** Whether a movement is not the sum of its parts. A wrong sum would count another spend than the one signed. */
export function contradicts(
  movement: Pick<Posting, 'payments' | 'amountSats' | 'feeSats'>,
): boolean {
  let sum = 0n;
  for (const { sats } of movement.payments) {
    if (sats < 0n) return true;
    sum += sats;
  }
  return sum !== movement.amountSats || movement.feeSats < 0n;
}

/** What is counted apart: an owner, an initiator, or (null) all unlisted scripts, or the wallet. */
export type ScopeKey = string | null;
