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
  /** What an address book says that permits nothing yet (cool-down): only rules that deny look at it. */
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

/** What is counted apart: an owner, an initiator, or (null) all unlisted scripts, or the wallet. */
export type ScopeKey = string | null;

/** What a window holds beside the spend that is asked for. Satoshi, or spends for `count`. */
export interface WindowUse {
  readonly spent: bigint;
  readonly reserved: bigint;
  /** The committed parts that count now, with the time at which each stops counting, earliest first. */
  readonly ageing: readonly { readonly value: bigint; readonly freesAt: Seconds }[];
}

/** The keys under which a movement counts in a scope; none for the destinations of a spend without payments. */
export function scopeKeys(of: Scope, movement: Movement): readonly ScopeKey[] {
  switch (of) {
    case 'wallet':
    case 'organisation':
      return [null];
    case 'initiator':
      return [movement.initiator];
    case 'destination':
      return [...new Set(movement.payments.map(ownerOf))];
  }
}

/** How much of a movement counts under a key of a scope: satoshi, or 1 for `count`. */
export function measured(
  measure: Limit['measure'],
  scope: { readonly of: Scope; readonly key: ScopeKey },
  movement: Movement,
): bigint {
  if (scope.of === 'initiator' && movement.initiator !== scope.key) return 0n;
  if (scope.of === 'destination') {
    const paid = movement.payments.filter((payment) => ownerOf(payment) === scope.key);
    if (paid.length === 0) return 0n;
    if (measure === 'amount') return paid.reduce((sum, payment) => sum + payment.sats, 0n);
  }
  if (measure === 'count') return 1n;
  return measure === 'fee' ? movement.feeSats : movement.amountSats;
}

/**
 * What the window that ends now holds (design 4, point 6). An open reservation counts in full however old it is. A
 * committed record counts while `at > now - windowSeconds`: it stops counting at the very second `at + windowSeconds`.
 * One dated in the future counts. Without a window nothing but the spend itself counts.
 */
export function windowUse(
  measure: Limit['measure'],
  window: { readonly of: Scope; readonly key: ScopeKey; readonly windowSeconds: number | null },
  usage: readonly UsageRecord[],
  now: Seconds,
): WindowUse {
  const { windowSeconds } = window;
  if (windowSeconds === null) return { spent: 0n, reserved: 0n, ageing: [] };
  let spent = 0n;
  let reserved = 0n;
  const ageing: { value: bigint; freesAt: Seconds }[] = [];
  for (const record of usage) {
    if (record.state === 'committed' && record.at + windowSeconds <= now) continue;
    const value = measured(measure, window, record);
    if (value === 0n) continue;
    if (record.state === 'reserved') reserved += value;
    else {
      spent += value;
      ageing.push({ value, freesAt: record.at + windowSeconds });
    }
  }
  ageing.sort((a, b) => a.freesAt - b.freesAt);
  return { spent, reserved, ageing };
}

/**
 * The earliest time at which `excess` of a window has aged out, or null when ageing alone never frees so much. The
 * excess is what the window holds with the spend asked for beyond the limit.
 */
export function freedAt(use: WindowUse, excess: bigint): Seconds | null {
  let freed = 0n;
  for (const { value, freesAt } of use.ageing) {
    freed += value;
    if (freed >= excess) return freesAt;
  }
  return null;
}

function ownerOf(payment: Payment): ScopeKey {
  return payment.destination?.owner ?? null;
}
