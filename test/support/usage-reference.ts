import type { Limit, Scope } from '../../src/core/policy/body.ts';
import type { Payment, ScopeKey, UsageRecord } from '../../src/core/policy/usage.ts';

/** What a window holds, found by scanning every record for every question. Shares no code with what it checks. */
export interface SlowWindow {
  readonly spent: number;
  readonly reserved: number;
  /** The committed parts that count now, with the time at which each stops counting, earliest first. */
  readonly ageing: readonly { readonly value: number; readonly freesAt: number }[];
}

const ownerOf = (payment: Payment): ScopeKey => payment.destination?.owner ?? null;

function valueOf(measure: Limit['measure'], of: Scope, key: ScopeKey, record: UsageRecord): number {
  if (of === 'initiator' && record.initiator !== key) return 0;
  const paid = record.payments.filter((one) => of !== 'destination' || ownerOf(one) === key);
  if (of === 'destination' && paid.length === 0) return 0;
  if (measure === 'count') return 1;
  if (measure === 'fee') return Number(record.feeSats);
  return Number(paid.reduce((sum, payment) => sum + payment.sats, 0n));
}

export function windowSlowly(
  measure: Limit['measure'],
  window: { readonly of: Scope; readonly key: ScopeKey; readonly windowSeconds: number },
  usage: readonly UsageRecord[],
  now: number,
): SlowWindow {
  let spent = 0;
  let reserved = 0;
  const ageing: { value: number; freesAt: number }[] = [];
  for (const record of usage) {
    const value = valueOf(measure, window.of, window.key, record);
    const freesAt = record.at + window.windowSeconds;
    if (value === 0) continue;
    if (record.state === 'reserved') reserved += value;
    else if (freesAt > now) {
      spent += value;
      ageing.push({ value, freesAt });
    }
  }
  return { spent, reserved, ageing: ageing.sort((a, b) => a.freesAt - b.freesAt) };
}

export function freedSlowly({ ageing }: SlowWindow, excess: number): number | null {
  let freed = 0;
  for (const { value, freesAt } of ageing) {
    freed += value;
    if (freed >= excess) return freesAt;
  }
  return null;
}
