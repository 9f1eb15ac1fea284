import type { DeviceKind } from '../../src/core/approval/device-kind.ts';
import { sats } from '../../src/core/base/sats.ts';
import type { Example } from '../../src/core/policy/analyse/compare.ts';
import type { Setting } from '../../src/core/policy/analyse/setting.ts';
import { usageOfRecords } from '../../src/core/policy/budget.ts';
import type { Payment, SpendFacts, UsageRecord } from '../../src/core/policy/evaluate.ts';
import { evaluate } from '../../src/core/policy/evaluate.ts';
import type { Voice } from '../../src/core/policy/quorum.ts';
import { isMetSlowly } from './quorum-reference.ts';

/** A spend with its history, approvals and times, in plain numbers. */
export interface Concrete {
  readonly payments: readonly {
    readonly script: string;
    readonly sats: number;
    readonly to: Payment['destination'];
  }[];
  readonly feeSats: number;
  readonly vbytes: number;
  readonly initiator: string;
  readonly hasReference: boolean;
  /** By the screening service. */
  readonly isCleared: boolean;
  readonly now: number;
  readonly usage: readonly {
    readonly age: number;
    readonly initiator: string;
    readonly feeSats: number;
    readonly payments: Concrete['payments'];
    readonly reserved: boolean;
  }[];
  readonly approvals: readonly { readonly member: string; readonly kinds: readonly DeviceKind[] }[];
  readonly elapsedSeconds: number;
  readonly overdueSeconds: number;
  readonly approvalAgeSeconds: number;
}

/** Whether a setting permits a case. Shares with the comparison nothing but the evaluation of a policy. */
export function permits(
  { policy: body, members: people, initiators, book: entries }: Setting,
  found: Concrete,
): boolean {
  const initiator = people.find(({ id }) => id === found.initiator);
  if (initiator?.groups.some((group) => initiators.includes(group)) !== true) return false;
  const see = (payments: Concrete['payments']): Payment[] =>
    payments.map(({ script, sats: amount, to }) => {
      const entry = entries?.find((one) => one.script === script);
      const known = entry === undefined ? null : { owner: entry.owner, tags: entry.tags };
      return { script, sats: sats(amount), destination: entries === null ? to : known };
    });
  const sum = (payments: Concrete['payments']) =>
    sats(payments.reduce((total, one) => total + one.sats, 0));
  const facts: SpendFacts = {
    payments: see(found.payments),
    amountSats: sum(found.payments),
    feeSats: sats(found.feeSats),
    vbytes: found.vbytes,
    initiator: found.initiator,
    initiatorGroups: initiator.groups,
    hasReference: found.hasReference,
  };
  const records = found.usage.map((one, i): UsageRecord => ({
    proposal: `p${String(i)}`,
    state: one.reserved ? 'reserved' : 'committed',
    at: found.now - one.age,
    payments: see(one.payments),
    amountSats: sum(one.payments),
    feeSats: sats(one.feeSats),
    initiator: one.initiator,
  }));
  const judged = evaluate(body, facts, usageOfRecords(records), found.now);
  if (judged.refusals.length > 0 || judged.waiting.length > 0) return false;
  const voices = found.approvals.flatMap(({ member: id, kinds: used }): Voice[] => {
    const person = people.find((one) => one.id === id);
    const counts =
      person?.operators === null &&
      id !== initiator.id &&
      initiator.operators?.includes(id) !== true;
    return counts
      ? [
          {
            member: id,
            groups: person.groups,
            kinds: used.filter((kind) => person.kinds.includes(kind)),
          },
        ]
      : [];
  });
  return (
    judged.matched.every((one) => isMetSlowly(one.clause, voices)) &&
    (body.screening === null || found.payments.length === 0 || found.isCleared) &&
    found.elapsedSeconds >= judged.delaySeconds &&
    found.overdueSeconds <= body.expires.signSeconds &&
    found.approvalAgeSeconds < body.expires.approveSeconds
  );
}

export function concrete(example: Example): Concrete {
  const plain = (payments: readonly Payment[]): Concrete['payments'] =>
    payments.map(({ script, sats: amount, destination }) => ({
      script,
      sats: Number(amount),
      to: destination,
    }));
  const { spend, usage, approvals, now, elapsedSeconds, overdueSeconds, approvalAgeSeconds } =
    example;
  return {
    payments: plain(spend.payments),
    feeSats: Number(spend.feeSats),
    vbytes: spend.vbytes,
    initiator: spend.initiator,
    hasReference: spend.hasReference,
    isCleared: example.screening !== 'unanswered',
    now,
    usage: usage.map((one) => ({
      age: now - one.at,
      initiator: one.initiator,
      feeSats: Number(one.feeSats),
      payments: plain(one.payments),
      reserved: false,
    })),
    approvals,
    elapsedSeconds,
    overdueSeconds,
    approvalAgeSeconds,
  };
}
