import type { Sats } from '../../src/core/base/sats.ts';
import { sats } from '../../src/core/base/sats.ts';
import type { AllowRule, Clause, Limit, PolicyBody, When } from '../../src/core/policy/body.ts';
import type { Payment, SpendFacts, UsageRecord } from '../../src/core/policy/evaluate.ts';

/** Builders of policies and spends: each gives something ordinary, and tests say only what they are about. */

export const one: Clause = { from: 'treasury', atLeast: 1, kinds: null };

export function aWhen(parts: Partial<When> = {}): When {
  return {
    payments: 'some',
    amount: null,
    destinations: null,
    outputs: null,
    initiator: null,
    hours: null,
    reference: null,
    ...parts,
  };
}

export function aRule(name: string, parts: Partial<When> = {}, delaySeconds = 0): AllowRule {
  return { name, when: aWhen(parts), deny: false, require: { approvals: one, delaySeconds } };
}

export function aLimit(parts: Partial<Limit> = {}): Limit {
  return {
    name: 'daily',
    measure: 'amount',
    most: 1_000,
    windowSeconds: 86_400,
    of: 'wallet',
    here: null,
    ...parts,
  };
}

export function aPolicy(parts: Partial<PolicyBody> = {}): PolicyBody {
  return {
    wallet: 'hot-1',
    timezone: 'Asia/Tokyo',
    zone: null,
    limits: [],
    fees: { rateSatPerVbyte: null, sharePerMille: null, selfSats: 1_000 },
    expires: { approveSeconds: 172_800, signSeconds: 86_400 },
    rules: [aRule('payments')],
    screening: null,
    assert: [],
    ...parts,
  };
}

export function sumOf(payments: readonly Payment[]): Sats {
  return sats(payments.reduce((sum, payment) => sum + payment.sats, 0n));
}

export const ordinaryScript = `0014${'11'.repeat(20)}`;

/** A payment to a listed owner, or to a stranger (null). */
export function aPayment(amount: number, owner: string | null = 'acme'): Payment {
  const destination = owner === null ? null : { owner, tags: [] };
  return { script: ordinaryScript, sats: sats(amount), destination };
}

export function aSpend(
  payments: readonly Payment[],
  parts: Partial<
    Pick<SpendFacts, 'feeSats' | 'vbytes' | 'initiator' | 'initiatorGroups' | 'hasReference'>
  > = {},
): SpendFacts {
  const amountSats = sumOf(payments);
  return {
    payments,
    amountSats,
    feeSats: sats(0),
    vbytes: 200,
    initiator: 'operator',
    initiatorGroups: ['operators'],
    hasReference: false,
    ...parts,
  };
}

/** A committed spend at a time, or with 'reserved' an open reservation of that time. */
export function aRecord(
  at: number,
  payments: readonly Payment[],
  parts: Partial<Pick<UsageRecord, 'feeSats' | 'initiator' | 'state' | 'proposal'>> = {},
): UsageRecord {
  return {
    proposal: 'earlier',
    state: 'committed',
    at,
    payments,
    amountSats: sumOf(payments),
    feeSats: sats(0),
    initiator: 'operator',
    ...parts,
  };
}
